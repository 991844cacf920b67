"""What an instruction wants done to what: its leading verb and that verb's object, by word order and a list of verbs.

Self-Instruct (Wang et al. 2023, arXiv 2212.10560, section 3.3) plots the same pairs with a constituency parser. An
imperative opens with its verb, so word order and a list do nearly as well and need no model. What is not on the list
(verbs.txt) is no verb: better to miss a rare one than to count "quick" and "English".
"""

import re
from functools import cache
from importlib import resources

from selfalign.checks.text import word_set

_TOKEN = re.compile(r"[^\W\d_]+(?:[-'][^\W\d_]+)*|[,.:;!?\"()\n]|\d+")
_POLITE = re.compile(
    r"^(?:(?:hi|hello|hey|ok|okay|now|then|first|next|also)\b[,! ]*)?"
    r"(?:(?:can|could|would|will) you (?:please |kindly |help me (?:to )?)?|please |kindly |help me (?:to )?|let's |"
    r"i (?:want|need|would like|'d like) you to |i'd like you to |your (?:task|job) is to |"
    r"you (?:should|must|have to|will|are (?:asked|required|supposed) to) |try to |[a-z]+ly )+",
)
_DETERMINERS = word_set("the a an this that these those each every some any all both another my your his her its our")
_STOPS = word_set(
    "of in on at by for with about against between into through during before after above below to from up down out "
    "off over under and or but nor so that which who whose when where why how whether if as than is are was were while "
    "using based without within like given including such per via until because has have can should would will"
)
_TO_WHOM = word_set("me us him them her someone somebody")
_NUMBER = word_set("one two three four five six seven eight nine ten several few many more most various")
_NOT_NOUN = word_set("following given below above provided it them this these those that each what yourself more")
# Behind a word that is a verb and a noun, these say that it is the noun: "list of rivers", "design is ...".
_AFTER_A_NOUN = word_set("of is are was were has had does did will would can could should may might must vs versus")


def leading_verb(text: str) -> tuple[str, str] | None:
    """(verb, object) of an English instruction, lower case, the object in the singular; the object may be "".

    None where the instruction does not open with an imperative (questions, statements, other languages).
    """
    tokens = _TOKEN.findall(_POLITE.sub("", text.lstrip("\"'([- ").lower(), count=1)[:200])
    if not tokens or text[0] in "¿¡" or not _is_verb(tokens[0]) or tokens[1:2] in (["?"], [":"]):
        return None
    if len(tokens) > 1 and tokens[1] in _AFTER_A_NOUN:
        return None
    after = 3 if tokens[:3] == ["come", "up", "with"] else 1
    return tokens[0], _object(tokens[after:])


@cache
def _is_verb(word: str) -> bool:
    """Whether a word is on the list: in either spelling (-ise, -ize), with or without "re-" before it."""
    root = word.removeprefix("re-") if word.startswith("re-") else word
    return bool({root, root.replace("yse", "yze"), re.sub(r"ise$", "ize", root)} & _verbs())


@cache
def _verbs() -> frozenset[str]:
    return word_set((resources.files("selfalign.dataset") / "verbs.txt").read_text(encoding="utf-8"))


def _object(tokens: list[str]) -> str:
    """The last word of the first noun phrase."""
    head = ""
    for token in tokens:
        if token in _TO_WHOM and not head:
            continue
        if token in _STOPS or not token[0].isalnum():
            break
        if token in _DETERMINERS or token in _NUMBER or token.isdigit():
            if head:
                break
            continue
        if token in _NOT_NOUN or token.endswith("ly"):
            continue
        head = token
    return _singular(head)


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("s") and not word.endswith(("ss", "us", "is", "ous")) and len(word) > 3:
        return word[:-1]
    return word
