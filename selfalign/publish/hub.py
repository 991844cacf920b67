"""A dataset goes to the Hub: Parquet, card and report in one commit, then the check that what arrived is what was sent.

huggingface_hub does the talking, with its own retries and its own places for the access token. What it raises becomes
one `PublishError` in one place (`_plainly`). Nothing here writes to the run, so the same command can be given again:
what is there already is not sent twice.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfalign.dataset.export import CARD, CONFIGURATIONS
from selfalign.dataset.summary import FOLDER
from selfalign.errors import PublishError, RecipeError, first_line, one_line
from selfalign.publish.vet import OBJECTIONS, object_to, read_header
from selfalign.report import FILE as REPORT

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_NUM_PULL_REQUESTS = 20


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file as it will be published: its path in the repository, and what the Hub will know it by."""

    path: str
    local: Path
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did: files sent, and files of an earlier dataset removed; both 0 where all was there already."""

    url: str
    num_sent: int
    num_removed: int
    is_private: bool

    @property
    def has_changed(self) -> bool:
        """Whether there was anything to do."""
        return bool(self.num_sent or self.num_removed)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a dataset goes: a repository ("user/name", or "name" for one's own), a branch, or a pull request."""

    repo: str
    public: bool = False
    revision: str | None = None
    create_pr: bool = False


def files_to_push(run_path: Path, *, with_report: bool = True) -> list[LocalFile]:
    """What a push would publish, in order. Raises `PublishError` where there is no dataset, or it cannot be read."""
    dataset = run_path / FOLDER
    read_header(dataset / CARD)
    found = [dataset / CARD, *(path for name in CONFIGURATIONS for path in sorted((dataset / name).glob("*.parquet")))]
    places = [(str(path.relative_to(dataset)), path) for path in found]
    if with_report and (run_path / REPORT).is_file():
        places.append((REPORT, run_path / REPORT))
    try:
        return [_hashed(name, path) for name, path in places]
    except OSError as error:
        raise PublishError(f"{error.filename}: cannot be read ({error.strerror})") from error


def refuse(
    run_path: Path, *, allow: Sequence[str] = (), with_report: bool = True, decontaminate: Sequence[str] = ()
) -> None:
    """Raise `PublishError` with the first objection against publishing that `allow` does not name.

    Raises `RecipeError` where `allow` names something else, and where a file of evaluation prompts cannot be read.
    """
    for name in allow:
        if name not in OBJECTIONS:
            raise RecipeError(f"--allow {name}: one of {', '.join(OBJECTIONS)}")
    for objection in object_to(run_path, run_path / FOLDER, with_report=with_report, decontaminate=decontaminate):
        if objection.name not in allow:
            raise PublishError(f"not published: {objection.text} (--allow {objection.name})")


def push(files: Sequence[LocalFile], destination: Destination, *, endpoint: str | None = None) -> Pushed:
    """Publish `files` in one commit and check what arrived. Raises `PublishError`; nothing is half visible.

    Files that the repository has already are not sent; what an earlier push left there and this one does not have
    (Parquet files, a report) is removed in the same commit. A repository is created where there is none, private unless
    `public`.
    """
    from huggingface_hub import HfApi, get_token

    token = get_token()
    if token is None:
        raise PublishError("no access token: run `hf auth login`, or set HF_TOKEN (a token that may write)")
    api = HfApi(endpoint=endpoint, token=token)
    with _plainly(destination.repo, token):
        repo = _full_name(api, destination.repo)
        is_private = _ensure_repository(api, repo, destination.public)
        url = f"{api.endpoint}/datasets/{repo}"
        target = destination.revision or "main"
        if target != "main" and not target.startswith("refs/") and not destination.create_pr:
            api.create_branch(repo, branch=target, repo_type="dataset", exist_ok=True)
        for revision in (target, *(_pull_requests(api, repo) if destination.create_pr else ())):
            head, wrong, stale = _compare(api, repo, revision, files)
            if not wrong and not stale:
                return Pushed(_url_of(url, revision), 0, 0, is_private)
            if revision == target:
                parent, to_send, to_remove = head, wrong, stale
        where, revision = _commit(api, repo, destination, parent, to_send, to_remove)
    with _plainly(destination.repo, token, "it was sent, but could not be checked"):
        _, wrong, stale = _compare(api, repo, revision, files)
    if wrong or stale:
        names = ", ".join([file.path for file in wrong] + stale)
        raise PublishError(f"{repo}: arrived damaged: {names}; run the same command again to send them once more")
    return Pushed(where or _url_of(url, target), len(to_send), len(to_remove), is_private)


def _full_name(api: "HfApi", repo: str) -> str:
    """The repository with its owner; the token is asked what it may do before anything is made."""
    me = api.whoami()
    role = ((me.get("auth") or {}).get("accessToken") or {}).get("role")
    if role == "read":
        raise PublishError("the access token may only read: make one that may write, then run `hf auth login` with it")
    return repo if "/" in repo else f"{me['name']}/{repo}"


def _ensure_repository(api: "HfApi", repo: str, public: bool) -> bool:
    """Create the repository where there is none; returns whether it is private."""
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        is_private = bool(api.repo_info(repo, repo_type="dataset").private)
    except RepositoryNotFoundError:
        api.create_repo(repo, repo_type="dataset", private=not public, exist_ok=True)
        return not public
    if not is_private and not public:
        raise PublishError(f"{repo} is a public repository: say --public if that is meant, or name another")
    return is_private


