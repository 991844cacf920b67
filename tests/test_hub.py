"""Publishing: the real client against a Hub on loopback, with everything going wrong that can."""

import json
import os
import random
import socket
import string
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfalign.dataset.export import export
from selfalign.errors import PublishError, RecipeError
from selfalign.publish import hub as publishing
from selfalign.publish.hub import Destination, Pushed, files_to_push, push, refuse
from selfalign.publish.secrets import find_secret
from tests.fake_hub import READ_ONLY_TOKEN, TOKEN, USER, FakeHub, Fault
from tests.run_fixtures import example, failure, rows_of, write_run

REPO = f"{USER}/sample"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    """A Hub on loopback, a token for it, no waiting between the client's retries, and no way to anywhere else."""
    from huggingface_hub import constants
    from huggingface_hub.utils import _http, close_session

    connect = socket.socket.connect

    def only_loopback(self: socket.socket, address: tuple) -> None:
        assert address[0] == "127.0.0.1", f"a connection to {address}"
        connect(self, address)

    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(socket.socket, "connect", only_loopback)
    monkeypatch.setattr(_http.time, "sleep", lambda _: None)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with FakeHub() as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        close_session()
        yield server
        close_session()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    path = write_run(tmp_path / "run", [example(number) for number in range(12)], {"dataset": {"licence": "mit"}})
    export(path)
    (path / "report.html").write_text("<html>a report</html>")
    return path


def _push(hub: FakeHub, run: Path, repo: str = REPO, **where: object) -> Pushed:
    return push(files_to_push(run), Destination(repo, **where), endpoint=hub.url)


def _sent(run: Path) -> dict[str, bytes]:
    return {file.path: file.local.read_bytes() for file in files_to_push(run)}


def _received(hub: FakeHub, revision: str = "main") -> dict[str, bytes]:
    return {path: data for path, data in hub.files(REPO, revision).items() if path != ".gitattributes"}


def _state(run: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(run.rglob("*")) if path.is_file()}


# --- a push that goes well ----------------------------------------------------------------------------------------


def test_everything_arrives_in_one_commit_in_a_private_repository(hub: FakeHub, run: Path) -> None:
    pushed = _push(hub, run)
    assert _received(hub) == _sent(run)
    assert set(_sent(run)) == {
        "README.md",
        "report.html",
        "engraving/train-00000-of-00001.parquet",
        "full/train-00000-of-00001.parquet",
    }
    assert hub.repos[REPO].private
    assert len(hub.repos[REPO].commits) == 2, "the Hub's own first commit, and ours"
    assert pushed == Pushed(f"{hub.url}/datasets/{REPO}", 4, 0, True)


def test_a_second_push_sends_nothing_and_says_so(hub: FakeHub, run: Path) -> None:
    _push(hub, run)
    before = len(hub.requests)
    pushed = _push(hub, run)
    assert not pushed.has_changed
    assert pushed.url == f"{hub.url}/datasets/{REPO}"
    assert all(request.startswith("GET ") for request in hub.requests[before:])


def test_a_grown_dataset_sends_what_changed_and_removes_files_that_are_too_many(hub: FakeHub, run: Path) -> None:
    _push(hub, run)
    repo = hub.repos[REPO]
    files = dict(repo.commits[repo.refs["main"]])
    files["full/train-00001-of-00002.parquet"] = files["full/train-00000-of-00001.parquet"]
    files["notes/mine.parquet"] = files["full/train-00000-of-00001.parquet"]
    repo.commit("main", files)
    (run / "report.html").write_text("<html>a newer report</html>")
    pushed = _push(hub, run)
    assert (pushed.num_sent, pushed.num_removed) == (1, 1)
    assert set(_received(hub)) == {*_sent(run), "notes/mine.parquet"}


def test_a_report_of_an_earlier_push_is_removed_where_none_is_sent(hub: FakeHub, run: Path) -> None:
    _push(hub, run)
    pushed = push(files_to_push(run, with_report=False), Destination(REPO), endpoint=hub.url)
    assert (pushed.num_sent, pushed.num_removed) == (0, 1)
    assert "report.html" not in _received(hub)
    assert set(_received(hub)) == {path for path in _sent(run) if path != "report.html"}


