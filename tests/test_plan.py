"""What a run will take, said before it begins and while it goes on: the model, and the command's lines."""

import io
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import ScriptedEngine
from test_generate import opener
from worlds import SEEDS, world_model, world_recipe

from selfalign.errors import RecipeError, RunDirError
from selfalign.generate import generate
from selfalign.recipe import Recipe
from selfalign.records import Instruction, Rejection, RejectionReason, Round, Usage
from selfalign.run.budget import parse_price
from selfalign.run.directory import RECIPE
from selfalign.run.forecast import Course
from selfalign.run.progress import Clock, Counters, Ticker
from selfalign.run.speed import Load, Speed, Trial, fit_speed, play
from selfalign.show.plan import plan


def a_round(number: int, kept: int, repeats: int, others: int = 0, written: int = 100) -> Round:
    accepted = tuple(Instruction(f"p{number:07d}-{item:02d}", "x", "", "self-instruct") for item in range(kept))
    reasons = [RejectionReason.NEAR_DUPLICATE] * repeats + [RejectionReason.TOO_SHORT] * others
    return Round(number, (), accepted, tuple(Rejection("x", "", each) for each in reasons), Usage(400, 100, written))


def grown(power: float, rounds: int, *, scale: float = 0.02) -> Course:
    """A pool in which the repeats grow with a power of its size; eight candidates a round."""
    course, kept, owed = Course(), 0, 0.0
    for number in range(rounds):
        before = owed
        for _ in range(8):
            repeats_due = scale * kept ** (1 + power)
            if owed < repeats_due:
                owed += 1
            else:
                kept += 1
        repeats = round(owed - before)
        course.count_round(a_round(number, 8 - repeats, repeats))
    course.answer.add(Usage(2000, 1900, 60))
    return course


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=60))
def test_what_has_been_is_foretold_exactly_and_every_range_is_one(rounds: list[tuple[int, int, int]]) -> None:
    course = Course()
    for number, counts in enumerate(rounds):
        course.count_round(a_round(number, *counts))
    course.answer.add(Usage(2000, 1900, 60))
    kept = sum(each[0] for each in rounds)
    for target in (kept, 2 * kept, 50 * kept):
        left = course.left(target)
        if not kept:
            assert target or left.rounds == (0, 0, 0)
            continue
        assert all(0 <= each.low <= each.likely <= each.high for each in left)
    if kept:
        assert course.left(kept).rounds.likely == pytest.approx(len(rounds))


@pytest.mark.parametrize("power", [0.2, 0.5, 1.0])
def test_acceptance_falls_on_as_it_fell_so_far(power: float) -> None:
    course, longer = grown(power, 150), grown(power, 600)
    left = course.left(longer.num_kept)
    assert left.rounds.likely == pytest.approx(600, rel=0.1)
    assert left.rounds.low <= 600 <= left.rounds.high
    assert course.kept_of(longer.num_kept).likely < course.kept_of(0).likely
    few = grown(power, 6).left(longer.num_kept)
    assert few.rounds.low <= 600 <= few.rounds.high
    assert few.rounds.high - few.rounds.low > 3 * (left.rounds.high - left.rounds.low)


def test_nothing_is_foretold_from_nothing() -> None:
    assert Course().left(10) is None
    course = Course()
    course.count_round(a_round(0, 4, 0))
    assert course.left(10) is None
    assert course.left(0).written == (0, 0, 0)


def drained(start: float, usages: list[Usage], speed: Speed) -> list[Trial]:
    """Requests that begin together on an engine of this speed."""
    now = start + speed.read * sum(each.prompt_tokens - each.cached_tokens for each in usages)
    before, trials = 0, []
    for number, usage in enumerate(sorted(usages, key=lambda each: each.output_tokens)):
        now += (usage.output_tokens - before) * (speed.step + speed.beside * (len(usages) - number))
        before = usage.output_tokens
        trials.append(Trial(start, now, usage))
    return trials


@pytest.mark.parametrize("speed", [Speed(0.01, 0.002, 1e-4), Speed(0.02, 1e-5, 1e-5), Speed(1e-4, 0.004, 1e-4)])
def test_twenty_requests_tell_how_long_many_take(speed: Speed) -> None:
    lengths = random.Random(4)
    proposals = [Usage(450, 30, lengths.randint(150, 280)) for _ in range(6)]
    answers = [Usage(3000, 2950, lengths.randint(20, 120)) for _ in range(13)]
    trials = drained(0, proposals, speed)
    trials += drained(trials[-1].ended, [Usage(3000, 0, 60)], speed)
    trials += drained(trials[-1].ended, answers, speed)
    load = Load(64, 16, 300, 7.0, proposals, answers)
    assert play(load, fit_speed(trials)) == pytest.approx(play(load, speed), rel=0.15)


def test_a_run_is_played_through_in_its_slots_and_its_window() -> None:
    even = {"target": 5_000, "brings": 5.0, "proposals": [Usage(0, 0, 200)], "answers": [Usage(0, 0, 60)]}
    steps_only, shared = Speed(0.01, 0.0, 0.0), Speed(0.0, 0.01, 0.0)
    work = 5_000 * (60 + 200 / 5)
    # With everything in flight served as fast as one, the slots alone limit; else every token takes its time.
    assert play(Load(50, 200, **even), steps_only) == pytest.approx(0.01 * work / 50, rel=0.05)
    assert play(Load(50, 200, **even), shared) == pytest.approx(0.01 * work, rel=0.05)
    # A window of ten cannot fill them: ten rounds take 2 s and bring 50 instructions.
    assert play(Load(50, 10, **even), steps_only) == pytest.approx(2 * 5_000 / 50, rel=0.05)


