"""What the dataset is for: it trains with TRL, unchanged, and the script that its card prints really runs."""

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from selfalign.builtin import builtin_folder
from selfalign.dataset.export import export
from selfalign.records import Contrast
from tests.run_fixtures import example, write_run

THINGS = ("river", "mountain", "city", "poem", "bridge", "garden", "recipe", "letter", "planet", "song")
MINIATURE = str(builtin_folder("miniature"))


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    answered = [
        example(number, f"A {thing} is what you see when you look for a {thing}.", text=f"What is a {thing}?")
        for number, thing in enumerate(THINGS * 8)
    ]
    return export(
        write_run(tmp_path / "run", answered, {"dataset": {"licence": "mit"}, "model": {"model": "miniature"}})
    )


def test_the_engraving_rows_train_with_trl_as_they_are_and_the_loss_falls(dataset: Path, tmp_path: Path) -> None:
    from datasets import load_dataset
    from trl import SFTConfig, SFTTrainer

    trainer = SFTTrainer(
        model=MINIATURE,
        train_dataset=load_dataset(str(dataset), "engraving", split="train", cache_dir=str(tmp_path / "cache")),
        args=SFTConfig(
            output_dir=str(tmp_path / "engraved"),
            max_steps=20,
            per_device_train_batch_size=4,
            learning_rate=1e-3,
            logging_steps=1,
            use_cpu=True,
            bf16=False,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        ),
    )
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert len(losses) == 20
    assert sum(losses[-5:]) < 0.7 * sum(losses[:5])


@pytest.mark.parametrize("has_template", [True, False], ids=["a model with a chat template", "a base model"])
def test_the_script_on_the_card_runs_as_it_stands(
    dataset: Path, tmp_path: Path, has_template: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = _script_of(dataset / "README.md")
    model = MINIATURE if has_template else str(_without_template(tmp_path / "base"))
    # The reader names folder and model; and a test may not take as long as an epoch.
    for name, value in (('"path/to/this/folder"', str(dataset)), ('"MODEL"', model)):
        assert script.count(name) == 1
        script = script.replace(name, repr(value))
    script = script.replace("max_length=1024,", "max_length=1024, max_steps=2, use_cpu=True, bf16=False,")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(script, "the card", "exec"), names)
    assert names["trainer"].args.max_steps == 2
    assert names["trainer"].args.assistant_only_loss
    assert (tmp_path / "engraved" / "model.safetensors").is_file()


def test_preferences_train_with_the_cards_script_and_margins_grow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = []
    for number, thing in enumerate(THINGS * 4):
        row = example(number, f"A {thing} is what you see when you look for a {thing}.", text=f"What is a {thing}?")
        other = f"Nobody knows, and {number} of us do not care at all; ask another day."
        answered.append(replace(row, contrasts=(Contrast("raw", other, row.usage, other),)))
    recipe = {"model": {"model": "miniature"}, "pairs": {"contrast": "raw"}}
    folder = export(write_run(tmp_path / "run", answered, recipe))
    script = _script_of(folder / "README.md", "DPOTrainer")
    quick = "max_length=1024, max_steps=20, per_device_train_batch_size=4, learning_rate=1e-4, logging_steps=1, "
    quick += "use_cpu=True, bf16=False, report_to='none', save_strategy='no'"
    for name, value in (("path/to/this/folder", str(folder)), ("engraved", MINIATURE), ("max_length=1024", quick)):
        assert script.count(name) == 1
        script = script.replace(name, value)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(script, "the card", "exec"), names)
    history = names["trainer"].state.log_history
    margins = [entry["rewards/margins"] for entry in history if "rewards/margins" in entry]
    assert len(margins) == 20
    assert sum(margins[-5:]) / 5 > sum(margins[:5]) / 5 + 0.1


def _script_of(card: Path, trainer: str = "SFTTrainer") -> str:
    blocks = re.findall(r"^```python\n(.+?)^```$", card.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return next(block for block in blocks if trainer in block)


def _without_template(folder: Path) -> Path:
    shutil.copytree(MINIATURE, folder, ignore=shutil.ignore_patterns("chat_template*"))
    return folder
