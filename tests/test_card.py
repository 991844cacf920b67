"""The card: its header is valid for the Hub, its numbers add up, and no foreign text becomes markup."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from selfalign.dataset import card
from selfalign.dataset.export import export
from selfalign.dataset.markdown import fenced, inline
from selfalign.dataset.paths import public, public_text
from selfalign.records import CheckResult, FailureReason, Verdict, to_row
from tests.run_fixtures import CONSTITUTION, MANIFEST, example, failure, write_run

HOSTILE = "</details>\n```\n# Owned\n---\n| a | b |\n<script>alert(1)</script> ![x](http://x) ~~~\n````"


def _card(folder: Path, answered: list, recipe: dict | None = None, manifest: dict | None = None) -> str:
    return (export(write_run(folder / "run", answered, recipe, manifest)) / "README.md").read_text(encoding="utf-8")


def _header(card: str) -> dict:
    return yaml.safe_load(card.split("---\n")[1])


def _outside_fences(card: str) -> str:
    """The card without its YAML header and without its code blocks, read as CommonMark reads fences."""
    kept, fence = [], ""
    for line in card.split("\n---\n", 1)[1].split("\n"):
        opened = re.match(r"`{3,}", line)
        if fence:
            fence = "" if re.fullmatch(f"`{{{len(fence)},}}", line) else fence
        elif opened:
            fence = opened[0]
        else:
            kept.append(line)
    assert not fence, "a code block is never closed"
    return "\n".join(kept)


def test_the_header_is_what_the_hub_reads(tmp_path: Path) -> None:
    from huggingface_hub import DatasetCard, DatasetCardData

    text = _card(tmp_path, [example(number) for number in range(30)], {"dataset": {"holdout": 0.3, "licence": "MIT"}})
    data = DatasetCard(text).data
    assert isinstance(data, DatasetCardData)
    assert (data.license, data.language, data.size_categories) == ("mit", ["en"], ["n<1K"])
    assert data.task_categories == ["text-generation"]
    assert "synthetic" in data.tags
    configs = {item["config_name"]: item for item in _header(text)["configs"]}
    assert configs["engraving"]["default"] is True
    assert [item["split"] for item in configs["full"]["data_files"]] == ["train", "test"]
    infos = _header(text)["dataset_info"]
    assert [sum(split["num_examples"] for split in info["splits"]) for info in infos] == [30, 30]


def test_a_card_without_a_licence_has_no_licence_line(tmp_path: Path) -> None:
    assert "license" not in _header(_card(tmp_path, [example(1)], {"dataset": {}}))


@pytest.mark.parametrize(
    ("num_rows", "category"), [(999, "n<1K"), (1_000, "1K<n<10K"), (99_999, "10K<n<100K"), (5_000_000, "1M<n<10M")]
)
def test_size_categories_follow_the_number_of_rows(num_rows: int, category: str) -> None:
    from selfalign.dataset.card import size_category

    assert size_category(num_rows) == category


def test_the_funnel_names_every_reason_and_its_sums_hold(tmp_path: Path) -> None:
    answered = [*map(example, range(7)), failure(8), failure(9, FailureReason.EMPTY), example(10, "\ud800")]
    text = _card(tmp_path, answered)
    numbers = {
        name.replace("&nbsp;", "").strip("* "): int(number.replace(",", ""))
        for name, number in re.findall(r"^\| ([^|]+) \| ([\d,]+) \|[^|]*\|$", text, re.MULTILINE)
    }
    assert numbers["Instructions proposed"] == numbers["rejected: near duplicate"] + numbers["Accepted"] == 20
    assert numbers["Accepted"] == numbers["failed: truncated"] + numbers["failed: empty"] + 8
    assert numbers["Answered and sound"] == numbers["Rows of this dataset"] + numbers["withheld: invalid unicode"] == 8
    assert "seed tasks --> 20 proposed --> 10 accepted --> 8 answered --> 7 rows" in text


def test_every_principle_stands_there_with_its_rule_and_its_use(tmp_path: Path) -> None:
    text = _card(tmp_path, [example(1), example(2)])
    assert "| 1 | informative | Ardwen gives facts, not padding. | 2 | 100.0% |" in text
    assert "| 3 | playful | Ardwen jokes where a joke is wanted. | 0 | never |" in text
    assert "Which match do you mean?" in text


def test_the_checks_stand_there_with_what_they_did_and_how_well_they_are_known_to_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {"data": "1,000 answers in English", "refusal": {"precision": 0.954, "recall": 0.92, "num": 400}}
    monkeypatch.setattr(card, "_measured", lambda: known)
    flagged = replace(example(1), checks=(CheckResult("refusal", Verdict.FLAG, 0.9, "declines"),))
    stopped = replace(failure(3, FailureReason.CHECK), step="check", detail="loop: repeats itself")
    text = _card(tmp_path, [flagged, example(2), stopped], {"checks": {"echo": "off"}})
    assert re.search(r"^\| refusal \| 1 \| 1 \| 0 \| 0\.\d+ \| 0\.\d+ \|$", text, re.MULTILINE)
    assert re.search(r"^\| loop \| 2 \| 0 \| 1 \|  \|  \|$", text, re.MULTILINE)
    assert "| echo |" not in text
    assert "| 0.95 | 0.92 |" in text
    assert "on 1,000 answers in English." in text


def test_where_nothing_was_measured_the_card_claims_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card, "_measured", dict)
    text = _card(tmp_path, [example(1)])
    assert re.search(r"^\| refusal \| 1 \| 0 \| 0 \|  \|  \|$", text, re.MULTILINE)
    assert "people's labels" not in text


def test_the_languages_are_those_of_the_rows(tmp_path: Path) -> None:
    german = "Der Rhein entspringt in den Alpen und fließt durch mehrere Länder bis in die Nordsee."
    english = "The river rises in the mountains and flows through several countries to the sea."
    rows = [example(at, german if at % 4 == 0 else english) for at in range(40)]
    text = _card(tmp_path / "a", rows, {"dataset": {"licence": "mit", "language": ["fr"]}})
    assert _header(text)["language"] == ["en", "de"]
    assert "en 75.0%, de 25.0%" in text
    short = _card(tmp_path / "b", [example(1, "42")], {"dataset": {"licence": "mit", "language": ["fr"]}})
    assert _header(short)["language"] == ["fr"]


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("containment", "contains an item"),
        ("13-gram", "shares 13 words in a row"),
        ("near-duplicate", "near-duplicate of an"),
    ],
)
def test_the_card_says_by_which_rule_evaluation_items_were_kept_out(tmp_path: Path, rule: str, told: str) -> None:
    (tmp_path / "eval.jsonl").write_text('{"prompt": "Which moon of Jupiter has the most volcanoes?"}\n')
    recipe = {"decontaminate": [str(tmp_path / "eval.jsonl")], "decontamination": {"rule": rule}}
    line = next(line for line in _card(tmp_path, [example(1)], recipe).splitlines() if "**Decontaminated**" in line)
    assert told in line
    assert "prompts of eval.jsonl alone" in line


def test_only_the_miniatures_dataset_is_marked_as_such(tmp_path: Path) -> None:
    note = "made by the built-in miniature: for trying, testing and teaching"
    marked = _card(tmp_path / "a", [example(1)], {"model": {"model": "miniature"}})
    assert note in marked
    assert "selfalign-miniature" in _header(marked)["tags"]
    assert note not in _card(tmp_path / "b", [example(1)])


def test_hostile_rows_and_constitutions_stay_text(tmp_path: Path) -> None:
    principles = (replace(CONSTITUTION.principles[0], rule=HOSTILE), *CONSTITUTION.principles[1:])
    shown = (replace(CONSTITUTION.demonstrations[0], answer=HOSTILE),)
    constitution = replace(CONSTITUTION, principles=principles, demonstrations=shown, about=HOSTILE)
    manifest = {**MANIFEST, "constitution": to_row(constitution), "model": HOSTILE, "model_revision": HOSTILE}
    rows = [example(number, HOSTILE, text=f"{number} {HOSTILE}", thought=HOSTILE) for number in range(3)]
    recipe = {"dataset": {"title": HOSTILE, "licence": "mit"}, "model": {"model": HOSTILE}, "seeds": [HOSTILE]}
    hostile = _outside_fences(_card(tmp_path / "a", rows, recipe, manifest))
    harmless = _outside_fences(_card(tmp_path / "b", [example(number) for number in range(3)]))
    assert re.findall(r"^#+ ", hostile, re.MULTILINE) == re.findall(r"^#+ ", harmless, re.MULTILINE)
    assert hostile.count("\n") == harmless.count("\n")
    assert re.findall(r"<[^>]*>", hostile) == re.findall(r"<[^>]*>", harmless)
    assert [line.count("|") - line.count("\\|") for line in hostile.split("\n") if line.startswith("|")] == [
        line.count("|") for line in harmless.split("\n") if line.startswith("|")
    ]


@given(st.text(alphabet=st.characters(codec=None), max_size=80))
@settings(max_examples=200)
def test_inline_text_is_one_line_without_markup(text: str) -> None:
    safe = inline(text)
    safe.encode()
    assert len(safe.splitlines()) <= 1
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]|~$]|[<>]", safe)
    assert not re.match(r"\s*(?:[#+=-]|\d+[.)]\s)", safe)


@given(st.text(alphabet="`~a\n ", max_size=60))
@settings(max_examples=200)
def test_a_fence_is_longer_than_any_run_inside_it(text: str) -> None:
    first, *content, last = fenced(text).split("\n")
    assert first == last + "text"
    assert all(len(run) < len(last) for run in re.findall(r"`+", "\n".join(content)))


def test_folders_of_this_machine_do_not_reach_the_card(tmp_path: Path) -> None:
    recipe = {"model": {"model": "/home/someone/models/base"}, "seeds": ["/home/someone/seeds.jsonl", "default"]}
    text = _card(tmp_path, [example(1)], recipe)
    assert "/home/someone" not in text
    assert "seeds.jsonl" in text
    assert public({"a": ["~/x/y.jsonl", "user/name", "a/b\n/c"]}) == {"a": ["y.jsonl", "user/name", "a/b\n/c"]}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("jane/secret-project/seeds.jsonl", "seeds.jsonl"),
        ("jane/seeds.jsonl", "seeds.jsonl"),
        ("jane/seeds.jsonl:12", "seeds.jsonl:12"),
        ("C:\\Users\\jane\\model", "model"),
        ("file:///home/jane/model", "model"),
        ("user/dataset:12", "user/dataset:12"),
        ("questions and/or answers", "questions and/or answers"),
        ("24/7", "24/7"),
    ],
)
def test_only_the_last_name_of_a_path_is_told_and_names_on_the_hub_stay(value: str, told: str) -> None:
    assert public(value) == told


def test_a_folder_that_looks_like_a_name_on_the_hub_is_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jane" / "model").mkdir(parents=True)
    assert public("jane/model") == "model"


def test_messages_keep_the_names_of_files_without_their_folders() -> None:
    assert (
        public_text("like /home/jane/eval/prompts.jsonl:7 (similarity 0.9)") == "like prompts.jsonl:7 (similarity 0.9)"
    )
    assert public_text("a loop: 3/4 and https://example.org/a/b") == "a loop: 3/4 and https://example.org/a/b"
