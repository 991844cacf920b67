"""What may not stand in an answer, each with its reason: pure functions over one `Subject`.

    spec          which checks there are, what they may do to a row, their thresholds
    text          plain form, words, sentences
    reading       one answer read once: what several checks need of it
    refusal       does it decline? the speech acts that tell are in wording, a plain no in negation
    manner        the checks for declining and apologising; hedging (counted in a dataset's balance, no check)
    leaks         demonstrations, principles, thoughts and instruction repeated
    form          truncation, loops, role markers
    filler        placeholders and gibberish
    claims        itself, its knowledge date, its sources, names
    private       personal data and secrets
    languages     which language a text is in
    consistency   do instruction, thought, cited principles and answer agree?

Each check looks for one thing and grades it clean, slight or grave; the spec's action says what that may do.
"""

from collections.abc import Iterable

from selfalign.checks import claims, consistency, filler, form, leaks, manner, private
from selfalign.checks.filler import is_placeholder
from selfalign.checks.leaks import recites
from selfalign.checks.manner import apologises, hedges
from selfalign.checks.reading import CLEAN, GRAVE, Finding, Reading, Subject
from selfalign.checks.refusal import Compliance, Refusal, refusal_of
from selfalign.checks.spec import CHECK_NAMES, ChecksSpec
from selfalign.records import CheckResult, Constitution, Verdict

__all__ = [
    "CHECK_NAMES",
    "ChecksSpec",
    "Compliance",
    "Refusal",
    "Subject",
    "apologises",
    "hedges",
    "is_placeholder",
    "recites",
    "refusal_of",
    "run_checks",
    "warm_up",
    "worst",
]

_FAMILIES = (leaks, manner, claims, form, filler, consistency, private)
_CHECKS = {name: next(vars(each)[name] for each in _FAMILIES if name in vars(each)) for name in CHECK_NAMES}


def run_checks(subject: Subject, constitution: Constitution | None, spec: ChecksSpec) -> tuple[CheckResult, ...]:
    """Every check that is not off, in the order of `CHECK_NAMES`, one result each.

    Without a constitution the checks that compare with it find nothing.
    """
    reading = Reading(subject, constitution, spec)
    actions = {name: getattr(spec, name) for name in CHECK_NAMES}
    return tuple(_result(name, actions[name], _CHECKS[name](reading)) for name in CHECK_NAMES if actions[name] != "off")


def warm_up() -> None:
    """Load what takes half a second where it is first used: the languages, and how each of them declines."""
    refusal_of("Guten Tag, das ist eine Antwort.", "")


def worst(results: Iterable[CheckResult]) -> Verdict:
    """The worst of the verdicts; pass where there are none."""
    verdicts = {result.verdict for result in results}
    return next((each for each in (Verdict.FAIL, Verdict.FLAG) if each in verdicts), Verdict.PASS)


def _result(name: str, action: str, finding: Finding) -> CheckResult:
    grade, number, reason = finding
    verdict = Verdict.PASS if grade == CLEAN else Verdict.FAIL if grade == GRAVE and action == "fail" else Verdict.FLAG
    return CheckResult(name, verdict, number, reason)
