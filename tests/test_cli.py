"""The commands as a user types them: results on stdout, one clear line per error, exit codes."""

import contextlib
import json
import subprocess
import sys

import pytest
import yaml
from scripted import ScriptedEngine
from worlds import SEEDS, world_model

from selfalign import cli, errors
from selfalign.errors import EngineDied, SelfAlignError
from selfalign.generate import generate
from selfalign.run import directory as rundir


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """Runs a command in an empty working directory on the scripted engine; returns (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, respond=world_model):
        @contextlib.asynccontextmanager
        async def start_engine(spec, **how):
            yield ScriptedEngine(respond)

        monkeypatch.setitem(generate.__kwdefaults__, "start_engine", start_engine)
        monkeypatch.setattr(sys, "argv", ["selfalign", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        output = capsys.readouterr()
        return ended.value.code or 0, output.out, output.err

    return run


@pytest.fixture
def recipe(tmp_path):
    """A small recipe's file, with a licence."""
    content = {
        "seeds": [str(SEEDS)],
        "slots": 8,
        "propose": {"target": 12, "window": 4, "asked": 4},
        "dataset": {"licence": "apache-2.0"},
    }
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def test_generate_ends_with_three_examples_and_where_the_dataset_lies(call, recipe, tmp_path):
    code, out, err = call("generate", recipe)
    assert code == 0
    assert out.splitlines()[-1] == "dataset  outputs/small/dataset"
    example = next(item for item in rundir.read_outcomes(tmp_path / "outputs" / "small") if hasattr(item, "thought"))
    assert example.instruction.text[:40] in out
    assert out.count("informative") >= 3
    assert "report   outputs/small/report.html" in err
    assert (tmp_path / "outputs" / "small" / "report.html").stat().st_size > 1000


def test_a_budget_ends_with_a_dataset_and_no_error(call, recipe):
    code, out, err = call("generate", recipe, "--budget", "0.04eur", "--per-mtok", "1")
    assert code == 0
    assert out.splitlines()[-1] == "dataset  outputs/small/dataset"
    bought = next(line for line in err.splitlines() if line.startswith("budget   0.04eur: "))
    assert bought.endswith("ktok; spent; the same command with a larger --budget continues")
    code, out, _ = call("plan", recipe, "--from", "outputs/small", "--target", "50", "--per-mtok", "1")
    assert code == 0
    assert out.splitlines()[-1].startswith("money     ")


def test_the_same_command_again_finds_everything_done(call, recipe):
    call("generate", recipe)

    def no_more(*request):
        raise AssertionError("the engine was asked")

    code, out, _ = call("generate", recipe, respond=no_more)
    assert code == 0
    assert out.splitlines()[-1] == "dataset  outputs/small/dataset"


def test_show_status_and_export_of_a_run(call, recipe):
    call("generate", recipe)
    for arguments in (["show"], ["show", "--failed"], ["show", "--rejected"], ["status"], ["export"], ["report"]):
        code, out, _ = call(*arguments, "outputs/small")
        assert code == 0, arguments
        assert out, arguments


def test_export_takes_over_what_may_change_and_keeps_it(call, recipe, tmp_path):
    call("generate", recipe)
    run = tmp_path / "outputs" / "small"
    assert call("export", run, "--set", "dataset.licence=mit", "--set", "dataset.holdout=0.5")[0] == 0
    assert call("export", run)[0] == 0
    assert "license: mit\n" in (run / "dataset" / "README.md").read_text()
    assert (run / "dataset" / "full" / "test-00000-of-00001.parquet").is_file()
    code, _, told = call("export", run, "--set", "align.sampling.temperature=0.1")
    assert code == 3
    assert "align.sampling.temperature" in told


def test_recheck_judges_by_other_checks_and_back(call, recipe, tmp_path):
    call("generate", recipe)
    before = sorted(map(str, rundir.read_outcomes(tmp_path / "outputs/small")))
    # Every answer has more than 0.1 % of its words from the instruction.
    code, _, err = call("recheck", "outputs/small", "--set", "checks.echo_share=0.001", "--set", "checks.echo=fail")
    assert code in (0, 3)
    assert " 0 fail" not in err
    code, _, err = call("recheck", "outputs/small", "--set", "checks.echo_share=0.9")
    assert code == 0
    assert sorted(map(str, rundir.read_outcomes(tmp_path / "outputs/small"))) == before


def test_recheck_changes_checks_only(call, recipe):
    call("generate", recipe)
    code, _, err = call("recheck", "outputs/small", "--set", "propose.target=5")
    assert code == 2
    assert "only checks can be changed" in err


