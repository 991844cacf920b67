"""guides/*.yaml -> `Guide`: which kinds of request there should be, and what a line of each looks like."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass

from selfalign.builtin import builtin_names, find_data
from selfalign.errors import RecipeError, did_you_mean
from selfalign.records import Cell, Stance
from selfalign.yamlfile import Value, read_yaml

LEAST_LINES = 4
"""Examples that a kind must have."""

STYLE = "direct"
"""The style of a line, and of a kind, that names none."""

_PAIR = (Stance.HARMFUL, Stance.BENIGN_TWIN)


@dataclass(frozen=True, slots=True)
class Line:
    """An example of a kind: a request for a cell."""

    id: str
    cell: Cell
    text: str
    context: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of request.

    `units` are what may be asked for at once, by stance and style: one line, or a harmful one with its benign twin.
    `examples` are lines in the same shape; `weight` is the kind's share against the other kinds'.
    """

    name: str
    about: str
    weight: float
    units: tuple[tuple[tuple[str, str], ...], ...]
    topics: tuple[str, ...]
    examples: tuple[tuple[Line, ...], ...]


@dataclass(frozen=True, slots=True)
class Guide:
    """Kinds of request; `twins` is the share of harmful instructions that must have a benign twin.

    `digest` is the SHA-256 (hex) of everything that decides what is proposed.
    """

    name: str
    about: str
    licence: str
    twins: float
    kinds: tuple[Kind, ...]
    digest: str

    @property
    def lines(self) -> Iterator[Line]:
        """The examples of all kinds."""
        return (line for kind in self.kinds for example in kind.examples for line in example)


def load_guide(name_or_path: str) -> Guide:
    """The guide of a file or of a built-in name. Raises `RecipeError` with file and line."""
    path = find_data("guides", name_or_path, ".yaml")
    if path is None:
        known = did_you_mean(name_or_path, builtin_names("guides", ".yaml"))
        raise RecipeError(f"propose.guide: no file or built-in guide {name_or_path!r}{known}")
    values = read_yaml(path).mapping(("name", "about", "licence", "twins", "styles", "kinds"))
    styles = _names(values["styles"])
    kinds: dict[str, Kind] = {}
    for entry in values["kinds"].entries():
        kind = _kind(entry, styles)
        if kind.name in kinds:
            entry.fail(f"a second kind named {kind.name!r}")
        kinds[kind.name] = kind
    twins = values["twins"].number(0.0, 1.0)
    content = json.dumps([twins, [astuple(kind) for kind in kinds.values()]], ensure_ascii=False)
    return Guide(
        values["name"].line(),
        values["about"].line(),
        values["licence"].line(),
        twins,
        tuple(kinds.values()),
        hashlib.sha256(content.encode()).hexdigest(),
    )


def _kind(entry: Value, all_styles: Sequence[str]) -> Kind:
    values = entry.mapping(("name", "about", "stances", "topics", "lines"), ("styles", "weight"))
    name = _name(values["name"])
    stances = _names(values["stances"], [stance.value for stance in Stance])
    if (Stance.HARMFUL in stances) != (Stance.BENIGN_TWIN in stances):
        values["stances"].fail("harmful and benign twin stand together or not at all")
    styles = _names(values["styles"], all_styles) if "styles" in values else (STYLE,)
    if STYLE not in all_styles and "styles" not in values:
        entry.fail(f"the key 'styles' is missing, and the guide has no style {STYLE!r}")
    topics = _names(values["topics"])
    lines = values["lines"].entries()
    if len(lines) < LEAST_LINES:
        values["lines"].fail(f"{len(lines)} lines; at least {LEAST_LINES} are needed")
    units = tuple(unit for style in styles for unit in _units(stances, style))
    return Kind(
        name,
        values["about"].line(),
        values["weight"].number(0.01, 100.0) if "weight" in values else 1.0,
        units,
        topics,
        _examples(name, lines, stances, styles, topics),
    )


def _units(stances: Sequence[str], style: str) -> Iterator[tuple[tuple[str, str], ...]]:
    if Stance.PLAIN in stances:
        yield ((Stance.PLAIN.value, style),)
    if Stance.HARMFUL in stances:
        yield tuple((stance.value, style) for stance in _PAIR)


def _examples(
    kind: str, entries: Sequence[Value], stances: Sequence[str], styles: Sequence[str], topics: Sequence[str]
) -> tuple[tuple[Line, ...], ...]:
    """The lines, a harmful one together with the benign twin of its topic and style."""
    lines: list[tuple[Value, Line]] = []
    for number, entry in enumerate(entries, start=1):
        values = entry.mapping(("topic", "request"), ("stance", "style"))
        topic = _one_of(values["topic"], topics)
        stance = _one_of(values["stance"], stances) if "stance" in values else Stance.PLAIN.value
        style = _one_of(values["style"], styles) if "style" in values else STYLE
        for what, known in ((stance, stances), (style, styles)):
            if what not in known:
                entry.fail(f"{what!r} is none of the kind's: {', '.join(known)}")
        cell = Cell(kind, topic, stance, style)
        lines.append((entry, Line(f"{kind.replace(' ', '-')}-{number}", cell, values["request"].line())))
    twins = [line for _, line in lines if line.cell.stance == Stance.BENIGN_TWIN]
    examples: list[tuple[Line, ...]] = []
    for entry, line in lines:
        if line.cell.stance == Stance.PLAIN:
            examples.append((line,))
        elif line.cell.stance == Stance.HARMFUL:
            twin_cell = line.cell._replace(stance=Stance.BENIGN_TWIN.value)
            twin = next((twin for twin in twins if twin.cell == twin_cell), None)
            if twin is None:
                entry.fail("has no benign twin: a line of the same topic and style")
            twins.remove(twin)
            examples.append((line, twin))
    if twins:
        entry = next(entry for entry, line in lines if line is twins[0])
        entry.fail("is the twin of nothing: no harmful line has its topic and style")
    return tuple(examples)


def _name(value: Value) -> str:
    """Text that may stand in a hint."""
    text = value.line()
    if text != text.lower() or any(character in text for character in ";[]:"):
        value.fail(f"{text[:40]!r} must be lower case, without semicolon, colon and bracket")
    return text


def _one_of(value: Value, known: Sequence[str]) -> str:
    text = value.line()
    if text not in known:
        value.fail(f"unknown: {text[:40]!r}{did_you_mean(text, known)}")
    return text


def _names(value: Value, known: Sequence[str] | None = None) -> tuple[str, ...]:
    names: list[str] = []
    for entry in value.entries():
        name = _name(entry) if known is None else _one_of(entry, known)
        if name in names:
            entry.fail(f"{name!r} is in the list already")
        names.append(name)
    return tuple(names)
