"""The dataset card: what a dataset is, how it was made, what its limits are, how to train on it.

The text is the template card.md.j2, filled by huggingface_hub. Whatever was generated or written by users goes through
`markdown` there, so that nothing in it becomes markup; folders of this machine never reach the page.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml

from selfalign.checks import CHECK_NAMES
from selfalign.dataset.balance import describe, ranked, share
from selfalign.dataset.judged import are_pairs_scored
from selfalign.dataset.markdown import clean, fenced, inline
from selfalign.dataset.pairs import compare_sides
from selfalign.dataset.paths import public
from selfalign.dataset.summary import Summary, checks_of, describe_guided
from selfalign.engine.spec import MINIATURE
from selfalign.records import Constitution

if TYPE_CHECKING:
    from huggingface_hub import DatasetCardData

    from selfalign.dataset.export import DatasetSpec

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_TAGS = ("synthetic", "self-align", "self-instruct", "principle-engraving", "selfalign")
_MADE_WITH = ("selfalign", "vllm", "python")
# Sampling that changes nothing is not worth a word.
_NEUTRAL = {"top_k": 0, "min_p": 0.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "repetition_penalty": 1.0}


@dataclass(frozen=True, slots=True)
class Split:
    """One split of one configuration; `num_bytes` is its size in memory, as the Hub counts it."""

    configuration: str
    name: str
    num_rows: int
    num_bytes: int


@dataclass(frozen=True, slots=True)
class Card:
    """What a card is made from; `recipe` and `manifest` are the run's, as plain values, `shown` a few rows to print."""

    title: str
    spec: "DatasetSpec"
    recipe: Mapping[str, Any]
    manifest: Mapping[str, Any]
    constitution: Constitution
    summary: Summary
    splits: tuple[Split, ...]
    shown: tuple[Any, ...]


def render_card(card: Card) -> str:
    """The whole README.md of a dataset, its YAML header first."""
    from huggingface_hub import DatasetCard

    template = resources.files("selfalign.dataset").joinpath("card.md.j2").read_text(encoding="utf-8")
    values = {each.name: getattr(card, each.name) for each in fields(card)} | _values(card)
    tools = {"inline": inline, "fenced": fenced, "share": share, "public": public, "ranked": ranked, "words": _words}
    tools["compare_sides"] = compare_sides
    return f"{DatasetCard.from_template(_header(card), template_str=template, **values, **tools)}\n"


def _values(card: Card) -> dict[str, Any]:
    """What the template shows and would be awkward to work out there."""
    model = str(public((card.recipe.get("model") or {}).get("model", "")) or "an unnamed model")
    is_demo = is_miniature(card.recipe)
    return {
        "num_rows": card.summary.balance.num_examples,
        "is_miniature": is_demo,
        "model": "the built-in miniature model" if is_demo else model,
        "train_on": "MODEL" if is_demo else model,
        "source": (card.recipe.get("propose") or {}).get("source"),
        "picture": _picture(card),
        "cited": {use.id: use.cited for use in card.summary.balance.principles},
        "sampling": {step: _sampling(card.recipe.get(step) or {}) for step in ("propose", "align")},
        "versions": [f"{name} {card.manifest[name]}" for name in _MADE_WITH if card.manifest.get(name)],
        "checks": checks_of(card.recipe) or CHECK_NAMES,
        "measured": _measured(),
        "languages": _languages(card),
        "figures": describe(card.summary.balance),
        "has_margins": are_pairs_scored(card.recipe, card.manifest),
        "cells": describe_guided(card.summary.guided),
        "recipe_text": yaml.safe_dump(public(dict(card.recipe)), sort_keys=False, allow_unicode=True),
    }


def _languages(card: Card) -> list[tuple[str, str]]:
    """The languages of at least one answer in a hundred, with their shares of those that can be told."""
    found = {code: count for code, count in card.summary.balance.languages if code}
    whole = sum(found.values())
    return [(code, share(count, whole)) for code, count in ranked(found) if count >= 0.01 * whole]


def _measured() -> dict[str, Any]:
    """How well the checks agree with people's labels: what `benchmarks/checks.py` last wrote; {} where it has not."""
    file = resources.files("selfalign.checks") / "measured.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def _header(card: Card) -> "DatasetCardData":
    """The metadata that `load_dataset` and the Hub read; a missing licence is left out, and refused on a push."""
    from huggingface_hub import DatasetCardData

    own = ("selfalign-miniature",) if is_miniature(card.recipe) else ()
    by_kind: dict[str, list[Split]] = {}
    for split in card.splits:
        by_kind.setdefault(split.configuration, []).append(split)
    return DatasetCardData(
        pretty_name=" ".join(clean(card.title).split()),
        license=card.spec.licence.lower() or None,
        language=[code for code, _ in _languages(card)] or list(card.spec.language),
        annotations_creators=["machine-generated"],
        task_categories=["text-generation"],
        size_categories=[size_category(card.summary.balance.num_examples)],
        tags=list(dict.fromkeys([*_TAGS, *own, *card.spec.tags])),
        configs=[_config(kind, splits) for kind, splits in by_kind.items()],
        dataset_info=[_info(kind, splits) for kind, splits in by_kind.items()],
    )


def size_category(num_rows: int) -> str:
    """The Hub's word for a number of rows."""
    return next((name for top, name in _SIZES if num_rows < top), "1M<n<10M")


def _config(kind: str, splits: list[Split]) -> dict[str, Any]:
    files = [{"split": split.name, "path": f"{kind}/{split.name}-*.parquet"} for split in splits]
    return {"config_name": kind, **({"default": True} if kind == "engraving" else {}), "data_files": files}


def _info(kind: str, splits: list[Split]) -> dict[str, Any]:
    told = [{"name": split.name, "num_bytes": split.num_bytes, "num_examples": split.num_rows} for split in splits]
    return {"config_name": kind, "splits": told, "dataset_size": sum(split.num_bytes for split in splits)}


def is_miniature(recipe: Mapping[str, Any]) -> bool:
    """Whether a run's model is the built-in one, whose rows are for trying, testing and teaching."""
    return (recipe.get("model") or {}).get("model") == MINIATURE


def _picture(card: Card) -> str:
    """The funnel in two lines: what stayed, and under each step what left before the next."""
    counters = card.summary.counters
    steps = (
        ("existing prompts" if (card.recipe.get("propose") or {}).get("source") else "seed tasks", ""),
        (f"{counters.num_accepted + counters.num_rejected:,} proposed", f"- {counters.num_rejected:,} rejected"),
        (f"{counters.num_accepted:,} accepted", f"- {counters.num_failed:,} failed"),
        (f"{counters.num_examples:,} answered", f"- {card.summary.withheld.total():,} withheld"),
        (f"{card.summary.balance.num_examples:,} rows", ""),
    )
    widths = [len(stayed) for stayed, _ in steps]
    left = "     ".join(leaving.ljust(width) for (_, leaving), width in zip(steps, widths, strict=True))
    return " --> ".join(stayed for stayed, _ in steps) + "\n" + left.rstrip()


def _words(name: str) -> str:
    return name.replace("_", " ")


def _sampling(step: Mapping[str, Any]) -> str:
    given = step.get("sampling") or {}
    told = {key: value for key, value in given.items() if value not in ([], ()) and _NEUTRAL.get(key) != value}
    return ", ".join(f"{_words(key)} {inline(value)}" for key, value in told.items()) or "the model's own defaults"
