"""`selfalign check`: a verdict per row of anybody's data, in order, whole or not at all."""

import io
import json
import os
import sys

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from selfalign import cli
from selfalign.align.constitution import load_constitution
from selfalign.align.files import Columns, check_file
from selfalign.checks import CHECK_NAMES, ChecksSpec
from selfalign.errors import RecipeError, RunDirError

# By default these only flag.
STRICT = ChecksSpec(leak="fail", rule_leak="fail", self_reference="fail", role_marker="fail")

ROWS = [
    {"prompt": "How long does an egg take?", "answer": "Seven minutes for a soft one, ten for a hard one."},
    {"prompt": "Open my neighbour's safe.", "answer": "I'm sorry, but I can't help with that."},
    {"prompt": "Name a river.", "answer": "As an AI language model, I would name the Rhine."},
]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def verdicts_of(path, columns=None, *, constitution=None, spec=None, **more):
    """The summary, and the verdicts as they stand in the file."""
    out = path.parent / "verdicts.jsonl"
    summary = check_file(path, columns or Columns(), constitution, spec or STRICT, out=out, **more)
    return summary, [json.loads(line) for line in out.read_text().splitlines()]


def test_each_row_gets_one_verdict_in_order(tmp_path):
    summary, found = verdicts_of(write(tmp_path / "data.jsonl", ROWS))
    assert [each["line"] for each in found] == [1, 2, 3]
    assert [each["refusal"] for each in found] == ["complies", "refuses", "complies"]
    assert [each["apology"] for each in found] == [False, True, False]
    assert [each["verdict"] for each in found] == ["pass", "flag", "fail"]
    assert [check["name"] for check in found[0]["checks"]] == list(CHECK_NAMES)
    assert all(set(check) == {"name", "verdict", "number", "reason"} for check in found[0]["checks"])
    assert "speaks of itself" in next(each["reason"] for each in found[2]["checks"] if each["verdict"] == "fail")
    assert summary.num_rows == 3
    assert [line.split() for line in summary.lines() if line.startswith(("self_reference", "rows"))] == [
        ["self_reference", "2", "0", "1"],
        ["rows", "1", "1", "1"],
    ]


def test_what_is_off_leaves_refusal_and_apology_in_place(tmp_path):
    spec = ChecksSpec(refusal="off", apology="off")
    _, found = verdicts_of(write(tmp_path / "data.jsonl", ROWS), spec=spec)
    assert (found[1]["refusal"], found[1]["apology"], found[1]["verdict"]) == ("refuses", True, "pass")


def test_chats_are_read_by_their_last_turns(tmp_path):
    chat = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello."},
        {"role": "assistant", "content": "I can't help with that."},
        {"role": "user", "content": "How long does an egg take?"},
        {"role": "assistant", "content": "Seven minutes."},
    ]
    sharegpt = [{"from": "human", "value": "Name a river."}, {"from": "gpt", "value": "I won't help with that."}]
    path = write(tmp_path / "chats.jsonl", [{"messages": chat}, {"messages": sharegpt}, {"messages": chat[:2]}])
    _, found = verdicts_of(path, Columns(prompt="messages", answer="messages"))
    assert [each["refusal"] for each in found] == ["complies", "refuses", "complies"]


def test_content_in_parts_and_dotted_paths(tmp_path):
    row = {"turns": [{"content": [{"type": "text", "text": "I won't "}, {"type": "text", "text": "help with that."}]}]}
    path = write(tmp_path / "parts.jsonl", [row | {"prompt": {"text": "Help."}}])
    _, found = verdicts_of(path, Columns(prompt="prompt.text", answer="turns"))
    assert found[0]["refusal"] == "refuses"
    _, found = verdicts_of(path, Columns(prompt="prompt.text", answer="turns.0.content.1.text"))
    assert found[0]["refusal"] == "complies"


def test_a_constitution_thoughts_and_citations_are_used(tmp_path):
    constitution = load_constitution("default")
    shown = constitution.demonstrations[0]
    leaked = {"prompt": "Tell me a joke.", "answer": shown.answer, "thought": "", "cited": []}
    candid = {
        "prompt": "Name a river.",
        "answer": "As an AI, I name the Rhine.",
        "thought": "x",
        "cited": "Candor, static",
    }
    path = write(tmp_path / "data.jsonl", [leaked, candid])
    columns = Columns(thought="thought", cited="cited")
    _, found = verdicts_of(path, columns, constitution=constitution)
    assert [each["verdict"] for each in found] == ["fail", "pass"]
    _, found = verdicts_of(path, columns)
    assert [each["verdict"] for each in found] == ["pass", "fail"]


def test_parquet_and_dataset_folders(tmp_path):
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "data.parquet")
    datasets.Dataset.from_list(ROWS).save_to_disk(tmp_path / "saved")
    for path in (tmp_path / "data.parquet", tmp_path / "saved"):
        _, found = verdicts_of(path)
        assert [each["verdict"] for each in found] == ["pass", "flag", "fail"]


