"""The command `selfalign dedup`, and decontamination."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from selfalign.cli import app, main
from selfalign.errors import RecipeError
from selfalign.novelty.decontaminate import DecontaminationSpec, Decontaminator
from selfalign.novelty.dedup import DedupSpec, dedup
from selfalign.novelty.index import NoveltySpec

LINES = [
    '{"instruction": "Write a short story about an old dog.", "score": 1.50}',
    '{"instruction": "Name three large rivers in Asia.",   "score": 2}',
    '{"score": 3, "instruction": "write a SHORT story about an old cat"}',
    '{"instruction": "\\u5217\\u51fa\\u4e09\\u79cd\\u6c34\\u679c", "score": 1e400}',
    '{"instruction": "Write a short story about an old dog!", "score": 5}',
]


def write_lines(path: Path, lines: list[str]) -> Path:
    path.write_text("".join(line + "\n" for line in lines))
    return path


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["dedup", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def test_kept_rows_are_unchanged_and_dropped_ones_explained(tmp_path: Path) -> None:
    data, kept, dropped = (
        write_lines(tmp_path / "data.jsonl", LINES),
        tmp_path / "kept.jsonl",
        tmp_path / "dropped.jsonl",
    )
    code, out, _ = run(data, "--kept", kept, "--dropped", dropped)
    assert code == 0
    assert kept.read_text().splitlines() == [LINES[0], LINES[1], LINES[3]]
    rows = [json.loads(line) for line in dropped.read_text().splitlines()]
    assert rows == [
        {"line": 3, "reason": "near_duplicate", "nearest_line": 1, "similarity": 0.875, "row": json.loads(LINES[2])},
        {"line": 5, "reason": "near_duplicate", "nearest_line": 1, "similarity": 1.0, "row": json.loads(LINES[4])},
    ]
    assert LINES[4] in dropped.read_text()
    assert [line.split()[-2] for line in out.splitlines()] == ["5", "0", "3", "2", "0"]


def test_the_context_counts_when_it_is_named(tmp_path: Path) -> None:
    texts = ["The river rose for three days.", "Prices fell at the market.", "the river rose for three days!"]
    rows = [{"instruction": "Summarise the following text.", "input": text} for text in texts]
    data = write_lines(tmp_path / "data.jsonl", [*map(json.dumps, rows), '{"instruction": "Go on.", "input": null}'])
    assert dedup(DedupSpec(data, NoveltySpec())).num_kept == 2
    summary = dedup(DedupSpec(data, NoveltySpec(), context_field="input"))
    assert (summary.num_rows, summary.num_kept, summary.num_contexts) == (4, 3, 3)


def test_threshold_tokeniser_and_field(tmp_path: Path) -> None:
    rows = [{"q": {"text": text}} for text in ("列出三种水果", "列出三种水果", "Name one river", "Name two rivers")]
    data, kept = write_lines(tmp_path / "data.jsonl", list(map(json.dumps, rows))), tmp_path / "kept.jsonl"
    for options, number in (([], 3), (["--tokeniser", "rouge"], 4), (["--threshold", "0.3"], 2)):
        assert run(data, "--field", "q.text", "--kept", kept, *options)[0] == 0
        assert len(kept.read_text().splitlines()) == number


def test_parquet_and_dataset_folders(tmp_path: Path) -> None:
    from datasets import Dataset

    table = pa.table(
        {
            "instruction": ["Name three rivers in Asia.", "Name three rivers in Africa.", "Explain photosynthesis."],
            "day": [date(2024, 5, 17)] * 3,
            "price": [Decimal("1.50")] * 3,
            "tags": [["é", None]] * 3,
        }
    )
    pq.write_table(table, tmp_path / "data.parquet")
    Dataset(table).save_to_disk(tmp_path / "folder")
    for data in (tmp_path / "data.parquet", tmp_path / "folder"):
        kept = tmp_path / "kept.jsonl"
        assert dedup(DedupSpec(data, NoveltySpec()), kept=kept).num_kept == 2
        assert json.loads(kept.read_text(encoding="utf-8").splitlines()[1]) == {
            "instruction": "Explain photosynthesis.",
            "day": "2024-05-17",
            "price": "1.50",
            "tags": ["é", None],
        }


def test_a_row_that_json_cannot_hold_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"instruction": ["a b", "c d"], "picture": [None, b"\x89PNG"]}), tmp_path / "data.parquet")
    kept = tmp_path / "kept.jsonl"
    with pytest.raises(RecipeError, match=r"data\.parquet:2: cannot be written as JSON \(a value of type bytes\)"):
        dedup(DedupSpec(tmp_path / "data.parquet", NoveltySpec()), kept=kept)
    assert not kept.exists()


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("no JSON", "data.jsonl:3: no JSON"),
        ('["a"]', "data.jsonl:3: an array, not a JSON object"),
        ('{"text": "a"}', "data.jsonl:3: no field 'instruction' (fields here: text)"),
        ('{"instruction": null}', "data.jsonl:3: no field 'instruction'"),
        ('{"instruction": ["a"]}', "data.jsonl:3: field 'instruction' holds list, not text"),
    ],
)
def test_a_bad_row_stops_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str, complaint: str
) -> None:
    data, kept = write_lines(tmp_path / "data.jsonl", [*LINES[:2], line, *LINES[3:]]), tmp_path / "kept.jsonl"
    kept.write_text("from before")
    monkeypatch.setattr("sys.argv", ["selfalign", "dedup", str(data), "--kept", str(kept)])
    with pytest.raises(SystemExit) as raised:
        main()
    assert raised.value.code == 2
    error = capsys.readouterr().err.splitlines()
    assert len(error) == 1
    assert complaint in error[0]
    assert kept.read_text() == "from before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.jsonl", "kept.jsonl"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--threshold", "1.5"], "--threshold: must be between 0 and 1, is 1.5"),
        (["--tokeniser", "words"], "--tokeniser: unicode or rouge, not 'words'"),
        (["--kept", "data.jsonl"], "data.jsonl: is read by this command"),
        (["--kept", "k", "--dropped", "k"], "k: kept and dropped rows cannot go to the same file"),
        (["--decontaminate", "none.jsonl"], "none.jsonl: does not exist"),
    ],
)
def test_wrong_arguments(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    complaint: str,
) -> None:
    write_lines(tmp_path / "data.jsonl", LINES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["selfalign", "dedup", "data.jsonl", *arguments])
    with pytest.raises(SystemExit) as raised:
        main()
    assert raised.value.code == 2
    assert complaint in capsys.readouterr().err
    assert (tmp_path / "data.jsonl").read_text().splitlines() == LINES


def test_rows_that_repeat_an_evaluation_prompt_are_dropped(tmp_path: Path) -> None:
    data, dropped = write_lines(tmp_path / "data.jsonl", LINES), tmp_path / "dropped.jsonl"
    first = write_lines(tmp_path / "first.jsonl", ['{"question": "What is photosynthesis?"}'])
    second = write_lines(
        tmp_path / "second.jsonl", ['{"prompt": "Say hello."}', '{"prompt": "Name three large rivers in Africa."}']
    )
    files = ("--decontaminate", first, "--decontaminate", second)
    code, out, _ = run(data, *files, "--rule", "near-duplicate", "--dropped", dropped)
    assert code == 0
    rows = [json.loads(line) for line in dropped.read_text().splitlines()]
    assert [row["line"] for row in rows] == [2, 3, 5]
    assert rows[0]["reason"] == "contaminated"
    assert rows[0]["repeats"] == f"{second}:2"
    assert "contaminated" in out


@pytest.mark.parametrize(
    "row",
    [
        {"instruction": "Name three large rivers in Asia."},
        {"prompt": "Name three large rivers in Asia."},
        {"question": "Name three large rivers in Asia.", "answer": "..."},
        {"input": "Name three large rivers in Asia.", "target": "..."},
        {"turns": ["Name three large rivers in Asia.", "And the longest?"]},
        {
            "messages": [
                {"role": "user", "content": "Name three large rivers in Asia."},
                {"role": "assistant", "content": "."},
            ]
        },
        {"instruction": "Name three large rivers", "input": "in Asia"},
    ],
)
def test_prompts_of_common_schemas_are_found(tmp_path: Path, row: dict) -> None:
    path = write_lines(tmp_path / "evaluation.jsonl", ['{"prompt": "Say hello."}', json.dumps(row)])
    find = Decontaminator([path], NoveltySpec()).find
    assert find("name three large rivers in asia").place == f"{path}:2"
    assert find("Explain photosynthesis.") is None


def test_evaluation_prompts_with_contexts(tmp_path: Path) -> None:
    """One generic prompt with many contexts, as Self-Instruct's schema has them."""
    instances = [
        {"input": f"The number is {word} and nothing else."} for word in ("one", "seventy two", "many thousand")
    ]
    row = {"instruction": "Is the following sentence about a large number?", "instances": instances}
    path = write_lines(tmp_path / "evaluation.jsonl", [json.dumps(row)])
    evaluation = Decontaminator([path], NoveltySpec())
    assert len(evaluation) == 3
    assert evaluation.find(row["instruction"], "the number is SEVENTY TWO and nothing else").place == f"{path}:1"
    assert evaluation.find(row["instruction"], "Nobody knows how many stars there are.") is None


