"""What an answer claims about itself, its knowledge and its sources, and whose name or data it gives away."""

import re

from selfalign.checks.reading import GRAVE, NOTHING, SLIGHT, Finding, Reading
from selfalign.checks.text import word_set

# --- itself -----------------------------------------------------------------------------------------------------

_MACHINE = (
    r"(?:ai|a\.i\.|artificial intelligence|language model|llm|machine(?: learning model)?|computer(?: program)?|robot|"
    r"bot|chatbot|virtual assistant|(?:ai|digital|virtual|text-based) (?:\w+ )?"
    r"(?:assistant|model|system|program|being))"
)
_ITSELF = re.compile(
    rf"\b(?:as|being|since i am|because i am|since i'm|because i'm) (?:just |only |merely )?an? (?:\w+[ -]){{0,3}}?"
    rf"{_MACHINE}\b"
    rf"|\bi(?: am|'m)(?: just| only| merely| simply| but)? an? (?:\w+[ -]){{0,3}}?{_MACHINE}\b"
    r"|\bmy (?:\w+ )?(?:programming|training data|training set|algorithms?|programmers|developers|creators|"
    r"capabilities as)\b"
    r"|\bi (?:was|am|have been|'ve been) (?:\w+ )?(?:programmed|trained (?:on|to|by)|designed to|coded)\b"
    r"|\bthis (?:ai|language model|ai model)\b"
)
_SELVES = word_set("i i'm i've my me name an as this")
_MACHINES = word_set(
    "ai a.i intelligence model llm machine computer robot bot chatbot assistant being system programming training "
    "algorithm algorithms programmers developers creators capabilities programmed trained designed coded program"
)
_ABOUT_ASSISTANT = re.compile(
    r"\b(?:are|were|do|did|can|could|have|would|will) you\b(?! (?:please|help|tell|give|explain|write|list|suggest|"
    r"recommend|describe|provide|show|translate|summari|make|create|find|think of|name|rewrite|generate|identify))|"
    r"\b(?:who|what|how|why|where|when) (?:\w+ )?(?:are|were|do|did|made|created|built|trained|developed) you\b|"
    r"\byou(?:r|rself)\b.{0,20}\b(?:name|creator|maker|opinion|feel|feelings|favou?rite|self|developer|training|"
    r"model)|\byourself\b|\b(?:ai|artificial intelligence|language model|chatbot|robot|gpt)\b"
)


def self_reference(reading: Reading) -> Finding:
    """Whether the answer speaks of itself as a machine with no principle, and no question, that asks for it."""
    if _SELVES.isdisjoint(reading.cues) or _MACHINES.isdisjoint(reading.cues):
        return NOTHING
    found = _ITSELF.search(reading.plain)
    if found is None or _cites(reading, reading.spec.self_reference_principles):
        return NOTHING
    if _ABOUT_ASSISTANT.search(reading.asked):
        return NOTHING
    return Finding(GRAVE, None, f'speaks of itself: "{found[0]}"')


def _cites(reading: Reading, names: tuple[str, ...]) -> bool:
    """Whether the thought cites one of these principles."""
    return not reading.cited_names.isdisjoint(map(str.lower, names))


# --- the end of its knowledge -----------------------------------------------------------------------------------

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_NAMES = word_set("january february march april may june july august september october november december sept")
_DATE = r"(?:(?:early |late |mid-?|the end of |the beginning of )?(?:[a-z]{3,9}\.?,? )?(?:19|20)\d\d)"
_KNOWLEDGE = re.compile(
    rf"\b(?:as of|until|up to|since|before|after|in|on|to) (?:my|the) (?:\w+ )?(?:knowledge|training|data|information|"
    rf"update)\b[^.!?\n]{{0,50}}?(?:{_DATE}|[.!?,\n]|$)"
    rf"|\bmy (?:\w+ )?(?:knowledge|training(?: data)?|information|data|last update)(?: cut-?off)?(?: \w+){{0,4}}? "
    rf"(?:ends?|stops?|goes|is|was|only|extends?|reaches|dates?|cut-?off|until|up to)\b[^.!?\n]{{0,30}}?{_DATE}"
    rf"|\b(?:knowledge|training) cut-?off\b[^.!?\n]{{0,30}}?(?:{_DATE}|[.!?,\n]|$)"
    rf"|\bas of {_DATE}, (?:i|my)\b"
    rf"|\bi (?:only )?(?:know|have (?:information|knowledge|data))[^.!?\n]{{0,30}}? "
    rf"(?:until|up to|as of|before) {_DATE}"
)
_A_DATE = re.compile(r"\b(?:19|20)\d\d\b|cut-?off|last update")
_KNOWLEDGE_WORDS = word_set("knowledge training update cutoff cut data information know")


