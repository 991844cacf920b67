"""Rows of data files: every kind of file, the line numbers, and what is wrong with a line."""

import gzip
import io
import json
import os
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from selfalign.errors import RecipeError, RunDirError
from selfalign.rows import count_rows, last_turn, read_raw_rows, read_rows, text_field, turns_of, watched, written_whole

ROWS = [{"instruction": "Name three rivers.", "n": 1}, {"instruction": "Où est-il ?\u2028", "n": 2}, {"n": 3}]
NUMBERED = list(enumerate(ROWS, start=1))


def write_lines(path: Path, *lines: str) -> Path:
    path.write_bytes("".join(line + "\n" for line in lines).encode())
    return path


def as_lines(rows: list[dict]) -> list[str]:
    return [json.dumps(row, ensure_ascii=False) for row in rows]


@pytest.mark.parametrize("name", ["data.jsonl", "data.json", "data.txt", "data"])
def test_json_lines(tmp_path: Path, name: str) -> None:
    path = write_lines(tmp_path / name, *as_lines(ROWS))
    assert list(read_rows(path)) == list(read_rows(str(path))) == NUMBERED
    assert count_rows(path) == 3


def test_the_text_of_a_line_is_kept(tmp_path: Path) -> None:
    lines = ['{"a":1.50,  "b":"\\u00e9"}', '{"a": 1e400, "a": 2}']
    assert [row.raw for row in read_raw_rows(write_lines(tmp_path / "data.jsonl", *lines))] == lines


def test_line_ends_byte_order_mark_and_empty_lines_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"n": 1}\r\n{"n": 2}\r\n\r\n\n')
    assert list(read_rows(path)) == [(1, {"n": 1}), (2, {"n": 2})]
    path.write_bytes(b'{"n": 1}\n{"n": 2}')
    assert list(read_rows(path)) == [(1, {"n": 1}), (2, {"n": 2})]
    path.write_bytes(b"")
    assert list(read_rows(path)) == []


def test_gzipped_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(as_lines(ROWS)).encode()))
    assert list(read_rows(path)) == NUMBERED
    assert count_rows(path) is None
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(RecipeError, match=r"data\.jsonl\.gz: cannot be read"):
        list(read_rows(path))


def test_a_json_array(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps(ROWS, indent=2))
    assert list(read_rows(path)) == NUMBERED
    path.write_text("[1]")
    with pytest.raises(RecipeError, match=r"data\.json:1: a number, not a JSON object"):
        list(read_rows(path))


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    rows = [{"n": number, "text": f"text {number}"} for number in range(2_500)]
    pq.write_table(pa.Table.from_pylist(rows), path)
    assert list(read_rows(path)) == list(enumerate(rows, start=1))
    assert count_rows(path) == 2_500
    path.write_bytes(b"no Parquet")
    assert count_rows(path) is None
    with pytest.raises(RecipeError, match=r"data\.parquet: cannot be read as Parquet"):
        list(read_rows(path))


def test_rows_are_streamed(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "data.jsonl", '{"n": 1}', "no JSON")
    assert next(iter(read_rows(path))) == (1, {"n": 1})


def test_a_folder_that_save_to_disk_wrote(tmp_path: Path) -> None:
    from datasets import Dataset, DatasetDict

    rows = [{"instruction": "one"}, {"instruction": "two"}]
    Dataset.from_list(rows).save_to_disk(tmp_path / "single")
    assert list(read_rows(tmp_path / "single")) == list(enumerate(rows, start=1))
    splits = DatasetDict(train=Dataset.from_list(rows), test=Dataset.from_list(rows[:1]))
    splits.save_to_disk(tmp_path / "splits")
    assert list(read_rows(tmp_path / "splits", split="test")) == [(1, rows[0])]
    with pytest.raises(RecipeError, match="has the splits test, train; choose one"):
        list(read_rows(tmp_path / "splits"))
    with pytest.raises(RecipeError, match="has no split 'dev'; it has test, train"):
        list(read_rows(tmp_path / "splits", split="dev"))