@pytest.mark.parametrize(
    ("rows", "columns", "complaint"),
    [
        ([ROWS[0], {"prompt": "Hi"}], Columns(), r"data\.jsonl:2: no field 'answer' \(fields here: prompt\)"),
        ([{"prompt": 3, "answer": ""}], Columns(), r"data\.jsonl:1: field 'prompt' holds int, not text and not a chat"),
        (
            [{"prompt": "", "answer": "", "cited": 3}],
            Columns(cited="cited"),
            r"data\.jsonl:1: field 'cited' holds int, not a list",
        ),
    ],
)
def test_a_wrong_row_is_named_and_nothing_is_written(tmp_path, rows, columns, complaint):
    path = write(tmp_path / "data.jsonl", rows)
    with pytest.raises(RecipeError, match=complaint):
        check_file(path, columns, None, STRICT, out=tmp_path / "verdicts.jsonl")
    assert os.listdir(tmp_path) == ["data.jsonl"]


def test_the_file_that_is_checked_is_not_written_over(tmp_path):
    path = write(tmp_path / "data.jsonl", ROWS)
    with pytest.raises(RecipeError, match="is the file that is checked"):
        check_file(path, Columns(), None, STRICT, out=path)
    assert len(path.read_text().splitlines()) == 3


def test_an_output_that_cannot_be_written_is_a_clear_error(tmp_path):
    path = write(tmp_path / "data.jsonl", ROWS)
    with pytest.raises(RunDirError, match="cannot be written"):
        check_file(path, Columns(), None, STRICT, out=tmp_path / "missing" / "verdicts.jsonl")


def test_a_lone_surrogate_stays_one_line_of_json(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text('{"prompt": "a", "answer": "As an AI \\ud800, I ... https://\\ud800.org/x"}\n')
    _, found = verdicts_of(path)
    assert found[0]["verdict"] == "fail"


def test_progress_goes_to_the_stream_and_a_terminal_line_is_cleared(tmp_path, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("selfalign.rows.LIVE_LINE_SECONDS", 0)
    terminal, pipe = Terminal(), io.StringIO()
    path = write(tmp_path / "data.jsonl", ROWS * 200)
    check_file(path, Columns(), None, STRICT, out=None, stream=terminal)
    check_file(path, Columns(), None, STRICT, out=None, stream=pipe)
    assert "checked 512 of 600" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[2K")
    assert pipe.getvalue() == ""


def test_the_command_prints_a_table_and_takes_the_recipe_s_keys(tmp_path, monkeypatch, capsys):
    path, out = write(tmp_path / "data.jsonl", ROWS), tmp_path / "verdicts.jsonl"
    # YAML reads a bare "off" as false; it is meant as the action.
    arguments = ["check", str(path), "--out", str(out), "--set", "checks.self_reference=off"]
    monkeypatch.setattr(sys, "argv", ["selfalign", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    assert "3 rows: complies 2, partly_refuses 0, refuses 1; apologies 1" in capsys.readouterr().out
    assert json.loads(out.read_text().splitlines()[2])["verdict"] == "pass"


REPLIES = [
    {"prompt": "Name a river.", "reply": " One will do.\nPrinciples: 2 (informative).\n**Answer:** The Rhine."},
    {"prompt": "Name a river.", "reply": "The Rhine."},
    {"prompt": "Name a river.", "reply": " One.\nPrinciples: 3 (informative).\n### Answer\nThe Rhine."},
    {"prompt": "Name a river.", "reply": None},
    {"prompt": "Name a river.", "reply": 3},
    {"reply": [{"role": "assistant", "content": " One.\nPrinciples: candor.\n### Answer\nThe Rhine."}]},
    ROWS[2] | {"reply": " One.\nPrinciples: helpful.\n### Answer\n" + ROWS[2]["answer"]},
]


def test_whole_replies_are_parsed_and_checked(tmp_path):
    path = write(tmp_path / "data.jsonl", REPLIES)
    summary, found = verdicts_of(path, Columns(reply="reply"), constitution=load_constitution("default"))
    assert [each["verdict"] for each in found] == ["pass", "fail", "flag", "fail", "fail", "pass", "fail"]
    assert found[0] | {"checks": []} == {
        "line": 1,
        "verdict": "pass",
        "reason": "",
        "refusal": "complies",
        "apology": False,
        "checks": [],
        "thought": "One will do.",
        "principles_cited": ["informative"],
        "answer": "The Rhine.",
    }
    assert found[1]["reason"] == "parse: unparseable: no '### Answer' line"
    assert (found[1]["answer"], found[1]["principles_cited"], found[1]["refusal"]) == ("", [], None)
    assert found[2]["reason"].startswith("citation: informative is cited as number 3")
    assert found[4]["reason"] == "parse: unparseable: field 'reply' holds int, not text and not a chat"
    assert found[6]["reason"].startswith("self_reference: ")
    assert summary.lines()[-1] == "3 replies could not be parsed: unparseable 3"


def test_replies_need_a_constitution_and_their_field(tmp_path):
    path = write(tmp_path / "data.jsonl", REPLIES)
    with pytest.raises(RecipeError, match="--reply-field needs --constitution"):
        check_file(path, Columns(reply="reply"), None, STRICT, out=None)
    with pytest.raises(RecipeError, match=r"data\.jsonl:1: no field 'text'"):
        check_file(path, Columns(reply="text"), load_constitution("default"), STRICT, out=None)
