"""A run directory: recipe, manifest, lock, and the journals whose replay is the state of the run.

    recipe.yaml      the resolved recipe, written before any work
    manifest.json    versions, model, digests of seeds and constitution
    lock             held while a process writes here; the kernel frees it when that process dies
    rounds.jsonl     one line per Round, in order
    outcomes.jsonl   one line per Example or Failure, any order
    judge.jsonl      what the judge was asked to measure it, with its answers; none where nothing is judged
    retried.jsonl    failures that were taken out of outcomes.jsonl to be asked again
    metrics.jsonl    counters every few seconds

The module `journal` writes and reads the journals.
"""

import errno
import fcntl
import itertools
import json
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from selfalign.errors import RunChanged, RunDirError, first_line
from selfalign.records import Constitution, Outcome, Round, Usage
from selfalign.records.lines import constitution_from_row, outcome_from_row, round_from_row
from selfalign.run.journal import Journal, read_lines, read_records, rewritten, write_advice
from selfalign.run.progress import Clock, usage_of

RECIPE = "recipe.yaml"
MANIFEST = "manifest.json"
LOCK = "lock"
ROUNDS = "rounds.jsonl"
OUTCOMES = "outcomes.jsonl"
METRICS = "metrics.jsonl"
RETRIED = "retried.jsonl"
JUDGE = "judge.jsonl"

# What a run may change between two starts: nothing here can alter an id, a prompt or a verdict already journalled.
# Of the engine's arguments these decide where and how fast it computes; all others may change what it writes.
_CHANGEABLE_KEYS = {
    "": "slots balance dataset",
    "pairs.": "max_similarity max_contained max_longer_share max_refusal_share",
    "judge.": "filter threshold min_auc weights labels",
    "model.": "seeded endpoint key_variable patience join_seconds",
    "model.engine.": (
        "gpu_memory_utilization kv_cache_memory_bytes max_num_seqs max_num_batched_tokens tensor_parallel_size "
        "pipeline_parallel_size expert_parallel_size enable_expert_parallel data_parallel_size "
        "data_parallel_size_local data_parallel_address data_parallel_rpc_port data_parallel_start_rank "
        "data_parallel_backend distributed_executor_backend cpu_offload_gb swap_space enforce_eager block_size "
        "enable_prefix_caching enable_chunked_prefill performance_mode disable_log_stats disable_log_requests "
        "download_dir load_format max_parallel_loading_workers use_tqdm_on_load compilation_config"
    ),
}
CHANGEABLE = tuple(f"{prefix}{name}" for prefix, names in _CHANGEABLE_KEYS.items() for name in names.split())


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

        self._has_unsynced_rounds = False

    def journal_round(self, finished: Round) -> None:
        """Append a round."""
        self._has_unsynced_rounds = True
        self.rounds.append(finished)

    def journal_outcome(self, outcome: Outcome) -> None:
        """Append an outcome. After a power loss the disk may hold any part of what was written last, so the rounds are
        made safe first: an answer never survives the instruction it answers."""
        if self._has_unsynced_rounds:
            self.rounds.sync()
            self._has_unsynced_rounds = False
        self.outcomes.append(outcome)

    def take_out(self, instruction_ids: Collection[str]) -> None:
        """Move the outcomes of these instructions to retried.jsonl; they count as unanswered from then on."""
        retried = Journal(self.path / RETRIED)
        with rewritten(self.path / OUTCOMES) as kept:
            for outcome, line in read_outcome_lines(self.path):
                (retried if outcome.instruction_id in instruction_ids else kept).append_line(line)
            retried.close()
        self.outcomes.close()
        self.outcomes = Journal(self.path / OUTCOMES)

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
        _lock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # no lock can be had here, so nobody holds one
        return False
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


def read_attempts(path: Path) -> Counter[str]:
    """How often each instruction was answered before its present outcome, by id."""
    return Counter(row["instruction"]["id"] for row in read_lines(path / RETRIED))


def read_lost_usage(path: Path) -> Usage:
    """The tokens of what was asked again: paid for, and in no outcome."""
    return sum((usage_of(outcome) for outcome, _ in read_records(path / RETRIED, outcome_from_row)), Usage())


