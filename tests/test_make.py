"""What make takes for up to date, and what it hands to the command; the command itself is a stand-in here."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
COMMAND = """#!/bin/sh
echo "$@" >> calls.txt
if [ "$1" = generate ]; then mkdir -p "$4/dataset"; touch "$4/dataset/README.md"; fi
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with everything installed already, its sources older than what is made of them."""
    for name in ("Makefile", "pyproject.toml", "selfalign/engine/install.py", "selfalign/engine/engine-cpu.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("recipes/default.yaml", "recipes/other.yaml", "seeds/default.jsonl", "principles/default.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    command = tmp_path / ".venv" / "bin" / "selfalign"
    command.parent.mkdir(parents=True)
    command.write_text(COMMAND)
    command.chmod(0o755)
    for path in tmp_path.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    for name in (".installed", ".tested"):
        (tmp_path / ".venv" / name).touch()
    return tmp_path


def _make(checkout: Path, *arguments: str) -> list[str]:
    """Run make; the calls of the command that it led to."""
    calls = checkout / "calls.txt"
    calls.unlink(missing_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    subprocess.run(["make", *arguments], cwd=checkout, env=environment, check=True, capture_output=True)
    return calls.read_text().splitlines() if calls.exists() else []


def _age(checkout: Path) -> None:
    """Let everything made so far be older than what is touched next."""
    for path in (checkout / "outputs").rglob("*"):
        os.utime(path, (1_500_000_000, 1_500_000_000))


def test_a_dataset_is_made_once(checkout: Path) -> None:
    assert _make(checkout, "dataset") == ["generate recipes/default.yaml --output outputs/default --set-aside"]
    assert _make(checkout, "dataset") == []


@pytest.mark.parametrize("source", ["recipes/default.yaml", "seeds/default.jsonl", "principles/default.yaml"])
def test_a_newer_source_means_work_to_do(checkout: Path, source: str) -> None:
    _make(checkout, "dataset")
    _age(checkout)
    (checkout / source).touch()
    assert len(_make(checkout, "dataset")) == 1


def test_another_recipe_is_no_work_for_this_one(checkout: Path) -> None:
    _make(checkout, "dataset")
    _age(checkout)
    (checkout / "recipes" / "other.yaml").touch()
    assert _make(checkout, "dataset") == []


def test_another_model_or_flag_means_work_to_do(checkout: Path) -> None:
    _make(checkout, "dataset", "MODEL=a/b")
    _age(checkout)
    assert _make(checkout, "dataset", "MODEL=a/b") == []
    assert _make(checkout, "dataset", "MODEL=c/d", "FLAGS=--target 9") == [
        "generate recipes/default.yaml --output outputs/default --model c/d --set-aside --target 9"
    ]
    assert _make(checkout, "dataset", "MODEL=c/d", "FLAGS=--target 9") == []


def test_a_flag_with_quotes_and_blanks_arrives_whole(checkout: Path) -> None:
    flags = "FLAGS=--set dataset.title='it is mine'"
    assert _make(checkout, "dataset", flags)[0].endswith("--set dataset.title=it is mine")
    assert _make(checkout, "dataset", flags) == []


def test_names_keep_runs_apart(checkout: Path) -> None:
    _make(checkout, "dataset", "NAME=one")
    assert _make(checkout, "dataset", "NAME=two", "RECIPE=recipes/other.yaml") == [
        "generate recipes/other.yaml --output outputs/two --set-aside"
    ]
    assert _make(checkout, "dataset", "NAME=one") == []


def test_push_says_where_and_asks_for_it(checkout: Path) -> None:
    assert _make(checkout, "push", "NAME=one", "REPO=me/data", "FLAGS=--dry-run") == [
        "push outputs/one me/data --dry-run"
    ]
    with pytest.raises(subprocess.CalledProcessError):
        _make(checkout, "push", "NAME=one")


def test_clean_deletes_no_run_and_help_names_every_target(checkout: Path) -> None:
    _make(checkout, "dataset")
    (checkout / "outputs" / "default" / "__pycache__").mkdir()
    _make(checkout, "clean")
    assert (checkout / "outputs" / "default" / "dataset" / "README.md").exists()
    assert (checkout / "outputs" / "default" / "__pycache__").exists()
    told = subprocess.run(["make", "help"], cwd=checkout, capture_output=True, text=True, check=True).stdout
    named = {line.split()[0] for line in told.splitlines() if line.startswith("  ")}
    assert named >= {"demo", "dataset", "push", "test", "check", "install", "clean"}
