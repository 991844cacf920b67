"""The work of `selfalign check`: the checks on anybody's rows, one verdict per row, in order.

A verdict is one JSON object: `line` (of the row, from 1), `verdict` ("pass", "flag", "fail"), `reason` (why it is not
a pass), `refusal` ("complies", "partly_refuses", "refuses"), `apology`, and `checks` with name, verdict, number and
reason of each check. Where rows hold whole replies, `thought`, `principles_cited` and `answer` are there too; of a
reply that cannot be parsed they are empty, and `refusal` and `apology` are null.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from selfalign.align.check import describe
from selfalign.align.citation import CITATION
from selfalign.align.parse import ReplyError, parse_reply
from selfalign.checks import CHECK_NAMES, ChecksSpec, Compliance, Subject, apologises, refusal_of, run_checks, worst
from selfalign.errors import RecipeError
from selfalign.records import CheckResult, Constitution, FailureReason, Instruction, Verdict, to_row
from selfalign.rows import count_rows, last_turn, read_rows, value_at, watched, written_whole


@dataclass(frozen=True, slots=True)
class Columns:
    """The fields that hold the texts; each may be a dotted path. A field may hold text or a chat (a list of
    `{"role", "content"}`): of the prompt the last user turn counts, of the answer what the assistant said."""

    prompt: str = "prompt"
    answer: str = "answer"
    thought: str = ""
    cited: str = ""
    reply: str = ""
    """Where it is set, the field with a model's whole reply: thought, citation and answer are parsed from it."""


@dataclass(slots=True)
class Summary:
    """What was found: rows by verdict, by stance, and each check's verdicts."""

    verdicts: Counter[str] = field(default_factory=Counter)
    stances: Counter[str] = field(default_factory=Counter)
    apologies: int = 0
    by_check: Counter[tuple[str, str]] = field(default_factory=Counter)
    unparsed: Counter[str] = field(default_factory=Counter)

    @property
    def num_rows(self) -> int:
        return self.verdicts.total()

    def count(self, found: Mapping[str, Any]) -> None:
        """Take in one verdict."""
        self.verdicts[found["verdict"]] += 1
        if found["refusal"] is None:
            self.unparsed[found["reason"].split(": ")[1]] += 1
            return
        self.stances[found["refusal"]] += 1
        self.apologies += found["apology"]
        self.by_check.update((each["name"], each["verdict"]) for each in found["checks"])

    def lines(self) -> list[str]:
        """A table for a terminal."""
        names = (CITATION, *CHECK_NAMES)
        width = max(map(len, names))
        lines = [f"{'check':{width}}  {'pass':>9}  {'flag':>9}  {'fail':>9}"]
        for name in names:
            counts = [self.by_check[name, each.value] for each in Verdict]
            if any(counts):
                lines.append(f"{name:{width}}  " + "  ".join(f"{count:>9,}" for count in counts))
        lines.append(f"{'rows':{width}}  " + "  ".join(f"{self.verdicts[each.value]:>9,}" for each in Verdict))
        stances = ", ".join(f"{stance.value} {self.stances[stance.value]:,}" for stance in Compliance)
        lines += ["", f"{self.num_rows:,} rows: {stances}; apologies {self.apologies:,}"]
        if self.unparsed:
            reasons = ", ".join(f"{reason} {count:,}" for reason, count in self.unparsed.most_common())
            lines.append(f"{self.unparsed.total():,} replies could not be parsed: {reasons}")
        return lines


def check_file(
    path: Path,
    columns: Columns,
    constitution: Constitution | None,
    spec: ChecksSpec,
    *,
    out: Path | None,
    part: tuple[str, str] = ("", ""),
    stream: TextIO | None = None,
) -> Summary:
    """Judge every row of a file or dataset folder; verdicts go to `out`, progress to `stream`.

    `part` is the configuration and the split of a dataset folder, "" where there is only one. `out` appears whole or
    not at all. Raises `RecipeError` (file and line) for a row that cannot be read, and `RunDirError` where `out`
    cannot be written.
    """
    if out is not None and out.exists() and path.exists() and out.samefile(path):
        raise RecipeError(f"{out}: --out is the file that is checked; name another")
    if columns.reply and constitution is None:
        raise RecipeError("--reply-field needs --constitution: a reply cites the principles of one")
    summary = Summary()
    verdicts = _verdicts(path, columns, constitution, spec, part)
    with written_whole(out) as write:
        for found in watched(verdicts, count_rows(path) if stream else None, "checked", stream):
            summary.count(found)
            write(json.dumps(found, ensure_ascii=False, separators=(",", ":")))
    return summary


