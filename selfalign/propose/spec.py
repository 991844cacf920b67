"""The recipe's part `propose`: how instructions are come by."""

from dataclasses import dataclass, field

from selfalign.propose.screen import ScreenSpec
from selfalign.records import Sampling


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """Where existing instructions come from.

    `path` is a run directory, a file (.jsonl, .json, .parquet), a `datasets` folder, or a dataset's name on the Hub;
    `configuration`, `split` and `revision` matter to the last two only. The fields may be paths into a row
    ("messages.0.content"). A row without `context_field` has no context; `limit` takes the first rows only.
    """

    path: str
    instruction_field: str = "instruction"
    context_field: str = "context"
    configuration: str = ""
    split: str = "train"
    revision: str = ""
    limit: int | None = None

    def __post_init__(self) -> None:
        if not self.path:
            raise ValueError("path: a run, a file, a folder or a dataset's name on the Hub is needed")
        if not self.instruction_field:
            raise ValueError("instruction_field: the name of the field that holds the instruction is needed")
        if self.limit is not None and self.limit < 1:
            raise ValueError(f"limit: at least 1 row, not {self.limit}")


@dataclass(frozen=True, slots=True)
class ProposeSpec:
    """How instructions are proposed.

    `target` accepted instructions end the proposing. `window` rounds are open at most: a wide one keeps the engine busy
    while a slow reply holds up the commits behind it, a narrow one lets the model's own instructions be shown sooner.
    Each shows `shown_seeds` + `shown_own` instructions (more seeds until the model has own ones) and asks for `asked`
    more. `max_dry_rounds` rounds in a row without one accepted instruction end it early. `source` takes instructions
    that exist already instead of asking for new ones.
    """

    target: int = 200
    window: int = 64
    shown_seeds: int = 6
    shown_own: int = 2
    asked: int = 8
    max_dry_rounds: int = 100
    screen: ScreenSpec = field(default_factory=ScreenSpec)
    sampling: Sampling = field(default_factory=lambda: Sampling(temperature=1.0, top_p=0.98, max_tokens=1024))
    source: SourceSpec | None = None

    def __post_init__(self) -> None:
        for name in ("target", "window", "shown_seeds", "asked", "max_dry_rounds"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: must be at least 1, is {getattr(self, name)}")
        if self.shown_own < 0:
            raise ValueError(f"shown_own: must be at least 0, is {self.shown_own}")
