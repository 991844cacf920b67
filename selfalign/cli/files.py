"""Commands about anybody's data: `check`, `dedup`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from selfalign.cli.shared import Overrides
from selfalign.errors import RecipeError


def check(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="JSON lines, Parquet or a dataset folder.")],
    prompt_field: Annotated[str, typer.Option(help="Field with the prompt: text, or a chat.")] = "prompt",
    answer_field: Annotated[str, typer.Option(help="Field with the answer: text, or a chat.")] = "answer",
    thought_field: Annotated[str, typer.Option(help="Field with the thought, where there is one.")] = "",
    cited_field: Annotated[str, typer.Option(help="Field with the cited principles, where there is one.")] = "",
    reply_field: Annotated[
        str, typer.Option(help="Field with a model's whole reply, to be parsed: thought, citation and answer in one.")
    ] = "",
    configuration: Annotated[str, typer.Option("--config", help="Of a dataset folder: the configuration.")] = "",
    split: Annotated[str, typer.Option(help="Of a dataset folder: the split.")] = "",
    constitution: Annotated[
        str | None,
        typer.Option(help="Judge by this constitution too: its principles, demonstrations, name and knowledge date."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File for the verdicts, one JSON line per row, in order.")] = None,
    overrides: Overrides = None,
) -> None:
    """Run the checks on any data: a verdict per row, and a table of what was found.

    Actions and thresholds are the recipe's (--set checks.loop=flag).
    """
    from selfalign.align.constitution import load_constitution
    from selfalign.align.files import Columns, check_file
    from selfalign.recipe import build_recipe

    spec = build_recipe({}, "defaults", overrides or ()).checks
    columns = Columns(prompt_field, answer_field, thought_field, cited_field, reply_field)
    judge = load_constitution(constitution) if constitution else None
    part = (configuration, split)
    summary = check_file(data, columns, judge, spec, out=out, part=part, stream=sys.stderr)
    for line in summary.lines():
        typer.echo(line)


def dedup(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="JSON lines, Parquet or a dataset folder.")],
    field: Annotated[str, typer.Option(help="Field with the instruction.")] = "instruction",
    context_field: Annotated[str, typer.Option(help="Field with its context, where there is one.")] = "",
    threshold: Annotated[float, typer.Option(help="ROUGE-L F above which a row is a near-duplicate, 0 to 1.")] = 0.7,
    tokeniser: Annotated[str, typer.Option(help="unicode, or rouge (a-z and 0-9 only, as published).")] = "unicode",
    kept: Annotated[Path | None, typer.Option(help="File for the rows that stay, unchanged and in order.")] = None,
    dropped: Annotated[Path | None, typer.Option(help="File for the others, each with what it repeats.")] = None,
    decontaminate: Annotated[
        list[Path] | None, typer.Option(help="File of evaluation prompts that no row may repeat; repeatable.")
    ] = None,
    rule: Annotated[
        str, typer.Option(help="When a row repeats one: containment (near-duplicates, too), near-duplicate or 13-gram.")
    ] = "containment",
    answer_field: Annotated[str, typer.Option(help="Field with the answer, to look for evaluation prompts in.")] = "",
    configuration: Annotated[str, typer.Option("--config", help="Of a dataset folder: the configuration.")] = "",
    split: Annotated[str, typer.Option(help="Of a dataset folder: the split.")] = "",
) -> None:
    """Filter near-duplicates out of any data: exact ROUGE-L against every row kept before.

    Where rows have a context, the same request about different texts is no near-duplicate.
    """
    from selfalign.novelty.decontaminate import DecontaminationSpec
    from selfalign.novelty.dedup import DedupSpec
    from selfalign.novelty.dedup import dedup as filter_rows
    from selfalign.novelty.index import NoveltySpec

    try:
        novelty, decontamination = NoveltySpec(threshold, tokeniser), DecontaminationSpec(rule)
    except ValueError as error:
        raise RecipeError(f"--{error}") from None
    spec = DedupSpec(
        data, novelty, field, context_field, answer_field, decontaminate or (), decontamination, configuration, split
    )
    for line in filter_rows(spec, kept=kept, dropped=dropped, stream=sys.stderr).lines():
        typer.echo(line)
