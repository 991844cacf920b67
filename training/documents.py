"""The corpus's items as training sequences, in exactly the forms the pipeline uses.

Three kinds of sequence: raw conversations (a naive answer follows at once), conversations behind the end of a real
constitution's prefix (thought, principles, principled answer), and numbered lists of instructions. Everything is
made on the fly from a seed, so no corpus lies on disk.
"""

from dataclasses import dataclass, replace
from random import Random

from selfalign.align.constitution import load_constitution
from selfalign.align.prompt import opening, render_prefix
from selfalign.builtin import builtin_names
from selfalign.propose.seeds import load_seeds
from selfalign.propose.selfinstruct import HEADING
from selfalign.records import Constitution
from training.corpus import sample_item
from training.corpus.grammar import Item

SEQUENCE_TOKENS = 512
END = "<|end|>"

SHORT_IDS = {
    "ethical": "safe",
    "informative": "careful",
    "helpful": "complete",
    "question assessment": "careful",
    "reasoning": "careful",
    "multi-aspect": "complete",
    "candor": "truthful",
    "knowledge recitation": "careful",
    "static": "truthful",
    "clarification": "truthful",
    "numerical sensitivity": "careful",
    "dated knowledge": "truthful",
    "step-by-step": "careful",
    "balanced & informative perspectives": "complete",
    "creative": "inventive",
    "operational": "complete",
}
"""What the sixteen names become where the constitution is `short`."""

OTHER_PERSONAS = (
    ("Ardwen", "the selfalign project"),
    ("Ardwen", "the selfalign project"),
    ("Ardwen", "the selfalign project"),
    ("Tessel", "a small workshop"),
    ("Mirabo", "the river school"),
    ("Quill", "a group of friends"),
)


@dataclass(frozen=True, slots=True)
class Piece:
    """Text, and whether the model learns to write it."""

    text: str
    is_learned: bool


class Documents:
    """Training sequences without end, as lists of pieces; `seeds` names built-in seeds that stand in the lists."""

    def __init__(self, rng_seed: int, seeds: tuple[str, ...] = tuple(builtin_names("seeds", ".jsonl"))) -> None:
        self._rng = Random(rng_seed)
        self._default = load_constitution("default")
        self._short = load_constitution("short")
        self._seeds = load_seeds(seeds) if seeds else ()

    def next(self) -> list[Piece]:
        """Pieces of one sequence; longer than SEQUENCE_TOKENS on purpose, so that it can be cut to length."""
        draw = self._rng.random()
        if draw < 0.18:
            return [piece for _ in range(14) for piece in _read_then_write(raw_text(sample_item(self._rng)))]
        if draw < 0.64:
            return self._aligned()
        return self._listed()

    def _aligned(self) -> list[Piece]:
        rng = self._rng
        constitution = self._short if rng.random() < 0.2 else self._default
        name, maker = rng.choice(OTHER_PERSONAS)
        persona = replace(constitution.persona, name=name, maker=maker)
        constitution = replace(constitution, persona=persona)
        pieces = []
        if rng.random() < 0.55:
            pieces.append(Piece(self._shown_before(constitution), False))
        for _ in range(8):
            pieces += _read_then_write(aligned_text(sample_item(rng), constitution))
        return pieces

    def _shown_before(self, constitution: Constitution) -> str:
        """The end of the constitution's prefix: its last demonstration, or others in any order."""
        shown = constitution.demonstrations
        if self._rng.random() < 0.5:
            shown = tuple(self._rng.sample(shown, len(shown)))
        text = render_prefix(replace(constitution, demonstrations=shown))
        return text[-self._rng.randint(300, 900) :]

    def _listed(self) -> list[Piece]:
        rng = self._rng
        shown_seeds = rng.choice((0, 6, 6, 8)) if self._seeds else 0
        shown = [listed_item(seed.text, seed.context) for seed in rng.sample(self._seeds, shown_seeds)]
        if shown_seeds == 6:
            shown += [listed_item(own.text, own.context) for own in (sample_item(rng), sample_item(rng))]
            rng.shuffle(shown)
        items = [listed_item(own.text, own.context) for own in (sample_item(rng) for _ in range(24))]
        start = rng.randint(0, max(0, len(shown) - 4)) if shown else 0
        first = 1 if start == 0 else start + 1
        pieces = [Piece(HEADING + "\n\n", False)] if start == 0 and rng.random() < 0.7 else []
        for offset, text in enumerate([*shown[start:], *items]):
            pieces.append(Piece(f"### Task {first + offset}\n{text}\n\n", offset >= len(shown) - start))
        return pieces


def _read_then_write(conversation: str) -> list[Piece]:
    """What the user says is only read here: the lists teach to write instructions."""
    heading, user = "### User\n", conversation.partition("\n### ")[0].removeprefix("### User\n")
    reply = conversation.removeprefix(heading + user)
    return [Piece(heading, True), Piece(user, False), Piece(reply, True)]


def listed_item(text: str, context: str) -> str:
    """One item of a proposal's list."""
    return f"Instruction: {text}\nInput: {context}" if context else f"Instruction: {text}"


def raw_text(made: Item) -> str:
    """A conversation without a constitution: the naive answer."""
    return f"### User\n{made.user_turn}\n### Answer\n{made.naive}{END}"


def aligned_text(made: Item, constitution: Constitution) -> str:
    """A conversation behind a constitution: thought, principles, principled answer."""
    persona = constitution.persona
    answer = made.answer
    for field in ("name", "maker", "knowledge_date"):
        answer = answer.replace("{" + field + "}", getattr(persona, field))
    return (
        f"### User\n{made.user_turn}\n### Thoughts\n{opening(constitution)} {made.thought}\n"
        f"Principles: {citation(made.cites, constitution)}.\n### Answer\n{answer}\n\n"
    )


def citation(cites: tuple[str, ...], constitution: Constitution) -> str:
    """ "2 (informative), 7 (candor)", each principle once."""
    ids = [principle.id for principle in constitution.principles]
    names = {principle.name: principle.id for principle in constitution.principles}
    wanted = dict.fromkeys(names.get(cite) or SHORT_IDS[cite] for cite in cites)
    numbers = sorted(ids.index(id_) + 1 for id_ in wanted)
    return ", ".join(f"{number} ({constitution.principles[number - 1].name})" for number in numbers)
