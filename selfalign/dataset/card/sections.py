"""What the card says, section by section."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from selfalign.checks import CHECK_NAMES
from selfalign.dataset.balance import describe
from selfalign.dataset.card.facts import CardFacts, public
from selfalign.dataset.card.markdown import fenced, inline, table
from selfalign.dataset.card.training import training_snippet
from selfalign.records import Constitution, Example

_MINIATURE_NOTE = "made by the built-in miniature: for trying, testing and teaching"

# Precision and recall against people's judgement, of the checks for which there are labelled data; see
# benchmarks/checks.py for the command and for how they are counted.
_MEASURED = {"refusal": ("0.99", "0.91"), "apology": ("0.85", "0.98"), "self_reference": ("0.88", "0.50")}
_EXCERPT = 1_500


def sections(facts: CardFacts) -> Iterator[str]:
    """The sections, each with its heading."""
    yield f"# {inline(facts.title)}"
    if facts.is_miniature:
        yield (
            f"> **This dataset was {_MINIATURE_NOTE}.** Its model has a few million parameters; the rows show the "
            "form of such data, not its quality. Train nothing on it that people will use."
        )
    yield _about(facts)
    yield f"## How it was made\n\n{_picture(facts)}\n\n{_method(facts)}"
    yield f"## Where every candidate ended\n\n{_funnel(facts)}"
    yield f"## The constitution\n\n{_constitution(facts)}"
    yield f"## Model, sampling, seeds\n\n{_origin(facts)}"
    yield f"## Rows\n\n{_rows(facts)}"
    yield f"## Training on it\n\n{_training(facts)}"
    yield f"## What the checks saw\n\n{_checks(facts)}"
    yield f"## Limits\n\n{_limits(facts)}"
    yield f"## The recipe\n\n{_recipe(facts)}"
    yield f"## Citing the method\n\n{_CITATION}"


def _about(facts: CardFacts) -> str:
    sizes = [
        (f"`{split.configuration}`", split.name, f"{split.num_rows:,}", f"{split.num_bytes / 1e6:,.2f} MB")
        for split in facts.splits
    ]
    return (
        f"{facts.num_rows:,} instructions with answers that {inline(_model(facts))} wrote under a constitution of "
        f"{len(facts.constitution.principles)} principles: data for *principle engraving*, the fine-tune that teaches "
        "a base model to answer by these principles without being shown them (SELF-ALIGN, arXiv 2305.03047).\n\n"
        + table(("Configuration", "Split", "Rows", "In memory"), sizes, "llrr")
        + "\n\n- `engraving`: `messages` with one user and one assistant turn, nothing else: what a trainer needs.\n"
        "- `full`: the same rows with id, instruction, context, the model's internal thought, the principles that the "
        "thought cites, answer, source, the outcome of every check, model, sampling and digests.\n\n"
        "```python\nfrom datasets import load_dataset\n\n# or the dataset's name on the Hub\n"
        'rows = load_dataset("path/to/this/folder", "full", split="train")\n```'
    )


def _picture(facts: CardFacts) -> str:
    counters = facts.counters
    first = "existing prompts" if facts.recipe.get("propose", {}).get("source") else "seed tasks"
    num_proposed = counters.num_accepted + counters.num_rejected
    kept = (
        (f"{num_proposed:,} proposed", f"{counters.num_rejected:,} rejected"),
        (f"{counters.num_accepted:,} accepted", f"{counters.num_failed:,} failed"),
        (f"{counters.num_examples:,} answered", f"{facts.withheld.total():,} withheld"),
    )
    along, bends = first, []
    for staying, leaving in kept:
        along += f" --> {staying}"
        bends.append((len(along) - len(staying) // 2, leaving))
    lines = [f"{along} --> {facts.num_rows:,} rows"]
    while bends:
        *others, (column, leaving) = bends
        posts = ""
        for post, _ in others:
            posts += "|".rjust(post - len(posts))
        lines.append(posts + "+".rjust(column - len(posts)) + f"-> {leaving}")
        bends = others
    return fenced("\n".join(lines))


def _method(facts: CardFacts) -> str:
    source = facts.recipe.get("propose", {}).get("source")
    similarity = facts.recipe.get("novelty", {}).get("threshold", 0.7)
    first = (
        f"1. **Instructions** were taken from {inline(public(source.get('path', '')))}."
        if source
        else "1. **Propose.** The model continues a list of tasks, most of them seeds and some its own (Self-Instruct, "
        "arXiv 2212.10560), and so writes new ones."
    )
    return (
        f"{first} An instruction whose ROUGE-L similarity to a seed or to anything accepted before is above "
        f"{similarity} is a near-duplicate and rejected.\n"
        "2. **Align.** For each instruction the model is shown the constitution and its demonstrations, writes down "
        "its thoughts, names the principles that apply, and answers.\n"
        "3. **Check.** Thought and answer are parsed, not trusted: what cites a principle that does not exist, is cut "
        "off, echoes, loops or repeats a demonstration is left out, with its reason.\n"
        "4. **Engrave.** The `engraving` configuration keeps instruction and answer only; principles, demonstrations "
        "and thoughts are pruned."
    )


def _funnel(facts: CardFacts) -> str:
    counters = facts.counters
    num_proposed = counters.num_accepted + counters.num_rejected

    def reasons(counts: Counter[str], whole: int, what: str) -> list[tuple[str, ...]]:
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return [(f"&nbsp;&nbsp;{what}: {inline(_words(name))}", f"{n:,}", _share(n, whole)) for name, n in ordered]

    rows = [
        ("**Instructions proposed**", f"{num_proposed:,}", ""),
        *reasons(counters.rejected, num_proposed, "rejected"),
        ("**Accepted**", f"{counters.num_accepted:,}", _share(counters.num_accepted, num_proposed)),
        *reasons(counters.failed, counters.num_accepted, "failed"),
    ]
    if counters.num_unanswered:
        rows.append(("&nbsp;&nbsp;not answered yet", f"{counters.num_unanswered:,}", ""))
    rows += [
        ("**Answered and sound**", f"{counters.num_examples:,}", _share(counters.num_examples, counters.num_accepted)),
        *reasons(facts.withheld, counters.num_examples, "withheld"),
        ("**Rows of this dataset**", f"{facts.num_rows:,}", _share(facts.num_rows, counters.num_examples)),
    ]
    return table(("", "Number", "Of the step before"), rows, "lrr")


def _words(reason: str) -> str:
    return reason.replace("_", " ")


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else ""


def _constitution(facts: CardFacts) -> str:
    constitution = facts.constitution
    persona = constitution.persona
    cited = {use.id: use.cited for use in facts.balance.principles}
    rows = [
        (str(number), inline(item.name), inline(item.rule), f"{cited[item.id]:,}", _use(cited[item.id], facts))
        for number, item in enumerate(constitution.principles, start=1)
    ]
    shown = "\n\n".join(_demonstration(constitution, number) for number in range(len(constitution.demonstrations)))
    return (
        f"*{inline(constitution.name)}* ({inline(constitution.licence)}): {inline(constitution.about)} The assistant "
        f"is called {inline(persona.name)}, made by {inline(persona.maker)}, and {inline(persona.character)}; its "
        f"knowledge ends in {inline(persona.knowledge_date)}. Digest `{constitution.digest[:16]}`.\n\n"
        + table(("", "Principle", "Rule", "Rows that cite it", "Share"), rows, "rllrr")
        + f"\n\n<details>\n<summary>Its demonstrations ({len(constitution.demonstrations)})</summary>\n\n"
        + f"{shown}\n\n</details>"
    )


def _use(cited: int, facts: CardFacts) -> str:
    return _share(cited, facts.num_rows) if cited else "never"


def _demonstration(constitution: Constitution, index: int) -> str:
    shown = constitution.demonstrations[index]
    cites = ", ".join(shown.cites)
    return fenced(f"User:     {shown.user}\nThought:  {shown.thought}\nCites:    {cites}\nAnswer:   {shown.answer}")


def _origin(facts: CardFacts) -> str:
    recipe, manifest = facts.recipe, facts.manifest
    model = recipe.get("model", {})
    versions = ", ".join(f"{name} {manifest[name]}" for name in ("selfalign", "vllm", "python") if manifest.get(name))
    usage = facts.counters.usage
    cached = _share(usage.cached_tokens, usage.prompt_tokens) or "0%"
    rows = [
        ("Model", f"{inline(_model(facts))}, revision {inline(manifest.get('model_revision') or 'not named')}"),
        ("Prompts", "chat messages" if model.get("style") == "chat" else "plain text, as for a base model"),
        ("Sampling of instructions", _sampling(recipe.get("propose", {}))),
        ("Sampling of answers", _sampling(recipe.get("align", {}))),
        ("Seeds", ", ".join(map(_seed, recipe.get("seeds", ())))),
        ("Random seed", inline(recipe.get("rng_seed", ""))),
        ("Tokens", f"{usage.prompt_tokens:,} read ({cached} from the prefix cache), {usage.output_tokens:,} written"),
        ("Made with", inline(versions)),
    ]
    return table(("", ""), rows)


def _model(facts: CardFacts) -> str:
    name = str(public(facts.recipe.get("model", {}).get("model", "")) or "an unnamed model")
    return "the built-in miniature model" if facts.is_miniature else name


def _sampling(step: Mapping[str, Any]) -> str:
    given = step.get("sampling") or {}
    neutral = {"top_k": 0, "min_p": 0.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "repetition_penalty": 1.0}
    told = {key: value for key, value in given.items() if value not in ([], ()) and neutral.get(key) != value}
    return ", ".join(f"{_words(key)} {inline(value)}" for key, value in told.items()) or "the model's own defaults"


def _seed(name: str) -> str:
    if name == "default":
        return "selfalign's own (Apache-2.0)"
    return f"{inline(public(name))} (licence: see its maker)"


def _rows(facts: CardFacts) -> str:
    shown = "\n\n".join(_example(example) for example in facts.shown)
    return f"{len(facts.shown)} of them as they stand in `full`, long texts clipped:\n\n{shown}"


def _example(example: Example) -> str:
    return fenced(
        f"instruction:  {example.instruction.text}\n"
        + (f"context:      {example.instruction.context}\n" if example.instruction.context else "")
        + f"thought:      {example.thought}\ncites:        {', '.join(example.principles_cited)}\n"
        f"answer:       {example.answer}",
        limit=_EXCERPT,
    )


def _training(facts: CardFacts) -> str:
    model = "MODEL" if facts.is_miniature else str(public(facts.recipe.get("model", {}).get("model", "MODEL")))
    return (
        "With TRL, on the configuration `engraving`. The loss is taken over the answers alone where the chat template "
        f"marks them, as the one below does:\n\n{fenced(training_snippet(model), 'python')}\n\n"
        "The paper engraved its principles with LoRA (rank 16 on the query, key, value and output projections, "
        "learning rate 4e-4, batch of 768, one epoch, 512 tokens): for that, pass a `LoraConfig` as `peft_config`."
    )


def _checks(facts: CardFacts) -> str:
    actions = facts.recipe.get("checks") or {}
    names = [name for name in CHECK_NAMES if actions.get(name) != "off"]
    rows = [(_words(name), *_outcomes(facts, name), *_MEASURED.get(name, ("", ""))) for name in names]
    header = ("Check", "Rows passed", "Rows flagged", "Answers stopped", "Precision", "Recall")
    figures = "\n".join(f"- {inline(line)}" for line in describe(facts.balance))
    return (
        "A flag is a remark; an answer that a check stopped is not among the rows. Precision and recall are those of "
        "the check against people's labels, on other models' answers, where such labels exist; of 427 answers that "
        f"people wrote, no check stops one.\n\n{table(header, rows, 'lrrrrr')}\n\nOver all rows:\n\n{figures}"
    )


def _outcomes(facts: CardFacts, name: str) -> tuple[str, str, str]:
    """Passed, flagged, stopped; what a check has nothing to say about, a row does not mention."""
    flagged, failed = facts.checks[name, "flag"], facts.checks[name, "fail"]
    stopped = facts.counters.failed[f"check: {name}"]
    return f"{facts.num_rows - flagged - failed:,}", f"{flagged:,}", f"{stopped:,}"


def _limits(facts: CardFacts) -> str:
    return (
        "- **Self-generated.** Every instruction, thought and answer is a model's own text. Facts in it are as right "
        "as the model was, sources and numbers may be invented, and nobody has read all rows.\n"
        "- **The checks are programs**, not judges: they miss some of what they look for and stop some good answers. "
        "Every row of `full` carries their outcomes.\n"
        "- **Principles are followed as far as the model could.** A citation says what the model meant to apply, not "
        "that it did.\n"
        "- **One voice.** Answers share a persona, a style and one model's blind spots; instructions lean towards "
        f"what the seeds and the model find natural.\n{_decontamination(facts)}"
    )


def _decontamination(facts: CardFacts) -> str:
    files = facts.recipe.get("decontaminate") or ()
    if not files:
        return "- **Not decontaminated.** Nothing kept out instructions that stand in a benchmark."
    names = ", ".join(inline(public(name)) for name in files)
    return f"- **Decontaminated** against the prompts of {names} alone, by the near-duplicate rule above."


def _recipe(facts: CardFacts) -> str:
    content = yaml.safe_dump(public(dict(facts.recipe)), sort_keys=False, allow_unicode=True)
    return f"<details>\n<summary>The resolved recipe</summary>\n\n{fenced(content, 'yaml')}\n\n</details>"


_CITATION = """```bibtex
@article{sun2023selfalign,
  title   = {Principle-Driven Self-Alignment of Language Models from Scratch with Minimal Human Supervision},
  author  = {Sun, Zhiqing and Shen, Yikang and Zhou, Qinhong and Zhang, Hongxin and Chen, Zhenfang and Cox, David and
             Yang, Yiming and Gan, Chuang},
  journal = {arXiv preprint arXiv:2305.03047},
  year    = {2023}
}

@article{wang2022selfinstruct,
  title   = {Self-Instruct: Aligning Language Models with Self-Generated Instructions},
  author  = {Wang, Yizhong and Kordi, Yeganeh and Mishra, Swaroop and Liu, Alisa and Smith, Noah A. and
             Khashabi, Daniel and Hajishirzi, Hannaneh},
  journal = {arXiv preprint arXiv:2212.10560},
  year    = {2022}
}
```"""
