"""Asking the judge. Positions are biased, so two answers are always compared in both orders."""

import asyncio
from dataclasses import dataclass
from typing import Literal

from selfalign.engine.spec import Engine
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


async def better_of(
    engine: Engine, principle: Principle, user_turn: str, first: str, second: str, *, style: str
) -> Preference:
    """Which of two answers follows a principle better. Raises like `Engine.choose`."""
    orders = ((first, second), (second, first))
    prompts = [better_question(principle, user_turn, *order, style) for order in orders]
    (as_first, _), (_, as_second) = await asyncio.gather(*(engine.choose(prompt, LETTERS) for prompt in prompts))
    return Preference(as_first, as_second)