def figures(lines: list[str], name: str) -> list[float]:
    """Low, high and likely of the first range in a line of a plan."""
    units = {"tokens": 1, "ktok": 1e3, "Mtok": 1e6}
    line = next(each for each in lines if each.strip().startswith(name))
    found = re.search(r"([\d.]+) (\w+) to ([\d.]+) (\w+), likely ([\d.]+) (\w+)", line)
    return [float(found[place]) * units[found[place + 1]] for place in (1, 3, 5)]


def whole_run(path, recipe: Recipe) -> Counters:
    return generate(recipe, path, start_engine=opener(ScriptedEngine(world_model)))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_run_is_planned_from_one_that_there_was(tmp_path, seed: int) -> None:
    whole_run(tmp_path / "small", world_recipe(propose__target=60, rng_seed=seed))
    recipe = world_recipe(propose__target=180, rng_seed=seed + 10)
    lines = list(plan(recipe, past=tmp_path / "small", price=parse_price(per_mtok="2"), devices=4))
    usage = whole_run(tmp_path / "large", recipe).usage
    low, high, likely = figures(lines, "tokens")
    spent = usage.prompt_tokens + usage.output_tokens
    assert likely == pytest.approx(spent, rel=0.1)
    assert low <= spent <= high
    text = "\n".join(lines)
    assert "warning" not in text
    assert f"likely {2 * likely / 1e6:.2f}" in text
    assert "(4 x time)" in text


def test_a_plan_says_where_the_other_run_was_another_one(tmp_path) -> None:
    whole_run(tmp_path / "run", world_recipe())
    lines = list(plan(world_recipe(slots=32, align__sampling__max_tokens=99), past=tmp_path / "run"))
    assert any("align.sampling.max_tokens = 512, this is for 99" in line for line in lines)
    assert any("slots = 8, this is for 32" in line for line in lines)


def test_a_plan_asks_twenty_requests_at_most_and_writes_nothing(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    engine, recipe = ScriptedEngine(world_model, delay=0.005), world_recipe(propose__target=60)
    lines = list(plan(recipe, start_engine=opener(engine), price=parse_price("3.5"), stream=io.StringIO()))
    assert 15 <= len(engine.requests) <= 20
    assert not list(tmp_path.iterdir())
    usage = whole_run(tmp_path / "run", recipe).usage
    low, high, likely = figures(lines, "tokens")
    assert low <= usage.prompt_tokens + usage.output_tokens <= high
    assert likely == pytest.approx(usage.prompt_tokens + usage.output_tokens, rel=0.25)
    for name in ("kept", "rounds", "answers", "engine", "wall", "GPU hours", "money"):
        assert any(line.startswith(name) for line in lines)


def test_a_source_is_counted_before_it_is_answered(tmp_path) -> None:
    engine = ScriptedEngine(world_model, delay=0.001)
    recipe = world_recipe(propose__source=f"{{path: {SEEDS}, context_field: input}}", seeds="[default]")
    lines = list(plan(recipe, start_engine=opener(engine)))
    assert "answers   9 to 9, likely 9" in lines


def test_bad_ground_for_a_plan_is_one_line(tmp_path) -> None:
    with pytest.raises(RunDirError, match=rf"not a run directory \(it has no {RECIPE}\)"):
        plan(world_recipe(), past=tmp_path)
    engine = ScriptedEngine(lambda prompt, sampling, rng_seed: "")
    with pytest.raises(RecipeError, match=r"^nothing of \d+ requests was kept or answered: see `selfalign show"):
        plan(world_recipe(), start_engine=opener(engine))


def test_the_live_line_foretells_by_the_same_model(monkeypatch) -> None:
    counters, now = Counters(target=1000), [0.0]
    monkeypatch.setattr("selfalign.run.progress.time.monotonic", lambda: now[0])
    ticker = Ticker(counters, Clock(), lambda row: None, None)
    assert ticker.line().endswith("estimating")
    for number in range(50):
        counters.count_round(a_round(number, 4, 4, written=200))
    now[0] = 100.0
    assert ticker.line().endswith("estimating")
    counters.course.answer.add(Usage(2000, 1900, 60))
    left = counters.course.left(1000, kept=200)
    # 10,000 tokens were written in 100 s.
    assert ticker.line().endswith(f"left {left.written.likely / 100 / 60:.0f} min")


def test_the_live_line_ends_with_the_budget_where_that_comes_first(monkeypatch) -> None:
    counters, now, rows, spent = Counters(target=1000), [0.0], [], [0.2]
    monkeypatch.setattr("selfalign.run.progress.time.monotonic", lambda: now[0])
    ticker = Ticker(counters, Clock(), rows.append, None, lambda: spent[0])
    for number in range(50):
        counters.count_round(a_round(number, 4, 4, written=200))
    counters.course.answer.add(Usage(2000, 1900, 60))
    left = counters.course.left(1000, kept=200)
    now[0], spent[0] = 100.0, 0.6
    # 40 % of the budget in 100 s since this start: the other 40 % last as long, and all instructions longer.
    assert left.written.likely / 100 > 100
    assert ticker.line().endswith("budget 60%  left 2 min")
    spent[0] = 0.2001
    assert ticker.line().endswith(f"left {left.written.likely / 100 / 60:.0f} min")
    ticker._write_metrics()
    assert rows[-1]["budget_share"] == 0.2001
