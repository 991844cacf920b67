"""What a card is made from."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from selfalign.dataset.balance import Balance
from selfalign.records import Constitution, Example
from selfalign.run.progress import Counters


@dataclass(frozen=True, slots=True)
class Split:
    """One split of one configuration; `num_bytes` is its size in memory, as the Hub counts it."""

    configuration: str
    name: str
    num_rows: int
    num_bytes: int


@dataclass(frozen=True, slots=True)
class CardFacts:
    """Everything the card says.

    `recipe` and `manifest` are the run's, as plain values. `withheld` counts finished examples that were left out,
    by reason; `balance` has the figures over all rows, `checks` counts rows by check and outcome. `shown`
    are a few rows to print.
    """

    title: str
    licence: str
    language: tuple[str, ...]
    tags: tuple[str, ...]
    recipe: Mapping[str, Any]
    manifest: Mapping[str, Any]
    counters: Counters
    withheld: Counter[str]
    balance: Balance
    checks: Counter[tuple[str, str]]
    splits: tuple[Split, ...]
    constitution: Constitution
    shown: tuple[Example, ...]
    is_miniature: bool

    @property
    def num_rows(self) -> int:
        """Rows of the dataset: one configuration's splits together."""
        return sum(split.num_rows for split in self.splits if split.configuration == "full")


def public(value: Any) -> Any:
    """A recipe's values with folders of this machine cut down to the last name."""
    if isinstance(value, Mapping):
        return {key: public(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [public(inner) for inner in value]
    if isinstance(value, str) and "\n" not in value and (value.startswith(("/", "~", "./", "../")) and "/" in value):
        return PurePath(value).name
    return value
