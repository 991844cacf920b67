"""Commands about machines: `install-engine`, `serve`, `worker`."""

import sys
from typing import Annotated

import typer

from selfalign.cli.shared import INTERRUPTED, Overrides, as_overrides, say


def install_engine(
    device: Annotated[str, typer.Option(help="auto, cpu or cuda; auto asks nvidia-smi.")] = "auto",
) -> None:
    """Install vLLM into this Python's environment: the CUDA build or a small CPU set."""
    from selfalign.engine.install import install_engine as install

    say("installing the engine: about a minute on a CPU, longer with CUDA")
    say(f"engine for {install(device)} installed")


def serve(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe's file or built-in name.")] = "demo",
    model: Annotated[str | None, typer.Option(help="Hub name or folder of the model.")] = None,
    host: Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0 for other machines too.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen at.")] = 8000,
    overrides: Overrides = None,
) -> None:
    """Serve the recipe's model for one or many runs, which name it as model.endpoint.

    Where OPENAI_API_KEY is set (or what model.key_variable names), only requests with that key are answered.
    """
    from selfalign.engine.serve import Place
    from selfalign.engine.serve import serve as serve_model
    from selfalign.recipe import load_recipe

    resolved = load_recipe(recipe, [*(overrides or ()), *as_overrides({"model.model": model})])
    try:
        serve_model(resolved.model, Place(host, port), slots=resolved.slots, stream=sys.stderr)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def worker(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="The recipe that the first machine runs.")],
    start_rank: Annotated[int, typer.Option(min=1, help="The first replica of this machine.")],
    model: Annotated[str | None, typer.Option(help="Hub name or folder of the model.")] = None,
    ranks: Annotated[
        int | None, typer.Option(min=1, help="Replicas on this machine; by default as many as on the first.")
    ] = None,
    overrides: Overrides = None,
) -> None:
    """Be replicas of a run's engine on another machine; `generate` prints the line to type here."""
    from selfalign.engine.workers import work
    from selfalign.recipe import load_recipe

    resolved = load_recipe(recipe, [*(overrides or ()), *as_overrides({"model.model": model})])
    try:
        work(resolved.model, start_rank, ranks, slots=resolved.slots, stream=sys.stderr)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
