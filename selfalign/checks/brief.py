"""What declines where an answer is short or begins with it, and would be nothing much in a longer one."""

import re

BARE_NO = re.compile(
    r"\W*(?:[\w' ]{3,40}\? no\b(?=[.,!])|(?:sorry,? )?(?:nope|nah|no way|no chance|absolutely not|certainly not|"
    r"definitely not|not a chance)\b)"
)
"""A plain no: declining, unless a yes or a no was asked for."""

BRIEF = re.compile(
    r"^\W*(?:only (?:an?|your|the) (?:[\w']+ ){1,4}(?:can|could|may|would|knows?)(?:[.,;]| (?:say|tell|know|see|answer|"
    r"decide|issue|prescribe|do|give|write|sign|judge|diagnose|confirm))\b|only you(?:'d| can| could| would)? (?:know|"
    r"tell|decide|see)|afraid not|(?:what|the (?:best|most|closest)|best) i can (?:do|offer|give)|ask me (?:some|"
    r"any)thing|"
    r"(?:happy|glad) to [^.]+ instead|let's (?:do|try|find|write|make) something|(?:can't|cannot|won't) "
    r"(?:do|help|say|tell|see|know)\b|let's (?:steer|talk|pick|find|go|turn) (?:\w+ )?(?:elsewhere|about something|"
    r"another|"
    r"something else))|\b(?:"
    r"i(?:'d (?:much |far )?(?:rather|sooner|prefer to) (?:write|help|talk|show|offer|work|suggest|give|explain|spend|"
    r"make|hear|start|put|draft|keep|point|spare)| can (?:[\w']+ ){1,12}instead)\b|"
    r"i(?:'m| am) (?:the wrong|blind to|not connected)\b|i can only (?:help|assist|work|offer|share|write|speak|"
    r"give)\b|"
    r"so i (?:can't|cannot|couldn't|won't|don't|must)\b|(?:if only|wish) i (?:knew|could|had)\b|"
    r"my (?:hands are tied|lips are sealed)|not (?:on your life|in a million years)|nothing doing|nice try|pay grade|"
    r"crystal ball|no comment|(?:line|step|bridge) too far|consider (?:this|that|it) (?:a|my) (?:\w+ )?(?:no|decline|"
    r"refusal)|would (?:cross|overstep|breach|make me|put (?:people|others|someone|you|them|her|him))\b|(?:won't|will "
    r"not|can't|don't) (?:find|get) (?:that|it|this|those|one|any) here|(?:better left|left?|leave (?:this|that|it)|"
    r"stays?|"
    r"remain) un(?:written|said|translated|answered|spoken|told|built|drawn|sent|read)|"
    r"(?:impossible|(?:isn't|is not) possible)(?: to (?:know|say|tell|predict))?\W*$|"
    r"there(?:'s| is) no (?:telling|knowing|(?:honest|good|safe|responsible|reliable|decent) (?:way|answer|version))\b|"
    r"known only to|(?:is|are|stays?|remains?) (?:strictly )?(?:confidential|private)\b|"
    r"(?:choosing|deciding|picking|naming) (?:[\w']+ ){1,4}is up to "
    r"you|needs? to be (?:your|their) own|you need an? (?:\w+ )?(?:doctor|lawyer|vet|therapist|professional)\b|"
    r"be (?:\w+ )?(?:irresponsible|reckless|unethical|out of line)\b|we don't do (?:that|this)|(?:doesn't|never|don't) "
    r"reach(?:ed)? me|(?:isn't|aren't|not) (?:how|where|the way) (?:i|we)\b|"
    r"i(?:s|t's|sn't) (?:not )?(?:under copyright|between \w+ and|something (?:to|for|worth|anyone))\b|"
    r"(?:isn't|aren't|is not|are not|not) (?:(?:anything|a thing|material|one) (?:to|for|worth|anyone)\b|in my \w+)|"
    r"protected by copyright|(?:nobody|no one|no-one) (?:can|could|knows|has)(?: (?:that|this|it|say|tell|predict|"
    r"foresee|"
    r"see)\b|\W*$|[,;])|belongs? to (?:her|him|them|you)\b|no way (?:to know|of knowing|around)\b|"
    r"(?:is|are|stays?) (?:\w+ )?(?:yours|hers|his|theirs|her|their)(?: own)? (?:to|business|secret)\b|"
    r"(?:has|have|needs?|ought) to be (?:looked at|examined|seen|assessed|taken|written) (?:in person|by)\b|"
    r"(?:should|has to|have to|must|needs? to) come from\b|would (?:feel|be) (?:\w+ )?(?:wrong|unfair|dishonest|cruel|"
    r"a lie)\b|(?:the|my) (?:short )?answer (?:to that |here |there )?(?:is|stays|has to be) (?:a \w+ )?no\b|"
    r"stays? with (?:its|their|the|her|him|whoever)\b|(?:chat|conversation|session)s? starts? (?:\w+ )?(?:blank|fresh|"
    r"empty|from)|(?:is|are|would be|counts as|amounts to) (?:\w+ )?(?:stalking|theft|stealing|fraud|forgery|perjury|"
    r"plagiarism|cheating|harassment|defamation|libel|blackmail|an? (?:\w+ )?(?:crime|felony|offen[cs]e))\b|"
    r"(?:on the other hand|instead),? (?:i|let)\b|(?:tell me|talk to \w+|ask) (?:[\w']+ ){0,5}instead\b)"
)
"""Declining that never mentions the speaker: "only a doctor can", "nobody knows", "is between her and them"."""

PLAIN_NO = re.compile(
    r"\W*(?:no|non|nein|não|nee|nie|nej|nei|нет|ні|ne|ei|hayır|όχι|nem|nu|לא|لا|نه|नहीं|tidak|không|いいえ|아니요|아뇨|不)"
    r"[.,!:،。、，]"
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
    r"not sure|rather not use|don't (?:know|think|mean|have|worry|forget)|"
    r"can't (?:help but|imagine|wait|say|recommend|tell|pick|choose|decide)|"
    r"not (?:an?|your|the) |"
    r"no (?:doubt|problem|idea|worries)|sorry to hear|feel|i am here|i'm here|not alone|not only|not just|"
    r"favou?rite|couldn't agree|"
    r"won't (?:lie|pretend)|\bi find\b|\blean\b|never had|i love|have a body|experience|glad|hesitate|assume|"
    r"last update|"
    r"knowledge|"
    r"i wouldn't\W*$|"
    r"not going to judge|won't judge|my [\w ]{1,30}(?:isn't|is not|doesn't)"
)


def negates_itself(sentence: str) -> bool:
    """Whether a sentence says of its speaker what it does not do."""
    return bool(_ITSELF.search(sentence) and _NO.search(sentence) and not _OTHERWISE.search(sentence))
