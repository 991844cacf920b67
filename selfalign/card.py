"""The dataset card (README.md) of an exported run."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from selfalign.progress import Counters


@dataclass(frozen=True, slots=True)
class Split:
    configuration: str
    name: str
    num_rows: int
    num_bytes: int


@dataclass(frozen=True, slots=True)
class CardFacts:
    name: str
    spec: Any
    recipe: Mapping[str, Any]
    manifest: Mapping[str, Any]
    counters: Counters
    withheld: Counter[str]
    cites: Counter[str]
    splits: tuple[Split, ...]


def render_card(facts: CardFacts) -> str:
    """Stub until the card is written."""
    import yaml

    configs = {}
    for s in facts.splits:
        configs.setdefault(s.configuration, []).append({"split": s.name, "path": f"{s.configuration}/{s.name}-*.parquet"})
    header = {"configs": [{"config_name": k, "data_files": v} for k, v in configs.items()]}
    return "---\n" + yaml.safe_dump(header, sort_keys=False) + "---\n"
