"""The checks on an answer, and what its row becomes by them: an example or a failure."""

from selfalign.align.citation import CITATION
from selfalign.checks import ChecksSpec, Subject, run_checks, worst
from selfalign.records import CheckResult, Constitution, Example, Failure, FailureReason, Outcome, Verdict


def check_outcome(answered: Outcome, constitution: Constitution, checks: ChecksSpec) -> Outcome:
    """Run the checks on an answer, whatever they said of it before; the thresholds may be others now.

    What the parser remarked on stays. A failure that never had an answer is returned as it is.
    """
    if isinstance(answered, Failure) and answered.reason is not FailureReason.CHECK:
        return answered
    shared = (answered.instruction, answered.thought, answered.answer, answered.principles_cited)
    remarks = (result for result in answered.checks if result.name == CITATION)
    results = (*remarks, *filter(_says_something, run_checks(Subject(*shared), constitution, checks)))
    if worst(results) is not Verdict.FAIL:
        return Example(*shared, checks=results, usage=answered.usage, reply=answered.reply)
    return Failure(
        instruction=answered.instruction,
        step="check",
        reason=FailureReason.CHECK,
        detail=describe(results),
        reply=answered.reply,
        usage=answered.usage,
        thought=answered.thought,
        answer=answered.answer,
        principles_cited=answered.principles_cited,
        checks=results,
    )


def _says_something(result: CheckResult) -> bool:
    """A plain pass needs no place in the journal: the recipe says which checks ran."""
    return result.verdict is not Verdict.PASS or result.number is not None or bool(result.reason)


def describe(results: tuple[CheckResult, ...]) -> str:
    """What failed and why, in one line, or what was flagged where nothing failed."""
    verdict = worst(results)
    bad = (result for result in results if result.verdict is verdict and verdict is not Verdict.PASS)
    return "; ".join(f"{result.name}: {result.reason}" for result in bad)
