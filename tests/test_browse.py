"""`show <run>`: what it finds, how it wraps, and that hostile text reaches no terminal unseen."""

import sys
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from run_fixtures import example, failure, instruction, write_run

from selfalign.errors import RecipeError, RunDirError
from selfalign.records import (
    Cell,
    CheckResult,
    Example,
    Failure,
    FailureReason,
    Rejection,
    RejectionReason,
    Round,
    Usage,
    Verdict,
)
from selfalign.run import directory as rundir
from selfalign.show import browse


def shown(path: Path, which: str = "examples", **wanted: object) -> list[str]:
    arguments = {"principle": None, "grep": None, "limit": 5, **wanted}
    return list(browse.show_examples(path, which=which, **arguments))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    joke = Example(instruction(3), "A joke is wanted.", "Ha.", ("playful",), (), Usage())
    flagged = Example(
        instruction(4, "Say sorry.", "to a cat"),
        "Short.",
        "Sorry, cat.",
        ("candor",),
        (CheckResult("apology", Verdict.FLAG, 1.0, "opens with an apology"), CheckResult("loop", Verdict.PASS)),
        Usage(),
    )
    return write_run(tmp_path / "run", [example(1), example(2), joke, flagged, failure(5)])


def test_an_example_shows_instruction_thought_answer_and_principles(run: Path) -> None:
    lines = shown(run, limit=1)
    text = "\n".join(lines)
    assert lines[0] == "p0000001-00  informative, candor"
    assert "asked      Name 1 rivers." in text
    assert "thought    A plain question of geography." in text
    assert "answer     Here are 1 rivers." in text
    assert lines[-1] == ""


def test_limit_counts_rows(run: Path) -> None:
    assert sum(line.startswith("p00") for line in shown(run, limit=2)) == 2
    assert sum(line.startswith("p00") for line in shown(run, limit=50)) == 4


def test_context_and_flags_are_shown_and_passed_checks_are_not(run: Path) -> None:
    text = "\n".join(shown(run, grep="to a CAT"))
    assert "context    to a cat" in text
    assert "flag       apology (1): opens with an apology" in text
    assert "loop" not in text


def test_a_principle_keeps_what_cites_it(run: Path) -> None:
    assert [line.split()[0] for line in shown(run, principle="playful") if line.startswith("p00")] == ["p0000003-00"]


def test_an_unknown_principle_is_an_error_with_the_nearest(run: Path) -> None:
    with pytest.raises(RecipeError, match=r"playfull.*did you mean 'playful'"):
        shown(run, principle="playfull")


def test_failures_say_why(run: Path) -> None:
    text = "\n".join(shown(run, "failed"))
    assert "p0000005-00  truncated (at align)" in text
    assert "came back  Here are" in text
    assert "why        cut after 512 tokens" in text
    assert "p0000001" not in text


def test_a_failed_check_shows_the_answer_it_judged(tmp_path: Path) -> None:
    failed = Failure(
        instruction(1),
        "check",
        FailureReason.CHECK,
        "loop: the same line 9 times",
        "",
        Usage(),
        "Hm.",
        "la la",
        ("candor",),
    )
    text = "\n".join(shown(write_run(tmp_path, [failed]), "failed"))
    assert "check: loop (at check)  candor" in text
    assert "answer     la la" in text


def test_a_near_duplicate_stands_beside_what_it_duplicates(tmp_path: Path) -> None:
    path = write_run(tmp_path, [example(0)])
    journal = rundir.Journal(path / rundir.ROUNDS)
    near = Rejection("Name 0 rivers now.", "", RejectionReason.NEAR_DUPLICATE, "p0000000-00", 0.857)
    journal.append(Round(1, (), (), (near,), Usage()))
    journal.close()
    text = "\n".join(shown(path, "rejected", grep="now"))
    assert "round 1  near_duplicate  similarity 0.86" in text
    assert "proposed   Name 0 rivers now." in text
    assert "like       p0000000-00: Name 0 rivers." in text


