"""What a run may cost: prices, and a limit in time, tokens or money, as they are typed.

    budget = parse_budget("20eur", parse_price(per_gpu_hour="2.5"), devices=1)

A limit in money is one in time or one in tokens, by its price. Time is that of the whole run, engine starts included;
tokens are those read and written by everything journalled. Both count over all starts of a run.
"""

import math
import re
from dataclasses import dataclass

from selfalign.errors import RecipeError
from selfalign.records import Usage

_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_TOKENS = {"tok": 1.0, "ktok": 1e3, "mtok": 1e6, "gtok": 1e9}
_MONEY = {"€": "eur", "$": "usd", "£": "gbp"}
_CURRENCIES = "eur usd gbp chf jpy cny inr krw cad aud sek nok dkk pln czk brl".split()
_AMOUNT = re.compile(r"([€$£]?)\s*(\d[\d_]*(?:\.\d+)?|\.\d+)\s*([a-z€$£]*)")


@dataclass(frozen=True, slots=True)
class Price:
    """Money for an hour of one device, or for a million tokens read and written."""

    per_gpu_hour: float | None = None
    per_mtok: tuple[float, float] | None = None

    def of(self, usage: Usage, seconds: float, devices: int) -> float | None:
        """What something costs; None without a price."""
        if self.per_mtok is not None:
            return weighed(usage, self.per_mtok) / 1e6
        return None if self.per_gpu_hour is None else seconds * devices * self.per_gpu_hour / 3600


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit as it was written, as seconds or as tokens; a token read or written counts by its weight. Without one,
    there is no end to it."""

    text: str = ""
    seconds: float = math.inf
    tokens: float = math.inf
    weights: tuple[float, float] = (1.0, 1.0)


def parse_price(per_gpu_hour: str | None = None, per_mtok: str | None = None) -> Price:
    """A price from what was typed: "2.50"; of tokens also "0.10/0.40", read and written. Raises `RecipeError`."""
    if per_gpu_hour is not None and per_mtok is not None:
        raise RecipeError("--per-mtok: one price is needed, per GPU hour or per million tokens, not both")
    if per_gpu_hour is not None:
        return Price(_amount("--per-gpu-hour", per_gpu_hour))
    if per_mtok is None:
        return Price()
    read, slash, written = per_mtok.partition("/")
    first = _amount("--per-mtok", read, per_mtok)
    return Price(per_mtok=(first, _amount("--per-mtok", written, per_mtok) if slash else first))


def parse_budget(text: str, price: Price, devices: int) -> Budget:
    """A budget from what was typed: "2h", "50Mtok", "20eur". Raises `RecipeError` in one line."""
    match = _AMOUNT.fullmatch(text.strip().lower())
    amount = float(match[2].replace("_", "")) if match else 0.0
    unit = _MONEY.get(match[1] or match[3], match[3]) if match and not (match[1] and match[3]) else ""
    if not amount or unit not in (*_SECONDS, *_TOKENS, *_CURRENCIES):
        raise RecipeError(
            f"--budget {text}: a time, tokens or money above 0 is needed, such as 90min, 2h, 50Mtok, 20eur"
        )
    if unit in _SECONDS:
        return Budget(text, seconds=amount * _SECONDS[unit])
    if unit in _TOKENS:
        return Budget(text, tokens=amount * _TOKENS[unit])
    if price.per_mtok is not None and any(price.per_mtok):
        return Budget(text, tokens=amount * 1e6, weights=price.per_mtok)
    if price.per_gpu_hour:
        return Budget(text, seconds=amount * 3600 / (price.per_gpu_hour * devices))
    raise RecipeError(f"--budget {text}: money needs a price: --per-gpu-hour or --per-mtok, above 0")


def weighed(usage: Usage, weights: tuple[float, float]) -> float:
    """Tokens read and written, each by its weight."""
    return usage.prompt_tokens * weights[0] + usage.output_tokens * weights[1]


def _amount(flag: str, text: str, whole: str = "") -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < math.inf:
        example = "0.40, or 0.10/0.40 for tokens read and written" if flag == "--per-mtok" else "2.50"
        raise RecipeError(f"{flag} {whole or text}: a number is needed, such as {example}")
    return value