def test_a_name_without_an_owner_is_ones_own(hub: FakeHub, run: Path) -> None:
    assert _push(hub, run, "sample").url.endswith(f"/datasets/{REPO}")


def test_public_is_public_and_an_existing_public_repository_needs_the_word(hub: FakeHub, run: Path) -> None:
    assert not _push(hub, run, public=True).is_private
    assert not hub.repos[REPO].private
    with pytest.raises(PublishError, match="is a public repository: say --public"):
        _push(hub, run)


def test_an_existing_private_repository_stays_private(hub: FakeHub, run: Path) -> None:
    hub.add_repo(REPO)
    assert _push(hub, run, public=True).is_private


def test_a_revision_is_made_and_main_is_left_alone(hub: FakeHub, run: Path) -> None:
    pushed = _push(hub, run, revision="v2")
    assert _received(hub, "v2") == _sent(run)
    assert _received(hub) == {}
    assert pushed.url == f"{hub.url}/datasets/{REPO}/tree/v2"
    assert not _push(hub, run, revision="v2").has_changed


def test_a_pull_request_holds_the_files_and_is_not_opened_twice(hub: FakeHub, run: Path) -> None:
    pushed = _push(hub, run, create_pr=True)
    assert pushed.url == f"{hub.url}/datasets/{REPO}/discussions/1"
    assert _received(hub, "refs/pr/1") == _sent(run)
    assert _received(hub) == {}
    again = _push(hub, run, create_pr=True)
    assert (again.has_changed, again.url) == (False, pushed.url)
    assert hub.repos[REPO].num_pull_requests == 1


def test_the_pushed_rows_load_from_the_hub_and_serve_as_a_source(hub: FakeHub, run: Path, tmp_path: Path) -> None:
    _push(hub, run)
    script = (
        "import datasets, json\n"
        "from selfalign.propose.source import SourceSpec, read_source\n"
        f"rows = [datasets.load_dataset({REPO!r}, name, split='train').to_list() for name in ('engraving', 'full')]\n"
        f"again = [item.text for item in read_source(SourceSpec({REPO!r}, configuration='full'))]\n"
        "print(json.dumps([*rows, again]))"
    )
    clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environment = {**clean, "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_XET": "1"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    engraving, full, again = json.loads(done.stdout)
    assert [row["id"] for row in full] == [f"p{number:07d}-00" for number in range(12)]
    assert [row["messages"][1]["content"] for row in engraving] == [row["answer"] for row in full]
    assert again == [row["instruction"] for row in full], "a run can take its prompts from there"


# --- a push that goes wrong ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("after_it_was_done", [False, True])
def test_a_connection_that_drops_at_any_request_leaves_nothing_half_done(
    hub: FakeHub, run: Path, after_it_was_done: bool
) -> None:
    _push(hub, run)
    num_requests = len(hub.requests)
    before = _state(run)
    for position in range(num_requests):
        hub.repos.clear()
        hub.storage.clear()
        hub.faults[:] = [Fault(drop=not after_it_was_done, drop_answer=after_it_was_done, after=position)]
        with pytest.raises(PublishError, match=r"the connection to the Hub failed.*run the same command again"):
            _push(hub, run)
        assert REPO not in hub.repos or _received(hub) in ({}, _sent(run))
        hub.faults.clear()
        _push(hub, run)
        assert _received(hub) == _sent(run)
    assert num_requests > 8
    assert _state(run) == before


@pytest.mark.parametrize("at", ["/preupload/", "/objects/batch", "/storage/"])
@pytest.mark.parametrize("fault", [Fault(drop=True, times=2), Fault(status=503, times=2)])
def test_short_trouble_in_the_upload_is_sat_out_by_the_client(hub: FakeHub, run: Path, at: str, fault: Fault) -> None:
    hub.faults.append(Fault(at, status=fault.status, drop=fault.drop, times=fault.times))
    assert _push(hub, run).num_sent == 4
    assert _received(hub) == _sent(run)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Fault("/whoami", status=401, message="Invalid credentials in Authorization header"), "hf auth login"),
        (Fault("/repos/create", status=403, message="Forbidden"), "is it yours"),
        (Fault("/commit/", status=403, message="Forbidden"), "may not write"),
        (Fault("/commit/", status=409, message="Conflict"), "changed at the same time: run the same command again"),
        (Fault("/commit/", status=412, message="Stale"), "changed at the same time"),
        (Fault("/preupload/", status=403, message="Private storage limit reached"), "Private storage limit reached"),
        (Fault("/objects/batch", status=413, message="Quota exceeded"), "too large.*Quota exceeded"),
        (Fault("/commit/", status=402, message="Upgrade"), "wants payment"),
        (Fault("/commit/", status=429, headers={"Retry-After": "7"}), "wait 7 seconds"),
        (Fault("/storage/", status=429, headers={"Retry-After": "7"}), "too many requests"),
        (Fault("/whoami", status=500, message="Oops"), "in trouble: run the same command again later .HTTP 500: Oops"),
        (Fault("/validate-yaml", status=502), "in trouble"),
        (Fault("/commit/", status=500), "in trouble"),
        (Fault("/storage/", status=500), "in trouble"),
        (Fault("/commit/", status=418, message="teapot"), "refused by the Hub .HTTP 418: teapot"),
    ],
    ids=lambda value: f"{value.at.strip('/')} {value.status}" if isinstance(value, Fault) else "",
)
def test_every_refusal_is_one_line_that_says_what_to_do(hub: FakeHub, run: Path, fault: Fault, told: str) -> None:
    before = _state(run)
    hub.faults.append(fault)
    with pytest.raises(PublishError, match=told) as caught:
        _push(hub, run)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 5
    assert _state(run) == before
    hub.faults.clear()
    assert _push(hub, run).num_sent == 4


