"""Guided proposing: the model completes hints, and finds the topics that the hints are about.

The form follows topic-guided red-teaming Self-Instruct (Sun et al. 2023, arXiv 2305.03047, section 3.1): first more
topics of a kind, then requests for kinds and topics. A hint here says stance and style as well.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from selfalign.engine.chat import remove_think_block
from selfalign.markers import hostile, role_marker
from selfalign.propose.guide import Guide, Kind
from selfalign.propose.ledger import Ledger
from selfalign.propose.pool import Pool
from selfalign.propose.spec import GUIDED, GuidedSpec
from selfalign.propose.window import Choice
from selfalign.records import (
    Cell,
    Completion,
    Instruction,
    Prompt,
    Rejection,
    RejectionReason,
    Sampling,
    Stance,
    Topic,
    derive_seed,
    instruction_id,
)

TOPICS_SHOWN, TOPICS_ASKED = 5, 15
MAX_TOPIC_WORDS, MAX_TOPIC_LENGTH = 4, 40
TOPICS_MAX_TOKENS = 128

TOPICS_HEADING = "Below are topics for requests of one kind, one to a line, each a few words long."
LINES_HEADING = (
    "Below are requests that people send to an assistant, one to a line. Each begins with a hint in square brackets: "
    "its kind, its topic, its stance and its style. A request answers its hint."
)
TOPICS_CHAT_REQUEST = "Continue this list with topics {first} to {last}, in the same form. Write only the list."
LINES_CHAT_REQUEST = (
    "Write the requests for these hints, lines {first} to {last}, in the same form: the number, the hint in its "
    "brackets, the request. Write only these lines."
)


@dataclass(frozen=True, slots=True)
class Guided:
    """Asks for requests that answer hints, or for more topics of a kind. `style` is "text" or "chat"."""

    guide: Guide
    ledger: Ledger
    spec: GuidedSpec
    style: str
    rng_seed: int
    name: str = GUIDED

    def choose(self, pool: Pool, number: int) -> Choice:
        """Thin cells with an example of each one's kind, or a kind that lacks topics with some that it has."""
        rng = random.Random(derive_seed(self.rng_seed, self.name, number))
        kind, hints = self.ledger.choose(number, rng)
        if kind:
            known = self.ledger.topics(kind)
            return Choice(kind=kind, topics=tuple(rng.sample(known, min(TOPICS_SHOWN, len(known)))))
        kinds = {item.name: item for item in self.guide.kinds}
        examples = [rng.choice(kinds[name].examples) for name in dict.fromkeys(hint.kind for hint in hints)]
        rng.shuffle(examples)
        return Choice(tuple(line for example in examples for line in example), hints)

    def render(self, choice: Choice) -> tuple[Prompt, Sampling] | None:
        """The request; None where nothing is left to ask for."""
        if choice.kind:
            kind = next(item for item in self.guide.kinds if item.name == choice.kind)
            first = len(choice.topics) + 1
            stop = ("\n\n", f"\n{first + TOPICS_ASKED}.") if self.style == "text" else ()
            sampling = replace(self.spec.sampling, max_tokens=min(self.spec.sampling.max_tokens, TOPICS_MAX_TOKENS))
            prompt = render_topics(kind, choice.topics, self.style)
        elif choice.hints:
            sampling, stop = self.spec.sampling, ("\n\n", "\n###") if self.style == "text" else ()
            prompt = render_hints(choice, self.style)
        else:
            return None
        return prompt, replace(sampling, stop=(*sampling.stop, *stop))

    def parse(self, reply: Completion, choice: Choice, number: int) -> Iterator[Instruction | Topic | Rejection]:
        """The topics in the reply, or the requests in it that answer a hint; a benign twin comes before its harmful
        line, since that is not kept without it."""
        if choice.kind:
            yield from (Topic(choice.kind, name) for name in parse_topics(reply, len(choice.topics) + 1, self.style))
            return
        lines = parse_lines(reply, choice, self.style) if choice.hints else []
        lines.sort(key=lambda line: _turn(line, choice.hints))
        for position, line in enumerate(lines):
            if isinstance(line, Rejection):
                yield line
            else:
                cell, text = line
                yield Instruction(instruction_id(number, position), text, "", self.name, cell)


def render_topics(kind: Kind, shown: Sequence[str], style: str) -> Prompt:
    """The list of a kind's topics, open at its next line, or a chat message that asks for more."""
    first = len(shown) + 1
    head = f"{TOPICS_HEADING}\n\nKind: {kind.name}. {kind.about}\n\n"
    listing = head + "".join(f"{number}. {topic}\n" for number, topic in enumerate(shown, start=1))
    if style == "chat":
        return _message(f"{listing}\n{TOPICS_CHAT_REQUEST.format(first=first, last=first + TOPICS_ASKED - 1)}")
    return f"{listing}{first}."