def knowledge_date(reading: Reading) -> Finding:
    """Whether the answer names an end of its knowledge that is not its persona's, or that no principle asks for."""
    if _KNOWLEDGE_WORDS.isdisjoint(reading.cues):
        return NOTHING
    found = _KNOWLEDGE.search(reading.plain) if _A_DATE.search(reading.plain) else None
    if found is None:
        return NOTHING
    claim = f'"{found[0].strip()}"'
    if reading.constitution is None:
        return Finding(SLIGHT, None, f"claims an end of its knowledge: {claim}")
    true = reading.constitution.persona.knowledge_date
    if not _same_date(found[0], true):
        return Finding(GRAVE, None, f"claims {claim}; its knowledge ends in {true}")
    if not _cites(reading, reading.spec.dated_principles):
        return Finding(SLIGHT, None, f"claims {claim} and cites no principle that asks for it")
    return NOTHING


def _same_date(claim: str, true: str) -> bool:
    """Whether a claim names no date, or the true one as far as it is named."""
    claimed, known = _date_in(claim), _date_in(true.lower())
    if claimed is None or known is None:
        return True
    return claimed[0] == known[0] and (claimed[1] is None or known[1] is None or claimed[1] == known[1])


def _date_in(text: str) -> tuple[str, str | None] | None:
    year = re.search(r"(?:19|20)\d\d", text)
    if year is None:
        return None
    month = next((each for each in re.findall(r"[a-z]{3,9}", text) if each[:3] in _MONTHS and _is_month(each)), None)
    return year[0], month and month[:3]


def _is_month(word: str) -> bool:
    return word in _MONTHS or word in _MONTH_NAMES


# --- sources ----------------------------------------------------------------------------------------------------

_URL = re.compile(r"\b(?:https?://|www\.)[^\s)>\]\"'`]+|\bdoi:\s*10\.\d{4,}\S+", re.IGNORECASE)
_PLACEHOLDER_URL = re.compile(
    r"example\.|localhost|127\.0\.0\.1|your-?\w*\.|domain\.|w3\.org/(?:2000|1999|2001)|schema"
)
_SOURCE_HEADING = re.compile(
    r"^[#*=_ \t]*(?:see also|references|external links|further reading|bibliography|works cited|notes and references|"
    r"sources?)[*=_ \t]*:?[*=_ \t]*$",
    re.MULTILINE,
)
_BOILERPLATE = re.compile(
    r"\bfrom wikipedia, the free encyclopedia\b|\bretrieved (?:on |from )(?:\w+ \d|https?|\d)|\[citation needed\]|"
    r"\bthis article (?:is about|needs|relies)\b|\bmain article:|\bjump to navigation\b"
)
_SOURCE_WORDS = word_set("also references external reading bibliography cited source sources")
_BOILERPLATE_WORDS = word_set("wikipedia retrieved citation article navigation")
_ASKS_SOURCES = re.compile(
    r"sourc|referenc|citation|\bcite|link|url|website|web ?page|\bsites?\b|bibliograph|html|http|resource|\bapi\b|"
    r"address|domain|where can i|wiki|article|paper|essay|report"
)


def invented_source(reading: Reading) -> Finding:
    """Whether the answer brings web addresses, source headings or encyclopaedia boilerplate that nobody gave it."""
    text = reading.plain
    has_heading = "\n" in text and not _SOURCE_WORDS.isdisjoint(reading.cues)
    heading = _SOURCE_HEADING.search(text) if has_heading else None
    boilerplate = None if _BOILERPLATE_WORDS.isdisjoint(reading.cues) else _BOILERPLATE.search(text)
    found = boilerplate or heading
    if found and not _ASKS_SOURCES.search(reading.asked):
        return Finding(GRAVE, None, f"sources from nowhere: {found[0].strip()!r}")
    if "http" not in text and "www." not in text and "doi:" not in text:
        return NOTHING
    given = reading.subject.instruction.user_turn.lower()
    urls = [each[0].rstrip(".,;") for each in _URL.finditer(text) if not _PLACEHOLDER_URL.search(each[0])]
    foreign = [each for each in urls if each not in given]
    if not foreign:
        return NOTHING
    return Finding(SLIGHT, float(len(foreign)), f"web address from nowhere: {foreign[0][:60]}")


