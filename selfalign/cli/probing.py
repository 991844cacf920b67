"""Commands about constitutions: `test`, `ask`, `diff`."""

import json
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from selfalign.errors import RecipeError

if TYPE_CHECKING:
    from selfalign.probe import Probe, Tested
    from selfalign.recipe import Recipe
    from selfalign.records import Constitution

Model = Annotated[str | None, typer.Option(help="Hub name or folder of the model; by default the miniature.")]
Style = Annotated[str, typer.Option(help="text for base models, chat for models with a chat template.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Any key of a recipe's parts model and persona, e.g. --set model.revision=main --set persona.name=Ida.",
    ),
]
Journal = Annotated[
    Path | None,
    typer.Option(help="Where answers are kept, so that nothing is asked twice; by default under outputs/probes."),
]
Shown = Annotated[int, typer.Option("--failures", min=0, help="How many failures, or differing rows, are shown.")]
TESTS_FAILED = 1


def run_test(
    constitution: Annotated[str, typer.Argument(help="A constitution's file or built-in name.")] = "default",
    model: Model = None,
    style: Style = "text",
    tests: Annotated[
        list[str] | None,
        typer.Option(help="A file of probes, or pairs: a data file or a dataset on the Hub; repeatable."),
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FIELD", help="For pairs: the fields of prompt, better, worse and group."),
    ] = None,
    split: Annotated[str, typer.Option(help="For pairs on the Hub: the split.")] = "test",
    against: Annotated[
        str,
        typer.Option(metavar="NAMES", help="Controls, of raw,persona,no-rules,no-demonstrations,unrelated,inverted."),
    ] = "",
    under: Annotated[
        str, typer.Option(metavar="NAMES", help="Styles, of role-play,verse,step-by-step,pretext,preface.")
    ] = "",
    ablate: Annotated[bool, typer.Option("--ablate", help="Remove one principle after the other.")] = False,
    samples: Annotated[int, typer.Option(min=1, help="Replies per probe; a single one is greedy.")] = 1,
    json_path: Annotated[Path | None, typer.Option("--json", help="File for everything, as JSON.")] = None,
    junit: Annotated[Path | None, typer.Option(help="File for the results as JUnit's XML.")] = None,
    html: Annotated[Path | None, typer.Option(help="File for a page that people can read.")] = None,
    journal: Journal = None,
    shown: Shown = 5,
    settings: Settings = None,
) -> None:
    """Run a constitution's probes and say, principle by principle, what holds.

    Exits with 1 if a required probe fails, so that a constitution can be tested in continuous integration. A run that
    was stopped continues where it was: what has been asked is not asked again.

        selfalign test default --model M --against raw,unrelated --ablate
    """
    from selfalign.align.constitution import load_constitution
    from selfalign.probe import ProbeSpec, run_tests
    from selfalign.probe.recorded import identity_of

    recipe = _recipe(model, style, settings)
    loaded = load_constitution(constitution, recipe.persona)
    probes, baseline = _probes(constitution, loaded, tests or (), field or (), split)
    wanted = ProbeSpec(
        constitution=loaded,
        probes=probes,
        model=recipe.model,
        identity=identity_of(recipe.model),
        journal=journal or Path("outputs/probes") / f"{loaded.name}.jsonl",
        against=_names(against),
        under=_names(under),
        ablate=ablate,
        draws=samples,
    )
    result = run_tests(wanted, stream=sys.stderr)
    _print_result(result, loaded, baseline, shown)
    _write_result(result, loaded, json_path, junit, html)
    _refuse_failures(result)


def _refuse_failures(result: "Tested") -> None:
    from selfalign.probe import lines
    from selfalign.probe.conditions import AS_IS

    if failed := lines.required_failures(result.grouped[AS_IS]):
        typer.echo(f"{len(failed)} required probes failed", err=True)
        raise typer.Exit(TESTS_FAILED)


def _write_result(
    result: "Tested", constitution: "Constitution", json_path: Path | None, junit: Path | None, html: Path | None
) -> None:
    from selfalign.probe import lines
    from selfalign.probe.page import write_page

    _write(json_path, lambda: lines.as_json(result.grouped, result.removed, constitution))
    _write(junit, lambda: lines.as_junit(result.grouped, constitution))
    if html is not None:
        write_page(html, result, constitution)
        typer.echo(f"page  {html}", err=True)


def _print_result(result: "Tested", constitution: "Constitution", baseline: list[str], shown: int) -> None:
    from selfalign.probe import lines
    from selfalign.probe.conditions import AS_IS

    as_is = result.grouped[AS_IS]
    _echo((*lines.failures(as_is, shown), "", *lines.principle_table(as_is, constitution), *baseline))
    if len(result.grouped) > 1:
        conditions = {name: each for name, each in result.grouped.items() if not name.startswith("without ")}
        _echo(("", *lines.condition_table(conditions)))
    if result.removed:
        _echo(("", *lines.removal_table(result.removed)))


