"""The recipe's part `propose`: how instructions are come by."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from selfalign.errors import did_you_mean
from selfalign.propose.screen import ScreenSpec
from selfalign.records import SELF_INSTRUCT, Sampling

GUIDED = "guided"
PROPOSERS = (SELF_INSTRUCT, GUIDED)
"""The proposers that a recipe can mix."""


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
class GuidedSpec:
    """How guided proposals are made.

    One asks for `asked` requests, or for more topics of a kind until it has `topics`, and later until each cell of the
    kind has a line. A cell is left alone after `tries` requests in a row that came to nothing.
    """

    asked: int = 5
    topics: int = 25
    tries: int = 4
    sampling: Sampling = field(default_factory=lambda: Sampling(temperature=1.0, top_p=0.95, max_tokens=384))

    def __post_init__(self) -> None:
        for name, least in (("asked", 2), ("topics", 1), ("tries", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name}: must be at least {least}, is {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class ProposeSpec:
    """How instructions are proposed.

    `target` accepted instructions end the proposing. `window` rounds are open at most: a wide one keeps the engine busy
    while a slow reply holds up the commits behind it, a narrow one lets the model's own instructions be shown sooner;
    None lets it follow from `slots` and `asked`. `mix` has the proposers with their shares of what is asked for.
    Self-Instruct shows `shown_seeds` + `shown_own` instructions (more seeds until the model has own ones) and asks for
    `asked` more; `guide`, by built-in name or file, is what `guided` goes by. `max_dry_rounds` rounds in a row without
    one accepted instruction end it early. `source` takes instructions that exist already in place of new ones.
    """

    target: int = 200
    window: int | None = None
    mix: Mapping[str, float] = field(default_factory=lambda: {SELF_INSTRUCT: 1.0})
    shown_seeds: int = 6
    shown_own: int = 2
    asked: int = 8
    max_dry_rounds: int = 100
    guide: str = "default"
    guided: GuidedSpec = field(default_factory=GuidedSpec)
    screen: ScreenSpec = field(default_factory=ScreenSpec)
    sampling: Sampling = field(default_factory=lambda: Sampling(temperature=1.0, top_p=0.98, max_tokens=1024))
    source: SourceSpec | None = None

    def __post_init__(self) -> None:
        for name in ("target", "window", "shown_seeds", "asked", "max_dry_rounds"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise ValueError(f"{name}: must be at least 1, is {value}")
        if self.shown_own < 0:
            raise ValueError(f"shown_own: must be at least 0, is {self.shown_own}")
        self._check_mix()

    def _check_mix(self) -> None:
        for name, share in self.mix.items():
            if name not in PROPOSERS:
                raise ValueError(f"mix: unknown proposer {name!r}{did_you_mean(str(name), PROPOSERS)}")
            if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share < math.inf:
                raise ValueError(f"mix: the share of {name} must be a number from 0 up, is {share!r}")
        if not any(self.mix.values()):
            raise ValueError("mix: at least one proposer must have a share above 0")
        if self.source is not None and self.is_guided:
            raise ValueError("mix: instructions of a source cannot be mixed with others")

    @property
    def is_guided(self) -> bool:
        """Whether a guide is needed."""
        return self.mix.get(GUIDED, 0) > 0