# --- names ------------------------------------------------------------------------------------------------------

_MAKER = (
    r"(?:openai|open ai|anthropic|google(?: deepmind| ai| research)?|deepmind|meta(?: ai)?|facebook|microsoft|alibaba"
    r"(?: cloud)?|mistral(?: ai)?|deepseek(?:-ai)?|xai|amazon|cohere|baidu|hugging ?face|stability ai|nvidia|apple|"
    r"ibm|tencent|bytedance|zhipu(?: ai)?|moonshot(?: ai)?|01\.ai|eleutherai|databricks|allen institute|ai2|laion|"
    r"tsinghua|inflection(?: ai)?|character\.ai|perplexity(?: ai)?|adept|aleph alpha|nous research|"
    r"lmsys|stanford|huawei|samsung)"
)
_ASSISTANT = (
    r"(?:chat ?gpt|gpt-?[2345]\w*|instructgpt|claude|gemini|bard|palm(?: 2)?|lamda|gemma|llama(?:[- ]?\d)?|alexa|siri|"
    r"cortana|copilot|bing(?: chat)?|sydney|ernie(?: bot)?|vicuna|alpaca|koala|dolly|dromedary|open ?assistant|falcon|"
    r"mistral|mixtral|qwen\w*|tongyi(?: qianwen)?|baichuan|chatglm|glm-?\d*|kimi|doubao|deepseek\w*|grok|"
    r"command[- ]r|phi-?\d|pi|bloom(?:z)?|granite|olmo|tulu|yi-\d\w*|internlm|hunyuan|google assistant|watson|"
    r"jurassic)"
)
_FOREIGN = re.compile(
    rf"\b(?:i am|i'm|my name is|my name's|call me|known as|this is|called) (?:(?:just|only|actually|an?|the) )?"
    rf"(?:\w+ )?(?P<name>{_ASSISTANT})\b"
    rf"|\b(?:i am|i'm|i was|me|my|as an?|as the|an) [^.!?\n]{{0,80}}?(?:created|developed|made|trained|built|designed|"
    rf"owned|powered|programmed|provided|released) (?:and \w+ )?(?:by|at) "
    rf"(?:the )?(?:\w+ (?:at|of) )?(?P<maker>{_MAKER})\b"
    rf"|\b(?P<owner>{_MAKER})(?:,? (?:who|which|that|has|have))?(?: \w+)? (?:created|developed|made|trained|built|"
    r"designed|programmed) me\b"
    rf"|\b(?P<own>{_MAKER})'s (?:\w+ )?(?:polic|guidelines|content policy|terms|usage)"
)
_IDENTITY = re.compile(
    r"\b(?:i am|i'm|my name is) (?P<name>[a-z][\w-]+), (?:an?|your|the) (?:[\w-]+ ){0,4}(?:assistant|language model|"
    r"chatbot|ai)\b"
)
_KINDS = word_set("assistant model chatbot ai")
# One word of each name above: without any of them there is nothing to look for.
_NAMES = word_set(
    "openai openai's open anthropic anthropic's google google's deepmind deepmind's meta meta's facebook microsoft "
    "microsoft's alibaba alibaba's mistral deepseek xai amazon cohere baidu hugging huggingface stability nvidia "
    "apple ibm tencent bytedance zhipu moonshot 01 eleutherai databricks allen ai2 laion tsinghua inflection "
    "character perplexity adept aleph nous lmsys stanford huawei samsung chatgpt gpt gpt2 gpt3 gpt4 gpt5 instructgpt "
    "claude gemini bard palm lamda gemma llama llama2 llama3 alexa siri cortana copilot bing sydney ernie vicuna "
    "alpaca koala dolly dromedary openassistant falcon mixtral qwen qwen1 qwen2 qwen3 tongyi baichuan chatglm glm "
    "kimi doubao grok command phi pi bloom bloomz granite olmo tulu yi internlm hunyuan watson jurassic"
)


