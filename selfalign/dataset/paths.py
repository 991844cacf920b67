"""What may be told of this machine: names of files and models, never the folders they are in."""

import re
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(?::\d+)?")
_DATA_FILE = re.compile(r"\.(?:jsonl?|ya?ml|parquet|gz|txt|csv|gguf|safetensors|toml)(?::\d+)?$")
_PATH = re.compile(r"(?<![\w:/.])(?:~|\.{1,2}|[A-Za-z]:)?[/\\](?:[^\s/\\\"'`<>|]+[/\\])+([^\s/\\\"'`<>|]+)")


def public(value: Any) -> Any:
    """Plain values of a recipe or manifest with every path cut down to its last name; names on the Hub stay."""
    if isinstance(value, Mapping):
        return {key: public(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [public(inner) for inner in value]
    if isinstance(value, str) and _is_path(value):
        return PurePath(value.replace("\\", "/")).name
    return value


def public_text(text: str) -> str:
    """A message of ours with the paths in it cut down to their last names."""
    return _PATH.sub(r"\1", text)


def _is_path(value: str) -> bool:
    if "\n" in value or not ("/" in value or "\\" in value):
        return False
    if value.startswith(("/", "~", "./", "../", ".\\", "..\\", "file:")) or re.match(r"[A-Za-z]:[/\\]", value):
        return True
    if " " in value:
        return False  # words, of which some have a slash between them
    if not _HUB_NAME.fullmatch(value) or _DATA_FILE.search(value):
        return True
    try:
        return Path(value).exists()
    except (OSError, ValueError):
        return False
