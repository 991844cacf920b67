"""What the model reads: the prefix that all requests under a constitution share, then the user's turn.

The form follows SELF-ALIGN (Sun et al. 2023, arXiv 2305.03047, section 3.2 and appendix): numbered principles,
demonstrations with internal thoughts, every thought opening with one fixed sentence and closing with the principles
it applies. What depends on the instruction stands last, for the prefix cache.
"""

from collections.abc import Mapping, Sequence

from selfalign.records import Constitution, Demonstration, Instruction, Prompt

_USER = "### User\n"
STOP = f"\n{_USER}"
"""A new user turn ends the answer; a model that goes on would speak for the user."""

_DEBATED = (
    "These are drafts of the answer, written independently; the last may be your own. Weigh them against one another, "
    "then reply to the request anew, in the two parts of every reply: keep what is right, and change what another "
    "draft does better. The user sees none of the drafts."
)


def opening(constitution: Constitution) -> str:
    """The sentence every thought opens with: "<name> is <character>."."""
    return f"{constitution.persona.name} is {constitution.persona.character}."


def render_prefix(constitution: Constitution) -> str:
    """What every text prompt of `constitution` shares; ends with an empty line."""
    turns = (f"### User\n{shown.user}\n{_spoken(constitution, shown)}\n\n" for shown in constitution.demonstrations)
    shared = "## Conversations\n\nThe conversations below show the principles in use.\n\n"
    return _preamble(constitution) + shared + "".join(turns)


def render_shared(constitution: Constitution, style: str) -> Prompt:
    """What every prompt of `constitution` begins with: up to the user's words, or the messages before them."""
    return shared_messages(constitution) if style == "chat" else f"{render_prefix(constitution)}{_USER}"


def render_prompt(
    constitution: Constitution, instruction: Instruction, style: str, drafts: Sequence[str] = ()
) -> Prompt:
    """The prompt for one instruction: text to continue (`style` "text") or messages ("chat").

    `drafts` are answers to it that a debate shows. Raises ValueError for another style. What depends on the
    instruction stands last, for the prefix cache.
    """
    turn = instruction.user_turn + "".join(f"\n### Draft\n{draft}" for draft in drafts)
    if style == "text":
        return f"{render_shared(constitution, style)}{turn}\n### Thoughts\n{opening(constitution)}"
    if style == "chat":
        turn = f"{turn}\n\n{_DEBATED}" if drafts else turn
        return (*shared_messages(constitution), {"role": "user", "content": turn})
    raise ValueError(f"style: must be 'text' or 'chat', not {style!r}")


def render_raw(instruction: Instruction, style: str, before: str = "") -> Prompt:
    """The prompt for one instruction that is answered at once, without thoughts; `before` stands above it."""
    if style == "text":
        return f"{before}\n\n{_turn(instruction)}" if before else _turn(instruction)
    system = ({"role": "system", "content": before},) if before else ()
    return (*system, {"role": "user", "content": instruction.user_turn})


def _turn(instruction: Instruction) -> str:
    return f"{_USER}{instruction.user_turn}\n### Answer\n"


def render_rules(constitution: Constitution) -> str:
    """What may stand before a raw turn: who answers and by which rules, and the demonstrations without thoughts."""
    shown = "".join(f"\n\n{_USER}{each.user}\n### Answer\n{each.answer}" for each in constitution.demonstrations)
    return f"{_who(constitution)}\n\n{_rules(constitution)}{shown}"


def _preamble(constitution: Constitution) -> str:
    return (
        f"{_who(constitution)}\n"
        f"Before every answer {constitution.persona.name} writes down its thoughts: what is asked, "
        f"and which of the principles apply.\n\n{_rules(constitution)}\n\n"
    )


def _who(constitution: Constitution) -> str:
    persona = constitution.persona
    return (
        f"# How {persona.name} answers\n\n"
        f"{persona.name} is an assistant made by {persona.maker}. "
        f"{persona.name}'s knowledge ends in {persona.knowledge_date}."
    )


def _rules(constitution: Constitution) -> str:
    lines = (f"{number} ({each.name}). {each.rule}" for number, each in enumerate(constitution.principles, start=1))
    return "\n".join(("## Principles\n", *lines))


def citation_of(constitution: Constitution, id_: str) -> str:
    """A principle as prompts cite it: "7 (candor)"."""
    return next(
        f"{number} ({each.name})" for number, each in enumerate(constitution.principles, start=1) if each.id == id_
    )


def _spoken(constitution: Constitution, shown: Demonstration) -> str:
    """The assistant's part of a demonstration; the closing sentence is written from the ids it cites."""
    closing = ", ".join(citation_of(constitution, id_) for id_ in shown.cites)
    thought = f"{opening(constitution)} {shown.thought}\nPrinciples: {closing}."
    return f"### Thoughts\n{thought}\n### Answer\n{shown.answer}"


def shared_messages(constitution: Constitution) -> tuple[Mapping[str, str], ...]:
    """What every chat prompt of `constitution` shares: a system message, and a turn pair per demonstration."""
    form = (
        f'Every reply has two parts. Under the heading "### Thoughts" stand the thoughts: they open with '
        f'"{opening(constitution)}", assess the request in a sentence or two, and close with a line '
        f'"Principles: " that names those which apply by number and name. Under the heading "### Answer" '
        f"stands the answer, the only part the user sees."
    )
    messages = [{"role": "system", "content": _preamble(constitution) + form}]
    for shown in constitution.demonstrations:
        messages.append({"role": "user", "content": shown.user})
        messages.append({"role": "assistant", "content": _spoken(constitution, shown)})
    return tuple(messages)
