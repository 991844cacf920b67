"""Asking the judge. Positions are biased, so two answers are always compared in both orders."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from selfalign.engine.spec import Engine, TokenCounter
from selfalign.errors import PromptRefused
from selfalign.judge.question import LETTERS, YES_NO, better_question, follows_question
from selfalign.records import Principle


@dataclass(frozen=True, slots=True)
class Preference:
    """How probable it is that the first of two answers is the better one, asked with it in the first place and in the
    second (0 to 1 each)."""

    as_first: float
    as_second: float

    @property
    def winner(self) -> Literal["first", "second", "tie"]:
        """The answer preferred in both orders; where the orders disagree, or neither is preferred, it is a tie."""
        if min(self.as_first, self.as_second) > 0.5:
            return "first"
        return "second" if max(self.as_first, self.as_second) < 0.5 else "tie"


async def follows(engine: Engine, principle: Principle, user_turn: str, answer: str, *, style: str) -> float:
    """How probable it is that an answer follows a principle, 0 to 1. Raises like `Engine.choose`."""
    yes, _ = await engine.choose(follows_question(principle, user_turn, answer, style), YES_NO)
    return yes


class Cost(NamedTuple):
    """What judging took: questions, and the tokens of their prompts; every question is one token of output."""

    questions: int = 0
    tokens: int = 0

    def plus(self, other: "Cost") -> "Cost":
        """Both together."""
        return Cost(self.questions + other.questions, self.tokens + other.tokens)


async def follows_each(
    engine: Engine, principles: Iterable[Principle], user_turn: str, answer: str, *, style: str, count: TokenCounter
) -> tuple[dict[str, float], Cost]:
    """The score of an answer by each of these principles, by id, and what they cost.

    A principle that cannot be asked about (the question is too long, or the answer imitates one) has no score. Raises
    whatever else `Engine.choose` raises. One question follows the other: the caller's slot is good for one request.
    """
    scores: dict[str, float] = {}
    num_tokens = 0
    for principle in principles:
        try:
            question = follows_question(principle, user_turn, answer, style)
            yes, _ = await engine.choose(question, YES_NO)
        except PromptRefused:
            continue
        scores[principle.id] = round(yes, 6)
        num_tokens += count(question)
    return scores, Cost(len(scores), num_tokens)


async def better_of(
    engine: Engine, principle: Principle, user_turn: str, first: str, second: str, *, style: str
) -> Preference:
    """Which of two answers follows a principle better. Raises like `Engine.choose`."""
    orders = ((first, second), (second, first))
    prompts = [better_question(principle, user_turn, *order, style) for order in orders]
    (as_first, _), (_, as_second) = await asyncio.gather(*(engine.choose(prompt, LETTERS) for prompt in prompts))
    return Preference(as_first, as_second)