def test_show_of_a_recipe_renders_both_prompts_without_an_engine(call, recipe):
    code, out, _ = call("show", recipe)
    assert code == 0
    assert "### Task 9\nInstruction:" in out
    assert "16 operational" in out
    assert out.rstrip().endswith("is a helpful, honest and careful assistant.")


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (["generate", "nowhere.yaml"], 2, "nowhere.yaml"),
        (["generate", "broken.yaml"], 2, "broken.yaml:1"),
        (["generate", "small.yaml", "--set", "propose.targt=3"], 2, "did you mean 'target'"),
        (["generate", "small.yaml", "--seeds", "bad.jsonl"], 2, "bad.jsonl:2"),
        (["generate", "small.yaml", "--constitution", "bad.yaml"], 2, "bad.yaml:"),
        (["generate", "small.yaml", "--constitution", "defualt"], 2, "default"),
        (["generate", "small.yaml", "--output", "."], 3, "not a run directory"),
        (["generate", "small.yaml", "--output", "small.yaml/run"], 3, "cannot be written"),
        (["generate", "small.yaml", "--decontaminate", "none.jsonl"], 2, "none.jsonl"),
        (["generate", "small.yaml", "--budget", "much"], 2, "--budget much: a time, tokens or money"),
        (["generate", "small.yaml", "--budget", "20eur"], 2, "--budget 20eur: money needs a price"),
        (["generate", "small.yaml", "--per-gpu-hour", "2"], 2, "only with --budget"),
        (["plan", "small.yaml", "--per-mtok", "0.1/0.2/0.3"], 2, "--per-mtok 0.1/0.2/0.3: a number is needed"),
        (["plan", "small.yaml", "--from", "nowhere"], 3, "not a run directory"),
        (["status", "."], 3, "not a run directory"),
        (["export", "."], 3, "not a run directory"),
        (["report", "."], 3, "not a run directory"),
        (["show", "nothing"], 2, "nothing"),
        (["check", "none.jsonl"], 2, "none.jsonl"),
        (["dedup", "none.jsonl", "--kept", "k", "--dropped", "d"], 2, "none.jsonl"),
        (["push", ".", "me/data"], 5, "selfalign"),
    ],
)
def test_bad_input_is_one_line_and_its_exit_code(call, recipe, tmp_path, arguments, code, complaint):
    (tmp_path / "broken.yaml").write_text("a: [")
    (tmp_path / "bad.jsonl").write_text(SEEDS.read_text().splitlines()[0] + "\nno json\n")
    (tmp_path / "bad.yaml").write_text("name: x\n")
    ended, _, err = call(*arguments)
    assert ended == code
    errors_printed = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(errors_printed) == 1
    assert complaint in errors_printed[0]
    assert "Traceback" not in err


def test_an_engine_that_dies_is_exit_code_4_and_the_same_command_continues(call, recipe):
    asked = 0

    def die_later(prompt, sampling, rng_seed):
        nonlocal asked
        asked += 1
        if asked > 15:
            raise EngineDied("the engine stopped (out of memory); the same command continues")
        return world_model(prompt, sampling, rng_seed)

    code, _, err = call("generate", recipe, respond=die_later)
    assert code == 4
    assert err.count("error: ") == 1
    assert call("generate", recipe)[0] == 0


def test_ctrl_c_is_exit_code_130_and_says_how_to_continue(call, recipe):
    def interrupt(prompt, sampling, rng_seed):
        raise KeyboardInterrupt

    code, _, err = call("generate", recipe, respond=interrupt)
    assert code == 130
    assert "run the same command again to continue" in err


def test_a_target_flag_beats_the_recipe(call, recipe, tmp_path):
    call("generate", recipe, "--target", "20", "--output", "mine")
    assert rundir.read_recipe(tmp_path / "mine")["propose"]["target"] == 20


def test_every_command_has_help_and_help_names_no_python(call):
    commands = [command.name or command.callback.__name__ for command in cli.app.registered_commands]
    assert {"generate", "show", "status", "export", "recheck", "check", "dedup", "report", "push"} <= set(commands)
    for command in commands:
        code, out, _ = call(command, "--help")
        assert code == 0
        assert len(out.split("Options:")[0].split()) > 10, command


def test_every_error_class_has_the_documented_exit_code():
    classes = {name: item for name, item in vars(errors).items() if isinstance(item, type)}
    codes = {name: item.exit_code for name, item in classes.items() if issubclass(item, SelfAlignError)}
    for name, code in codes.items():
        line = next(line for line in errors.__doc__.splitlines() if name in line.split("raised")[0])
        assert str(code) in line.split()


def test_nothing_heavy_is_imported_for_help_show_and_status(call, recipe, tmp_path):
    call("generate", recipe)
    script = """
import json, sys
from selfalign import cli
loaded = {}
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["selfalign", *arguments]
    try:
        cli.main()
    except SystemExit:
        pass
    heavy = ("torch", "vllm", "datasets", "plotly", "transformers")
    loaded[arguments[0]] = [name for name in heavy if name in sys.modules]
print(json.dumps(loaded))
"""
    commands = [["--help"], ["status", "outputs/small"], ["show", "outputs/small"], ["show", str(recipe)]]
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(commands)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout.splitlines()[-1]) == {"--help": [], "status": [], "show": []}
