"""Questions that measure a judge, each one line of a run's `judge.jsonl`, and what the lines add up to.

A line is found again by its key: the SHA-256 of the rendered question and of the model that was asked.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from selfalign.judge.canaries import CANARIES
from selfalign.judge.measure import MIN_LABELLED, Measure, measure
from selfalign.records import Prompt, to_row

PROBES, LABELS, DEMONSTRATIONS = "probes", "labels", "demonstrations"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question and its answer. `kind` is "good" or "bad" by the label, "known" for a good answer that has no bad
    one to be told from, or the name of a canary, whose plain answer has the key `plain`. `score` is None where the
    question could not be asked."""

    key: str
    source: str
    principle: str
    kind: str
    plain: str
    score: float | None
    tokens: int


def key_of(prompt: Prompt, model: Iterable[Any]) -> str:
    """The key of a question; `model` is whatever tells one model from another."""
    return hashlib.sha256(json.dumps([list(model), prompt], ensure_ascii=False).encode()).hexdigest()[:32]


def model_of(manifest: Mapping[str, Any]) -> tuple[Any, ...]:
    """What tells a run's model from another, by its manifest."""
    return tuple(manifest.get(name) for name in ("model", "model_revision", "weights_digest", "chat_template_digest"))


def asked_from_row(row: Mapping[str, Any]) -> Asked:
    """A line of a `judge.jsonl`; raises TypeError for one that is something else."""
    return Asked(**row)


def add_up(asked: Iterable[Asked], good: Iterable[float] = (), bad: Iterable[float] = ()) -> Measure:
    """The measure of a judge by what it was asked; `good` and `bad` are scores of answers labelled elsewhere."""
    told = [each for each in asked if each.score is not None]
    plain = {each.key: each.score for each in told}
    canaries = {
        name: [(plain[each.plain], each.score) for each in told if each.kind == name and each.plain in plain]
        for name in CANARIES
    }
    by_kind = {kind: [each.score for each in told if each.kind == kind] for kind in ("good", "bad")}
    return measure([*by_kind["good"], *good], [*by_kind["bad"], *bad], canaries)


def facts(asked: Sequence[Asked], min_auc: float) -> dict[str, Any]:
    """What a run's manifest says of its judge: the measure, in words too, and what follows from it for the run.

    With too few known answers those that the checks fail are scored as well: they take the place of bad ones.
    """
    found = add_up(asked)
    return {
        "measure": to_row(found),
        "line": found.line(min_auc),
        "may_choose": not found.objection(min_auc),
        "scores_failures": min(found.num_good, found.num_bad) < MIN_LABELLED,
        "questions": sum(each.score is not None for each in asked),
        "tokens": sum(each.tokens for each in asked),
    }
