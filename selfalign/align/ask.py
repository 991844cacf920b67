"""Asking: one instruction behind the constitution, one completion with thought, citation and answer in it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from selfalign.align.prompt import STOP, render_prompt
from selfalign.records import Constitution, Instruction, Prompt, Sampling


@dataclass(frozen=True, slots=True)
class DebateSpec:
    """A debate: `agents` answer, and in each of the `rounds` after the first they see one another's answers and answer
    again. Raises ValueError ("<key>: ...")."""

    agents: int = 3
    rounds: int = 2

    def __post_init__(self) -> None:
        for name in ("agents", "rounds"):
            if not 2 <= getattr(self, name) <= 16:
                raise ValueError(f"{name}: from 2 to 16, not {getattr(self, name)}")

    @property
    def completions(self) -> int:
        """So many are asked for at most."""
        return self.agents * self.rounds

    @property
    def shown_drafts(self) -> int:
        """So many answers stand at most in the prompts of all later rounds together."""
        return self.agents * self.agents * (self.rounds - 1)


@dataclass(frozen=True, slots=True)
class AlignSpec:
    """How instructions are answered; the defaults are the published ones with twice the room for the answer.

    With `samples` above 1 so many answers are drawn, and the judge keeps the one whose weakest principle scores best;
    with `debate` the answers are drawn, shown to one another and written anew before one is kept.
    """

    sampling: Sampling = field(default_factory=lambda: Sampling(temperature=0.5, top_p=0.95, max_tokens=512))
    samples: int = 1
    debate: DebateSpec | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.samples <= 64:
            raise ValueError(f"samples: from 1 to 64 answers to each instruction, not {self.samples}")
        if self.samples > 1 and self.debate is not None:
            raise ValueError("debate: draws answers of its own and cannot go with align.samples; drop one of the two")
        several = "samples" if self.samples > 1 else "debate" if self.debate is not None else None
        if several and self.sampling.temperature == 0:
            raise ValueError(f"{several}: at temperature 0 all answers are alike; raise align.sampling.temperature")


def request_for(
    instruction: Instruction, constitution: Constitution, spec: AlignSpec, style: str, drafts: Sequence[str] = ()
) -> tuple[Prompt, Sampling]:
    """What the model is asked for one instruction, and how. `style` is "text" or "chat"; `drafts` are answers shown."""
    sampling = replace(spec.sampling, stop=(*spec.sampling.stop, STOP))
    return render_prompt(constitution, instruction, style, drafts), sampling
