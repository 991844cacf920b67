"""Examples, failures and rejected proposals of a run, as lines that are read at a glance on a terminal."""

import re
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from typer import style

from selfalign.dataset.judged import scores_of
from selfalign.dataset.summary import read_lines_of_guide, read_seeds
from selfalign.errors import RecipeError, did_you_mean
from selfalign.records import CheckResult, Example, Failure, Principle, Rejection, Verdict
from selfalign.run import directory as rundir
from selfalign.run.progress import failure_label
from selfalign.show.uncertain import Doubtful, most_uncertain, refuse_existing, write_to_label

MAX_WIDTH = 110
"""Columns: longer lines are hard to read, however wide the terminal."""

MAX_LINES = 14
"""Lines of one text; the rest is counted, not shown."""

_LABEL_WIDTH = 10
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")

# What a terminal would obey, hide or reorder instead of showing: controls, line separators, lone surrogates,
# zero-width spaces and the marks that turn the direction of writing.
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\uffff]"
)


def show_examples(
    path: Path,
    *,
    which: str,
    principle: str | None,
    grep: str | None,
    limit: int,
    cell: str | None = None,
    to_label: Path | None = None,
    argue: Callable[[list[Doubtful]], Mapping[str, Mapping[str, str]]] | None = None,
) -> Iterator[str]:
    """The lines of at most `limit` rows of a run; `which` is "examples", "failed", "rejected" or "uncertain".

    "uncertain" are examples, those first that the judge is least sure of; they are also written to `to_label`,
    and `argue` gives what speaks for and against them.
    `principle` (id or name) keeps what cites it, `cell` what answers a hint that begins so ("fraud; bank messages"),
    `grep` what contains this text in any part, whatever the case.
    Reads only as much of the journals as is shown. Raises `RunDirError` where `path` is no run, `RecipeError` where
    its constitution has no such principle.
    """
    if to_label is not None:
        refuse_existing(to_label)  # before an engine is started
    principles = rundir.read_constitution(path).principles
    wanted = _find_principle(principles, principle) if principle is not None else None
    if which == "rejected":
        # A rejected proposal was never answered, so it cites nothing; nor is it known which hint it was to answer.
        found = [] if wanted or cell else list(islice(_matching_rejections(path, grep), limit))
        texts = find_texts(path, (item.nearest_id for _, item in found if item.nearest_id))
        entries = [_rejected_entry(index, item, texts) for index, item in found]
    else:
        rows, argued = _matching_answered(path, Failure if which == "failed" else Example, wanted, cell, grep), {}
        if which == "uncertain":
            doubtful = most_uncertain(path, rows, limit)
            argued = argue(doubtful) if argue is not None else {}
            if to_label is not None:
                write_to_label(doubtful, to_label, argued)
            rows = [row for row, _ in doubtful]
        names = {item.id: item.name for item in principles}
        entries = [_answered_entry(row, names, argued.get(row.instruction_id, {})) for row in islice(rows, limit)]
    is_terminal = sys.stdout.isatty()
    for entry in entries:
        yield from (_highlight(line, grep) if is_terminal else _COLOUR.sub("", line) for line in entry)
        yield ""
    if not entries:
        yield _nothing(which, principle, cell, grep)


