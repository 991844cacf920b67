"""The report as a file: what it counts, what it packs, and that nothing in it can become markup. Its life in a browser
is tested in test_report_page.py."""

import base64
import gzip
import hashlib
import json
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import chromium
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from large_run import write_large_run
from rouge_score.rouge_scorer import RougeScorer
from run_fixtures import CONSTITUTION, MANIFEST, example, failure, write_run
from typer.testing import CliRunner

from selfalign import report
from selfalign.cli import app
from selfalign.dataset.balance import LENGTH_EDGES, lengths_of
from selfalign.errors import RunDirError
from selfalign.records import (
    CheckResult,
    Example,
    FailureReason,
    Instruction,
    RejectionReason,
    Usage,
    Verdict,
    to_row,
)
from selfalign.report import facts, parts, series
from selfalign.run import directory as rundir
from selfalign.run.progress import Counters


class Content:
    """What a report holds, read back the way the page does it."""

    def __init__(self, path: Path) -> None:
        self.html = (
            path.read_text(encoding="ascii", errors="strict") if path.read_bytes().isascii() else path.read_text()
        )
        self.facts = json.loads(self._script("facts"))
        self.index = _unpack(self._script("index"))

    def _script(self, id_: str) -> str:
        found = re.search(rf'<script type="[^"]*" id="{id_}">(.*?)</script>', self.html, re.DOTALL)
        assert found, id_
        return found[1]

    def rows(self, kind: str) -> list[dict[str, Any]]:
        found = []
        for part, num_rows in self.index["kinds"][kind]["parts"]:
            content = _unpack(self._script(f"part-{part}"))
            assert len(content) == num_rows
            found += content
        assert len(found) == len(self.index["kinds"][kind]["reason"])
        return found

    def reasons(self, kind: str) -> list[str]:
        return [self.index["reasons"][number] for number in self.index["kinds"][kind]["reason"]]

    def names(self, kind: str, column: str) -> list[list[str]]:
        return [self.index["combinations"][number] for number in self.index["kinds"][kind][column]]


def _unpack(text: str) -> Any:
    return json.loads(gzip.decompress(base64.b64decode(text)))


@pytest.fixture(autouse=True, scope="module")
def small_plotly() -> Iterator[str]:
    """A stand-in for the plotting library, whose megabytes would be packed again in every test."""
    source = "globalThis.Plotly = {};"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "_plotly", lambda: source)
        yield source


