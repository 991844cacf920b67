import json

import pytest
from test_generate import run
from worlds import world_model, world_recipe

from selfalign.dataset.balance import Sample
from selfalign.errors import EngineDied, RunDirError
from selfalign.run import directory as rundir
from selfalign.show import status


def test_the_funnel_tells_every_reason_and_the_sums_hold(tmp_path):
    counters = run(tmp_path / "run")
    text = "\n".join(status.describe(tmp_path / "run"))
    assert "finished" in text
    assert f"accepted  {counters.num_accepted:>9,}" in text
    assert f"examples  {counters.num_examples:>9,}" in text
    for reason, count in [*counters.rejected.items(), *counters.failed.items()]:
        assert f"{reason:<24} {count:>9,}" in text
    assert counters.num_unanswered == 0
    assert "refuses" in text


def test_a_stopped_run_says_what_is_left(tmp_path):
    asked = 0

    def die_later(prompt, sampling, rng_seed):
        nonlocal asked
        asked += 1
        if asked > 20:
            raise EngineDied("stopped")
        return world_model(prompt, sampling, rng_seed)

    with pytest.raises(EngineDied):
        run(tmp_path / "run", respond=die_later)
    lines = list(status.describe(tmp_path / "run"))
    assert "unfinished" in lines[0]
    rounds = sum(len(finished.accepted) for finished in rundir.read_rounds(tmp_path / "run"))
    answered = len(list(rundir.read_outcomes(tmp_path / "run")))
    assert any(line.startswith("answered") and f"{rounds - answered:,} to go" in line for line in lines)


def test_a_running_run_is_told_apart(tmp_path):
    run(tmp_path / "run")
    recipe, manifest = rundir.read_recipe(tmp_path / "run"), rundir.read_manifest(tmp_path / "run")
    with rundir.RunDir(tmp_path / "run", recipe, manifest):
        assert "running" in next(status.describe(tmp_path / "run"))


def test_rates_come_from_the_last_minute_of_work(tmp_path):
    run(tmp_path / "run")
    row = {"time": 1000.0, "examples": 10, "output_tokens": 5000, "in_flight": 8}
    before, after = {"time": 900.0, "output_tokens": 0}, {"time": 1030.0, "examples": 20, "output_tokens": 8000}
    rows = [row | before, row, row | after | {"budget_share": 0.431}]
    (tmp_path / "run" / rundir.METRICS).write_text("".join(json.dumps(item) + "\n" for item in rows))
    lines = list(status.describe(tmp_path / "run"))
    assert any("100 tokens/s, 20 examples/min over the last 30 s" in line for line in lines)
    assert "budget    43% spent" in lines


def test_the_sample_is_bounded_and_even():
    sample = Sample(status.SAMPLE_SIZE)
    for number in range(3 * status.SAMPLE_SIZE):
        sample.add(number)
    assert len(sample.items) <= status.SAMPLE_SIZE
    assert sample.items == list(range(0, 3 * status.SAMPLE_SIZE, sample.stride))


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(RunDirError, match="not a run directory"):
        list(status.describe(tmp_path))


def test_a_run_that_only_began_has_a_status_too(tmp_path):
    from selfalign.generate import load_sources, make_manifest
    from selfalign.recipe import recipe_row

    recipe = world_recipe()
    with rundir.RunDir(tmp_path / "run", recipe_row(recipe), make_manifest(recipe, load_sources(recipe))):
        pass
    assert any(line.startswith("examples          0") for line in status.describe(tmp_path / "run"))
