"""What may not stand in an answer, each with its reason: pure functions over one `Subject`.

    spec          which checks run, what they may do to a row, their thresholds
    text          plain form, words, sentences
    reading       one answer read once: what several checks need of it
    refusal       does it decline? the speech acts that tell stand in wording
    apology       does it apologise for itself?
    hedge         does it hedge? (counted in the balance of a dataset, no check of its own)
    leaks         demonstrations and instruction repeated
    form          truncation, loops, role markers
    claims        itself, its knowledge date, its sources, names, personal data
    languages     which language it is in
    consistency   do thought, cited principles and answer agree?

Each check looks for one thing and grades it clean, slight or grave; the spec's action says what that may do.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from operator import attrgetter

from selfalign.checks import claims, consistency, form, languages, leaks, wording
from selfalign.checks.apology import apologises, apologises_plain
from selfalign.checks.reading import CLEAN, GRAVE, NOTHING, SLIGHT, Finding, Reading, Subject
from selfalign.checks.refusal import Refusal, Stance, refusal_of
from selfalign.checks.spec import CHECK_NAMES, ChecksSpec
from selfalign.records import CheckResult, Constitution, Verdict

__all__ = [
    "CHECK_NAMES",
    "ChecksSpec",
    "Refusal",
    "Stance",
    "Subject",
    "apologises",
    "refusal_of",
    "run_checks",
    "worst",
]


def run_checks(subject: Subject, constitution: Constitution | None, spec: ChecksSpec) -> tuple[CheckResult, ...]:
    """Every check that is not off, in the order of `CHECK_NAMES`, one result each.

    Without a constitution the checks that compare with it find nothing.
    """
    reading = Reading(subject, constitution, spec, _WATCHED)
    results = []
    for name, action, check in _plan(*_actions_of(spec)):
        finding = check(reading)
        results.append(_PASSED[name] if finding is NOTHING else _result(name, action, *finding))
    return tuple(results)


def worst(results: Iterable[CheckResult]) -> Verdict:
    """The worst of the verdicts; pass where there are none."""
    verdicts = {result.verdict for result in results}
    return next((each for each in (Verdict.FAIL, Verdict.FLAG) if each in verdicts), Verdict.PASS)


_GRADES = {Stance.COMPLIES: CLEAN, Stance.PARTLY_REFUSES: SLIGHT, Stance.REFUSES: GRAVE}


def _refusal(reading: Reading) -> Finding:
    stance, share, reason = reading.refusal
    grade = _GRADES[stance]
    if grade == CLEAN:
        return Finding(CLEAN, share) if share else NOTHING
    return Finding(grade, share, f"{stance}: {reason}")


def _apology(reading: Reading) -> Finding:
    return Finding(GRAVE, None, "apologises") if apologises_plain(reading.plain) else NOTHING


_CHECKS = {
    "leak": leaks.leak,
    "refusal": _refusal,
    "apology": _apology,
    "self_reference": claims.self_reference,
    "knowledge_date": claims.knowledge_date,
    "invented_source": claims.invented_source,
    "truncation": form.truncation,
    "loop": form.loop,
    "echo": leaks.echo,
    "role_marker": form.role_markers,
    "language": languages.language,
    "foreign_name": claims.foreign_name,
    "at_odds": consistency.at_odds,
    "principle_conflict": consistency.principle_conflict,
    "personal_data": claims.personal_data,
}


_actions_of = attrgetter(*CHECK_NAMES)
_WATCHED = claims.CUES | form.CUES | wording.CUES
_PASSED = {name: CheckResult(name, Verdict.PASS) for name in CHECK_NAMES}


@lru_cache(maxsize=64)
def _plan(*actions: str) -> tuple[tuple[str, str, Callable[[Reading], Finding]], ...]:
    """Name, action and function of the checks that are not off."""
    planned = zip(CHECK_NAMES, actions, strict=True)
    return tuple((name, action, _CHECKS[name]) for name, action in planned if action != "off")


# Most results are the same few: one object each saves most of the time and memory they would take.
@lru_cache(maxsize=4096)
def _result(name: str, action: str, grade: int, number: float | None, reason: str) -> CheckResult:
    verdict = Verdict.PASS if grade == CLEAN else Verdict.FAIL if grade == GRAVE and action == "fail" else Verdict.FLAG
    return CheckResult(name, verdict, number, reason)
