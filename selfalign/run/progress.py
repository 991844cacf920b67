"""How a run stands: counters, one live line on a terminal, and `metrics.jsonl`."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TextIO

from selfalign.records import Example, Failure, FailureReason, Outcome, Revision, Round, Usage
from selfalign.run.forecast import Course

METRICS_SECONDS = 5.0
PLAIN_LINE_SECONDS = 30.0
LIVE_LINE_SECONDS = 0.5


EXTRA_STEPS = ("judge", "revise", "pairs")
"""What a run may ask for beside proposals and answers; each has its share of the time in `metrics.jsonl`."""


@dataclass
class Counters:
    """The funnel of a run. Every candidate is counted in exactly one of accepted and `rejected`, every answer in
    exactly one of examples and `failed`; both are counted by reason. `num_recovered` of the `num_revised` failed
    answers are examples now, and `num_improved` of `num_low` that the judge scored low score better. Seconds are of
    all requests together, since this start; journals do not have them.
    """

    target: int = 0
    num_rounds: int = 0
    num_accepted: int = 0
    num_examples: int = 0
    in_flight: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    propose_usage: Usage = field(default_factory=Usage)
    align_usage: Usage = field(default_factory=Usage)
    num_contrasts: int = 0
    pairs_usage: Usage = field(default_factory=Usage)
    num_revised: int = 0
    num_recovered: int = 0
    num_low: int = 0
    num_improved: int = 0
    revise_usage: Usage = field(default_factory=Usage)
    judge_questions: int = 0
    judge_tokens: int = 0
    request_seconds: float = field(default=0.0, metadata={"sparse": True})
    judge_seconds: float = field(default=0.0, metadata={"sparse": True})
    pairs_seconds: float = field(default=0.0, metadata={"sparse": True})
    revise_seconds: float = field(default=0.0, metadata={"sparse": True})

    def __post_init__(self) -> None:
        # No field: what is written down of a run are the sums alone.
        self.course = Course()

    def count_round(self, finished: Round) -> None:
        """Take in one round."""
        self.course.count_round(finished)
        self.num_rounds += 1
        self.num_accepted += len(finished.accepted)
        self.rejected.update(rejection.reason.value for rejection in finished.rejected)
        self.propose_usage += finished.usage

    def count_outcome(self, answered: Outcome) -> None:
        """Take in one example or failure."""
        self.course.answer.add(usage_of(answered))
        self.align_usage += answered.usage
        for contrast in answered.contrasts:
            self.num_contrasts += 1
            self.pairs_usage += contrast.usage
        if answered.revision:
            self._count_revision(answered, answered.revision)
        if answered.judging:
            self.judge_questions += answered.judging["questions"]
            self.judge_tokens += answered.judging["tokens"]
        if isinstance(answered, Example):
            self.num_examples += 1
        else:
            self.failed[failure_label(answered)] += 1

    def _count_revision(self, answered: Outcome, revision: Revision) -> None:
        is_taken = isinstance(answered, Example) and answered.answer != revision.draft
        if (answered.judging or {}).get("revising"):
            self.num_low += 1
            self.num_improved += is_taken
        else:
            self.num_revised += 1
            self.num_recovered += is_taken
        self.revise_usage += revision.usage

    def count_request(self, seconds: float, is_choice: bool) -> None:
        """Take in the time of one request; choices are the judge's."""
        self.request_seconds += seconds
        self.judge_seconds += seconds * is_choice

    @contextlib.contextmanager
    def timing(self, step: str) -> Iterator[None]:
        """Take in how long "revise" or "pairs" takes for one instruction, which is how long its requests take."""
        started = time.monotonic()
        try:
            yield
        finally:
            setattr(self, f"{step}_seconds", getattr(self, f"{step}_seconds") + time.monotonic() - started)

    @property
    def num_rejected(self) -> int:
        return self.rejected.total()

    @property
    def num_failed(self) -> int:
        return self.failed.total()

    @property
    def num_answered(self) -> int:
        return self.num_examples + self.num_failed

    @property
    def num_unanswered(self) -> int:
        """Accepted instructions that wait for their answer; negative only in a damaged run."""
        return self.num_accepted - self.num_answered

    @property
    def usage(self) -> Usage:
        return self.propose_usage + self.align_usage + self.pairs_usage + self.revise_usage

    @property
    def answers_usage(self) -> Usage:
        """Tokens of everything that was asked to make outcomes, the judge's questions among it."""
        judged = Usage(self.judge_tokens, 0, self.judge_questions)
        return self.align_usage + self.pairs_usage + self.revise_usage + judged

    def costs(self) -> dict[str, tuple[str, Usage]]:
        """What was asked for beside proposals and answers, by the recipe's key: what came of it, and its tokens."""
        found = {}
        if self.num_contrasts:
            found["pairs"] = f"{self.num_contrasts:,} contrasting answers", self.pairs_usage
        told = [f"{self.num_recovered:,} of {self.num_revised:,} failed answers saved"] * bool(self.num_revised)
        told += [f"{self.num_improved:,} of {self.num_low:,} low-scored ones improved"] * bool(self.num_low)
        if told:
            found["revise"] = ", ".join(told), self.revise_usage
        return found

    def row(self, now: float) -> dict[str, Any]:
        """One line of `metrics.jsonl`; `now` is in seconds since the epoch."""
        usage = self.usage
        return {
            "time": round(now, 3),
            "accepted": self.num_accepted,
            "rejected": self.num_rejected,
            "examples": self.num_examples,
            "failures": self.num_failed,
            "prompt_tokens": usage.prompt_tokens,
            "cached_tokens": usage.cached_tokens,
            "output_tokens": usage.output_tokens,
            "in_flight": self.in_flight,
            **{f"{step}_share": part for step, part in self._shares_of_time() if part},
        }

    def _shares_of_time(self) -> list[tuple[str, float]]:
        whole = self.request_seconds or 1.0
        return [(step, round(getattr(self, f"{step}_seconds") / whole, 4)) for step in EXTRA_STEPS]


