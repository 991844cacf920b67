"""principles/*.yaml -> `Constitution` -> the prompt prefix all requests share; and back from a reply to its parts.

The prompt form follows SELF-ALIGN (Sun et al. 2023, arXiv 2305.03047, section 3.2 and appendix): principles under
numbers, demonstrations with internal thoughts, every thought opening with one fixed sentence and closing with the
principles it applies. The loader is strict, so that a mistake is found before an engine starts.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from selfalign.builtin import builtin_names, find_data
from selfalign.errors import RecipeError, did_you_mean
from selfalign.markers import ROLE_HEADING, hostile
from selfalign.records import Constitution, Demonstration, FailureReason, Instruction, Persona, Principle, Prompt
from selfalign.yamlfile import Value, read_yaml

_PERSONA_FIELDS = ("name", "maker", "knowledge_date", "character")
_ID = re.compile(r"[a-z0-9][a-z0-9_-]*")
_PLACEHOLDER = re.compile(r"\{\{([A-Za-z_]\w*)\}\}|\{([A-Za-z_]\w*)\}")
_CLOSING = re.compile(r"(?:^|(?<=\s))principles?[ \t]*:", re.IGNORECASE)
_CITATION = re.compile(r"([0-9]+) ?\(([^()]+)\)")
_CITATION_LIST = re.compile(r"\x00(?: ?(?:,|;|,? ?and|&) ?\x00)*\.?")


@dataclass(frozen=True, slots=True)
class Reply:
    """A parsed completion: the thought without its fixed sentences, the ids it cites, the answer."""

    thought: str
    cited: tuple[str, ...]
    answer: str


class ReplyError(Exception):
    """A completion that is no reply; `reason` and `detail` become a `Failure` at step "parse"."""

    def __init__(self, reason: FailureReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


# --- Rendering -------------------------------------------------------------------------------------------------


def opening(constitution: Constitution) -> str:
    """The sentence every thought opens with: "<name> is <character>."."""
    return f"{constitution.persona.name} is {constitution.persona.character}."


def render_prefix(constitution: Constitution) -> str:
    """What every text prompt of `constitution` shares; ends with an empty line."""
    turns = (f"### User\n{shown.user}\n{_spoken(constitution, shown)}\n\n" for shown in constitution.demonstrations)
    shared = "## Conversations\n\nThe conversations below show the principles in use.\n\n"
    return _preamble(constitution) + shared + "".join(turns)


def render_prompt(constitution: Constitution, instruction: Instruction, style: str) -> Prompt:
    """The prompt for one instruction: text to continue (`style` "text") or messages ("chat").

    Raises ValueError for another style. What depends on the instruction stands last, for the prefix cache.
    """
    if style == "text":
        turn = f"### User\n{instruction.user_turn}\n### Thoughts\n{opening(constitution)}"
        return render_prefix(constitution) + turn
    if style == "chat":
        return (*_shared_messages(constitution), {"role": "user", "content": instruction.user_turn})
    raise ValueError(f"style: must be 'text' or 'chat', not {style!r}")


def _preamble(constitution: Constitution) -> str:
    persona = constitution.persona
    rules = "".join(
        f"{number} ({principle.name}). {principle.rule}\n"
        for number, principle in enumerate(constitution.principles, start=1)
    )
    return (
        f"# How {persona.name} answers\n\n"
        f"{persona.name} is an assistant made by {persona.maker}. "
        f"{persona.name}'s knowledge ends in {persona.knowledge_date}.\n"
        f"Before every answer {persona.name} writes down its thoughts: what is asked, "
        f"and which of the principles apply.\n\n"
        f"## Principles\n\n{rules}\n"
    )


def _spoken(constitution: Constitution, shown: Demonstration) -> str:
    """The assistant's part of a demonstration; the closing sentence is written from the ids it cites."""
    numbers = {principle.id: number for number, principle in enumerate(constitution.principles, start=1)}
    names = {principle.id: principle.name for principle in constitution.principles}
    closing = ", ".join(f"{numbers[id_]} ({names[id_]})" for id_ in shown.cites)
    thought = f"{opening(constitution)} {shown.thought}\nPrinciples: {closing}."
    return f"### Thoughts\n{thought}\n### Answer\n{shown.answer}"


def _shared_messages(constitution: Constitution) -> tuple[Mapping[str, str], ...]:
    form = (
        f'Every reply has two parts. Under the heading "### Thoughts" stand the thoughts: they open with '
        f'"{opening(constitution)}", assess the request in a sentence or two, and close with a line '
        f'"Principles: " that names those which apply by number and name. Under the heading "### Answer" '
        f"stands the answer, the only part the user sees."
    )
    messages = [{"role": "system", "content": _preamble(constitution) + form}]
    for shown in constitution.demonstrations:
        messages.append({"role": "user", "content": shown.user})
        messages.append({"role": "assistant", "content": _spoken(constitution, shown)})
    return tuple(messages)


# --- Parsing a reply -------------------------------------------------------------------------------------------


