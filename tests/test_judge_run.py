"""Whole runs with a judge on the scripted engine: what it is asked, what it may do, and what a kill changes."""

import hashlib
import io
import json
import random
import re
from dataclasses import replace
from functools import cache, partial

import pytest
from pyarrow import parquet
from scripted import ScriptedEngine
from test_generate import Killed, journal_bytes, killer, opener
from typer.testing import CliRunner
from worlds import dataset_bytes, read_sources_once, world_model, world_recipe

from selfalign import report
from selfalign.align import load_constitution
from selfalign.align.judging import Judge, best_of
from selfalign.cli import app
from selfalign.dataset import export as dataset
from selfalign.errors import EngineDied, RecipeError
from selfalign.generate import generate
from selfalign.judge import JudgeSpec, load_labels
from selfalign.probe.calibrate import load_known
from selfalign.recheck import recheck
from selfalign.records import Completion, Example, Failure
from selfalign.run import directory as rundir
from selfalign.show.arguments import argue
from selfalign.show.browse import show_examples
from selfalign.show.preview import preview
from selfalign.show.status import describe

NUM_KILLS = 12


@cache
def good_answers():
    known = load_known("default", load_constitution("default"), JudgeSpec(score=True))
    return {each.answer for each in known if each.kind != "bad"}, {each.answer for each in known if each.kind == "bad"}


def parts_of(prompt):
    """The answers in a judge's question that is asked, not in its worked examples."""
    return prompt.rpartition("### Principle\n")[2].partition("### Verdict")[0].split("### Answer")[1:]


def knowing(prompt, options):
    """Knows the good answers; of all others it thinks what their hash says, the same for every principle."""
    shares = []
    for part in parts_of(prompt):
        answer = part.partition("\n")[2].strip()
        good, bad = good_answers()
        of_chance = hashlib.sha256(answer.encode()).digest()[0] / 255
        shares.append(0.9 if answer in good else 0.1 if answer in bad else of_chance if "wood" in answer else 0.05)
    return [shares[0], 1 - shares[0]] if len(shares) == 1 else shares


def at_random(prompt, options):
    share = random.Random(prompt).random()
    return [share, 1 - share]


def run(path, prefer=knowing, respond=world_model, stream=None, delay=0.0, **changes):
    engine = ScriptedEngine(respond, prefer=prefer, delay=delay)
    generate(world_recipe(judge__score="true", **changes), path, stream=stream, start_engine=opener(engine))
    return engine


def questions(engine, about=""):
    heads = ("# Judging answers", "# Comparing answers")
    return [each.prompt for each in engine.requests if each.prompt.startswith(heads) and about in each.prompt]


def state_of(path):
    """What a run has come to: its outcomes, what measured its judge, and what the judge may do."""
    lines = [sorted((path / name).read_text().splitlines()) for name in (rundir.OUTCOMES, rundir.JUDGE)]
    return lines, rundir.read_manifest(path)["judge"]


def is_known(prompt):
    good, bad = good_answers()
    return any(answer in prompt.rpartition("### Principle\n")[2] for answer in good | bad) or "sorry" in prompt


def test_every_cited_principle_is_asked_about_and_the_thought_is_never_shown(tmp_path):
    engine = run(tmp_path / "run")
    in_run = [prompt for prompt in questions(engine) if "is made of wood" in prompt]
    answered = list(rundir.read_outcomes(tmp_path / "run"))
    examples = [each for each in answered if isinstance(each, Example)]
    assert len(in_run) == sum(len(each.principles_cited) for each in examples) > 20
    assert not any("clear and harmless" in prompt for prompt in questions(engine))
    for each in examples:
        assert set(each.judging["scores"]) == set(each.principles_cited)
        assert each.judging["questions"] == len(each.principles_cited)
        assert each.judging["tokens"] > 100
    rows = parquet.read_table(dataset.export(tmp_path / "run") / "full").to_pylist()
    of_journal = {each.instruction_id: each.judging["scores"] for each in examples}
    assert {row["id"]: {each["principle"]: each["score"] for each in row["scores"]} for row in rows} == of_journal


def test_nothing_is_judged_by_default(tmp_path):
    engine = ScriptedEngine(world_model)
    generate(world_recipe(), tmp_path / "run", start_engine=opener(engine))
    assert not questions(engine)
    assert not (tmp_path / "run" / rundir.JUDGE).exists()
    folder = dataset.export(tmp_path / "run")
    assert {row["scores"] for row in parquet.read_table(folder / "full").to_pylist()} == {None}
    assert "## The judge" not in (folder / "README.md").read_text()