@pytest.fixture(scope="module")
def large(small_plotly: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = write_large_run(tmp_path_factory.mktemp("large") / "run", 1200, random.Random(3))
    report.write_report(path)
    return path


def test_every_row_of_the_journals_is_in_the_page_sorted_by_id(large: Path) -> None:
    content = Content(large / report.FILE)
    answered = list(rundir.read_outcomes(large))
    examples = sorted((row for row in answered if isinstance(row, Example)), key=lambda row: row.instruction.id)
    found = content.rows("examples")
    assert [row["id"] for row in found] == [row.instruction.id for row in examples]
    for row, known in zip(found, examples, strict=True):
        assert (row["text"], row["context"]) == (known.instruction.text, known.instruction.context)
        assert (row["thought"], row["answer"], row["cites"]) == (
            known.thought,
            known.answer,
            list(known.principles_cited),
        )
    assert content.names("examples", "cites") == [row["cites"] for row in found]
    assert content.names("examples", "flags") == [[check[0] for check in row["checks"]] for row in found]
    assert len(content.rows("failed")) == len(answered) - len(examples)
    rejected = [item for finished in rundir.read_rounds(large) for item in finished.rejected]
    assert [row["text"] for row in content.rows("rejected")] == [item.text for item in rejected]
    assert content.reasons("rejected") == [item.reason.value for item in rejected]


def test_near_duplicates_carry_the_text_they_repeat(large: Path) -> None:
    texts = {item.id: item.text for finished in rundir.read_rounds(large) for item in finished.accepted}
    duplicates = [row for row in Content(large / report.FILE).rows("rejected") if row["nearest_id"]]
    assert duplicates
    for row in duplicates:
        assert row["nearest"]["text"] == texts[row["nearest_id"]]


def test_the_funnel_adds_up_and_names_every_reason(large: Path) -> None:
    content = Content(large / report.FILE)
    counters = Counters()
    for finished in rundir.read_rounds(large):
        counters.count_round(finished)
    for outcome in rundir.read_outcomes(large):
        counters.count_outcome(outcome)
    funnel = content.facts["funnel"]
    rejected, failed = dict(funnel["rejected"]), dict(funnel["failed"])
    assert {reason: count for reason, count in rejected.items() if count} == dict(counters.rejected)
    assert {reason: count for reason, count in failed.items() if count} == dict(counters.failed)
    assert set(rejected) == {reason.value for reason in RejectionReason}
    assert set(failed) >= {reason.value for reason in FailureReason} - {"check"}
    assert funnel["proposed"] == funnel["accepted"] + sum(rejected.values())
    assert funnel["answered"] == funnel["examples"] + sum(failed.values())
    assert Counter(content.reasons("failed")) == counters.failed


def test_principles_are_counted_alone_and_together(large: Path) -> None:
    principles = Content(large / report.FILE).facts["principles"]
    cites = [row.principles_cited for row in rundir.read_outcomes(large) if isinstance(row, Example)]
    for item in principles["list"]:
        assert item["cited"] == sum(item["id"] in one for one in cites)
        assert item["alone"] == sum(one == (item["id"],) for one in cites)
    ids = [item["id"] for item in principles["list"]]
    for one, other, count in principles["together"]:
        assert count == sum(ids[one] in each and ids[other] in each for each in cites)


def test_the_same_journals_give_the_same_bytes_in_whatever_order_answers_were_finished(tmp_path: Path) -> None:
    answered = [example(number) for number in range(30)] + [failure(number) for number in range(30, 40)]
    pages = []
    for number, seed in enumerate((1, 2)):
        path = write_run(tmp_path / str(number) / "run", random.Random(seed).sample(answered, len(answered)))
        pages.append(report.write_report(path).read_bytes())
    assert pages[0] == pages[1]


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    path = write_run(tmp_path, [example(1), example(2)])
    with open(path / rundir.OUTCOMES, "ab") as file:
        file.write(b'{"instruction": {"id": "p0000')
    assert [row["id"] for row in Content(report.write_report(path)).rows("examples")] == ["p0000001-00", "p0000002-00"]


def test_a_damaged_journal_is_named_with_its_line(tmp_path: Path) -> None:
    path = write_run(tmp_path, [example(1), example(2)])
    with open(path / rundir.OUTCOMES, "ab") as file:
        file.write(b'{"instruction": 3}\n')
    with pytest.raises(RunDirError, match=r"outcomes\.jsonl:3"):
        report.write_report(path)
    assert not (path / report.FILE).exists()


def test_a_folder_that_is_no_run_stays_untouched(tmp_path: Path) -> None:
    with pytest.raises(RunDirError, match="not a run directory"):
        report.write_report(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_page_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    path = write_run(tmp_path, [example(1)])
    (path / report.FILE).mkdir()
    with pytest.raises(RunDirError, match=r"report\.html: cannot be written .*the run is untouched"):
        report.write_report(path)
    assert sorted(file.name for file in path.iterdir()) == [
        "manifest.json",
        "outcomes.jsonl",
        "recipe.yaml",
        "report.html",
        "rounds.jsonl",
    ]


def test_a_run_without_anything_yet_has_a_report(tmp_path: Path) -> None:
    content = Content(report.write_report(write_run(tmp_path, [])))
    assert content.facts["funnel"]["proposed"] == 0
    assert content.facts["rates"] == {"points": [], "seconds": 0, "stops": 0}
    assert content.rows("examples") == []


def test_withheld_examples_are_shown_but_not_counted_as_the_dataset(tmp_path: Path) -> None:
    path = write_run(tmp_path, [example(1), example(2)])
    (path / "dataset").mkdir()
    (path / "dataset" / "withheld.jsonl").write_text(
        '{"id": "p0000002-00", "reason": "balance: refusals above 15 %"}\n'
    )
    content = Content(report.write_report(path))
    assert content.reasons("examples") == ["", "balance: refusals above 15 %"]
    assert content.facts["funnel"]["withheld"] == [["balance: refusals above 15 %", 1]]
    assert content.facts["balance"]["num_examples"] == 1


def test_of_a_very_large_run_an_even_sample_is_packed_and_everything_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "MAX_ROWS", 50)
    path = write_large_run(tmp_path / "run", 400, random.Random(5))
    content = Content(report.write_report(path))
    total = content.facts["funnel"]["examples"]
    assert content.facts["rows"]["examples"] == {"total": total, "shown": 50}
    ids = [row["id"] for row in content.rows("examples")]
    assert len(ids) == len(content.rows("rejected")) == 50
    assert ids[0] < "p0000005"
    assert ids[-1] > "p0000045"
    assert sum(item["cited"] for item in content.facts["principles"]["list"]) > total


@given(st.integers(1, 3000), st.integers(1, 300))
@settings(max_examples=60)
def test_a_sample_has_exactly_its_size(total: int, limit: int) -> None:
    assert len(set(series.sample(range(total), limit))) == min(total, limit)


HOSTILE = st.text(
    alphabet=st.one_of(st.characters(), st.sampled_from("<>&\"'/\u2028\u2029\ud800\udfff\x00\u202e`${}%")), max_size=60
)


@given(st.recursive(HOSTILE, lambda inner: st.lists(inner) | st.dictionaries(HOSTILE, inner), max_leaves=8))
@settings(max_examples=80, deadline=None)
def test_data_in_the_page_is_inert_and_comes_back_as_it_was(content: Any) -> None:
    text = report.safe_json(content)
    assert text.isascii()
    assert not set("<>&") & set(text)
    assert json.loads(text) == content
    assert _unpack(report.compress(content)) == content


@given(HOSTILE, HOSTILE, HOSTILE)
@settings(max_examples=25, deadline=None)
def test_hostile_text_reaches_the_page_only_as_data(
    tmp_path_factory: pytest.TempPathFactory, one: str, two: str, three: str
) -> None:
    hostile = Example(Instruction("p0000000-00", one, two, three), three + "</script>", two + "<!--", (), (), Usage())
    path = write_run(tmp_path_factory.mktemp("run"), [hostile])
    content = Content(report.write_report(path))
    row = content.rows("examples")[0]
    assert (row["text"], row["context"], row["thought"], row["answer"]) == (one, two, three + "</script>", two + "<!--")
    harmless = Content(report.write_report(write_run(tmp_path_factory.mktemp("run"), [example(0)])))
    assert _tags(content.html) == _tags(harmless.html)


def _tags(html: str) -> list[str]:
    """Every tag outside of our own script, whose comparisons look like some."""
    return re.findall(r"<[!/a-zA-Z][^>]*>", re.sub(r"<script>.*?</script>", "<script></script>", html, flags=re.DOTALL))


def test_nothing_but_our_own_scripts_may_run_and_nothing_be_fetched(large: Path, small_plotly: str) -> None:
    html = (large / report.FILE).read_text()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1]
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)[1]
    assert html.count("<script>") == 1
    assert f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" in policy
    plotly = re.search(r'id="plotly">([^<]*)<', html)[1]
    source = gzip.decompress(base64.b64decode(plotly))
    assert source == small_plotly.encode()
    assert f"'sha256-{base64.b64encode(hashlib.sha256(source).digest()).decode()}'" in policy
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert not re.search(r"unsafe-eval|script-src[^;]*unsafe-inline|https?:", policy)
    skeleton = re.sub(r"<script[^>]*>.*?</script>", "", html, flags=re.DOTALL)
    assert not re.search(r"https?://|\ssrc=|<link|url\(|@import", skeleton)


