"""Where the data that comes with selfalign lies: recipes, constitutions, seeds, guides, the miniature.

In a checkout they are the repository's own top-level folders; a wheel carries them as package data.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def builtin_folder(kind: str) -> Path:
    """The folder of one kind of built-in data: "recipes", "principles", "seeds", "guides" or "miniature"."""
    if kind == "miniature":
        return _PACKAGE / "miniature"
    packaged = _PACKAGE / "data" / kind
    return packaged if packaged.is_dir() else _PACKAGE.parent / kind


def find_data(kind: str, name_or_path: str, suffix: str) -> Path | None:
    """The file a user means: a path that exists, else the built-in of that name, else None."""
    path = Path(name_or_path)
    if path.is_file():
        return path
    builtin = builtin_folder(kind) / f"{name_or_path}{suffix}"
    return builtin if builtin.is_file() else None


def builtin_names(kind: str, suffix: str) -> list[str]:
    """The names a user can say instead of a path, sorted."""
    return sorted(path.stem for path in builtin_folder(kind).glob(f"*{suffix}"))