@dataclass
class Clock:
    """The seconds that a run has taken over all of its starts: all of them, and those since its engine was ready.

    `seconds_before` and `working_before` are what earlier starts took; `now` is what time it is.
    """

    seconds_before: float = 0.0
    working_before: float = 0.0
    now: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._began = self.now()
        self._ready: float | None = None

    def start_working(self) -> None:
        """The engine is ready."""
        self._ready = self.now()

    def seconds(self) -> float:
        """Seconds in which the run was being made."""
        return self.seconds_before + self.now() - self._began

    def working(self) -> float:
        """Seconds of them in which its engine was ready."""
        return self.working_before + (0.0 if self._ready is None else self.now() - self._ready)

    def row(self) -> dict[str, float]:
        """Its part of a line of `metrics.jsonl`."""
        return {"seconds": round(self.seconds(), 3), "working": round(self.working(), 3)}


def usage_of(outcome: Outcome) -> Usage:
    """Tokens of everything that was asked to make an outcome."""
    usage = outcome.usage + (outcome.revision.usage if outcome.revision else Usage())
    if outcome.judging:
        usage += Usage(outcome.judging["tokens"], 0, outcome.judging["questions"])
    return sum((contrast.usage for contrast in outcome.contrasts), usage)


def failure_label(failure: Failure) -> str:
    """What a failure is counted under: its reason, or the first check that it failed."""
    if failure.reason is not FailureReason.CHECK:
        return failure.reason.value
    return f"check: {failure.detail.split(':', 1)[0]}"


class Ticker:
    """Writes the counters while a run goes on: `metrics` every 5 s, a live line on a terminal, else one every 30 s.

    `share_spent` tells how much of a budget is spent, as `Meter.share_spent` does.
    """

    def __init__(
        self,
        counters: Counters,
        clock: Clock,
        metrics: Callable[[dict[str, Any]], None],
        stream: TextIO | None,
        share_spent: Callable[[], float | None] = lambda: None,
    ) -> None:
        self._counters = counters
        self._share_spent = share_spent
        self._clock = clock
        self._journal = metrics
        self._stream = stream
        self._is_live = stream is not None and stream.isatty()
        self._started = time.monotonic()
        self._start_tokens = counters.usage.output_tokens
        self._start_share = share_spent() or 0.0

    async def run(self) -> None:
        """Tick until cancelled; the last line stands when it returns."""
        self._write_metrics()
        next_metrics, next_plain = METRICS_SECONDS, PLAIN_LINE_SECONDS
        try:
            while True:
                await asyncio.sleep(LIVE_LINE_SECONDS)
                elapsed = time.monotonic() - self._started
                if elapsed >= next_metrics:
                    self._write_metrics()
                    next_metrics = elapsed + METRICS_SECONDS
                if self._is_live:
                    self._write(f"\r\x1b[2K{self.line()}")
                elif elapsed >= next_plain:
                    self._write(self.line() + "\n")
                    next_plain = elapsed + PLAIN_LINE_SECONDS
        finally:
            self._write_metrics()
            if self._stream is not None:
                self._write(f"\r\x1b[2K{self.line()}\n" if self._is_live else self.line() + "\n")

    def line(self) -> str:
        """The counters in one line of about 100 characters."""
        counters = self._counters
        elapsed = max(time.monotonic() - self._started, 1e-9)
        tokens = (counters.usage.output_tokens - self._start_tokens) / elapsed
        spent = self._share_spent()
        budget = "" if spent is None else f"budget {spent:.0%}  "
        return (
            f"kept {counters.num_accepted:,}/{counters.target:,}  answered {counters.num_answered:,} "
            f"({counters.num_failed:,} failed)  rejected {counters.num_rejected:,}  {tokens:,.0f} tokens/s  "
            f"in flight {counters.in_flight}  {budget}{self._time_left(tokens, elapsed, spent)}"
        )

    def _time_left(self, rate: float, elapsed: float, spent: float | None) -> str:
        """Until all that the run is expected to write yet is written, at the rate so far in tokens a second, or until
        its budget is spent, if that comes first."""
        counters = self._counters
        if counters.num_answered >= max(counters.target, counters.num_accepted):
            return "done"
        left = counters.course.left(counters.target, kept=counters.num_accepted, answered=counters.num_answered)
        if left is None or not rate:
            return "estimating"
        seconds = left.written.likely / rate
        if spent is not None and spent > self._start_share:
            seconds = min(seconds, elapsed * max(0.0, 1 - spent) / (spent - self._start_share))
        return "left " + format_seconds(seconds)

    def _write_metrics(self) -> None:
        spent = self._share_spent()
        budget = {} if spent is None else {"budget_share": round(spent, 4)}
        self._journal(self._counters.row(time.time()) | self._clock.row() | budget)

    def _write(self, text: str) -> None:
        if self._stream is not None:
            self._stream.write(text)
            self._stream.flush()


def format_seconds(seconds: float) -> str:
    """A duration for people: "48 s", "12 min", "3 h 05 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def format_tokens(number: float) -> str:
    """A number of tokens for people: "950 tokens", "12.3 ktok", "8.35 Mtok"."""
    for size, unit in ((1e9, "Gtok"), (1e6, "Mtok"), (1e3, "ktok")):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number:.0f} tokens"
