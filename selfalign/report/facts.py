"""What the report shows beside its rows: the figures of the run's summary, and series over its journals.

The rows are written on the way, in bounded memory.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from selfalign.dataset.balance import LENGTH_EDGES, Balance, Lengths, ranked, share
from selfalign.dataset.judged import judge_spec, scores_of
from selfalign.dataset.pairs import compare_sides
from selfalign.dataset.paths import public, public_text
from selfalign.dataset.summary import (
    Outcomes,
    Summary,
    describe_guided,
    read_places,
    read_seeds,
    read_withheld,
    scan_outcomes,
    summarise,
)
from selfalign.judge import JudgeSpec, weakest
from selfalign.records import CheckResult, Constitution, FailureReason, Outcome, RejectionReason, Seed, Verdict, to_row
from selfalign.report import series
from selfalign.report.parts import KINDS, PartWriter
from selfalign.run import directory as rundir
from selfalign.run.progress import failure_label

MAX_ROWS = 60_000
"""Rows of each kind that a page holds; of more, an even sample. About 400 bytes each on the disk."""

TOP_VERBS = 20
TOP_OBJECTS = 4
"""What the sunburst shows: the twenty commonest verbs with four objects each (Self-Instruct, figure 3)."""


TWINS_SHOWN, ANSWER_SHOWN = 24, 600
"""Pairs of twins on the page, and characters of their answers."""


def gather(run_path: Path, writer: PartWriter) -> dict[str, Any]:
    """The facts as JSON-ready values; every row goes to `writer` on the way. Raises `RunDirError`."""
    recipe, constitution = rundir.read_recipe(run_path), rundir.read_constitution(run_path)
    outcomes = scan_outcomes(run_path)
    summary = summarise(run_path, outcomes)
    seeds = read_seeds(recipe)
    rounds = series.scan_rounds(run_path, summary.counters.num_rounds)
    _write_outcomes(run_path, outcomes, judge_spec(recipe), writer)
    _write_rejections(run_path, rounds, seeds, writer)
    counters, balance = summary.counters, summary.balance
    totals = (len(outcomes.examples), len(outcomes.failures), rounds.num_rejected)
    lengths = {name: getattr(balance, f"{name}_words") for name in ("instruction", "thought", "answer")}
    return {
        "about": _about(run_path, recipe, constitution) | {"judge": summary.judge.get("line", "")},
        "funnel": _funnel(summary),
        "usage": to_row(counters.usage) | {"align": to_row(counters.align_usage)},
        "principles": _principles(constitution, balance),
        "balance": _balance(balance),
        "beside": _beside(summary),
        "guided": _guided(run_path, outcomes, summary),
        "checks": {"judged": summary.num_checked, "list": _checks(recipe, summary)},
        "lengths": {name: _histogram(of) for name, of in lengths.items()},
        "similarity": series.similarity(rounds, seeds, recipe),
        "acceptance": series.acceptance(rounds),
        "rates": series.rates(run_path),
        "rows": {
            kind: {"total": total, "shown": min(MAX_ROWS, total)} for kind, total in zip(KINDS, totals, strict=True)
        },
        "recipe": yaml.safe_dump(public(recipe), sort_keys=False, allow_unicode=True, width=100),
    }


def _write_outcomes(run_path: Path, outcomes: Outcomes, spec: JudgeSpec, writer: PartWriter) -> None:
    """Examples and failures in order of id; what the dataset withholds is marked."""
    withheld = read_withheld(run_path)
    for example in read_places(run_path, series.sample(outcomes.examples, MAX_ROWS)):
        reason = withheld.get(example.instruction_id, "")
        row = _outcome_row(example) | ({"withheld": reason} if reason else {})
        judged = {}
        if lowest := weakest(scores_of(example), spec.weights):
            row["judged"], judged = lowest, {"margin": round(abs(lowest[1] - spec.threshold), 4)}
        flags = _found(example.checks)
        writer.add("examples", row, reason=reason, cites=example.principles_cited, flags=flags, **judged)
    for failure in read_places(run_path, series.sample(outcomes.failures, MAX_ROWS)):
        row = _outcome_row(failure) | {"step": failure.step, "excerpt": failure.reply}
        row["detail"] = public_text(failure.detail)
        label = failure_label(failure)
        writer.add("failed", row, reason=label, cites=failure.principles_cited, flags=_found(failure.checks))


def _write_rejections(run_path: Path, rounds: series.Rounds, seeds: tuple[Seed, ...], writer: PartWriter) -> None:
    """Rejected proposals in the order they were made, each with the text it repeats."""
    texts = {seed.id: (seed.text, seed.context) for seed in seeds}
    for item in series.read_neighbours(run_path, rounds.nearest_ids):
        texts[item.id] = (item.text, item.context)
    wanted = iter(series.sample(range(rounds.num_rejected), MAX_ROWS))
    next_wanted = next(wanted, None)
    for number, (index, rejection) in enumerate(series.read_rejections(run_path)):
        if number != next_wanted:
            continue
        next_wanted = next(wanted, None)
        row = to_row(rejection) | {"round": index, "detail": public_text(rejection.detail)}
        if rejection.nearest_id:
            text, context = texts.get(rejection.nearest_id, (None, ""))
            row["nearest"] = {"id": rejection.nearest_id, "text": text, "context": context}
        writer.add("rejected", row, reason=rejection.reason.value)


def _outcome_row(outcome: Outcome) -> dict[str, Any]:
    instruction = outcome.instruction
    return {
        "id": instruction.id,
        "text": instruction.text,
        "context": instruction.context,
        "source": public(instruction.source),
        "cell": "; ".join(instruction.cell or ()),
        "thought": outcome.thought,
        "answer": outcome.answer,
        "cites": outcome.principles_cited,
        "checks": [
            (result.name, result.verdict.value, result.number, result.reason)
            for result in outcome.checks
            if result.verdict is not Verdict.PASS
        ],
        "tokens": outcome.usage.output_tokens,
        **({"beside": texts} if (texts := _texts_beside(outcome)) else {}),
    }


def _texts_beside(outcome: Outcome) -> list[tuple[str, str]]:
    """What a revision and the contrasts hold beside the answer, each text with its title."""
    revision, texts = outcome.revision, []
    if revision:
        texts += [("Draft", revision.draft), (f"Critique by {revision.principle}", revision.critique)]
        texts += [("Revised", revision.answer), ("Why it was not taken", revision.detail)]
    for each in outcome.contrasts:
        texts.append((f"Contrast, {each.rung}", each.answer or f"({each.reason}: {each.detail})"))
    return [(title, text) for title, text in texts if text and text != outcome.answer]


def _found(checks: Sequence[CheckResult]) -> list[str]:
    return [result.name for result in checks if result.verdict is not Verdict.PASS]


def _funnel(summary: Summary) -> dict[str, Any]:
    """Every stage with every reason, those that never occurred as well."""
    counters = summary.counters
    rejected = {reason.value: 0 for reason in RejectionReason} | counters.rejected
    failed = {reason.value: 0 for reason in FailureReason if reason is not FailureReason.CHECK} | counters.failed
    return {
        "target": counters.target,
        "rounds": counters.num_rounds,
        "proposed": counters.num_accepted + counters.num_rejected,
        "accepted": counters.num_accepted,
        "answered": counters.num_answered,
        "examples": counters.num_examples,
        "withheld": ranked(summary.withheld),
        "rejected": ranked(rejected),
        "failed": ranked(failed),
    }


def _about(run_path: Path, recipe: Mapping[str, Any], constitution: Constitution) -> dict[str, Any]:
    manifest = rundir.read_manifest(run_path)
    return {
        "name": str(recipe.get("name") or run_path.resolve().name),
        "model": str(public(manifest.get("model") or "")),
        "revision": str(manifest.get("model_revision") or ""),
        "miniature": manifest.get("model") == "miniature",
        "constitution": constitution.name,
        "constitution_about": constitution.about,
        "constitution_digest": constitution.digest,
        "persona": to_row(constitution.persona),
        "demonstrations": len(constitution.demonstrations),
        "seeds": list(map(str, public(recipe.get("seeds") or ()))),
        "rng_seed": recipe.get("rng_seed"),
        "versions": {name: str(manifest[name]) for name in ("selfalign", "vllm", "python") if manifest.get(name)},
        "is_running": rundir.is_running(run_path),
        **_dates(run_path),
    }


def _dates(run_path: Path) -> dict[str, str]:
    """When the run began and when its last counters were written, in UTC; nothing where nobody wrote it down."""
    times = [row["time"] for row in rundir.read_metrics(run_path) if isinstance(row.get("time"), (int, float))]
    if not times:
        return {}
    stamp = "%Y-%m-%d %H:%M"
    first, last = (datetime.fromtimestamp(time, UTC).strftime(stamp) for time in (min(times), max(times)))
    return {"began": first, "ended": last}


def _principles(constitution: Constitution, balance: Balance) -> dict[str, Any]:
    """The principles in the constitution's order, then what else is cited; pairs by their place in that list."""
    uses = {use.id: use for use in balance.principles}
    rules = {item.id: item.rule for item in constitution.principles}
    rules |= dict.fromkeys(sorted(uses.keys() - rules.keys()), "")
    numbers = {id_: number for number, id_ in enumerate(rules)}
    return {
        "list": [to_row(uses[id_]) | {"rule": rule} for id_, rule in rules.items()],
        "together": [[numbers[one], numbers[other], count] for one, other, count in balance.together],
    }


