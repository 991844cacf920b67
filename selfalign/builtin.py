"""Where the data that comes with selfalign lies: recipes, constitutions, seeds, guides, the miniature.

In a checkout they are the repository's own top-level folders; a wheel carries them as package data.
"""

from pathlib import Path

from selfalign.errors import RecipeError, did_you_mean

_PACKAGE = Path(__file__).resolve().parent


def builtin_folder(kind: str) -> Path:
    """The folder of one kind of built-in data: "recipes", "principles", "seeds", "guides" or "miniature"."""
    if kind == "miniature":
        return _PACKAGE / "miniature"
    packaged = _PACKAGE / "data" / kind
    return packaged if packaged.is_dir() else _PACKAGE.parent / kind


def find_data(kind: str, name_or_path: str, suffix: str) -> Path | None:
    """The file a user means: a path that exists, else the built-in of that name, else None. Raises `RecipeError` for
    what can be no name."""
    places = Path(name_or_path), builtin_folder(kind) / f"{name_or_path}{suffix}"
    try:
        return next((path for path in places if path.is_file()), None)
    except OSError as error:
        raise RecipeError(f"{name_or_path[:80]}: cannot be read: {error.strerror}") from None


def require_data(kind: str, name_or_path: str, suffix: str, what: str) -> Path:
    """The same where it must be there. `what` is meant ("a constitution"). Raises `RecipeError`."""
    if path := find_data(kind, name_or_path, suffix):
        return path
    if Path(name_or_path).is_dir():
        raise RecipeError(f"{name_or_path}: is a folder, not {what}")
    if "/" in name_or_path or name_or_path.endswith((suffix, ".yml", ".json")):
        raise RecipeError(f"{name_or_path}: no such file")
    known = did_you_mean(name_or_path, builtin_names(kind, suffix))
    raise RecipeError(f"no {what.split()[-1]} named {name_or_path!r}{known}")


def builtin_names(kind: str, suffix: str) -> list[str]:
    """The names a user can say instead of a path, sorted."""
    return sorted(path.stem for path in builtin_folder(kind).glob(f"*{suffix}"))
