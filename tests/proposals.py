"""What the tests of proposing share: a small pool, replies in the list's form, and a run of the window."""

import asyncio

from worlds import SEEDS as SEED_FILE

from selfalign.novelty.index import NoveltyIndex, NoveltySpec
from selfalign.propose import Pool, ProposeSpec, SelfInstruct, load_seeds, propose
from selfalign.propose.window import Choice, screen_round
from selfalign.records import Completion, Round, Usage

SEEDS = load_seeds([str(SEED_FILE)])
SELF_INSTRUCT = SelfInstruct(ProposeSpec(), "text", 3)
WORDS = "amber birch cedar delta ember fjord grove haven islet jetty knoll ledge maple north ocean prism".split()


def made_up(number: int) -> str:
    """An instruction that shares few words with another one's."""
    chosen = [WORDS[number // 16**place % 16] + WORDS[(number // 16**place + 5 * place) % 16] for place in range(3)]
    return f"Describe {chosen[0]} beside {chosen[1]} under {chosen[2]} {number}"


def completion(text: str, finish_reason: str = "stop") -> Completion:
    return Completion(text, finish_reason, Usage(100, 90, 20))


def listing(*items: str, first: int = 9) -> str:
    """What a model writes behind an open "### Task 9 / Instruction:"."""
    rest = [f"### Task {first + number}\nInstruction: {item}" for number, item in enumerate(items) if number]
    return "\n\n".join([f" {items[0]}", *rest])


def propose_three(prompt, sampling, rng_seed):
    return completion(listing(*(made_up(rng_seed % 10**6 * 3 + item) for item in range(3))))


def make_pool() -> Pool:
    return Pool(SEEDS, NoveltyIndex(NoveltySpec()))


def screened(text: str, finish_reason: str = "stop", *, shown=SEEDS[:2], pool: Pool | None = None) -> Round:
    """The first round, of this reply."""
    reply = completion(text, finish_reason)
    return asyncio.run(screen_round(reply, SELF_INSTRUCT, Choice(shown), pool or make_pool(), ProposeSpec()))


async def collect(engine, pool, spec, rounds=None, *, proposer_of=None):
    journal = rounds.append if rounds is not None else lambda finished: None
    alone = SelfInstruct(spec, "text", 3)
    proposals = propose(engine, pool, spec, proposer_of or (lambda number: alone), rng_seed=3, journal=journal)
    return [item async for item in proposals]
