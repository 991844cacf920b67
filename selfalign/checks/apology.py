"""Does an answer apologise for itself?"""

import re

from selfalign.checks.text import plain

_APOLOGY = re.compile(
    r"\b(?:my|our|sincere|deepest|please accept (?:my|our)) (?:\w+ )?apolog"
    r"|\b(?:i|we)(?:'d| would| must| do| want to| would like to)?(?: \w+ly| deeply)? apologi[sz]e"
    r"|(?:^|[.!?\n]\s*|\bso |\bbut )apologies\b"
    r"|\b(?:i|we)(?: am|'m| are|'re)(?: \w+){0,2} sorry\b|(?:^|[.!?\n]\s*|\bso |\bvery |\breally )sorry\b"
    r"|\b(?:i|we)(?: \w+ly)? regret (?:that|to|any|the|my|our)|\bforgive (?:me|us)\b"
)
# Compassion with the user's situation is no apology for the answer's shortcomings.
_COMPASSION = re.compile(
    r"\W{0,3}(?:(?:so|very|really|truly|deeply) )?(?:to (?:hear|learn|read|see|know)|for (?:your|their|his|her) |"
    r"for (?:the|any|all the) (?:\w+ )?(?:loss|pain|struggles?|suffering|hardships?|grief|distress|"
    r"difficult\w+) (?:that )?you|(?:that )?you(?:'re|'ve|r)?\b(?! (?:found|did|were not|weren't))|about (?:your|"
    r"what|how|the loss)|for what you|if you(?:'re|'ve| are| have) |(?:that )?(?:this|it|life|things|someone|"
    r"somebody|people|he|she|they) (?!(?:response|answer|reply|explanation)))"
)


def apologises(answer: str) -> bool:
    """Whether `answer` apologises for itself; compassion ("sorry to hear that ...") is not counted. Pure."""
    return apologises_plain(plain(answer))


def apologises_plain(text: str) -> bool:
    """`apologises` for a text already in `plain` form."""
    if "sorry" not in text and "apolog" not in text and "regret" not in text and "forgive" not in text:
        return False
    return any(not _COMPASSION.match(text, found.end()) for found in _APOLOGY.finditer(text))
