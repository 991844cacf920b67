"""Whole runs with a mix of proposers: resumed, grown and refused as any other run."""

import random

import pytest
from guided_world import GUIDE, guided_model
from test_generate import Killed, journal_bytes, killer, run
from worlds import dataset_bytes, read_sources_once, world_recipe

from selfalign.dataset import export as dataset
from selfalign.errors import RunDirError
from selfalign.run import directory as rundir
from selfalign.show import status

NUM_KILLS = 200


@pytest.fixture
def recipe(tmp_path):
    guide = tmp_path / "tiny.yaml"
    guide.write_text(GUIDE, encoding="utf-8")

    def recipe(**changes):
        mix = "{self-instruct: 0.4, guided: 0.6}"
        return world_recipe(propose__guide=guide, propose__mix=mix, **changes)

    return recipe


def test_a_mix_resumes_byte_for_byte_at_every_kill_point(tmp_path, monkeypatch, recipe):
    read_sources_once(monkeypatch)
    counters = run(tmp_path / "whole", recipe(), guided_model)
    rounds = (tmp_path / "whole" / rundir.ROUNDS).read_bytes()
    assert {item.proposer for item in rundir.read_rounds(tmp_path / "whole")} == {"self-instruct", "guided"}
    assert counters.num_examples > 5
    rng = random.Random(6)
    total = journal_bytes(tmp_path / "whole")
    for number in range(NUM_KILLS):
        path = tmp_path / f"kill-{number}" / "whole"
        with monkeypatch.context() as patched:
            patched.setattr(rundir.os, "write", killer(rng.randrange(total)))
            with pytest.raises((Killed, BaseExceptionGroup)):
                run(path, recipe(), guided_model, delay=lambda seed, salt=number: (seed * (salt + 1)) % 5 / 20000)
        run(path, recipe(), guided_model, delay=lambda seed: 0.0)
        assert (path / rundir.ROUNDS).read_bytes() == rounds, f"kill {number}"
        assert by_id(path) == by_id(tmp_path / "whole"), f"kill {number}"


def by_id(path):
    return {item.instruction_id: item for item in rundir.read_outcomes(path)}


def test_the_dataset_of_a_resumed_mix_is_the_same(tmp_path, monkeypatch, recipe):
    run(tmp_path / "a" / "whole", recipe(), guided_model)
    expected = dataset_bytes(dataset.export(tmp_path / "a" / "whole"))
    path = tmp_path / "b" / "whole"
    with monkeypatch.context() as patched:
        patched.setattr(rundir.os, "write", killer(journal_bytes(tmp_path / "a" / "whole") // 2))
        with pytest.raises((Killed, BaseExceptionGroup)):
            run(path, recipe(), guided_model)
    run(path, recipe(), guided_model)
    assert dataset_bytes(dataset.export(path)) == expected


def test_other_slots_and_a_higher_target_change_no_prompt(tmp_path, recipe):
    """The window follows from the slots that a run began with, also where it goes on with others."""
    wide, grown = tmp_path / "wide", tmp_path / "grown"
    run(wide, recipe(propose__window="null", propose__target=40, slots=2), guided_model)
    run(grown, recipe(propose__window="null", propose__target=20, slots=2), guided_model)
    run(grown, recipe(propose__window="null", propose__target=40, slots=9), guided_model)
    assert rundir.read_manifest(grown)["propose_window"] == rundir.read_manifest(wide)["propose_window"]
    assert list(rundir.read_rounds(grown)) == list(rundir.read_rounds(wide))


def test_another_guide_is_refused(tmp_path, recipe):
    run(tmp_path / "run", recipe(), guided_model)
    (tmp_path / "tiny.yaml").write_text(GUIDE.replace("soups", "stews"), encoding="utf-8")
    with pytest.raises(RunDirError, match="the guide changed since this run began"):
        run(tmp_path / "run", recipe(propose__target=30), guided_model)


def test_the_status_knows_the_cells(tmp_path, recipe):
    run(tmp_path / "run", recipe(), guided_model)
    lines = list(status.describe(tmp_path / "run"))
    guided = next(line for line in lines if line.startswith("guided"))
    assert " over 3 kinds (evenness " in guided
    run(tmp_path / "plain", world_recipe())
    assert not any(line.startswith("guided") for line in status.describe(tmp_path / "plain"))


def test_a_journal_line_says_no_more_than_it_must(tmp_path, recipe):
    run(tmp_path / "run", recipe(), guided_model)
    for line in (tmp_path / "run" / rundir.ROUNDS).read_text(encoding="utf-8").splitlines():
        is_guided = '"proposer":"guided"' in line
        assert is_guided == ('"hints":' in line or '"kind":' in line) == ('"proposer"' in line)
        assert '"cell":null' not in line
        assert '"topics":[]' not in line
