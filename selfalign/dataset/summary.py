"""What is known of a run and its dataset as a whole, measured once: `summary.json`, beside the dataset.

The export writes it; card, report and `status` read it as long as it fits the journals.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from selfalign.align.contrast import PairsSpec
from selfalign.checks import CHECK_NAMES, Compliance
from selfalign.dataset.balance import Balance, Tally, balance_from_row, stance_of
from selfalign.dataset.judged import Judged, JudgeTally
from selfalign.dataset.pairs import Pair, PairFigures, PairTally, Unpaired, figures_from_row, surplus_pairs
from selfalign.errors import RunDirError, SelfAlignError
from selfalign.propose import (
    GUIDED,
    GuidedSummary,
    Line,
    condense,
    describe_cells,
    guided_from_row,
    load_guide,
    load_seeds,
    summarise_cells,
)
from selfalign.records import (
    Example,
    Failure,
    FailureReason,
    Seed,
    Usage,
    Verdict,
    to_row,
)
from selfalign.records.lines import outcome_from_row
from selfalign.run import directory as rundir
from selfalign.run.journal import num_bytes, read_at, read_records
from selfalign.run.progress import Counters, failure_label

FOLDER = "dataset"
SUMMARY = "summary.json"
WITHHELD = "withheld.jsonl"

Place = tuple[str, int]
"""An instruction's id, and the byte in the journal of outcomes at which its line begins."""


@dataclass(slots=True)
class Outcomes:
    """One pass over the outcomes: what they add up to, and where each of them is, sorted by id.

    `stopped` counts answers by the checks that failed them; `unstorable` are ids of examples that have no UTF-8 form.
    """

    counters: Counters
    examples: list[Place] = field(default_factory=list)
    failures: list[Place] = field(default_factory=list)
    stopped: Counter[str] = field(default_factory=Counter)
    unstorable: set[str] = field(default_factory=set)
    num_bytes: int = 0
    judged: Judged = field(default_factory=Judged)


@dataclass(frozen=True, slots=True)
class Summary:
    """`counters` is the funnel; `withheld` counts finished examples that the dataset leaves out, by reason.

    `balance` is measured over the rows of the dataset, `flagged` counts them by check, `stopped` counts the answers
    that each check failed. `guided` tells of the cells, over all answers; None where the run was not guided.
    `num_bytes` is how long the journals were; `pairs` is None where the run makes none, `judge` empty where nothing is
    judged (`judged.Judged.figures`).
    """

    counters: Counters
    withheld: Counter[str]
    balance: Balance
    flagged: Counter[str]
    stopped: Counter[str]
    guided: GuidedSummary | None
    num_bytes: Mapping[str, int]
    pairs: PairFigures | None = None
    judge: Mapping[str, Any] = field(default_factory=dict)

    @property
    def num_checked(self) -> int:
        """Rows of the dataset, and answers that a check failed."""
        labels = self.counters.failed.items()
        return self.balance.num_examples + sum(count for label, count in labels if label.startswith("check: "))


def scan_outcomes(run_path: Path) -> Outcomes:
    """Read the journal of outcomes once. Raises `RunDirError` where it is damaged or names an id twice."""
    path = run_path / rundir.OUTCOMES
    found, judged = Outcomes(Counters()), JudgeTally(run_path)
    for outcome, line in read_records(path, outcome_from_row):
        found.counters.count_outcome(outcome)
        judged.add(outcome)
        found.num_bytes = line.offset + len(line.text)
        if isinstance(outcome, Failure):
            found.failures.append((outcome.instruction_id, line.offset))
            found.stopped.update(_stopping(outcome))
            continue
        found.examples.append((outcome.instruction_id, line.offset))
        if b"\\ud" in line.text and not _is_unicode(outcome):
            found.unstorable.add(outcome.instruction_id)
    found.judged = judged.judged()
    for places in (found.examples, found.failures):
        places.sort()
    for (before, _), (after, _) in pairwise(found.examples):
        if before == after:
            raise RunDirError(f"{path}: {after} occurs twice; the journal was changed")
    return found


def read_places(run_path: Path, places: list[Place]) -> Iterator[Any]:
    """The outcomes at these places, in this order."""
    if not places:
        return iter(())
    return read_at(run_path / rundir.OUTCOMES, (offset for _, offset in places), outcome_from_row)


class Measure:
    """Measures the rows of a dataset while they go by; `places` is where all of them are."""

    def __init__(self, run_path: Path, places: list[Place]) -> None:
        self._run_path = run_path
        self._recipe = rundir.read_recipe(run_path)
        self._tally = Tally(read_seeds(self._recipe), checks_of(self._recipe))
        self._flagged: Counter[str] = Counter()
        spec, ran = pairs_spec(self._recipe), checks_of(self._recipe)
        self._pairs = None
        if spec is not None:
            self._pairs = PairTally(spec, ran, surplus_pairs(read_places(run_path, places), spec, ran))

    def add(self, example: Example) -> tuple[list[Pair], list[Unpaired]]:
        """Measure one row; returns its pairs, and its contrasting answers that make none."""
        self._tally.add(example)
        self._flagged.update(check.name for check in example.checks if check.verdict is Verdict.FLAG)
        return self._pairs.add(example) if self._pairs else ([], [])

    def summary(self, outcomes: Outcomes, withheld: Mapping[str, str]) -> Summary:
        """The summary of the rows that were added; `withheld` has the reason for each id that was left out."""
        outcomes.counters.target = _target(self._recipe)
        sizes = {name: num_bytes(self._run_path / name) for name in (rundir.ROUNDS, rundir.OUTCOMES)}
        # Rounds after outcomes: what is answered by now has its round, so the sums hold while a run goes on.
        for finished in rundir.read_rounds(self._run_path):
            outcomes.counters.count_round(finished)
        return Summary(
            outcomes.counters,
            Counter(withheld.values()),
            self._tally.balance(rundir.read_constitution(self._run_path)),
            self._flagged,
            outcomes.stopped,
            read_guided(self._run_path, self._recipe),
            sizes | {rundir.OUTCOMES: outcomes.num_bytes},
            self._pairs.figures() if self._pairs else None,
            outcomes.judged.figures,
        )


