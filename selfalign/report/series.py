"""Series behind the report's plots: lengths, similarities, acceptance, rates, thinned to what a plot can show."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from selfalign.novelty.index import NoveltySpec
from selfalign.novelty.tokens import tokeniser, unicode_tokens
from selfalign.records import Instruction, Seed
from selfalign.run import directory as rundir
from selfalign.run.progress import Counters

MAX_GAP = 60.0
"""Seconds between two lines of metrics above which nobody was working: the run was stopped in between."""

MAX_POINTS = 160
LEAST_PROPOSED = 40
"""Proposals behind a point of the acceptance curve at least: of fewer, a share is noise."""

NUM_COMPARED = 2_000
"""Accepted instructions, evenly spread, whose similarity to the seeds is measured."""

_SIMILARITY_BINS = 40
_LENGTH_EDGES = (0, 1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256, 362, 512, 724, 1024, 2048, 4096)


@dataclass(slots=True)
class Rounds:
    """What one pass over the rounds leaves behind: per round what was kept, rejected and a near-duplicate."""

    kept: list[int] = field(default_factory=list)
    rejected: list[int] = field(default_factory=list)
    duplicates: list[int] = field(default_factory=list)
    similarities: Counter[int] = field(default_factory=Counter)
    nearest_ids: set[str] = field(default_factory=set)
    compared: list[Instruction] = field(default_factory=list)

    @property
    def num_rejected(self) -> int:
        return sum(self.rejected)


def scan_rounds(run_path: Path, counters: Counters) -> Rounds:
    """One pass over the rounds; they are counted in `counters` as well."""
    found = Rounds()
    step = 1
    for finished in rundir.read_rounds(run_path):
        found.kept.append(len(finished.accepted))
        found.rejected.append(len(finished.rejected))
        found.duplicates.append(0)
        for rejection in finished.rejected:
            if rejection.nearest_id:
                found.nearest_ids.add(rejection.nearest_id)
                found.duplicates[-1] += 1
            if rejection.similarity is not None:
                found.similarities[_similarity_bin(rejection.similarity)] += 1
        for number, instruction in enumerate(finished.accepted, start=counters.num_accepted):
            if number % step == 0:
                found.compared.append(instruction)
        if len(found.compared) >= 2 * NUM_COMPARED:
            # Every second one stays: an even sample of a stream whose end is not known.
            found.compared = found.compared[::2]
            step *= 2
        counters.count_round(finished)
    return found


def read_neighbours(run_path: Path, ids: set[str]) -> Iterator[Instruction]:
    """The accepted instructions with these ids."""
    for finished in rundir.read_rounds(run_path) if ids else ():
        yield from (instruction for instruction in finished.accepted if instruction.id in ids)


def is_sampled(number: int, total: int, limit: int) -> bool:
    """Whether row `number` of `total` is among the `limit` that are evenly spread over all."""
    return total <= limit or number * limit // total != (number - 1) * limit // total


def count_words(text: str) -> int:
    """Words between blanks; characters in scripts that write no blanks."""
    return len(text.split()) if text.isascii() else len(unicode_tokens(text))


def length_histogram(counts: Counter[int]) -> dict[str, Any]:
    """Lengths in words in bins that grow by a half each: lower edges and counts; and the median."""
    bins = [0] * len(_LENGTH_EDGES)
    for length, count in counts.items():
        bins[bisect_right(_LENGTH_EDGES, length) - 1] += count
    last = max((at for at, count in enumerate(bins) if count), default=0)
    return {"edges": _LENGTH_EDGES[: last + 1], "counts": bins[: last + 1], "median": _median(counts)}


def _median(counts: Counter[int]) -> int:
    half, seen = counts.total() / 2, 0
    for length, count in sorted(counts.items()):
        seen += count
        if seen >= half:
            return length
    return 0


def similarity(rounds: Rounds, seeds: tuple[Seed, ...], recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Histograms of ROUGE-L: of accepted instructions to the seed nearest to them (a sample; Self-Instruct, figure 4),
    and of rejected ones to what they repeat."""
    spec = recipe.get("novelty") or {}
    tokeniser_name = str(spec.get("tokeniser", NoveltySpec().tokeniser))
    to_seed = Counter(map(_similarity_bin, _nearest_seeds(rounds.compared, seeds, tokeniser_name)))
    return {
        "bins": _SIMILARITY_BINS,
        "threshold": spec.get("threshold", NoveltySpec().threshold),
        "compared": to_seed.total(),
        "accepted": [to_seed[at] for at in range(_SIMILARITY_BINS)],
        "rejected": [rounds.similarities[at] for at in range(_SIMILARITY_BINS)],
    }


