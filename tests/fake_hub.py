"""The part of the Hub's HTTP protocol that an upload and `load_dataset` use, on loopback, with faults on demand.

    with FakeHub() as hub:
        hub.faults.append(Fault(drop=True, at="/preupload/"))
        HfApi(endpoint=hub.url, token=TOKEN)

Storage is content-addressed as on the real one: a commit names large files by their SHA-256, small ones travel inside.
Every request is recorded in `hub.requests`, and a body or header never is.
"""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "hf_" + "t" * 34
READ_ONLY_TOKEN = "hf_" + "r" * 34
USER = "someone"


@dataclass
class Fault:
    """What goes wrong with the requests whose "METHOD /path" contains `at`, from the `after`-th on, `times` times.

    One of: `status` (with `headers` and `message`), `drop` (the connection ends without an answer), `drop_answer` (the
    request is carried out first), `corrupt` (a byte of an uploaded file flips on arrival).
    """

    at: str = ""
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    message: str = ""
    drop: bool = False
    drop_answer: bool = False
    corrupt: bool = False
    after: int = 0
    times: int = 1_000_000

    def strikes(self, request: str) -> bool:
        """Whether this request is hit; counts it."""
        if self.at not in request:
            return False
        self.after -= 1
        if self.after >= 0 or self.times == 0:
            return False
        self.times -= 1
        return True


@dataclass
class Blob:
    """A file of a commit; the Hub reports a large one by its SHA-256, a small one by its git id."""

    data: bytes
    is_large: bool

    def info(self, path: str) -> dict[str, Any]:
        git_id = hashlib.sha1(b"blob %d\0" % len(self.data) + self.data).hexdigest()
        large = {"oid": hashlib.sha256(self.data).hexdigest(), "size": len(self.data), "pointerSize": 134}
        return {"type": "file", "path": path, "size": len(self.data), "oid": git_id} | (
            {"lfs": large} if self.is_large else {}
        )


