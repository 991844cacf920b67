"""Constitutions drawn at random, so that what stands in the prompt decides and nothing else can.

A `Drawn` constitution knows which of its principles have a rule that says what the corpus means by that principle.
The others are void ("a matter of taste"), inverted ("guesses when it does not know") or about something else; names
cannot tell, only the text can.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import yaml

from training.corpus.grammar import say
from training.product import Constitution, Persona, Principle, load_constitution

DATA = Path(__file__).parent / "data"
PRINCIPLES: dict[str, dict[str, list[str]]] = yaml.safe_load((DATA / "principles.yaml").read_text(encoding="utf-8"))
TEXTS: dict[str, Any] = yaml.safe_load((DATA / "constitutions.yaml").read_text(encoding="utf-8"))

SHORT_IDS = {
    "ethical": "safe", "informative": "careful", "helpful": "complete", "question-assessment": "careful",
    "reasoning": "careful", "multi-aspect": "complete", "candor": "truthful", "knowledge-recitation": "careful",
    "static": "truthful", "clarification": "truthful", "numerical-sensitivity": "careful",
    "dated-knowledge": "truthful", "step-by-step": "careful", "balanced-perspectives": "complete",
    "creative": "inventive", "operational": "complete",
}  # fmt: skip
"""What the sixteen become where the constitution is `short`."""

FALLBACK = ("helpful", "informative", "complete", "careful")
"""Cited where nothing more specific applies."""

DEFAULT = load_constitution("default")
SHORT = load_constitution("short")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A constitution, and the ids of the principles whose rule says what it should."""

    constitution: Constitution
    real: frozenset[str]

    @property
    def is_short(self) -> bool:
        return any(it.id in SHORT_IDS.values() for it in self.constitution.principles)


# --- Personas --------------------------------------------------------------------------------------------------


def random_persona(rng: Random) -> Persona:
    """A name, maker, date and character that have never stood together before."""
    made = TEXTS["personas"]

    def word(least: int, most: int) -> str:
        return "".join(rng.choice(made["syllables"]) for _ in range(rng.randint(least, most))).capitalize()

    family, other = rng.sample(made["families"], 2)
    maker = say(
        rng, rng.choice(made["makers"]), quality=rng.choice(made["maker_qualities"]), town=rng.choice(made["towns"]),
        house=rng.choice(made["maker_houses"]), place=word(2, 3), family=family, other=other,
    )  # fmt: skip
    a, b, c = rng.sample(made["traits"], 3)
    character = say(rng, rng.choice(made["characters"]), a=a, b=b, c=c, noun=rng.choice(made["nouns"]))
    make_name = rng.choice((lambda: rng.choice(made["names"]), lambda: word(1, 3), lambda: _sounds(rng)))
    return Persona(
        name=make_name(),
        maker=_small(maker),
        knowledge_date=f"{rng.choice(made['months'])} {rng.randint(2015, 2026)}",
        character=_small(character),
    )


def _sounds(rng: Random) -> str:
    """A name of two or three syllables that no list has."""
    first = "b c d f g h k l m n p r s t v w y z br cl dr fr gr kl pr sh st th tr".split()
    last = "l m n r s t ck nd".split()
    text = "".join(rng.choice(first) + rng.choice("aeiou") for _ in range(rng.randint(2, 3)))
    return (text + rng.choice([*last, "", "", ""])).capitalize()


def held_persona(rng: Random) -> Persona:
    """One that only the evaluation uses."""
    return Persona(**rng.choice(TEXTS["held_personas"]))


def _small(text: str) -> str:
    """Without the capital that `say` begins with, unless a name stands there."""
    first = text.split(" ", 1)[0]
    articles = ("The", "A", "An", "Some")
    is_name = first[0].isupper() and first not in articles and not any(first.lower() == t for t in _TRAITS)
    return text if is_name else text[:1].lower() + text[1:]


_TRAITS = frozenset(f"{trait}{end}" for trait in TEXTS["personas"]["traits"] for end in ("", ","))


def with_persona(made: Constitution, persona: Persona) -> Constitution:
    """The constitution as spoken by another persona."""
    old = made.persona

    def said(text: str) -> str:
        return text.replace(old.name, persona.name).replace(old.knowledge_date, persona.knowledge_date)

    return replace(
        made,
        persona=persona,
        principles=tuple(replace(it, rule=said(it.rule)) for it in made.principles),
        demonstrations=tuple(
            replace(it, user=said(it.user), thought=said(it.thought), answer=said(it.answer))
            for it in made.demonstrations
        ),
    )


# --- Rules -----------------------------------------------------------------------------------------------------


def rule_text(rng: Random, pattern: str, name: str, persona: Persona) -> str:
    """A rule from a pattern of the data files."""
    return say(
        rng, pattern, name=persona.name, knowledge_date=persona.knowledge_date, topic=name,
        thing=rng.choice(TEXTS["things"]),
    )  # fmt: skip


