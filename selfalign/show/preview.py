"""A recipe before it runs: its resolved form, its constitution, one rendered prompt for each step. No engine."""

from collections.abc import Iterator
from dataclasses import replace

import yaml

from selfalign.align.prompt import render_prompt
from selfalign.engine.spec import TokenCounter, find_token_counter
from selfalign.generate import load_sources
from selfalign.novelty.index import NoveltyIndex
from selfalign.propose import Pool, SelfInstruct, window_of
from selfalign.recipe import Recipe, recipe_row
from selfalign.records import Constitution, Instruction, Prompt, Seed


def preview(recipe: Recipe) -> Iterator[str]:
    """The lines that `selfalign show` prints for a recipe. Raises `RecipeError`, as a run would."""
    sources = load_sources(recipe)
    count = find_token_counter(recipe.model)
    yield _title("recipe")
    yield yaml.safe_dump(recipe_row(recipe), sort_keys=False, allow_unicode=True, width=100).rstrip()
    yield _title(f"constitution {sources.constitution.name}")
    yield from _describe(sources.constitution)
    yield _title(
        f"propose: the first prompt, of {len(sources.seeds)} seeds{_tokens(_proposal(recipe, sources.seeds), count)}"
    )
    yield _text(_proposal(recipe, sources.seeds))
    prompt = render_prompt(sources.constitution, _as_instruction(sources.seeds[0]), recipe.model.style)
    yield _title(f"align: the prompt for the first seed{_tokens(prompt, count)}")
    yield _text(prompt)


def _describe(constitution: Constitution) -> Iterator[str]:
    persona = constitution.persona
    yield f"{constitution.about} ({constitution.licence}, digest {constitution.digest[:12]})"
    yield f"{persona.name}, made by {persona.maker}, knowledge to {persona.knowledge_date}; {persona.character}"
    for number, principle in enumerate(constitution.principles, start=1):
        shown = sum(principle.id in item.cites for item in constitution.demonstrations)
        yield f"{number:>3} {principle.name:<38} cited by {shown} of {len(constitution.demonstrations)} demonstrations"


def _proposal(recipe: Recipe, seeds: tuple[Seed, ...]) -> Prompt:
    # An empty index will do: what is shown first depends on the seeds and the random seed alone.
    pool = Pool(seeds, NoveltyIndex(recipe.novelty))
    spec = replace(recipe.propose, window=window_of(recipe.propose, recipe.slots))
    proposer = SelfInstruct(spec, recipe.model.style, recipe.rng_seed)
    return proposer.render(proposer.choose(pool, 0))[0]


def _as_instruction(seed: Seed) -> Instruction:
    return Instruction(seed.id, seed.text, seed.context, "seed")


def _text(prompt: Prompt) -> str:
    if isinstance(prompt, str):
        return prompt
    return "\n\n".join(f"[{message['role']}]\n{message['content']}" for message in prompt)


def _tokens(prompt: Prompt, count: TokenCounter | None) -> str:
    return f" ({count(prompt):,} tokens)" if count else " (tokens: the model's tokenizer is not on this machine)"


def _title(text: str) -> str:
    return f"\n--- {text} " + "-" * max(3, 100 - len(text))