@dataclass
class Repository:
    """Branches and pull requests by name, commits by id, each commit a mapping of paths."""

    private: bool
    commits: dict[str, dict[str, Blob]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    num_pull_requests: int = 0

    def commit(self, ref: str, files: dict[str, Blob]) -> str:
        oid = hashlib.sha1(f"{len(self.commits)} {sorted(files)}".encode()).hexdigest()
        self.commits[oid], self.refs[ref] = files, oid
        return oid

    def resolve(self, revision: str) -> str | None:
        return revision if revision in self.commits else self.refs.get(revision)


class FakeHub:
    """The server; a context manager. `repos` is what it holds, `requests` what it was asked, `faults` what fails."""

    def __init__(self) -> None:
        self.repos: dict[str, Repository] = {}
        self.storage: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.faults: list[Fault] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.hub = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add_repo(self, name: str, *, private: bool = True) -> Repository:
        """A new repository, with the one file that the Hub puts into it."""
        self.repos[name] = Repository(private)
        self.repos[name].commit("main", {".gitattributes": Blob(b"*.parquet filter=lfs\n", False)})
        return self.repos[name]

    def files(self, name: str, revision: str = "main") -> dict[str, bytes]:
        """Path and content of everything at a revision."""
        repo = self.repos[name]
        return {path: blob.data for path, blob in repo.commits[repo.resolve(revision)].items()}


class _Answer(Exception):
    """An answer that ends the handling of a request."""

    def __init__(self, status: int, content: Any = b"", headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.content = content
        self.headers = headers or {}


def _refusal(status: int, message: str, code: str = "") -> _Answer:
    return _Answer(status, {"error": message}, {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {}))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one packet: the other side would wait 40 ms for the second.
    wbufsize = 1 << 16
    disable_nagle_algorithm = True

    @property
    def hub(self) -> FakeHub:
        return self.server.hub

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self._body = (
            self._chunks() if "chunked" in self.headers.get("Transfer-Encoding", "") else self.rfile.read(length)
        )
        self._url = urlsplit(self.path)
        request = f"{self.command} {self.path}"
        self.hub.requests.append(request)
        fault = next((each for each in self.hub.faults if each.strikes(request)), None)
        if fault and fault.drop:
            return self._hang_up()
        self._corrupts = bool(fault and fault.corrupt)
        try:
            if fault and fault.status:
                raise _Answer(
                    fault.status, {"error": fault.message}, {"X-Error-Message": fault.message} | fault.headers
                )
            self._route(unquote(self._url.path))
        except _Answer as answer:
            if fault and fault.drop_answer:
                return self._hang_up()
            return self._send(answer)
        raise AssertionError(f"no answer to {request}")

    do_GET = do_POST = do_PUT = do_HEAD = _handle

    def log_message(self, *_: object) -> None:
        """Silence."""

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline().strip() or b"0", 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _hang_up(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(2)

    def _send(self, answer: _Answer) -> None:
        is_bytes = isinstance(answer.content, bytes)
        content = answer.content if is_bytes else json.dumps(answer.content).encode()
        self.send_response(answer.status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(content)),
            **answer.headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _json(self) -> Any:
        return json.loads(self._body or b"{}")

    # --- routes ---------------------------------------------------------------------------------------------------

    def _route(self, path: str) -> None:
        if found := re.fullmatch(r"/storage/(\w+)", path):
            self._store(found[1])
        if path == "/api/whoami-v2":
            role = {TOKEN: "write", READ_ONLY_TOKEN: "read"}.get(self._token())
            if role is None:
                raise _refusal(401, "Invalid credentials in Authorization header")
            raise _Answer(200, {"name": USER, "type": "user", "auth": {"accessToken": {"role": role}}})
        if path == "/api/validate-yaml":
            licence = re.search(r"^license: (.*)$", self._json()["content"], re.MULTILINE)
            is_known = not licence or licence[1] in ("apache-2.0", "mit", "cc-by-4.0", "other")
            errors = [] if is_known else [{"message": '"license" must be one of [apache-2.0, mit, ...]'}]
            raise _Answer(400 if errors else 200, {"errors": errors, "warnings": []})
        if path == "/api/repos/create":
            self._create()
        for pattern, method in _ROUTES:
            if found := re.fullmatch(pattern, path):
                name, *rest = found.groups()
                method(self, name, self._repo(name), *rest)
        raise _refusal(404, "no such page")

    def _token(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    def _repo(self, name: str) -> Repository:
        repo = self.hub.repos.get(name)
        if repo is None or (repo.private and self._token() not in (TOKEN, READ_ONLY_TOKEN)):
            raise _refusal(401 if not self._token() else 404, "Repository not found", "RepoNotFound")
        return repo

    def _may_write(self, name: str) -> None:
        if self._token() != TOKEN or not name.startswith(f"{USER}/"):
            raise _refusal(403, "You don't have the rights to write here")

    def _commit_of(self, repo: Repository, revision: str) -> str:
        oid = repo.resolve(revision)
        if oid is None:
            raise _refusal(404, "Invalid rev id", "RevisionNotFound")
        return oid

    def _create(self) -> None:
        asked = self._json()
        name = f"{asked.get('organization') or USER}/{asked['name']}"
        self._may_write(name)
        if name in self.hub.repos:
            raise _Answer(409, {"url": f"{self.hub.url}/datasets/{name}", "error": "You already created this repo"})
        self.hub.add_repo(name, private=asked.get("visibility") == "private" or asked.get("private", False))
        raise _Answer(200, {"url": f"{self.hub.url}/datasets/{name}"})

    def _info(self, name: str, repo: Repository, revision: str = "main") -> None:
        oid = self._commit_of(repo, revision)
        siblings = [{"rfilename": path} for path in repo.commits[oid]]
        raise _Answer(200, {"id": name, "sha": oid, "private": repo.private, "siblings": siblings, "tags": []})

    def _tree(self, name: str, repo: Repository, revision: str, folder: str | None = None) -> None:
        files = repo.commits[self._commit_of(repo, revision)]
        prefix = f"{folder}/" if folder else ""
        inside = [path for path in sorted(files) if path.startswith(prefix)]
        if folder and not inside:
            raise _refusal(404, f"{folder} does not exist", "EntryNotFound")
        if parse_qs(self._url.query).get("recursive", ["false"])[0].lower() != "true":
            raise _Answer(200, _one_level(files, prefix, inside))
        raise _Answer(200, [_folder(each) for each in _folders(inside)] + [files[path].info(path) for path in inside])

    def _paths_info(self, name: str, repo: Repository, revision: str) -> None:
        files = repo.commits[self._commit_of(repo, revision)]
        asked = parse_qs(self._body.decode()).get("paths", [])
        known = [files[path].info(path) for path in asked if path in files]
        raise _Answer(200, known + [_folder(path) for path in asked if path in _folders(list(files))])

    def _refs(self, name: str, repo: Repository) -> None:
        refs = [{"name": ref, "ref": ref, "targetCommit": oid} for ref, oid in repo.refs.items()]
        pulls = [each for each in refs if each["ref"].startswith("refs/pr/")]
        raise _Answer(200, {"branches": [], "converts": [], "tags": [], "pullRequests": pulls})

    def _branch(self, name: str, repo: Repository, branch: str) -> None:
        self._may_write(name)
        if branch in repo.refs:
            raise _refusal(409, "Reference already exists")
        repo.refs[branch] = repo.refs["main"]
        raise _Answer(200, {})

    def _preupload(self, name: str, repo: Repository, revision: str) -> None:
        self._may_write(name)
        self._commit_of(repo, revision)
        modes = [
            {
                "path": file["path"],
                "uploadMode": "lfs" if file["path"].endswith((".parquet", ".html")) else "regular",
                "shouldIgnore": False,
            }
            for file in self._json()["files"]
        ]
        raise _Answer(200, {"files": modes})

    def _batch(self, name: str, repo: Repository) -> None:
        self._may_write(name)
        raise _Answer(
            200, {"transfer": "basic", "objects": [self._upload_of(item) for item in self._json()["objects"]]}
        )

    def _upload_of(self, item: dict[str, Any]) -> dict[str, Any]:
        """Nothing to do for what is stored already, and stored well."""
        if hashlib.sha256(self.hub.storage.get(item["oid"], b"")).hexdigest() == item["oid"]:
            return item
        return {**item, "actions": {"upload": {"href": f"{self.hub.url}/storage/{item['oid']}"}}}

    def _store(self, oid: str) -> None:
        self.hub.storage[oid] = _flipped(self._body) if self._corrupts else self._body
        raise _Answer(200)

    def _commit(self, name: str, repo: Repository, revision: str) -> None:
        self._may_write(name)
        head = self._commit_of(repo, revision)
        header, *operations = [json.loads(line) for line in self._body.splitlines()]
        if header["value"].get("parentCommit", head) != head:
            raise _refusal(412, "A commit has happened since. Please refresh and try again.")
        files = dict(repo.commits[head])
        for operation in operations:
            self._apply(files, operation["key"], operation["value"])
        ref, answer = revision, {}
        if parse_qs(self._url.query).get("create_pr") == ["1"]:
            repo.num_pull_requests += 1
            ref = f"refs/pr/{repo.num_pull_requests}"
            answer = {"pullRequestUrl": f"{self.hub.url}/datasets/{name}/discussions/{repo.num_pull_requests}"}
        oid = repo.commit(ref, files)
        raise _Answer(200, {"commitUrl": f"{self.hub.url}/datasets/{name}/commit/{oid}", "commitOid": oid, **answer})

    def _apply(self, files: dict[str, Blob], key: str, value: dict[str, Any]) -> None:
        if key == "file":
            data = base64.b64decode(value["content"])
            files[value["path"]] = Blob(_flipped(data) if self._corrupts else data, False)
        elif key == "lfsFile":
            if value["oid"] not in self.hub.storage:
                raise _refusal(400, f"{value['path']} was not uploaded")
            files[value["path"]] = Blob(self.hub.storage[value["oid"]], True)
        elif key == "deletedFile":
            del files[value["path"]]

    def _resolve(self, name: str, repo: Repository, revision: str, path: str) -> None:
        oid = self._commit_of(repo, revision)
        if path not in repo.commits[oid]:
            raise _refusal(404, f"{path} does not exist", "EntryNotFound")
        blob = repo.commits[oid][path]
        info = blob.info(path)
        headers = {"ETag": f'"{info.get("lfs", info)["oid"]}"', "X-Repo-Commit": oid, "Accept-Ranges": "bytes"}
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked:
            start, end = int(asked[1]), min(int(asked[2] or len(blob.data) - 1), len(blob.data) - 1)
            headers["Content-Range"] = f"bytes {start}-{end}/{len(blob.data)}"
            raise _Answer(206, blob.data[start : end + 1], headers)
        raise _Answer(200, blob.data, headers)


_NAME = r"([\w.-]+/[\w.-]+)"
_REF = r"(refs/pr/\d+|[^/]+)"
_ROUTES: list[tuple[str, Callable[..., None]]] = [
    (rf"/api/datasets/{_NAME}", _Handler._info),
    (rf"/api/datasets/{_NAME}/revision/{_REF}", _Handler._info),
    (rf"/api/datasets/{_NAME}/tree/{_REF}(?:/(.+))?", _Handler._tree),
    (rf"/api/datasets/{_NAME}/paths-info/{_REF}", _Handler._paths_info),
    (rf"/api/datasets/{_NAME}/refs", _Handler._refs),
    (rf"/api/datasets/{_NAME}/branch/(.+)", _Handler._branch),
    (rf"/api/datasets/{_NAME}/preupload/{_REF}", _Handler._preupload),
    (rf"/api/datasets/{_NAME}/commit/{_REF}", _Handler._commit),
    (rf"/datasets/{_NAME}\.git/info/lfs/objects/batch", _Handler._batch),
    (rf"/datasets/{_NAME}/resolve/{_REF}/(.+)", _Handler._resolve),
]


def _flipped(data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:]


def _folders(paths: list[str]) -> list[str]:
    parents = {"/".join(path.split("/")[:depth]) for path in paths for depth in range(1, path.count("/") + 1)}
    return sorted(parents)


def _folder(path: str) -> dict[str, Any]:
    return {"type": "directory", "path": path, "size": 0, "oid": hashlib.sha1(path.encode()).hexdigest()}


def _one_level(files: dict[str, Blob], prefix: str, inside: list[str]) -> list[dict[str, Any]]:
    here = [files[path].info(path) for path in inside if "/" not in path.removeprefix(prefix)]
    return [
        _folder(each) for each in _folders(inside) if "/" not in each.removeprefix(prefix) and each + "/" != prefix
    ] + here
