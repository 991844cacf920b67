"""Instructions that exist already: every kind of source gives the same ones, and a bad row is named."""

import json
from pathlib import Path

import pytest

from selfalign.errors import RecipeError
from selfalign.novelty.index import NoveltyIndex, NoveltySpec
from selfalign.propose import Pool, ProposeSpec, SourceSpec, propose_from_source, source_digest
from selfalign.propose.source import read_source
from selfalign.records import Instruction, Round
from selfalign.run.directory import ROUNDS
from tests.run_fixtures import RECIPE, example, rows_of, write_run

ROWS = [
    {"instruction": "Name the capital of France.", "context": ""},
    {"instruction": "  Summarise the text. ", "context": "A fox jumped.\n"},
    {"instruction": "Écris un poème sur la mer.", "context": None},
]


def _jsonl(path: Path, rows: list) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def _texts(spec: SourceSpec) -> list[tuple[str, str]]:
    return [(item.text, item.context) for item in read_source(spec)]


EXPECTED = [
    ("Name the capital of France.", ""),
    ("Summarise the text.", "A fox jumped."),
    ("Écris un poème sur la mer.", ""),
]


def test_json_lines_give_ids_in_their_order_and_say_where_each_stood(tmp_path: Path) -> None:
    items = list(read_source(SourceSpec(str(_jsonl(tmp_path / "prompts.jsonl", ROWS)))))
    assert [(item.text, item.context) for item in items] == EXPECTED
    assert [item.id for item in items] == ["q00000001", "q00000002", "q00000003"]
    assert [item.source for item in items] == [f"prompts.jsonl:{line}" for line in (1, 2, 3)]


def test_parquet_and_datasets_folders_give_the_same(tmp_path: Path) -> None:
    import datasets

    loaded = datasets.Dataset.from_list(ROWS)
    loaded.to_parquet(str(tmp_path / "prompts.parquet"))
    loaded.save_to_disk(str(tmp_path / "saved"))
    datasets.DatasetDict({"train": loaded, "test": loaded.select([0])}).save_to_disk(str(tmp_path / "splits"))
    for name in ("prompts.parquet", "saved", "splits"):
        assert _texts(SourceSpec(str(tmp_path / name))) == EXPECTED, name
    assert _texts(SourceSpec(str(tmp_path / "splits"), split="test")) == EXPECTED[:1]


def test_fields_can_have_other_names_and_lie_deeper(tmp_path: Path) -> None:
    chats = [
        {"messages": [{"role": "user", "content": text}], "extra": {"input": context}} for text, context in EXPECTED
    ]
    spec = SourceSpec(
        str(_jsonl(tmp_path / "chats.jsonl", chats)),
        instruction_field="messages.0.content",
        context_field="extra.input",
    )
    assert _texts(spec) == EXPECTED


def test_a_limit_takes_the_first_rows_and_reads_no_further(tmp_path: Path) -> None:
    path = _jsonl(tmp_path / "prompts.jsonl", ROWS)
    path.write_text(path.read_text() + "broken\n")
    assert len(_texts(SourceSpec(str(path), limit=2))) == 2


def test_another_run_gives_its_accepted_instructions_under_their_own_ids(tmp_path: Path) -> None:
    run = write_run(tmp_path / "earlier", [example(2), example(1, context="The Rhine")])
    assert list(read_source(SourceSpec(str(run)))) == [
        Instruction("p0000001-00", "Name 1 rivers.", "The Rhine", "run:earlier"),
        Instruction("p0000002-00", "Name 2 rivers.", "", "run:earlier"),
    ]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{}", "no field 'instruction'"),
        ('{"prompt": "x"}', "fields here: prompt"),
        ('{"instruction": 3}', "holds int, not text"),
        ("not json", "no JSON"),
        ("[1]", "not a JSON object"),
    ],
)
def test_a_bad_row_is_named_with_file_and_line(tmp_path: Path, line: str, told: str) -> None:
    path = tmp_path / "prompts.jsonl"
    path.write_text(json.dumps(ROWS[0]) + "\n" + line + "\n")
    with pytest.raises(RecipeError, match=rf"prompts\.jsonl:2: .*{told}"):
        list(read_source(SourceSpec(str(path))))


