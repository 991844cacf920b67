"""What several commands share."""

import json
from typing import Annotated

import typer

INTERRUPTED = 130

Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override any key of the recipe, e.g. --set propose.window=32."),
]


def as_overrides(flags: dict[str, object]) -> list[str]:
    """Flags that were given, as overrides of the recipe; JSON is YAML, so any text survives."""
    return [f"{key}={json.dumps(value)}" for key, value in flags.items() if value is not None]


def say(line: str) -> None:
    """A message: it goes to stderr, since stdout is for results."""
    typer.echo(line, err=True)
