"""Principle-driven self-alignment: one instruction in, a thought and an answer out, or why there is none.

The prompt is the constitution, its demonstrations, then the instruction; the model writes its thought, the
principles it applies, and the answer, all in one completion (Sun et al. 2023, arXiv 2305.03047, section 3.2).
"""

from dataclasses import dataclass, field, replace

from selfalign.align.constitution import ReplyError, parse_reply, render_prompt
from selfalign.checks import ChecksSpec, Subject, run_checks, verdict
from selfalign.engine.vllm import Engine
from selfalign.errors import PromptRefused
from selfalign.records import (
    Answered,
    CheckResult,
    Completion,
    Constitution,
    Example,
    Failure,
    FailureReason,
    Instruction,
    Outcome,
    Sampling,
    Usage,
    derive_seed,
)

# A new user turn ends the answer; a model that goes on would speak for the user.
STOP = "\n### User\n"
MAX_EXCERPT = 4000
"""Characters of a completion that a failure keeps for a person to read."""


@dataclass(frozen=True, slots=True)
class AlignSpec:
    """How instructions are answered; the defaults are the published ones with twice the room for the answer."""

    sampling: Sampling = field(default_factory=lambda: Sampling(temperature=0.5, top_p=0.95, max_tokens=512))


async def align(
    engine: Engine,
    instruction: Instruction,
    constitution: Constitution,
    spec: AlignSpec,
    checks: ChecksSpec,
    *,
    style: str,
    rng_seed: int,
) -> Answered:
    """Answer one instruction under a constitution. `style` is "text" or "chat".

    A refused prompt, a reply that cannot be parsed and an answer that a check fails become a `Failure`; whatever
    else the engine raises passes through.
    """
    prompt = render_prompt(constitution, instruction, style)
    sampling = replace(spec.sampling, stop=(*spec.sampling.stop, STOP))
    try:
        completion = await engine.generate(prompt, sampling, rng_seed=derive_seed(rng_seed, "align", instruction.id))
    except PromptRefused as refused:
        return Failure(instruction, "align", FailureReason.PROMPT_REFUSED, str(refused), "", Usage())
    return judge_reply(instruction, completion, constitution, checks)


def judge_reply(
    instruction: Instruction, completion: Completion, constitution: Constitution, checks: ChecksSpec
) -> Answered:
    """The example that a completion holds, or the first reason why it holds none."""
    excerpt = completion.text[:MAX_EXCERPT]
    try:
        reply = parse_reply(completion.text, constitution)
    except ReplyError as error:
        # What was cut off may look like anything; the cut is the true reason.
        reason = FailureReason.TRUNCATED if completion.is_truncated else error.reason
        return Failure(instruction, "parse", reason, error.detail, excerpt, completion.usage)
    if completion.is_truncated:
        detail = f"cut off after {completion.usage.output_tokens} tokens"
        return Failure(instruction, "parse", FailureReason.TRUNCATED, detail, excerpt, completion.usage)
    example = Example(instruction, reply.thought, reply.answer, reply.cited, (), completion.usage)
    return judge_example(example, constitution, checks)


def judge_example(answered: Answered, constitution: Constitution, checks: ChecksSpec) -> Answered:
    """Run the checks on an answer, whatever they said of it before; the thresholds may be others now.

    A failure that never had an answer is returned as it is.
    """
    if isinstance(answered, Failure) and answered.reason is not FailureReason.CHECK:
        return answered
    shared = (answered.instruction, answered.thought, answered.answer, answered.principles_cited)
    results = tuple(filter(_says_something, run_checks(Subject(*shared), constitution, checks)))
    if verdict(results) is not Outcome.FAIL:
        return Example(*shared, checks=results, usage=answered.usage)
    return Failure(
        instruction=answered.instruction,
        step="check",
        reason=FailureReason.CHECK,
        detail=describe_failed(results),
        excerpt="",
        usage=answered.usage,
        thought=answered.thought,
        answer=answered.answer,
        principles_cited=answered.principles_cited,
        checks=results,
    )


def _says_something(result: CheckResult) -> bool:
    """A plain pass needs no place in the journal: the recipe says which checks ran."""
    return result.outcome is not Outcome.PASS or result.number is not None or bool(result.reason)


def describe_failed(results: tuple[CheckResult, ...]) -> str:
    """The failed checks and why, in one line."""
    return "; ".join(f"{result.name}: {result.reason}" for result in results if result.outcome is Outcome.FAIL)