def test_trouble_while_checking_says_that_it_was_sent(hub: FakeHub, run: Path) -> None:
    hub.faults.append(Fault("/tree/", status=500, after=1))
    with pytest.raises(PublishError, match="it was sent, but could not be checked"):
        _push(hub, run)
    hub.faults.clear()
    assert not _push(hub, run).has_changed


@pytest.mark.parametrize("at", ["/storage/", "/commit/"])
def test_a_file_that_arrives_damaged_is_noticed_and_sent_again(hub: FakeHub, run: Path, at: str) -> None:
    hub.faults.append(Fault(at, corrupt=True, times=1))
    with pytest.raises(
        PublishError, match=r"arrived damaged: (README\.md|.*parquet|report\.html); run the same command"
    ):
        _push(hub, run)
    assert _push(hub, run).num_sent == 1
    assert _received(hub) == _sent(run)


def test_somebody_elses_commit_in_between_is_not_overwritten(hub: FakeHub, run: Path) -> None:
    repo = hub.add_repo(REPO)
    hub.faults.append(Fault("/never"))
    original = publishing._commit

    def commit_late(*arguments: object) -> tuple:
        repo.commit("main", {**repo.commits[repo.refs["main"]]})
        return original(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publishing, "_commit", commit_late)
        with pytest.raises(PublishError, match="changed at the same time"):
            _push(hub, run)


