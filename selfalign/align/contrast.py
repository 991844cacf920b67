"""Contrast pairs: what the same model says behind less, or behind the contrary, is the rejected side of a pair.

    raw        nothing before the request
    contrary   behind a constitution that asks for the contrary (RLCD, Yang et al. 2023, arXiv 2307.12950)
    ladder     raw, and behind the rules alone; the aligned answer, behind rules and demonstrations, is the top rung,
               and neighbours on the ladder make pairs (ALMoST, Kim et al. 2023, arXiv 2305.13735)

No judge is needed: which side is better follows from the prompt. The contrasting turn is answered at once, without
thoughts, since without demonstrations a base model would not keep to their form. Which pairs teach the wrong thing is
decided later, when the dataset is written (`dataset.pairs`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from selfalign.align.answer import what_is_wrong
from selfalign.align.prompt import STOP, render_raw, render_rules
from selfalign.checks import ChecksSpec, Subject, run_checks
from selfalign.engine.chat import remove_think_block
from selfalign.engine.spec import Engine
from selfalign.errors import PromptRefused
from selfalign.markers import hostile
from selfalign.records import (
    Completion,
    Constitution,
    Contrast,
    Example,
    FailureReason,
    Instruction,
    Outcome,
    Sampling,
    Usage,
    Verdict,
    derive_seed,
)

RAW, RULES, CONTRARY = "raw", "rules", "contrary"
_RUNGS = {"raw": (RAW,), "contrary": (CONTRARY,), "ladder": (RAW, RULES)}
_STOPS = (STOP, "\n### Answer\n")


@dataclass(frozen=True, slots=True)
class PairsSpec:
    """Which further completions a run asks for, and which pairs it leaves out.

    `contrary` is a constitution file for `contrast: contrary`, in place of the run's own with every rule turned round.
    `sampling` is that of the answers where it is null. A pair is left out where the ROUGE-L F-measure of its sides is
    above `max_similarity`, and where more than `max_contained` of the shorter side's words stand in the longer one in
    their order. `max_longer_share` caps the share of the pairs in which one side is the longer one, and
    `max_refusal_share` that in which one side alone refuses, for either side; null is no cap. With `scored` the judge,
    where it may judge, scores the contrasting answers too. Raises ValueError ("<key>: ...").
    """

    contrast: Literal["raw", "contrary", "ladder"] = "raw"
    contrary: str | None = None
    sampling: Sampling | None = None
    max_similarity: float = 0.8
    max_contained: float = 0.9
    max_longer_share: float | None = None
    max_refusal_share: float | None = None
    scored: bool = False

    def __post_init__(self) -> None:
        if self.contrary is not None and self.contrast != "contrary":
            raise ValueError(f"contrary: is for contrast: contrary, not for {self.contrast}")
        for name in ("max_similarity", "max_contained"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name}: must be above 0 and at most 1, is {getattr(self, name)}")
        # Below one half no pair could be kept where both sides are never equally long.
        for name, least in (("max_longer_share", 0.5), ("max_refusal_share", 0.0)):
            cap = getattr(self, name)
            if cap is not None and not least <= cap <= 1:
                raise ValueError(f"{name}: must lie between {least:g} and 1, is {cap}")


@dataclass(frozen=True, slots=True)
class Contrasting:
    """A `PairsSpec` with its files loaded: what stands before the request on each rung, the weakest first, and whether
    the judge scores what comes of it."""

    sampling: Sampling
    before: Mapping[str, str]
    is_scored: bool = False


def open_contrasting(
    spec: PairsSpec, constitution: Constitution, contrary: Constitution | None, sampling: Sampling
) -> Contrasting:
    """What `contrast` needs; `contrary` is the user's, `sampling` that of the answers."""
    shown = {
        RAW: "",
        RULES: render_rules(replace(constitution, demonstrations=())),
        CONTRARY: render_rules(contrary or contrary_of(constitution)),
    }
    sampling = spec.sampling or sampling
    stops = (*sampling.stop, *_STOPS)
    before = {rung: shown[rung] for rung in _RUNGS[spec.contrast]}
    return Contrasting(replace(sampling, stop=stops), before, spec.scored)


def contrary_of(constitution: Constitution) -> Constitution:
    """The constitution with every rule turned round. Its demonstrations show the rules in use, so none are left."""
    name = constitution.persona.name
    turned = tuple(
        replace(each, rule=f"{name} never does what follows here, but always the opposite of it. {each.rule}")
        for each in constitution.principles
    )
    return replace(constitution, principles=turned, demonstrations=())


async def contrast(
    engine: Engine,
    outcome: Outcome,
    constitution: Constitution,
    how: Contrasting,
    checks: ChecksSpec,
    *,
    style: str,
    rng_seed: int,
) -> Outcome:
    """The outcome with its contrasting answers, one request each; a failure has none. Raises like `Engine.generate`,
    but for a refused prompt, which is a contrast without an answer."""
    if not isinstance(outcome, Example):
        return outcome
    instruction, found = outcome.instruction, []
    for rung, before in how.before.items():
        seed = derive_seed(rng_seed, "contrast", rung, instruction.id)
        try:
            completion = await engine.generate(render_raw(instruction, style, before), how.sampling, rng_seed=seed)
        except PromptRefused as refused:
            found.append(Contrast(rung, "", Usage(), reason=FailureReason.PROMPT_REFUSED, detail=str(refused)))
        else:
            found.append(read_contrast(rung, instruction, completion, constitution, checks))
    return replace(outcome, contrasts=tuple(found))


def read_contrast(
    rung: str, instruction: Instruction, completion: Completion, constitution: Constitution, checks: ChecksSpec
) -> Contrast:
    """The contrasting answer that a completion holds, checked like any other, or why it holds none."""
    answer = remove_think_block(completion.text.replace("\r\n", "\n")).strip()
    if completion.is_truncated:
        wrong = FailureReason.TRUNCATED, f"cut off after {completion.usage.output_tokens} tokens"
    elif found := hostile(answer):
        wrong = FailureReason.UNPARSEABLE, found
    else:
        wrong = what_is_wrong(answer, constitution, instruction.user_turn, "###")
    if wrong:
        return Contrast(rung, completion.text, completion.usage, reason=wrong[0], detail=wrong[1])
    results = run_checks(Subject(instruction, "", answer, ()), constitution, checks)
    told = tuple(each for each in results if each.verdict is not Verdict.PASS)
    return Contrast(rung, completion.text, completion.usage, answer, told)


def read_contrast_again(
    contrast: Contrast, instruction: Instruction, constitution: Constitution, checks: ChecksSpec
) -> Contrast:
    """What today's parser and these checks make of a contrast's reply, without asking the engine."""
    if contrast.reason is FailureReason.PROMPT_REFUSED:
        return contrast
    was_cut = contrast.reason is FailureReason.TRUNCATED
    completion = Completion(contrast.reply, "length" if was_cut else "stop", contrast.usage)
    return read_contrast(contrast.rung, instruction, completion, constitution, checks)
