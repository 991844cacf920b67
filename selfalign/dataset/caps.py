"""Caps on how much of one kind a dataset may hold, kept by leaving the surplus out."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from math import ceil
from typing import Any, TypeVar

from selfalign.checks import Compliance, hedges
from selfalign.dataset.balance import apologises_in, stance_of
from selfalign.records import Example

Key = TypeVar("Key")

_KINDS = {
    "max_refusal_share": "refusals",
    "max_hedge_share": "hedges",
    "max_apology_share": "apologies",
    "max_principle_share": "principle",
}


@dataclass(frozen=True, slots=True)
class BalanceSpec:
    """Caps, each a share of the examples that are kept (0 to 1); None is no cap.

    `max_principle_share` holds for every principle by itself. Raises ValueError ("<key>: what is wrong").
    """

    max_refusal_share: float | None = None
    max_hedge_share: float | None = None
    max_apology_share: float | None = None
    max_principle_share: float | None = None

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"{each.name}: must lie between 0 and 1, is {value}")


def surplus(examples: Iterable[Example], spec: BalanceSpec, ran: Collection[str] = ()) -> dict[str, str]:
    """Which examples (instruction ids) must go so that every cap holds for the rest, each with its reason.

    The first in the order of ids stay. The result depends on nothing but the examples and the spec. A single cap drops
    as few as it can; several caps are met one after the other until all hold, and then hold exactly. Of the checks that
    `ran` the verdicts are taken over.
    """
    values = {kind: getattr(spec, key) for key, kind in _KINDS.items()}
    # The decimal that was written, not the binary float next to it.
    caps = {kind: Fraction(str(value)) for kind, value in values.items() if value is not None}
    if not caps:
        return {}
    kept = dict(sorted((example.instruction_id, _capped_kinds(example, caps, ran)) for example in examples))
    dropped = drop_surplus(kept, caps)
    return {each: f"balance: {kind} above {float(100 * _cap_of(kind, caps)):g} %" for each, kind in dropped.items()}


def drop_surplus(kept: dict[Key, tuple[str, ...]], caps: dict[str, Fraction]) -> dict[Key, str]:
    """Take out of `kept`, which has the kinds that each holds, the last ones of every kind above its cap, until all
    caps hold; returns what was taken out and the kind it was taken out for."""
    dropped: dict[Key, str] = {}
    while excess := _excess(kept, caps):
        kind, num_surplus = excess
        holders = [each for each, kinds in kept.items() if kind in kinds]
        for each in holders[len(holders) - num_surplus :]:
            del kept[each]
            dropped[each] = kind
    return dropped


def _cap_of(kind: str, caps: dict[str, Fraction]) -> Fraction:
    return caps[kind.split(" ", 1)[0]]


def _capped_kinds(example: Example, caps: dict[str, Fraction], ran: Collection[str]) -> tuple[str, ...]:
    """The capped kinds an example is of; a principle is a kind of its own."""
    refuses = bool({"refusals", "hedges"} & caps.keys()) and stance_of(example, ran) is Compliance.REFUSES
    found = {
        "refusals": refuses,
        "hedges": "hedges" in caps and not refuses and hedges(example.answer),
        "apologies": "apologies" in caps and apologises_in(example, ran),
    }
    cited = dict.fromkeys(example.principles_cited) if "principle" in caps else ()
    return (*(kind for kind in found if kind in caps and found[kind]), *(f"principle {each}" for each in cited))


def _excess(kept: Mapping[Any, tuple[str, ...]], caps: dict[str, Fraction]) -> tuple[str, int] | None:
    """The first kind that is above its cap, and how many of it are too many; None where all caps hold."""
    counts = Counter(kind for kinds in kept.values() for kind in kinds)
    for kind, count in sorted(counts.items()):
        cap = _cap_of(kind, caps)
        if count > cap * len(kept):
            # Each one dropped also makes the whole smaller: count - n <= cap * (total - n).
            return kind, min(count, ceil((count - cap * len(kept)) / (1 - cap)))
    return None
