"""How a run stands: counters, one live line on a terminal, and `metrics.jsonl`."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TextIO

from selfalign.records import Example, Failure, FailureReason, Outcome, Round, Usage

METRICS_SECONDS = 5.0
PLAIN_LINE_SECONDS = 30.0
LIVE_LINE_SECONDS = 0.5


EXTRA_STEPS = ("judge", "revise", "pairs")
"""What a run may ask for beside proposals and answers; each has its share of the time in `metrics.jsonl`."""


@dataclass
class Counters:
    """The funnel of a run. Every candidate is counted in exactly one of accepted and `rejected`, every answer in
    exactly one of examples and `failed`; both are counted by reason. `num_recovered` of the `num_revised` answers are
    examples now. Seconds are of all requests together, since this start; journals do not have them."""

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
    revise_usage: Usage = field(default_factory=Usage)
    judge_questions: int = 0
    judge_tokens: int = 0
    request_seconds: float = field(default=0.0, metadata={"sparse": True})
    judge_seconds: float = field(default=0.0, metadata={"sparse": True})
    pairs_seconds: float = field(default=0.0, metadata={"sparse": True})
    revise_seconds: float = field(default=0.0, metadata={"sparse": True})

    def count_round(self, finished: Round) -> None:
        """Take in one round."""
        self.num_rounds += 1
        self.num_accepted += len(finished.accepted)
        self.rejected.update(rejection.reason.value for rejection in finished.rejected)
        self.propose_usage += finished.usage

    def count_outcome(self, answered: Outcome) -> None:
        """Take in one example or failure."""
        self.align_usage += answered.usage
        for contrast in answered.contrasts:
            self.num_contrasts += 1
            self.pairs_usage += contrast.usage
        if answered.revision:
            self.num_revised += 1
            self.num_recovered += isinstance(answered, Example) and answered.answer != answered.revision.draft
            self.revise_usage += answered.revision.usage
        if answered.judging:
            self.judge_questions += answered.judging["questions"]
            self.judge_tokens += answered.judging["tokens"]
        if isinstance(answered, Example):
            self.num_examples += 1
        else:
            self.failed[failure_label(answered)] += 1

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

    def costs(self) -> dict[str, tuple[str, Usage]]:
        """What was asked for beside proposals and answers, by the recipe's key: what came of it, and its tokens."""
        found = {}
        if self.num_contrasts:
            found["pairs"] = f"{self.num_contrasts:,} contrasting answers", self.pairs_usage
        if self.num_revised:
            found["revise"] = f"{self.num_recovered:,} of {self.num_revised:,} failed answers saved", self.revise_usage
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


def failure_label(failure: Failure) -> str:
    """What a failure is counted under: its reason, or the first check that it failed."""
    if failure.reason is not FailureReason.CHECK:
        return failure.reason.value
    return f"check: {failure.detail.split(':', 1)[0]}"


class Ticker:
    """Writes the counters while a run goes on: `metrics` every 5 s, a live line on a terminal, else one every 30 s."""

    def __init__(self, counters: Counters, metrics: Callable[[dict[str, Any]], None], stream: TextIO | None) -> None:
        self._counters = counters
        self._metrics = metrics
        self._stream = stream
        self._is_live = stream is not None and stream.isatty()
        self._started = time.monotonic()
        self._start_answered = counters.num_answered
        self._start_accepted = counters.num_accepted
        self._start_tokens = counters.usage.output_tokens

    async def run(self) -> None:
        """Tick until cancelled; the last line stands when it returns."""
        self._metrics(self._counters.row(time.time()))
        next_metrics, next_plain = METRICS_SECONDS, PLAIN_LINE_SECONDS
        try:
            while True:
                await asyncio.sleep(LIVE_LINE_SECONDS)
                elapsed = time.monotonic() - self._started
                if elapsed >= next_metrics:
                    self._metrics(self._counters.row(time.time()))
                    next_metrics = elapsed + METRICS_SECONDS
                if self._is_live:
                    self._write(f"\r\x1b[2K{self.line()}")
                elif elapsed >= next_plain:
                    self._write(self.line() + "\n")
                    next_plain = elapsed + PLAIN_LINE_SECONDS
        finally:
            self._metrics(self._counters.row(time.time()))
            if self._stream is not None:
                self._write(f"\r\x1b[2K{self.line()}\n" if self._is_live else self.line() + "\n")

    def line(self) -> str:
        """The counters in one line of about 100 characters."""
        counters = self._counters
        elapsed = max(time.monotonic() - self._started, 1e-9)
        tokens = (counters.usage.output_tokens - self._start_tokens) / elapsed
        return (
            f"kept {counters.num_accepted:,}/{counters.target:,}  answered {counters.num_answered:,} "
            f"({counters.num_failed:,} failed)  rejected {counters.num_rejected:,}  {tokens:,.0f} tokens/s  "
            f"in flight {counters.in_flight}  {self._time_left(elapsed)}"
        )

    def _time_left(self, elapsed: float) -> str:
        """From the slower of the two: keeping up to the target, and answering what is kept."""
        counters = self._counters
        wanted = max(counters.target, counters.num_accepted)
        if counters.num_answered >= wanted:
            return "done"
        progress = (
            (counters.num_accepted - self._start_accepted, max(0, wanted - counters.num_accepted)),
            (counters.num_answered - self._start_answered, wanted - counters.num_answered),
        )
        if any(left and not done for done, left in progress):
            return "estimating"
        return "left " + format_seconds(max(elapsed * left / done for done, left in progress if left))

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
