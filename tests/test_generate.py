import contextlib
import gc
import io
import os
import random
import re
from datetime import date

import pytest
from scripted import ScriptedEngine
from worlds import dataset_bytes, read_sources_once, world_model, world_recipe

from selfalign.dataset import export as dataset
from selfalign.errors import EngineDied, RecipeError, RequestFailed, RunDirError, RunStalled
from selfalign.generate import generate
from selfalign.records import Example, Failure
from selfalign.run import directory as rundir

NUM_KILLS = 200


class Killed(BaseException):
    """Stands for kill -9: nothing may catch it."""


def opener(engine):
    @contextlib.asynccontextmanager
    async def open_engine(spec, **how):
        yield engine

    return open_engine


def run(path, recipe=None, respond=world_model, delay=lambda seed: seed % 5 / 5000, **how):
    engine = ScriptedEngine(respond, delay=delay)
    return generate(recipe or world_recipe(), path, start_engine=opener(engine), **how)


def killer(budget: int):
    """An `os.write` that dies when `budget` bytes are written, in the middle of a line where it falls there."""
    real_write, left = os.write, budget

    def write(file, data):
        nonlocal left
        if left < len(data):
            real_write(file, data[:left])
            left = 0
            raise Killed
        left -= len(data)
        return real_write(file, data)

    return write


def journal_bytes(path) -> int:
    return sum((path / name).stat().st_size for name in (rundir.ROUNDS, rundir.OUTCOMES, rundir.METRICS))


def test_resume_equals_uninterrupted_at_every_kill_point(tmp_path, monkeypatch):
    read_sources_once(monkeypatch)
    counters = run(tmp_path / "whole")
    expected = dataset_bytes(dataset.export(tmp_path / "whole"))
    assert counters.num_examples > 5
    assert counters.num_failed > 0
    rng = random.Random(5)
    total = journal_bytes(tmp_path / "whole")
    for number in range(NUM_KILLS):
        # The folder's name stands in the card, so it is the same for both.
        path = tmp_path / f"kill-{number}" / "whole"
        with monkeypatch.context() as patched:
            patched.setattr(rundir.os, "write", killer(rng.randrange(total)))
            with pytest.raises((Killed, BaseExceptionGroup)):
                run(path, delay=lambda seed, salt=number: (seed * (salt + 1)) % 5 / 20000)
        resumed = run(path, delay=lambda seed: 0.0)
        assert resumed.num_unanswered == 0
        assert dataset_bytes(dataset.export(path)) == expected


def test_every_candidate_and_every_instruction_is_accounted_for_once(tmp_path):
    counters = run(tmp_path / "run")
    rounds = list(rundir.read_rounds(tmp_path / "run"))
    answered = list(rundir.read_outcomes(tmp_path / "run"))
    accepted = [item.id for finished in rounds for item in finished.accepted]
    assert sorted(item.instruction_id for item in answered) == accepted
    assert counters.num_accepted == len(accepted)
    assert counters.num_examples == sum(isinstance(item, Example) for item in answered)
    assert counters.num_failed == sum(isinstance(item, Failure) for item in answered)
    assert counters.num_rejected == sum(len(finished.rejected) for finished in rounds)


def test_a_finished_run_asks_the_engine_nothing(tmp_path):
    run(tmp_path / "run")

    @contextlib.asynccontextmanager
    async def no_engine(spec, **how):
        raise AssertionError("the engine was opened")
        yield

    generate(world_recipe(), tmp_path / "run", start_engine=no_engine)
    short_source = tmp_path / "rows.jsonl"
    short_source.write_text('{"instruction": "Name a river in Peru."}\n{"instruction": "Why does bread rise?"}\n')
    recipe = world_recipe(propose__source=f"{{path: {short_source}}}", propose__target=99)
    run(tmp_path / "short", recipe)
    assert generate(recipe, tmp_path / "short", start_engine=no_engine).num_answered == 2


def test_a_higher_target_continues_and_equals_a_run_that_had_it_from_the_start(tmp_path):
    run(tmp_path / "a" / "run")
    run(tmp_path / "a" / "run", world_recipe(propose__target=40))
    run(tmp_path / "b" / "run", world_recipe(propose__target=40))
    assert dataset_bytes(dataset.export(tmp_path / "a" / "run")) == dataset_bytes(
        dataset.export(tmp_path / "b" / "run")
    )


def test_the_number_of_slots_changes_nothing_in_the_dataset(tmp_path):
    for slots in (4, 64):
        run(tmp_path / str(slots) / "run", world_recipe(slots=slots), delay=lambda seed: seed % 3 / 2000)
    rows = [sorted(map(str, rundir.read_outcomes(tmp_path / str(slots) / "run"))) for slots in (4, 64)]
    assert rows[0] == rows[1]


def test_a_full_collection_does_not_look_at_what_survived_the_one_before(tmp_path):
    looked_at = []

    def respond(prompt, sampling, rng_seed):
        gc.collect()
        looked_at.append(len(gc.get_objects(generation=2)))
        return world_model(prompt, sampling, rng_seed)

    assert run(tmp_path / "run", respond=respond).num_examples > 5
    assert max(looked_at) == 0
    assert gc.get_freeze_count() == 0


