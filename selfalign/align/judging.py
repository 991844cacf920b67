"""What the judge does with an instruction's answers: it scores them, and of several it keeps the best.

The best is the one whose weakest cited principle scores highest: best of n by a reward is how a reward is gamed, and a
mean lets one principle pay for another. So the judge chooses only where it has earned that (judge.measure).

`judging` of an outcome, as the journal has it:

    scores      principle id -> how probable it is that the answer follows it, 0 to 1
    questions   asked about this instruction, all draws together
    tokens      of those questions
    others      the draws not kept: reply, scores, and why a draw failed; in a debate also who said it in which round
    contrasts   rung -> the scores of that contrasting answer, by the same principles
    revising    where a low score led to a revision: the scores of both (align.improve)
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from selfalign.engine.spec import Engine, TokenCounter, estimate_tokens
from selfalign.errors import PromptRefused
from selfalign.judge import Cost, better_of, follows_each, weakest
from selfalign.judge.question import better_question, follows_question
from selfalign.records import Constitution, Example, Failure, FailureReason, Instruction, Outcome, Prompt, Usage

TIE = 0.02
"""Scores that are no further apart say nothing; the two answers are then compared with each other."""


@dataclass(frozen=True, slots=True)
class Judge:
    """A run's judge: the user's weights by principle id, whether it may choose among several answers, whether answers
    that a check failed are scored too, what counts the tokens of its questions, and below which weakest score an answer
    is low."""

    weights: Mapping[str, float] = field(default_factory=dict)
    chooses: bool = False
    scores_failures: bool = False
    count: TokenCounter = estimate_tokens
    threshold: float = 0.5


def first_question(constitution: Constitution, instruction: Instruction, answer: str, style: str) -> Prompt:
    """What the judge would be asked about an answer that cites the first principle, for people to read."""
    return follows_question(constitution.principles[0], instruction.user_turn, answer, style)


async def best_of(
    engine: Engine, drawn: Sequence[Outcome], constitution: Constitution, judge: Judge, *, style: str
) -> Outcome:
    """The best of several draws, the others beside it. Raises what `Engine.choose` raises but `PromptRefused`."""
    best, scores, cost = await choose_best(engine, drawn, constitution, judge, style=style)
    others = [other_answer(drawn[number], scores[number]) for number in range(len(drawn)) if number != best]
    judging = {"scores": scores[best], **cost._asdict(), "others": others}
    return replace(drawn[best], usage=sum((outcome.usage for outcome in drawn), Usage()), judging=judging)


async def choose_best(
    engine: Engine, drawn: Sequence[Outcome], constitution: Constitution, judge: Judge, *, style: str
) -> tuple[int, list[dict[str, float]], Cost]:
    """The number of the best of several answers, the scores of each, and what judging took. Raises like `best_of`."""
    scores: list[dict[str, float]] = []
    cost = Cost()
    for outcome in drawn:
        found, its_cost = (
            await _scores(engine, outcome, constitution, judge, style) if isinstance(outcome, Example) else ({}, Cost())
        )
        scores.append(found)
        cost = cost.plus(its_cost)
    best, its_cost = await _best(engine, drawn, scores, constitution, judge, style)
    return best, scores, cost.plus(its_cost)


async def score(engine: Engine, outcome: Outcome, constitution: Constitution, judge: Judge, *, style: str) -> Outcome:
    """The outcome with the scores of its answer, where it has an answer to score and no scores yet. Raises like
    `best_of`."""
    had = outcome.judging or {}
    is_failed = isinstance(outcome, Failure) and outcome.reason is FailureReason.CHECK
    if had.get("scores") or not (isinstance(outcome, Example) or (is_failed and judge.scores_failures)):
        return outcome
    scores, cost = await _scores(engine, outcome, constitution, judge, style)
    if not cost.questions:
        return outcome
    cost = cost.plus(Cost(had.get("questions", 0), had.get("tokens", 0)))
    return replace(outcome, judging={**had, "scores": scores, **cost._asdict()})


async def score_contrasts(
    engine: Engine, outcome: Outcome, constitution: Constitution, judge: Judge, *, style: str
) -> Outcome:
    """The outcome with scores of its contrasting answers by the principles that its own answer was scored by, where
    the judge may judge. Raises like `best_of`."""
    judging = outcome.judging or {}
    if not (judge.chooses and judging.get("scores")):
        return outcome
    found, cost = {}, Cost(judging["questions"], judging["tokens"])
    for each in outcome.contrasts:
        if each.answer:
            other = replace(outcome, answer=each.answer)
            found[each.rung], more = await score_by(engine, other, judging["scores"], constitution, judge, style)
            cost = cost.plus(more)
    return replace(outcome, judging={**judging, **cost._asdict(), "contrasts": found})


def keep_judging(before: Outcome, now: Outcome) -> Outcome:
    """An outcome that was read again, with what the judge said of it before; scores of another answer are void."""
    if before.judging is None or now.judging is not None:
        return now
    judging = dict(before.judging)
    if "contrasts" in judging:
        same = {
            each.rung for each, was in zip(now.contrasts, before.contrasts, strict=True) if each.answer == was.answer
        }
        judging["contrasts"] = {rung: scores for rung, scores in judging["contrasts"].items() if rung in same}
    if now.answer == before.answer:
        return replace(now, judging=judging)
    revising, scores = judging.get("revising"), {}
    if revising and before.revision:
        of_both = {before.revision.answer: revising["revised"], before.revision.draft: revising["draft"]}
        scores = of_both.get(now.answer, {})
    return replace(now, judging={**judging, "scores": scores})


async def _scores(
    engine: Engine, outcome: Outcome, constitution: Constitution, judge: Judge, style: str
) -> tuple[dict[str, float], Cost]:
    return await score_by(engine, outcome, outcome.principles_cited, constitution, judge, style)


async def score_by(
    engine: Engine, outcome: Outcome, by: Container[str], constitution: Constitution, judge: Judge, style: str
) -> tuple[dict[str, float], Cost]:
    """The scores of an answer by these principles (ids), whether it cites them or not. Raises like `best_of`."""
    principles = [principle for principle in constitution.principles if principle.id in by]
    asked = (outcome.instruction.user_turn, outcome.answer)
    return await follows_each(engine, principles, *asked, style=style, count=judge.count)


async def _best(
    engine: Engine,
    drawn: Sequence[Outcome],
    scores: Sequence[Mapping[str, float]],
    constitution: Constitution,
    judge: Judge,
    style: str,
) -> tuple[int, Cost]:
    """The number of the best draw: an example before a failure, then by the weakest score, then the earlier one."""
    found = [weakest(each, judge.weights) for each in scores]
    sound = [number for number, outcome in enumerate(drawn) if isinstance(outcome, Example)]
    ranked = sorted(sound, key=lambda number: -found[number][1] if found[number] else 0.0)
    first, second = (ranked or [0])[0], (ranked[1:] or [None])[0]
    if second is None or not found[first] or not found[second]:
        return first, Cost()
    (principle_id, score), (_, other_score) = found[first], found[second]
    answers = drawn[first].answer, drawn[second].answer
    if score - other_score > TIE or answers[0] == answers[1]:
        return first, Cost()
    principle = next(each for each in constitution.principles if each.id == principle_id)
    asked = drawn[first].instruction.user_turn
    try:
        preference = await better_of(engine, principle, asked, *answers, style=style)
    except PromptRefused:
        return first, Cost()
    num_tokens = judge.count(better_question(principle, asked, *answers, style))
    return (second if preference.winner == "second" else first), Cost(2, 2 * num_tokens)


def other_answer(outcome: Outcome, scores: Mapping[str, float]) -> dict[str, Any]:
    """What the journal keeps of an answer that is not kept."""
    failed = {"failed": f"{outcome.reason.value}: {outcome.detail}"} if isinstance(outcome, Failure) else {}
    return {"reply": outcome.reply, "scores": dict(scores), **failed}
