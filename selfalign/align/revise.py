"""Revising failures: an answer that a check failed gets one critique by the principle it broke, and one revision.

Critique and revision are those of Constitutional AI (Bai et al. 2022, arXiv 2212.08073, section 3), in one completion
behind the constitution's whole prefix. Revising everything lowers helpfulness together with harm, so a good answer is
never touched: only what a check failed is revised, or the judge scored low (see `improve`). What could not be parsed
has no draft to speak of, and what loops or is gibberish was bad luck in sampling and would be copied: both are better
asked again (`--retry-failed`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from selfalign.align.headings import THOUGHTS
from selfalign.align.outcome import read_outcome
from selfalign.align.prompt import STOP, citation_of, render_shared
from selfalign.checks import ChecksSpec
from selfalign.engine.spec import Engine
from selfalign.errors import PromptRefused
from selfalign.markers import ROLE_HEADING, hostile
from selfalign.records import (
    Completion,
    Constitution,
    Example,
    Failure,
    FailureReason,
    Instruction,
    Outcome,
    Prompt,
    Revision,
    Sampling,
    Verdict,
    derive_seed,
)

_ASKED_AGAIN = {"loop", "gibberish"}

# By check, the ids of the principles that a failure of it breaks, the best first; they are the built-in constitutions'.
_BREAKS = {
    "knowledge_date": ("dated-knowledge", "static", "candor"),
    "invented_source": ("candor", "knowledge-recitation"),
    "foreign_name": ("candor",),
    "self_reference": ("candor",),
    "personal_data": ("ethical",),
    **dict.fromkeys(("truncation", "echo", "placeholder", "language", "leak", "rule_leak"), ("helpful",)),
    **dict.fromkeys(("refusal", "apology"), ("helpful", "informative")),
}


@dataclass(frozen=True, slots=True)
class ReviseSpec:
    """How failures are revised; `sampling` is that of the answers where it is null."""

    sampling: Sampling | None = None


async def revise(
    engine: Engine,
    outcome: Outcome,
    constitution: Constitution,
    sampling: Sampling,
    checks: ChecksSpec,
    *,
    style: str,
    rng_seed: int,
    low: str | None = None,
) -> Outcome:
    """The outcome as it is, unless a check failed it and it can be revised: then an example, or the failure, with its
    `revision`. `low` is the principle by which the judge scored an example low; then that is revised. Raises like
    `Engine.generate`, but for a refused prompt, which leaves the outcome as it is."""
    if low is None and not is_revisable(outcome):
        return outcome
    principle = low or broken_principle(outcome, constitution)
    fault = low_fault(low, outcome.judging["scores"]) if low else outcome.detail
    prompt = render_revision(constitution, outcome.instruction, outcome.answer, principle, style)
    seed = derive_seed(rng_seed, "revise", outcome.instruction_id)
    try:
        completion = await engine.generate(prompt, replace(sampling, stop=(*sampling.stop, STOP)), rng_seed=seed)
    except PromptRefused:
        return outcome
    return read_revision(outcome, principle, fault, completion, constitution, checks)


def is_revisable(outcome: Outcome) -> bool:
    """Whether a check failed an answer that can be shown as a draft, and revising makes sense for that check."""
    if isinstance(outcome, Example) or outcome.reason is not FailureReason.CHECK:
        return False
    failed = _failed_checks(outcome)
    return failed.isdisjoint(_ASKED_AGAIN) and is_presentable(outcome.answer)


def is_presentable(draft: str) -> bool:
    """Whether an answer can stand in a prompt as a draft."""
    return not (hostile(draft) or ROLE_HEADING.search(draft))


def low_fault(principle: str, scores: Mapping[str, float]) -> str:
    """The fault of an answer that the judge scored low."""
    return f"judged low: {principle} {scores[principle]:.2f}"


def broken_principle(failure: Failure, constitution: Constitution) -> str:
    """The id of the principle that a failed answer broke: the check's own where the constitution has it, else the
    first that the answer meant to follow."""
    known = {each.id for each in constitution.principles}
    wanted = [id_ for check in sorted(_failed_checks(failure)) for id_ in _BREAKS.get(check, ())]
    return next(id_ for id_ in (*wanted, *failure.principles_cited, constitution.principles[0].id) if id_ in known)


def _failed_checks(failure: Failure) -> set[str]:
    return {check.name for check in failure.checks if check.verdict is Verdict.FAIL}


def render_revision(
    constitution: Constitution, instruction: Instruction, draft: str, principle: str, style: str
) -> Prompt:
    """The prompt for a critique by the principle (an id) that a draft breaks, and its revision."""
    shared, breaks = render_shared(constitution, style), f"The draft breaks {citation_of(constitution, principle)}:"
    shown = f"{instruction.user_turn}\n### Draft\n{draft}\n"
    if style == "text":
        return f"{shared}{shown}### Critique\n{breaks}"
    how = (
        f'This is a draft of the answer. {breaks} say in a sentence or two, under the heading "### Critique", '
        "what is wrong with it, then reply to the request anew, in the two parts of every reply."
    )
    return (*shared, {"role": "user", "content": f"{shown}\n{how}"})


def read_revision(
    draft: Outcome,
    principle: str,
    fault: str,
    completion: Completion,
    constitution: Constitution,
    checks: ChecksSpec,
) -> Outcome:
    """The example that a revision holds, parsed and checked like any other, else the draft as it was; both keep the
    revision. `fault` is what was wrong with the draft."""
    heading = None if hostile(completion.text) else THOUGHTS.search(completion.text)
    start = heading.start() if heading else 0
    anew = replace(completion, text=completion.text[start:])
    outcome = read_outcome(draft.instruction, anew, constitution, checks)
    revision = Revision(
        principle=principle,
        draft=draft.answer,
        fault=fault,
        reply=completion.text,
        usage=completion.usage,
        finish_reason=completion.finish_reason,
        critique=ROLE_HEADING.sub("", completion.text[:start]).strip(),
        answer=outcome.answer,
    )
    if isinstance(outcome, Example):
        return replace(outcome, usage=draft.usage, reply=draft.reply, revision=revision)
    detail = outcome.detail if outcome.reason is FailureReason.CHECK else f"{outcome.reason.value}: {outcome.detail}"
    return replace(draft, revision=replace(revision, detail=detail))
