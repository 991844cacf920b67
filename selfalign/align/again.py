"""Reading what a model once replied again, by today's parser and other checks, without asking the engine."""

from dataclasses import replace

from selfalign.align.check import check_outcome
from selfalign.align.contrast import read_contrast_again
from selfalign.align.judging import keep_judging
from selfalign.align.outcome import read_outcome
from selfalign.align.revise import is_revisable, low_fault, read_revision
from selfalign.checks import ChecksSpec
from selfalign.records import Completion, Constitution, Example, Failure, FailureReason, Outcome


def read_again(answered: Outcome, constitution: Constitution, checks: ChecksSpec) -> Outcome:
    """What today's parser and these checks make of an outcome's replies. A revision counts only where its draft fails
    or scored worse, and what was never asked for, a revision or a contrast, is not asked for now."""
    outcome = _read_reply(answered, constitution, checks)
    revision = answered.revision
    if revision:
        if fault := _fault_of(outcome, answered):
            completion = Completion(revision.reply, revision.finish_reason, revision.usage)
            outcome = read_revision(outcome, revision.principle, fault, completion, constitution, checks)
        else:
            outcome = replace(outcome, revision=revision)
    contrasts = (read_contrast_again(each, answered.instruction, constitution, checks) for each in answered.contrasts)
    return keep_judging(answered, replace(outcome, contrasts=tuple(contrasts)))


def _fault_of(outcome: Outcome, answered: Outcome) -> str:
    """Why a draft is to give way to its revision, "" where it is not."""
    if is_revisable(outcome):
        return outcome.detail
    revising = (answered.judging or {}).get("revising") or {}
    is_worse = isinstance(outcome, Example) and outcome.answer == answered.revision.draft and revising.get("is_better")
    return low_fault(answered.revision.principle, revising["draft"]) if is_worse else ""


def _read_reply(answered: Outcome, constitution: Constitution, checks: ChecksSpec) -> Outcome:
    was_cut = isinstance(answered, Failure) and answered.reason is FailureReason.TRUNCATED
    if was_cut or not answered.reply:
        return check_outcome(answered, constitution, checks)
    completion = Completion(answered.reply, "stop", answered.usage)
    return read_outcome(answered.instruction, completion, constitution, checks)
