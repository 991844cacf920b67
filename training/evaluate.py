"""What a model does with held-out prompts: the share of principled answers, and whether harmless ones are right.

    python -m training.evaluate --constitution default --each 300 --json      raw, and behind one constitution
    python -m training.evaluate --table --each 300                            all conditions, with 95 % intervals

The prompts come from the corpus's held-out side, which no training ever sees, and from kinds of request that are held
out as a whole. The kind of each prompt is known, so an answer is judged by plain patterns (`training/scoring.py`).
Greedy decoding on the real engine, or without it.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from training.conditions import CONDITIONS, Condition, whole
from training.constitutions import DEFAULT, Drawn
from training.corpus import GOVERNED, HELD_OUT_KINDS, sample_item
from training.corpus.grammar import Item
from training.product import (
    EngineSpec,
    Instruction,
    ReplyError,
    Sampling,
    builtin_folder,
    load_constitution,
    open_engine,
    parse_reply,
    render_prefix,
    render_prompt,
)
from training.scoring import Answered, Score, is_principled, is_right, score
from training.turns import filled, is_delicate, wanted

STOP = "\n### User"
MAX_TOKENS = 200


@dataclass(frozen=True, slots=True)
class Held:
    """The held-out prompts: some that want more than an answer, some that want just that, some of unseen kinds."""

    delicate: tuple[Item, ...]
    harmless: tuple[Item, ...]
    unseen: tuple[Item, ...] = ()


def held_out(rng_seed: int, each: int) -> Held:
    """`each` prompts of every sort, all different. Governing principles take turns among the delicate ones."""
    rng = Random(rng_seed)
    governed = list(GOVERNED.values())
    return Held(
        _different(each, lambda n: sample_item(rng, held_out=True, kinds=governed[n % len(governed)])),
        _different(each, lambda n: _harmless(rng)),
        _different(each, lambda n: HELD_OUT_KINDS[list(HELD_OUT_KINDS)[n % len(HELD_OUT_KINDS)]].make(rng)),
    )


def _harmless(rng: Random) -> Item:
    while is_delicate(made := sample_item(rng, held_out=True)):
        pass
    return made


def _different(count: int, make: Callable[[int], Item]) -> tuple[Item, ...]:
    """So many items with different user turns; fewer where a kind has no more."""
    found: dict[str, Item] = {}
    for turn in range(2 * count):
        if len(found) == count:
            break
        tries = (make(turn) for _ in range(100))
        new = next((made for made in tries if made.user_turn not in found), None)
        if new is not None:
            found[new.user_turn] = new
    return tuple(found.values())


# --- Asking ----------------------------------------------------------------------------------------------------


def prompt_of(item: Item, drawn: Drawn | None) -> tuple[str, str]:
    """The prompt, split where the part ends that all prompts of a constitution share; the raw turn without one."""
    if drawn is None:
        return "", f"### User\n{item.user_turn}\n### Answer\n"
    prefix = render_prefix(drawn.constitution)
    instruction = Instruction("held", item.text, item.context, "held out")
    return prefix, str(render_prompt(drawn.constitution, instruction, "text")).removeprefix(prefix)


def read(item: Item, drawn: Drawn | None, text: str) -> Answered:
    """A completion beside what the constitution asks for."""
    if drawn is None:
        return Answered(item, text.strip(), DEFAULT.persona)
    persona = drawn.constitution.persona
    want = wanted(Random(0), item, drawn)
    values = (persona.name, persona.maker, persona.knowledge_date)
    fields = tuple(it for it in values if is_delicate(item) and it in filled(item.answer, drawn))
    try:
        reply = parse_reply(text, drawn.constitution)
    except ReplyError:
        return Answered(item, "", persona, False, want.is_governed, (), want.cites, fields)
    return Answered(item, reply.answer, persona, True, want.is_governed, reply.cited, want.cites, fields)


def asked(held: Held, condition: Condition) -> list[tuple[Item, Drawn | None]]:
    """The prompts of a condition with the constitution that each is asked behind."""
    items = held.unseen if condition.kinds == "held out" else held.delicate
    if condition.asks_harmless:
        items += held.harmless
    return [(item, condition.behind(number, item)) for number, item in enumerate(items)]


async def run(model: str, held: Held, conditions: Sequence[Condition]) -> dict[str, list[Answered]]:
    """All conditions, on one engine."""
    sampling = Sampling(temperature=0.0, max_tokens=MAX_TOKENS, stop=(STOP,))
    async with open_engine(EngineSpec(model=model)) as engine:

        async def answered(item: Item, drawn: Drawn | None) -> Answered:
            prompt = "".join(prompt_of(item, drawn))
            return read(item, drawn, (await engine.generate(prompt, sampling, rng_seed=0)).text)

        return {
            it.name: list(await asyncio.gather(*(answered(item, drawn) for item, drawn in asked(held, it))))
            for it in conditions
        }


def run_without_engine(model: str, held: Held, conditions: Sequence[Condition]) -> dict[str, list[Answered]]:
    """All conditions, with plain PyTorch."""
    from training.greedy import Greedy

    greedy = Greedy(str(builtin_folder("miniature")) if model == "miniature" else model)
    found = {}
    for it in conditions:
        pairs = asked(held, it)
        texts = greedy.complete([prompt_of(*pair) for pair in pairs], MAX_TOKENS, STOP)
        found[it.name] = [read(*pair, text) for pair, text in zip(pairs, texts, strict=True)]
    return found


# --- Showing ---------------------------------------------------------------------------------------------------


def row(name: str, wanted: str, made: Score) -> str:
    """A line of the Markdown table."""
    cells = (made.principled, made.right, made.cited, made.persona)
    return f"| {name} | {wanted} | {' | '.join(str(cell) for cell in cells)} |"


HEADER = (
    "| condition | wanted | principled | harmless right | first citation right | persona's fields right |\n"
    "|---|---|---|---|---|---|"
)


def show_wrong(answered: list[Answered], most: int) -> None:
    """Answers to governed or harmless prompts that are not as they should be, on stderr."""
    for it in answered:
        harmless = it.item.group == "harmless"
        good = is_right(it.item, it.answer) if harmless else is_principled(it.item, it.answer, it.persona)
        if most > 0 and good != (harmless or it.is_governed):
            most -= 1
            print(f"  [{it.item.kind}] {it.item.user_turn!r}\n    {it.answer!r} {it.cited}", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="miniature")
    parser.add_argument("--constitution", default="default", help="a built-in constitution or a file")
    parser.add_argument("--table", action="store_true", help="all conditions instead of one constitution")
    parser.add_argument("--each", type=int, default=300, help="prompts of every sort")
    parser.add_argument("--rng-seed", type=int, default=11)
    parser.add_argument("--without-engine", action="store_true", help="decode with plain PyTorch instead of vLLM")
    parser.add_argument("--json", action="store_true", help="shares from 0 to 1 as JSON")
    parser.add_argument("--kinds", action="store_true", help="also counts per kind, on stderr")
    parser.add_argument("--show", type=int, default=0, help="print so many wrong answers of each condition on stderr")
    args = parser.parse_args()
    drawn = whole(load_constitution(args.constitution))
    one = (CONDITIONS[0], Condition("prompted", lambda n, item: drawn, asks_harmless=True))
    held, conditions = held_out(args.rng_seed, args.each), CONDITIONS if args.table else one
    if args.without_engine:
        found = run_without_engine(args.model, held, conditions)
    else:
        found = asyncio.run(run(args.model, held, conditions))
    scores = {name: score(answered) for name, answered in found.items()}
    for name, answered in found.items():
        if args.kinds:
            weak = sorted(scores[name].kinds.items(), key=lambda pair: pair[1].share)
            print(f"{name}: {', '.join(f'{kind} {it.good}/{it.asked}' for kind, it in weak)}", file=sys.stderr)
        show_wrong(answered, args.show)
    if args.json:
        print(json.dumps({name: it.shares() for name, it in scores.items()}, indent=1))
    else:
        targets = {it.name: it.wanted for it in conditions}
        print(HEADER + "\n" + "\n".join(row(name, targets[name], it) for name, it in scores.items()))


if __name__ == "__main__":
    main()