def _nearest_seeds(instructions: list[Instruction], seeds: tuple[Seed, ...], tokeniser_name: str) -> list[float]:
    if not instructions or not seeds:
        return []
    from rapidfuzz.distance import Indel
    from rapidfuzz.process import cdist

    tokenise = tokeniser(tokeniser_name)
    codes: dict[str, int] = {}

    def encode(text: str) -> str:
        # One character per distinct word, past the surrogates: rapidfuzz then compares words as fast as letters.
        return "".join(chr(0x10000 + codes.setdefault(word, len(codes)) % 0x100000) for word in tokenise(text))

    pool = [encode(seed.text) for seed in seeds]
    asked = [encode(instruction.text) for instruction in instructions]
    return cdist(asked, pool, scorer=Indel.normalized_similarity).max(axis=1).tolist()


def _similarity_bin(similarity: float) -> int:
    return min(_SIMILARITY_BINS - 1, max(0, int(similarity * _SIMILARITY_BINS)))


def acceptance(rounds: Rounds) -> list[dict[str, float]]:
    """How the kept share of the proposals falls as the pool grows: of at most `MAX_POINTS` groups of rounds, the pool's
    size at their end and the shares that were kept and that were near-duplicates."""
    least = max(LEAST_PROPOSED, (sum(rounds.kept) + rounds.num_rejected) / MAX_POINTS)
    points: list[dict[str, float]] = []
    pool = kept = rejected = duplicates = 0
    for one in zip(rounds.kept, rounds.rejected, rounds.duplicates, strict=True):
        kept, rejected, duplicates = kept + one[0], rejected + one[1], duplicates + one[2]
        if kept + rejected >= least:
            pool += kept
            points.append(_acceptance_point(pool, kept, rejected, duplicates))
            kept = rejected = duplicates = 0
    if kept + rejected > least / 2 or (kept + rejected and not points):
        points.append(_acceptance_point(pool + kept, kept, rejected, duplicates))
    return points


def _acceptance_point(pool: int, kept: int, rejected: int, duplicates: int) -> dict[str, float]:
    proposed = kept + rejected
    return {"pool": pool, "kept": round(kept / proposed, 4), "duplicates": round(duplicates / proposed, 4)}


def rates(run_path: Path) -> dict[str, Any]:
    """Tokens per second, examples and failures per minute and requests in flight, over the minutes of work.

    Stops of more than `MAX_GAP` seconds are cut out. `seconds` is the work altogether, `stops` how often it was cut.
    """
    steps, num_stops = _steps(run_path)
    total = sum(step["seconds"] for step in steps)
    width = total / MAX_POINTS or 1.0
    points: list[dict[str, float]] = []
    worked, group = 0.0, Counter[str]()
    for step in steps:
        group.update(step)
        group["steps"] += 1
        if group["seconds"] >= width:
            worked += group["seconds"]
            points.append(_rate(group, worked))
            group = Counter()
    if group["seconds"] > 0:
        points.append(_rate(group, worked + group["seconds"]))
    return {"points": points, "seconds": round(total, 1), "stops": num_stops}


def _steps(run_path: Path) -> tuple[list[dict[str, float]], int]:
    """From each line of the metrics to the next: seconds, and by how much the counters grew."""
    steps, num_stops = [], 0
    for before, after in pairwise(rundir.read_metrics(run_path)):
        try:
            seconds = after["time"] - before["time"]
            grown = {key: after[key] - before[key] for key in ("output_tokens", "examples", "failures")}
            in_flight = after["in_flight"]
        except (KeyError, TypeError):
            continue  # Written by another version: the plot does without it.
        if 0 < seconds <= MAX_GAP:
            steps.append({"seconds": seconds, "in_flight": in_flight, **grown})
        elif seconds > MAX_GAP:
            num_stops += 1
    return steps, num_stops


def _rate(group: Mapping[str, float], worked: float) -> dict[str, float]:
    seconds = group["seconds"]
    return {
        "second": round(worked, 1),
        "tokens": round(max(0, group["output_tokens"]) / seconds, 1),
        "examples": round(60 * max(0, group["examples"]) / seconds, 2),
        "failures": round(60 * max(0, group["failures"]) / seconds, 2),
        "in_flight": round(group["in_flight"] / group["steps"], 1),
    }
