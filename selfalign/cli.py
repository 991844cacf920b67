"""The commands. The only module that prints results, catches errors and exits."""

from typing import Annotated

import typer

from selfalign import __version__
from selfalign.errors import SelfAlignError

app = typer.Typer(
    name="selfalign",
    help="Principle-driven self-alignment data: seed tasks in, a dataset for principle engraving out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"selfalign {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Taken before any command."""


def main() -> None:
    """The console script: runs a command; a `SelfAlignError` becomes one line on stderr and its exit code."""
    try:
        app()
    except SelfAlignError as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(error.exit_code) from None
