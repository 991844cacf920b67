"""Self-Instruct: the model continues a list of instructions (Wang et al. 2023, arXiv 2212.10560, section 3.1).

    choose examples -> ask -> parse -> judge -> commit, strictly in the order of the rounds

Up to `window` rounds are open, but round n is judged only after round n-1, and its prompt was made from what was kept
after round n - window. So prompts, ids and verdicts depend on what the engine answered, never on when.
"""

import asyncio
import math
import random
import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Protocol

from selfalign.engine.spec import Engine
from selfalign.errors import PromptRefused
from selfalign.markers import LIST_ITEM
from selfalign.novelty.index import NoveltyIndex
from selfalign.propose.screen import ScreenSpec, find_fault, normalise_context
from selfalign.propose.source import SourceSpec, read_source
from selfalign.records import (
    Completion,
    Instruction,
    Prompt,
    Rejection,
    RejectionReason,
    Round,
    Sampling,
    Seed,
    Usage,
    derive_seed,
)

SOURCE_ROUND = 64
"""Rows of an existing source that make one round."""

HEADING = (
    "Below is a list of varied tasks for an assistant that works with text. Each task has an instruction and, where "
    "the instruction needs one, an input."
)
CHAT_REQUEST = (
    "Continue this list with tasks {first} to {last}, in the same form. Make them new, varied and self-contained. "
    "Write only the list."
)