def ask(
    question: Annotated[str | None, typer.Argument(help="One question; without it, type as many as you like.")] = None,
    constitution: Annotated[str, typer.Option(help="A constitution's file or built-in name.")] = "default",
    model: Model = None,
    style: Style = "text",
    raw: Annotated[
        bool, typer.Option("--raw", help="Show what the model answers without the constitution, too.")
    ] = False,
    settings: Settings = None,
) -> None:
    """Try a constitution by hand: thought, cited principles, verdicts, answer.

    The constitution is read again whenever its file changes: edit a rule, and ask again without a new start.
    """
    import asyncio

    from selfalign.probe.converse import Watched, converse, lines_of

    recipe = _recipe(model, style, settings)
    watched = Watched(constitution, recipe.persona)

    async def given() -> AsyncIterator[str]:
        yield question

    def typed() -> AsyncIterator[str]:
        return lines_of(sys.stdin, lambda: typer.echo("> ", err=True, nl=False) if sys.stdin.isatty() else None)

    asyncio.run(converse(watched, recipe.model, given if question else typed, typer.echo, raw=raw, stream=sys.stderr))


def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="A constitution's file or built-in name.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The other one.")],
    prompts: Annotated[Path, typer.Option(help="Instructions: a run directory or a data file.")],
    model: Model = None,
    style: Style = "text",
    field: Annotated[str, typer.Option(help="Of a data file: the field with the instruction.")] = "instruction",
    limit: Annotated[int, typer.Option(min=1, help="Instructions at most.")] = 200,
    html: Annotated[Path | None, typer.Option(help="File for a page with the rows side by side.")] = None,
    json_path: Annotated[Path | None, typer.Option("--json", help="File for the rows, as JSON lines.")] = None,
    journal: Journal = None,
    shown: Shown = 5,
    settings: Settings = None,
) -> None:
    """Ask the same instructions under two constitutions: where do stance, citations or length differ?"""
    from selfalign.align.constitution import load_constitution
    from selfalign.probe import compare
    from selfalign.probe.page import write_comparison
    from selfalign.probe.recorded import identity_of

    recipe = _recipe(model, style, settings)
    loaded = (load_constitution(before, recipe.persona), load_constitution(after, recipe.persona))
    instructions = compare.read_instructions(prompts, field, limit)
    if not instructions:
        raise RecipeError(f"--prompts {prompts}: holds no instructions")
    path = journal or Path("outputs/probes") / f"{loaded[0].name}-{loaded[1].name}.jsonl"
    rows = compare.compare(
        loaded, instructions, recipe.model, path, identity=identity_of(recipe.model), stream=sys.stderr
    )
    _echo(compare.lines(rows, (f"A {before}", f"B {after}"), shown))
    _write(json_path, lambda: "\n".join(json.dumps(compare.row_of(each), ensure_ascii=False) for each in rows))
    if html is not None:
        write_comparison(html, rows, (before, after))
        typer.echo(f"page  {html}", err=True)


def _probes(
    name: str, loaded: "Constitution", tests: Sequence[str], fields: Sequence[str], split: str
) -> tuple[tuple["Probe", ...], list[str]]:
    """The probes, and for pairs of a benchmark a line about the baseline that they should be read beside."""
    from selfalign.probe import benchmark, load_all

    files = [each for each in tests if each.endswith((".yaml", ".yml"))]
    sources = [each for each in tests if each not in files]
    probes = load_all(name, tuple(files), loaded) if files or not sources else ()
    mapping = benchmark.parse_fields(fields)
    pairs = [pair for source in sources for pair in benchmark.load_pairs(source, mapping, split=split)]
    if not pairs:
        return probes, []
    longer = benchmark.longer_wins(pairs)
    baseline = f"baselines for the {len(pairs)} pairs: chance 50%, the longer answer {longer.value:.1%}"
    return (*probes, *pairs), [baseline]


def _recipe(model: str | None, style: str, settings: list[str] | None) -> "Recipe":
    """A recipe of which only the model and the persona count."""
    from selfalign.recipe import build_recipe

    for setting in settings or ():
        if not setting.startswith(("model.", "persona.")):
            raise RecipeError(f"--set {setting}: only model.<key>=... and persona.<key>=... have a meaning here")
    flags = [f"model.model={json.dumps(model)}"] if model else []
    return build_recipe({}, "defaults", [f"model.style={style}", *flags, *(settings or ())])


def _names(given: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in given.split(",") if name.strip())


def _echo(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)


def _write(path: Path | None, make: Callable[[], str]) -> None:
    if path is not None:
        from selfalign.run.directory import write_atomically

        write_atomically(path, make() + "\n")
        typer.echo(f"written  {path}", err=True)
