"""The rows that the judge is least sure of, a queue for people, and the file in which they can be labelled."""

import heapq
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from selfalign.dataset.judged import nearest_to_the_line
from selfalign.errors import RunDirError
from selfalign.records import Example
from selfalign.rows import written_whole

Doubtful = tuple[Example, str]
"""A row, and the principle (its id) that it is in doubt by: its weakest."""


def most_uncertain(path: Path, rows: Iterable[Example], limit: int) -> list[Doubtful]:
    """Of these rows of a run, the `limit` nearest to the judge's threshold, the nearest first."""
    rank = {id_: (number, principle) for number, (_, id_, principle) in enumerate(nearest_to_the_line(path))}
    judged = (row for row in rows if row.instruction_id in rank)
    nearest = heapq.nsmallest(limit, judged, key=lambda row: rank[row.instruction_id])
    return [(row, rank[row.instruction_id][1]) for row in nearest]


def refuse_existing(file: Path) -> None:
    """Raise `RunDirError` where the file is there already, which may hold somebody's labels."""
    if file.exists():
        raise RunDirError(f"{file}: is there already and may hold labels; name another file")


def write_to_label(rows: Iterable[Doubtful], file: Path, argued: Mapping[str, Mapping[str, str]]) -> None:
    """Write the rows as JSON lines to be labelled, each by its weakest principle (`judge.labels` reads them back), with
    the arguments on both sides of those that are in `argued`.

    Raises `RunDirError` where the file is there already or cannot be written.
    """
    refuse_existing(file)
    with written_whole(file) as write:
        for row, principle in rows:
            asked = {"id": row.instruction_id, "user": row.instruction.user_turn, "answer": row.answer}
            asked |= {"principle": principle, **argued.get(row.instruction_id, {}), "label": None}
            write(json.dumps(asked, ensure_ascii=False))