def find_texts(path: Path, ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Text and context of the seeds, lines of the guide and accepted instructions of a run with these ids, as far as
    they are at hand."""
    wanted = set(ids)
    recipe = rundir.read_recipe(path)
    given = (*read_seeds(recipe), *read_lines_of_guide(recipe)) if wanted else ()
    texts = {item.id: (item.text, item.context) for item in given if item.id in wanted}
    for finished in rundir.read_rounds(path):
        if len(texts) == len(wanted):
            break
        for instruction in finished.accepted:
            if instruction.id in wanted:
                texts[instruction.id] = (instruction.text, instruction.context)
    return texts


def make_visible(text: str) -> str:
    """The text with every character that a terminal would obey, hide or reorder written as its escape."""
    return _INVISIBLE.sub(_escape, text).replace("\t", "    ")


def _escape(found: re.Match[str]) -> str:
    code = ord(found.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _find_principle(principles: tuple[Principle, ...], wanted: str) -> str:
    for item in principles:
        if wanted in (item.id, item.name):
            return item.id
    raise RecipeError(
        f"--principle {wanted}: not in this run's constitution{did_you_mean(wanted, [item.id for item in principles])}"
    )


def _matching_answered(
    path: Path, kind: type[Example] | type[Failure], principle: str | None, cell: str | None, grep: str | None
) -> Iterator[Example | Failure]:
    for row in rundir.read_outcomes(path):
        if not isinstance(row, kind) or (principle is not None and principle not in row.principles_cited):
            continue
        if cell is not None and not _hint(row).startswith(cell.strip("[] ").casefold()):
            continue
        texts = [row.instruction.id, row.instruction.text, row.instruction.context, row.thought, row.answer]
        if isinstance(row, Failure):
            texts += [row.reply, row.detail, row.reason.value]
        if _contains(texts, grep):
            yield row


def _hint(row: Example | Failure) -> str:
    return "; ".join(row.instruction.cell or ()).casefold()


def _matching_rejections(path: Path, grep: str | None) -> Iterator[tuple[int, Rejection]]:
    for finished in rundir.read_rounds(path):
        for item in finished.rejected:
            if _contains([item.text, item.context, item.detail, item.reason.value, item.nearest_id or ""], grep):
                yield finished.index, item


def _contains(texts: Iterable[str], grep: str | None) -> bool:
    return grep is None or any(grep.casefold() in text.casefold() for text in texts)


def _answered_entry(row: Example | Failure, names: dict[str, str], argued: Mapping[str, str]) -> Iterator[str]:
    cited = ", ".join(names.get(id_, id_) for id_ in row.principles_cited)
    failed = isinstance(row, Failure)
    title = style(row.instruction.id, bold=True)
    if failed:
        title += "  " + style(make_visible(f"{failure_label(row)} (at {row.step})"), fg="red")
    yield title + ("  " + style(make_visible(cited), fg="cyan") if cited else "")
    yield from _block("hint", _hint(row), dim=True)
    yield from _block("asked", row.instruction.text, bold=True)
    yield from _block("context", row.instruction.context)
    yield from _block("thought", row.thought, dim=True)
    yield from _block("answer", row.answer)
    if failed:
        yield from _block("came back", "" if row.answer else row.reply)
        yield from _block("why", row.detail, fg="red")
    yield from _beside(row)
    for result in row.checks:
        if result.verdict is Verdict.FLAG:
            yield from _block("flag", _describe(result), fg="yellow")
    scores = (f"{names.get(id_, id_)} {score:.2f}" for id_, score in scores_of(row).items())
    yield from _block("follows", ", ".join(scores), dim=True)
    for side, argument in argued.items():
        yield from _block(side, argument)


def _beside(row: Example | Failure) -> Iterator[str]:
    """What was asked for beside the answer: its revision, and the other side of its pairs."""
    if revision := row.revision:
        yield from _block("draft", revision.draft if revision.draft != row.answer else "")
        yield from _block("why", revision.fault if isinstance(row, Example) else "", fg="yellow")
        yield from _block("critique", f"({revision.principle}) {revision.critique}", dim=True)
        yield from _block("revised", revision.answer if revision.answer != row.answer else "")
        yield from _block("why not", revision.detail, fg="red")
    for contrast in row.contrasts:
        yield from _block(contrast.rung, contrast.answer or f"({contrast.reason}: {contrast.detail})", dim=True)


def _describe(result: CheckResult) -> str:
    number = f" ({result.number:g})" if result.number is not None else ""
    return f"{result.name}{number}{': ' + result.reason if result.reason else ''}"


def _rejected_entry(index: int, item: Rejection, texts: dict[str, tuple[str, str]]) -> Iterator[str]:
    reason = style(item.reason.value, fg="red")
    similarity = f"  similarity {item.similarity:.2f}" if item.similarity is not None else ""
    yield style(f"round {index}", bold=True) + f"  {reason}{similarity}"
    yield from _block("proposed", item.text, bold=True)
    yield from _block("context", item.context)
    if item.nearest_id:
        text, context = texts.get(item.nearest_id, ("(its text is not at hand)", ""))
        yield from _block("like", f"{item.nearest_id}: {text}")
        yield from _block("", context)
    yield from _block("why", item.detail, fg="red")


def _block(label: str, text: str, **look: Any) -> Iterator[str]:
    """A text beside its label, wrapped to the terminal."""
    if not text:
        return
    width = min(shutil.get_terminal_size((100, 24)).columns, MAX_WIDTH) - _LABEL_WIDTH - 3
    lines = list(islice(wrap(make_visible(text), max(20, width)), MAX_LINES + 1))
    if len(lines) > MAX_LINES:
        num_left = len(text) - sum(map(len, lines[:MAX_LINES]))
        lines[MAX_LINES:] = [f"... about {num_left:,} characters more"]
    for number, line in enumerate(lines):
        margin = style(f"  {label if number == 0 else '':<{_LABEL_WIDTH}}", dim=True)
        yield f"{margin} {style(line, **look) if line and look else line}".rstrip()


def wrap(text: str, width: int) -> Iterator[str]:
    """The text in lines of at most `width` columns, broken at blanks where there are any; its own lines stay."""
    for paragraph in text.split("\n"):
        start = 0
        while (end := _end_of_fitting(paragraph, start, width)) < len(paragraph):
            blank = paragraph.rfind(" ", start, end + 1)
            if blank > start and not paragraph[start:blank].isspace():
                end = blank
            yield paragraph[start:end].rstrip()
            start = end + (paragraph[end] == " ")
        yield paragraph[start:]


def _end_of_fitting(text: str, start: int, width: int) -> int:
    """Where a line of `width` columns that begins at `start` ends; ideographs are two columns wide."""
    columns = 0
    # No more than four characters a column: marks without width of their own could be piled up without end.
    end = min(len(text), start + 4 * width)
    for position in range(start, end):
        columns += _columns(text[position])
        if columns > width:
            return max(start + 1, position)
    return end


def _columns(character: str) -> int:
    if character.isascii():
        return 1
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _highlight(line: str, grep: str | None) -> str:
    """The line with what was searched for underlined, on a terminal."""
    if not grep:
        return line
    pattern = rf"({_COLOUR.pattern})|({re.escape(make_visible(grep))})"
    return re.sub(pattern, lambda found: found[1] or f"\x1b[4m{found[2]}\x1b[24m", line, flags=re.IGNORECASE)


def _nothing(which: str, principle: str | None, cell: str | None, grep: str | None) -> str:
    kind = {"examples": "example", "failed": "failure", "rejected": "rejected proposal", "uncertain": "judged example"}[
        which
    ]
    conditions = [f"cites {principle}"] if principle else []
    conditions += [f"answers a hint [{make_visible(cell)} ...]"] if cell else []
    conditions += [f"contains {make_visible(grep)!r}"] if grep else []
    return f"no {kind} in this run" + (" that " + " and ".join(conditions) if conditions else "")
