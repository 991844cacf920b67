"""The judge over a whole run: how far it can be trusted by now, which rows it would leave out, which are near the line.

Whether it may filter is decided here, when a dataset is made, from what a run has kept: no engine is asked. So a
threshold, weights or labels can change afterwards, and `selfalign export` takes them over.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from selfalign.dataset.pairs import ALIGNED
from selfalign.errors import PromptRefused
from selfalign.judge import (
    MIN_LABELLED,
    JudgeSpec,
    Label,
    Measure,
    follows_question,
    load_labels,
    refuse_unknown_weights,
    weakest,
)
from selfalign.judge.record import LABELS, Asked, add_up, asked_from_row, key_of, model_of
from selfalign.records import Example, Outcome, Verdict, to_row
from selfalign.run import directory as rundir
from selfalign.run.journal import read_records


@dataclass(frozen=True, slots=True)
class Judged:
    """`figures` are for people and `summary.json`, empty where nothing is judged; `low` has by id why an example is
    left out."""

    figures: Mapping[str, Any] = field(default_factory=dict)
    low: Mapping[str, str] = field(default_factory=dict)


def judge_spec(recipe: Mapping[str, Any]) -> JudgeSpec:
    """The judge's part of a run's own recipe; runs of earlier versions have none."""
    return JudgeSpec(**(recipe.get("judge") or {}))


def scores_of(outcome: Outcome) -> Mapping[str, float]:
    """The judge's scores of an answer by principle id; none where it was not asked."""
    return (outcome.judging or {}).get("scores") or {}


def are_pairs_scored(recipe: Mapping[str, Any], manifest: Mapping[str, Any]) -> bool:
    """Whether a run's judge may judge, and was to score the contrasting answers too."""
    return bool((recipe.get("pairs") or {}).get("scored") and (manifest.get("judge") or {}).get("may_choose"))


def margin_of(example: Example, chosen: str, rejected: str, weights: Mapping[str, float]) -> float | None:
    """How much higher the weakest principle of a pair's chosen side scores than that of the rejected one, -1 to 1; None
    where a side has no scores. The sides are named by their rungs, and compared by the principles both have."""
    of_contrasts = (example.judging or {}).get("contrasts") or {}
    scores = [of_contrasts.get(rung, {}) if rung != ALIGNED else scores_of(example) for rung in (chosen, rejected)]
    both = scores[0].keys() & scores[1].keys()
    lowest = [weakest({id_: each[id_] for id_ in sorted(both)}, weights) for each in scores]
    return round(lowest[0][1] - lowest[1][1], 6) if all(lowest) else None


