"""Every error a user can cause or meet, with the exit code it ends in.

    SelfAlignError            1   never raised itself
    +-- RecipeError           2   a recipe, flag, seed file, constitution or data file is wrong
    +-- RunDirError           3   an output folder cannot be used, read or written
    |   +-- RunChanged        3   ... because another recipe made it
    +-- EngineError           4   the engine could not do its work
    |   +-- EngineStartError  4   ... did not start: unknown model, bad argument, no memory
    |   +-- EngineDied        4   ... stopped in the middle of a run
    |   +-- RunStalled        4   ... or answers, but nothing that it says can be used
    +-- PublishError          5   the Hub, or our own checks before it, refused

Each message is one line: what, where (file, line, key), what to do. Bugs are not in this tree and keep
their traceback. Two are no user errors: `PromptRefused` becomes a `Failure`, `RequestFailed` is tried again.
"""

import difflib
from collections.abc import Iterable

MAX_LINE = 300
"""Characters: what another program says about an error is cut behind these."""


def one_line(said: object) -> str:
    """An exception or a text on one line of bounded length; the exception's class where it says nothing."""
    line = " ".join(str(said).split()) or type(said).__name__
    return line if len(line) <= MAX_LINE else f"{line[: MAX_LINE - 3]}..."


def first_line(said: object) -> str:
    """The first line of an exception or a text, of bounded length; the exception's class where it says nothing."""
    line = next((line.strip() for line in str(said).splitlines() if line.strip()), "")
    return line[:MAX_LINE] or (type(said).__name__ if isinstance(said, BaseException) else "")


def did_you_mean(wrong: str, valid: Iterable[str]) -> str:
    """The end of a complaint about a name: the nearest valid one, or all of them."""
    valid = list(valid)
    close = difflib.get_close_matches(wrong, valid, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(valid)}"


class SelfAlignError(Exception):
    """An error with one clear line for the user; `exit_code` is what the command ends with."""

    exit_code = 1


class RecipeError(SelfAlignError):
    """Something the user wrote or named is wrong: recipe, flag, seeds, constitution, data file."""

    exit_code = 2


class RunDirError(SelfAlignError):
    """A run directory is locked, foreign, unreadable, unwritable, or the disk under it is full."""

    exit_code = 3


class RunChanged(RunDirError):
    """A run directory belongs to another recipe, other seeds or another constitution."""


class EngineError(SelfAlignError):
    """The engine could not do its work."""

    exit_code = 4


class EngineStartError(EngineError):
    """The engine did not start: no vLLM, an unknown model, an argument it refuses, no memory."""


class EngineDied(EngineError):
    """The engine stopped in the middle of a run; one error, however many requests were open."""


class RunStalled(EngineError):
    """Request after request ends in the same failure, so there is no point in going on."""


class PublishError(SelfAlignError):
    """A dataset was not published: refused by our checks, by the Hub, or by the network."""

    exit_code = 5


class PromptRefused(Exception):
    """The engine refuses this one prompt (too long, empty ...) and lives on."""


class RequestFailed(Exception):
    """The engine failed on a request (queue full, connection lost ...) but lives on: the same one may succeed later."""
