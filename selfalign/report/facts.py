"""What the report's header and plots show: counted over all journals, in bounded memory, in one go with the rows."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from selfalign.dataset.balance import Balance, measure
from selfalign.errors import RunDirError, SelfAlignError
from selfalign.propose import load_seeds
from selfalign.records import (
    CheckResult,
    Constitution,
    Example,
    Failure,
    FailureReason,
    Outcome,
    RejectionReason,
    Seed,
    Verdict,
    constitution_from_row,
    outcome_from_row,
    to_row,
)
from selfalign.report import series
from selfalign.report.rows import KINDS, PartWriter
from selfalign.run import directory as rundir
from selfalign.run.progress import Counters, failure_label

MAX_ROWS = 60_000
"""Rows of each kind that a page holds; of more, an even sample. About 400 bytes each on the disk."""

TOP_VERBS = 20
TOP_OBJECTS = 4
"""What the sunburst shows: the twenty commonest verbs with four objects each (Self-Instruct, figure 3)."""


def gather(run_path: Path, writer: PartWriter) -> dict[str, Any]:
    """The facts as JSON-ready values; every row goes to `writer` on the way. Raises `RunDirError`."""
    recipe, manifest = rundir.read_recipe(run_path), rundir.read_manifest(run_path)
    constitution = _constitution(run_path, manifest)
    seeds = _seeds(recipe)
    withheld = _withheld(run_path)
    # Outcomes before rounds: of a run that goes on, an answer's round is there when the answer is.
    counters, offsets = _scan_answered(run_path)
    target = int((recipe.get("propose") or {}).get("target", 0))
    rounds = series.scan_rounds(run_path, counters)
    tally = _Tally()
    balance = measure(_write_examples(run_path, offsets["examples"], withheld, tally, writer), constitution, seeds)
    _write_failures(run_path, offsets["failed"], tally, writer)
    _write_rejections(run_path, rounds, seeds, writer)
    return {
        "about": _about(run_path, recipe, manifest, constitution),
        "funnel": _funnel(counters, target, withheld),
        "usage": to_row(counters.usage) | {"align": to_row(counters.align_usage)},
        "principles": _principles(constitution, tally),
        "balance": _balance(balance),
        "checks": {"judged": tally.num_screened, "list": _checks(recipe, tally)},
        "lengths": {name: series.length_histogram(counts) for name, counts in tally.lengths.items()},
        "similarity": series.similarity(rounds, seeds, recipe),
        "acceptance": series.acceptance(rounds),
        "rates": series.rates(run_path),
        "rows": {kind: _num_rows(counters, kind) for kind in KINDS},
        "recipe": yaml.safe_dump(dict(recipe), sort_keys=False, allow_unicode=True, width=100),
    }


class _Tally:
    """Counts that are made while the rows go by."""

    def __init__(self) -> None:
        self.lengths: dict[str, Counter[int]] = {name: Counter() for name in ("instruction", "thought", "answer")}
        self.cited: Counter[str] = Counter()
        self.alone: Counter[str] = Counter()
        self.together: Counter[tuple[str, str]] = Counter()
        self.num_cited: Counter[int] = Counter()
        self.num_screened = 0
        self.checks: Counter[tuple[str, Verdict]] = Counter()

    def add_example(self, example: Example) -> None:
        self.lengths["instruction"][series.count_words(example.instruction.text)] += 1
        self.lengths["thought"][series.count_words(example.thought)] += 1
        self.lengths["answer"][series.count_words(example.answer)] += 1
        ids = sorted(set(example.principles_cited))
        self.num_cited[len(ids)] += 1
        self.cited.update(ids)
        if len(ids) == 1:
            self.alone[ids[0]] += 1
        self.together.update((one, other) for at, one in enumerate(ids) for other in ids[at + 1 :])
        self.add_checks(example.checks)

    def add_checks(self, checks: tuple[CheckResult, ...]) -> None:
        self.num_screened += 1
        self.checks.update((result.name, result.verdict) for result in checks)


def _scan_answered(run_path: Path) -> tuple[Counters, dict[str, list[tuple[str, int]]]]:
    """The counters, and where each example and failure stands: (id, offset of its line), sorted by id."""
    counters = Counters()
    offsets: dict[str, list[tuple[str, int]]] = {"examples": [], "failed": []}
    path = run_path / rundir.OUTCOMES
    if path.exists():
        with open(path, "rb") as file:
            offset = 0
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    break  # Torn by a kill: it was never written.
                record = _record(path, number, line)
                counters.count_outcome(record)
                kind = "examples" if isinstance(record, Example) else "failed"
                offsets[kind].append((record.instruction_id, offset))
                offset += len(line)
    for places in offsets.values():
        places.sort()
    return counters, offsets


def _record(path: Path, number: int, line: bytes) -> Outcome:
    try:
        return outcome_from_row(json.loads(line))
    except (KeyError, TypeError, ValueError) as error:
        raise RunDirError(f"{path}:{number}: not a line this version wrote ({error!r})") from error


def _read_at(run_path: Path, places: list[tuple[str, int]]) -> Iterator[Outcome]:
    if not places:
        return
    with open(run_path / rundir.OUTCOMES, "rb") as file:
        for _, offset in places:
            file.seek(offset)
            yield outcome_from_row(json.loads(file.readline()))


def _write_examples(
    run_path: Path, places: list[tuple[str, int]], withheld: Mapping[str, str], tally: _Tally, writer: PartWriter
) -> Iterator[Example]:
    """Pass the examples on, sorted by id, after counting them and giving the sampled ones to the writer.

    What the dataset withholds is shown, but neither counted nor passed on: balance is a property of the dataset.
    """
    for number, example in enumerate(_read_at(run_path, places)):
        assert isinstance(example, Example)
        reason = withheld.get(example.instruction_id, "")
        if series.is_sampled(number, len(places), MAX_ROWS):
            row = _outcome_row(example) | ({"withheld": reason} if reason else {})
            writer.add("examples", row, reason=reason, cites=example.principles_cited, flags=_found(example.checks))
        if not reason:
            tally.add_example(example)
            yield example


def _write_failures(run_path: Path, places: list[tuple[str, int]], tally: _Tally, writer: PartWriter) -> None:
    for number, failure in enumerate(_read_at(run_path, places)):
        assert isinstance(failure, Failure)
        if failure.reason is FailureReason.CHECK:
            tally.add_checks(failure.checks)
        if series.is_sampled(number, len(places), MAX_ROWS):
            row = _outcome_row(failure) | {"step": failure.step, "detail": failure.detail, "excerpt": failure.excerpt}
            label = failure_label(failure)
            writer.add("failed", row, reason=label, cites=failure.principles_cited, flags=_found(failure.checks))


def _write_rejections(run_path: Path, rounds: series.Rounds, seeds: tuple[Seed, ...], writer: PartWriter) -> None:
    """Rejected proposals in the order they were made, each with the text it repeats."""
    texts = {seed.id: (seed.text, seed.context) for seed in seeds}
    total = rounds.num_rejected
    for item in series.read_neighbours(run_path, rounds.nearest_ids):
        texts[item.id] = (item.text, item.context)
    number = -1
    for finished in rundir.read_rounds(run_path):
        for rejection in finished.rejected:
            number += 1
            if number >= total or not series.is_sampled(number, total, MAX_ROWS):
                continue
            row = to_row(rejection) | {"round": finished.index}
            if rejection.nearest_id:
                text, context = texts.get(rejection.nearest_id, (None, ""))
                row["nearest"] = {"id": rejection.nearest_id, "text": text, "context": context}
            writer.add("rejected", row, reason=rejection.reason.value)


def _outcome_row(answered: Outcome) -> dict[str, Any]:
    instruction = answered.instruction
    return {
        "id": instruction.id,
        "text": instruction.text,
        "context": instruction.context,
        "source": instruction.source,
        "thought": answered.thought,
        "answer": answered.answer,
        "cites": answered.principles_cited,
        "checks": [
            (result.name, result.verdict.value, result.number, result.reason)
            for result in answered.checks
            if result.verdict is not Verdict.PASS
        ],
        "tokens": answered.usage.output_tokens,
    }


def _found(checks: tuple[CheckResult, ...]) -> list[str]:
    return [result.name for result in checks if result.verdict is not Verdict.PASS]


def _funnel(counters: Counters, target: int, withheld: Mapping[str, str]) -> dict[str, Any]:
    """Every stage with every reason, those that never occurred as well."""
    rejected = {reason.value: 0 for reason in RejectionReason} | counters.rejected
    failed = {reason.value: 0 for reason in FailureReason if reason is not FailureReason.CHECK} | counters.failed
    return {
        "target": target,
        "rounds": counters.num_rounds,
        "proposed": counters.num_accepted + counters.num_rejected,
        "accepted": counters.num_accepted,
        "answered": counters.num_answered,
        "examples": counters.num_examples,
        "withheld": _ranked(Counter(withheld.values())),
        "rejected": _ranked(rejected),
        "failed": _ranked(failed),
    }


def _num_rows(counters: Counters, kind: str) -> dict[str, int]:
    totals = {"examples": counters.num_examples, "failed": counters.num_failed, "rejected": counters.num_rejected}
    return {"total": totals[kind], "shown": min(MAX_ROWS, totals[kind])}


def _ranked(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _about(
    run_path: Path, recipe: Mapping[str, Any], manifest: Mapping[str, Any], constitution: Constitution | None
) -> dict[str, Any]:
    persona = constitution.persona if constitution else None
    return {
        "name": str(recipe.get("name") or run_path.resolve().name),
        "model": str(manifest.get("model") or ""),
        "revision": str(manifest.get("model_revision") or ""),
        "miniature": manifest.get("model") == "miniature",
        "constitution": constitution.name if constitution else "",
        "constitution_about": constitution.about if constitution else "",
        "constitution_digest": str(manifest.get("constitution_digest") or ""),
        "persona": to_row(persona) if persona else {},
        "demonstrations": len(constitution.demonstrations) if constitution else 0,
        "seeds": list(map(str, recipe.get("seeds") or ())),
        "rng_seed": recipe.get("rng_seed"),
        "versions": {name: str(manifest[name]) for name in ("selfalign", "vllm", "python") if manifest.get(name)},
        "is_running": rundir.is_running(run_path),
        **_dates(run_path),
    }


def _dates(run_path: Path) -> dict[str, str]:
    """When the run began and when its last counters were written, in UTC; nothing where nobody wrote it down."""
    times = [row["time"] for row in rundir.read_metrics(run_path) if isinstance(row.get("time"), (int, float))]
    if not times:
        return {}
    stamp = "%Y-%m-%d %H:%M"
    first, last = (datetime.fromtimestamp(time, UTC).strftime(stamp) for time in (min(times), max(times)))
    return {"began": first, "ended": last}


def _principles(constitution: Constitution | None, tally: _Tally) -> dict[str, Any]:
    known = [(item.id, item.name, item.rule) for item in constitution.principles] if constitution else []
    ids = {id_ for id_, _, _ in known}
    known += [(id_, id_, "") for id_ in sorted(tally.cited) if id_ not in ids]
    numbers = {id_: number for number, (id_, _, _) in enumerate(known)}
    return {
        "list": [
            {"id": id_, "name": name, "rule": rule, "cited": tally.cited[id_], "alone": tally.alone[id_]}
            for id_, name, rule in known
        ],
        "together": [[numbers[one], numbers[other], count] for (one, other), count in sorted(tally.together.items())],
        "num_cited": sorted(tally.num_cited.items()),
    }


def _checks(recipe: Mapping[str, Any], tally: _Tally) -> list[dict[str, Any]]:
    """Every check that ran, with what it found; journals need not hold the results of those that found nothing."""
    ran = {name for name, action in (recipe.get("checks") or {}).items() if action in ("fail", "flag")}
    ran.update(name for name, _ in tally.checks)
    outcomes = (Verdict.FLAG, Verdict.FAIL)
    return [{"name": name} | {each.value: tally.checks[name, each] for each in outcomes} for name in sorted(ran)]


def _balance(balance: Balance) -> dict[str, Any]:
    row = to_row(balance)
    verbs: Counter[str] = Counter()
    objects: dict[str, list[tuple[str, int]]] = {}
    for verb, noun, count in balance.verb_objects:
        verbs[verb] += count
        if noun:
            objects.setdefault(verb, []).append((noun, count))
    row["num_verbs"] = len(verbs)
    row["num_with_verb"] = verbs.total()
    row["verbs"] = [[verb, count, objects.get(verb, [])[:TOP_OBJECTS]] for verb, count in _ranked(verbs)[:TOP_VERBS]]
    for shown_elsewhere in ("verb_objects", "principles", "together"):
        del row[shown_elsewhere]
    return row


def _constitution(run_path: Path, manifest: Mapping[str, Any]) -> Constitution | None:
    if "constitution" not in manifest:
        return None
    try:
        return constitution_from_row(manifest["constitution"])
    except (KeyError, TypeError, ValueError) as error:
        where = run_path / rundir.MANIFEST
        raise RunDirError(f"{where}: no constitution this version wrote ({error!r})") from error


def _seeds(recipe: Mapping[str, Any]) -> tuple[Seed, ...]:
    """The seeds, where their files still lie where the recipe says; the report is written without them otherwise."""
    try:
        return load_seeds(recipe.get("seeds") or ())
    except SelfAlignError:
        return ()


def _withheld(run_path: Path) -> dict[str, str]:
    """Ids of finished examples that the last export left out of the dataset, with the reason."""
    rows = rundir.read_lines(run_path / "dataset" / "withheld.jsonl")
    return {str(row.get("id")): str(row.get("reason") or "withheld") for row in rows}
