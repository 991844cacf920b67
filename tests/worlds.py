"""A small world for whole runs on the scripted engine: a model whose every text is a function of the request."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from selfalign import generate
from selfalign.recipe import Recipe, build_recipe
from selfalign.records import Completion, Prompt, Sampling, Usage

SEEDS = Path(__file__).with_name("data") / "seeds.jsonl"
NOUNS = "anchor basket candle dragon engine feather garden hammer island jacket kettle ladder magnet needle".split()
VERBS = "describe compare explain summarise imagine criticise rewrite translate".split()
PLACES = "Lisbon Nairobi Quito Hanoi Tbilisi Reykjavik Auckland Dakar Cusco Bergen".split()


def world_model(prompt: Prompt, sampling: Sampling, rng_seed: int) -> Completion:
    """Continues a proposal's list, or answers behind a constitution; now and then badly, as a real model would."""
    text = prompt if isinstance(prompt, str) else prompt[-1]["content"]
    digest = hashlib.sha256(f"{text}/{rng_seed}".encode()).digest()
    reply = _proposal(digest) if text.endswith("Instruction:") else _reply(digest)
    finish_reason = "length" if digest[0] < 16 else "stop"
    return Completion(reply, finish_reason, Usage(len(text) // 4, len(text) // 5, len(reply) // 4))


def _proposal(digest: bytes) -> str:
    items = []
    for position in range(4):
        a, b, c, d = digest[4 * position : 4 * position + 4]
        instruction = (
            f"{VERBS[a % 8].title()} the {NOUNS[b % 14]} and the {NOUNS[c % 14]} of {PLACES[d % 10]} in {a} words."
        )
        items.append(instruction + (f"\nInput: {NOUNS[c % 14]} number {b}" if d % 3 == 0 else ""))
    return " " + "\n\n".join(
        item if not number else f"### Task {9 + number}\nInstruction: {item}" for number, item in enumerate(items)
    )


def _reply(digest: bytes) -> str:
    kind = digest[1] % 10
    thought = f" The request is clear and harmless; note {digest[2]} matters here."
    cited = "Principles: 2 (informative), 3 (helpful)." if kind else "Principles: 2 (ethical)."
    noun, place = NOUNS[digest[3] % 14], PLACES[digest[4] % 10]
    answer = f"The {noun} of {place} is made of wood, and {digest[5]} people look after it in summer."
    heading = "\n### Answer\n" if kind != 1 else "\nAnswer "
    return f"{thought}\n{cited}{heading}{answer}"


def world_recipe(**changes: Any) -> Recipe:
    """A small recipe over nine seeds and the built-in constitution; `changes` are dotted keys with "__" for the dot."""
    overrides = [f"{key.replace('__', '.')}={value}" for key, value in changes.items()]
    content = {"name": "world", "slots": 8, "seeds": [str(SEEDS)], "propose": {"target": 24, "window": 4, "asked": 4}}
    return build_recipe(content, "world.yaml", overrides)


def read_sources_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that begin hundreds of runs: seeds, constitution and guide are read from their files only once."""
    read, known = generate.load_sources, {}

    def load(recipe: Recipe) -> generate.Sources:
        key = repr((recipe.seeds, recipe.constitution, recipe.propose))
        if key not in known:
            known[key] = read(recipe)
        return known[key]

    monkeypatch.setattr(generate, "load_sources", load)


def dataset_bytes(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
