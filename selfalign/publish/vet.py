"""What stands against publishing a dataset, before any of it leaves the machine.

    secrets          text that looks like an access token, a key or a password
    miniature        rows of the built-in demo model
    decontamination  rows that repeat an evaluation prompt
    licence          a card without one
    outdated         a run whose examples are others since the dataset was exported

Each objection can be accepted by its name. The rows are read from the Parquet files, because those are what goes.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from selfalign.dataset.card import is_miniature
from selfalign.dataset.export import CARD
from selfalign.dataset.summary import read_summary, read_withheld
from selfalign.errors import PublishError, RecipeError
from selfalign.records import Example
from selfalign.rows import read_rows
from selfalign.run import directory as rundir

OBJECTIONS = ("secrets", "miniature", "decontamination", "licence", "outdated")

_TEXTS = ("instruction", "context", "thought", "answer")
_NAMED_ROWS = 5

# Shapes that their issuers document. The cue must stand in a text before its pattern is tried.
_SHAPES = {
    "an access token of Hugging Face": ("hf_", r"\bhf_[A-Za-z0-9]{30,}"),
    "an access token of GitHub": ("gh", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})"),
    "an access token of GitLab": ("glpat-", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    "a key of OpenAI or Anthropic": ("sk-", r"\bsk-(?:ant-|proj-|svcacct-)?[A-Za-z0-9_-]{32,}"),
    "a key of AWS": ("IA", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a key of Google": ("AIza", r"\bAIza[A-Za-z0-9_-]{35}"),
    "a token of Slack": ("xox", r"\bxox[abeoprs]-[0-9]{8,}-[A-Za-z0-9-]{10,}"),
    "a key of Stripe": ("k_live_", r"\b[rs]k_live_[A-Za-z0-9]{20,}"),
    "a key of SendGrid": ("SG.", r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    "a token of npm": ("npm_", r"\bnpm_[A-Za-z0-9]{36}"),
    "a token of PyPI": ("pypi-", r"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}"),
    "a signed web token": ("eyJ", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}"),
    "a private key": ("PRIVATE KEY", r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s*[A-Za-z0-9+/=\\n\s]{60,}"),
    "a password in an address": (
        "://",
        r"\b[a-z][a-z0-9+]{1,15}://[^\s:/@]{1,40}:(?=[^\s/@]*\d)[^\s:/@]{8,60}@[\w-]+\.\w",
    ),
}
_PATTERNS = {kind: (cue, re.compile(pattern)) for kind, (cue, pattern) in _SHAPES.items()}
_ASSIGNED = re.compile(
    r"\b(?:api[_-]?key|access[_-]?key|secret(?:[_-]?key)?|auth[_-]?token|access[_-]?token|token|passwd|password)"
    r"[\"']?\s{0,3}(?:=|:)\s{0,3}[\"']?([A-Za-z0-9+/_.=-]{20,120})",
    re.IGNORECASE,
)
_ASSIGNED_CUES = ("key", "secret", "token", "passw")
_PLACEHOLDER = re.compile(
    r"example|your|placeholder|dummy|sample|redacted|insert|([x0*.])\1{4}|0123456|abcdef|123456", re.IGNORECASE
)
_HEXADECIMAL = re.compile(r"[0-9a-f]{32,}|[0-9A-F]{32,}")
# Entropy in bits per character: random letters and digits have above 3.6 from 20 characters on (99 % of them), and
# hexadecimal above 3.2 from 32 on. Words and numbers can reach that too, but do not alternate all the time.
_RANDOM_BITS, _RANDOM_HEX_BITS = 3.6, 3.2
_LEAST_CHANGES, _LEAST_TURNS = 3, 0.45


@dataclass(frozen=True, slots=True)
class Objection:
    """One reason not to publish; `name` is what accepts it."""

    name: str
    text: str


def object_to(run_path: Path, dataset: Path, *, with_report: bool, decontaminate: Sequence[str]) -> Iterator[Objection]:
    """Every objection against publishing a run's dataset (and its report, which shows rejected and failed rows too).

    `decontaminate` are files of evaluation prompts. Raises `PublishError` where the dataset cannot be read,
    `RunDirError` where the journals cannot, `RecipeError` where a file of prompts cannot.
    """
    recipe = rundir.read_recipe(run_path)
    if "license" not in read_header(dataset / CARD):
        yield Objection("licence", "its card names no licence: set dataset.licence in the recipe and export again")
    if is_miniature(recipe):
        yield Objection("miniature", "it was made by the built-in miniature, which only demonstrates: say --demo")
    if num_other := _num_other_examples(run_path, dataset):
        yield Objection(
            "outdated",
            f"the run's examples are not those of its dataset ({num_other:,} differ): run `selfalign export` first",
        )
    if rows := list(_rows_with_secrets(dataset)):
        yield Objection("secrets", f"{_named(rows)}: text that looks like a secret; remove it, or accept it by name")
    if with_report and (rows := list(_report_secrets(run_path))):
        yield Objection(
            "secrets",
            f"{_named(rows)}: text that looks like a secret, shown by the report only: leave it out (--no-report)",
        )
    files = tuple(decontaminate) or tuple(recipe.get("decontaminate") or ())
    if files and (rows := list(_contaminated(dataset, files, recipe))):
        yield Objection("decontamination", f"{_named(rows)}: repeats an evaluation prompt")


def find_secret(text: str) -> str | None:
    """What kind of secret a text seems to hold, or None; well-known shapes, and random strings given as a key.

    Errs towards silence: names that say "example" and strings without randomness are placeholders.
    """
    for kind, (cue, pattern) in _PATTERNS.items():
        if cue in text and any(not _PLACEHOLDER.search(found[0]) for found in pattern.finditer(text)):
            return kind
    lowered = text.lower()
    if any(cue in lowered for cue in _ASSIGNED_CUES):
        for found in _ASSIGNED.finditer(text):
            if _is_random(found[1]):
                return "a key or password"
    return None


def read_header(card: Path) -> dict[str, object]:
    """The metadata of a card. Raises `PublishError` where there is no card or no metadata."""
    try:
        content = yaml.safe_load(card.read_text(encoding="utf-8").split("---\n")[1])
    except FileNotFoundError:
        how = f"make it with `selfalign export {card.parent.parent}`"
        raise PublishError(f"{card.parent}: no dataset here; {how}") from None
    except (OSError, ValueError, IndexError, yaml.YAMLError) as error:
        raise PublishError(f"{card}: its YAML header cannot be read; make it again with `selfalign export`") from error
    return content if isinstance(content, dict) else {}


def dataset_rows(dataset: Path) -> Iterator[dict[str, Any]]:
    """Every row with all that is known of it, as it will be published. Raises `PublishError` on a damaged file."""
    for path in sorted((dataset / "full").glob("*.parquet")):
        try:
            yield from (row for _, row in read_rows(path))
        except RecipeError as error:
            raise PublishError(f"{error}; make it again with `selfalign export`") from error


def _num_other_examples(run_path: Path, dataset: Path) -> int:
    """How many examples are in the journal or in the dataset (its rows and what it withholds), but not in both."""
    if read_summary(run_path):
        return 0
    journalled = {item.instruction_id for item in rundir.read_outcomes(run_path) if isinstance(item, Example)}
    exported = {row["id"] for row in dataset_rows(dataset)} | read_withheld(run_path).keys()
    return len(journalled ^ exported)


def _rows_with_secrets(dataset: Path) -> Iterator[str]:
    if kind := find_secret((dataset / CARD).read_text(encoding="utf-8")):
        yield f"{CARD} ({kind})"
    for row in dataset_rows(dataset):
        for column in _TEXTS:
            if kind := find_secret(row[column]):
                yield f"{row['id']} ({column}: {kind})"


def _report_secrets(run_path: Path) -> Iterator[str]:
    for name in (rundir.ROUNDS, rundir.OUTCOMES):
        with open(run_path / name, encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file, start=1):
                if kind := find_secret(line):
                    yield f"{name}:{number} ({kind})"


def _contaminated(dataset: Path, files: tuple[str, ...], recipe: dict) -> Iterator[str]:
    from selfalign.novelty.decontaminate import Decontaminator
    from selfalign.novelty.index import NoveltySpec

    find = Decontaminator(files, NoveltySpec(**(recipe.get("novelty") or {}))).find
    for row in dataset_rows(dataset):
        if place := find(row["instruction"], row["context"]):
            yield f"{row['id']} ({place})"


def _named(rows: Sequence[str]) -> str:
    more = f" and {len(rows) - _NAMED_ROWS:,} more" if len(rows) > _NAMED_ROWS else ""
    return ", ".join(rows[:_NAMED_ROWS]) + more


def _is_random(value: str) -> bool:
    if _PLACEHOLDER.search(value):
        return False
    bits = -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())
    if _HEXADECIMAL.fullmatch(value):
        return bits >= _RANDOM_HEX_BITS
    changes = len(re.findall(r"[A-Za-z](?=\d)|\d(?=[A-Za-z])", value))
    turns = changes + len(re.findall(r"[a-z](?=[A-Z])|[A-Z](?=[a-z])", value))
    return bits >= _RANDOM_BITS and (changes >= _LEAST_CHANGES or turns >= _LEAST_TURNS * len(value))
