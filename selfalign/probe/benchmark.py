"""Pairs of answers from a file or a dataset on the Hub as probes: a benchmark such as HHH in one command.

The names of the fields are mapped: `better` and `worse` are needed, `prompt` too; `group` names the subset. A benchmark
whose answers differ in length rewards length: in HHH (Askell et al. 2021, arXiv 2112.00861) the longer answer is the
better one in 62.9 % of 221 pairs. So the share of that baseline is shown beside every result.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from selfalign.errors import RecipeError, did_you_mean, one_line
from selfalign.probe.load import Pair, Probe
from selfalign.probe.tally import Share
from selfalign.records import Instruction
from selfalign.rows import read_rows, text_field

FIELDS = ("prompt", "better", "worse", "group")


def parse_fields(given: Sequence[str]) -> dict[str, str]:
    """The field mapping of "better=chosen" arguments; a field that is not given has its own name."""
    fields = {name: name for name in FIELDS}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not value:
            raise RecipeError(f"--field {each}: write it as name=field, for example --field better=chosen")
        if name not in fields:
            raise RecipeError(f"--field {each}: unknown name {name!r}{did_you_mean(name, FIELDS)}")
        fields[name] = value
    return fields


def load_pairs(source: str, fields: Mapping[str, str], *, split: str = "test", limit: int | None = None) -> list[Probe]:
    """The pairs of a file, a `datasets` folder or a dataset on the Hub. Raises `RecipeError` naming file and line."""
    path = Path(source)
    rows = read_rows(path) if path.exists() else _hub_rows(source, split)
    name = path.name if path.exists() else source
    probes = [_probe(f"{name}:{line}", row, fields) for line, row in islice(rows, limit)]
    if not probes:
        raise RecipeError(f"{source}: has no rows")
    return probes


def longer_wins(probes: Sequence[Probe]) -> Share:
    """How often simply the longer answer (in characters) is the better one; equal lengths count as wrong."""
    pairs = [each.prefers for each in probes if each.prefers is not None]
    return Share(sum(len(pair.better) > len(pair.worse) for pair in pairs), len(pairs))


def _probe(where: str, row: Mapping[str, Any], fields: Mapping[str, str]) -> Probe:
    prompt, better, worse = (text_field(row, fields[name], where).strip() for name in FIELDS[:3])
    group = text_field(row, fields["group"], where, required=False)
    return Probe(where, Instruction(where, prompt, "", where), prefers=Pair(better, worse), group=group)


def _hub_rows(source: str, split: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    import datasets

    name, _, configuration = source.partition(":")
    try:
        yield from enumerate(datasets.load_dataset(name, configuration or None, split=split, streaming=True), start=1)
    except Exception as error:  # the library raises whatever its readers, the Hub's client and fsspec raise
        raise RecipeError(f"--tests {source}: no such file, and not loaded from the Hub ({one_line(error)})") from error