def test_a_dead_engine_is_one_error_and_loses_nothing_finished(tmp_path):
    asked = 0

    def die_later(prompt, sampling, rng_seed):
        nonlocal asked
        asked += 1
        if asked > 30:
            raise EngineDied("the engine stopped")
        return world_model(prompt, sampling, rng_seed)

    with pytest.raises(EngineDied, match="the engine stopped"):
        run(tmp_path / "run", respond=die_later)
    finished = len(list(rundir.read_outcomes(tmp_path / "run")))
    assert finished > 0
    assert run(tmp_path / "run").num_answered > finished
    run(tmp_path / "whole")
    assert sorted(map(str, rundir.read_outcomes(tmp_path / "run"))) == sorted(
        map(str, rundir.read_outcomes(tmp_path / "whole"))
    )


def test_a_full_disk_in_the_middle_is_one_error_and_the_run_continues(tmp_path, monkeypatch):
    run(tmp_path / "whole")
    room = journal_bytes(tmp_path / "whole") // 2
    real_write, written = os.write, 0

    def full(file, data):
        nonlocal written
        written += len(data)
        if written > room:
            raise OSError(28, "No space left on device")
        return real_write(file, data)

    with monkeypatch.context() as patched:
        patched.setattr(rundir.os, "write", full)
        with pytest.raises(RunDirError, match="disk is full"):
            run(tmp_path / "run")
    assert run(tmp_path / "run").num_unanswered == 0


def test_answers_of_another_run_in_the_journal_are_refused(tmp_path):
    run(tmp_path / "run")
    journal = tmp_path / "run" / rundir.OUTCOMES
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines, lines[0]]))
    with pytest.raises(RunDirError, match=r"outcomes\.jsonl: p\d+-\d\d is there twice"):
        run(tmp_path / "run", world_recipe(propose__target=99))


def test_an_answer_without_its_instruction_is_set_aside_with_a_warning(tmp_path):
    """A power loss may keep the end of one journal and lose the end of the other."""
    whole = run(tmp_path / "run")
    expected = sorted(map(str, rundir.read_outcomes(tmp_path / "run")))
    rounds = tmp_path / "run" / rundir.ROUNDS
    rounds.write_bytes(b"".join(rounds.read_bytes().splitlines(keepends=True)[:-1]))
    stream = io.StringIO()
    again = run(tmp_path / "run", stream=stream)
    assert re.search(r"warning: .*: \d+ answers without their instruction", stream.getvalue())
    assert again.num_answered == whole.num_answered
    assert sorted(map(str, rundir.read_outcomes(tmp_path / "run"))) == expected
    assert rundir.read_attempts(tmp_path / "run").total() > 0


def test_a_constitution_longer_than_the_context_is_one_clear_error(tmp_path):
    engine = ScriptedEngine(world_model, context_length=500)
    with pytest.raises(RecipeError, match=r"constitution 'default' takes .* of the model's 500 tokens"):
        generate(world_recipe(), tmp_path / "run", start_engine=opener(engine))


def test_a_run_of_another_recipe_is_refused_or_set_aside_as_wished(tmp_path):
    run(tmp_path / "run")
    other = world_recipe(rng_seed=2)
    with pytest.raises(RunDirError, match="made with rng_seed = 1, now 2"):
        run(tmp_path / "run", other)
    run(tmp_path / "run", other, set_aside=True)
    assert rundir.read_recipe(tmp_path / "run")["rng_seed"] == 2
    assert rundir.read_recipe(tmp_path / "run-1")["rng_seed"] == 1


def test_setting_a_run_aside_is_said_with_the_reason_and_the_new_name(tmp_path):
    run(tmp_path / "run")
    stream = io.StringIO()
    run(tmp_path / "run", world_recipe(rng_seed=2), set_aside=True, stream=stream)
    assert "made with rng_seed = 1, now 2" in stream.getvalue()
    assert f"set aside as {tmp_path / 'run-1'}" in stream.getvalue()


def test_where_and_how_fast_may_change_but_not_what_is_written(tmp_path):
    run(tmp_path / "run")
    faster = {"model__engine": "{gpu_memory_utilization: 0.8, tensor_parallel_size: 2, max_num_seqs: 512}"}
    run(tmp_path / "run", world_recipe(slots=16, **faster))
    for change in ("{dtype: float16}", "{quantization: fp8}", "{max_model_len: 2048}"):
        with pytest.raises(RunDirError, match=r"made with model\.engine"):
            run(tmp_path / "run", world_recipe(model__engine=change))


