"""Self-Instruct: the model continues a list of instructions (Wang et al. 2023, arXiv 2212.10560, section 3.1)."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from selfalign.propose.listing import parse_list
from selfalign.propose.pool import Pool, Shown
from selfalign.propose.spec import ProposeSpec
from selfalign.propose.window import Choice
from selfalign.records import (
    SELF_INSTRUCT,
    Completion,
    Instruction,
    Prompt,
    Rejection,
    RejectionReason,
    Sampling,
    derive_seed,
    instruction_id,
)

HEADING = (
    "Below is a list of varied tasks for an assistant that works with text. Each task has an instruction and, where "
    "the instruction needs one, an input."
)
CHAT_REQUEST = (
    "Continue this list with tasks {first} to {last}, in the same form. Make them new, varied and self-contained. "
    "Write only the list."
)


@dataclass(frozen=True, slots=True)
class SelfInstruct:
    """Shows seeds and the model's own instructions as a numbered list, and has the model go on. `style` is "text" or
    "chat"."""

    spec: ProposeSpec
    style: str
    rng_seed: int
    name: str = SELF_INSTRUCT

    def choose(self, pool: Pool, number: int) -> Choice:
        """Seeds and, once there are any, own instructions, in the order in which they are shown; guided ones are not
        shown, or what a guide asks for would take over."""
        rng = random.Random(derive_seed(self.rng_seed, "shown", number))
        spec = self.spec
        known = pool.sizes[number - spec.window] if number >= spec.window else 0
        positions = rng.sample(range(known), min(spec.shown_own, known))
        own = [pool.accepted[position] for position in positions if pool.accepted[position].cell is None]
        num_seeds = min(spec.shown_seeds + spec.shown_own - len(own), len(pool.seeds))
        shown: list[Shown] = [*rng.sample(pool.seeds, num_seeds), *own]
        rng.shuffle(shown)
        return Choice(tuple(shown))

    def render(self, choice: Choice) -> tuple[Prompt, Sampling]:
        """The list, and a sampling that ends behind the items asked for."""
        last = self.spec.shown_seeds + self.spec.shown_own + self.spec.asked
        stop = (*self.spec.sampling.stop, f"\n### Task {last + 1}")
        prompt = render_list(choice.shown, self.spec.asked, self.style)
        return prompt, replace(self.spec.sampling, stop=stop)

    def parse(self, reply: Completion, choice: Choice, number: int) -> Iterator[Instruction | Rejection]:
        """The items of the continued list, at most as many as were asked for."""
        items, is_whole = parse_list(reply.text, self.style, len(choice.shown) + 1)
        cut = len(items) - 1 if reply.is_truncated and not is_whole else None
        if not items:
            yield _MALFORMED
        for position, pair in enumerate(items[: self.spec.asked]):
            if position == cut:
                yield Rejection(*(pair or ("", "")), RejectionReason.TRUNCATED)
            elif pair is None:
                yield _MALFORMED
            else:
                yield Instruction(instruction_id(number, position), *pair, self.name)


def render_list(shown: Sequence[Shown], asked: int, style: str) -> Prompt:
    """The numbered list, open at its next item, or a chat message that asks for `asked` more."""
    items = [f"### Task {number}\n{_render_item(item)}" for number, item in enumerate(shown, start=1)]
    listing = "\n\n".join([HEADING, *items])
    first = len(shown) + 1
    if style == "chat":
        request = CHAT_REQUEST.format(first=first, last=len(shown) + asked)
        return ({"role": "user", "content": f"{listing}\n\n{request}"},)
    return f"{listing}\n\n### Task {first}\nInstruction:"


def _render_item(item: Shown) -> str:
    return f"Instruction: {item.text}\nInput: {item.context}" if item.context else f"Instruction: {item.text}"


_MALFORMED = Rejection("", "", RejectionReason.MALFORMED, detail="no instruction where the list should go on")