def test_repeated_evaluation_prompts_are_kept_once(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "evaluation.jsonl", ['{"prompt": "Say hello."}'] * 50)
    evaluation = Decontaminator([path], NoveltySpec())
    assert len(evaluation) == 1
    assert evaluation.find("say hello").place == f"{path}:1"


def test_an_evaluation_row_without_a_prompt_is_named(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "evaluation.jsonl", ['{"prompt": "Say hello."}', '{"label": 3}'])
    with pytest.raises(RecipeError, match=r"evaluation\.jsonl:2: no prompt under any of instruction, prompt"):
        Decontaminator([path], NoveltySpec())


ITEM = "Which river flows through both the old harbour and the new market of the town?"


def evaluation_of(tmp_path: Path, rule: str, *prompts: str) -> Decontaminator:
    rows = [json.dumps({"prompt": prompt}) for prompt in prompts]
    return Decontaminator([write_lines(tmp_path / "items.jsonl", rows)], NoveltySpec(), DecontaminationSpec(rule))


def test_an_item_is_found_inside_of_a_longer_prompt_and_of_an_answer(tmp_path: Path) -> None:
    evaluation = evaluation_of(tmp_path, "containment", "Say hello.", ITEM)
    around = "Here is something to think about for quite a while before you say anything at all about it: {} Take care."
    match = evaluation.find(around.format(ITEM))
    assert match is not None
    assert match[2:] == ("containment", "instruction", 1.0)
    assert match.place.endswith(":2")
    assert match.text == ITEM
    assert ITEM in str(match)
    changed = evaluation.find("Go on.", answer=around.format(ITEM.replace("old", "ancient")))
    assert changed is not None
    assert changed[2:] == ("containment", "answer", pytest.approx(14 / 15))
    scattered = ITEM.replace(" ", " and then some more words come in between ")
    assert evaluation.find(around.format(scattered)) is None
    assert evaluation_of(tmp_path, "near-duplicate", ITEM).find(around.format(ITEM)) is None


def test_short_items_match_neither_everywhere_nor_what_asks_something_else(tmp_path: Path) -> None:
    evaluation = evaluation_of(tmp_path, "containment", "What is pi?", "What is the difference between HTML and CSS?")
    assert evaluation.find("Tell me what it is that is so special about what is pi, and where it is used.") is None
    assert evaluation.find("What is pi").rule == "near-duplicate"
    assert evaluation.find("What is the difference between TCP and UDP?") is None
    published = evaluation_of(tmp_path, "near-duplicate", "What is the difference between HTML and CSS?")
    assert published.find("What is the difference between TCP and UDP?") is not None


def test_thirteen_tokens_in_a_row(tmp_path: Path) -> None:
    evaluation = evaluation_of(tmp_path, "13-gram", ITEM, "What is pi?")
    tokens = ITEM.split()
    assert evaluation.find("So: " + " ".join(tokens[:13])).share == pytest.approx(1 / 3)
    assert evaluation.find("So: " + " ".join(tokens[:12])) is None
    assert evaluation.find("What is pi?") is None