def test_our_scripts_can_stand_inside_a_script_element() -> None:
    script = report._script()
    assert not re.search(r"</script|<!--|<script", script, re.IGNORECASE)
    assert "innerHTML" not in script
    assert "eval(" not in script
    assert not {"\r", "\0"} & set(script)


def test_rates_leave_out_the_time_in_which_nobody_worked(tmp_path: Path) -> None:
    path = write_run(tmp_path, [])
    times = [0, 5, 10, 4000, 4005, 4010]
    lines = [
        {"time": time, "output_tokens": 500 * at, "examples": at, "failures": 0, "in_flight": 8}
        for at, time in enumerate(times)
    ]
    (path / rundir.METRICS).write_text("".join(json.dumps(line) + "\n" for line in lines))
    rates = series.rates(path)
    assert (rates["seconds"], rates["stops"]) == (20, 1)
    assert {(point["tokens"], point["examples"]) for point in rates["points"]} == {(100.0, 12.0)}
    assert rates["points"][-1]["second"] == 20


def test_a_partial_last_interval_is_no_spike(tmp_path: Path) -> None:
    path = write_run(tmp_path, [])
    steady = [{"time": 5 * at, "output_tokens": 500 * at, "examples": at} for at in range(400)]
    last = {"time": 5 * 399 + 0.1, "output_tokens": 500 * 399 + 400, "examples": 400}
    rest = {"failures": 0, "in_flight": 8}
    (path / rundir.METRICS).write_text("".join(json.dumps(line | rest) + "\n" for line in [*steady, last]))
    points = series.rates(path)["points"]
    assert all(point["tokens"] < 150 and point["examples"] < 20 for point in points)
    assert points[-1]["second"] == pytest.approx(5 * 399, abs=0.2)


