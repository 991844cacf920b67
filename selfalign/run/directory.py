"""A run directory: recipe, manifest, lock, and the journals whose replay is the state of the run.

    recipe.yaml      the resolved recipe, written before any work
    manifest.json    versions, model, digests of seeds and constitution
    lock             held (flock) while a process writes here; the kernel frees it when that process dies
    rounds.jsonl     one line per Round, in order
    outcomes.jsonl   one line per Example or Failure, any order
    metrics.jsonl    counters every few seconds

The module `journal` writes and reads the journals.
"""

import fcntl
import itertools
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from selfalign.errors import RunChanged, RunDirError
from selfalign.records import Constitution, Outcome, Round, constitution_from_row, outcome_from_row, round_from_row
from selfalign.run.journal import Journal, read_lines, read_records, write_advice

RECIPE = "recipe.yaml"
MANIFEST = "manifest.json"
LOCK = "lock"
ROUNDS = "rounds.jsonl"
OUTCOMES = "outcomes.jsonl"
METRICS = "metrics.jsonl"

# What a run may change between two starts: none of these can alter an id, a prompt or a verdict already journalled.
CHANGEABLE = ("slots", "balance", "dataset")


class RunDir:
    """A run directory opened for writing; a context manager that holds the lock.

    `recipe` is the resolved recipe and `manifest` what it resolved to, both as plain JSON values. In an empty or
    new folder they are written; in one whose rounds have begun they must agree with what stands there, but for
    `CHANGEABLE` and a `propose.target` that grows. Raises `RunDirError`.
    """

    def __init__(self, path: Path, recipe: Mapping[str, Any], manifest: Mapping[str, Any]) -> None:
        self.path = path
        self._lock = _take_lock(path)
        try:
            _write_or_compare(path, recipe, manifest)
            self.rounds = Journal(path / ROUNDS)
            self.outcomes = Journal(path / OUTCOMES)
            self.metrics = Journal(path / METRICS)
        except BaseException:
            os.close(self._lock)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for journal in (self.rounds, self.outcomes, self.metrics):
            journal.close()
        os.close(self._lock)


def is_run(path: Path) -> bool:
    """Whether a folder is a run directory."""
    return (path / RECIPE).is_file() and (path / MANIFEST).is_file()


def set_aside(path: Path) -> Path:
    """Move a run out of the way, to the first free of "<name>-1", "<name>-2" ...; returns its new path."""
    number = next(number for number in itertools.count(1) if not path.with_name(f"{path.name}-{number}").exists())
    try:
        return path.rename(path.with_name(f"{path.name}-{number}"))
    except OSError as error:
        raise RunDirError(f"{path}: cannot be set aside ({error.strerror})") from error