def _verdicts(
    path: Path, columns: Columns, constitution: Constitution | None, spec: ChecksSpec, part: tuple[str, str]
) -> Iterator[dict[str, Any]]:
    for line, fields in read_rows(path, *part):
        where = f"{path}:{line}"
        if columns.reply and constitution is not None:
            yield {"line": line, **_judge_reply(fields, columns, constitution, spec, where)}
        else:
            yield {"line": line, **_judge(_subject(fields, columns, constitution, where), (), constitution, spec)}


def _judge(
    subject: Subject, remarks: tuple[CheckResult, ...], constitution: Constitution | None, spec: ChecksSpec
) -> dict[str, Any]:
    results = (*remarks, *run_checks(subject, constitution, spec))
    return {
        "verdict": worst(results).value,
        "reason": describe(results),
        "refusal": refusal_of(subject.answer, subject.instruction.user_turn).stance.value,
        "apology": apologises(subject.answer),
        "checks": to_row(results),
    }


def _judge_reply(
    fields: Mapping[str, Any], columns: Columns, constitution: Constitution, spec: ChecksSpec, where: str
) -> dict[str, Any]:
    """The verdict on a whole reply, with the parts it was parsed into; no reply is an error, whatever it holds."""
    asked = _asked(fields, columns, where)
    value = value_at(fields, columns.reply, where, required=columns.reply not in fields and where.endswith(":1"))
    try:
        text = last_turn(value if value is not None else "", "assistant", f"field {columns.reply!r}")
    except RecipeError as error:
        text, wrong = "", f"parse: {FailureReason.UNPARSEABLE}: {error}"
    else:
        wrong = ""
    try:
        reply = parse_reply(text, constitution, asked)
    except ReplyError as error:
        verdict = {"verdict": Verdict.FAIL.value, "reason": wrong or f"parse: {error}"}
        empty = {"refusal": None, "apology": None, "checks": [], "thought": "", "principles_cited": [], "answer": ""}
        return verdict | empty
    subject = Subject(Instruction("", asked, "", where), reply.thought, reply.answer, reply.cited)
    parts = {"thought": reply.thought, "principles_cited": list(reply.cited), "answer": reply.answer}
    return _judge(subject, reply.remarks, constitution, spec) | parts


def _asked(fields: Mapping[str, Any], columns: Columns, where: str) -> str:
    """The user turn of a reply's row; a row need not have one unless the field was named."""
    is_named = columns.prompt != Columns().prompt
    value = value_at(fields, columns.prompt, where, required=is_named)
    return last_turn(value or "", "user", f"{where}: field {columns.prompt!r}")


def _subject(fields: Mapping[str, Any], columns: Columns, constitution: Constitution | None, where: str) -> Subject:
    def said(name: str, role: str) -> str:
        return last_turn(value_at(fields, name, where), role, f"{where}: field {name!r}") if name else ""

    cited = value_at(fields, columns.cited, where) if columns.cited else ()
    return Subject(
        Instruction(id="", text=said(columns.prompt, "user"), context="", source=where),
        said(columns.thought, "assistant"),
        said(columns.answer, "assistant"),
        _ids(cited, constitution, f"{where}: field {columns.cited!r}"),
    )


def _ids(value: Any, constitution: Constitution | None, where: str) -> tuple[str, ...]:
    """Cited principles, as ids or names, in a list or separated by commas."""
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, Sequence) or not all(isinstance(each, str) for each in names):
        raise RecipeError(f"{where} holds {type(value).__name__}, not a list of principles")
    ids = {each.name.lower(): each.id for each in constitution.principles} if constitution else {}
    return tuple(ids.get(each.strip().lower(), each.strip()) for each in names if each.strip())
