"""Principle-driven self-alignment: one instruction in, one outcome out (Sun et al. 2023, section 3.2).

ask -> parse -> check -> outcome: an example, or a failure with its step and reason
"""

from selfalign.align.ask import AlignSpec, ask
from selfalign.align.check import check_outcome
from selfalign.align.parse import ReplyError, parse_reply
from selfalign.checks import ChecksSpec
from selfalign.engine.spec import Engine
from selfalign.errors import PromptRefused
from selfalign.records import (
    Completion,
    Constitution,
    Example,
    Failure,
    FailureReason,
    Instruction,
    Outcome,
    Usage,
)

MAX_EXCERPT = 4000
"""Characters of a completion that a failure keeps for a person to read."""


async def align(
    engine: Engine,
    instruction: Instruction,
    constitution: Constitution,
    spec: AlignSpec,
    checks: ChecksSpec,
    *,
    style: str,
    rng_seed: int,
) -> Outcome:
    """Answer one instruction under a constitution. `style` is "text" or "chat".

    A refused prompt, a reply that cannot be parsed and an answer that a check fails become a `Failure`; whatever
    else the engine raises passes through.
    """
    try:
        completion = await ask(engine, instruction, constitution, spec, style=style, rng_seed=rng_seed)
    except PromptRefused as refused:
        return Failure(instruction, "align", FailureReason.PROMPT_REFUSED, str(refused), "", Usage())
    return read_outcome(instruction, completion, constitution, checks)


def read_outcome(
    instruction: Instruction, completion: Completion, constitution: Constitution, checks: ChecksSpec
) -> Outcome:
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
    return check_outcome(example, constitution, checks)
