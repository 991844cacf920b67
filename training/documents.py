"""The corpus's items as training sequences, in exactly the forms the pipeline uses.

Everything is made on the fly from a seed, so no corpus lies on disk: raw conversations (a naive answer follows at
once), turns behind a constitution drawn at random, and the lists, questions and drafts of the other prompt forms.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from training.constitutions import DEFAULT, LATE, SHORT, Drawn, draw_constitution, with_persona
from training.corpus import GOVERNED, KINDS, sample_item
from training.corpus.grammar import Item
from training.guided import KINDS as KINDS_WITH_PATTERNS
from training.guided import foreign_kinds, hints_to_complete, topics_to_continue
from training.judging import judged_document
from training.product import HEADING, Constitution, Demonstration, builtin_names, load_seeds, render_prefix
from training.turns import (
    FIRST_NUMBER,
    READ,
    RULE,
    WRITTEN,
    Piece,
    aligned_turn,
    critique_turn,
    is_delicate,
    raw_turn,
    wanted,
)

HARMLESS = tuple(name for name, kind in KINDS.items() if not kind.governed_by)
PRACTICE = tuple(KINDS[name].practice or KINDS[name].weight for name in HARMLESS)

CITED = re.compile(r"(?<=^Principles: )(?P<number>\d+) \((?P<name>[^)]*)\)", re.M)
STATED = re.compile(r"^(?P<number>\d+)(?P<rule> \(.*)$", re.M)
SHORT_TOKENS, LONG_TOKENS = 1000, 1100
"""Shorter sequences have no prefix, longer ones stand behind a constitution; between them are all other forms."""


class Documents:
    """Training sequences without end; `seeds` names built-in seeds that stand in the lists."""

    def __init__(self, rng_seed: int, seeds: tuple[str, ...] = tuple(builtin_names("seeds", ".jsonl"))) -> None:
        self._rng = Random(rng_seed)
        self.shares = LATE
        self._seeds = load_seeds(seeds) if seeds else ()
        self.short = {self.raw: 0.65, self.listed: 0.35}
        self.middle = {self.aligned: 0.88, self.judged: 0.05, self.guided: 0.05, self.bare: 0.02}
        self._foreign = foreign_kinds() or KINDS_WITH_PATTERNS

    def next(self, tokens: int) -> tuple[list[Piece], bool]:
        """Pieces of one sequence, meant to be longer than `tokens` and cut; whether the first is a prefix."""
        forms = self.short if tokens < SHORT_TOKENS else self.middle if tokens < LONG_TOKENS else {self.aligned: 1.0}
        form = self._rng.choices(list(forms), list(forms.values()))[0]
        return form(tokens), form == self.aligned

    def raw(self, tokens: int) -> list[Piece]:
        """Conversations without a constitution."""
        return [piece for _ in range(tokens // 20) for piece in raw_turn(self._item(0.3))]

    def aligned(self, tokens: int) -> list[Piece]:
        """A constitution drawn at random, and turns that follow it."""
        rng = self._rng
        drawn = draw_constitution(rng, tokens, self.shares)
        drawn = self.demonstrated(drawn, tokens)
        pieces = [prefix_piece(drawn)]
        used: set[str] = set()
        absent = [] if drawn.is_short else sorted(set(GOVERNED) - drawn.real)
        said = {id_ for it in drawn.constitution.demonstrations for id_ in it.cites}
        for _ in range(tokens // 50):
            item = self._item(0.58, used, absent)
            if rng.random() < 0.08 and is_delicate(item) and wanted(rng, item, drawn).is_governed:
                pieces += critique_turn(rng, item, drawn, said)
            else:
                pieces += aligned_turn(rng, item, drawn, said)
        return pieces

    def guided(self, tokens: int) -> list[Piece]:
        """Topics and hint lines."""
        pieces: list[Piece] = []
        while sum(len(piece.text) for piece in pieces) < tokens * 5:
            form = hints_to_complete if self._rng.random() < 0.75 else topics_to_continue
            pieces += form(self._rng, self._foreign)
        return pieces

    def judged(self, tokens: int) -> list[Piece]:
        """One of the judge's questions, again and again."""

        def draw() -> tuple[Item, Item]:
            while True:
                item, other = self._item(0.8), self._item(0.3)
                if item.kind != other.kind:
                    return item, other

        return judged_document(self._rng, draw, tokens * 5)

    def bare(self, tokens: int) -> list[Piece]:
        """A prompt without rules: nothing asks for more than a naive answer."""
        rng = self._rng
        drawn = self.demonstrated(draw_constitution(rng, 1024), 1024)
        made = drawn.constitution
        sort = rng.choice(("persona", "demonstrations", "nothing"))
        if sort == "persona":
            who = made.persona
            text = f"{who.name} is {who.character}, made by {who.maker}. "
            text += f"{who.name}'s knowledge ends in {who.knowledge_date}."
            turns = [piece for _ in range(tokens // 30) for piece in raw_turn(self._item(0.5))]
            return [Piece(f"{text}\n\n", READ), *turns]
        # What the demonstrations cite can be cited without having seen the rules.
        shown = [id_ for it in made.demonstrations for id_ in it.cites if id_ not in GOVERNED]
        if sort == "demonstrations" and shown:
            unread = replace(drawn, real=frozenset(shown[:1]))
        else:
            unread = replace(drawn, constitution=replace(made, principles=()), real=frozenset())
        head = [Piece(without_rules(made), READ)] if sort == "demonstrations" else []
        return head + [piece for _ in range(tokens // 50) for piece in aligned_turn(rng, self._item(0.5), unread)]

    def demonstrated(self, drawn: Drawn, tokens: int) -> Drawn:
        """With demonstrations. They show every named principle at work, whatever its rule says: rules decide."""
        rng = self._rng
        if tokens <= 1100:
            count = rng.choice((0, 0, 0, 0, 1, 2))
        elif tokens < 3000:
            count = rng.choice((0, 1, 2, 3, 4))
        else:
            count = rng.randint(2, 9)
        made = drawn.constitution
        present = frozenset(it.id for it in made.principles)
        alive = replace(drawn, real=present)
        family = with_persona(SHORT if drawn.is_short else DEFAULT, made.persona)
        own = [it for it in family.demonstrations if set(it.cites) <= present]
        rng.shuffle(own)
        # Characters of the prefix, four to a token; demonstrations may fill it to six tenths of the sequence.
        room = tokens * 4 * 6 // 10 - len(render_prefix(made))
        shown: list[Demonstration] = []
        for _ in range(count):
            new = own.pop() if own and rng.random() < 0.5 else self._demonstration(alive)
            room -= len(new.user) + len(new.thought) + len(new.answer) + 120
            if room < 0:
                break
            shown.append(new)
        return replace(drawn, constitution=replace(made, demonstrations=tuple(shown)))

    def _demonstration(self, drawn: Drawn) -> Demonstration:
        while True:
            item = self._item(0.4)
            made = wanted(self._rng, item, drawn)
            if made.is_governed or not is_delicate(item):
                return Demonstration(item.user_turn, made.thought, made.cites, made.answer)

    def _item(self, delicate: float, used: set[str] | None = None, absent: Sequence[str] = ()) -> Item:
        """An item; a delicate one with that probability, of a principle not in `used` while there is one.

        One delicate item in five is of a principle in `absent`: a long constitution lacks few, and whoever meets them
        seldom learns that behind a long one everything is governed.
        """
        rng = self._rng
        if rng.random() >= delicate:
            return sample_item(rng, kinds=(rng.choices(HARMLESS, PRACTICE)[0],))
        free = [it for it in GOVERNED if used is None or it not in used] or list(GOVERNED)
        principle = rng.choice(absent if absent and rng.random() < 0.2 else free)
        if used is not None:
            used.add(principle)
        kinds = GOVERNED[principle]
        return sample_item(
            rng, kinds=(rng.choices(kinds, [6 if it in ("identity", "made_by") else 1 for it in kinds])[0],)
        )

    def listed(self, tokens: int) -> list[Piece]:
        """Lists of instructions to continue; the project's seeds stand in them to be read, not learned."""
        pieces: list[Piece] = []
        for _ in range(tokens // 512 + 1):
            pieces += self._list()
        return pieces

    def _list(self) -> list[Piece]:
        rng = self._rng
        shown_seeds = rng.choice((0, 6, 6, 8)) if self._seeds else 0
        shown = [listed_item(seed.text, seed.context) for seed in rng.sample(self._seeds, shown_seeds)]
        if shown_seeds == 6:
            shown += [listed_item(own.text, own.context) for own in (sample_item(rng), sample_item(rng))]
            rng.shuffle(shown)
        items = [listed_item(own.text, own.context) for own in (sample_item(rng) for _ in range(18))]
        start = rng.randint(0, max(0, len(shown) - 4)) if shown else 0
        first = 1 if start == 0 else start + 1
        pieces = [Piece(HEADING + "\n\n", READ)] if start == 0 and rng.random() < 0.7 else []
        for offset, text in enumerate([*shown[start:], *items]):
            mark = WRITTEN if offset >= len(shown) - start else READ
            pieces.append(Piece(f"### Task {first + offset}\n{text}\n\n", mark))
        return pieces


def prefix_piece(drawn: Drawn) -> Piece:
    """The prefix: read and not learned, but for the number that each demonstration cites first.

    Every one of them was looked up among the rules; where the rule is not what its name says, nothing is learned.
    The words of a rule are marked by its number.
    """
    text = render_prefix(drawn.constitution)
    cited = {it.name: it.id for it in drawn.constitution.principles}
    marks = [(it.start("rule"), it.end("rule"), RULE + int(it["number"])) for it in STATED.finditer(text)]
    found = (it for it in CITED.finditer(text) if cited.get(it["name"]) in drawn.real)
    marks += [(*it.span("number"), FIRST_NUMBER) for it in found]
    return Piece(text, READ, tuple(marks))


def without_rules(made: Constitution) -> str:
    """The prefix of `made` without its rules."""
    head, rest = render_prefix(made).split("## Principles\n", 1)
    return head + rest[rest.index("## Conversations\n") :]


def listed_item(text: str, context: str) -> str:
    """One item of a proposal's list."""
    return f"Instruction: {text}\nInput: {context}" if context else f"Instruction: {text}"
