"""Near-duplicate detection: are the verdicts exact, and what do they cost as the pool grows to a million?

    python benchmarks/novelty.py INSTRUCTIONS [--seeds SEED_TASKS] [--kept 1000000] [--exact 5000] [--only PART ...]

INSTRUCTIONS is a JSON lines file with the field "instruction", for example the 52,002 of Alpaca; --seeds the seed tasks
they were made from. Times are the CPU time of the thread that asks and adds, so that other programs on the machine
change them little (where the clock on the wall matters, both are given); segments are built in another. Parts:

    exact     the nearest one (id and floating-point number) of `--exact` instructions against rouge_score's own LCS and
              F-measure over the whole pool; of as many as INSTRUCTIONS has against rapidfuzz over the whole pool,
              the number by rouge_score; and every published decision to keep
    speed     cost per candidate at a pool of 50,000 beside Self-Instruct's and Alpaca's way and rapidfuzz
    growth    from nothing to `--kept` kept instructions: time, memory, cost per candidate; the same again for the
              longest call, which is now and then long because the machine was elsewhere
    rebuild   the index from a journal of that many
    extremes  a 10,000-word instruction, one word 10,000 times, at that pool
    long      texts of 280 to 320 words, chains of the instructions: cost at 5,000 and 20,000 kept, and verdicts against
              rapidfuzz over the whole pool (`--long` is this part alone)

The further instructions are a synthetic enlargement (benchmarks/enlarge.py). A table of Markdown goes to stdout.
"""

import argparse
import gc
import json
import math
import random
import sys
import tempfile
import time
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

import numpy as np
import rapidfuzz
from enlarge import enlarge
from rapidfuzz import process
from rapidfuzz.distance import Indel
from rouge_score.rouge_scorer import RougeScorer, _score_lcs

from selfalign.novelty.index import Neighbour, NoveltyIndex, NoveltySpec
from selfalign.novelty.tokens import rouge_tokens
from selfalign.records import Instruction, Round, Usage, to_row
from selfalign.rows import read_rows, text_field
from selfalign.run import directory as rundir

