"""The funnel of a run in lines for a terminal, also while the run goes on."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from selfalign.dataset import balance
from selfalign.dataset.balance import Sample, ranked, share
from selfalign.dataset.pairs import describe_pairs
from selfalign.dataset.summary import describe_guided, read_guided, read_summary
from selfalign.records import Example
from selfalign.run import directory as rundir
from selfalign.run.progress import Counters, format_seconds

RATE_WINDOW = 60.0
"""Seconds of `metrics.jsonl` that the current rates are taken from."""

Metrics = Sequence[Mapping[str, Any]]
"""The lines of `metrics.jsonl`."""

SAMPLE_SIZE = 20_000
"""Examples that the balance of a run without a dataset is measured on at most."""


def describe(path: Path) -> Iterator[str]:
    """The funnel, the rates and the balance of the examples. Raises `RunDirError` where `path` is no run.

    What the export measured is taken over where the journals have not changed since; otherwise they are counted.
    """
    recipe = rundir.read_recipe(path)
    summary = read_summary(path)
    if summary:
        counters, figures, of = summary.counters, summary.balance, "rows of the dataset"
        judge = summary.judge
        guided = summary.guided
    else:
        judge = rundir.read_manifest(path).get("judge") or {}
        counters, sample = _count(path, recipe)
        figures = balance.measure(sample.items, rundir.read_constitution(path))
        guided = read_guided(path, recipe)
        of = "examples" if sample.stride == 1 else f"examples, one in {sample.stride}"
    is_complete = counters.num_accepted >= counters.target and not counters.num_unanswered
    state = "running" if rundir.is_running(path) else "finished" if is_complete else "unfinished"
    yield f"{path}  {state}  model {recipe['model']['model']}  constitution {recipe['constitution']}"
    yield from _funnel(counters)
    metrics = list(rundir.read_metrics(path))
    yield from _costs(metrics, counters)
    yield from (f"{'' if number else 'guided':<9} {line}" for number, line in enumerate(describe_guided(guided)))
    if summary and summary.pairs:
        yield from (
            f"{'' if number else 'pairs':<9} {line}" for number, line in enumerate(describe_pairs(summary.pairs))
        )
    yield from _judge(metrics, judge, counters)
    yield from _rates(metrics)
    if figures.num_examples:
        yield f"balance   of {figures.num_examples:,} {of}"
        yield from (f"  {line}" for line in balance.describe(figures))


def _judge(metrics: Metrics, judge: Mapping[str, Any], counters: Counters) -> Iterator[str]:
    """How far the judge can be trusted, and what judging takes."""
    if not judge:
        return
    yield f"judge     {judge['line']}"
    if judge.get("below"):
        left_out = "left out of the dataset" if judge["filters"] else "kept: nothing is filtered"
        yield f"          {judge['below']:,} of {judge['scored']:,} rows score below {judge['threshold']:g}, {left_out}"
    if judge.get("unscored_labels"):
        yield (
            f"          labels that count for nothing: {judge['unscored_labels']:,}; their answers are not this run's, "
            "and were not labelled when the judge was measured"
        )
    tokens, all_read = counters.judge_tokens + judge["tokens"], counters.usage.prompt_tokens
    yield (
        f"          {counters.judge_questions + judge['questions']:,} questions, {tokens:,} tokens read, "
        f"{share(tokens, all_read + tokens) or 'none'} of all{_share_of_time(metrics, 'judge')}"
    )


def _share_of_time(metrics: Metrics, step: str) -> str:
    """Of the time that requests took since the last start that had this step; seconds are not journalled."""
    key = f"{step}_share"
    last = next((row[key] for row in reversed(metrics) if key in row), None)
    return "" if last is None else f"; {last:.0%} of the requests' time"


def _count(path: Path, recipe: Mapping[str, Any]) -> tuple[Counters, Sample]:
    # Outcomes before rounds: an outcome that is finished in between has its round already, so the sums still hold.
    counters, sample = Counters(target=recipe["propose"]["target"]), Sample(SAMPLE_SIZE)
    for outcome in rundir.read_outcomes(path):
        counters.count_outcome(outcome)
        if isinstance(outcome, Example):
            sample.add(outcome)
    for finished in rundir.read_rounds(path):
        counters.count_round(finished)
    return counters, sample


def _funnel(counters: Counters) -> Iterator[str]:
    """Every candidate and every answer in exactly one place."""
    proposed, answered = counters.num_accepted + counters.num_rejected, counters.num_answered
    yield f"proposed  {proposed:>9,}  in {counters.num_rounds:,} rounds"
    yield f"rejected  {counters.num_rejected:>9,}  {share(counters.num_rejected, proposed)}"
    yield from _reasons(counters.rejected, proposed)
    accepted = share(counters.num_accepted, proposed) or "none"
    yield f"accepted  {counters.num_accepted:>9,}  {accepted} of the proposals; target {counters.target:,}"
    yield f"answered  {answered:>9,}  {max(0, counters.num_unanswered):,} to go"
    yield f"failed    {counters.num_failed:>9,}  {share(counters.num_failed, answered)}"
    yield from _reasons(counters.failed, answered)
    yield f"examples  {counters.num_examples:>9,}  {share(counters.num_examples, answered)}"
    usage, align = counters.usage, counters.align_usage
    yield (
        f"tokens    {usage.output_tokens:>9,}  written; {usage.prompt_tokens:,} read, "
        f"{share(usage.cached_tokens, usage.prompt_tokens) or 'none'} from the prefix cache "
        f"(align: {share(align.cached_tokens, align.prompt_tokens) or 'none'})"
    )
    if counters.num_unanswered < 0:
        yield "error     more answers than accepted instructions: the journals do not belong together"


def _costs(metrics: Metrics, counters: Counters) -> Iterator[str]:
    """What revising and pairs came to, and what they took."""
    whole = counters.usage.output_tokens
    for step, (what, usage) in counters.costs().items():
        written = f"{usage.output_tokens:,} tokens written, {share(usage.output_tokens, whole) or 'none'} of all"
        yield f"{step:<9} {what}; {written}{_share_of_time(metrics, step)}"


def _reasons(reasons: Mapping[str, int], total: int) -> Iterator[str]:
    for reason, count in ranked(reasons):
        yield f"  {reason:<24} {count:>9,}  {share(count, total)}"


def _rates(metrics: Metrics) -> Iterator[str]:
    """Of the last minute, and what is spent of the last start's budget."""
    if len(metrics) < 2:
        return
    last = metrics[-1]
    first = next(row for row in metrics if row["time"] >= last["time"] - RATE_WINDOW)
    seconds = last["time"] - first["time"]
    if seconds <= 0:
        return
    tokens, examples = ((last[key] - first[key]) / seconds for key in ("output_tokens", "examples"))
    yield (
        f"rates     {tokens:,.0f} tokens/s, {60 * examples:,.0f} examples/min "
        f"over the last {format_seconds(seconds)} of work, {last['in_flight']} in flight"
    )
    if "budget_share" in last:
        yield f"budget    {last['budget_share']:.0%} spent"
