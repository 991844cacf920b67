"""Ablation of `default` on the miniature: each principle removed in turn, beside two controls, as `ablation.md`.

    python benchmarks/ablation.py [--model miniature] [--journal FILE] > benchmarks/ablation.md

The probes are those that the miniature can answer, principles/probes/miniature.yaml. Two starts: the constitution as it
is, then controls and removals, so that both can be timed. With a journal that is kept, nothing is asked twice, and the
times say nothing.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from selfalign.align import load_constitution
from selfalign.builtin import builtin_folder
from selfalign.engine import Engine, EngineSpec, open_engine
from selfalign.probe import ProbeSpec, Tested, lines, load_all, run_tests
from selfalign.probe.conditions import AS_IS
from selfalign.probe.recorded import identity_of
from selfalign.probe.run import Result
from selfalign.probe.tally import Removal, Share, figures, mutation_score

PROBES = builtin_folder("principles") / "probes" / "miniature.yaml"
CONTROLS = ("unrelated", "inverted")


class Timed:
    """Starts the engine and notes how long that took, and how long it was then used, in seconds."""

    def __init__(self) -> None:
        self.start = 0.0
        self.use = 0.0

    @asynccontextmanager
    async def open(self, spec: EngineSpec, **how: Any) -> AsyncIterator[Engine]:
        began = time.monotonic()
        async with open_engine(spec, **how) as engine:
            started = time.monotonic()
            self.start = started - began
            yield engine
            self.use = time.monotonic() - started


def markdown(spec: ProbeSpec, tested: Tested, plain: Timed, whole: Timed) -> Iterator[str]:
    """The whole page."""
    twins = sum(each.twin for each in spec.probes)
    yield "# What each principle does to the miniature\n"
    yield "    python benchmarks/ablation.py > benchmarks/ablation.md\n"
    yield (
        f"`{spec.constitution.name}` ({len(spec.constitution.principles)} principles), {len(spec.probes)} probes of "
        f"which {twins} are twins, greedy; two shared cores. A probe counts as broken where it passes under the whole "
        "constitution and fails under the changed one. Intervals are Wilson's, 95 %.\n"
    )
    yield from _conditions(tested.grouped)
    yield from _removals(tested)
    yield from _matrix(tested.grouped)
    yield "## Times\n"
    yield f"- the constitution as it is: {plain.use:.0f} s after a start of {plain.start:.0f} s"
    yield (
        f"- {len(CONTROLS)} controls and {len(tested.removed)} removals: {whole.use:.0f} s after a start of "
        f"{whole.start:.0f} s"
    )


def _conditions(grouped: Mapping[str, Sequence[Result]]) -> Iterator[str]:
    yield "## Controls\n"
    yield "| condition | probes passed | twins passed | read | declines | words |"
    yield "|---|---|---|---|---|---|"
    for name in (AS_IS, *CONTROLS):
        found = figures(name, grouped[name])
        shares = (found.probes, found.twins, found.read, found.declined)
        yield f"| {name} | {' | '.join(map(_told, shares))} | {found.median_words:.0f} |"
    yield ""


def _removals(tested: Tested) -> Iterator[str]:
    yield "## One principle removed after the other\n"
    yield "| without | its own probes broken | other probes broken | not read | declines | words | cites |"
    yield "|---|---|---|---|---|---|---|"
    for each in tested.removed:
        if each.can_be_told:
            measures = (_told(each.own), _told(each.others), str(each.unread), f"{each.declined.value:.0%}")
            yield f"| {each.id} | {' | '.join(measures)} | {each.median_words:.0f} | {each.citations:.2f} |"
        else:
            yield f"| {each.id} | too few replies could be read | | {each.unread} | | | |"
    yield ""
    yield f"Mutation score: {_told(mutation_score(tested.removed))} of the principles that have probes.\n"
    yield f"Dead weight, nothing its probes ask for depends on it: {_names(tested.removed, dead=True)}.\n"
    yield f"No probe here that passes is about: {_names(tested.removed, dead=False)}.\n"


def _matrix(grouped: Mapping[str, Sequence[Result]]) -> Iterator[str]:
    """Broken probes by the principle that was removed (rows) and the one they are about (columns)."""
    passed = [each for each in grouped[AS_IS] if each.passed and not each.probe.twin]
    ids = list(dict.fromkeys(each.probe.principle or "" for each in passed))
    yield "## The diagonal\n"
    yield "Probes broken, of those that passed, by the principle that was removed (row) and the one they are about.\n"
    yield f"| without | {' | '.join(ids)} |"
    yield f"|---|{'---|' * len(ids)}"
    for removed in ids:
        now = {each.probe.id: each.passed for each in grouped[f"without {removed}"] if not each.unread}
        cells = []
        for about in ids:
            own = [each.probe.id for each in passed if each.probe.principle == about and each.probe.id in now]
            told = str(Share(sum(not now[id_] for id_ in own), len(own)))
            cells.append(f"**{told}**" if about == removed else told)
        yield f"| {removed} | {' | '.join(cells)} |"
    yield ""


def _names(removed: Sequence[Removal], *, dead: bool) -> str:
    chosen = [each.id for each in removed if (each.is_dead if dead else not each.own.total)]
    return ", ".join(chosen) or "none"


def _told(part: Share) -> str:
    low, high = part.interval
    return f"{part} ({low:.0%} to {high:.0%})" if part.total else "-"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="miniature")
    parser.add_argument("--journal", type=Path)
    parser.add_argument("--json", type=Path, help="file for every reply")
    options = parser.parse_args()
    constitution = load_constitution("default")
    probes = load_all("default", (str(PROBES),), constitution)
    with tempfile.TemporaryDirectory() as folder:
        journal = options.journal or Path(folder) / "replies.jsonl"
        plain, whole = Timed(), Timed()
        model = EngineSpec(model=options.model)
        spec = ProbeSpec(constitution, probes, model, journal, identity=identity_of(model))
        run_tests(spec, stream=sys.stderr, start_engine=plain.open)
        spec = replace(spec, against=CONTROLS, ablate=True)
        tested = run_tests(spec, stream=sys.stderr, start_engine=whole.open)
    if options.json:
        options.json.write_text(lines.as_json(tested.grouped, tested.removed, constitution), encoding="utf-8")
    print("\n".join(markdown(spec, tested, plain, whole)))


if __name__ == "__main__":
    main()