def test_acceptance_counts_every_proposal_once(large: Path) -> None:
    found = series.scan_rounds(large, 10**6)
    points = series.acceptance(found)
    assert len(points) <= series.MAX_POINTS
    assert 1150 < points[-1]["pool"] <= sum(found.kept) == 1200
    assert all(0 <= point["duplicates"] <= 1 - point["kept"] + 1e-9 for point in points)


@given(st.dictionaries(st.integers(0, 100_000), st.integers(1, 50), max_size=40))
@settings(max_examples=60)
def test_a_length_histogram_holds_every_length_once(lengths: dict[int, int]) -> None:
    bins = lengths_of(Counter(lengths)).bins
    assert sum(bins) == sum(lengths.values())
    for length, amount in lengths.items():
        at = max(at for at, edge in enumerate(LENGTH_EDGES) if edge <= length)
        assert bins[at] >= amount


def test_similarity_to_the_seeds_is_rouge_l(tmp_path: Path) -> None:
    from selfalign.records import Seed

    seeds = tuple(
        Seed(str(at), "", text, "", "", False) for at, text in enumerate(("Name three rivers.", "Add two and two now."))
    )
    asked = [
        Instruction("p", text, "", "") for text in ("Name 3 rivers in Asia.", "Sing!", "Add two and three rivers.")
    ]
    scorer = RougeScorer(["rougeL"])
    for instruction, similarity in zip(asked, series._nearest_seeds(asked, seeds, "rouge"), strict=True):
        expected = max(scorer.score(seed.text, instruction.text)["rougeL"].fmeasure for seed in seeds)
        assert similarity == pytest.approx(expected, abs=1e-6)