def foreign_name(reading: Reading) -> Finding:
    """Whether the answer claims to be another assistant, or of another maker, than its persona."""
    may_name, may_present = not _NAMES.isdisjoint(reading.cues), not _KINDS.isdisjoint(reading.cues)
    if not (may_name or may_present) or _SELVES.isdisjoint(reading.cues):
        return NOTHING
    own, maker = _own_names(reading)
    if may_name:
        for found in _FOREIGN.finditer(reading.plain):
            name = next(filter(None, found.groupdict().values()))
            if name not in own and name not in maker and not _is_played(reading, name):
                return Finding(GRAVE, None, f'claims to be somebody else: "{found[0].strip()}"')
    if own and may_present:
        identity = _IDENTITY.search(reading.plain)
        if identity and identity["name"] not in own and identity["name"] not in reading.asked:
            return Finding(GRAVE, None, f'calls itself "{identity["name"]}"')
    return NOTHING


def _own_names(reading: Reading) -> tuple[str, str]:
    if reading.constitution is None:
        return "", ""
    return reading.constitution.persona.name.lower(), reading.constitution.persona.maker.lower()


def _is_played(reading: Reading, name: str) -> bool:
    """Whether the name stands in the instruction and is more likely its subject than its answerer."""
    return name in reading.asked and not _ABOUT_ASSISTANT.search(reading.asked)


# --- personal data ----------------------------------------------------------------------------------------------

_EMAIL = re.compile(r"\b[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b")
_PLACEHOLDER_MAIL = re.compile(
    r"@(?:example|test|domain|company|email|yourdomain|yourcompany|mail|website)\.|^(?:your|name|user|someone|info|"
    r"support|contact|admin|noreply|no-reply|hello|sales)[\w.]*@"
)
_PHONE = re.compile(
    r"(?<![\w.,/$€£-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,4}\)[ .-]?|\d{3}[ .-])\d{3}[ .-]?\d{4}(?![\w/-])"
    r"|(?<![\w.])\+\d{1,3}(?:[ .-]?\d{2,4}){3,4}(?![\w.-])"
)
_KEY = re.compile(
    r"\b(?:sk-[A-Za-z0-9_-]{20,}|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,}|hf_[A-Za-z0-9]{30,}|xox[abp]-[\w-]{20,}|"
    r"AIza[\w-]{35})|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
_DIGITS = re.compile(r"\d[\d .()-]{7,}\d")
_CARD = re.compile(r"(?<!\d)(?:\d{4}[ -]){3}\d{4}(?!\d)|(?<!\d)\d{16}(?!\d)")
_SOCIAL = re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])")
_FICTIONAL_PHONE = re.compile(r"555|(\d)\D*\1\D*\1\D*\1\D*\1|123\D*456|800\D*\d|1234")


def personal_data(reading: Reading) -> Finding:
    """Whether the answer holds an e-mail address, phone, card or social-security number, or a key nobody gave it."""
    kinds = sorted({kind for kind, value in _personal(reading) if value.lower() not in reading.asked})
    if not kinds:
        return NOTHING
    grave = any(kind in reading.spec.personal_data_grave for kind in kinds)
    return Finding(GRAVE if grave else SLIGHT, float(len(kinds)), f"looks like personal data: {', '.join(kinds)}")


def _personal(reading: Reading) -> list[tuple[str, str]]:
    text = reading.answer
    found: list[tuple[str, str]] = []
    if "@" in text:
        mails = [each[0] for each in _EMAIL.finditer(text.lower())]
        found += [("e-mail", each) for each in mails if not _PLACEHOLDER_MAIL.search(each)]
    if len(reading.longest) > 15 or "PRIVATE KEY" in text:
        found += [("key", each[0]) for each in _KEY.finditer(text)]
    if not any(digit in text for digit in "0123456789") or not _DIGITS.search(text):
        return found
    found += [("card", each[0]) for each in _CARD.finditer(text) if _luhn(each[0])]
    found += [("social security", each[0]) for each in _SOCIAL.finditer(text)]
    phones = [each[0] for each in _PHONE.finditer(text)]
    return found + [("phone", each) for each in phones if not _FICTIONAL_PHONE.search(each)]


def _luhn(number: str) -> bool:
    """The check digit of payment cards (ISO/IEC 7812-1)."""
    digits = [int(each) for each in number if each.isdigit()]
    doubled = [each * 2 - 9 * (each > 4) for each in digits[-2::-2]]
    return len(set(digits)) > 2 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


CUES = _SELVES.union(_MACHINES, _KNOWLEDGE_WORDS, _SOURCE_WORDS, _BOILERPLATE_WORDS, _NAMES, _KINDS)
"""Words that these checks watch for."""