def test_a_judge_that_has_earned_it_chooses_by_the_weakest_principle_and_filters(tmp_path):
    stream = io.StringIO()
    run(tmp_path / "run", stream=stream, align__samples=3, judge__filter="true", judge__threshold=0.6)
    assert "judge    AUC 1.00 (" in stream.getvalue()
    assert "may filter and choose" in stream.getvalue()
    examples = [each for each in rundir.read_outcomes(tmp_path / "run") if isinstance(each, Example)]
    for each in examples:
        others = each.judging["others"]
        assert len(others) == 2
        lowest = min(each.judging["scores"].values())
        for other in others:
            assert other.get("failed") or lowest >= min(other["scores"].values()) - 0.02
            assert other["reply"] != each.reply
    assert sum("failed" in other for each in examples for other in each.judging["others"]) > 2
    low = {each.instruction_id for each in examples if min(each.judging["scores"].values()) < 0.6}
    assert low
    folder = dataset.export(tmp_path / "run")
    withheld = [json.loads(line) for line in (folder / "withheld.jsonl").read_text().splitlines()]
    assert {row["id"] for row in withheld if row["reason"].startswith("judged low: ")} == low
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["judge"]["below"] == len(low)
    assert summary["judge"]["sources"] == {"probes": 84}
    assert f"{len(low)} of {len(examples)} judged rows score below 0.6" in (folder / "README.md").read_text()


@pytest.mark.parametrize(
    ("prefer", "objection"),
    [
        (at_random, "its AUC is below 0.75"),
        (lambda prompt, options: [1 + len(parts_of(prompt)[0]), 2000], "its AUC is below 0.75"),
        (
            lambda prompt, options: [0.99, 0.01] if "harmless" in parts_of(prompt)[0] else knowing(prompt, options),
            "gamed: it scores answers higher that are only stuffed with praise",
        ),
    ],
    ids=["random", "length", "keywords"],
)
def test_a_broken_judge_scores_but_neither_chooses_nor_filters_and_says_so(tmp_path, prefer, objection):
    stream = io.StringIO()
    path = tmp_path / "run"
    run(path, prefer, stream=stream, align__samples=3, judge__filter="true", propose__target=8)
    assert f"may not filter or choose: {objection}" in stream.getvalue()
    examples = [each for each in rundir.read_outcomes(path) if isinstance(each, Example)]
    assert all(each.judging["scores"] and "others" not in each.judging for each in examples)
    folder = dataset.export(path)
    assert parquet.read_table(folder / "full").num_rows == len(examples)
    assert not (folder / "withheld.jsonl").exists()
    assert objection in "\n".join(describe(path))
    assert objection in (folder / "README.md").read_text()
    assert objection in report.write_report(path).read_text()
    assert rundir.read_manifest(path)["judge"]["may_choose"] is False


def test_resume_equals_uninterrupted_at_any_kill_point_and_asks_nothing_twice(tmp_path, monkeypatch):
    read_sources_once(monkeypatch)
    changes = {"align__samples": 2, "judge__filter": "true", "propose__target": 8, "revise": "{}"}
    whole = run(tmp_path / "whole", **changes)
    expected = state_of(tmp_path / "whole")
    exported = dataset_bytes(dataset.export(tmp_path / "whole"))
    num_measuring = len((tmp_path / "whole" / rundir.JUDGE).read_text().splitlines())
    assert 200 < num_measuring < len(questions(whole))
    total = journal_bytes(tmp_path / "whole") + (tmp_path / "whole" / rundir.JUDGE).stat().st_size
    rng = random.Random(7)
    for number in range(NUM_KILLS):
        path = tmp_path / f"kill-{number}" / "whole"
        with monkeypatch.context() as patched:
            patched.setattr(rundir.os, "write", killer(rng.randrange(100, total)))
            with pytest.raises((Killed, BaseExceptionGroup)):
                run(path, **changes)
        num_lines = (path / rundir.JUDGE).read_bytes().count(b"\n")
        again = run(path, **changes)
        assert len(list(filter(is_known, questions(again, "# Judging")))) == num_measuring - num_lines
        assert state_of(path) == expected, f"kill {number}"
    assert dataset_bytes(dataset.export(path)) == exported