def test_checks_are_counted_over_all_answers_that_were_judged(tmp_path: Path) -> None:
    """The journals keep only results that say something; a check without any is one that found nothing."""
    flagged = replace(example(1), checks=(CheckResult("apology", Verdict.FLAG, None, "apologises"),))
    clean = replace(example(2), checks=())
    failed = replace(failure(3, FailureReason.CHECK), checks=(CheckResult("loop", Verdict.FAIL, 0.9, "again"),))
    recipe = {"checks": {"apology": "flag", "loop": "fail", "leak": "fail", "echo": "off", "leak_share": 0.25}}
    path = write_run(tmp_path, [flagged, clean, failed, failure(4)], recipe)
    assert Content(report.write_report(path)).facts["checks"] == {
        "judged": 3,
        "list": [
            {"name": "apology", "flag": 1, "fail": 0},
            {"name": "leak", "flag": 0, "fail": 0},
            {"name": "loop", "flag": 0, "fail": 1},
        ],
    }


def test_rows_of_a_judged_run_have_their_weakest_principle_and_margin(tmp_path: Path) -> None:
    judging = {"scores": {"informative": 0.9, "candor": 0.55}, "questions": 2, "tokens": 9}
    recipe = {"judge": {"score": True, "threshold": 0.6, "weights": {"candor": 2}}}
    path = write_run(tmp_path, [replace(example(1), judging=judging), example(2), failure(3)], recipe)
    content = Content(report.write_report(path))
    assert [row.get("judged") for row in content.rows("examples")] == [["candor", pytest.approx(0.1)], None]
    assert content.index["kinds"]["examples"]["margin"] == [0.5, None]
    assert "margin" not in content.index["kinds"]["failed"]


def test_large_rows_make_small_parts(tmp_path: Path) -> None:
    with open(tmp_path / "spool", "wb") as spool:
        writer = parts.PartWriter(spool)
        for _ in range(6):
            writer.add("examples", {"answer": "x" * (parts.CHARACTERS_PER_PART // 2)})
        for _ in range(parts.ROWS_PER_PART + 1):
            writer.add("failed", {})
        index = writer.close()
    assert [num for _, num in index["kinds"]["examples"]["parts"]] == [2, 2, 2]
    assert [num for _, num in index["kinds"]["failed"]["parts"]] == [parts.ROWS_PER_PART, 1]


def test_the_manifest_of_another_version_is_refused_by_name(tmp_path: Path) -> None:
    path = write_run(tmp_path, [example(1)])
    broken = {**MANIFEST, "constitution": {**to_row(CONSTITUTION), "principles": 3}}
    (path / rundir.MANIFEST).write_text(json.dumps(broken))
    with pytest.raises(RunDirError, match=r"manifest\.json: no constitution this version wrote"):
        report.write_report(path)


def test_the_command_prints_the_path_of_the_page(tmp_path: Path) -> None:
    path = write_run(tmp_path / "run", [example(1)])
    answer = CliRunner().invoke(app, ["report", str(path)])
    assert answer.exit_code == 0
    assert answer.stdout == f"{path / report.FILE}\n"
    assert (path / report.FILE).stat().st_size > 20_000


def test_writing_the_page_imports_no_plotly(tmp_path: Path) -> None:
    """plotly's Python package takes long to import; only the file inside it is needed."""
    path = write_run(tmp_path / "run", [example(1)])
    code = (
        "import sys; from pathlib import Path; from selfalign.report import write_report;"
        f"write_report(Path({str(path)!r})); sys.exit('plotly' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(("in_ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_without_a_chromium_the_browser_tests_skip_loudly_and_fail_in_ci(
    monkeypatch: pytest.MonkeyPatch, in_ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setattr(chromium, "find_chromium", lambda: None)
    monkeypatch.setattr(chromium, "install_chromium", lambda: "there is no apt-get to install one with")
    monkeypatch.setenv("CI", in_ci)
    with pytest.raises(outcome, match=r"NO CHROMIUM: .*apt-get"):
        chromium.require_chromium()
