"""What an instruction wants done to what: its leading verb and that verb's object, by a few rules of word order.

Self-Instruct (Wang et al. 2023, arXiv 2212.10560, section 3.3) plots the same pairs with a constituency parser. An
imperative opens with its verb, so word order and a list of function words do nearly as well and need no model.
"""

import re

from selfalign.checks.text import word_set

_TOKEN = re.compile(r"[^\W\d_]+(?:[-'][^\W\d_]+)*|[,.:;!?\"()\n]|\d+")
_POLITE = re.compile(
    r"^(?:(?:hi|hello|hey|ok|okay|now|then|first|next|also)\b[,! ]*)?"
    r"(?:(?:can|could|would|will) you (?:please |kindly |help me (?:to )?)?|please |kindly |help me (?:to )?|let's |"
    r"i (?:want|need|would like|'d like) you to |i'd like you to |your (?:task|job) is to |"
    r"you (?:should|must|have to|will|are (?:asked|required|supposed) to) |try to )+",
)
_NO_VERB = word_set(
    "the a an this that these those each every some any all both no another such what which who whom whose when where "
    "why how whether if is are was were be been am do does did has have had can could will would shall should may "
    "might must i you he she it we they my your his her its our their of in on at by for with about against between "
    "into through during before after above below to from up down out off over under and or but nor so yet because "
    "as until while not only own same than too very just also there here yes one two three four five six seven eight "
    "nine ten suppose imagine given once since although"
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


def leading_verb(text: str) -> tuple[str, str] | None:
    """(verb, object) of an English instruction, lower case, the object in the singular; the object may be "".

    None where the instruction does not open with an imperative (questions, statements, other scripts).
    """
    tokens = _TOKEN.findall(_POLITE.sub("", text.lstrip("\"'([- ").lower(), count=1)[:200])
    if not tokens or text[0] in "¿¡" or not _is_imperative(tokens):
        return None
    after = 3 if tokens[:3] == ["come", "up", "with"] else 1
    return tokens[0], _object(tokens[after:])


def _is_imperative(tokens: list[str]) -> bool:
    """Whether the first word stands where an imperative stands: no function word, and not the subject of a sentence."""
    first = tokens[0]
    if not first.isascii() or first in _NO_VERB or len(first) < 2:
        return False
    following = tokens[1] if len(tokens) > 1 else "."
    return following not in _AFTER_A_SUBJECT and not first.endswith(("tion", "ness", "ment's", "ity"))


_AFTER_A_SUBJECT = word_set("is are was were has had does did will would can could should may might must")


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
