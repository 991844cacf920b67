"""The commands. The only folder that prints results, catches errors and exits."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from selfalign import __version__
from selfalign.cli import files, machines, planning, probing
from selfalign.cli.shared import INTERRUPTED, Overrides, as_overrides, say
from selfalign.errors import SelfAlignError

app = typer.Typer(
    name="selfalign",
    help="Principle-driven self-alignment data: seed tasks in, a dataset for principle engraving out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="A run directory, e.g. outputs/demo.")]


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


@app.command()
def generate(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe's file or built-in name.")] = "demo",
    model: Annotated[str | None, typer.Option(help="Hub name or folder of the model.")] = None,
    output: Annotated[Path | None, typer.Option(help="Run directory; by default outputs/<name of the recipe>.")] = None,
    target: Annotated[int | None, typer.Option(help="Accepted instructions to reach.")] = None,
    constitution: Annotated[str | None, typer.Option(help="A constitution's file or built-in name.")] = None,
    seeds: Annotated[list[str] | None, typer.Option(help="Seed tasks, file or built-in name; repeatable.")] = None,
    decontaminate: Annotated[
        list[str] | None, typer.Option(help="File of evaluation prompts that no instruction may repeat; repeatable.")
    ] = None,
    set_aside: Annotated[
        bool, typer.Option("--set-aside", help="Where another recipe made the run directory, rename that one first.")
    ] = False,
    retry_failed: Annotated[
        list[str] | None,
        typer.Option(metavar="REASON", help="Ask again for what failed, by reason as `status` has it, or all."),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="LIMIT", help="Stop at a time (2h), tokens (50Mtok) or money (20eur), all starts together."
        ),
    ] = None,
    per_gpu_hour: planning.PerGpuHour = None,
    per_mtok: planning.PerMtok = None,
    gpus: planning.Gpus = None,
    overrides: Overrides = None,
) -> None:
    """Make a dataset: propose, filter, align, export.

    The same command again continues a run that was stopped or killed. Without arguments it runs the demonstration:
    the built-in miniature model on this machine's CPU.
    """
    from selfalign.engine.workers import worker_commands
    from selfalign.generate import generate as generate_run
    from selfalign.recipe import load_recipe

    flags = {"model.model": model, "propose.target": target, "constitution": constitution}
    lists = {"seeds": seeds, "decontaminate": decontaminate}
    given = [*(overrides or ()), *as_overrides(flags | lists)]
    resolved = load_recipe(recipe, given)
    limit = planning.budget_of(resolved, budget, per_gpu_hour, per_mtok, gpus)
    for command in worker_commands(resolved.model, recipe, given):
        say(f"on another machine: {command}")
    run_path = output or Path("outputs") / resolved.name
    try:
        generate_run(resolved, run_path, stream=sys.stderr, set_aside=set_aside, retry=retry_failed or (), budget=limit)
    except KeyboardInterrupt:
        say(f"\nstopped; what is finished is kept in {run_path}: run the same command again to continue")
        raise typer.Exit(INTERRUPTED) from None
    _show_made(run_path)


def _show_made(run: Path) -> None:
    """Export a run, and show a few rows and the funnel."""
    from selfalign import report
    from selfalign.dataset import export as dataset
    from selfalign.show.browse import show_examples
    from selfalign.show.status import describe

    dataset_path = dataset.export(run)
    report_path = report.write_report(run)
    for line in show_examples(run, which="examples", principle=None, grep=None, limit=3):
        typer.echo(line)
    for line in describe(run):
        say(line)
    say(f"report   {report_path}")
    typer.echo(f"dataset  {dataset_path}")


@app.command()
def show(
    what: Annotated[str, typer.Argument(metavar="RECIPE|RUN", help="A recipe (file or name), or a run directory.")],
    failed: Annotated[bool, typer.Option("--failed", help="Of a run: the failures.")] = False,
    rejected: Annotated[bool, typer.Option("--rejected", help="Of a run: the rejected proposals.")] = False,
    uncertain: Annotated[
        bool, typer.Option("--uncertain", help="Of a judged run: the rows nearest to the threshold first.")
    ] = False,
    to_label: Annotated[
        Path | None,
        typer.Option(help="With --uncertain: a file for these rows, to be labelled and read back (judge.labels)."),
    ] = None,
    argued: Annotated[
        bool, typer.Option("--argue", help="With --uncertain: ask the model for the best argument on either side.")
    ] = False,
    principle: Annotated[str | None, typer.Option(help="Of a run: examples that cite this principle (id).")] = None,
    cell: Annotated[
        str | None, typer.Option(help='Of a guided run: rows whose hint begins so, such as "fraud; bank messages".')
    ] = None,
    grep: Annotated[str | None, typer.Option(help="Of a run: rows that contain this text.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Of a run: rows to print at most.")] = 5,
    overrides: Overrides = None,
) -> None:
    """Look at a recipe before it runs, or at what a run made.

    A recipe: its resolved form, its constitution, and one fully rendered prompt for each step, with the number of
    tokens where the model's tokenizer is at hand. A run: its examples, failures or rejections. Only --argue
    needs the engine.
    """
    from selfalign.recipe import load_recipe
    from selfalign.run import directory as rundir
    from selfalign.show.browse import show_examples
    from selfalign.show.preview import preview

    if failed + rejected + uncertain > 1:
        raise typer.BadParameter("choose one of --failed, --rejected and --uncertain")
    if to_label is not None and not uncertain:
        raise typer.BadParameter("--to-label goes with --uncertain")
    if argued and not uncertain:
        raise typer.BadParameter("--argue goes with --uncertain")
    if rundir.is_run(Path(what)):
        which = "failed" if failed else "rejected" if rejected else "uncertain" if uncertain else "examples"
        wanted = {"principle": principle, "cell": cell, "grep": grep, "limit": limit, "to_label": to_label}
        lines = show_examples(Path(what), which=which, **wanted, argue=_arguing(Path(what)) if argued else None)
    else:
        lines = preview(load_recipe(what, overrides or ()))
    try:
        for line in lines:
            typer.echo(line)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def _arguing(run: Path) -> Any:
    """What asks the run's model for arguments, not imported before."""
    from selfalign.show.arguments import argue

    return partial(argue, run, stream=sys.stderr)