@dataclass(frozen=True, slots=True)
class ProposeSpec:
    """How instructions are proposed.

    `target` accepted instructions end the proposing. `window` rounds are open at most: a wide one keeps the engine busy
    while a slow reply holds up the commits behind it, a narrow one lets the model's own instructions be shown sooner.
    Each shows `shown_seeds` + `shown_own` instructions (more seeds until the model has own ones) and asks for `asked`
    more. `max_dry_rounds` rounds in a row without one accepted instruction end it early. `source` takes instructions
    that exist already instead of asking for new ones.
    """

    target: int = 200
    window: int = 64
    shown_seeds: int = 6
    shown_own: int = 2
    asked: int = 8
    max_dry_rounds: int = 100
    screen: ScreenSpec = field(default_factory=ScreenSpec)
    sampling: Sampling = field(default_factory=lambda: Sampling(temperature=1.0, top_p=0.98, max_tokens=1024))
    source: SourceSpec | None = None

    def __post_init__(self) -> None:
        for name in ("target", "window", "shown_seeds", "asked", "max_dry_rounds"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: must be at least 1, is {getattr(self, name)}")
        if self.shown_own < 0:
            raise ValueError(f"shown_own: must be at least 0, is {self.shown_own}")


class Shown(Protocol):
    """What an example in a proposal needs: seeds and instructions have it."""

    @property
    def id(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def context(self) -> str: ...


@dataclass
class Pool:
    """What has been kept so far, and how far the rounds have come; the state that `propose` continues from.

    `index` knows every seed and every accepted instruction; `sizes[i]` is the number of accepted instructions after
    round i, `num_screened` the number of verdicts so far. `find_contamination` names file and line of an evaluation
    prompt that a text repeats, or None.
    """

    seeds: tuple[Seed, ...]
    index: NoveltyIndex
    find_contamination: Callable[[str, str], str | None] = lambda text, context: None
    accepted: list[Instruction] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    dry_rounds: int = 0
    num_screened: int = 0

    def __post_init__(self) -> None:
        self._index_all(self.seeds)

    def replay(self, rounds: Iterator[Round]) -> None:
        """Take in the journalled rounds of an earlier start, in order."""
        for earlier in rounds:
            self.note(earlier)
        self._index_all(self.accepted)

    def _index_all(self, items: Sequence[Shown]) -> None:
        self.index.extend((item.id, item.text, item.context) for item in items)

    def note(self, finished: Round) -> None:
        """Count a round whose accepted instructions are in the index already."""
        self.accepted.extend(finished.accepted)
        self.num_screened += len(finished.accepted) + len(finished.rejected)
        self.sizes.append(len(self.accepted))
        self.dry_rounds = 0 if finished.accepted else self.dry_rounds + 1

    def is_finished(self, spec: ProposeSpec) -> bool:
        """Whether the target is reached, or novelty has run dry."""
        return len(self.accepted) >= spec.target or self.dry_rounds >= spec.max_dry_rounds


async def propose(
    engine: Engine,
    pool: Pool,
    spec: ProposeSpec,
    *,
    style: str,
    rng_seed: int,
    journal: Callable[[Round], None],
) -> AsyncIterator[Instruction]:
    """Yield accepted instructions until the target is reached; each round is journalled before it is yielded.

    Continues after the rounds that `pool` has seen. `style` is "text" or "chat". Raises whatever the engine raises
    but `PromptRefused`, which ends a round with that rejection.
    """
    in_flight: deque[tuple[tuple[Shown, ...], asyncio.Task[Completion | PromptRefused]]] = deque()
    try:
        while not pool.is_finished(spec):
            while len(in_flight) < min(spec.window, _rounds_to_go(pool, spec)):
                number = len(pool.sizes) + len(in_flight)
                shown = choose_shown(pool, spec, number, rng_seed)
                request = _ask(engine, render_proposal(shown, spec, style), spec, number, rng_seed)
                in_flight.append((shown, asyncio.create_task(request)))
            shown, request = in_flight[0]
            reply = await request
            in_flight.popleft()
            finished = await screen_round(reply, shown, pool, spec, len(pool.sizes))
            journal(finished)
            pool.note(finished)
            for instruction in finished.accepted:
                yield instruction
    finally:
        for _, request in in_flight:
            request.cancel()
        await asyncio.gather(*(request for _, request in in_flight), return_exceptions=True)


async def propose_from_source(
    pool: Pool, spec: ProposeSpec, *, journal: Callable[[Round], None]
) -> AsyncIterator[Instruction]:
    """Like `propose`, with the instructions of `spec.source` in place of the engine's, judged by the same rules.

    Ends with the source or at the target. Raises `RecipeError` where the source cannot be read.
    """
    instructions = read_source(spec.source)
    # Every row was judged once, so the verdicts journalled say how many rows are behind us.
    next(islice(instructions, pool.num_screened, pool.num_screened), None)
    while len(pool.accepted) < spec.target:
        rows = tuple(islice(instructions, SOURCE_ROUND))
        if not rows:
            return
        verdicts = (screen(row, (), pool, spec) for row in rows)
        finished = await _sort_verdicts(verdicts, pool, len(pool.sizes))
        journal(finished)
        pool.note(finished)
        for instruction in finished.accepted:
            yield instruction


def choose_shown(pool: Pool, spec: ProposeSpec, number: int, rng_seed: int) -> tuple[Shown, ...]:
    """The instructions that the proposal of round `number` shows, in their order.

    A pure function of the seed, the number and what had been accepted after round `number` - window.
    """
    rng = random.Random(derive_seed(rng_seed, "shown", number))
    known = pool.sizes[number - spec.window] if number >= spec.window else 0
    own = rng.sample(range(known), min(spec.shown_own, known))
    num_seeds = min(spec.shown_seeds + spec.shown_own - len(own), len(pool.seeds))
    shown: list[Shown] = [*rng.sample(pool.seeds, num_seeds), *(pool.accepted[position] for position in own)]
    rng.shuffle(shown)
    return tuple(shown)


def render_proposal(shown: Sequence[Shown], spec: ProposeSpec, style: str) -> Prompt:
    """The prompt of a proposal: the numbered list, open at its next item, or a chat message that asks for more."""
    items = [f"### Task {number}\n{_render_item(item)}" for number, item in enumerate(shown, start=1)]
    listing = "\n\n".join([HEADING, *items])
    first = len(shown) + 1
    if style == "chat":
        request = CHAT_REQUEST.format(first=first, last=len(shown) + spec.asked)
        return ({"role": "user", "content": f"{listing}\n\n{request}"},)
    return f"{listing}\n\n### Task {first}\nInstruction:"


def parse_proposal(text: str) -> list[tuple[str, str] | None]:
    """The (instruction, context) pairs of a continued list, in order; None for an item that has no instruction."""
    items = [item for item in LIST_ITEM.split(text) if item.strip()]
    return [_parse_item(item, labelled=number > 0) for number, item in enumerate(items)]


async def screen_round(
    reply: Completion | PromptRefused, shown: Sequence[Shown], pool: Pool, spec: ProposeSpec, number: int
) -> Round:
    """Parse and judge one reply against the pool; accepted instructions enter the pool's index at once."""
    shown_ids = tuple(item.id for item in shown)
    if isinstance(reply, PromptRefused):
        refusal = Rejection("", "", RejectionReason.PROMPT_REFUSED, detail=str(reply))
        return Round(number, shown_ids, (), (refusal,), Usage())
    verdicts = _verdicts(reply, shown, pool, spec, number)
    finished = await _sort_verdicts(verdicts, pool, number)
    return replace(finished, shown_ids=shown_ids, usage=reply.usage)


def screen(candidate: Instruction, shown: Sequence[Shown], pool: Pool, spec: ProposeSpec) -> Instruction | Rejection:
    """The candidate itself where it may be kept, else why not: the cheap rules first, then the pool."""

    def reject(reason: RejectionReason, **explanation: object) -> Rejection:
        return Rejection(candidate.text, candidate.context, reason, **explanation)

    if fault := find_fault(candidate, spec.screen):
        return reject(fault.reason, detail=fault.detail)
    for item in shown:
        if item.text.casefold() == candidate.text.casefold() and item.context == candidate.context:
            return reject(RejectionReason.REPEATS_SHOWN, nearest_id=item.id, similarity=1.0)
    if neighbour := pool.index.nearest(candidate.text, candidate.context):
        return reject(RejectionReason.NEAR_DUPLICATE, nearest_id=neighbour.id, similarity=neighbour.similarity)
    if place := pool.find_contamination(candidate.text, candidate.context):
        return reject(RejectionReason.CONTAMINATED, detail=place)
    return candidate


def _verdicts(
    reply: Completion, shown: Sequence[Shown], pool: Pool, spec: ProposeSpec, number: int
) -> Iterator[Instruction | Rejection]:
    """The verdict on each item of a reply, one by one: each may depend on what was kept just before it."""
    parsed = parse_proposal(reply.text)[: spec.asked]
    if not parsed:
        yield _MALFORMED
    for position, pair in enumerate(parsed):
        if reply.is_truncated and position == len(parsed) - 1:
            yield Rejection(*(pair or ("", "")), RejectionReason.TRUNCATED)
        elif pair is None:
            yield _MALFORMED
        else:
            candidate = Instruction(f"p{number:07d}-{position:02d}", *pair, "self-instruct")
            yield screen(candidate, shown, pool, spec)


async def _sort_verdicts(verdicts: Iterable[Instruction | Rejection], pool: Pool, number: int) -> Round:
    """A round of these verdicts; what is accepted enters the pool's index before the next verdict is asked for.

    A verdict takes up to some milliseconds at a large pool: in between, others have their turn on the event loop.
    """
    accepted: list[Instruction] = []
    rejected: list[Rejection] = []
    for verdict in verdicts:
        if isinstance(verdict, Rejection):
            rejected.append(verdict)
        else:
            pool.index.add(verdict.id, verdict.text, verdict.context)
            accepted.append(verdict)
        await asyncio.sleep(0)
    return Round(number, (), tuple(accepted), tuple(rejected), Usage())


def _rounds_to_go(pool: Pool, spec: ProposeSpec) -> int:
    """Rounds the target still takes at the rate so far; to ask for more would be to throw replies away at the end.

    It decides when a request is sent, never what is in it. The first guess is that everything is accepted.
    """
    accepted_per_round = (len(pool.accepted) + spec.asked) / (len(pool.sizes) + 1)
    return math.ceil((spec.target - len(pool.accepted)) / accepted_per_round)


async def _ask(
    engine: Engine, prompt: Prompt, spec: ProposeSpec, number: int, rng_seed: int
) -> Completion | PromptRefused:
    last = spec.shown_seeds + spec.shown_own + spec.asked
    stop = (*spec.sampling.stop, f"\n### Task {last + 1}")
    sampling = replace(spec.sampling, stop=stop)
    try:
        return await engine.generate(prompt, sampling, rng_seed=derive_seed(rng_seed, "propose", number))
    except PromptRefused as refused:
        return refused


def _render_item(item: Shown) -> str:
    return f"Instruction: {item.text}\nInput: {item.context}" if item.context else f"Instruction: {item.text}"


_MALFORMED = Rejection("", "", RejectionReason.MALFORMED, detail="no instruction where the list should go on")
_LABEL = re.compile(r"\s*(?:\d+[.)]\s*)?instruction[ \t]*:", re.IGNORECASE)
_INPUT = re.compile(r"^[ \t]*(?:input|context)[ \t]*:", re.MULTILINE | re.IGNORECASE)
# Some models go on to answer their own instruction; what stands behind such a label is neither.
_ANSWER = re.compile(r"^[ \t]*(?:output|answer|response)[ \t]*:", re.MULTILINE | re.IGNORECASE)


def _parse_item(item: str, *, labelled: bool) -> tuple[str, str] | None:
    """One item; the first follows the label that the prompt ends with, so it has none of its own."""
    label = _LABEL.match(item)
    if label:
        item = item[label.end() :]
    elif labelled:
        return None
    item = _ANSWER.split(item, maxsplit=1)[0]
    text, *context = _INPUT.split(item, maxsplit=1)
    if not text.strip():
        return None
    return text.strip(), normalise_context(context[0]) if context else ""
