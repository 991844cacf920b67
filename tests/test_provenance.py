"""What a manifest says of a model: other weights, another template or tokenizer show; nothing is hashed twice."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from selfalign.engine import provenance as module
from selfalign.engine.provenance import model_commit, provenance, vllm_version, weights_digest
from selfalign.engine.spec import EngineSpec
from selfalign.errors import EngineStartError

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("a.safetensors", "b.safetensors", "config.json", "tokenizer.json", "README.md"):
        (folder / name).write_text(name, encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": "{{ messages }}"}), encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", ["b.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json"])
def test_every_file_that_decides_what_a_model_writes_shows(model: Path, tmp_path: Path, name: str) -> None:
    before = weights_digest(model, tmp_path / "cache.json")
    content = (model / name).read_bytes()
    (model / name).write_bytes(content[::-1])  # as long as before
    assert weights_digest(model, tmp_path / "cache.json") != before
    (model / name).write_bytes(content)
    assert weights_digest(model, tmp_path / "cache.json") == before


def test_a_renamed_shard_shows_and_another_readme_or_folder_does_not(model: Path, tmp_path: Path) -> None:
    before = weights_digest(model, tmp_path / "cache.json")
    (model / "README.md").write_text("changed", encoding="utf-8")
    moved = model.rename(tmp_path / "elsewhere")
    assert weights_digest(moved, tmp_path / "cache.json") == before
    (moved / "b.safetensors").rename(moved / "c.safetensors")
    assert weights_digest(moved, tmp_path / "cache.json") != before


def test_nothing_is_read_twice(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "folder" / "cache.json"
    before = weights_digest(model, cache)
    monkeypatch.setattr(module.hashlib, "file_digest", lambda *_: pytest.fail("read again"))
    assert weights_digest(model, cache) == before


@pytest.mark.parametrize("content", ["", "[]", "{broken"])
def test_a_broken_cache_is_none(model: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "cache.json").write_text(content, encoding="utf-8")
    before = weights_digest(model, tmp_path / "cache.json")
    assert weights_digest(model, Path("/dev/null/no folder")) == before


def test_a_single_file_of_weights_has_a_digest(model: Path, tmp_path: Path) -> None:
    file = model / "a.safetensors"
    digest = hashlib.sha256(f"a.safetensors {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode()).hexdigest()
    assert weights_digest(file, tmp_path / "cache.json") == digest


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_weights_that_cannot_be_read_are_one_line(model: Path, tmp_path: Path) -> None:
    (model / "a.safetensors").chmod(0)
    with pytest.raises(EngineStartError, match=r"a\.safetensors: cannot be read"):
        weights_digest(model, tmp_path / "cache.json")


def test_the_facts_of_a_folder(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # no nvidia-smi
    cache = tmp_path / "cache.json"
    facts = provenance(EngineSpec(str(model), style="chat"), cache)
    assert facts == {
        "vllm": vllm_version(),
        "weights_digest": weights_digest(model, cache),
        "chat_template_digest": hashlib.sha256(b"{{ messages }}").hexdigest(),
    }
    assert "chat_template_digest" not in provenance(EngineSpec(str(model)), cache)
    (model / "chat_template.jinja").write_text("newer", encoding="utf-8")
    assert provenance(EngineSpec(str(model), style="chat"), cache)["chat_template_digest"] == (
        hashlib.sha256(b"newer").hexdigest()
    )
    mine = tmp_path / "mine.jinja"
    mine.write_text("mine", encoding="utf-8")
    facts = provenance(EngineSpec(str(model), style="chat", chat_template=str(mine)), cache)
    assert facts["chat_template_digest"] == hashlib.sha256(b"mine").hexdigest()


def test_gpus_and_driver_are_named_where_there_are_any(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = tmp_path / "nvidia-smi"
    command.write_text("#!/bin/sh\necho 'NVIDIA H200, 570.86'\necho 'NVIDIA H200, 570.86'\n", encoding="utf-8")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    facts = provenance(EngineSpec(str(model)), tmp_path / "cache.json")
    assert (facts["gpus"], facts["driver"]) == (["NVIDIA H200", "NVIDIA H200"], "570.86")
    command.write_text("#!/bin/sh\nexit 9\n", encoding="utf-8")
    assert "driver" not in provenance(EngineSpec(str(model)), tmp_path / "cache.json")


def test_a_hub_models_commit_stands_for_its_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    snapshot = tmp_path / "models--user--model" / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").touch()
    (snapshot / "tokenizer_config.json").write_text('{"chat_template": {"default": "x"}}', encoding="utf-8")
    (snapshot.parent.parent / "refs").mkdir()
    (snapshot.parent.parent / "refs" / "main").write_text(COMMIT, encoding="utf-8")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert model_commit("user/model", None) == COMMIT
    assert model_commit("user/other", None) is None
    facts = provenance(EngineSpec("user/model", style="chat"))
    assert (facts["model_commit"], facts["weights_digest"]) == (COMMIT, f"commit:{COMMIT}")
    assert facts["chat_template_digest"] == hashlib.sha256(b'{"default": "x"}').hexdigest()
