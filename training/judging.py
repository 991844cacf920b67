"""The judge's two questions, with the answers the corpus knows: principled and naive ones of delicate kinds, right
and misplaced ones of harmless kinds."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from training.constitutions import (
    DEFAULT,
    Drawn,
    dead_rule,
    random_persona,
    real_rule,
    with_persona,
)
from training.corpus import GOVERNED
from training.corpus.grammar import IDS, Item
from training.product import Principle, better_question, follows_question
from training.turns import READ, VERDICT, Piece, filled, is_delicate

QUESTION = "### Principle\n"


def judged_document(rng: Random, draw: Callable[[], tuple[Item, Item]], characters: int) -> list[Piece]:
    """One of the two questions, again and again behind its head; `draw` gives items of two different kinds."""
    ask = rng.choice((_follows, _better))
    pieces: list[Piece] = []
    while sum(len(piece.text) for piece in pieces) < characters:
        prompt, verdict = ask(rng, *draw())
        # The package writes the head and the worked examples; the question that is asked stands last.
        question = prompt if not pieces else prompt[prompt.rindex(QUESTION) :]
        pieces += [Piece(question, READ), Piece(verdict, VERDICT), Piece("\n\n", READ)]
    return pieces


def _follows(rng: Random, item: Item, other: Item) -> tuple[str, str]:
    """Does this answer follow this principle? `other` is an item whose answer would be out of place."""
    drawn, principle = _principle(rng, item)
    good = rng.random() < 0.5
    answer = filled(item.answer, drawn) if good else _worse(item, other)
    if is_delicate(item) and rng.random() < 0.12:
        rule = dead_rule(rng, principle.id, principle.name, drawn.constitution.persona, "inverted")
        principle, good = replace(principle, rule=rule), not good
    elif good and is_delicate(item) and rng.random() < 0.15:
        # A principle that is about something else has nothing against either answer.
        principle = _worded(rng, drawn, rng.choice([id_ for id_ in IDS.values() if id_ not in GOVERNED]))
        answer = rng.choice((answer, item.naive))
    return str(follows_question(principle, item.user_turn, answer, "text")), "yes" if good else "no"


def _better(rng: Random, item: Item, other: Item) -> tuple[str, str]:
    """Which of two answers follows it better? Equal answers get either letter."""
    drawn, principle = _principle(rng, item)
    answers = [filled(item.answer, drawn), _worse(item, other)]
    right = rng.randrange(2)
    if rng.random() < 0.1:
        answers = [answers[0], answers[0]]
    if right == 1:
        answers.reverse()
    return str(better_question(principle, item.user_turn, *answers, "text")), "AB"[right]


def _principle(rng: Random, item: Item) -> tuple[Drawn, Principle]:
    speaker = DEFAULT.persona if rng.random() < 0.3 else random_persona(rng)
    drawn = Drawn(with_persona(DEFAULT, speaker), frozenset(IDS.values()))
    id_ = IDS[item.cites[0]] if is_delicate(item) else rng.choice(("helpful", "informative", "operational"))
    return drawn, _worded(rng, drawn, id_)


def _worded(rng: Random, drawn: Drawn, id_: str) -> Principle:
    made = next(it for it in drawn.constitution.principles if it.id == id_)
    rule = real_rule(rng, id_, made.rule, made.name, drawn.constitution.persona, long=False)
    return Principle(id_, made.name, rule)


def _worse(item: Item, other: Item) -> str:
    return item.naive if is_delicate(item) else other.naive
