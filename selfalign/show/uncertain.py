"""The rows that the judge is least sure of, a queue for people, and the file in which they can be labelled."""

import heapq
import json
from collections.abc import Iterable
from pathlib import Path

from selfalign.dataset.judged import nearest_to_the_line
from selfalign.errors import RunDirError
from selfalign.records import Example
from selfalign.rows import written_whole


def most_uncertain(path: Path, rows: Iterable[Example], limit: int) -> list[Example]:
    """Of these rows of a run, the `limit` nearest to the judge's threshold, the nearest first."""
    rank = {id_: number for number, (_, id_, _) in enumerate(nearest_to_the_line(path))}
    judged = (row for row in rows if row.instruction_id in rank)
    return heapq.nsmallest(limit, judged, key=lambda row: rank[row.instruction_id])


def write_to_label(path: Path, rows: Iterable[Example], file: Path) -> None:
    """Write the rows as JSON lines to be labelled, each by its weakest principle (`judge.labels` reads them back).

    Raises `RunDirError` where the file is there already, which may hold somebody's labels, or cannot be written.
    """
    if file.exists():
        raise RunDirError(f"{file}: is there already and may hold labels; name another file")
    principle_of = {id_: principle for _, id_, principle in nearest_to_the_line(path)}
    with written_whole(file) as write:
        for row in rows:
            asked = {"id": row.instruction_id, "user": row.instruction.user_turn, "answer": row.answer}
            asked |= {"principle": principle_of[row.instruction_id], "label": None}
            write(json.dumps(asked, ensure_ascii=False))
