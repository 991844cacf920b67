"""The benchmarks run: they are used only when somebody wants a figure, so no other test would see a broken one."""

import json
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

ROOT = Path(__file__).parent.parent
LIBRARIES = ("enlarge", "ready")
SMALL = {
    "event_loop": ["FILE", "--pool", "300", "--accepted", "40"],
    "guided": ["--instructions", "300"],
    "novelty": ["FILE", "--only", "exact", "--exact", "20"],
    "proposals": [],
    "rates": ["FILE", "--rows", "40", "--only", "judge"],
    "recheck": ["--outcomes", "100"],
    "resume": ["--outcomes", "200", "--at", "400"],
    "window": ["--slots", "16"],
}


def run(name: str, *arguments: str) -> str:
    script = ROOT / "benchmarks" / f"{name}.py"
    # Those that share code as a package are run as modules of it, the others as scripts.
    command = [str(script)] if "from benchmarks" not in script.read_text() else ["-m", f"benchmarks.{name}"]
    done = subprocess.run([sys.executable, *command, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", SMALL)
def test_it_measures_something(name: str, tmp_path: Path) -> None:
    file = tmp_path / "instructions.jsonl"
    words = [f"{one}{other}" for one in "b c d f g l m n p r s t v".split() for other in "ax ely im ot ushe".split()]
    rng = Random(3)
    rows = ({"instruction": " ".join(rng.sample(words, 9))} for _ in range(500))
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    printed = run(name, *(str(file) if each == "FILE" else each for each in SMALL[name]))
    assert any(map(str.isdigit, printed))


@pytest.mark.parametrize(
    "name", [file.stem for file in sorted((ROOT / "benchmarks").glob("*.py")) if file.stem not in (*SMALL, *LIBRARIES)]
)
def test_it_explains_itself(name: str) -> None:
    """Those that need an engine, a browser or a dozen seconds: at least all that they import is there."""
    assert run(name, "--help")