def is_running(path: Path) -> bool:
    """Whether a living process holds the run's lock."""
    try:
        lock = os.open(path / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def read_recipe(path: Path) -> dict[str, Any]:
    """The resolved recipe of a run, as plain values. Raises `RunDirError` where `path` is no run."""
    return _read(path, RECIPE, yaml.safe_load)


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of a run. Raises `RunDirError` where `path` is no run."""
    return _read(path, MANIFEST, json.loads)


def read_constitution(path: Path) -> Constitution:
    """The constitution of a run. Raises `RunDirError` where its manifest has none that this version can read."""
    try:
        return constitution_from_row(read_manifest(path)["constitution"])
    except (KeyError, TypeError, ValueError) as error:
        raise RunDirError(f"{path / MANIFEST}: no constitution this version wrote ({error!r})") from error


def read_rounds(path: Path) -> Iterator[Round]:
    """The rounds journalled so far, in order. Raises `RunDirError` with file and line on a damaged journal."""
    return (record for record, _ in read_records(path / ROUNDS, round_from_row))


def read_outcomes(path: Path) -> Iterator[Outcome]:
    """Examples and failures in the order they were finished. Raises `RunDirError` on a damaged journal."""
    return (record for record, _ in read_records(path / OUTCOMES, outcome_from_row))


def read_outcome_lines(path: Path) -> Iterator[tuple[Outcome, bytes]]:
    """As `read_outcomes`, each with the line it stands on, for copying it as it is."""
    return ((record, line.text) for record, line in read_records(path / OUTCOMES, outcome_from_row))


def read_metrics(path: Path) -> Iterator[dict[str, Any]]:
    """The counters of `metrics.jsonl`, oldest first."""
    return read_lines(path / METRICS)


def write_atomically(path: Path, text: str) -> None:
    """Replace a file's content in one step: temporary file, flush to disk, rename. Raises `RunDirError`."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise RunDirError(f"{path}: {write_advice(error)}") from error


def _read(path: Path, name: str, parse: Callable[[str], Any]) -> dict[str, Any]:
    try:
        content = parse((path / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunDirError(f"{path}: not a run directory (it has no {name})") from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        first_line = str(error).splitlines()[0]
        raise RunDirError(f"{path / name}: cannot be read ({first_line})") from error
    if not isinstance(content, dict):
        raise RunDirError(f"{path / name}: not a mapping; the file was changed by something else")
    return content


def _take_lock(path: Path) -> int:
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise RunDirError(f"{path}: {write_advice(error)}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(lock, 32).decode("ascii", "replace").strip()
        os.close(lock)
        raise RunDirError(f"{path}: in use by process {holder or 'unknown'}; wait for it or stop it") from None
    os.ftruncate(lock, 0)
    os.write(lock, b"%d\n" % os.getpid())
    return lock


def _write_or_compare(path: Path, recipe: Mapping[str, Any], manifest: Mapping[str, Any]) -> None:
    # A run that never got to its first round has made nothing that another recipe could contradict.
    is_begun = is_run(path) and any(
        (path / name).stat().st_size for name in (ROUNDS, OUTCOMES) if (path / name).exists()
    )
    if is_begun:
        _refuse_changed_recipe(path, read_recipe(path), recipe)
        _refuse_changed_sources(path, read_manifest(path), manifest)
    elif not is_run(path) and (foreign := sorted(_foreign_names(path))):
        raise RunDirError(f"{path}: not empty and not a run directory (it has {foreign[0]!r}); choose another --output")
    if is_begun:
        manifest = read_manifest(path)
    write_atomically(path / MANIFEST, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    write_atomically(path / RECIPE, yaml.safe_dump(dict(recipe), sort_keys=False, allow_unicode=True))


def _foreign_names(path: Path) -> set[str]:
    ours = {LOCK, RECIPE, MANIFEST, RECIPE + ".tmp", MANIFEST + ".tmp"}
    return {entry.name for entry in path.iterdir()} - ours


def _refuse_changed_recipe(path: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    old_flat, new_flat = dict(_flatten(old)), dict(_flatten(new))
    for key in sorted(old_flat.keys() | new_flat.keys()):
        before, after = old_flat.get(key), new_flat.get(key)
        if before == after or key.split(".")[0] in CHANGEABLE:
            continue
        if key == "propose.target":
            if after >= before:
                continue
            raise RunChanged(f"{path}: propose.target was {before}, now {after}: it may only grow within a run")
        raise RunChanged(
            f"{path}: made with {key} = {before!r}, now {after!r}: use another --output, or the old value to continue"
        )


def _refuse_changed_sources(path: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    for key in sorted(key for key in new if key.endswith("_digest")):
        if old.get(key) != new[key]:
            what = key.removesuffix("_digest").replace("_", " ")
            raise RunChanged(f"{path}: the {what} changed since this run began; use another --output")


def _flatten(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        yield prefix, list(value) if isinstance(value, tuple) else value
        return
    for key, inner in value.items():
        yield from _flatten(inner, f"{prefix}.{key}" if prefix else str(key))