def real_rule(rng: Random, id_: str, full: str, name: str, persona: Persona, *, long: bool) -> str:
    """What the principle means: as `default` words it, shortened, or in other words."""
    draw = rng.random()
    if draw < (0.5 if long else 0.16):
        return full
    if draw < (0.6 if long else 0.28):
        return full.split(". ")[0].split(";")[0].rstrip(".") + "."
    patterns = PRINCIPLES[id_]["rules"]
    chosen = rng.sample(patterns, 2 if rng.random() < (0.4 if long else 0.15) else 1)
    return " ".join(rule_text(rng, it, name, persona) for it in chosen)


def dead_rule(rng: Random, id_: str, name: str, persona: Persona, sort: str, suffix: str = "") -> str:
    """A rule that does not ask for the principled answer; `sort` is "void", "inverted" or "unrelated"."""
    if sort == "inverted":
        inverted = PRINCIPLES[id_].get("inverted" + suffix)
        sort = sort if inverted else "void"
        patterns = inverted or TEXTS["void" + suffix]
    else:
        patterns = TEXTS[sort + suffix]
    # Some are as long as real rules.
    chosen = rng.sample(patterns, 2 if rng.random() < 0.3 and len(patterns) > 3 and not suffix else 1)
    return " ".join(rule_text(rng, it, name, persona) for it in chosen)


# --- Drawing ---------------------------------------------------------------------------------------------------


MODES = ("plain", "mixed", "dead", "odd", "alias")
EARLY, LATE = (66, 14, 7, 5, 8), (50, 24, 10, 8, 8)
"""Shares of `MODES`: names that can be trusted come first, then more where only the text decides."""


def draw_constitution(
    rng: Random, tokens: int, shares: tuple[int, ...] = LATE, persona: Callable[[Random], Persona] = random_persona
) -> Drawn:
    """A constitution without demonstrations whose rules leave room for turns within `tokens`."""
    if tokens >= 3000 and rng.random() < 0.7:
        return _nearly_whole(rng, DEFAULT if rng.random() < 0.4 else with_persona(DEFAULT, persona(rng)))
    family = SHORT if rng.random() < 0.07 else DEFAULT
    chosen = _chosen(rng, family, tokens)
    speaker = family.persona if rng.random() < 0.15 else persona(rng)
    spoken = with_persona(replace(family, principles=tuple(chosen), demonstrations=()), speaker)
    mode = "plain" if family is SHORT else rng.choices(MODES, shares)[0]
    return _worded(rng, spoken, mode, long=tokens > 1100 and rng.random() < 0.6)


def _nearly_whole(rng: Random, made: Constitution) -> Drawn:
    """`default` as it is, or without a few of its principles, or shuffled: what is far away is to be read as well."""
    missing = rng.choice((0, 0, 1, 1, 2, 3, 5))
    kept = rng.sample(made.principles, len(made.principles) - missing)
    if rng.random() < 0.35:
        kept.sort(key=made.principles.index)
    return Drawn(replace(made, principles=tuple(kept), demonstrations=()), frozenset(it.id for it in kept))


def _chosen(rng: Random, family: Constitution, tokens: int) -> list[Principle]:
    most = len(family.principles)
    size = 16 if tokens > 1100 and rng.random() < 0.5 else rng.randint(2, 16)
    chosen = rng.sample(family.principles, min(size, most))
    if family is DEFAULT and rng.random() < 0.85 and not any(it.id in FALLBACK for it in chosen):
        chosen[rng.randrange(len(chosen))] = rng.choice([it for it in family.principles if it.id in FALLBACK])
    if rng.random() < 0.08:
        chosen.sort(key=family.principles.index)
    return chosen


def _worded(rng: Random, made: Constitution, mode: str, *, long: bool) -> Drawn:
    odd = rng.sample(TEXTS["odd_names"], len(made.principles))
    sorts = rng.choice((("void",), ("unrelated",), ("inverted",), ("void", "unrelated", "inverted")))
    alive = {"mixed": rng.uniform(0.35, 0.7), "dead": 0.0, "odd": rng.choice((1.0, 0.75))}.get(mode, 1.0)
    principles, real = [], set()
    for it, odd_name in zip(made.principles, odd, strict=True):
        name = it.name
        if mode == "odd":
            name = odd_name
        elif mode == "alias" and rng.random() < 0.7:
            name = rng.choice(PRINCIPLES[it.id]["names"])
        if rng.random() < alive:
            real.add(it.id)
            rule = real_rule(rng, it.id, it.rule, name, made.persona, long=long)
        else:
            rule = dead_rule(rng, it.id, name, made.persona, rng.choice(sorts))
        principles.append(replace(it, name=name, rule=rule))
    return Drawn(replace(made, principles=tuple(principles)), frozenset(real))
