"""principles/*.yaml -> `Constitution`. The loader is strict, so that a mistake is found before an engine starts."""

import hashlib
import json
import re
from dataclasses import dataclass, replace

from selfalign.align.citation import folded
from selfalign.align.headings import CLOSING
from selfalign.align.prompt import opening, render_prefix, shared_messages
from selfalign.builtin import require_data
from selfalign.errors import did_you_mean
from selfalign.markers import hostile
from selfalign.records import Constitution, Demonstration, Persona, Principle
from selfalign.yamlfile import Value, read_yaml

_PERSONA_FIELDS = ("name", "maker", "knowledge_date", "character")
_HOUSE = "the selfalign project"
_ID = re.compile(r"[a-z0-9][a-z0-9_-]*")
_PLACEHOLDER = re.compile(r"\{\{([A-Za-z_]\w*)\}\}|\{([A-Za-z_]\w*)\}")


@dataclass(frozen=True, slots=True)
class PersonaSpec:
    """Who answers, where it is not whom the constitution names; what is null stays the constitution's.

    Raises ValueError ("<key>: ...") for what cannot stand in a prompt.
    """

    name: str | None = None
    maker: str | None = None
    knowledge_date: str | None = None
    character: str | None = None

    def __post_init__(self) -> None:
        for key in _PERSONA_FIELDS:
            text = getattr(self, key)
            if text is not None and (wrong := _wrong_persona(key, text)):
                raise ValueError(f"{key}: {wrong}")

    def given(self) -> dict[str, str]:
        """What is set."""
        return {key: text for key in _PERSONA_FIELDS if (text := getattr(self, key)) is not None}


def _wrong_persona(key: str, text: str) -> str | None:
    if not text.strip() or "\n" in text:
        return "one line of text is needed"
    if found := hostile(text):
        return f"may not contain {found}"
    if _PLACEHOLDER.search(text):
        return "no placeholders here: they are filled from these fields"
    if key == "character" and text.endswith((".", "!", "?")):
        return "leave out the full stop: this completes '<name> is ...'"
    return None


def has_house_persona(constitution: Constitution) -> bool:
    """Whether the persona is the built-in constitutions' own, which is nobody's model."""
    return constitution.persona.maker == _HOUSE


def load_constitution(name_or_path: str, persona: PersonaSpec | None = None) -> Constitution:
    """The built-in constitution of that name, or the one in that YAML file; `persona` overrides the file's.

    What its `tests` are is read where they are run. Raises RecipeError, one line with file and line number, for
    anything that is missing, unknown or wrong.
    """
    path = require_data("principles", name_or_path, ".yaml", "a constitution")
    keys = read_yaml(path).mapping(("name", "persona", "principles", "demonstrations"), ("about", "licence", "tests"))
    own = _persona(keys["persona"])
    persona = replace(own, **persona.given()) if persona else own
    loaded = Constitution(
        name=keys["name"].line(),
        about=keys["about"].line() if "about" in keys else "",
        licence=keys["licence"].line() if "licence" in keys else "",
        persona=persona,
        principles=_principles(keys["principles"], persona),
        demonstrations=(),
        digest="",
    )
    shown = tuple(_demonstration(entry, loaded) for entry in keys["demonstrations"].entries())
    loaded = replace(loaded, demonstrations=shown)
    return replace(loaded, digest=_digest(loaded))


def _digest(constitution: Constitution) -> str:
    reaches_prompts = [opening(constitution), render_prefix(constitution), *shared_messages(constitution)]
    return hashlib.sha256(json.dumps(reaches_prompts, ensure_ascii=False).encode()).hexdigest()


def _persona(entry: Value) -> Persona:
    values = entry.mapping(_PERSONA_FIELDS)
    fields = {key: value.line() for key, value in values.items()}
    for key, text in fields.items():
        if wrong := _wrong_persona(key, text):
            values[key].fail(wrong)
    return Persona(**fields)


def _principles(listed: Value, persona: Persona) -> tuple[Principle, ...]:
    principles: list[Principle] = []
    for entry in listed.entries():
        values = entry.mapping(("id", "name", "rule"))
        new = Principle(
            id=values["id"].scalar(),
            name=values["name"].line(),
            rule=" ".join(_filled(values["rule"], persona).split()),
        )
        if not _ID.fullmatch(new.id):
            values["id"].fail(f"{new.id[:40]!r} is no id; use a-z, 0-9, '-' and '_'")
        if re.search(r"[(),;{}]", new.name):
            values["name"].fail("no brackets, commas or semicolons: thoughts cite it as 'N (name)'")
        for old in principles:
            if old.id == new.id:
                values["id"].fail(f"duplicate id {new.id!r}")
            if folded(old.name) == folded(new.name):
                values["name"].fail(f"duplicate name {new.name!r}")
        principles.append(new)
    return tuple(principles)


def _demonstration(entry: Value, constitution: Constitution) -> Demonstration:
    values = entry.mapping(("user", "thought", "cites", "answer"), ("declines",))
    user, thought, answer = (_filled(values[key], constitution.persona) for key in ("user", "thought", "answer"))
    if thought.startswith(opening(constitution)):
        values["thought"].fail("leave out the opening sentence: it is added")
    if CLOSING.search(thought):
        values["thought"].fail("leave out 'Principles: ...': it is written from cites")
    cites = _cites(values["cites"], [principle.id for principle in constitution.principles])
    return Demonstration(user, thought, cites, answer, declines="declines" in values and values["declines"].flag())


def _cites(listed: Value, known: list[str]) -> tuple[str, ...]:
    cites: list[str] = []
    for entry in listed.entries():
        id_ = entry.scalar()
        if id_ not in known:
            entry.fail(f"no principle has the id {id_!r}{did_you_mean(id_, known)}")
        if id_ in cites:
            entry.fail(f"{id_!r} is cited twice")
        cites.append(id_)
    return tuple(cites)


def _filled(entry: Value, persona: Persona) -> str:
    """The text with {name}, {maker}, {knowledge_date} and {character} filled in; {{word}} stands for {word}."""

    def value(found: re.Match[str]) -> str:
        literal, field = found.groups()
        if literal:
            return f"{{{literal}}}"
        if field not in _PERSONA_FIELDS:
            known = did_you_mean(field, _PERSONA_FIELDS)
            entry.fail(f"unknown placeholder {{{field}}}{known}; write {{{{{field}}}}} for the text itself")
        return getattr(persona, field)

    filled = _PLACEHOLDER.sub(value, entry.text())
    entry.refuse_hostile(filled)  # the parts may be harmless and their sum a marker
    return filled