POOL = 50_000
PUBLISHED = NoveltySpec(tokeniser="rouge", context="ignore")
_now = time.thread_time
PARTS = ("exact", "speed", "growth", "rebuild", "extremes", "long")
LONG_POOLS = (5_000, 20_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instructions", type=Path)
    parser.add_argument("--seeds", type=Path)
    parser.add_argument("--kept", type=int, default=1_000_000)
    parser.add_argument("--exact", type=int, default=5_000)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--long", dest="only", action="store_const", const=["long"])
    arguments = parser.parse_args()
    texts = [
        text_field(row, "instruction", str(arguments.instructions)) for _, row in read_rows(arguments.instructions)
    ]
    print("| what | result |\n|---|---|", flush=True)
    if "exact" in arguments.only:
        _report(_exact(texts, arguments.exact))
        _report(_published(texts, arguments.seeds))
    if "speed" in arguments.only:
        _report(_speed(texts))
    if {"growth", "rebuild", "extremes"} & set(arguments.only):
        _report(_million(texts, arguments.kept, arguments.only))
    if "long" in arguments.only:
        _report(_long(texts))


def _report(lines: Iterable[tuple[str, str]]) -> None:
    for what, result in lines:
        print(f"| {what} | {result} |", flush=True)


# -- exact


def _exact(texts: Sequence[str], number: int) -> Iterator[tuple[str, str]]:
    yield (
        f"{number:,} instructions: nearest (which one, which number) against rouge_score over the whole pool",
        _compared(_with_duplicates(texts, number), _by_rouge_score),
    )
    yield (
        f"{len(texts):,} instructions: nearest against rapidfuzz over the whole pool, the number rouge_score's",
        _compared(_with_duplicates(texts, len(texts)), _by_rapidfuzz),
    )


def _with_duplicates(texts: Sequence[str], number: int) -> list[str]:
    """Half from the file, half walks through few of its instructions, so that many are near-duplicates; shuffled."""
    walks = islice(enlarge(texts[: max(10, number // 16)], rng_seed=2), number // 2)
    stream = [*texts[: number - number // 2], *walks]
    random.Random(3).shuffle(stream)
    return stream


def _compared(stream: Sequence[str], judge: Callable[[list[str], str], Neighbour | None]) -> str:
    index, pool, num_different, characters = NoveltyIndex(PUBLISHED), [], 0, {}
    for text in stream:
        tokens = _as_characters(text, characters)
        expected = judge(pool, tokens)
        num_different += index.nearest(text) != expected
        if expected is None:
            index.add(str(len(pool)), text)
            pool.append(tokens)
    return f"{num_different} differ ({len(pool):,} kept, {len(stream) - len(pool):,} rejected)"


def _by_rouge_score(pool: list[str], tokens: str) -> Neighbour | None:
    best, most = None, PUBLISHED.threshold
    for number, kept in enumerate(pool):
        similarity = _score_lcs(kept, tokens).fmeasure
        if similarity > most:
            best, most = Neighbour(str(number), similarity), similarity
    return best


def _by_rapidfuzz(pool: list[str], tokens: str) -> Neighbour | None:
    """What rapidfuzz finds at 0.7 or a little below; among those rouge_score decides."""
    if not tokens or not pool:
        return None
    similarities = process.cdist([tokens], pool, scorer=Indel.normalized_similarity, dtype=np.float64)[0]
    numbers = np.flatnonzero(similarities > PUBLISHED.threshold - 1e-6).tolist()
    found = _by_rouge_score([pool[number] for number in numbers], tokens)
    return found and Neighbour(str(numbers[int(found.id)]), found.similarity)


def _as_characters(text: str, characters: dict[str, str]) -> str:
    """One character per token: neither library minds what a sequence is made of, and rapidfuzz is fastest on this."""
    return "".join(characters.setdefault(token, chr(len(characters) + 1)) for token in rouge_tokens(text))


def _published(texts: Sequence[str], seeds: Path | None) -> Iterator[tuple[str, str]]:
    index = NoveltyIndex(PUBLISHED)
    if seeds:
        index.extend((f"seed {line}", text_field(row, "instruction", str(seeds)), "") for line, row in read_rows(seeds))
    rejected, started = 0, _now()
    for number, text in enumerate(texts):
        rejected += index.nearest(text) is not None
        index.add(str(number), text)
    seconds = _now() - started
    yield (
        "published decisions to keep that are reproduced",
        f"{len(texts) - rejected:,} of {len(texts):,} ({seconds:.1f} s)",
    )


# -- speed


def _speed(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    index = NoveltyIndex(PUBLISHED)
    index.extend((str(number), text, "") for number, text in enumerate(texts[:POOL]))
    candidates = [*texts[POOL : POOL + 2_000], *islice(enlarge(texts, rng_seed=1), 2_000)]
    ours = min(_mean(index.nearest, [(text,) for text in candidates]) for _ in range(3))
    yield f"a candidate at a pool of {POOL:,}", f"{ours * 1e6:.0f} us"

    rng = random.Random(4)
    scorer = RougeScorer(["rougeL"], use_stemmer=False)
    pairs = [(rng.choice(texts[:POOL]), rng.choice(candidates)) for _ in range(4_000)]
    self_instruct = _mean(scorer.score, pairs) * POOL
    yield "Self-Instruct's way (mean of `scorer.score` per pair, times the pool)", _against(self_instruct, ours)
    tokenised = [(rouge_tokens(one), rouge_tokens(other)) for one, other in pairs]
    alpaca = _mean(_score_lcs, tokenised) * POOL
    yield "Alpaca's way (mean of `_score_lcs` per pair, times the pool)", _against(alpaca, ours)

    characters: dict[str, str] = {}
    pool = [_as_characters(text, characters) for text in texts[:POOL]]
    queries = [(_as_characters(text, characters), pool) for text in candidates[::80]]
    extract = _mean(lambda query, pool: process.extractOne(query, pool, scorer=Indel.normalized_similarity), queries)
    yield f"rapidfuzz {rapidfuzz.__version__} `extractOne` over the whole pool", _against(extract, ours)


def _against(seconds: float, ours: float) -> str:
    shown = f"{seconds:.2f} s" if seconds > 0.1 else f"{seconds * 1e3:.2f} ms"
    return f"{shown}: {seconds / ours:,.0f} times"


def _mean(function: Callable[..., object], calls: Sequence[tuple]) -> float:
    started = _now()
    for arguments in calls:
        function(*arguments)
    return (_now() - started) / len(calls)


# -- long texts


def _long(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    rng, index, characters = random.Random(9), NoveltyIndex(PUBLISHED), {}
    kept = [_chain(texts, rng) for _ in range(LONG_POOLS[-1])]
    fresh, repeated = [_chain(texts, rng) for _ in range(150)], [_changed(text, rng) for text in kept[:150]]
    costs = []
    for size in LONG_POOLS:
        started, clock = _now(), time.perf_counter()
        index.extend((str(number), kept[number], "") for number in range(len(index), size))
        took = f"{_now() - started:.1f} s ({time.perf_counter() - clock:.1f} s by the clock)"
        costs.append(min(_mean(index.nearest, [(text,) for text in fresh]) for _ in range(3)))
        yield f"a long text at {size:,} kept; filling the pool up to there", f"{costs[-1] * 1e3:.2f} ms; {took}"
        found = _mean(index.nearest, [(text,) for text in repeated])
        yield (
            f"one that repeats a kept one with a quarter to a third of its words changed, at {size:,}",
            f"{found * 1e3:.2f} ms",
        )
    exponent = math.log(costs[-1] / costs[0]) / math.log(LONG_POOLS[-1] / LONG_POOLS[0])
    yield "growth of the cost between the two", f"pool to the power {exponent:.2f}"
    pool = [_as_characters(text, characters) for text in kept]
    asked = [*fresh[:50], *repeated]
    expected = [_by_rapidfuzz(pool, _as_characters(text, characters)) for text in asked]
    differ = sum(index.nearest(text) != one for text, one in zip(asked, expected, strict=True))
    yield (
        f"answers that differ from rapidfuzz over the pool, of {len(asked):,}",
        f"{differ} ({sum(map(bool, expected))} near)",
    )


def _chain(texts: Sequence[str], rng: random.Random) -> str:
    words: list[str] = []
    length = rng.randint(280, 320)
    while len(words) < length:
        words.extend(rng.choice(texts).split())
    return " ".join(words[:length])


def _changed(text: str, rng: random.Random) -> str:
    words = text.split()
    share = rng.uniform(0.25, 0.35)
    return " ".join(word if rng.random() > share else rng.choice(words) for word in words)


# -- a million


def _million(texts: Sequence[str], kept: int, parts: Sequence[str]) -> Iterator[tuple[str, str]]:
    # Made before anything is measured: the texts themselves are not the index's.
    stream = [*texts, *islice(enlarge(texts, rng_seed=1), 2 * kept)]
    fresh = list(islice(enlarge(texts, rng_seed=7), 4_000))
    gc.collect()
    index, numbers = NoveltyIndex(NoveltySpec()), []
    yield from _growth(index, stream, fresh, kept, numbers)
    if "extremes" in parts:
        yield from _extremes(index)
    del index
    gc.collect()
    if "rebuild" in parts:
        yield from _rebuild([stream[number] for number in numbers], fresh)


def _growth(
    index: NoveltyIndex, stream: Sequence[str], fresh: Sequence[str], kept: int, numbers: list[int]
) -> Iterator[tuple[str, str]]:
    names = [str(number) for number in range(len(stream))]  # like the texts, the ids are not the index's
    before, first, costs = _memory(), _Stopwatch(), {}
    for number in _grow(index, stream, names, kept, first):
        numbers.append(number)
        if len(index) in (POOL, kept):
            costs[len(index)] = min(_mean(index.nearest, [(each,) for each in fresh]) for _ in range(3))
            yield f"a candidate at a pool of {len(index):,} (enlargement)", f"{costs[len(index)] * 1e6:.0f} us"
            gc.collect()
    used, num_candidates = _memory() - before, len(first.calls) - len(index)
    rejected = 1 - len(index) / num_candidates
    yield (
        f"growth to {len(index):,} kept",
        f"{first.cpu:.0f} s ({first.wall:.0f} s by the clock), {num_candidates:,} candidates, {rejected:.0%} rejected",
    )
    yield "memory beside the texts", f"{used / 1e6:.0f} MB"
    if len(costs) == 2:
        exponent = math.log(costs[kept] / costs[POOL]) / math.log(kept / POOL)
        yield f"growth of the cost from {POOL:,} to {kept:,}", f"pool to the power {exponent:.2f}"
    second = _Stopwatch()
    for _ in _grow(NoveltyIndex(index.spec), stream, names, kept, second):
        pass
    yield from _longest_calls(first, second)


def _grow(
    index: NoveltyIndex, stream: Sequence[str], names: Sequence[str], kept: int, stopwatch: "_Stopwatch"
) -> Iterator[int]:
    """Offer the texts in order and keep what is new; yields the number of each that was kept."""
    for number, text in enumerate(stream):
        with stopwatch:
            found = index.nearest(text)
        if found is None:
            with stopwatch:
                index.add(names[number], text)
            yield number
            if len(index) == kept:
                return


def _longest_calls(first: "_Stopwatch", second: "_Stopwatch") -> Iterator[tuple[str, str]]:
    """The same calls twice: what the index costs it costs both times, what the machine does to it falls elsewhere."""
    one, other = np.array(first.calls), np.array(second.calls)
    both = np.minimum(one, other)
    yield "longest call, CPU time, each the smaller of the same call's two in two passes", f"{both.max() * 1e3:.1f} ms"
    yield (
        "the longest in each pass; above 10 ms",
        f"{one.max() * 1e3:.1f}, {other.max() * 1e3:.1f} ms; {np.count_nonzero(one > 0.01)}, "
        f"{np.count_nonzero(other > 0.01)} of {len(one):,}, {np.count_nonzero(both > 0.01)} of them the same",
    )


class _Stopwatch:
    """Times calls: each one's CPU time (seconds, in order), and the sums of that and of the clock on the wall."""

    def __init__(self) -> None:
        self.calls = array("f")
        self.cpu = self.wall = 0.0

    def __enter__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), _now()

    def __exit__(self, *_: object) -> None:
        cpu = _now() - self._cpu
        self.wall += time.perf_counter() - self._wall
        self.cpu += cpu
        self.calls.append(cpu)


def _extremes(index: NoveltyIndex) -> Iterator[tuple[str, str]]:
    rng = random.Random(8)
    words = [f"w{int(5_000 * rng.random() ** 2)}" for _ in range(10_000)]
    changed = " ".join(word if rng.random() < 0.9 else "other" for word in words)
    for name, text, other in (
        ("10,000 words", " ".join(words), changed),
        ("one word 10,000 times", "a " * 10_000, "a " * 9_000),
    ):
        before = _memory()
        seconds = [
            _mean(function, [arguments])
            for function, arguments in (
                (index.nearest, (text,)),
                (index.add, (name, text)),
                (index.nearest, (other,)),
            )
        ]
        times = ", ".join(f"{each * 1e3:.1f} ms" for each in seconds)
        yield (
            f"{name} at a pool of {len(index):,}: asked, added, a near-duplicate of it asked",
            f"{times}; {(_memory() - before) / 1e6:.1f} MB",
        )


def _rebuild(kept: Sequence[str], fresh: Sequence[str]) -> Iterator[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        with open(Path(folder) / rundir.ROUNDS, "w", encoding="utf-8") as file:
            for number in range(0, len(kept), 8):
                items = enumerate(kept[number : number + 8])
                accepted = tuple(
                    Instruction(f"p{number // 8:07d}-{i:02d}", text, "", "self-instruct") for i, text in items
                )
                file.write(json.dumps(to_row(Round(number // 8, (), accepted, (), Usage()))) + "\n")
        started = _now()
        accepted = chain.from_iterable(each.accepted for each in rundir.read_rounds(Path(folder)))
        index = NoveltyIndex(NoveltySpec())
        index.extend((each.id, each.text, each.context) for each in accepted)
        seconds = _now() - started
    yield f"rebuild from a journal of {len(index):,}, reading it included", f"{seconds:.0f} s"
    started = _now()
    one_by_one = NoveltyIndex(NoveltySpec())
    for number, text in enumerate(kept):
        one_by_one.add(f"p{number // 8:07d}-{number % 8:02d}", text)
    yield "the same, added one by one, texts in memory", f"{_now() - started:.0f} s"
    differ = sum(index.nearest(text) != one_by_one.nearest(text) for text in fresh)
    yield f"answers of the two that differ, of {len(fresh):,}", f"{differ}"


def _memory() -> int:
    """Resident memory of this process, bytes (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


if __name__ == "__main__":
    sys.exit(main())