def render_hints(choice: Choice, style: str) -> Prompt:
    """Examples behind their hints, the open hints, and the first line begun; or a chat message that asks for them."""
    first = len(choice.shown) + 1
    shown = "".join(f"{at}. {_hint(line.cell)} {line.text}\n" for at, line in enumerate(choice.shown, start=1))
    hints = "".join(f"{number}. {_hint(cell)}\n" for number, cell in enumerate(choice.hints, start=first))
    text = f"{LINES_HEADING}\n\n{shown}\nHints still without a request:\n\n{hints}\n"
    if style == "chat":
        return _message(text + LINES_CHAT_REQUEST.format(first=first, last=first + len(choice.hints) - 1))
    return f"{text}The requests for these hints:\n\n{first}. ["


def parse_topics(reply: Completion, first: int, style: str) -> list[str]:
    """The short lines of a continued list of topics, lower-cased, each once; it goes on from the number `first`.

    A line that the token limit may have cut does not count, nor does one without a number where others have one.
    """
    text = remove_think_block(reply.text)
    text = f"{first}. {text}" if style == "text" else text
    lines = text.splitlines()[: -1 if reply.is_truncated else None]
    numbered = [found[1] for line in lines if (found := _NUMBERED.match(line))]
    topics = (" ".join(line.strip(" \t*_`\"'.").lower().split()) for line in (numbered or lines))
    return list(dict.fromkeys(topic for topic in topics if _is_topic(topic)))[:TOPICS_ASKED]


def parse_lines(reply: Completion, choice: Choice, style: str) -> list[tuple[Cell, str] | Rejection]:
    """The requests in a reply with the cells whose hints they answer, and the lines that answer none.

    A line is known by its hint, whatever its number and markup. What follows it up to the next hint or an empty line
    belongs to it.
    """
    text = remove_think_block(reply.text).replace("\r\n", "\n")
    if style == "text" and not _HINT.match(text):
        text = f"{len(choice.shown) + 1}. [{text}"
    found = list(_HINT.finditer(text))
    ends = [match.start() for match in found[1:]] + [len(text)] * bool(found)
    open_cells = {_folded("; ".join(cell)): cell for cell in choice.hints}
    lines: list[tuple[Cell, str] | Rejection] = []
    for match, end in zip(found, ends, strict=True):
        request, *rest = _END.split(text[match.end() : end], maxsplit=1)
        request = request.strip(" \t\n*_")
        if reply.is_truncated and end == len(text) and not rest:
            lines.append(Rejection(request, "", RejectionReason.TRUNCATED))
        elif (cell := open_cells.pop(_folded(match[1]), None)) is None or not request:
            lines.append(Rejection(request, "", RejectionReason.MALFORMED, detail=f"answers no open hint: {match[1]}"))
        else:
            lines.append((cell, request))
    return lines or [Rejection("", "", RejectionReason.MALFORMED, detail="no line answers a hint")]


def _turn(line: tuple[Cell, str] | Rejection, hints: Sequence[Cell]) -> float:
    """Where a line has its turn: in the order of the hints, a benign twin just before its harmful line."""
    if isinstance(line, Rejection):
        return len(hints)
    return hints.index(line[0]) - (1.5 if line[0].stance == Stance.BENIGN_TWIN else 0)


def _message(content: str) -> Prompt:
    return ({"role": "user", "content": content},)


def _hint(cell: Cell) -> str:
    return f"[{'; '.join(cell)}]"


def _folded(hint: str) -> str:
    """A hint for comparison: case, markup and the kind of separator aside."""
    return " ".join(re.sub(r"[\W_]+", " ", hint).casefold().split())


def _is_topic(text: str) -> bool:
    return (
        0 < len(text) <= MAX_TOPIC_LENGTH
        and len(text.split()) <= MAX_TOPIC_WORDS
        and any(character.isalnum() for character in text)
        and not any(character in text for character in ";:[]?!#|<>{}")
        and not hostile(text)
        and not role_marker(text)
    )


_NUMBERED = re.compile(r"[ \t*_#-]*\d+[.):][*_]*[ \t]*(.+)")
_HINT = re.compile(r"^[^\w\n]*(?:\d+(?!\d)[^\w\n]*)*\[([^\[\]\n]{3,200})\][*_:\t -]*", re.MULTILINE)
# An empty line ends a request, and so does the model's own answer to it.
_END = re.compile(r"\n[ \t]*(?:\n|\Z)|\n[ \t]*(?:output|answer|response)[ \t]*:", re.IGNORECASE)
