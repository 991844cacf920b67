"""A plain no, and sentences in which English speakers say of themselves what they do not do."""

import re

BARE_NO = re.compile(
    r"\W*(?:[\w' ]{3,40}\? no\b(?=[.,!])|(?:sorry,? )?(?:nope|nah|no way|no chance|absolutely not|certainly not|"
    r"definitely not|not a chance)\b)"
)
"""A plain no: declining, unless a yes or a no was asked for."""

PLAIN_NO = re.compile(
    r"\W*(?:no|non|nein|não|nee|nie|nej|nei|нет|ні|ne|ei|hayır|όχι|nem|nu|לא|لا|نه|नहीं|tidak|không|いいえ|아니요|아뇨|"
    r"不)[.,!:،。、，]"
)
"""The word no, and a stop after it, in many languages."""

# "I wouldn't" and "I'd leave" advise.
_ITSELF = re.compile(r"\bi(?:'m|'ll|'ve)?\b(?!'d| would)|\b(?:me|my|mine)\b")
_NO = re.compile(
    r"n't\b|\b(?:not|no|never|nothing|none|nobody|without|neither|nor|cannot|declin\w*|pass|skip|skipping|refus\w+|"
    r"stops?|leave|leaving|left|out|away|rather|line|against|elsewhere|off)\b"
)
# Doubt, comfort, praise, and what a person tells of themselves.
_OTHERWISE = re.compile(
    r"not sure|rather not use|don't (?:know|think|mean|have|worry|forget)|can't (?:help but|imagine|wait|say|"
    r"recommend|tell|pick|choose|decide)|not (?:an?|your|the) |no (?:doubt|problem|idea|worries)|sorry to hear|feel|"
    r"i am here|i'm here|not alone|not only|not just|favou?rite|couldn't agree|won't (?:lie|pretend)|\bi find\b|"
    r"\blean\b|never had|i love|have a body|experience|glad|hesitate|assume|last update|knowledge|i wouldn't\W*$|"
    r"not going to judge|won't judge|my [\w ]{1,30}(?:isn't|is not|doesn't)"
)


def negates_itself(sentence: str) -> bool:
    """Whether a sentence says of its speaker what it does not do."""
    return bool(_ITSELF.search(sentence) and _NO.search(sentence) and not _OTHERWISE.search(sentence))
