"""What a wheel carries: the miniature and all built-in data; it needs no checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DATA = (("recipes", "*.yaml"), ("principles", "*.yaml"), ("guides", "*.yaml"), ("seeds", "*.jsonl"))
MAX_WEIGHTS_SIZE = 16 * 2**20


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_the_wheel_holds_the_data_of_the_checkout(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    for kind, pattern in DATA:
        files = list((ROOT / kind).glob(pattern))
        assert files
        for file in files:
            assert f"selfalign/data/{kind}/{file.name}" in names
    assert {"selfalign/engine/engine-cpu.txt", "selfalign/miniature/model.safetensors"} <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any(name.startswith(("tests/", "training/", "outputs/")) for name in names)


def test_the_miniature_is_small_enough_to_ship(wheel: zipfile.ZipFile) -> None:
    sizes = [item.file_size for item in wheel.infolist() if item.filename.startswith("selfalign/miniature/")]
    assert 2**20 < sum(sizes) <= MAX_WEIGHTS_SIZE


def test_the_wheel_works_outside_the_checkout(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path / "site")
    run = subprocess.run(
        [sys.executable, "-m", "selfalign", "show", "demo"],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "### User" in run.stdout
    assert "tokens)" in run.stdout, "the miniature's tokenizer was not found"
    assert str(ROOT) not in run.stdout
