"""A debate against as many samples as its tokens buy, on held-out prompts of known kinds.

    python -m benchmarks.debate [--each 60] [--agents 3] [--rounds 2] [--judge]

The miniature answers each prompt once, in a debate, and in as many samples as it takes to spend the debate's tokens on
that prompt: those written, and those read behind the prefix that all requests share. Agreement decides in both, or with
--judge the miniature's own judge, whether or not it has earned that. What is good is told by the patterns of
`training/scoring.py`; a failure is not good. Prints one Markdown table.
"""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from selfalign.align.ask import AlignSpec, DebateSpec
from selfalign.align.debate import debate, most_agreed
from selfalign.align.judging import Judge, best_of
from selfalign.align.outcome import draw
from selfalign.align.prompt import render_shared
from selfalign.checks import ChecksSpec
from selfalign.engine import EngineSpec, open_engine
from selfalign.engine.spec import Engine
from selfalign.records import Example, Instruction, Outcome, Sampling, Usage, derive_seed
from training.constitutions import DEFAULT
from training.corpus.grammar import Item
from training.evaluate import MAX_TOKENS, held_out
from training.scoring import Count, is_principled, is_right
from training.turns import is_delicate

HEADER = "| prompts | kept of | good (95 %) | no sound answer | completions for each | tokens for each |"
SLOTS = 16


@dataclass(slots=True)
class Way:
    """What came of one way of answering: how often it was good or nothing, completions and tokens."""

    good: Count = field(default_factory=Count)
    failed: int = 0
    completions: int = 0
    tokens: int = 0

    def add(self, item: Item, outcome: Outcome, completions: int, tokens: int) -> None:
        """Take in the answer to one prompt."""
        is_sound = isinstance(outcome, Example)
        is_good = (
            is_principled(item, outcome.answer, DEFAULT.persona)
            if is_delicate(item)
            else is_right(item, outcome.answer)
        )
        self.good.add(is_sound and is_good)
        self.failed += not is_sound
        self.completions += completions
        self.tokens += tokens


@dataclass(frozen=True, slots=True)
class Asker:
    """The engine, what it is asked for, and how many tokens all prompts share."""

    engine: Engine
    spec: AlignSpec
    judge: Judge | None
    shared: int

    async def ask(self, item: Item, ways: dict[str, Way]) -> None:
        """One prompt in all ways."""
        instruction, checks = Instruction(item.user_turn, item.text, item.context, "held out"), ChecksSpec()
        asked = (self.engine, instruction, DEFAULT, self.spec, checks)
        debated = await debate(*asked, style="text", rng_seed=1, judge=self.judge)
        completions = 1 + len((debated.judging or {}).get("others", ()))
        budget = self.tokens(debated.usage, completions)
        samples, spent = [], 0
        while spent < budget:
            samples += await draw(*asked, 1, style="text", rng_seed=derive_seed(2, len(samples)))
            spent += self.tokens(samples[-1].usage, 1)
        ways["a debate"].add(item, debated, completions, budget)
        ways["samples"].add(item, await self.best(samples), len(samples), spent)
        ways["one sample"].add(item, samples[0], 1, self.tokens(samples[0].usage, 1))

    def tokens(self, usage: Usage, completions: int) -> int:
        """Those written and those read, without what every prompt begins with."""
        return usage.prompt_tokens - completions * self.shared + usage.output_tokens

    async def best(self, samples: Sequence[Outcome]) -> Outcome:
        """The sample that is kept."""
        if self.judge is None:
            return samples[most_agreed(samples)]
        return await best_of(self.engine, samples, DEFAULT, self.judge, style="text")


async def measured(args: argparse.Namespace) -> dict[str, dict[str, Way]]:
    """All ways, by the sort of prompt."""
    held = held_out(23, args.each)
    sampling = Sampling(temperature=0.7, top_p=0.95, max_tokens=MAX_TOKENS)
    spec = AlignSpec(sampling, debate=DebateSpec(args.agents, args.rounds))
    found = {}
    async with open_engine(EngineSpec(model=args.model), slots=SLOTS) as engine:
        asker = Asker(
            engine, spec, Judge(chooses=True) if args.judge else None, engine.prepare(render_shared(DEFAULT, "text"))
        )
        slots = asyncio.Semaphore(SLOTS)

        async def ask(item: Item, ways: dict[str, Way]) -> None:
            async with slots:
                await asker.ask(item, ways)

        for name, items in (("delicate", held.delicate), ("harmless", held.harmless)):
            found[name] = {way: Way() for way in ("one sample", "samples", "a debate")}
            await asyncio.gather(*(ask(item, found[name]) for item in items))
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=60, help="held-out prompts, delicate and harmless ones each")
    parser.add_argument("--agents", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--judge", action="store_true", help="the judge decides, not agreement")
    parser.add_argument("--model", default="miniature")
    args = parser.parse_args()
    found = asyncio.run(measured(args))
    print(HEADER, "|---" * 6 + "|", sep="\n")
    for sort, ways in found.items():
        for name, way in ways.items():
            each = " | ".join(f"{number / way.good.asked:.1f}" for number in (way.completions, way.tokens))
            print(f"| {sort} | {name} | {way.good} | {way.failed} | {each} |")


if __name__ == "__main__":
    main()