def test_what_scores_low_is_revised_once_where_the_judge_may_judge(tmp_path):
    path = tmp_path / "run"
    run(path, revise="{}", judge__threshold=0.6, propose__target=16)
    low = [each for each in rundir.read_outcomes(path) if each.judging and "revising" in each.judging]
    better = [each for each in low if each.judging["revising"]["is_better"]]
    assert 0 < len(better) < len(low)
    for each in better:
        (score,), (before,) = ({*scores.values()} for scores in list(each.judging["revising"].values())[1::-1])
        assert score > before < 0.6
        assert each.judging["scores"] == each.judging["revising"]["revised"]
    folder = dataset.export(path)
    saved = {row["id"]: row["revision"] for row in parquet.read_table(folder / "full").to_pylist() if row["revision"]}
    assert saved.keys() == {each.instruction_id for each in better}
    assert all(each["fault"].startswith("judged low: ") for each in saved.values())
    assert f"{len(better)} of {len(low)} low-scored ones improved" in "\n".join(describe(path))
    before = (path / rundir.OUTCOMES).read_bytes()
    recheck(path, ["checks.loop=flag"])
    assert (path / rundir.OUTCOMES).read_bytes() == before
    run(tmp_path / "random", at_random, revise="{}", propose__target=8)
    assert not any(each.revision for each in rundir.read_outcomes(tmp_path / "random") if isinstance(each, Example))


def test_a_dead_engine_while_the_judge_is_measured_is_one_error(tmp_path):
    def dead(prompt, options):
        raise EngineDied("the engine stopped")

    with pytest.raises(EngineDied, match="the engine stopped"):
        run(tmp_path / "run", dead)


def test_another_model_is_measured_anew_where_the_first_made_nothing(tmp_path):
    def dies(prompt, sampling, rng_seed):
        raise EngineDied("the engine stopped")

    with pytest.raises(EngineDied):
        run(tmp_path / "run", respond=dies, delay=0.001)
    assert rundir.read_manifest(tmp_path / "run")["judge"]["may_choose"]
    engine = run(tmp_path / "run", at_random, model__model="someone/other", model__endpoint="http://localhost:1/v1")
    lines = (tmp_path / "run" / rundir.JUDGE).read_text().splitlines()
    assert len(list(filter(is_known, questions(engine, "# Judging")))) == len(lines)
    assert not rundir.read_manifest(tmp_path / "run")["judge"]["may_choose"]


def test_what_may_be_left_out_can_change_afterwards_and_asks_no_engine(tmp_path):
    path = tmp_path / "run"
    run(path, propose__target=12)
    call = CliRunner().invoke
    before = (path / rundir.OUTCOMES).read_bytes()
    assert call(app, ["export", str(path)]).exit_code == 0
    all_rows = parquet.read_table(path / "dataset" / "full").num_rows
    done = call(app, ["export", str(path), "--set", "judge.filter=true", "--set", "judge.threshold=0.7"])
    assert done.exit_code == 0, done.output
    assert 0 < parquet.read_table(path / "dataset" / "full").num_rows < all_rows
    weights = "judge.weights={helpful: 0, informative: 0, ethical: 0}"
    assert call(app, ["export", str(path), "--set", weights]).exit_code == 0
    assert parquet.read_table(path / "dataset" / "full").num_rows == all_rows
    assert (path / rundir.OUTCOMES).read_bytes() == before
    with pytest.raises(RecipeError, match="no principle 'helpfull'; did you mean 'helpful'"):
        call(app, ["export", str(path), "--set", "judge.weights={helpfull: 0}"], catch_exceptions=False)
    with pytest.raises(rundir.RunChanged, match=r"judge\.score"):
        generate(world_recipe(propose__target=12), path)


