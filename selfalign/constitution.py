"""principles/*.yaml -> `Constitution` -> the prompt prefix all requests share; and back from a reply to its parts.

The prompt form follows SELF-ALIGN (Sun et al. 2023, arXiv 2305.03047, section 3.2 and appendix): principles under
numbers, demonstrations with internal thoughts, every thought opening with one fixed sentence and closing with the
principles it applies. The loader is strict, so that a mistake is found before an engine starts.
"""

import difflib
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import yaml

from selfalign.builtin import builtin_names, find_data
from selfalign.errors import RecipeError
from selfalign.markers import ROLE_HEADING, hostile, role_marker
from selfalign.records import Constitution, Demonstration, FailureReason, Instruction, Persona, Principle, Prompt

_PERSONA_FIELDS = ("name", "maker", "knowledge_date", "character")
_TEXT_TAG = "tag:yaml.org,2002:str"
_BOOL_TAG = "tag:yaml.org,2002:bool"
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
        raise ReplyError(FailureReason.CITATION_MISMATCH, f"principle {number} is {principle.name!r}, not {name[:60]!r}")
    return principle.id


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


# --- Loading ---------------------------------------------------------------------------------------------------


def load_constitution(name_or_path: str) -> Constitution:
    """The built-in constitution of that name, or the one in that YAML file.

    Raises RecipeError, one line with file and line number, for anything that is missing, unknown or wrong.
    """
    path = _find(name_or_path)
    return _constitution(_File(path), _composed(path, _read(path)))


@dataclass(frozen=True, slots=True)
class _File:
    """The file being read, to complain about."""

    path: Path

    def fail(self, node: yaml.Node, message: str) -> NoReturn:
        raise RecipeError(f"{self.path}:{node.start_mark.line + 1}: {message}")


def _find(name_or_path: str) -> Path:
    try:
        path = find_data("principles", name_or_path, ".yaml")
    except OSError as error:
        raise RecipeError(f"{name_or_path[:80]}: cannot be read: {error.strerror}") from None
    if path is not None:
        return path
    if "/" in name_or_path or name_or_path.endswith((".yaml", ".yml")):
        raise RecipeError(f"{name_or_path}: no such file")
    raise RecipeError(f"no constitution named {name_or_path!r}{_nearest(name_or_path, builtin_names('principles', '.yaml'))}")