def test_without_a_token_nothing_is_asked(hub: FakeHub, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(PublishError, match="no access token: run `hf auth login`"):
        _push(hub, run)
    assert hub.requests == []


def test_a_token_that_may_only_read_is_noticed_first(hub: FakeHub, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", READ_ONLY_TOKEN)
    with pytest.raises(PublishError, match="may only read"):
        _push(hub, run)
    assert hub.repos == {}


def test_a_repository_of_someone_else_is_refused(hub: FakeHub, run: Path) -> None:
    with pytest.raises(PublishError, match="may not write to other/sample"):
        _push(hub, run, "other/sample")


def test_a_wrong_name_is_refused(hub: FakeHub, run: Path) -> None:
    with pytest.raises(PublishError, match="is no name of a repository"):
        _push(hub, run, "a/b/c")


def test_a_card_that_the_hub_does_not_take_is_refused_before_anything_is_sent(hub: FakeHub, tmp_path: Path) -> None:
    run = _run_of(tmp_path, [example(1)], dataset={"licence": "my own"})
    with pytest.raises(PublishError, match=r'refused by the Hub .HTTP 400: "license" must be one of'):
        _push(hub, run)
    assert hub.storage == {}


def test_a_hub_that_cannot_be_reached_is_one_line(hub: FakeHub, run: Path) -> None:
    with pytest.raises(PublishError, match="the connection to the Hub failed"):
        push(files_to_push(run), Destination(REPO), endpoint="http://127.0.0.1:9")


def test_the_token_is_never_told(hub: FakeHub, run: Path, capfd: pytest.CaptureFixture, caplog) -> None:
    caplog.set_level("INFO")
    for fault in (Fault("/storage/", drop=True), Fault("/commit/", status=403, message=f"token {TOKEN} is bad")):
        hub.faults[:] = [fault]
        with pytest.raises(PublishError) as caught:
            _push(hub, run)
        assert TOKEN not in str(caught.value)
    captured = capfd.readouterr()
    assert TOKEN not in captured.out + captured.err + caplog.text + "".join(hub.requests)
    assert all(TOKEN.encode() not in data for data in _state(run).values())


def test_an_error_of_ours_keeps_its_traceback(hub: FakeHub, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "_compare", lambda *_: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        _push(hub, run)


# --- what stands against publishing -------------------------------------------------------------------------------

SECRETS = {
    "an access token of Hugging Face": "hf_" + "aB3dE5gH7jK9" * 3,
    "an access token of GitHub": "ghp_" + "aB3dE5gH7jK9" * 3,
    "a key of AWS": "AKIA" + "Q7RT2ZLM4N8VWX3P",
    "a key of Google": "AIza" + "aB3dE5gH7jK9mN1pQ3rS5tU7vW9xY1zA2bC",
    "a key of OpenAI or Anthropic": "sk-proj-" + "aB3dE5gH7jK9" * 4,
    "a token of Slack": "xoxb-" + "839201746512-aB3dE5gH7jK9mN1p",
    "a key of Stripe": "sk_live_" + "aB3dE5gH7jK9mN1pQ3rS5t",
    "a private key": "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEowIBAAKCAQEAq3Zx8Lw2" * 4,
    "a signed web token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI5ODc2In0.dBjftJeZ4CVPmB92K27uhbUJU1p1r",
    "a password in an address": "postgres://admin:hunter42secret@db.internal.net/main",
    "a key or password": "api_key = 'q8Zr2Lk9Xw4Tn7Vb3Mc6'",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_well_known_shapes_of_secrets_are_found(kind: str) -> None:
    assert find_secret(f"Use this:\n{SECRETS[kind]} and go on.") == kind


@pytest.mark.parametrize(
    "text",
    [
        "Set password: correct-horse-battery-staple-99 is a bad idea.",
        "api_key = 'YOUR_API_KEY_HERE_1234567890'",
        "AKIAIOSFODNN7EXAMPLE is the key in the documentation.",
        "token = hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "The key: antidisestablishmentarianism, and the secret: floccinaucinihilipilification.",
        "sk-learn and k_live_ are names; https://example.com:8080/a@b is an address.",
        "SHA-256 of the empty text: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "user_authentication_token: the_session_of_the_user_2024",
        "-----BEGIN PRIVATE KEY----- opens such a file.",
    ],
)
def test_what_only_looks_like_a_secret_is_left_alone(text: str) -> None:
    assert find_secret(text) is None


@given(st.text(alphabet=string.ascii_lowercase + " .,:=-_\n'\"", max_size=300))
@settings(max_examples=100)
def test_words_are_no_secrets(text: str) -> None:
    assert find_secret(text) is None


def test_random_keys_are_nearly_always_found() -> None:
    rng = random.Random(1)
    for alphabet, length in ((string.ascii_letters + string.digits, 32), ("0123456789abcdef", 40)):
        keys = ["".join(rng.choices(alphabet, k=length)) for _ in range(500)]
        found = [find_secret(f'"api_key": "{key}"') for key in keys]
        assert found.count("a key or password") >= 490


def _run_of(folder: Path, answered: list, **recipe: object) -> Path:
    path = write_run(folder / "run", answered, {"dataset": {"licence": "mit"}, **recipe})
    export(path)
    return path


def test_rows_with_secrets_are_named_and_the_secret_is_not_repeated(tmp_path: Path) -> None:
    secret = SECRETS["a key of AWS"]
    run = _run_of(tmp_path, [example(1), *(example(number, f"Use {secret}.") for number in range(2, 10))])
    with pytest.raises(PublishError, match=r"p0000002-00 \(answer: a key of AWS\).* more: .*--allow secrets") as caught:
        refuse(run, with_report=False)
    assert secret not in str(caught.value)
    refuse(run, with_report=False, allow=["secrets"])


def test_a_secret_in_a_failed_row_matters_only_with_the_report(tmp_path: Path) -> None:
    run = _run_of(tmp_path, [example(1)])
    with open(run / "outcomes.jsonl", "a") as file:
        file.write(rows_of([replace(failure(2), reply=SECRETS["an access token of GitHub"])]))
    refuse(run, with_report=False)
    with pytest.raises(PublishError, match=r"outcomes\.jsonl:2 .*--no-report"):
        refuse(run)


def test_the_miniatures_rows_need_the_word_demo(tmp_path: Path) -> None:
    run = _run_of(tmp_path, [example(1)], model={"model": "miniature"})
    with pytest.raises(PublishError, match=r"built-in miniature.*--demo"):
        refuse(run)
    refuse(run, allow=["miniature"])


def test_a_card_without_a_licence_is_refused(tmp_path: Path) -> None:
    run = _run_of(tmp_path, [example(1)], dataset={})
    with pytest.raises(PublishError, match=r"set dataset\.licence"):
        refuse(run)
    refuse(run, allow=["licence"])


def test_a_dataset_that_the_run_has_left_behind_is_refused(tmp_path: Path) -> None:
    declined = example(2, "I cannot help with that, sorry.")
    run = _run_of(tmp_path, [example(1), declined, example(3)], balance={"max_refusal_share": 0.1})
    assert (run / "dataset" / "withheld.jsonl").stat().st_size > 0
    refuse(run)
    with open(run / "outcomes.jsonl", "a") as file:
        file.write(rows_of([example(4)]))
    with pytest.raises(PublishError, match=r"1 differ.*selfalign export"):
        refuse(run)
    refuse(run, allow=["outdated"])
    export(run)
    refuse(run)


def test_rows_that_repeat_an_evaluation_prompt_are_named(tmp_path: Path) -> None:
    run = _run_of(tmp_path, [example(1), example(2, text="Explain in your own words why the sky is blue at noon.")])
    prompts = tmp_path / "evaluation.jsonl"
    prompts.write_text(json.dumps({"instruction": "Explain in your own words why the sky is blue at noon."}) + "\n")
    with pytest.raises(PublishError, match=r"p0000002-00 \(.*evaluation\.jsonl:1.*\): repeats an evaluation prompt"):
        refuse(run, decontaminate=[str(prompts)])
    refuse(run, decontaminate=[str(prompts)], allow=["decontamination"])


def test_an_unknown_word_to_allow_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="--allow everything: one of secrets"):
        refuse(tmp_path, allow=["everything"])


def test_a_run_without_a_dataset_is_told_how_to_get_one(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [failure(1)])
    with pytest.raises(PublishError, match="selfalign export"):
        files_to_push(run)


# --- the command --------------------------------------------------------------------------------------------------


def _command(*arguments: str) -> tuple[int, str, str]:
    from typer.testing import CliRunner

    from selfalign.cli import app

    result = CliRunner().invoke(app, ["push", *arguments])
    if isinstance(result.exception, PublishError):
        return result.exception.exit_code, result.stdout, str(result.exception)
    return result.exit_code, result.stdout, result.stderr


def test_a_dry_run_lists_every_file_with_its_size_and_asks_nobody(
    hub: FakeHub, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    code, output, _ = _command(str(run), REPO, "--dry-run")
    assert code == 0
    listed = dict(reversed(line.split()) for line in output.splitlines()[:-1])
    assert {path: int(size.replace(",", "")) for path, size in listed.items()} == {
        path: len(data) for path, data in _sent(run).items()
    }
    assert hub.requests == []


def test_the_command_says_the_address_and_what_was_sent(hub: FakeHub, run: Path) -> None:
    code, output, talk = _command(str(run), REPO)
    assert (code, output.strip()) == (0, f"{hub.url}/datasets/{REPO}")
    assert "4 of 4 files" in talk
    assert "the same files are there already" in _command(str(run), REPO)[2]


def test_public_without_a_terminal_needs_yes(hub: FakeHub, run: Path) -> None:
    code, _, told = _command(str(run), REPO, "--public")
    assert (code, hub.requests) == (5, [])
    assert "say --yes" in told
    assert _command(str(run), REPO, "--public", "--yes")[0] == 0
    assert not hub.repos[REPO].private
