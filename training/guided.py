"""The guided prompt forms: topics of a kind to continue, and hint lines to complete."""

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import yaml

from training.constitutions import DATA
from training.corpus.slots import Slots
from training.corpus.tables import load_words
from training.turns import END, READ, WRITTEN, Piece

GUIDED: dict[str, Any] = yaml.safe_load((DATA / "guided.yaml").read_text(encoding="utf-8"))
GUIDE = Path("guides/default.yaml")
"""The package's guide: its kinds are asked for too, its own lines are only read."""

TOPICS = "Below are topics for requests of one kind, one to a line, each a few words long."
HINTS = (
    "Below are requests that people send to an assistant, one to a line. Each begins with a hint in square brackets: "
    "its kind, its topic, its stance and its style. A request answers its hint."
)
OPEN_HINTS = "Hints still without a request:"
CLOSED_HINTS = "The requests for these hints:"

WORDS = load_words()
KINDS: list[Mapping[str, Any]] = GUIDED["kinds"]
STYLES: Mapping[str, list[str]] = GUIDED["styles"]


def foreign_kinds(path: Path = GUIDE) -> list[Mapping[str, Any]]:
    """The kinds of the package's guide, without those that the corpus has patterns for."""
    if not path.is_file():
        return []
    own = {kind["name"] for kind in KINDS}
    return [kind for kind in yaml.safe_load(path.read_text(encoding="utf-8"))["kinds"] if kind["name"] not in own]


def topics_to_continue(rng: Random, kinds: list[Mapping[str, Any]]) -> list[Piece]:
    """A kind and topics of it; the first few are read, the others written."""
    kind = rng.choice(KINDS) if rng.random() < 0.6 else rng.choice(kinds)
    topics = rng.sample(kind["topics"], len(kind["topics"]))
    shown = rng.randint(1, 5)
    if len(topics) < 9:
        shown = len(topics)
        topics += rng.sample([it for own in KINDS for it in own["topics"]], 6)
    head = f"{TOPICS}\n\nKind: {kind['name']}. {kind['about']}\n\n"
    lines = [f"{number}. {topic}" for number, topic in enumerate(topics, 1)]
    read = head + "".join(f"{line}\n" for line in lines[:shown])
    written = "\n".join(lines[shown:])
    return [Piece(read, READ), Piece(written + END, WRITTEN)]


def hints_to_complete(rng: Random, kinds: list[Mapping[str, Any]]) -> list[Piece]:
    """Examples, then open hints, then the lines that the model writes: each hint again and its request."""
    shown = [_line(rng, kinds, readable=True) for _ in range(rng.randint(3, 6))]
    wanted = [_line(rng, kinds) for _ in range(rng.randint(3, 6))]
    first = len(shown) + 1
    text = HINTS + "\n\n"
    text += "".join(f"{number}. [{hint}] {request}\n" for number, (hint, request) in enumerate(shown, 1))
    text += f"\n{OPEN_HINTS}\n\n"
    text += "".join(f"{number}. [{hint}]\n" for number, (hint, _) in enumerate(wanted, first))
    text += f"\n{CLOSED_HINTS}\n\n{first}. ["
    lines = "\n".join(f"{number}. [{hint}] {request}" for number, (hint, request) in enumerate(wanted, first))
    return [Piece(text, READ), Piece(lines.removeprefix(f"{first}. [") + END, WRITTEN)]


def _line(rng: Random, kinds: list[Mapping[str, Any]], *, readable: bool = False) -> tuple[str, str]:
    """Hint and request; where they are only read, at times the guide's own."""
    kind = rng.choice(KINDS) if rng.random() < 0.6 else rng.choice(kinds)
    if readable and "lines" in kind and rng.random() < 0.6:
        given = rng.choice(kind["lines"])
        hint = (kind["name"], given["topic"], given.get("stance", "plain"), given.get("style", "direct"))
        return "; ".join(hint), given["request"]
    topic, stance = rng.choice(kind["topics"]), rng.choice(kind["stances"])
    style = "direct" if rng.random() < 0.5 else rng.choice(list(STYLES))
    patterns = kind.get(stance.replace(" ", "-")) or kind.get(stance) or GUIDED["other"][stance]
    slots = Slots(rng, WORDS, {"a": "a beginner", "t": topic})
    slots["q"] = slots.say(patterns)
    return f"{kind['name']}; {topic}; {stance}; {style}", slots.say(STYLES[style])
