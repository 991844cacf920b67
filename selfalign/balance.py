"""The health of a dataset beyond its rows: statistics, warnings in words, and caps enforced by rejecting the surplus."""

from dataclasses import dataclass


@dataclass(frozen=True)
class BalanceSpec:
    """Caps as shares of the kept examples (0 to 1); None is no cap. Raises ValueError ("<key>: what is wrong")."""

    max_refusal_share: float | None = None
    max_hedge_share: float | None = None
    max_apology_share: float | None = None
    max_principle_share: float | None = None

    def __post_init__(self) -> None:
        for name in ("max_refusal_share", "max_hedge_share", "max_apology_share", "max_principle_share"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"{name}: must lie between 0 and 1, is {value}")
