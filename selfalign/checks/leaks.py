"""Text that came from the prompt, not from the answer: demonstrations, principles, thoughts, the instruction itself."""

import re
from functools import lru_cache
from typing import NamedTuple

from selfalign.checks.reading import CLEAN, GRAVE, NOTHING, SLIGHT, Finding, Reading
from selfalign.checks.text import COMMON, plain, runs_of, word_set, words_of
from selfalign.records import Constitution

RUN = 5
"""Words in the shortest run that counts as copied."""

_FEW = 4
_STEM = 4
_TITLE = 20
_EXPLAINED = 0.5
_TELLING = 0.3


# "Translate: ..." asks for those very words.
_QUOTES_TEXT = re.compile(
    r"\b(?:translat|tradu|übersetz|correct|grammar|fix|rewrite|rephrase|paraphrase)\w*.{0,60}[:\"“«„]", re.DOTALL
)


class _Demonstrations(NamedTuple):
    runs: dict[tuple[str, ...], int]
    asked: tuple[frozenset[str], ...]


def leak(reading: Reading) -> Finding:
    """Whether the answer repeats a demonstration of its constitution.

    Runs of `RUN` words are compared. What the instruction explains (its own words, or a demonstration whose user
    asked nearly the same) and what is common language (runs of function words, runs that several demonstrations
    share) does not count. The number is the share of the answer's words inside copied runs.
    """
    if reading.constitution is None or _QUOTES_TEXT.search(reading.instruction):
        return NOTHING
    shown = _demonstrations(reading.constitution)
    hits = [(at, run) for at, run in enumerate(runs_of(reading.words, RUN)) if run in shown.runs]
    if not hits:
        return NOTHING
    asked = words_of(reading.asked)
    content = _content(asked)
    # Demonstrations whose user asked for nearly what is asked here: the same answer is no leak.
    explained = {at for at, each in enumerate(shown.asked) if each and len(each & content) >= _EXPLAINED * len(each)}
    own = set(runs_of(asked, RUN))
    kept = [(at, run) for at, run in hits if run not in own and shown.runs[run] not in explained]
    return _grade(reading, [at for at, run in kept if len(content & set(run)) < 2])


def _grade(reading: Reading, hits: list[int]) -> Finding:
    if not hits:
        return NOTHING
    covered = {at + shift for at in hits for shift in range(RUN)}
    share = round(len(covered) / len(reading.words), 3)
    start, length = _longest(hits)
    if share < reading.spec.leak_share and length < reading.spec.leak_words and length < RUN + 2:
        return Finding(CLEAN, share)
    grave = share >= reading.spec.leak_share or length >= reading.spec.leak_words
    quote = " ".join(reading.words[start : start + length])
    return Finding(GRAVE if grave else SLIGHT, share, f'repeats a demonstration: "{_short(quote)}"')


def _longest(hits: list[int]) -> tuple[int, int]:
    """Start and length in words of the longest copied run."""
    best = start = previous = hits[0]
    length = RUN
    for at in hits[1:]:
        start = start if at == previous + 1 else at
        previous = at
        if at - start + RUN > length:
            best, length = start, at - start + RUN
    return best, length


@lru_cache(maxsize=8)
def _demonstrations(constitution: Constitution) -> _Demonstrations:
    runs: dict[tuple[str, ...], int] = {}
    shared = set()
    persona = set(words_of(plain(f"{constitution.persona.name} {constitution.persona.maker}")))
    for at, demonstration in enumerate(constitution.demonstrations):
        for text in (demonstration.user, demonstration.thought, demonstration.answer):
            for run in runs_of(words_of(plain(text)), RUN):
                if runs.setdefault(run, at) != at or len(set(run) - COMMON - persona) < 2:
                    shared.add(run)
    asked = tuple(_content(words_of(plain(item.user))) for item in constitution.demonstrations)
    return _Demonstrations({run: at for run, at in runs.items() if run not in shared}, asked)


def _content(words: list[str]) -> frozenset[str]:
    return frozenset(words) - COMMON


# --- principles and thoughts ------------------------------------------------------------------------------------

_RECITED = 8
"""Words in a row of a rule, persona and endings aside, from which it is recited."""