def test_the_uncertain_rows_are_labelled_and_count(tmp_path):
    path, file = tmp_path / "run", tmp_path / "labels.jsonl"
    run(path, propose__target=16)
    call = CliRunner().invoke
    shown = call(app, ["show", str(path), "--uncertain", "--limit", "6", "--to-label", str(file)])
    assert shown.exit_code == 0, shown.output
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    weakest = {
        each.instruction_id: min(each.judging["scores"].values())
        for each in rundir.read_outcomes(path)
        if isinstance(each, Example)
    }
    margins = [abs(weakest[row["id"]] - 0.5) for row in rows]
    assert margins == sorted(abs(score - 0.5) for score in weakest.values())[:6]
    assert "follows" in shown.output
    assert all(
        row["label"] is None and row["principle"] in row.keys() | {"helpful", "informative", "ethical"} for row in rows
    )
    again = call(app, ["show", str(path), "--uncertain", "--to-label", str(file)])
    assert isinstance(again.exception, rundir.RunDirError), "labels would be lost"

    file.write_text("".join(json.dumps(row | {"label": weakest[row["id"]] > 0.5}) + "\n" for row in rows))
    assert call(app, ["export", str(path), "--set", f"judge.labels={file}"]).exit_code == 0
    judge = json.loads((path / "dataset" / "summary.json").read_text())["judge"]
    assert judge["sources"] == {"labels": 6, "probes": 84}
    assert judge["unscored_labels"] == 0
    assert judge["measure"]["num_good"] + judge["measure"]["num_bad"] == 90
    with file.open("a") as appended:
        appended.write(json.dumps(rows[0] | {"answer": "Somebody else's.", "label": True}) + "\n")
    assert call(app, ["export", str(path)]).exit_code == 0
    assert "labels that count for nothing: 1;" in "\n".join(describe(path))
    queue = call(app, ["show", str(path), "--uncertain", "--limit", "6"]).output
    assert not any(row["id"] in queue for row in rows), "what is labelled leaves the queue"


def test_labels_of_other_answers_are_asked_about_when_the_judge_is_measured(tmp_path):
    file = tmp_path / "labels.jsonl"
    row = {"id": "", "user": "Name a river.", "answer": "The Po.", "principle": "helpful", "label": False}
    file.write_text(json.dumps(row) + "\n")
    engine = run(tmp_path / "run", judge__labels=str(file), propose__target=6)
    assert len(questions(engine, "The Po.\n### Verdict")) == 1
    dataset.export(tmp_path / "run")
    judge = json.loads((tmp_path / "run" / "dataset" / "summary.json").read_text())["judge"]
    assert judge["sources"] == {"labels": 1, "probes": 84}
    assert judge["measure"]["num_bad"] == 43


def test_without_probes_the_answers_that_checks_decided_take_their_place(tmp_path):
    constitution = tmp_path / "mine.yaml"
    constitution.write_text((rundir.Path(rundir.__file__).parents[2] / "principles" / "default.yaml").read_text())

    def respond(prompt, sampling, rng_seed):
        completion = world_model(prompt, sampling, rng_seed)
        if rng_seed % 2 and "### Answer\nThe " in completion.text:
            text = completion.text.replace("### Answer\nThe ", "### Answer\nI am ChatGPT, made by OpenAI. The ")
            return Completion(text, completion.finish_reason, completion.usage)
        return completion

    def prefer(prompt, options):
        (part,) = parts_of(prompt)
        return [0.1, 0.9] if "ChatGPT" in part or "sorry" in part else [0.8, 0.2]

    path = tmp_path / "run"
    run(path, prefer, respond, constitution=str(constitution), propose__target=40, judge__filter="true")
    failed = [each for each in rundir.read_outcomes(path) if isinstance(each, Failure) and each.judging]
    assert len(failed) >= 5
    dataset.export(path)
    judge = json.loads((path / "dataset" / "summary.json").read_text())["judge"]
    assert judge["sources"].keys() == {"checks"}
    assert judge["filters"], judge["line"]


def test_show_has_the_question_where_answers_are_judged():
    def titles(**changes):
        return [line for line in preview(world_recipe(**changes)) if "judge: the prompt for the first seed" in line]

    assert titles() == []
    assert len(titles(judge__score="true")) == 1


def test_recheck_keeps_what_the_judge_said(tmp_path):
    run(tmp_path / "run", align__samples=2, propose__target=8)
    before = sorted(map(str, rundir.read_outcomes(tmp_path / "run")))
    recheck(tmp_path / "run", ["checks.loop=fail"])
    assert sorted(map(str, rundir.read_outcomes(tmp_path / "run"))) == before


