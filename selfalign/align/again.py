"""Reading what a model once replied again, by today's parser and other checks, without asking the engine."""

from dataclasses import replace

from selfalign.align.check import check_outcome
from selfalign.align.contrast import read_contrast_again
from selfalign.align.judging import keep_judging
from selfalign.align.outcome import read_outcome
from selfalign.align.revise import is_revisable, read_revision
from selfalign.checks import ChecksSpec
from selfalign.records import Completion, Constitution, Failure, FailureReason, Outcome


def read_again(answered: Outcome, constitution: Constitution, checks: ChecksSpec) -> Outcome:
    """What today's parser and these checks make of an outcome's replies. A revision counts only where its draft fails,
    and what was never asked for, a revision or a contrast, is not asked for now."""
    outcome = _read_reply(answered, constitution, checks)
    revision = answered.revision
    if revision:
        if is_revisable(outcome):
            completion = Completion(revision.reply, revision.finish_reason, revision.usage)
            outcome = read_revision(outcome, revision.principle, completion, constitution, checks)
        else:
            outcome = replace(outcome, revision=revision)
    contrasts = (read_contrast_again(each, answered.instruction, constitution, checks) for each in answered.contrasts)
    return keep_judging(answered, replace(outcome, contrasts=tuple(contrasts)))


def _read_reply(answered: Outcome, constitution: Constitution, checks: ChecksSpec) -> Outcome:
    was_cut = isinstance(answered, Failure) and answered.reason is FailureReason.TRUNCATED
    if was_cut or not answered.reply:
        return check_outcome(answered, constitution, checks)
    completion = Completion(answered.reply, "stop", answered.usage)
    return read_outcome(answered.instruction, completion, constitution, checks)