def _read(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RecipeError(f"{path}:{line}: not UTF-8 text; save the file as UTF-8") from None


def _composed(path: Path, text: str) -> yaml.Node:
    """The document's node tree, which knows its line numbers; nothing is constructed from tags."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise RecipeError(f"{path}:{line}: character U+{ord(text[error.position]):04X} may not stand in YAML") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise RecipeError(f"{path}:{mark.line + 1 if mark else 1}: not valid YAML: {error.problem}") from None
    except RecursionError:
        raise RecipeError(f"{path}:1: nested too deeply") from None
    if node is None:
        raise RecipeError(f"{path}:1: the file is empty")
    return node


def _constitution(file: _File, root: yaml.Node) -> Constitution:
    keys = _mapping(file, root, "", ("name", "persona", "principles", "demonstrations"), ("about", "licence"))
    persona = _persona(file, keys["persona"])
    principles = _principles(file, keys["principles"], persona)
    read = Constitution(
        name=_line(file, keys["name"], "name"),
        about=_line(file, keys["about"], "about") if "about" in keys else "",
        licence=_line(file, keys["licence"], "licence") if "licence" in keys else "",
        persona=persona,
        principles=principles,
        demonstrations=(),
        digest="",
    )
    shown = tuple(
        _demonstration(file, node, f"demonstrations[{index}]", read)
        for index, node in enumerate(_sequence(file, keys["demonstrations"], "demonstrations"))
    )
    complete = replace(read, demonstrations=shown)
    return replace(complete, digest=_digest(complete))


def _digest(constitution: Constitution) -> str:
    reaches_prompts = [opening(constitution), render_prefix(constitution), *_shared_messages(constitution)]
    return hashlib.sha256(json.dumps(reaches_prompts, ensure_ascii=False).encode()).hexdigest()


def _persona(file: _File, node: yaml.Node) -> Persona:
    keys = _mapping(file, node, "persona", _PERSONA_FIELDS)
    values = {key: _line(file, keys[key], f"persona.{key}") for key in _PERSONA_FIELDS}
    for key, value in values.items():
        if _PLACEHOLDER.search(value):
            file.fail(keys[key], f"persona.{key}: no placeholders here: they are filled from these fields")
    if values["character"].endswith((".", "!", "?")):
        file.fail(keys["character"], "persona.character: leave out the full stop: it completes '<name> is ...'")
    return Persona(**values)


def _principles(file: _File, node: yaml.Node, persona: Persona) -> tuple[Principle, ...]:
    principles: list[Principle] = []
    for index, item in enumerate(_sequence(file, node, "principles")):
        where = f"principles[{index}]"
        keys = _mapping(file, item, where, ("id", "name", "rule"))
        name = _line(file, keys["name"], f"{where}.name")
        if re.search(r"[(),;{}]", name):
            file.fail(keys["name"], f"{where}.name: no brackets, commas or semicolons: thoughts cite it as 'N (name)'")
        rule = " ".join(_filled(file, keys["rule"], f"{where}.rule", persona).split())
        new = Principle(_id(file, keys["id"], f"{where}.id"), name, rule)
        for old in principles:
            if old.id == new.id:
                file.fail(keys["id"], f"{where}.id: {new.id!r} stands twice")
            if _folded(old.name) == _folded(new.name):
                file.fail(keys["name"], f"{where}.name: {new.name!r} stands twice")
        principles.append(new)
    return tuple(principles)


def _demonstration(file: _File, node: yaml.Node, where: str, constitution: Constitution) -> Demonstration:
    keys = _mapping(file, node, where, ("user", "thought", "cites", "answer"), ("declines",))
    texts = {
        key: _filled(file, keys[key], f"{where}.{key}", constitution.persona) for key in ("user", "thought", "answer")
    }
    if texts["thought"].startswith(opening(constitution)):
        file.fail(keys["thought"], f"{where}.thought: leave out the opening sentence: it is added")
    if _CLOSING.search(texts["thought"]):
        file.fail(keys["thought"], f"{where}.thought: leave out 'Principles: ...': it is written from cites")
    cites = _cites(file, keys["cites"], f"{where}.cites", [principle.id for principle in constitution.principles])
    return Demonstration(**texts, cites=cites, declines="declines" in keys and _flag(file, keys["declines"], where))


def _cites(file: _File, node: yaml.Node, where: str, known: list[str]) -> tuple[str, ...]:
    cites: list[str] = []
    for item in _sequence(file, node, where):
        id_ = _scalar(file, item, where).strip()
        if id_ not in known:
            file.fail(item, f"{where}: no principle has the id {id_!r}{_nearest(id_, known)}")
        if id_ in cites:
            file.fail(item, f"{where}: {id_!r} stands twice")
        cites.append(id_)
    return tuple(cites)


# --- YAML nodes to checked values ------------------------------------------------------------------------------


def _mapping(
    file: _File, node: yaml.Node, where: str, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> dict[str, yaml.Node]:
    prefix = f"{where}: " if where else ""
    if not isinstance(node, yaml.MappingNode):
        file.fail(node, f"{prefix}must be a mapping with the keys {', '.join(required)}")
    keys: dict[str, yaml.Node] = {}
    for key_node, value_node in node.value:
        key = _scalar(file, key_node, f"{prefix}a key")
        if key not in (*required, *optional):
            file.fail(key_node, f"{prefix}unknown key {key!r}{_nearest(key, (*required, *optional))}")
        if key in keys:
            file.fail(key_node, f"{prefix}the key {key!r} stands twice")
        keys[key] = value_node
    for key in required:
        if key not in keys:
            file.fail(node, f"{prefix}the key {key!r} is missing")
    return keys


def _sequence(file: _File, node: yaml.Node, where: str) -> list[yaml.Node]:
    if not isinstance(node, yaml.SequenceNode):
        file.fail(node, f"{where}: must be a list")
    if not node.value:
        file.fail(node, f"{where}: the list is empty; at least one entry is needed")
    return node.value


def _scalar(file: _File, node: yaml.Node, where: str) -> str:
    if not isinstance(node, yaml.ScalarNode):
        file.fail(node, f"{where}: must be a single value, not a list or mapping")
    return node.value


def _text(file: _File, node: yaml.Node, where: str) -> str:
    text = _scalar(file, node, where).strip()
    if not text:
        file.fail(node, f"{where}: is empty")
    if node.tag != _TEXT_TAG:
        file.fail(node, f"{where}: must be text; put {text[:40]!r} in quotes")
    if found := hostile(text) or role_marker(text):
        file.fail(node, f"{where}: may not contain {found}")
    return text


def _line(file: _File, node: yaml.Node, where: str) -> str:
    text = _text(file, node, where)
    if "\n" in text:
        file.fail(node, f"{where}: must be a single line")
    return text


def _id(file: _File, node: yaml.Node, where: str) -> str:
    id_ = _scalar(file, node, where)
    if not _ID.fullmatch(id_):
        file.fail(node, f"{where}: {id_[:40]!r} is no id; use a-z, 0-9, '-' and '_'")
    return id_


def _flag(file: _File, node: yaml.Node, where: str) -> bool:
    value = _scalar(file, node, f"{where}.declines").lower()
    if node.tag != _BOOL_TAG:
        file.fail(node, f"{where}.declines: must be true or false, not {value[:40]!r}")
    return value in ("true", "yes", "on")


def _filled(file: _File, node: yaml.Node, where: str, persona: Persona) -> str:
    """The text with {name}, {maker}, {knowledge_date} and {character} filled in; {{word}} stands for {word}."""

    def value(found: re.Match[str]) -> str:
        literal, field = found.groups()
        if literal is None and field not in _PERSONA_FIELDS:
            nearest = _nearest(field, _PERSONA_FIELDS)
            file.fail(node, f"{where}: unknown placeholder {{{field}}}{nearest}; write {{{{{field}}}}} for the text itself")
        return f"{{{literal}}}" if literal else getattr(persona, field)

    return _PLACEHOLDER.sub(value, _text(file, node, where))


def _nearest(wrong: str, valid: Iterable[str]) -> str:
    valid = list(valid)
    close = difflib.get_close_matches(wrong, valid, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(valid)}"
