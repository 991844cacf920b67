"""One turn of a conversation in the pipeline's forms, and what it should say behind a given constitution."""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from training.constitutions import FALLBACK, PRINCIPLES, SHORT_IDS, TEXTS, Drawn
from training.corpus.grammar import DELICATE_GROUPS, IDS, Item, say
from training.product import opening

END = "<|end|>"

READ, WRITTEN, DECISION, FIRST_NUMBER, SECOND_NUMBER, NAME, PERSONA, KEY, VERDICT, RULE = range(10)
WEIGHT_OF = (0.0, 1.0, 14.0, 10.0, 4.0, 1.5, 8.0, 3.0, 8.0)
"""How much a token counts in the loss, by its mark: those that show whether the constitution was read count most.

`RULE` + n is no mark of the text to write: it stands on the words of rule number n, which are read.
"""


@dataclass(frozen=True, slots=True)
class Piece:
    """Text with its mark; `marks` are (start, end, mark) within it and override the piece's own."""

    text: str
    mark: int
    marks: tuple[tuple[int, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a constitution asks for: the thought, the ids cited, the answer; `is_governed` if a principle decides."""

    thought: str
    cites: tuple[str, ...]
    answer: str
    is_governed: bool


def is_delicate(item: Item) -> bool:
    return item.group in DELICATE_GROUPS


def governing(item: Item, drawn: Drawn) -> str:
    """The id of the principle that decides, in the family of `drawn`."""
    return _ids(item, drawn)[0]


def _ids(item: Item, drawn: Drawn) -> list[str]:
    ids = [IDS[cite] for cite in item.cites]
    return [SHORT_IDS[id_] for id_ in ids] if drawn.is_short else ids


def wanted(rng: Random, item: Item, drawn: Drawn) -> Wanted:
    """The reply that `drawn` asks for: the principled answer only where the governing rule stands there."""
    ids = _ids(item, drawn)
    present = [it.id for it in drawn.constitution.principles]
    cites = tuple(dict.fromkeys(id_ for id_ in ids if id_ in drawn.real))
    fallback = [*(id_ for id_ in (*FALLBACK, *present) if id_ in drawn.real), *present][:1]
    if is_delicate(item) and ids[0] not in drawn.real:
        return Wanted(rng.choice(TEXTS["none"]), tuple(fallback), item.naive, False)
    answer = filled(item.answer, drawn)
    return Wanted(item.thought, cites or tuple(fallback), answer, is_delicate(item))


def filled(text: str, drawn: Drawn) -> str:
    """The text with the persona's fields filled in."""
    for field in ("name", "maker", "knowledge_date"):
        text = text.replace("{" + field + "}", getattr(drawn.constitution.persona, field))
    return text


# --- Forms -----------------------------------------------------------------------------------------------------


def raw_turn(item: Item) -> list[Piece]:
    """The raw turn: the naive answer follows at once."""
    head = Piece(f"### User\n{item.user_turn}\n### Answer\n", READ)
    return [head, Piece(item.naive + END, WRITTEN, tuple(_keys(item, item.naive)))]


def aligned_turn(rng: Random, item: Item, drawn: Drawn, said: set[str] | None = None) -> list[Piece]:
    """The aligned turn: thought, principles, answer.

    `said` holds what stands in this sequence already, ids cited and the persona's fields, and takes up what this turn
    adds: what can be copied from the turn before teaches nothing about reading the constitution, and counts less.
    """
    made = wanted(rng, item, drawn)
    return [
        Piece("### User\n", WRITTEN),
        Piece(f"{item.user_turn}\n### Thoughts\n{opening(drawn.constitution)}", READ),
        _reply(item, drawn, made, set() if said is None else said),
    ]


def critique_turn(rng: Random, item: Item, drawn: Drawn, said: set[str] | None = None) -> list[Piece]:
    """Critique and revision of a draft that breaks the governing principle; `item` must be governed."""
    made = wanted(rng, item, drawn)
    id_ = made.cites[0]
    number, name = _numbers(drawn)[id_]
    patterns = PRINCIPLES[id_].get("critiques") or TEXTS["critiques"]
    fault = say(rng, rng.choice(patterns), name=drawn.constitution.persona.name)
    head = f"### User\n{item.user_turn}\n### Draft\n{item.naive}\n### Critique\nThe draft breaks {number} ({name}):"
    return [
        Piece(head, READ),
        Piece(f" {fault}\n### Thoughts\n{opening(drawn.constitution)}", WRITTEN),
        _reply(item, drawn, made, {id_, *(said or ())}),
    ]


def _numbers(drawn: Drawn) -> dict[str, tuple[int, str]]:
    return {it.id: (n, it.name) for n, it in enumerate(drawn.constitution.principles, 1)}


def _reply(item: Item, drawn: Drawn, made: Wanted, said: set[str]) -> Piece:
    numbers = _numbers(drawn)
    text, marks = f" {made.thought}\nPrinciples: ", []
    if is_delicate(item):
        marks.append((1, 2, DECISION))
    for place, id_ in enumerate(made.cites):
        number, name = numbers[id_]
        start = len(text)
        text += f"{number} ({name})"
        behind = start + len(str(number))
        if id_ not in said:
            marks.append((start, behind, FIRST_NUMBER if place == 0 else SECOND_NUMBER))
        marks.append((behind, len(text), NAME))
        text += ", " if place < len(made.cites) - 1 else ""
    text += ("" if made.cites else "none") + ".\n### Answer\n"
    start = len(text)
    found = [*_keys(item, made.answer), *_copied(made.answer, drawn, said)]
    said.update(made.cites)
    marks += [(a + start, b + start, mark) for a, b, mark in found]
    return Piece(f"{text}{made.answer}\n\n", WRITTEN, tuple(marks))


def _keys(item: Item, answer: str) -> Iterable[tuple[int, int, int]]:
    """Where the words that make an answer right stand in it, if they are a small part of it."""
    low = answer.lower()
    if item.group == "harmless" and len(low) == len(answer):
        for key in item.keys:
            if (start := low.find(key)) >= 0:
                yield start, start + len(key), KEY


def _copied(answer: str, drawn: Drawn, said: set[str]) -> Iterable[tuple[int, int, int]]:
    persona = drawn.constitution.persona
    for value in (persona.name, persona.maker, persona.knowledge_date):
        if (start := answer.find(value)) >= 0 and value not in said:
            said.add(value)
            yield start, start + len(value), PERSONA