def test_what_failed_is_asked_again_by_reason_with_another_seed(tmp_path):
    before = run(tmp_path / "run")
    first = {outcome.instruction_id: outcome for outcome in rundir.read_outcomes(tmp_path / "run")}
    reason = next(iter(before.failed))
    asked = []

    def respond(prompt, sampling, rng_seed):
        asked.append(rng_seed)
        return world_model(prompt, sampling, rng_seed)

    run(tmp_path / "run", respond=respond, retry=[reason])
    second = {outcome.instruction_id: outcome for outcome in rundir.read_outcomes(tmp_path / "run")}
    assert len(asked) == before.failed[reason]
    assert second.keys() == first.keys()
    changed = {id_ for id_ in first if first[id_] != second[id_]}
    assert 0 < len(changed) <= len(asked)
    assert rundir.read_attempts(tmp_path / "run").total() == len(asked)
    with pytest.raises(RecipeError, match=r"--retry-failed boredom: nothing failed for this reason"):
        run(tmp_path / "run", retry=["boredom"])


def test_a_model_whose_every_answer_fails_stops_the_run_with_one_example(tmp_path):
    def never_cites(prompt, sampling, rng_seed):
        if prompt.endswith("Instruction:"):
            return world_model(prompt, sampling, rng_seed)
        return "Just do it.\n### Answer\nDone."

    with pytest.raises(RunStalled, match=r"50 answers in a row failed in the same way \(no_citation\)"):
        run(tmp_path / "run", world_recipe(propose__target=200), never_cites)


def test_a_model_that_cannot_continue_a_list_stops_the_run_with_one_example(tmp_path):
    with pytest.raises(RunStalled, match="50 proposals in a row failed in the same way"):
        run(tmp_path / "run", respond=lambda prompt, sampling, rng_seed: "")
    assert len(list(rundir.read_rounds(tmp_path / "run"))) == 50


NUM_STORMS = 500


def test_a_run_through_refusals_deaths_and_kills_loses_burns_and_repeats_nothing(tmp_path, monkeypatch):
    """Requests fail in passing, the engine dies, the process is killed, all at random: what comes out in the end is
    what a run in fair weather makes."""
    read_sources_once(monkeypatch)
    monkeypatch.setattr("selfalign.engine.patience.PAUSES", (0.0,))
    recipe = world_recipe(propose__target=8, propose__window=2, slots=4)
    run(tmp_path / "fair", recipe)
    fair = sorted(map(str, rundir.read_outcomes(tmp_path / "fair")))
    total = journal_bytes(tmp_path / "fair")
    for number in range(NUM_STORMS):
        rng = random.Random(number)
        path = tmp_path / str(number)

        def stormy(prompt, sampling, rng_seed, rng=rng):
            draw = rng.random()
            if draw < 0.2:
                raise RequestFailed("queue full")
            if draw < 0.22:
                raise EngineDied("the engine stopped")
            return world_model(prompt, sampling, rng_seed)

        for _ in range(50):
            with monkeypatch.context() as patched:
                # Not among the first bytes: they say who holds the lock, which a process really killed lets go.
                patched.setattr(
                    rundir.os, "write", killer(rng.randrange(100, total) if rng.random() < 0.3 else 10 * total)
                )
                with contextlib.suppress(Killed, BaseExceptionGroup, EngineDied, RunStalled):
                    run(path, recipe, stormy, delay=0.0)
                    break
        assert sorted(map(str, rundir.read_outcomes(path))) == fair, f"seed {number}"


def test_the_engine_is_told_what_the_run_asks_of_it_and_the_date_it_began(tmp_path, monkeypatch):
    told = []

    @contextlib.asynccontextmanager
    async def start_engine(spec, **how):
        told.append(how)
        yield ScriptedEngine(world_model)

    generate(world_recipe(propose__target=3), tmp_path / "run", start_engine=start_engine)
    manifest = tmp_path / "run" / rundir.MANIFEST
    manifest.write_text(manifest.read_text().replace(str(date.today()), "2026-03-01"))
    generate(world_recipe(propose__target=9), tmp_path / "run", start_engine=start_engine)
    assert [how["today"] for how in told] == [date.today(), date(2026, 3, 1)]
    assert told[0]["slots"] == world_recipe().slots
    assert told[0]["log_path"] == tmp_path / "run" / "engine.log"


def test_a_model_of_ones_own_is_told_whose_name_it_speaks_under(tmp_path):
    def said(name, **changes):
        stream = io.StringIO()
        run(tmp_path / name, world_recipe(propose__target=1, **changes), stream=stream)
        return [line for line in stream.getvalue().splitlines() if "persona" in line]

    assert said("miniature") == []
    assert said("own", model__model="someone/base-7b", persona__name="Pam", persona__maker="us") == []
    assert said("theirs", model__model="someone/base-7b") == [
        "note: answers speak as Ardwen, made by the selfalign project, knowledge until December 2024; "
        "set persona in the recipe to make them your model's"
    ]


def test_other_weights_under_the_same_name_are_refused(tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    (model / "model.safetensors").write_bytes(b"some weights")
    recipe = world_recipe(model__model=str(model))
    run(tmp_path / "run", recipe)
    assert rundir.read_manifest(tmp_path / "run")["weights_digest"]
    (model / "model.safetensors").write_bytes(b"fine-tuned ones")
    run(tmp_path / "run", recipe)  # it is finished, so no engine answers
    with pytest.raises(RunDirError, match="the weights changed since this run began"):
        run(tmp_path / "run", world_recipe(model__model=str(model), propose__target=40))