class JudgeTally:
    """Takes in the outcomes of a run one by one. Raises `RecipeError` for labels that cannot be read."""

    def __init__(self, run_path: Path) -> None:
        self._run_path = run_path
        self._recipe = rundir.read_recipe(run_path)
        self._spec = judge_spec(self._recipe)
        self._labels = _labels(run_path, self._spec) if self._spec.score else {}
        self._scored_labels: list[tuple[Label, float]] = []
        self._weakest: dict[str, tuple[str, float]] = {}
        self._by_checks: dict[bool, list[float]] = {True: [], False: []}
        self._by_principle: dict[str, list[float]] = {}

    def add(self, outcome: Outcome) -> None:
        """Take in one outcome."""
        if not (scores := scores_of(outcome)):
            return
        for label in self._labels.get(outcome.instruction_id, ()):
            if label.answer == outcome.answer and label.principle in scores:
                self._scored_labels.append((label, scores[label.principle]))
        if (lowest := weakest(scores, self._spec.weights)) is None:
            return
        if isinstance(outcome, Example):
            self._weakest[outcome.instruction_id] = lowest
            for principle_id, score in scores.items():
                self._by_principle.setdefault(principle_id, []).append(score)
        is_clean = not any(check.verdict is not Verdict.PASS for check in outcome.checks)
        if is_clean or not isinstance(outcome, Example):
            self._by_checks[isinstance(outcome, Example)].append(lowest[1])

    def judged(self) -> Judged:
        """What it all comes to."""
        if not self._spec.score:
            return Judged()
        found, sources = self._measure()
        objection = found.objection(self._spec.min_auc)
        below = {id_: name for id_, (name, score) in self._weakest.items() if score < self._spec.threshold}
        filters = self._spec.filter and not objection
        manifest = rundir.read_manifest(self._run_path).get("judge") or {}
        figures = {
            "line": found.line(self._spec.min_auc),
            "measure": to_row(found),
            "sources": dict(sources),
            "unscored_labels": sum(map(len, self._labels.values())) - sources[LABELS],
            "filters": filters,
            "threshold": self._spec.threshold,
            "scored": len(self._weakest),
            "below": len(below),
            "principles": {id_: [len(each), round(fmean(each), 4)] for id_, each in sorted(self._by_principle.items())},
            "questions": manifest.get("questions", 0),
            "tokens": manifest.get("tokens", 0),
        }
        return Judged(figures, {id_: f"judged low: {name}" for id_, name in below.items()} if filters else {})

    def _measure(self) -> tuple[Measure, Counter[str]]:
        """The judge on everything labelled by now; what the checks decided counts where there is too little else."""
        journal = self._run_path / rundir.JUDGE
        asked = [_unlabelled(each) for each, _ in read_records(journal, asked_from_row)]
        by_label: dict[bool, list[float]] = {True: [], False: []}
        for label, score in (dict(self._asked_labels(asked)) | dict(self._scored_labels)).items():
            by_label[label.is_good].append(score)
        found = add_up(asked, by_label[True], by_label[False])
        sources = Counter(each.source for each in asked if each.kind in ("good", "bad") and each.score is not None)
        sources += Counter({LABELS: sum(map(len, by_label.values()))})
        if min(found.num_good, found.num_bad) < MIN_LABELLED:
            good, bad = (by_label[which] + self._by_checks[which] for which in (True, False))
            found = add_up(asked, good, bad)
            sources += Counter({"checks": sum(map(len, self._by_checks.values()))})
        return found, sources

    def _asked_labels(self, asked: list[Asked]) -> Iterator[tuple[Label, float]]:
        """Labelled answers that the judge was asked about when it was measured."""
        if not self._labels:
            return
        scores = {each.key: each.score for each in asked if each.score is not None}
        principles = {each.id: each for each in rundir.read_constitution(self._run_path).principles}
        model, style = model_of(rundir.read_manifest(self._run_path)), self._recipe["model"]["style"]
        for label in (label for labels in self._labels.values() for label in labels):
            try:
                prompt = follows_question(principles[label.principle], label.user_turn, label.answer, style)
            except PromptRefused:
                continue
            if (score := scores.get(key_of(prompt, model))) is not None:
                yield label, score


def nearest_to_the_line(run_path: Path) -> list[tuple[float, str, str]]:
    """The judged examples of a run as (margin, id, principle), smallest margins first: how far from the threshold the
    weakest score is. What people have labelled by that principle is left out. Raises `RunDirError` where `run_path` is
    no run."""
    spec = judge_spec(rundir.read_recipe(run_path))
    labelled = {(id_, label.principle) for id_, labels in _labels(run_path, spec).items() for label in labels}
    found = []
    for outcome in rundir.read_outcomes(run_path):
        lowest = weakest(scores_of(outcome), spec.weights)
        if lowest is None or (outcome.instruction_id, lowest[0]) in labelled:
            continue
        if isinstance(outcome, Example):
            found.append((abs(lowest[1] - spec.threshold), outcome.instruction_id, lowest[0]))
    return sorted(found)


def _labels(run_path: Path, spec: JudgeSpec) -> dict[str, list[Label]]:
    """A user's labels by the row they say they are of."""
    constitution = rundir.read_constitution(run_path)
    refuse_unknown_weights(spec, constitution.principles)
    by_row: dict[str, list[Label]] = {}
    for label in load_labels(spec.labels, constitution) if spec.labels else ():
        by_row.setdefault(label.id, []).append(label)
    return by_row


def _unlabelled(asked: Asked) -> Asked:
    """Labels are read from their file as it is now; what they were when the judge was measured counts no more."""
    return replace(asked, kind="known") if asked.source == LABELS and asked.kind in ("good", "bad") else asked
