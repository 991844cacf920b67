"""What a recipe says of the judge."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from selfalign.errors import RecipeError, did_you_mean
from selfalign.records import Principle


@dataclass(frozen=True, slots=True)
class JudgeSpec:
    """Whether answers are judged, and what the verdicts may do.

    With `score`, the model is asked of every answer and each principle it cites whether the answer follows it. With
    `filter`, rows whose weakest score is below `threshold` are left out of the dataset, as long as the judge tells good
    answers from bad ones with an AUC of at least `min_auc` and falls for no canary. `weights` scale, by principle id,
    how far a score falls short of 1 (0 leaves the principle out of it). `labels` is a file of labelled answers.
    """

    score: bool = False
    filter: bool = False
    threshold: float = 0.5
    min_auc: float = 0.75
    weights: Mapping[str, float] = field(default_factory=dict)
    labels: str = ""

    def __post_init__(self) -> None:
        for key in ("filter", "labels"):
            if getattr(self, key) and not self.score:
                raise ValueError(f"{key}: nothing is judged without score: true")
        if not 0.0 < self.threshold < 1.0:
            raise ValueError(f"threshold: a probability between 0 and 1, not {self.threshold:g}")
        if not 0.5 <= self.min_auc <= 1.0:
            raise ValueError(f"min_auc: between 0.5 (chance) and 1, not {self.min_auc:g}")
        for id_, weight in self.weights.items():
            if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 10:
                raise ValueError(f"weights.{id_}: a number from 0 to 10, not {weight!r}")


def refuse_unknown_weights(spec: JudgeSpec, principles: Iterable[Principle]) -> None:
    """Raise `RecipeError` for the weight of a principle that the constitution does not have."""
    known = [principle.id for principle in principles]
    for id_ in spec.weights:
        if id_ not in known:
            raise RecipeError(f"judge.weights: the constitution has no principle {id_!r}{did_you_mean(id_, known)}")


def weakest(scores: Mapping[str, float], weights: Mapping[str, float]) -> tuple[str, float] | None:
    """The principle an answer follows least, and its weighted score from 0 to 1; None where none counts.

    Several scores are not averaged: an answer that breaks one principle is not mended by following three others.
    """
    counting = {id_: score for id_, score in scores.items() if weights.get(id_, 1) > 0}
    weighted = {id_: max(0.0, round(1 - weights.get(id_, 1) * (1 - score), 6)) for id_, score in counting.items()}
    return min(weighted.items(), key=lambda item: item[1]) if weighted else None