def read_clock(path: Path) -> Clock:
    """A clock that goes on where the last start left it, to the last line of `metrics.jsonl`."""
    last: dict[str, Any] = {}
    for row in read_metrics(path):
        last = row
    return Clock(last.get("seconds", 0.0), last.get("working", 0.0))


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
        raise RunDirError(f"{path / name}: cannot be read ({first_line(error)})") from error
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
        _lock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(lock, 32).decode("ascii", "replace").strip()
        os.close(lock)
        raise RunDirError(f"{path}: in use by process {holder or 'unknown'}; wait for it or stop it") from None
    except OSError as error:
        os.close(lock)
        raise RunDirError(f"{path}: cannot be locked ({error.strerror}); choose an --output on another disk") from error
    try:
        os.ftruncate(lock, 0)
        os.write(lock, b"%d\n" % os.getpid())  # for people only; the lock is held whatever stands in it
    except OSError as error:
        os.close(lock)
        raise RunDirError(f"{path}: {write_advice(error)}") from error
    return lock


def _lock(file: int, how: int) -> None:
    """`flock`, or a POSIX record lock on network filesystems that have no `flock`. Raises OSError."""
    try:
        fcntl.flock(file, how)
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
        fcntl.lockf(file, how)


def _write_or_compare(path: Path, recipe: Mapping[str, Any], manifest: Mapping[str, Any]) -> None:
    # A run that never got to its first round has made nothing that another recipe could contradict.
    is_begun = is_run(path) and any(
        (path / name).stat().st_size for name in (ROUNDS, OUTCOMES) if (path / name).exists()
    )
    if is_begun:
        _refuse_changed_recipe(path, read_recipe(path), recipe)
        refuse_changed_digests(path, read_manifest(path), manifest)
    elif not is_run(path) and (foreign := sorted(_foreign_names(path))):
        raise RunDirError(f"{path}: not empty and not a run directory (it has {foreign[0]!r}); choose another --output")
    if is_begun:
        manifest = read_manifest(path)
    write_manifest(path, manifest)
    write_atomically(path / RECIPE, yaml.safe_dump(dict(recipe), sort_keys=False, allow_unicode=True))


def _foreign_names(path: Path) -> set[str]:
    ours = {LOCK, RECIPE, MANIFEST, RECIPE + ".tmp", MANIFEST + ".tmp"}
    return {entry.name for entry in path.iterdir()} - ours


def identity(path: Path) -> dict[str, Any]:
    """What makes a run this run: the keys of its recipe that may not change, and its manifest's digests."""
    recipe = {key: value for key, value in lasting(read_recipe(path)).items() if key != "propose.target"}
    return recipe | {key: value for key, value in read_manifest(path).items() if key.endswith("_digest")}


def lasting(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The dotted keys of a recipe that may not change between two starts."""
    return {key: value for key, value in _flatten(recipe) if not _may_change(key)}


def _may_change(key: str) -> bool:
    return any(key == name or key.startswith(f"{name}.") for name in CHANGEABLE)


def _refuse_changed_recipe(path: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    old_flat, new_flat = dict(_flatten(old)), dict(_flatten(new))
    for key in sorted(old_flat.keys() | new_flat.keys()):
        before, after = old_flat.get(key), new_flat.get(key)
        if before == after or _may_change(key):
            continue
        if key == "propose.target":
            if after >= before:
                continue
            raise RunChanged(f"{path}: propose.target was {before}, now {after}: it may only grow within a run")
        raise RunChanged(
            f"{path}: made with {key} = {before!r}, now {after!r}: use another --output, or the old value to continue"
        )


def write_manifest(path: Path, manifest: Mapping[str, Any]) -> None:
    """Replace the manifest of a run. Raises `RunDirError`."""
    write_atomically(path / MANIFEST, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")


def refuse_changed_digests(path: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Raise `RunChanged` for a digest that is known of both and not the same; others are news, not changes."""
    for key in sorted(key for key in new if key.endswith("_digest") and key in old):
        if old[key] != new[key]:
            what = key.removesuffix("_digest").replace("_", " ")
            raise RunChanged(f"{path}: the {what} changed since this run began; use another --output")


def _flatten(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        yield prefix, list(value) if isinstance(value, tuple) else value
        return
    for key, inner in value.items():
        yield from _flatten(inner, f"{prefix}.{key}" if prefix else str(key))