def summarise(run_path: Path, outcomes: Outcomes) -> Summary:
    """The summary that the export wrote where it fits the journals; otherwise what they hold is measured now."""
    if stored := read_summary(run_path):
        return stored
    withheld = read_withheld(run_path)
    places = [place for place in outcomes.examples if place[0] not in withheld]
    measure = Measure(run_path, places)
    for example in read_places(run_path, places):
        measure.add(example)
    return measure.summary(outcomes, withheld)


def read_summary(run_path: Path) -> Summary | None:
    """The summary of a run's dataset; None where there is none, or the journals have changed since it was written."""
    try:
        row = json.loads((run_path / FOLDER / SUMMARY).read_text(encoding="utf-8"))
        summary = _from_row(row)
    except (OSError, KeyError, TypeError, ValueError):
        return None  # not exported yet, or by another version
    summary.counters.target = _target(rundir.read_recipe(run_path))  # may have been raised since
    fits = all(num_bytes(run_path / name) == size for name, size in summary.num_bytes.items())
    return summary if fits else None


def write_summary(folder: Path, summary: Summary) -> None:
    """Write `summary.json` into a dataset's folder. Raises OSError."""
    (folder / SUMMARY).write_text(json.dumps(to_row(summary), indent=1) + "\n", encoding="utf-8")


def read_withheld(run_path: Path) -> dict[str, str]:
    """Why finished examples were left out of the dataset, by id."""
    rows = rundir.read_lines(run_path / FOLDER / WITHHELD)
    return {str(row.get("id")): str(row.get("reason") or "withheld") for row in rows}


def checks_of(recipe: Mapping[str, Any]) -> list[str]:
    """The checks that a run's recipe has not switched off, in their order; none where it says nothing of checks."""
    actions = recipe.get("checks")
    return [name for name in CHECK_NAMES if actions.get(name) != "off"] if actions else []


def pairs_spec(recipe: Mapping[str, Any]) -> PairsSpec | None:
    """How a run's pairs are made; None where its recipe wants none."""
    row = recipe.get("pairs")
    return PairsSpec(**{**row, "sampling": None}) if row is not None else None


def read_seeds(recipe: Mapping[str, Any]) -> tuple[Seed, ...]:
    """The seeds of a run; none where their files are no longer where its recipe says."""
    try:
        return load_seeds(recipe.get("seeds") or ())
    except SelfAlignError:
        return ()


def describe_guided(guided: GuidedSummary | None) -> list[str]:
    """What became of a guide's cells in lines for people; none where the run is not guided."""
    return list(describe_cells(guided)) if guided else []


def is_guided(recipe: Mapping[str, Any]) -> bool:
    """Whether a guide decides what part of a run's instructions are about."""
    return bool(((recipe.get("propose") or {}).get("mix") or {}).get(GUIDED))


def read_guided(run_path: Path, recipe: Mapping[str, Any]) -> GuidedSummary | None:
    """What the journals tell of a guide's cells; None where the run is not guided."""
    if not is_guided(recipe):
        return None
    ran = checks_of(recipe)
    rounds, outcomes = rundir.read_rounds(run_path), rundir.read_outcomes(run_path)
    cells = summarise_cells(rounds, outcomes, lambda example: stance_of(example, ran) is not Compliance.COMPLIES)
    return condense(cells, recipe["propose"]["guided"]["tries"])


def read_lines_of_guide(recipe: Mapping[str, Any]) -> tuple[Line, ...]:
    """The examples of a run's guide; none where it has none, or where its file is no longer where the recipe says."""
    spec = recipe.get("propose") or {}
    try:
        return tuple(load_guide(spec["guide"]).lines) if is_guided(recipe) else ()
    except SelfAlignError:
        return ()


def _target(recipe: Mapping[str, Any]) -> int:
    return int((recipe.get("propose") or {}).get("target", 0))


def _from_row(row: Mapping[str, Any]) -> Summary:
    counts = {name: Counter(row[name]) for name in ("withheld", "flagged", "stopped")}
    counters = dict(row["counters"])
    for name in ("rejected", "failed"):
        counters[name] = Counter(counters[name])
    for name in ("propose_usage", "align_usage", "pairs_usage", "revise_usage"):
        counters[name] = Usage(**counters[name])
    read = {
        "counters": Counters(**counters),
        "balance": balance_from_row(row["balance"]),
        "guided": row["guided"] and guided_from_row(row["guided"]),
        "pairs": figures_from_row(row["pairs"]),
    }
    return Summary(**{**row, **counts, **read})


def _stopping(failure: Failure) -> set[str]:
    """The checks that failed an answer."""
    if failure.reason is not FailureReason.CHECK:
        return set()
    names = {check.name for check in failure.checks if check.verdict is Verdict.FAIL}
    return names or {failure_label(failure).removeprefix("check: ")}


def _is_unicode(example: Example) -> bool:
    """Whether the texts can be stored: a lone surrogate (half a character) has no UTF-8 form."""
    try:
        for text in (example.instruction.text, example.instruction.context, example.thought, example.answer):
            text.encode()
    except UnicodeEncodeError:
        return False
    return True
