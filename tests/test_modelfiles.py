"""Folders and Hub names that are no model: each is one line before a long start; the Hub here is a loopback server."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from selfalign.engine.modelfiles import (
    bytes_on_disk,
    bytes_to_download,
    find_tokenizer_file,
    is_path,
    refuse_missing_model,
    weights_size,
)
from selfalign.errors import EngineStartError


class Hub(BaseHTTPRequestHandler):
    """Answers every request with the status and error code that stand in the name it is asked for."""

    def answer(self) -> None:
        model = self.path.split("/")[2]
        status, _, code = model.partition("-")
        self.send_response(int(status))
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD = answer

    def log_message(self, *_: object) -> None:
        """Nothing to the terminal."""


def point_to(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    template = f"http://127.0.0.1:{port}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr("time.sleep", lambda _: None)  # between the client's own retries


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    from huggingface_hub import constants

    with HTTPServer(("127.0.0.1", 0), Hub) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        point_to(server.server_port, monkeypatch)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        yield
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("name", "revision", "reason"),
    [
        ("user/404-RepoNotFound", None, "no such model on the Hub"),
        ("user/404-RevisionNotFound", "v9", "no revision 'v9'"),
        ("user/403-GatedRepo", None, "gated: accept its terms"),
        ("user/401-RepoNotFound", None, "no such model on the Hub"),
        ("user/500", None, "the Hub"),
        ("not a name", None, "neither a folder nor a name"),
    ],
)
def test_what_the_hub_refuses_is_one_line(hub: None, name: str, revision: str | None, reason: str) -> None:
    with pytest.raises(EngineStartError, match=reason) as refused:
        refuse_missing_model(name, revision)
    assert str(refused.value).startswith(f"{name}: ")
    assert "\n" not in str(refused.value)


def test_a_hub_that_cannot_be_reached_is_one_line(hub: None, monkeypatch: pytest.MonkeyPatch, unused_port: int) -> None:
    point_to(unused_port, monkeypatch)
    with pytest.raises(EngineStartError, match="the Hub cannot be reached"):
        refuse_missing_model("user/model", None)


def test_a_model_of_another_format_is_left_to_the_engine(hub: None, tmp_path: Path) -> None:
    refuse_missing_model("user/404-EntryNotFound", None)
    (tmp_path / "config.json").touch()
    refuse_missing_model(str(tmp_path), None)
    (tmp_path / "model.gguf").touch()
    refuse_missing_model(str(tmp_path / "model.gguf"), None)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineStartError, match="no such folder"):
        refuse_missing_model(str(tmp_path / "missing"), None)
    with pytest.raises(EngineStartError, match=r"no config\.json"):
        refuse_missing_model(str(tmp_path), None)


def test_a_tokenizer_is_found_in_a_folder_and_in_the_cache_and_nowhere_else(
    hub: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert find_tokenizer_file(str(tmp_path), None) is None
    (tmp_path / "tokenizer.json").touch()
    assert find_tokenizer_file(str(tmp_path), None) == tmp_path / "tokenizer.json"
    assert find_tokenizer_file("user/500", None) is None
    assert find_tokenizer_file("not a name", None) is None


def test_weights_are_counted(tmp_path: Path) -> None:
    assert weights_size(str(tmp_path)) == 0
    (tmp_path / "a.safetensors").write_bytes(b"12")
    (tmp_path / "b.safetensors").write_bytes(b"345")
    assert weights_size(str(tmp_path)) == 5


def test_paths_are_told_from_names(tmp_path: Path) -> None:
    assert is_path(str(tmp_path))
    assert is_path("./not/there")
    assert not is_path("user/model")


FILES = {
    "config.json": 600,
    "model-1.safetensors": 4_000,
    "model-2.safetensors": 3_000,
    "pytorch_model.bin": 7_000,
    "original/model.safetensors": 7_000,
}


class ModelInfo(BaseHTTPRequestHandler):
    """Answers every request for a model's facts with its files and their sizes."""

    def do_GET(self) -> None:
        siblings = [{"rfilename": name, "size": size} for name, size in FILES.items()]
        content = json.dumps({"id": "user/model", "sha": "c0ffee", "siblings": siblings}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing to the terminal."""


def test_what_is_still_to_be_downloaded_is_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import constants

    snapshot = tmp_path / "models--user--model" / "snapshots" / "c0ffee"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with HTTPServer(("127.0.0.1", 0), ModelInfo) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        monkeypatch.setattr("huggingface_hub.hf_api.constants.ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        assert bytes_to_download("user/model", None) == 7_000
        snapshot.mkdir(parents=True)
        (snapshot / "model-1.safetensors").touch()
        assert bytes_to_download("user/model", None) == 3_000
        server.shutdown()
    assert bytes_to_download("user/model", None) == 0  # no Hub, no size
    assert bytes_to_download(str(tmp_path), None) == 0


def test_what_the_cache_holds_of_a_model_is_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    assert bytes_on_disk("user/model") == 0
    blobs = tmp_path / "models--user--model" / "blobs"
    blobs.mkdir(parents=True)
    (blobs / "a").write_bytes(b"1234")
    (blobs / "b.incomplete").write_bytes(b"12")
    assert bytes_on_disk("user/model") == 6
