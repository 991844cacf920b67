"""Principle-driven self-alignment: one instruction in, one outcome out (Sun et al. 2023, section 3.2).

ask -> parse -> check -> judge -> outcome: an example, or a failure with its step and reason
"""

from selfalign.align.ask import AlignSpec, request_for
from selfalign.align.check import check_outcome
from selfalign.align.judging import Judge, best_of
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
    derive_seed,
)


async def align(
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
    """Answer one instruction under a constitution. `style` is "text" or "chat".

    A judge that may not choose gets one draw. A refused prompt, a reply that cannot be parsed and an answer that a
    check fails become a `Failure`; whatever else the engine raises passes through.
    """
    count = spec.samples if judge is not None and judge.chooses else 1
    drawn = await draw(engine, instruction, constitution, spec, checks, count, style=style, rng_seed=rng_seed)
    return drawn[0] if len(drawn) == 1 else await best_of(engine, drawn, constitution, judge, style=style)


async def draw(
    engine: Engine,
    instruction: Instruction,
    constitution: Constitution,
    spec: AlignSpec,
    checks: ChecksSpec,
    count: int,
    *,
    style: str,
    rng_seed: int,
) -> list[Outcome]:
    """So many answers with seeds of their own, one after the other, since the caller's slot is good for one request.
    A prompt that is refused is one failure and nothing else. Raises like `align`."""
    drawn: list[Outcome] = []
    request = request_for(instruction, constitution, spec, style)
    for number in range(count):
        names = ("align", instruction.id, *([number] if number else []))
        try:
            completion = await engine.generate(*request, rng_seed=derive_seed(rng_seed, *names))
        except PromptRefused as refused:
            return [Failure(instruction, "align", FailureReason.PROMPT_REFUSED, str(refused), "", Usage())]
        drawn.append(read_outcome(instruction, completion, constitution, checks))
    return drawn


def read_outcome(
    instruction: Instruction, completion: Completion, constitution: Constitution, checks: ChecksSpec
) -> Outcome:
    """The example that a completion holds, or the first reason why it holds none."""

    def failure(reason: FailureReason, detail: str) -> Failure:
        return Failure(instruction, "parse", reason, detail, completion.text, completion.usage)

    if completion.is_truncated:
        return failure(FailureReason.TRUNCATED, f"cut off after {completion.usage.output_tokens} tokens")
    try:
        reply = parse_reply(completion.text, constitution, instruction.user_turn)
    except ReplyError as error:
        return failure(error.reason, error.detail)
    parts = (instruction, reply.thought, reply.answer, reply.cited, reply.remarks)
    return check_outcome(Example(*parts, completion.usage, completion.text), constitution, checks)