def test_a_seed_that_cannot_be_read_any_more_does_not_hide_the_row(run: Path) -> None:
    text = "\n".join(shown(run, "rejected", limit=1))
    assert "like       seed-1: (its text is not at hand)" in text


def test_nothing_found_is_said(run: Path) -> None:
    assert shown(run, grep="zebra") == ["no example in this run that contains 'zebra'"]
    assert shown(run, "rejected", principle="candor") == ["no rejected proposal in this run that cites candor"]


def test_a_folder_that_is_no_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunDirError, match="not a run directory"):
        shown(tmp_path)


def test_hostile_text_is_visible_and_harmless(tmp_path: Path) -> None:
    nasty = "a\x1b[2Jb\x00c\rd\u202ee\ud800f\x9bg\u200bh"
    text = "\n".join(shown(write_run(tmp_path, [example(1, nasty)])))
    assert r"a\x1b[2Jb\x00c\x0dd\u202ee\ud800f\x9bg\u200bh" in text
    text.encode()


def test_a_terminal_gets_colour_and_the_search_is_underlined(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    text = "\n".join(shown(run, grep="rivers", limit=1))
    assert "\x1b[4mrivers\x1b[24m" in text
    assert "\x1b[2m" in text
    # A search for what happens to stand in the colour codes must not tear them.
    assert "\x1b[\x1b" not in "\n".join(shown(run, grep="2m", limit=1))


def test_a_long_text_is_cut_and_says_so(tmp_path: Path) -> None:
    path = write_run(tmp_path, [example(1, "word " * 2000)])
    lines = shown(path)
    assert len(lines) < 25
    assert any("characters more" in line for line in lines)


def test_an_enormous_line_takes_no_time(tmp_path: Path) -> None:
    assert len(shown(write_run(tmp_path, [example(1, "x" * 3_000_000)]))) < 25


@settings(max_examples=80)
@given(st.text(max_size=300), st.integers(2, 40))
def test_wrapping_keeps_every_character_and_the_width(text: str, width: int) -> None:
    text = browse.make_visible(text)
    lines = list(browse.wrap(text, width))
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        assert sum(_columns(character) for character in line) <= width


def _columns(character: str) -> int:
    wide = 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return 0 if unicodedata.combining(character) else wide


def test_a_rejected_line_shows_the_line_of_the_guide_that_it_repeats(tmp_path: Path) -> None:
    recipe = {"propose": {"target": 10, "guide": "default", "mix": {"guided": 1.0}}}
    run = write_run(tmp_path / "run", [example(1)], recipe)
    repeat = Rejection("Write a rhyme.", "", RejectionReason.NEAR_DUPLICATE, "violence-1", 0.8)
    journal = rundir.Journal(run / rundir.ROUNDS)
    journal.append(Round(1, (), (), (repeat,), Usage(), "guided"))
    journal.close()
    assert any("violence-1: Tell me step by step" in line for line in shown(run, "rejected"))


def test_rows_of_a_cell_are_found_by_how_its_hint_begins(tmp_path: Path) -> None:
    def guided(number: int, topic: str) -> Example:
        asked = replace(instruction(number), cell=Cell("fraud", topic, "harmful", "direct"))
        return replace(example(number), instruction=asked)

    run = write_run(tmp_path / "run", [guided(1, "fake shops"), guided(2, "bank messages"), example(3)])
    assert [line[:8] for line in shown(run, cell="fraud") if line.startswith("p00")] == ["p0000001", "p0000002"]
    lines = shown(run, cell="[Fraud; bank")
    assert [line[:8] for line in lines if line.startswith("p00")] == ["p0000002"]
    assert "  hint       fraud; bank messages; harmful; direct" in lines
    assert shown(run, cell="cooking") == ["no example in this run that answers a hint [cooking ...]"]
    assert shown(run, "rejected", cell="fraud") == ["no rejected proposal in this run that answers a hint [fraud ...]"]
