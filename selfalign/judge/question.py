"""The judge's two questions as prompts. Their heads are the same for every request, for the prefix cache.

A model answers a yes-or-no question about an answer with a probability that means something if the form is right
(Kadavath et al. 2022, arXiv 2207.05221); the form here is a few worked examples, which base models continue as well.
"""

import re
from functools import cache
from importlib import resources

import yaml

from selfalign.errors import PromptRefused
from selfalign.markers import hostile
from selfalign.records import Principle, Prompt

YES_NO = ("yes", "no")
LETTERS = ("A", "B")

_HEADING = re.compile(r"^[ \t]{0,3}#{3}[ \t]*(?:principle|user|answer(?: [ab])?|verdict)[ \t]*:?[ \t]*$", re.I | re.M)


def follows_question(principle: Principle, user_turn: str, answer: str, style: str) -> Prompt:
    """Does this answer follow this principle? `YES_NO` are the answers. Raises `PromptRefused` for hostile text."""
    body = f"### Answer\n{harmless(answer)}"
    return _prompt("follows", principle, user_turn, body, style)


def better_question(principle: Principle, user_turn: str, first: str, second: str, style: str) -> Prompt:
    """Which of two answers follows it better? `LETTERS` are the answers. Raises `PromptRefused` for hostile text."""
    body = f"### Answer A\n{harmless(first)}\n### Answer B\n{harmless(second)}"
    return _prompt("better", principle, user_turn, body, style)


def _prompt(kind: str, principle: Principle, user_turn: str, body: str, style: str) -> Prompt:
    rule = f"{principle.name}. {principle.rule}"
    question = f"### Principle\n{rule}\n### User\n{harmless(user_turn)}\n{body}\n### Verdict"
    if style == "text":
        return f"{_heads()[kind]}\n\n{question}\n"
    how = "Reply with the verdict alone: " + (" or ".join(YES_NO if kind == "follows" else LETTERS))
    return ({"role": "user", "content": f"{_heads()[kind]}\n\n{question}\n\n{how}."},)


def harmless(text: str) -> str:
    """The text, where nothing in it could pass for a part of the question."""
    if found := hostile(text):
        raise PromptRefused(f"the text to judge contains {found}")
    if heading := _HEADING.search(text):
        raise PromptRefused(f"the text to judge contains the line {heading.group().strip()!r}")
    return text


@cache
def _heads() -> dict[str, str]:
    text = (resources.files("selfalign.judge") / "heads.yaml").read_text(encoding="utf-8")
    return {kind: head.strip() for kind, head in yaml.safe_load(text).items()}