@app.command()
def status(run: RunPath) -> None:
    """The funnel of a run, also while it runs: proposed, rejected, accepted, answered, failed, tokens, rates."""
    from selfalign.show.status import describe

    for line in describe(run):
        typer.echo(line)


@app.command()
def export(run: RunPath, overrides: Overrides = None) -> None:
    """Rebuild the dataset and the report from the journals.

    What may change within a run can be set, and stays set, for example --set dataset.licence=mit.
    """
    if overrides:
        from selfalign.recipe import recipe_of_run, recipe_row
        from selfalign.run.directory import RunDir, read_manifest

        with RunDir(run, recipe_row(recipe_of_run(run, overrides)), read_manifest(run)):
            """Opening it takes over the changes, or refuses them."""
    _export(run)


@app.command("report")
def make_report(
    run: RunPath,
    open_it: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser as well.")] = False,
) -> None:
    """Write the run's report, one HTML page that needs no network, and print its path."""
    from selfalign.report import write_report

    path = write_report(run)
    typer.echo(path)
    if open_it:
        typer.launch(str(path))


@app.command()
def recheck(run: RunPath, overrides: Overrides = None) -> None:
    """Read the replies of a run again, by today's parser and other checks, and rebuild dataset and report.

    Needs no engine: the run keeps every reply whole.

    For example: selfalign recheck outputs/demo --set checks.apology=fail
    """
    from selfalign.recheck import recheck as recheck_run

    done = recheck_run(run, overrides or ())
    now = done.counters
    say(f"replies  {now.num_answered:,} read again: {now.num_examples:,} pass, {now.num_failed:,} fail")
    say(f"changed  {done.num_recovered:,} recovered, {done.num_lost:,} lost")
    _export(run)


@app.command()
def push(
    run: RunPath,
    repo: Annotated[str, typer.Argument(metavar="REPO", help="The Hub's repository, user/name; made where missing.")],
    public: Annotated[bool, typer.Option("--public", help="Make it public; without this it is private.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before making something public.")] = False,
    revision: Annotated[str | None, typer.Option(help="A branch instead of main; made where missing.")] = None,
    create_pr: Annotated[bool, typer.Option("--create-pr", help="Open a pull request instead of committing.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would go; needs no token.")] = False,
    demo: Annotated[bool, typer.Option("--demo", help="Accept that the built-in miniature made it.")] = False,
    report: Annotated[bool, typer.Option("--report/--no-report", help="Whether the report goes along.")] = True,
    decontaminate: Annotated[
        list[str] | None, typer.Option(help="File of evaluation prompts that no row may repeat; repeatable.")
    ] = None,
    allow: Annotated[
        list[str] | None, typer.Option(help="Accept: secrets, folders, decontamination, licence, outdated, miniature.")
    ] = None,
) -> None:
    """Publish a run's dataset, card and report on the Hub, in one commit, and check what arrived.

    Pushing again sends only what has changed; after a failure the same command continues.
    """
    from selfalign.publish import hub

    files = hub.files_to_push(run, with_report=report)
    if dry_run:
        for file in files:
            typer.echo(f"{file.size:>13,}  {file.path}")
        typer.echo(f"{sum(file.size for file in files):>13,}  bytes in {len(files)} files, to {repo}")
    accepted = [*(allow or ()), *(["miniature"] if demo else [])]
    hub.refuse(run, allow=accepted, with_report=report, decontaminate=decontaminate or ())
    if dry_run:
        return
    if public and not yes:
        _ask_before_publishing(repo)
    pushed = hub.push(files, hub.Destination(repo, public, revision, create_pr))
    if pushed.has_changed:
        say(f"sent     {pushed.num_sent} of {len(files)} files; all checked by size and hash")
    else:
        say("sent     nothing: the same files are there already")
    if public and pushed.is_private:
        say("note     the repository existed and is private: make it public on its settings page")
    typer.echo(pushed.url)


def _ask_before_publishing(repo: str) -> None:
    from selfalign.errors import PublishError

    if not sys.stdin.isatty():
        raise PublishError(f"{repo} would be public: say --yes if that is meant")
    if not typer.confirm(f"Everybody will be able to read {repo}. Go on?", err=True):
        raise PublishError("not published")


def _export(run: Path) -> None:
    from selfalign import report
    from selfalign.dataset import export as dataset

    dataset_path = dataset.export(run)
    say(f"report   {report.write_report(run)}")
    typer.echo(f"dataset  {dataset_path}")


app.command()(planning.plan)
app.command("test")(probing.run_test)
app.command()(probing.ask)
app.command()(probing.diff)
app.command()(files.check)
app.command()(files.dedup)
app.command("install-engine")(machines.install_engine)
app.command()(machines.serve)
app.command()(machines.worker)


def main() -> None:
    """The console script: runs a command; a `SelfAlignError` becomes one line on stderr and its exit code."""
    try:
        app()
    except SelfAlignError as error:
        say(f"error: {error}")
        raise SystemExit(error.exit_code) from None
