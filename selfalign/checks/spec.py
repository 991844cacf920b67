"""Which checks run, what they may do to a row, and where their thresholds are."""

from dataclasses import dataclass, fields
from typing import Literal, get_args

Action = Literal["fail", "flag", "off"]
ACTIONS = get_args(Action)


@dataclass(frozen=True)
class ChecksSpec:
    """One action per check, and the thresholds. A check is a field of type `Action`, and the function of that name.

    An action is the worst a check may do: "fail" drops the row where the finding is grave and flags it where it is
    slight, "flag" only ever flags, "off" does not run the check. By default only those checks fail a row whose
    precision was at least 0.9 on rows that nobody had looked at while writing the rules (benchmarks/checks.md). Raises
    ValueError ("<key>: what is wrong").
    """

    leak: Action = "flag"
    rule_leak: Action = "flag"
    refusal: Action = "flag"
    apology: Action = "flag"
    self_reference: Action = "flag"
    knowledge_date: Action = "flag"
    invented_source: Action = "flag"
    truncation: Action = "fail"
    loop: Action = "fail"
    echo: Action = "fail"
    role_marker: Action = "flag"
    placeholder: Action = "flag"
    gibberish: Action = "flag"
    language: Action = "fail"
    foreign_name: Action = "fail"
    at_odds: Action = "flag"
    principle_conflict: Action = "flag"
    personal_data: Action = "flag"

    leak_share: float = 0.25
    """Share of the answer's words inside runs copied from a demonstration, from which the copy is grave."""
    leak_words: int = 12
    """Words in one copied run, from which the copy is grave whatever its share."""
    loop_repeats: int = 4
    """How often a passage must occur in a row to be a loop."""
    loop_share: float = 0.5
    """Share of the answer's word 4-grams that are repetitions, from which it is a loop."""
    echo_share: float = 0.9
    """Share of the answer's words that only repeat the instruction, from which it is an echo."""
    self_reference_principles: tuple[str, ...] = ("candor", "static", "dated knowledge")
    """Names of the principles that let an answer speak of itself as a machine."""
    dated_principles: tuple[str, ...] = ("candor", "static", "dated knowledge")
    """Names of the principles that let an answer name the end of its knowledge."""
    conflicts: tuple[tuple[str, str], ...] = (
        ("creative", "static"),
        ("creative", "dated knowledge"),
        ("operational", "static"),
        ("operational", "dated knowledge"),
    )
    """Pairs of principle names that ask for different answers to one instruction."""

    personal_data_grave: tuple[str, ...] = ("key", "card", "social security")
    """Kinds of personal data that are grave; "e-mail" and "phone" are the others."""

    def __post_init__(self) -> None:
        for name in CHECK_NAMES:
            if getattr(self, name) not in ACTIONS:
                raise ValueError(f"{name}: {getattr(self, name)!r} is not one of {', '.join(ACTIONS)}")
        for name in ("leak_share", "loop_share", "echo_share"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name}: must be above 0 and at most 1, is {getattr(self, name)}")
        for name, least in (("leak_words", 6), ("loop_repeats", 2)):
            if getattr(self, name) < least:
                raise ValueError(f"{name}: must be at least {least}, is {getattr(self, name)}")
        if any(len(pair) != 2 for pair in self.conflicts):
            raise ValueError("conflicts: each entry is a pair of principle names")


CHECK_NAMES = tuple(each.name for each in fields(ChecksSpec) if each.type is Action)
"""Every check, in the order in which they are shown; each is also the key of its action."""