def _checks(recipe: Mapping[str, Any], summary: Summary) -> list[dict[str, Any]]:
    """Every check that ran, with what it found; journals need not hold the results of those that found nothing."""
    ran = {name for name, action in (recipe.get("checks") or {}).items() if action in ("fail", "flag")}
    ran |= summary.flagged.keys() | summary.stopped.keys()
    return [{"name": name, "flag": summary.flagged[name], "fail": summary.stopped[name]} for name in sorted(ran)]


def _guided(run_path: Path, outcomes: Outcomes, summary: Summary) -> dict[str, Any] | None:
    """The cells' figures, and pairs of twins in words, those in which something went wrong first."""
    guided = summary.guided
    if guided is None:
        return None
    pairs = guided.twins[:TWINS_SHOWN]
    wanted = {id_ for pair in pairs for id_ in (pair.harmful_id, pair.twin_id)}
    answered = outcomes.examples + outcomes.failures
    found = read_places(run_path, [place for place in answered if place[0] in wanted])
    sides = {outcome.instruction_id: _twin(outcome) for outcome in found}
    told = [(sides.get(pair.harmful_id), sides.get(pair.twin_id), pair.complied, pair.refused) for pair in pairs]
    return to_row(guided) | {"lines": describe_guided(guided), "twins": told}


