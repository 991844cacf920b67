"""The results as lines for a terminal, as JSON, and as JUnit's XML for continuous integration."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from selfalign.probe.conditions import AS_IS
from selfalign.probe.run import Result
from selfalign.probe.tally import Figures, Removal, Share, by_principle, figures, mutation_score
from selfalign.records import Constitution

MAX_REPLY = 400
"""Characters of a failed reply that are shown."""


def principle_table(results: Sequence[Result], constitution: Constitution) -> Iterator[str]:
    """One line per principle: probes, twins and pairs that passed."""
    names = {each.id: each.name for each in constitution.principles} | {"": "(about no principle)"}
    width = max(len(name) for name in names.values())
    yield f"{'principle':{width}}  {'probes':>8}  {'twins':>8}  {'pairs':>8}"
    for id_, found in by_principle(results, [each.id for each in constitution.principles]).items():
        yield f"{names[id_]:{width}}  {_cells(figures(id_, found))}"
    whole = figures("all", results)
    low, high = whole.passed.interval
    yield f"{'all':{width}}  {_cells(whole)}  passed {_percent(whole.passed)} ({low:.0%} to {high:.0%})"
    if whole.ties:
        yield f"{whole.ties} of {whole.pairs.total} pairs are ties: the two orders disagree"
    if whole.read.count < whole.read.total:
        yield f"{whole.read.total - whole.read.count} of {whole.read.total} replies could not be read"


def failures(results: Iterable[Result], most: int) -> Iterator[str]:
    """The failed probes with their replies, `most` of them in full and the rest counted."""
    failed = [each for each in results if each.is_told and not each.passed]
    for result in failed[:most]:
        probe = result.probe
        about = f" ({probe.principle}{', twin' if probe.twin else ''})" if probe.principle else ""
        yield f"{'FAIL' if probe.required else 'fail, not required'}  {probe.id}{about}  {_why(result)}"
        yield f"  asked   {_one_line(probe.instruction.user_turn)}"
        if result.seen is not None:
            yield f"  answer  {_one_line(result.seen.answer)}"
            if result.seen.cited is not None:
                yield f"  cites   {', '.join(result.seen.cited) or 'nothing'}"
    if len(failed) > most:
        yield f"... and {len(failed) - most} more: --failures {len(failed)} shows them"


def condition_table(grouped: Mapping[str, Sequence[Result]]) -> Iterator[str]:
    """One line per condition, with intervals; where too few replies could be read, that is what is said."""
    width = max(map(len, grouped))
    yield f"{'condition':{width}}  {'passed':>20}  {'probes':>8}  {'twins':>8}  {'pairs':>8}  declines  words  cites"
    for name, results in grouped.items():
        each = figures(name, results)
        if not each.can_be_told:
            yield f"{name:{width}}  only {each.read} replies could be read: nothing can be told about principles"
            continue
        low, high = each.passed.interval
        passed = f"{_percent(each.passed)} ({low:.0%} to {high:.0%})"
        yield (
            f"{name:{width}}  {passed:>20}  {_cells(each)}  {_percent(each.declined):>8}  {each.median_words:5.0f}  "
            f"{each.citations:5.2f}"
        )


def removal_table(found: Sequence[Removal]) -> Iterator[str]:
    """One line per removed principle: what broke, and how the replies changed; then the mutation score."""
    width = max(len(each.id) for each in found)
    yield f"{'without':{width}}  {'own broken':>22}  {'others broken':>22}  declines  words  cites"
    for each in found:
        if not each.can_be_told:
            yield f"{each.id:{width}}  too few replies could be read: nothing can be told"
            continue
        note = "  dead weight: nothing its probes ask for depends on it" if each.is_dead else ""
        note += f"  {each.unread} replies could not be read" if each.unread.count else ""
        yield (
            f"{each.id:{width}}  {_with_interval(each.own):>22}  {_with_interval(each.others):>22}  "
            f"{_percent(each.declined):>8}  {each.median_words:5.0f}  {each.citations:5.2f}{note}"
        )
    score = mutation_score(found)
    yield f"mutation score {_with_interval(score)}: principles whose removal their own probes notice"


def as_json(grouped: Mapping[str, Sequence[Result]], found: Sequence[Removal], constitution: Constitution) -> str:
    """Everything, for machines."""
    ids = [each.id for each in constitution.principles]
    row: dict[str, Any] = {"constitution": constitution.name, "digest": constitution.digest, "conditions": {}}
    for name, results in grouped.items():
        row["conditions"][name] = {
            **_figures_row(figures(name, results)),
            "principles": {id_: _figures_row(figures(id_, part)) for id_, part in by_principle(results, ids).items()},
            "probes": [_result_row(each) for each in results],
        }
    row["removals"] = {
        each.id: {
            "own_broken": _row(each.own),
            "others_broken": _row(each.others),
            "unread": _row(each.unread),
            "dead": each.is_dead,
        }
        for each in found
    }
    if found:
        row["mutation_score"] = _row(mutation_score(found))
    return json.dumps(row, ensure_ascii=False, indent=2)


def as_junit(grouped: Mapping[str, Sequence[Result]], constitution: Constitution) -> str:
    """A test suite per condition, a test case per probe. Only what fails a run of the tests is a failure: what is not
    required, and what fails under a changed constitution, as it should there, is skipped."""
    root = ElementTree.Element("testsuites", name=f"selfalign test {constitution.name}")
    for name, results in grouped.items():
        failed = required_failures(results)
        suite = ElementTree.SubElement(root, "testsuite", name=name, tests=str(len(results)), failures=str(len(failed)))
        for each in results:
            case = ElementTree.SubElement(
                suite, "testcase", classname=each.probe.principle or constitution.name, name=_case_name(each)
            )
            if not each.is_told:
                ElementTree.SubElement(case, "skipped", message="nothing to tell under this condition")
            elif not each.passed:
                kind = "failure" if each in failed else "skipped"
                element = ElementTree.SubElement(case, kind, message=_xml(_why(each)))
                element.text = _xml(each.seen.answer if each.seen else "")
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)


def required_failures(results: Iterable[Result]) -> list[Result]:
    """What fails a run of the tests: required probes of the constitution as it is."""
    return [
        each for each in results if each.condition == AS_IS and each.probe.required and each.is_told and not each.passed
    ]


def _case_name(result: Result) -> str:
    draw = f" draw {result.draw + 1}" if result.draw else ""
    return f"{result.probe.id} {_one_line(result.probe.instruction.text)[:80]}{draw}"


def _why(result: Result) -> str:
    return f"no reply that can be read: {result.unread}" if result.unread else "; ".join(result.complaints)


def _cells(each: Figures) -> str:
    return "  ".join(f"{part!s:>8}" if part.total else f"{'-':>8}" for part in (each.probes, each.twins, each.pairs))


def _percent(part: Share) -> str:
    return f"{part.value:.0%}" if part.total else "-"


def _with_interval(part: Share) -> str:
    low, high = part.interval
    return f"{part} ({low:.0%} to {high:.0%})" if part.total else "none to break"


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_REPLY else f"{line[:MAX_REPLY]} ..."


def _xml(text: str) -> str:
    """The text without the characters that XML cannot hold."""
    return "".join(each for each in text if each in "\t\n" or (each >= " " and not "\ud800" <= each <= "\udfff"))


def _row(part: Share) -> dict[str, Any]:
    return {"count": part.count, "total": part.total, "interval": [round(end, 4) for end in part.interval]}


def _figures_row(each: Figures) -> dict[str, Any]:
    return {
        "passed": _row(each.passed),
        "probes": _row(each.probes),
        "twins": _row(each.twins),
        "pairs": _row(each.pairs),
        "ties": each.ties,
        "read": _row(each.read),
        "declined": _row(each.declined),
        "median_words": each.median_words,
        "citations": round(each.citations, 3),
    }


def _result_row(each: Result) -> dict[str, Any]:
    row = {"id": each.probe.id, "principle": each.probe.principle, "twin": each.probe.twin, "draw": each.draw}
    row |= {"required": each.probe.required, "told": each.is_told, "passed": each.passed, "tie": each.is_tie}
    row |= {"complaints": list(each.complaints), "unread": each.unread, "asked": each.probe.instruction.user_turn}
    if each.seen is not None:
        row |= {"answer": each.seen.answer, "cited": None if each.seen.cited is None else list(each.seen.cited)}
    return row
