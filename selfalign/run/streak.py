"""A run in which everything fails has nothing to finish: what fails in the same way again and again stops it."""

from selfalign.errors import RunStalled

MAX_ALIKE = 50
"""Answers, or proposals, that may fail in the same way one after the other before the run stops."""


class Streak:
    """Counts failures of one kind in a row. Raises `RunStalled`, with an example, where it finds `MAX_ALIKE`."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._kind: str | None = None
        self._length = 0

    def note(self, kind: str | None, example: str = "") -> None:
        """Take in one result: the kind of its failure, or None where it is none."""
        self._length = self._length + 1 if kind == self._kind else 1
        self._kind = kind
        if kind is not None and self._length >= MAX_ALIKE:
            raise RunStalled(
                f"{MAX_ALIKE} {self._what} in a row failed in the same way ({kind}), the last one with "
                f"{example[:200]!r}: look at the prompt (`selfalign show RECIPE`) and at model.style"
            )
