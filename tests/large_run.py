"""A made-up run of any size, quickly written: for what must be fast or look right with many rows."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import yaml
from run_fixtures import MANIFEST, RECIPE

from selfalign.align.constitution import load_constitution
from selfalign.records import Constitution, FailureReason, RejectionReason, to_row
from selfalign.run import directory as rundir

VERBS = (
    "write explain list describe compare summarise translate plan rewrite suggest name design convert find draft "
    "outline sort calculate check improve classify edit answer invent estimate"
).split()
NOUNS = (
    "letter recipe river plan story poem method budget engine garden lesson market novel planet protein queue "
    "song table theorem train valley village window winter argument bridge city contract dialogue essay forest "
    "habit island journey kitchen law machine meeting menu mountain museum neighbour office paragraph password "
    "speech sentence"
).split()
FILLER = (
    "the a of to and in that is for it with as on by this from or which one two often small large clear old new first "
    "because while before after between under over without more less most every other same simple careful common "
    "useful light water paper hand house road time day year work part place case point way side word line number"
).split()
CHECKS = "leak refusal apology self_reference knowledge_date truncation loop echo language foreign_name at_odds".split()


def write_large_run(path: Path, num_examples: int, random: Random, *, rejected_share: float = 0.36) -> Path:
    """A finished run with `num_examples` examples, about 3 % failures beside them, and rejections."""
    path.mkdir(parents=True, exist_ok=True)
    constitution = load_constitution("default")
    recipe = {**RECIPE, "name": "large", "seeds": ["default"], "propose": {"target": num_examples}}
    recipe["checks"] = dict.fromkeys(CHECKS, "flag")
    (path / rundir.RECIPE).write_text(yaml.safe_dump(recipe), encoding="utf-8")
    manifest = {**MANIFEST, "model": "someone/base-7b", "constitution": to_row(constitution)}
    (path / rundir.MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    instructions = list(_instructions(num_examples, random))
    with open(path / rundir.ROUNDS, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in _rounds(instructions, random, rejected_share))
    order = sorted(instructions, key=lambda item: (int(item["id"][1:8]) + random.randrange(40), item["id"]))
    with open(path / rundir.OUTCOMES, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(_answered(item, constitution, random)) + "\n" for item in order)
    with open(path / rundir.METRICS, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in _metrics(num_examples, random))
    return path


def _instructions(number: int, random: Random) -> Iterator[dict[str, str]]:
    weights = [1 / (rank + 2) for rank in range(len(VERBS))]
    for at in range(number):
        verb = random.choices(VERBS, weights)[0]
        noun = NOUNS[int(len(NOUNS) * random.random() ** 2)]
        text = f"{verb.capitalize()} a {noun} about {_words(random, 2, 14)}."
        context = _words(random, 20, 90) if random.random() < 0.2 else ""
        yield {"id": f"p{at // 8:07d}-{at % 8:02d}", "text": text, "context": context, "source": "self-instruct"}


def _rounds(instructions: list[dict[str, str]], random: Random, rejected_share: float) -> Iterator[dict[str, Any]]:
    num_rejected = rejected_share / (1 - rejected_share)
    reasons = [reason.value for reason in RejectionReason]
    for index in range(0, len(instructions), 8):
        accepted = instructions[index : index + 8]
        # The fuller the pool, the more repeats something.
        wanted = len(accepted) * num_rejected * 2 * (0.15 + 0.85 * index / len(instructions))
        rejected = []
        for _ in range(int(wanted + random.random())):
            nearest = random.choice(instructions[: index + 8])
            is_duplicate = random.random() < 0.85
            rejected.append(
                {
                    "text": nearest["text"].replace(" a ", " one ") if is_duplicate else _words(random, 1, 9),
                    "context": "",
                    "reason": "near_duplicate" if is_duplicate else random.choice(reasons[:8]),
                    "nearest_id": nearest["id"] if is_duplicate else None,
                    "similarity": 1 - 0.3 * random.random() ** 0.6 if is_duplicate else None,
                    "detail": "",
                }
            )
        usage = {"prompt_tokens": 420, "cached_tokens": 60, "output_tokens": 260}
        yield {"index": index // 8, "shown_ids": [], "accepted": accepted, "rejected": rejected, "usage": usage}


def _answered(instruction: dict[str, str], constitution: Constitution, random: Random) -> dict[str, Any]:
    principles = constitution.principles
    cites = {principles[int(len(principles) * random.random() ** 2)].id for _ in range(random.choice((1, 2, 2, 3)))}
    opening = random.choice(("Here is", "The first thing", "A good way", "In short,", "Yes:", "Most people"))
    checks = [{"name": name, "verdict": "pass", "number": 0.0, "reason": ""} for name in CHECKS]
    row = {
        "instruction": instruction,
        "thought": f"The user wants {_words(random, 6, 24)}. I keep to what was asked and say what I leave out.",
        "answer": f"{opening} {_words(random, 20, 160)}.",
        "principles_cited": sorted(cites),
        "checks": checks,
        "usage": {"prompt_tokens": 1850, "cached_tokens": 1790, "output_tokens": random.randrange(40, 260)},
    }
    row["reply"] = f"{row['thought']}\n### Answer\n{row['answer']}"
    if random.random() < 0.06:
        at = int(len(CHECKS) * random.random() ** 2)
        checks[at] = {"name": CHECKS[at], "verdict": "flag", "number": round(random.random(), 3), "reason": "slight"}
    if random.random() >= 0.03:
        return row
    if random.random() < 0.4:
        checks[6] = {"name": "loop", "verdict": "fail", "number": 0.8, "reason": "the same line nine times"}
        return row | {
            "step": "check",
            "reason": "check",
            "detail": "loop: the same line nine times",
        }
    reason = random.choice([reason.value for reason in FailureReason][1:8])
    gone = {"thought": "", "answer": "", "principles_cited": [], "checks": []}
    return row | gone | {"step": "parse", "reason": reason, "detail": "no answer found"}


def _metrics(num_examples: int, random: Random) -> Iterator[dict[str, float]]:
    time, steps = 1_790_000_000.0, 1_500
    done = {"accepted": 0.0, "rejected": 0.0, "examples": 0.0, "failures": 0.0, "output_tokens": 0.0}
    for at in range(steps):
        time += 5.0 if at != 700 else 7_000.0
        speed = num_examples / steps * (1 + 0.2 * random.random() - 0.3 * (at > 1_400))
        for name, share in (("accepted", 1.03), ("rejected", at / steps), ("examples", 1.0), ("failures", 0.03)):
            done[name] += share * speed
        done["output_tokens"] += 190 * speed
        whole = {name: int(value) for name, value in done.items()}
        yield {"time": time, **whole, "prompt_tokens": 0, "cached_tokens": 0, "in_flight": random.randrange(58, 65)}


def _words(random: Random, least: int, most: int) -> str:
    number = int(least + (most - least) * random.random() ** 1.6)
    words = random.choices(FILLER, k=number) + random.choices(NOUNS, k=max(1, number // 6))
    random.shuffle(words)
    return " ".join(words)