def parse_reply(text: str, constitution: Constitution) -> Reply:
    """The parts of a completion of `render_prompt`; raises `ReplyError`, and nothing else, for any other text.

    The heading and the opening sentence may be repeated; spacing is free. Everything else is strict: one answer
    heading, a closing line whose numbers and names agree, nothing that speaks for the user, nothing hostile.
    """
    text = text.replace("\r\n", "\n")
    if found := hostile(text):
        raise ReplyError(FailureReason.UNPARSEABLE, found)
    thoughts, answer = _split(_without_opening(text, constitution))
    thought, cited = _read_thoughts(thoughts, constitution)
    for part, content in (("thought", thought), ("answer", answer)):
        if not content:
            raise ReplyError(FailureReason.EMPTY, f"the {part} is empty")
    return Reply(thought, cited, answer)


def _without_opening(text: str, constitution: Constitution) -> str:
    text = text.strip()
    heading = ROLE_HEADING.match(text)
    if heading and heading.group(1).lower().startswith("thought"):
        text = text[heading.end() :].lstrip()
    return text.removeprefix(opening(constitution)).lstrip()


def _split(text: str) -> tuple[str, str]:
    headings = ROLE_HEADING.finditer(text)
    first = next(headings, None)
    if first is None:
        raise ReplyError(FailureReason.UNPARSEABLE, "no '### Answer' line")
    if first.group(1).lower() != "answer":
        raise ReplyError(FailureReason.UNPARSEABLE, f"'{first.group().strip()}' before the answer")
    if (second := next(headings, None)) is not None:
        raise ReplyError(FailureReason.SPEAKS_FOR_USER, f"the answer goes on with '{second.group().strip()}'")
    return text[: first.start()].strip(), text[first.end() :].strip()


def _read_thoughts(text: str, constitution: Constitution) -> tuple[str, tuple[str, ...]]:
    closings = list(_CLOSING.finditer(text))
    if not closings:
        raise ReplyError(FailureReason.NO_CITATION, "the thought does not close with 'Principles: ...'")
    closing = " ".join(text[closings[-1].end() :].split())
    if not _CITATION_LIST.fullmatch(_CITATION.sub("\x00", closing)):
        raise ReplyError(FailureReason.NO_CITATION, f"cannot read the citation {closing[:80]!r}")
    cited = [_cited_id(number, name, constitution) for number, name in _CITATION.findall(closing)]
    return text[: closings[-1].start()].strip(), tuple(dict.fromkeys(cited))


def _cited_id(number: str, name: str, constitution: Constitution) -> str:
    count = len(constitution.principles)
    if len(number) > 6 or not 1 <= int(number) <= count:
        raise ReplyError(FailureReason.UNKNOWN_PRINCIPLE, f"principle {number[:20]} of {count}")
    principle = constitution.principles[int(number) - 1]
    if _folded(name) != _folded(principle.name):
        detail = f"principle {number} is {principle.name!r}, not {name[:60]!r}"
        raise ReplyError(FailureReason.CITATION_MISMATCH, detail)
    return principle.id


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


# --- Loading ---------------------------------------------------------------------------------------------------


def load_constitution(name_or_path: str) -> Constitution:
    """The built-in constitution of that name, or the one in that YAML file.

    Raises RecipeError, one line with file and line number, for anything that is missing, unknown or wrong.
    """
    keys = read_yaml(_find(name_or_path)).mapping(
        ("name", "persona", "principles", "demonstrations"), ("about", "licence")
    )
    persona = _persona(keys["persona"])
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


def _find(name_or_path: str) -> Path:
    try:
        path = find_data("principles", name_or_path, ".yaml")
    except OSError as error:
        raise RecipeError(f"{name_or_path[:80]}: cannot be read: {error.strerror}") from None
    if path is not None:
        return path
    if Path(name_or_path).is_dir():
        raise RecipeError(f"{name_or_path}: is a folder, not a constitution")
    if "/" in name_or_path or name_or_path.endswith((".yaml", ".yml")):
        raise RecipeError(f"{name_or_path}: no such file")
    known = builtin_names("principles", ".yaml")
    raise RecipeError(f"no constitution named {name_or_path!r}{did_you_mean(name_or_path, known)}")


def _digest(constitution: Constitution) -> str:
    reaches_prompts = [opening(constitution), render_prefix(constitution), *_shared_messages(constitution)]
    return hashlib.sha256(json.dumps(reaches_prompts, ensure_ascii=False).encode()).hexdigest()


def _persona(entry: Value) -> Persona:
    values = entry.mapping(_PERSONA_FIELDS)
    fields = {key: value.line() for key, value in values.items()}
    for key, text in fields.items():
        if _PLACEHOLDER.search(text):
            values[key].fail("no placeholders here: they are filled from these fields")
    if fields["character"].endswith((".", "!", "?")):
        values["character"].fail("leave out the full stop: this completes '<name> is ...'")
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
                values["id"].fail(f"{new.id!r} stands twice")
            if _folded(old.name) == _folded(new.name):
                values["name"].fail(f"{new.name!r} stands twice")
        principles.append(new)
    return tuple(principles)


def _demonstration(entry: Value, constitution: Constitution) -> Demonstration:
    values = entry.mapping(("user", "thought", "cites", "answer"), ("declines",))
    user, thought, answer = (_filled(values[key], constitution.persona) for key in ("user", "thought", "answer"))
    if thought.startswith(opening(constitution)):
        values["thought"].fail("leave out the opening sentence: it is added")
    if _CLOSING.search(thought):
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
            entry.fail(f"{id_!r} stands twice")
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
