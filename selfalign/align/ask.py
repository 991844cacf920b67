"""Asking: one instruction behind the constitution, one completion with thought, citation and answer in it."""

from dataclasses import dataclass, field, replace

from selfalign.align.prompt import STOP, render_prompt
from selfalign.records import Constitution, Instruction, Prompt, Sampling


@dataclass(frozen=True, slots=True)
class AlignSpec:
    """How instructions are answered; the defaults are the published ones with twice the room for the answer."""

    sampling: Sampling = field(default_factory=lambda: Sampling(temperature=0.5, top_p=0.95, max_tokens=512))


def request_for(
    instruction: Instruction, constitution: Constitution, spec: AlignSpec, style: str
) -> tuple[Prompt, Sampling]:
    """What the model is asked for one instruction, and how. `style` is "text" or "chat"."""
    sampling = replace(spec.sampling, stop=(*spec.sampling.stop, STOP))
    return render_prompt(constitution, instruction, style), sampling