def _twin(outcome: Outcome) -> dict[str, Any]:
    answer = outcome.answer if len(outcome.answer) <= ANSWER_SHOWN else f"{outcome.answer[:ANSWER_SHOWN]} ..."
    hint = "; ".join(outcome.instruction.cell or ())
    return {"id": outcome.instruction_id, "hint": hint, "text": outcome.instruction.text, "answer": answer}


def _balance(balance: Balance) -> dict[str, Any]:
    """The figures without what other parts of the page show, and the verbs as the sunburst takes them."""
    row = to_row(balance)
    verbs = balance.verbs
    objects: dict[str, list[tuple[str, int]]] = {}
    for verb, noun, count in balance.verb_objects:
        if noun:
            objects.setdefault(verb, []).append((noun, count))
    for shown_elsewhere in ("verb_objects", "principles", "together"):
        del row[shown_elsewhere]
    return row | {
        "num_verbs": len(verbs),
        "num_with_verb": sum(count for _, count in verbs),
        "verbs": [[verb, count, objects.get(verb, [])[:TOP_OBJECTS]] for verb, count in verbs[:TOP_VERBS]],
    }


def _beside(summary: Summary) -> dict[str, Any]:
    """What was made and asked for beside the answers, as lines of a name and a value, and what looks wrong with it."""
    counters, pairs = summary.counters, summary.pairs
    lines = []
    for name, (what, usage) in counters.costs().items():
        lines.append((f"Tokens for {name}: {what}", share(usage.output_tokens, counters.usage.output_tokens)))
    if pairs:
        lines.append(("Preference pairs", f"{pairs.num_pairs:,}"))
        lines += [(f"… {what}, chosen / rejected", " / ".join(sides)) for what, *sides in compare_sides(pairs)]
        lines += [(f"… left out: {name.replace('_', ' ')}", f"{count:,}") for name, count in ranked(pairs.left_out)]
    return {"lines": lines, "warnings": pairs.warnings if pairs else []}


def _histogram(lengths: Lengths) -> dict[str, Any]:
    bins = lengths.bins or (0,)
    return {"edges": LENGTH_EDGES[: len(bins)], "counts": bins, "median": lengths.median}
