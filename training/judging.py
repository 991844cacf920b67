"""The judge's two questions, with the answers the corpus knows: principled and naive ones of delicate kinds, right
and misplaced ones of harmless kinds."""

from random import Random

import yaml

from training.constitutions import (
    DATA,
    DEFAULT,
    GOVERNED,
    IDS,
    Drawn,
    dead_rule,
    random_persona,
    real_rule,
    with_persona,
)
from training.corpus.grammar import Item
from training.product import Principle
from training.turns import READ, VERDICT, Piece, filled, is_delicate

HEADS: dict[str, str] = {
    question: text.strip() + "\n\n"
    for question, text in yaml.safe_load((DATA / "judge.yaml").read_text(encoding="utf-8")).items()
}
"""The fixed heads, by question: "follows" and "better"."""


def follows_question(rng: Random, item: Item, other: Item) -> list[Piece]:
    """Does this answer follow this principle? `other` is an item whose answer would be out of place."""
    drawn, principle = _principle(rng, item)
    good = rng.random() < 0.5
    answer = filled(item.answer, drawn) if good else _worse(item, other)
    if is_delicate(item) and rng.random() < 0.12:
        return _block(_asked_inverted(rng, drawn, principle, item, answer), "no" if good else "yes")
    if good and is_delicate(item) and rng.random() < 0.15:
        # A principle that is about something else has nothing against either answer.
        principle = _worded(rng, drawn, rng.choice([id_ for id_ in IDS.values() if id_ not in GOVERNED]))
        answer = rng.choice((answer, item.naive))
    text = f"{_asked(principle, item)}### Answer\n{answer}\n### Verdict\n"
    return _block(text, "yes" if good else "no")


def better_question(rng: Random, item: Item, other: Item) -> list[Piece]:
    """Which of two answers follows it better? Equal answers get either letter."""
    drawn, principle = _principle(rng, item)
    answers = [filled(item.answer, drawn), _worse(item, other)]
    right = rng.randrange(2)
    if rng.random() < 0.1:
        answers = [answers[0], answers[0]]
    if right == 1:
        answers.reverse()
    text = f"{_asked(principle, item)}### Answer A\n{answers[0]}\n### Answer B\n{answers[1]}\n### Verdict\n"
    return _block(text, "AB"[right])


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


def _asked(principle: Principle, item: Item) -> str:
    return f"### Principle\n{principle.name}. {principle.rule}\n### User\n{item.user_turn}\n"


def _asked_inverted(rng: Random, drawn: Drawn, principle: Principle, item: Item, answer: str) -> str:
    rule = dead_rule(rng, principle.id, principle.name, drawn.constitution.persona, "inverted")
    return f"{_asked(Principle(principle.id, principle.name, rule), item)}### Answer\n{answer}\n### Verdict\n"


def _block(text: str, verdict: str) -> list[Piece]:
    marks = ((0, len(verdict), VERDICT),)
    return [Piece(text, READ), Piece(verdict, VERDICT, marks), Piece("\n\n", READ)]