def test_a_folder_as_the_hub_has_it(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for number in (0, 1):
        pq.write_table(pa.table({"n": [number]}), tmp_path / "data" / f"train-0000{number}-of-00002.parquet")
    assert list(read_rows(tmp_path)) == [(1, {"n": 0}), (2, {"n": 1})]


def test_a_folder_without_data(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="cannot be loaded as a dataset folder"):
        list(read_rows(tmp_path))


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{'n': 1}", "no JSON"),
        ('{"n": 1', "no JSON"),
        ("[1, 2]", "an array, not a JSON object"),
        ('"text"', "a string, not a JSON object"),
        ("null", "null, not a JSON object"),
        ("true", "a boolean, not a JSON object"),
        ("3.5", "a number, not a JSON object"),
        ("", "an empty line"),
        ("  ", "an empty line"),
        ('{"n":' * 100_000, "nested too deeply"),
        ('{"n": ' + "9" * 5_000 + "}", "no JSON"),
    ],
)
def test_a_line_that_is_no_row_is_named(tmp_path: Path, line: str, complaint: str) -> None:
    path = write_lines(tmp_path / "data.jsonl", '{"n": 1}', line, '{"n": 3}')
    with pytest.raises(RecipeError, match=rf"data\.jsonl:2: .*{complaint}") as raised:
        list(read_rows(path))
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 500


def test_a_line_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(b'{"n": 1}\n{"n": "\xe9"}\n')
    with pytest.raises(RecipeError, match=r"data\.jsonl:2: not UTF-8 text \(byte 8\)"):
        list(read_rows(path))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"none\.jsonl: does not exist"):
        list(read_rows(tmp_path / "none.jsonl"))
    assert count_rows(tmp_path / "none.jsonl") is None


def test_the_text_under_a_field() -> None:
    row = {"a": {"b": [{"c": "deep"}]}, "x.y": "dotted", "n": 3, "none": None}
    assert text_field(row, "a.b.0.c", "f:1") == "deep"
    assert text_field(row, "x.y", "f:1") == "dotted"
    assert text_field(row, "none", "f:1", required=False) == text_field(row, "a.z", "f:1", required=False) == ""
    for name in ("none", "a.z", "a.b.1.c", "a.b.c", "q"):
        with pytest.raises(RecipeError, match=re.escape(f"f:1: no field {name!r} (fields here: a, n, none, x.y)")):
            text_field(row, name, "f:1")
    with pytest.raises(RecipeError, match="f:1: field 'n' holds int, not text"):
        text_field(row, "n", "f:1", required=False)


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"

    def stop_half_way() -> None:
        with written_whole(path) as write:
            write("one")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_half_way()
    assert list(tmp_path.iterdir()) == []
    with written_whole(path) as write:
        write("one é \ud800")
        assert not path.exists()
    assert path.read_text(encoding="utf-8") == "one é \\ud800\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with (
        pytest.raises(RunDirError, match=r"missing/out\.jsonl: cannot be written"),
        written_whole(tmp_path / "missing" / "out.jsonl"),
    ):
        pass


def test_a_full_disk(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    path = tmp_path / "out.jsonl"
    (tmp_path / f".out.jsonl.{os.getpid()}.part").symlink_to("/dev/full")
    with (
        pytest.raises(RunDirError, match=r"out\.jsonl: cannot be written \(No space left"),
        written_whole(path) as write,
    ):
        write("x" * 100_000)
    assert list(tmp_path.iterdir()) == []


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in (Terminal(), io.StringIO(), None):
        seconds = iter(range(0, 10_000, 40))
        monkeypatch.setattr("selfalign.rows.time.monotonic", lambda seconds=seconds: next(seconds))
        assert list(watched(range(200), 400, "compared", stream)) == list(range(200))
        if stream:
            assert "compared 128 of 400 (32%)" in stream.getvalue()
            assert stream.getvalue().endswith("\x1b[2K" if stream.isatty() else "\n")


PARTS = [{"type": "text", "text": "I see "}, {"type": "image"}, {"type": "text", "text": "a tit."}]
CHAT = [{"role": "user", "content": "Which bird?"}, {"role": "assistant", "content": PARTS}]
SHAREGPT = [{"from": "human", "value": "Which bird?"}, {"from": "gpt", "value": "I see a tit."}]


def test_a_chat_is_read_in_either_form() -> None:
    turns = [("user", "Which bird?"), ("assistant", "I see a tit.")]
    assert turns_of(CHAT, "f:1") == turns_of(SHAREGPT, "f:1") == turns
    assert turns_of("Which bird?", "f:1") == [("", "Which bird?")]
    assert turns_of(["One?", "Two?"], "f:1") == [("", "One?"), ("", "Two?")]
    assert (last_turn(CHAT, "user", "f:1"), last_turn(["One?", "Two?"], "user", "f:1")) == ("Which bird?", "Two?")
    assert last_turn([], "user", "f:1") == ""


@pytest.mark.parametrize("value", [3, {"role": "user"}, [3], [{"role": "user", "content": 3}]])
def test_what_is_no_chat_is_refused(value: object) -> None:
    with pytest.raises(RecipeError, match="f:1"):
        turns_of(value, "f:1")