def _compare(
    api: "HfApi", repo: str, revision: str, files: Sequence[LocalFile]
) -> tuple[str | None, list[LocalFile], list[str]]:
    """The head of a revision, the files that are not there as they are here, and files of an earlier push that no
    longer belong: Parquet files that are too many, and a report where none is sent."""
    head = api.repo_info(repo, repo_type="dataset", revision=revision).sha
    there = {
        item.path: item
        for item in api.list_repo_tree(repo, repo_type="dataset", revision=revision, recursive=True)
        if hasattr(item, "size")
    }
    wrong = [file for file in files if not _is_same(file, there.get(file.path))]
    ours = {file.path for file in files}
    folders = tuple(f"{name}/" for name in CONFIGURATIONS)
    made = {path for path in there if path == REPORT or (path.startswith(folders) and path.endswith(".parquet"))}
    return head, wrong, sorted(made - ours)


def _is_same(file: LocalFile, remote: Any) -> bool:
    if remote is None or remote.size != file.size:
        return False
    if remote.lfs:
        return remote.lfs.sha256 == file.sha256
    content = b"blob %d\0" % file.size + file.local.read_bytes()  # small: it is no LFS file
    return remote.blob_id == hashlib.sha1(content, usedforsecurity=False).hexdigest()


def _pull_requests(api: "HfApi", repo: str) -> Iterator[str]:
    """The newest pull requests: one of them may hold these very files already."""
    refs = api.list_repo_refs(repo, repo_type="dataset", include_pull_requests=True).pull_requests or []
    newest = sorted(refs, key=lambda ref: int(ref.ref.rsplit("/", 1)[-1]), reverse=True)
    return (ref.ref for ref in newest[:_NUM_PULL_REQUESTS])


def _commit(
    api: "HfApi",
    repo: str,
    destination: Destination,
    parent: str | None,
    to_send: Sequence[LocalFile],
    to_remove: Sequence[str],
) -> tuple[str | None, str]:
    """One commit; returns the pull request's address where one was made, and the revision to check."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    operations = [CommitOperationAdd(file.path, file.local) for file in to_send]
    commit = api.create_commit(
        repo,
        [*operations, *(CommitOperationDelete(path) for path in to_remove)],
        commit_message="Dataset made by selfalign",
        repo_type="dataset",
        revision=destination.revision,
        create_pr=destination.create_pr,
        # Refused where somebody else has committed since we looked.
        parent_commit=parent,
    )
    return commit.pr_url, commit.pr_revision or commit.oid


def _url_of(url: str, revision: str) -> str:
    if revision.startswith("refs/pr/"):
        return f"{url}/discussions/{revision.rsplit('/', 1)[-1]}"
    return url if revision == "main" else f"{url}/tree/{revision}"


def _hashed(name: str, path: Path) -> LocalFile:
    with open(path, "rb") as file:
        return LocalFile(name, path, path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


@contextmanager
def _plainly(repo: str, token: str, so_far: str = "nothing was published") -> Iterator[None]:
    """Whatever the client or the network raises, as one line: what happened, and what to do."""
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        yield
    except PublishError:
        raise
    except Exception as error:
        # An upload wraps its true cause.
        cause = next((each for each in _chain(error) if isinstance(each, HfHubHTTPError)), error)
        if isinstance(cause, HfHubHTTPError):
            why = _answer_of_the_hub(cause, repo)
        elif isinstance(cause, HFValidationError):
            why = f"{repo!r} is no name of a repository (user/name)"
        elif network := next((each for each in _chain(error) if _is_of_network(each)), None):
            why = f"the connection to the Hub failed ({first_line(network)}); run the same command again"
        elif isinstance(error, ValueError):
            why = one_line(error)
        else:
            raise
        # The token is not supposed to be in there; a server that echoes it must not make us print it.
        raise PublishError(f"{repo}: {so_far}: {why}".replace(token, "***")) from None


def _answer_of_the_hub(error: Any, repo: str) -> str:
    status = error.response.status_code
    said = first_line(getattr(error, "server_message", None) or "")
    again = "run the same command again"
    meanings: dict[int, str] = {
        401: "the Hub does not accept the access token: run `hf auth login`",
        402: "the Hub wants payment or more storage for this",
        403: f"the access token may not write to {repo}: is it yours, and may the token write?",
        404: f"no such repository, or no access to it: {repo}",
        409: f"the repository changed at the same time: {again}",
        412: f"the repository changed at the same time: {again}",
        413: "too large for the Hub",
        429: f"too many requests: wait {error.response.headers.get('retry-after', 'some')} seconds, then {again}",
    }
    meaning = meanings.get(status) or (
        f"the Hub is in trouble: {again} later" if status >= 500 else "refused by the Hub"
    )
    return f"{meaning} (HTTP {status}{': ' + said if said else ''})"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it was raised from; not what happened to be handled at the time."""
    while error is not None:
        yield error
        error = error.__cause__


def _is_of_network(error: BaseException) -> bool:
    """Whether an error comes from below the client: sockets, TLS, or one of the HTTP libraries it has used."""
    library = type(error).__module__.split(".")[0]
    return isinstance(error, OSError) or library in ("httpx", "httpx2", "httpcore", "httpcore2", "requests", "hf_xet")
