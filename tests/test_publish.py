"""What stands against publishing: secrets in anything that goes, and whatever would tell of this machine."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from selfalign.dataset.export import export
from selfalign.errors import PublishError
from selfalign.publish.hub import files_to_push, refuse
from selfalign.publish.secrets import find_secret
from selfalign.records import Rejection, RejectionReason, Round, Usage
from selfalign.report import page_texts, write_report
from selfalign.rows import read_rows
from tests.run_fixtures import MANIFEST, example, failure, rows_of, write_run


def _run_of(folder: Path, answered: list, **recipe: object) -> Path:
    path = write_run(folder / "run", answered, {"dataset": {"licence": "mit"}, **recipe})
    export(path)
    return path


SETTING = "Put this into your .env file:\n\nDB_HOST=localhost\nDB_PASSWORD=%s\n\nThen restart the server."


@pytest.mark.parametrize("password", ["hunter2", "Tr0ub4dor&3", "'p9!kLm22'", "qwertzuiop-91"])
def test_passwords_in_settings_are_found(tmp_path: Path, password: str) -> None:
    run = _run_of(tmp_path, [example(1), example(2, SETTING % password)])
    with pytest.raises(PublishError, match=r"p0000002-00 \(answer: a password in a setting\)") as caught:
        refuse(run, with_report=False)
    assert password not in str(caught.value)


@pytest.mark.parametrize(
    "value", ["your_password", "<password>", "${DB_PASSWORD}", "mysecretpassword123", "changeme", "xxxxxxxx", "example"]
)
def test_what_examples_hold_in_a_passwords_place_is_no_secret(value: str) -> None:
    assert find_secret(SETTING % value) is None


@pytest.mark.parametrize(
    "text",
    [
        "Set password: correct-horse-battery-staple-99 is a bad idea.",
        "PASSWORD: choose a long one, and never share it with anyone.",
        'password = input("Password: ")',
        "def login(user, password=None, secret=settings.KEY):",
        "SECRET_KEY = os.environ['SECRET_KEY']",
    ],
)
def test_prose_and_programs_about_passwords_are_no_secrets(text: str) -> None:
    assert find_secret(text) is None


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("a token of Telegram", "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"),
        ("a key of Mailchimp", "343ea45721923ed956e2b38c31db76aa-us30"),
        ("an access token of Hugging Face", "hf_" + "aB3dE5gH7jK9" * 3),
    ],
)
def test_shapes_that_the_detectors_know_are_found(kind: str, text: str) -> None:
    assert find_secret(f"Use {text} for it.") in (kind, "a key or password")


def test_secrets_are_looked_for_in_the_finished_page(tmp_path: Path) -> None:
    stopped = replace(failure(2), reply="Here:\nDB_PASSWORD=Tr0ub4dor&3\n")
    run = _run_of(tmp_path, [example(1), stopped])
    write_report(run)
    with pytest.raises(PublishError, match=r"report\.html: p0000002-00 \(a password in a setting\).*--no-report"):
        refuse(run)
    refuse(run, with_report=False)


def test_a_damaged_page_is_said_to_be_one(tmp_path: Path) -> None:
    run = _run_of(tmp_path, [example(1)])
    page = write_report(run)
    page.write_text(page.read_text().replace('id="part-0">H4sI', 'id="part-0">AAAA'))
    with pytest.raises(PublishError, match=r"report\.html: damaged .*selfalign report"):
        refuse(run)


def _everything(run: Path) -> str:
    """All that a push would send, compressed parts unpacked, and the names of the files."""
    texts = []
    for file in files_to_push(run):
        texts += [file.path, file.local.read_bytes().decode("utf-8", "replace")]
        if file.path.endswith(".parquet"):
            texts += [str(row) for _, row in read_rows(file.local)]
        if file.path.endswith(".html"):
            texts += [json.dumps(held) for _, held in page_texts(file.local)]
    return "\n".join(texts)


def test_nothing_that_is_pushed_tells_a_folder_or_a_user_of_this_machine(tmp_path: Path) -> None:
    home = "/home/jane.doe/acme-takeover"
    evaluation = tmp_path / "jane.doe" / "acme-takeover" / "eval" / "prompts.jsonl"
    evaluation.parent.mkdir(parents=True)
    evaluation.write_text('{"prompt": "Why is the sky blue?"}\n')
    recipe = {
        "dataset": {"licence": "mit"},
        "model": {"model": f"{home}/models/base-7b", "engine": {"download_dir": f"{home}/cache"}},
        "seeds": ["default", f"{home}/seeds.jsonl", "~jane.doe/acme-takeover/more.jsonl"],
        "constitution": f"{home}/house-rules.yaml",
        "decontaminate": [str(evaluation)],
        "propose": {"target": 10, "source": {"path": f"{home}/prompts.parquet"}},
    }
    manifest = {**MANIFEST, "model": recipe["model"]["model"], "seeds": recipe["seeds"]}
    asked = replace(example(1), instruction=replace(example(1).instruction, source=f"{home}/prompts.parquet:7"))
    broken = replace(failure(2), detail=f"cannot read {home}/models/base-7b/config.json")
    path = write_run(tmp_path / "jane.doe" / "acme-takeover" / "run", [asked, broken], recipe, manifest)
    rejection = Rejection("Name it.", "", RejectionReason.CONTAMINATED, detail=f"{home}/eval/prompts.jsonl:17")
    with open(path / "rounds.jsonl", "a") as file:
        file.write(rows_of([Round(9, (), (), (rejection,), Usage())]))
    export(path)
    write_report(path)
    sent = _everything(path)
    for telling in ("jane", "acme", "/home", str(tmp_path)):
        assert telling not in sent, telling
    for kept in ("base-7b", "seeds.jsonl", "prompts.jsonl:17", "prompts.parquet:7", "house-rules.yaml"):
        assert kept in sent, kept
    prompts = tmp_path / "prompts.jsonl"
    prompts.write_text('{"prompt": "Why is the sky blue?"}\n')
    refuse(path, decontaminate=[str(prompts)])


def test_a_report_of_an_earlier_version_that_tells_folders_is_refused(tmp_path: Path) -> None:
    run = _run_of(tmp_path, [example(1)], seeds=["/home/jane.doe/acme/seeds.jsonl"])
    page = write_report(run)
    page.write_text(page.read_text().replace("seeds.jsonl", "/home/jane.doe/acme/seeds.jsonl"))
    with pytest.raises(PublishError, match=r"report\.html: facts: names a folder of this machine.*selfalign report"):
        refuse(run)
    write_report(run)
    refuse(run)
