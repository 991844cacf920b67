"""A recipe before it runs: its resolved form, its constitution, one rendered prompt for each step. No engine."""

from collections.abc import Iterator
from dataclasses import replace

import yaml

from selfalign.align.judging import first_question
from selfalign.align.prompt import render_prompt, render_raw
from selfalign.align.revise import render_revision
from selfalign.engine.spec import TokenCounter, find_token_counter
from selfalign.generate import Sources, contrasting_of, load_sources, open_pool
from selfalign.propose import GUIDED, open_proposers, window_of
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
    for name, proposal in _proposals(recipe, sources):
        yield _title(f"propose: {name}{_tokens(proposal, count)}")
        yield _text(proposal)
    for name, prompt in _answers(recipe, sources):
        yield _title(f"{name}: the prompt for the first seed{_tokens(prompt, count)}")
        yield _text(prompt)


def _describe(constitution: Constitution) -> Iterator[str]:
    persona = constitution.persona
    yield f"{constitution.about} ({constitution.licence}, digest {constitution.digest[:12]})"
    yield f"{persona.name}, made by {persona.maker}, knowledge to {persona.knowledge_date}; {persona.character}"
    for number, principle in enumerate(constitution.principles, start=1):
        shown = sum(principle.id in item.cites for item in constitution.demonstrations)
        yield f"{number:>3} {principle.name:<38} cited by {shown} of {len(constitution.demonstrations)} demonstrations"


def _proposals(recipe: Recipe, sources: Sources) -> Iterator[tuple[str, Prompt]]:
    """The first prompt of each form that the recipe's proposers have."""
    # An empty index will do: what comes first depends on seeds, guide and the random seed alone.
    spec = replace(recipe.propose, window=window_of(recipe.propose, recipe.slots))
    pool = open_pool(recipe, sources)
    proposer_of = open_proposers(pool, spec, style=recipe.model.style, rng_seed=recipe.rng_seed)
    proposers = {proposer.name: proposer for proposer in map(proposer_of, range(spec.window))}
    for name, proposer in proposers.items():
        for number in range(2 if name == GUIDED else 1):
            choice = proposer.choose(pool, number)
            what = f"topics of {choice.kind}" if choice.kind else "requests" if choice.hints else "the first tasks"
            yield f"{what}, {name}", proposer.render(choice)[0]


def _answers(recipe: Recipe, sources: Sources) -> Iterator[tuple[str, Prompt]]:
    """The prompts that the first seed would lead to if it were an instruction."""
    instruction, style = as_instruction(sources.seeds[0]), recipe.model.style
    constitution = sources.constitution
    yield "align", render_prompt(constitution, instruction, style)
    if recipe.align.debate is not None:
        drafts = [sources.seeds[0].answer] * recipe.align.debate.agents
        yield "debate", render_prompt(constitution, instruction, style, drafts)
    if recipe.judge.score:
        yield "judge", first_question(constitution, instruction, sources.seeds[0].answer, style)
    if recipe.revise is not None:
        draft, broken = sources.seeds[0].answer, constitution.principles[0].id
        yield "revise", render_revision(constitution, instruction, draft, broken, style)
    contrasting = contrasting_of(recipe, sources)
    for rung, before in (contrasting.before if contrasting else {}).items():
        yield f"pairs, {rung}", render_raw(instruction, style, before)


def as_instruction(seed: Seed) -> Instruction:
    """A seed task as an instruction to be answered."""
    return Instruction(seed.id, seed.text, seed.context, "seed")


def _text(prompt: Prompt) -> str:
    if isinstance(prompt, str):
        return prompt
    return "\n\n".join(f"[{message['role']}]\n{message['content']}" for message in prompt)


def _tokens(prompt: Prompt, count: TokenCounter | None) -> str:
    return f" ({count(prompt):,} tokens)" if count else " (tokens: the model's tokenizer is not on this machine)"


def _title(text: str) -> str:
    return f"\n--- {text} " + "-" * max(3, 100 - len(text))
