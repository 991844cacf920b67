"""What a run may cost: `plan`, and the options that `generate` shares with it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from selfalign.cli.shared import INTERRUPTED, Overrides, as_overrides
from selfalign.errors import RecipeError

if TYPE_CHECKING:
    from selfalign.recipe import Recipe
    from selfalign.run.budget import Budget

PerGpuHour = Annotated[str | None, typer.Option(metavar="PRICE", help="Price of an hour of one GPU.")]
PerMtok = Annotated[
    str | None,
    typer.Option(metavar="PRICE", help="Price of a million tokens; 0.10/0.40 for those read and those written."),
]
Gpus = Annotated[
    int | None, typer.Option(min=1, help="GPUs that are paid for; by default those of the engine's arguments.")
]


def plan(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe's file or built-in name.")] = "demo",
    model: Annotated[str | None, typer.Option(help="Hub name or folder of the model.")] = None,
    target: Annotated[int | None, typer.Option(help="Accepted instructions to reach.")] = None,
    past: Annotated[
        Path | None, typer.Option("--from", metavar="RUN", help="Plan from a run that there was, without an engine.")
    ] = None,
    per_gpu_hour: PerGpuHour = None,
    per_mtok: PerMtok = None,
    gpus: Gpus = None,
    overrides: Overrides = None,
) -> None:
    """What a run would cost: tokens, time, GPU hours, money, each as a range. Begins no run.

    Starts the engine and asks it 20 requests at most; with --from, only reads what another run has noted.

        selfalign plan default --model M --target 50000 --per-gpu-hour 2.50
    """
    from selfalign.recipe import load_recipe
    from selfalign.run.budget import parse_price
    from selfalign.show.plan import plan as plan_run

    price = parse_price(per_gpu_hour, per_mtok)
    resolved = load_recipe(
        recipe, [*(overrides or ()), *as_overrides({"model.model": model, "propose.target": target})]
    )
    devices = _num_devices(resolved, gpus)
    try:
        for line in plan_run(resolved, past=past, price=price, devices=devices, stream=sys.stderr):
            typer.echo(line)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def budget_of(
    recipe: "Recipe", budget: str | None, per_gpu_hour: str | None, per_mtok: str | None, gpus: int | None
) -> "Budget | None":
    """The budget that was typed, if there is one. Raises `RecipeError`."""
    from selfalign.run.budget import parse_budget, parse_price

    price = parse_price(per_gpu_hour, per_mtok)
    if budget is not None:
        return parse_budget(budget, price, _num_devices(recipe, gpus))
    if per_gpu_hour is not None or per_mtok is not None:
        raise RecipeError("a price has a meaning only with --budget, such as --budget 20eur")
    return None


def _num_devices(recipe: "Recipe", gpus: int | None) -> int:
    from selfalign.engine.arguments import num_devices

    return gpus or num_devices(recipe.model)
