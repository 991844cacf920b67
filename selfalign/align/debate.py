"""Debate: several answers to an instruction, written anew by those who saw the others', and one of the last is kept.

Du et al. 2023 (arXiv 2305.14325), an idea of Irving et al. 2018 (arXiv 1805.00899). In each later round an answer sees
the sound ones of the round before, the others' first and its own last; one that sees none but its own stands, and so
does one whose next reply is not sound. Of the last answers the judge keeps one, by the weakest principle, where it may
choose; elsewhere the one most like all the others is kept: no vote on answers in prose can be counted otherwise.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rapidfuzz.distance import Indel

from selfalign.align.ask import AlignSpec, request_for
from selfalign.align.judging import Judge, choose_best, other_answer
from selfalign.align.outcome import draw, read_outcome
from selfalign.checks import ChecksSpec
from selfalign.checks.text import plain, words_of
from selfalign.engine.spec import Engine
from selfalign.errors import PromptRefused
from selfalign.judge import Cost
from selfalign.records import Constitution, Example, Instruction, Outcome, Usage, derive_seed


@dataclass(frozen=True, slots=True)
class _Turn:
    """What one said in one round; both are counted from 1."""

    agent: int
    round: int
    outcome: Outcome


async def debate(
    engine: Engine,
    instruction: Instruction,
    constitution: Constitution,
    spec: AlignSpec,
    checks: ChecksSpec,
    *,
    style: str,
    rng_seed: int,
    judge: Judge | None = None,
) -> Outcome:
    """The answer that a debate ends with, all others beside it; what it takes and raises is as in `align`. `usage` is
    that of all replies. A prompt with drafts that is refused leaves an answer as it was."""
    how, agents = {"style": style, "rng_seed": rng_seed}, spec.debate.agents
    drawn = await draw(engine, instruction, constitution, spec, checks, agents, **how)
    if len(drawn) < agents:
        return drawn[0]
    turns = [_Turn(number, 1, outcome) for number, outcome in enumerate(drawn, start=1)]
    last = [*turns]
    for number in range(2, spec.debate.rounds + 1):
        said = []
        for turn in last:
            if drafts := _drafts(turn, last):
                said += await _answer_again(engine, turn, number, drafts, constitution, spec, checks, **how)
        turns += said
        anew = {turn.agent: turn for turn in said if isinstance(turn.outcome, Example)}
        last = [anew.get(turn.agent, turn) for turn in last]
    return await _decide(engine, turns, last, constitution, judge, style)


def _drafts(turn: _Turn, last: Sequence[_Turn]) -> list[str]:
    """The different sound answers that one sees, its own last; nothing where nobody else has another."""
    own = [turn.outcome.answer] if isinstance(turn.outcome, Example) else []
    others = dict.fromkeys(each.outcome.answer for each in last if isinstance(each.outcome, Example))
    seen = [answer for answer in others if answer not in own]
    return [*seen, *own] if seen else []


async def _answer_again(
    engine: Engine,
    turn: _Turn,
    number: int,
    drafts: Sequence[str],
    constitution: Constitution,
    spec: AlignSpec,
    checks: ChecksSpec,
    *,
    style: str,
    rng_seed: int,
) -> list[_Turn]:
    """What one says in a later round; nothing where the prompt is refused."""
    instruction = turn.outcome.instruction
    request = request_for(instruction, constitution, spec, style, drafts)
    seed = derive_seed(rng_seed, "debate", instruction.id, number, turn.agent)
    try:
        completion = await engine.generate(*request, rng_seed=seed)
    except PromptRefused:
        return []
    return [_Turn(turn.agent, number, read_outcome(instruction, completion, constitution, checks))]


async def _decide(
    engine: Engine,
    turns: Sequence[_Turn],
    last: Sequence[_Turn],
    constitution: Constitution,
    judge: Judge | None,
    style: str,
) -> Outcome:
    """One of the last answers, everything else that was said beside it."""
    answers = [turn.outcome for turn in last]
    if judge is not None and judge.chooses:
        best, scores, cost = await choose_best(engine, answers, constitution, judge, style=style)
    else:
        best, scores, cost = most_agreed(answers), [{} for _ in answers], Cost()
    scored = {(turn.agent, turn.round): its for turn, its in zip(last, scores, strict=True)}
    others = [
        {"agent": turn.agent, "round": turn.round}
        | other_answer(turn.outcome, scored.get((turn.agent, turn.round), {}))
        for turn in turns
        if turn is not last[best]
    ]
    usage = sum((turn.outcome.usage for turn in turns), Usage())
    judging = {"scores": scores[best], **cost._asdict(), "others": others}
    return replace(answers[best], usage=usage, judging=judging)


def most_agreed(answers: Sequence[Outcome]) -> int:
    """The number of the sound answer that is most like all others, by the sum of ROUGE-L F-measures; the first of those
    that are alike, and the first of all where none is sound."""
    words = {
        number: words_of(plain(outcome.answer))
        for number, outcome in enumerate(answers)
        if isinstance(outcome, Example)
    }

    def likeness(number: int) -> float:
        return math.fsum(Indel.normalized_similarity(words[number], words[other]) for other in words if other != number)

    return max(words, key=likeness, default=0)