_SPEAKERS = word_set("i we it its my our me us you your the assistant")
_CITES = re.compile(
    r"\b(?:principles?|prinzip(?:ien)?|principes?|principios?|princípios?|princip[ie]o?|принцип\w*|zasad\w*|"
    r"nguyên tắc|prinsip|princip\w{0,3}|ilke\w{0,3}|αρχή|المبدأ|اصل)\s?(?:no\.? ?|n\.? ?º? ?|nr\.? ?)?(\d{1,2})\b|"
    r"(?:原则|原則|원칙)\s?(\d{1,2})"
)
_CLOSING = re.compile(r"^principles?[ \t]*: *\d", re.MULTILINE)
_ABOUT_PRINCIPLES = re.compile(
    r"princip|prinzip|rule|guideline|constitution|принцип|zasad|nguyên tắc|prinsip|ilke|原则|原則|원칙|αρχ|مبدأ|اصل"
)
_THINKS = re.compile(
    r"^\W*(?:(?:(?:my |internal )?thoughts?|thinking|gedanken?|überlegung|pensée|réflexion interne|pensamiento|"
    r"pensamento|pensiero|мысл[ьи]|düşünce|myśl|tankar|思考|想法|考え|생각)\W{0,3}[:：]|(?:okay, |ok, |so |"
    r"alright, )?the user (?:wants|asks|is asking|asked|would like|needs|is requesting)\b|(?:der|"
    r"die) nutzer\w* (?:möchte|will|fragt|bittet)|l'utilisat\w+ (?:veut|demande|souhaite)|(?:el|la) usuari[oa] (?:pide|"
    r"quiere|pregunta|solicita)|[oa] usuári[oa] (?:quer|pede|pergunta)|l'utente (?:vuole|chiede)|"
    r"пользователь (?:хочет|просит|спрашивает)|użytkownik (?:chce|prosi|pyta)|"
    r"kullanıcı \w+|pengguna (?:ingin|meminta)|用户(?:想|要|问|询问|希望)|用戶(?:想|要|問)|ユーザーは|사용자[가는])"
)
_ABOUT_USERS = re.compile(
    r"user|thought|nutzer|utilisat|usuari|usuári|utente|пользоват|użytkown|kullanıcı|用户|ユーザ|사용자"
)


def recites(text: str, constitution: Constitution) -> str | None:
    """The words of `text` that recite a rule of the constitution, whoever speaks; None where it recites none. Pure."""
    words = _folded(text, constitution)
    runs = runs_of([folded for folded, _ in words], _RECITED)
    known = _rules(constitution)
    at = next((at for at, run in enumerate(runs) if run in known), None)
    return None if at is None else " ".join(word for _, word in words[at : at + _RECITED])


@lru_cache(maxsize=8)
def _rules(constitution: Constitution) -> frozenset[tuple[str, ...]]:
    """Every run of `_RECITED` folded words in a rule."""
    rules = ([folded for folded, _ in _folded(item.rule, constitution)] for item in constitution.principles)
    return frozenset(run for rule in rules for run in runs_of(rule, _RECITED))


def _folded(text: str, constitution: Constitution) -> list[tuple[str, str]]:
    """The words without who speaks and without the endings of the third person, each beside the word as it was."""
    own = {*words_of(plain(constitution.persona.name)), *_SPEAKERS}
    return [(each.removesuffix("s"), each) for each in words_of(plain(text)) if each.removesuffix("'s") not in own]


def rule_leak(reading: Reading) -> Finding:
    """Whether the answer recites a principle, cites one, or thinks aloud: what belongs before it."""
    if _THINKS.search(reading.plain) and not _ABOUT_USERS.search(reading.asked):
        return Finding(GRAVE, None, f'thinks aloud: "{reading.plain[:40].strip()}"')
    constitution = reading.constitution
    if constitution is None or _ABOUT_PRINCIPLES.search(reading.asked):
        return NOTHING
    if rule := recites(reading.answer, constitution):
        return Finding(GRAVE, None, f'recites a principle: "{rule}"')
    cited = _CLOSING.search(reading.plain) or _citation(reading.plain, constitution)
    return Finding(GRAVE, None, f"cites a principle: {cited[0].strip()!r}") if cited else NOTHING


