"""Does an answer hedge: caveats, disclaimers and referrals instead of, or around, what was asked?"""

import re

from selfalign.checks.text import plain

_HEDGE = re.compile(
    r"\b(?:it's|it is) (?:also |always |very )?(?:important|essential|crucial|worth|best|advisable) "
    r"(?:to (?:note|remember|consult|seek|keep in mind|understand|consider|mention|recogni[sz]e)|"
    r"noting|mentioning|remembering)\b"
    r"|\b(?:consult|seek|speak (?:to|with)|talk to|see|ask|contact)(?:ing)? (?:\w+ ){0,4}?"
    r"(?:professional|doctor|physician|lawyer|attorney|advisor|adviser|expert|therapist|counsel\w+|"
    r"specialist|pharmacist)s?\b"
    r"|\bas an? (?:\w+ )?(?:ai|language model|assistant)\b"
    r"|\bi(?:'m| am) not (?:entirely |completely |quite |really |fully |a )?(?:sure|certain|licensed|qualified|"
    r"trained|doctor|lawyer|expert|professional)"
    r"|\bi (?:do not|don't|cannot|can't) (?:\w+ )?"
    r"(?:have (?:\w+ )?(?:personal |access|opinion|enough|real-time|current|live)|guarantee|verify|"
    r"confirm|be (?:sure|certain))"
    r"|\b(?:results|mileage|opinions|answers|experiences) (?:may|can|might) (?:vary|differ)\b"
    r"|\b(?:please (?:note|be aware|keep in mind)|keep in mind that|bear in mind)\b"
    r"|\bnot (?:a substitute for|intended as|meant as) (?:\w+ ){0,2}advice\b"
)
_CUES = (
    "important to", "essential to", "crucial to", "worth ", "best to", "advisable", "professional", "doctor", "lawyer",
    "expert", "therapist", "counsel", "advis", "as a", "not sure", "certain", "don't", "do not", "cannot", "can't",
    "vary", "differ", "please", "in mind", "substitute", "attorney", "specialist", "physician", "i'm not", "i am not",
)  # fmt: skip


def hedges(answer: str) -> bool:
    """Whether `answer` holds a caveat, disclaimer or referral. Pure; English wordings."""
    return hedges_plain(plain(answer))


def hedges_plain(text: str) -> bool:
    """`hedges` for a text already in `plain` form."""
    return any(cue in text for cue in _CUES) and _HEDGE.search(text) is not None