@pytest.mark.parametrize("path", ["/no/such/file.jsonl", "./gone.jsonl", "data/gone.jsonl", "gone.parquet", "a/b/c"])
def test_what_is_neither_there_nor_a_name_is_told(path: str) -> None:
    with pytest.raises(RecipeError, match="does not exist"):
        list(read_source(SourceSpec(path)))


def test_a_hub_that_cannot_give_the_dataset_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    def fail(*_: object, **__: object) -> None:
        raise ConnectionError("no network\nand a long story")

    monkeypatch.setattr(datasets, "load_dataset", fail)
    with pytest.raises(RecipeError, match=r"someone/prompts cannot be loaded from the Hub \(no network\)$"):
        list(read_source(SourceSpec("someone/prompts")))


def test_a_name_on_the_hub_is_read_as_a_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    asked = {}

    def load(*names: object, **arguments: object) -> list:
        asked.update(names=names, **arguments)
        return ROWS

    monkeypatch.setattr(datasets, "load_dataset", load)
    items = list(read_source(SourceSpec("someone/prompts", configuration="short", split="test", revision="v1")))
    assert asked == {"names": ("someone/prompts", "short"), "split": "test", "revision": "v1", "streaming": True}
    assert [item.source for item in items] == [f"someone/prompts:{row}" for row in (1, 2, 3)]


@pytest.mark.parametrize(
    ("change", "key"),
    [({"path": ""}, "path"), ({"limit": 0}, "limit"), ({"instruction_field": ""}, "instruction_field")],
)
def test_wrong_values_name_their_key(change: dict, key: str) -> None:
    with pytest.raises(ValueError, match=f"^{key}: "):
        SourceSpec(**{"path": "x", **change})


def test_the_digest_follows_the_content_of_a_file_but_not_the_growth_of_a_run(tmp_path: Path) -> None:
    path = _jsonl(tmp_path / "prompts.jsonl", ROWS)
    before = source_digest(SourceSpec(str(path)))
    assert source_digest(SourceSpec(str(path), limit=1)) == before
    _jsonl(path, ROWS[:2])
    assert source_digest(SourceSpec(str(path))) != before
    run = write_run(tmp_path / "run", [example(1)])
    before = source_digest(SourceSpec(str(run)))
    with open(run / ROUNDS, "a") as file:
        file.write(rows_of([Round(1, (), (example(2).instruction,), (), example(2).usage)]))
    assert source_digest(SourceSpec(str(run))) == before
    changes = {"slots": 512, "dataset": {"licence": "mit"}, "propose": {**RECIPE["propose"], "target": 99}}
    write_run(run, [example(1)], {**RECIPE, **changes})
    assert source_digest(SourceSpec(str(run))) == before
    write_run(run, [example(1)], {**RECIPE, "rng_seed": 8})
    assert source_digest(SourceSpec(str(run))) != before
    assert source_digest(SourceSpec("someone/prompts")) != source_digest(SourceSpec("someone/prompts", revision="v2"))


async def _take(source: Path, rounds: list[Round]) -> list[Instruction]:
    pool = Pool((), NoveltyIndex(NoveltySpec(threshold=1.0)))
    pool.replay(iter(rounds))
    spec = ProposeSpec(target=1000, source=SourceSpec(str(source)))
    return [item async for item in propose_from_source(pool, spec, journal=rounds.append)]


def test_a_source_run_that_grew_is_continued_where_it_ended(tmp_path: Path) -> None:
    import asyncio

    source = write_run(tmp_path / "source", [example(number) for number in range(70)])
    rounds: list[Round] = []
    first = asyncio.run(_take(source, rounds))
    write_run(tmp_path / "grown", [example(number) for number in range(90)])
    (tmp_path / "grown" / ROUNDS).replace(source / ROUNDS)
    second = asyncio.run(_take(source, rounds))
    assert [item.id for item in first + second] == [f"p{number:07d}-00" for number in range(90)]