def _citation(text: str, constitution: Constitution) -> re.Match[str] | None:
    """A principle cited by its number, by number and name, or several by their names in brackets."""
    names = "|".join(re.escape(item.name.lower()) for item in constitution.principles)
    named = re.search(rf"\b\d{{1,2}} ?\((?:{names})\)|[\[(](?:{names})(?:, (?:and )?(?:{names}))+[\])]", text)
    numbered = (each for each in _CITES.finditer(text) if 0 < int(each[1] or each[2]) <= len(constitution.principles))
    return named or next(numbered, None)


# --- the instruction --------------------------------------------------------------------------------------------


# The text to work on is in the instruction, so its words come again.
_WORKS_ON_TEXT = re.compile(
    r"\b(?:capitali[sz]e|punctuat\w*|correct|fix|grammar|spell\w*|proofread|edit|simplif\w*|rewrite|rephrase|"
    r"paraphrase|polish|shorten|convert|change|turn|make (?:this|it|the)|put|say|repeat|format|sort|remove|replace|"
    r"delete|add|insert|errors?|checked|copy|quote|signature|translate|summari[sz]e|extract|find|identify|"
    r"complete)\b.*(?:[:\"“«„]|\n)|\b(?:setze|korrigiere?|verbessere?|wiederhole|ergänze)\b.*[:\"„]|\b(?:corrige\w*|"
    r"corrij\w*|répète|ajoute|ponctue|añade|repite|pon|adicione|repita|correggi|ripeti|popraw|powtórz|dodaj|"
    r"исправь\w*|повтори\w*|расставь\w*|düzelt|ekle|perbaiki|ulangi|thêm|sửa|lặp lại|修改|改正|"
    r"加|重复|直し|繰り返し|고쳐|"
    r"반복)\b.*[:：\"«„「“]|thêm dấu|[:：]\s*\S+.*\S+$",
    re.DOTALL,
)


_TRANSFORMS = re.compile(
    r"\b(?:rewrit|rephras|paraphras|translat|summari|shorten|simplif|condens|expand|convert|turn (?:this|it|the)|"
    r"make (?:this|"
    r"it|the)|reword|formali|übersetz|kürz|umschreib|fasse|traduis|résum|réécri|tradu|resum|reescrib|riassum|riscriv|"
    r"перевед|перепиш|сократи|przetłumacz|streść|翻译|改写|总结|要約|翻訳|書き換え|번역|요약)"
)


def echo(reading: Reading) -> Finding:
    """Whether the answer only says the instruction again.

    An answer that *is* the user turn, or opens with the whole instruction before it goes on, is grave; the number is
    the share of its words that repeat the instruction in order. Context is not counted: to quote or edit it is work.
    """
    words, asked = reading.words, reading.instruction_words
    if len(asked) < _FEW or not words:
        return NOTHING
    context = plain(reading.subject.instruction.context).strip()
    if reading.plain.strip() == context and _TRANSFORMS.search(reading.instruction):
        return Finding(GRAVE, 1.0, "only repeats the text that it was to change")
    works_on_text = _WORKS_ON_TEXT.search(reading.instruction)
    if reading.plain.strip() == reading.instruction.strip() or (
        not works_on_text and words in (asked, words_of(reading.asked))
    ):
        return Finding(GRAVE, 1.0, "only repeats the instruction")
    if works_on_text:
        return NOTHING
    if len(asked) >= 2 * _FEW and words[: len(asked)] == asked and len(words) < 5 * len(asked):
        return Finding(GRAVE, round(len(asked) / len(words), 2), "opens with the whole instruction")
    is_one_line = not set("?\n") & set(reading.instruction) and len(asked) <= _TITLE
    if is_one_line and _is_restated(words, asked):
        return Finding(GRAVE, 1.0, "only names what was asked for")
    own, said = set(runs_of(asked, 3)), runs_of(words, 3)
    share = round(sum(run in own for run in said) / max(len(said), 1), 2)
    if share < reading.spec.echo_share or len(said) < len(own) / 2:
        return Finding(CLEAN, share) if share >= _TELLING else NOTHING
    return Finding(GRAVE, share, f"{share:.0%} of it only repeats the instruction")


def _is_restated(words: list[str], asked: list[str]) -> bool:
    """Whether a short answer has no word that is not the instruction's, endings aside: the title of what was asked."""
    if words[0] in ("yes", "no"):
        return False
    known = {each[:_STEM] for each in asked}
    return _FEW <= len(words) <= len(asked) + 1 and all(each[:_STEM] in known or each in COMMON for each in words)


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."
