"""The card's metadata: what `load_dataset` and the Hub read."""

from typing import Any

from selfalign.dataset.card.facts import CardFacts
from selfalign.dataset.card.markdown import clean

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def card_header(facts: CardFacts) -> dict[str, Any]:
    """The card's metadata in the Hub's terms; a missing licence is left out, and refused on a push."""
    header: dict[str, Any] = {"pretty_name": " ".join(clean(facts.title).split())}
    if facts.licence:
        header["license"] = facts.licence.lower()
    own_tags = ["synthetic", "self-align", "self-instruct", "principle-engraving", "selfalign"]
    if facts.is_miniature:
        own_tags.append("selfalign-miniature")
    return {
        **header,
        "language": list(facts.language),
        "annotations_creators": ["machine-generated"],
        "task_categories": ["text-generation"],
        "size_categories": [size_category(facts.num_rows)],
        "tags": list(dict.fromkeys([*own_tags, *facts.tags])),
        "configs": [_config(facts, name) for name in _configurations(facts)],
        "dataset_info": [_info(facts, name) for name in _configurations(facts)],
    }


def size_category(num_rows: int) -> str:
    """The Hub's word for a number of rows."""
    return next((name for top, name in _SIZES if num_rows < top), "1M<n<10M")


def _configurations(facts: CardFacts) -> list[str]:
    return list(dict.fromkeys(split.configuration for split in facts.splits))


def _config(facts: CardFacts, name: str) -> dict[str, Any]:
    files = [
        {"split": split.name, "path": f"{name}/{split.name}-*.parquet"}
        for split in facts.splits
        if split.configuration == name
    ]
    default = {"default": True} if name == "engraving" else {}
    return {"config_name": name, **default, "data_files": files}


def _info(facts: CardFacts, name: str) -> dict[str, Any]:
    splits = [split for split in facts.splits if split.configuration == name]
    return {
        "config_name": name,
        "splits": [{"name": item.name, "num_bytes": item.num_bytes, "num_examples": item.num_rows} for item in splits],
        "dataset_size": sum(split.num_bytes for split in splits),
    }
