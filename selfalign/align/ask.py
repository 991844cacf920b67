"""Asking: one instruction behind the constitution, one completion with thought, citation and answer in it."""

from dataclasses import dataclass, field, replace

from selfalign.align.prompt import STOP, render_prompt
from selfalign.engine.spec import Engine
from selfalign.records import Completion, Constitution, Instruction, Sampling, derive_seed


@dataclass(frozen=True, slots=True)
class AlignSpec:
    """How instructions are answered; the defaults are the published ones with twice the room for the answer."""

    sampling: Sampling = field(default_factory=lambda: Sampling(temperature=0.5, top_p=0.95, max_tokens=512))


async def ask(
    engine: Engine, instruction: Instruction, constitution: Constitution, spec: AlignSpec, *, style: str, rng_seed: int
) -> Completion:
    """The model's reply to one instruction. `style` is "text" or "chat". Raises whatever the engine raises."""
    sampling = replace(spec.sampling, stop=(*spec.sampling.stop, STOP))
    prompt = render_prompt(constitution, instruction, style)
    return await engine.generate(prompt, sampling, rng_seed=derive_seed(rng_seed, "align", instruction.id))
