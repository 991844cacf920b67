"""Asking: one instruction behind the constitution, one completion with thought, citation and answer in it."""

from dataclasses import dataclass, field, replace

from selfalign.align.prompt import STOP, render_prompt
from selfalign.records import Constitution, Instruction, Prompt, Sampling


@dataclass(frozen=True, slots=True)
class AlignSpec:
    """How instructions are answered; the defaults are the published ones with twice the room for the answer.

    With `samples` above 1 so many answers are drawn, and the judge keeps the one whose weakest principle scores best.
    """

    sampling: Sampling = field(default_factory=lambda: Sampling(temperature=0.5, top_p=0.95, max_tokens=512))
    samples: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.samples <= 64:
            raise ValueError(f"samples: from 1 to 64 answers to each instruction, not {self.samples}")
        if self.samples > 1 and self.sampling.temperature == 0:
            raise ValueError("samples: at temperature 0 all answers would be alike; raise align.sampling.temperature")


def request_for(
    instruction: Instruction, constitution: Constitution, spec: AlignSpec, style: str
) -> tuple[Prompt, Sampling]:
    """What the model is asked for one instruction, and how. `style` is "text" or "chat"."""
    sampling = replace(spec.sampling, stop=(*spec.sampling.stop, STOP))
    return render_prompt(constitution, instruction, style), sampling