def test_answers_that_score_alike_are_compared_in_both_orders(tmp_path):
    import asyncio

    run(tmp_path / "run", propose__target=8)
    one, other = [each for each in rundir.read_outcomes(tmp_path / "run") if isinstance(each, Example)][:2]
    drawn = [
        replace(each, principles_cited=("helpful",), judging=None, instruction=one.instruction) for each in (one, other)
    ]
    constitution = load_constitution("default")

    def best(prefers_second):
        def prefer(prompt, options):
            if options == ("yes", "no"):
                return [0.5, 0.5]
            first_is_other = other.answer in parts_of(prompt)[0]
            return prefers_second(first_is_other)

        engine = ScriptedEngine(world_model, prefer=prefer)
        chosen = asyncio.run(best_of(engine, drawn, constitution, Judge(chooses=True), style="text"))
        assert chosen.judging["questions"] == 4
        assert chosen.usage == drawn[0].usage + drawn[1].usage
        return chosen.answer

    assert best(lambda first_is_other: [0.9, 0.1] if first_is_other else [0.1, 0.9]) == other.answer
    assert best(lambda first_is_other: [0.9, 0.1]) == one.answer, "the first place alone is no reason"


def test_both_sides_are_argued_for_whoever_labels(tmp_path):
    path, file = tmp_path / "run", tmp_path / "labels.jsonl"
    run(path, propose__target=8)

    def respond(prompt, sampling, rng_seed):
        return "Wood is named." if prompt.endswith("### Argument for\n") else " Summer is not.\n"

    engine = ScriptedEngine(respond)
    arguing = partial(argue, path, start_engine=opener(engine))
    wanted = {"principle": None, "grep": None, "limit": 3, "to_label": file}
    shown = "\n".join(show_examples(path, which="uncertain", **wanted, argue=arguing))
    assert len(re.findall(r"  for +Wood is named\.\n  against +Summer is not\.", shown)) == 3
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(engine.requests) == 2 * len(rows) == 6
    for row in rows:
        assert (row["for"], row["against"], row["label"]) == ("Wood is named.", "Summer is not.", None)
        asked = f"\n### User\n{row['user']}\n### Answer\n{row['answer']}\n### Argument against\n"
        assert sum(each.prompt.endswith(asked) for each in engine.requests) == 1
    with pytest.raises(rundir.RunDirError, match="may hold labels"):
        list(show_examples(path, which="uncertain", **wanted, argue=arguing))
    assert len(engine.requests) == 6, "nothing is asked before the file is found to be there"
    file.write_text("".join(json.dumps(row | {"label": True}) + "\n" for row in rows))
    assert len(load_labels(str(file), rundir.read_constitution(path))) == 3


def test_scored_pairs_have_a_margin_where_the_judge_may_judge(tmp_path):
    path, changes = tmp_path / "run", {"pairs__contrast": "ladder", "pairs__scored": "true", "propose__target": 12}
    run(path, respond=with_contrasts, **changes)
    examples = [each for each in rundir.read_outcomes(path) if isinstance(each, Example)]
    for each in examples:
        assert each.judging["contrasts"].keys() == {other.rung for other in each.contrasts if other.answer}
        assert all(scores.keys() == each.judging["scores"].keys() for scores in each.judging["contrasts"].values())
        asked = len(each.judging["scores"]) * (1 + len(each.judging["contrasts"]))
        assert each.judging["questions"] == asked
    rows = parquet.read_table(dataset.export(path) / "preference").to_pylist()
    lowest = {}
    for each in examples:
        lowest[each.answer] = min(each.judging["scores"].values())
        lowest |= {c.answer: min(each.judging["contrasts"][c.rung].values()) for c in each.contrasts if c.answer}
    assert len(rows) > 10
    for row in rows:
        chosen, rejected = (lowest[row[side][0]["content"]] for side in ("chosen", "rejected"))
        assert row["margin"] == pytest.approx(chosen - rejected, abs=1e-6)
    assert {row["margin"] > 0 for row in rows} == {True, False}
    assert "`margin` is how much higher" in (path / "dataset" / "README.md").read_text()
    before = (path / rundir.OUTCOMES).read_bytes()
    recheck(path, ["checks.loop=flag"])
    assert (path / rundir.OUTCOMES).read_bytes() == before
    run(tmp_path / "random", at_random, with_contrasts, **changes)
    table = parquet.read_table(dataset.export(tmp_path / "random") / "preference")
    assert table.column_names == ["prompt", "chosen", "rejected"]
    with pytest.raises(RecipeError, match=r"pairs\.scored: nothing is scored without a judge"):
        world_recipe(pairs__scored="true")


def with_contrasts(prompt, sampling, rng_seed):
    """The world's model, which answers a contrasting turn at once."""
    completion = world_model(prompt, sampling, rng_seed)
    if "### Thoughts" in prompt.rpartition("### User")[2] or prompt.endswith("Instruction:"):
        return completion
    return replace(completion, text=completion.text.partition("### Answer\n")[2] or "Wood.")
