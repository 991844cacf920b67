"""The rows of the report: compressed parts that the page decodes one by one, and the index it filters by.

A part holds up to `ROWS_PER_PART` rows of one kind ("examples", "failed", "rejected"). The index holds what the filters
need of every row, so that only the parts with rows on the screen are ever decoded; a search for text reads them all.
"""

import base64
import gzip
import json
from collections.abc import Sequence
from typing import IO, Any

ROWS_PER_PART = 256
CHARACTERS_PER_PART = 1_000_000

KINDS = ("examples", "failed", "rejected")


class PartWriter:
    """Takes rows kind by kind and writes the finished parts to `spool` as inert `<script>` elements."""

    def __init__(self, spool: IO[bytes]) -> None:
        self._spool = spool
        # Of each kind: the parts that hold it (number, rows), and columns with one number per row.
        self._kinds: dict[str, dict[str, list]] = {
            kind: {"parts": [], "reason": [], "cites": [], "flags": [], "margin": []} for kind in KINDS
        }
        self._combinations: dict[tuple[str, ...], int] = {}
        self._reasons: dict[str, int] = {}
        self._rows: list[str] = []
        self._num_characters = 0
        self._num_parts = 0
        self._kind = KINDS[0]

    def add(
        self,
        kind: str,
        row: dict[str, Any],
        *,
        reason: str = "",
        cites: Sequence[str] = (),
        flags: Sequence[str] = (),
        margin: float | None = None,
    ) -> None:
        """One row, and what it is filtered and ordered by: its reason, the principles (ids) it cites, the checks that
        flag it, and how far the judge's score is from the threshold."""
        if kind != self._kind:
            self._finish_part()
            self._kind = kind
        columns = self._kinds[kind]
        columns["reason"].append(self._reasons.setdefault(reason, len(self._reasons)))
        for column, names in (("cites", tuple(cites)), ("flags", tuple(flags))):
            columns[column].append(self._combinations.setdefault(names, len(self._combinations)))
        columns["margin"].append(margin)
        self._rows.append(json.dumps(row, separators=(",", ":")))
        self._num_characters += len(self._rows[-1])
        if len(self._rows) == ROWS_PER_PART or self._num_characters >= CHARACTERS_PER_PART:
            self._finish_part()

    def close(self) -> dict[str, Any]:
        """Finish the last part; returns the index, with margins only of kinds that have some."""
        self._finish_part()
        for columns in self._kinds.values():
            if all(margin is None for margin in columns["margin"]):
                del columns["margin"]
        return {"reasons": list(self._reasons), "combinations": list(self._combinations), "kinds": self._kinds}

    def _finish_part(self) -> None:
        if not self._rows:
            return
        content = base64.b64encode(gzip.compress(f"[{','.join(self._rows)}]".encode(), 5, mtime=0))
        self._spool.write(b'<script type="text/plain" id="part-%d">%b</script>\n' % (self._num_parts, content))
        self._kinds[self._kind]["parts"].append((self._num_parts, len(self._rows)))
        self._num_parts += 1
        self._rows, self._num_characters = [], 0
