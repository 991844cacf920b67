"""Conditions: the same requests under the constitution, without it, and under constitutions changed on purpose.

A constitution that does something does it better than its controls: the model with no prompt at all, with one sentence
about who answers (Askell et al. 2021, arXiv 2112.00861, ask with a prompt alone), with demonstrations or rules only,
with rules that are about something else, and with rules that ask for the contrary.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from selfalign.align.parse import parse_reply
from selfalign.align.prompt import render_prompt, render_raw
from selfalign.builtin import builtin_folder
from selfalign.errors import RecipeError, did_you_mean
from selfalign.probe.expect import Seen
from selfalign.records import Constitution, Instruction, Persona, Principle, Prompt
from selfalign.yamlfile import Value, read_yaml

AS_IS = "as is"


@dataclass(frozen=True, slots=True)
class Condition:
    """A way to ask. `constitution` is None where the answer follows the request at once; what stands before the request
    is then `preamble`. `hides_rules` leaves the numbered rules out of the prompt, though thoughts may cite them."""

    name: str
    constitution: Constitution | None
    preamble: str = ""
    hides_rules: bool = False

    def prompt(self, instruction: Instruction, style: str) -> Prompt:
        """What the model reads. `style` is "text" or "chat"."""
        if self.constitution is None:
            return render_raw(instruction, style, self.preamble)
        prompt = render_prompt(self.constitution, instruction, style)
        return _without_rules(prompt) if self.hides_rules else prompt

    def read(self, completion: str, asked: str) -> Seen:
        """The reply in it; raises `ReplyError` where a constitution asks for a form that it does not have."""
        if self.constitution is None:
            return Seen(asked, completion.strip(), None)
        reply = parse_reply(completion, self.constitution, asked)
        return Seen(asked, reply.answer, reply.cited)

    @property
    def ids(self) -> tuple[str, ...]:
        """The principles that a thought can cite."""
        return tuple(each.id for each in self.constitution.principles) if self.constitution else ()

    def principle(self, id_: str | None) -> Principle:
        """The rule that two answers are compared by: this principle, all of them, or that an answer be good."""
        principles = self.constitution.principles if self.constitution and not self.hides_rules else ()
        for principle in principles:
            if principle.id == id_:
                return principle
        if id_ is None and principles:
            rules = " ".join(f"{number} ({each.name}). {each.rule}" for number, each in enumerate(principles, start=1))
            return Principle("all", "all of these", rules)
        return Principle("none", "quality", "The answer is a good answer to what was asked.")


def as_is(constitution: Constitution) -> Condition:
    """The constitution as it is."""
    return Condition(AS_IS, constitution)


def control(name: str, constitution: Constitution) -> Condition:
    """One of `CONTROLS`. Raises `RecipeError` for another name, or where the file of control rules is damaged."""
    if name not in CONTROLS:
        raise RecipeError(f"--against {name}: unknown condition{did_you_mean(name, CONTROLS)}")
    return CONTROLS[name](constitution)


def without(constitution: Constitution, id_: str) -> Condition:
    """The constitution without one principle, and without the demonstrations that cite it."""
    kept = tuple(each for each in constitution.principles if each.id != id_)
    shown = tuple(each for each in constitution.demonstrations if id_ not in each.cites)
    return Condition(f"without {id_}", replace(constitution, principles=kept, demonstrations=shown))


def _persona(constitution: Constitution) -> Condition:
    who = constitution.persona
    return Condition(
        "persona",
        None,
        f"{who.name} is {who.character}, made by {who.maker}. {who.name}'s knowledge ends in {who.knowledge_date}.",
    )


def _unrelated(constitution: Constitution) -> Condition:
    rules = [entry.text() for entry in _control_rules()["unrelated"].entries()]
    wanted = {each.id: rules[number % len(rules)] for number, each in enumerate(constitution.principles)}
    return Condition("unrelated", _with_rules(constitution, wanted))


def _inverted(constitution: Constitution) -> Condition:
    rules = {key: entry.text() for key, entry in _control_rules()["inverted"].items().items()}
    missing = [each.id for each in constitution.principles if each.id not in rules]
    if missing:
        raise RecipeError(
            f"--against inverted: {missing[0]!r} has no contrary rule; add it under inverted: in "
            "principles/controls/conditions.yaml, or leave the condition out"
        )
    return Condition("inverted", _with_rules(constitution, rules))


def _with_rules(constitution: Constitution, rules: dict[str, str]) -> Constitution:
    """The same names with other rules. Demonstrations would show the old rules in use, so there are none."""
    principles = tuple(
        replace(each, rule=_named(rules[each.id], constitution.persona)) for each in constitution.principles
    )
    return replace(constitution, principles=principles, demonstrations=())


def _named(rule: str, persona: Persona) -> str:
    for field in ("name", "maker", "knowledge_date", "character"):
        rule = rule.replace("{" + field + "}", getattr(persona, field))
    return rule


def _control_rules() -> dict[str, Value]:
    return read_yaml(builtin_folder("principles") / "controls" / "conditions.yaml").mapping(("unrelated", "inverted"))


def _without_rules(prompt: Prompt) -> Prompt:
    if isinstance(prompt, str):
        head, _, rest = prompt.partition("## Principles\n")
        return f"{head}{rest[rest.index('## Conversations') :]}"
    system, *others = prompt
    head, _, rest = system["content"].partition("## Principles\n")
    return ({**system, "content": f"{head}{rest[rest.index('Every reply has two parts') :]}"}, *others)


CONTROLS: dict[str, Callable[[Constitution], Condition]] = {
    "raw": lambda constitution: Condition("raw", None),
    "persona": _persona,
    "no-rules": lambda constitution: Condition("no-rules", constitution, hides_rules=True),
    "no-demonstrations": lambda constitution: Condition("no-demonstrations", replace(constitution, demonstrations=())),
    "unrelated": _unrelated,
    "inverted": _inverted,
}
