"""Series behind the report's plots: similarities, acceptance, rates, thinned to what a plot can show."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, TypeVar

from selfalign.novelty.index import NoveltySpec
from selfalign.novelty.tokens import tokeniser
from selfalign.records import Instruction, Rejection, Seed
from selfalign.run import directory as rundir

Item = TypeVar("Item")

MAX_GAP = 60.0
"""Seconds between two lines of metrics above which nobody was working: the run was stopped in between."""

MAX_POINTS = 160
LEAST_PROPOSED = 40
"""Proposals behind a point of the acceptance curve at least: of fewer, a share is noise."""

NUM_COMPARED = 2_000
"""Accepted instructions, evenly spread, whose similarity to the seeds is measured."""

_SIMILARITY_BINS = 40


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


def scan_rounds(run_path: Path, num_rounds: int) -> Rounds:
    """One pass over the first `num_rounds` rounds."""
    found = Rounds()
    step, num_kept = 1, 0
    for finished in islice(rundir.read_rounds(run_path), num_rounds):
        found.kept.append(len(finished.accepted))
        found.rejected.append(len(finished.rejected))
        near = [rejection for rejection in finished.rejected if rejection.nearest_id]
        found.duplicates.append(len(near))
        found.nearest_ids.update(rejection.nearest_id for rejection in near)
        known = (rejection.similarity for rejection in finished.rejected if rejection.similarity is not None)
        found.similarities.update(map(_similarity_bin, known))
        found.compared += [item for number, item in enumerate(finished.accepted, start=num_kept) if number % step == 0]
        num_kept += len(finished.accepted)
        if len(found.compared) >= 2 * NUM_COMPARED:
            # Every second one stays: an even sample of a stream whose end is not known.
            found.compared = found.compared[::2]
            step *= 2
    return found


def read_neighbours(run_path: Path, ids: set[str]) -> Iterator[Instruction]:
    """The accepted instructions with these ids."""
    for finished in rundir.read_rounds(run_path) if ids else ():
        yield from (instruction for instruction in finished.accepted if instruction.id in ids)


def read_rejections(run_path: Path) -> Iterator[tuple[int, Rejection]]:
    """Every rejected proposal with the number of its round, in order."""
    for finished in rundir.read_rounds(run_path):
        yield from ((finished.index, rejection) for rejection in finished.rejected)


def sample(items: Sequence[Item], limit: int) -> Sequence[Item]:
    """`items`, or of more than `limit` that many, evenly spread from the first to the last."""
    if len(items) <= limit:
        return items
    return [items[number * len(items) // limit] for number in range(limit)]


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
    counts = zip(rounds.kept, rounds.rejected, rounds.duplicates, strict=True)
    steps = ({"kept": kept, "proposed": kept + rejected, "duplicates": near} for kept, rejected, near in counts)
    points, pool = [], 0
    for group in _grouped(steps, "proposed", least):
        pool += group["kept"]
        kept, duplicates = (round(group[key] / group["proposed"], 4) for key in ("kept", "duplicates"))
        points.append({"pool": pool, "kept": kept, "duplicates": duplicates})
    return points


def rates(run_path: Path) -> dict[str, Any]:
    """Tokens per second, examples and failures per minute and requests in flight, over the minutes of work.

    Stops of more than `MAX_GAP` seconds are cut out. `seconds` is the work altogether, `stops` how often it was cut.
    """
    steps, num_stops = _steps(run_path)
    total = sum(step["seconds"] for step in steps)
    points, worked = [], 0.0
    for group in _grouped(steps, "seconds", total / MAX_POINTS):
        worked += group["seconds"]
        points.append(_rate(group, worked))
    return {"points": points, "seconds": round(total, 1), "stops": num_stops}


def _grouped(steps: Iterable[Mapping[str, float]], weight: str, least: float) -> list[Counter[str]]:
    """Sums over neighbouring steps, each of at least `least` of `weight`; what is left at the end joins the last one,
    since a rate over a moment says nothing."""
    groups = [Counter[str]()]
    for step in steps:
        if groups[-1][weight] >= least > 0:
            groups.append(Counter())
        groups[-1].update(step)
        groups[-1]["steps"] += 1
    if len(groups) > 1 and groups[-1][weight] < least:
        groups[-2].update(groups.pop())
    return [group for group in groups if group[weight] > 0]


def _steps(run_path: Path) -> tuple[list[dict[str, float]], int]:
    """From each line of the metrics to the next: seconds, and by how much the counters grew."""
    steps, num_stops = [], 0
    for before, after in pairwise(rundir.read_metrics(run_path)):
        try:
            seconds = after["time"] - before["time"]
            grown = {key: after[key] - before[key] for key in ("output_tokens", "examples", "failures")}
            step = {"seconds": seconds, "in_flight": after["in_flight"], **grown}
        except (KeyError, TypeError):
            continue  # Written by another version: the plot does without it.
        if 0 < seconds <= MAX_GAP:
            steps.append(step)
        num_stops += seconds > MAX_GAP
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
