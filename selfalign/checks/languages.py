"""Which language a text is in, as far as its script and its function words tell. Small, and silent when in doubt."""

import re
from collections.abc import Collection

from selfalign.checks.reading import GRAVE, NOTHING, Finding, Reading
from selfalign.checks.text import word_set

_WORDS = {
    "English": "the of and to in is that for it as was with be by on not he his this are or from at which but have an "
    "they you were their one all we can has there been if more when will would who so no what my your how about do",
    "German": "der die und das nicht ist ein eine zu mit sich auf für im dem den von auch es wie ich sie wir sind als "
    "aus bei nach oder wird wurde haben hat kann über einen einer eines zum zur durch wenn aber noch nur sein ihre",
    "French": "le la les des et est une pour dans que qui sur pas avec ce il elle vous nous sont au aux du cette ou "
    "mais plus par ne se été être avoir leur votre ses comme très peut fait ils je deux ces",
    "Spanish": "el la los las y es una para en que por con no su se del al lo como más pero sus le ha me si sin sobre "
    "este ya entre cuando todo esta ser son dos también fue había muy hasta desde está nos puede tiene",
    "Italian": "il la di che è e un per in una non sono con del della le dei si da come anche più ma al nel alla gli "
    "questo ha lo i delle ai su dal essere cui molto nella tutti loro può stato",
    "Portuguese": "o a os as e é um uma para em que de do da com não por se mais como mas dos das ao ele sua ou ser "
    "quando muito nos já está eu também só pelo pela até isso ela entre são seu você foi tem",
    "Dutch": "de het een en van is dat op te in niet voor met zijn er aan die ook als om maar bij dan nog naar heeft "
    "hij je kan door over wordt deze worden uit zou wat hun wij geen moet of",
    "Swedish": "och att det som en är på för av den till med inte har om ett jag de han var men sig så från vi kan "
    "när eller nu ska också mycket där ut upp efter vara hon",
    "Danish": "og at det en er på for af den til med ikke har om et jeg de som han var men sig så fra vi kan når "
    "eller skal også meget efter være blev hvor dig",
    "Polish": "i w na nie się że do jest to z o jak ale po co tak za od przez czy są jego dla już może być tym które "
    "który jej ich lub przy oraz także",
    "Turkish": "ve bir bu için de da ile olarak daha çok gibi ne var olan kadar sonra ben değil mi ama en her o ya "
    "şey bunu olduğu veya göre ise",
    "Indonesian": "dan yang di untuk dengan ini itu dari pada tidak adalah dalam akan ke atau juga saya oleh dapat "
    "sebagai ada anda bisa lebih karena mereka kita seperti telah kami",
}  # fmt: skip

_FUNCTION_WORDS = [(name, word_set(words)) for name, words in _WORDS.items()]

_ALSO_COMMON = (
    "a i me us him her them it's that's these those than then also just very into out up down over such some any many "
    "most much other only own same too s t don't now here where why while because after before between through "
    "during each few both under again once should could may might must shall had did does doing being am our its "
    "yes like make made get got need want let know think see say said go well way thing things good new first last "
    "time people use used using one two three help please"
)
COMMON = word_set(_WORDS["English"]) | word_set(_ALSO_COMMON)
"""English function words and the commonest others: a run made of them shows nothing."""

_FOREIGN = frozenset[str]().union(*(words for name, words in _FUNCTION_WORDS if name != "English"))
_UNENGLISH = _FOREIGN - COMMON

_SCRIPTS = (
    ("Cyrillic", re.compile(r"[\u0400-\u04ff]")),
    ("Greek", re.compile(r"[\u0370-\u03ff]")),
    ("Arabic", re.compile(r"[\u0600-\u06ff]")),
    ("Hebrew", re.compile(r"[\u0590-\u05ff]")),
    ("Devanagari", re.compile(r"[\u0900-\u097f]")),
    ("Thai", re.compile(r"[\u0e00-\u0e7f]")),
    ("Hangul", re.compile(r"[\uac00-\ud7af]")),
    ("Japanese", re.compile(r"[\u3040-\u30ff]")),
    ("Chinese", re.compile(r"[\u4e00-\u9fff]")),
)
_BEYOND_LATIN = re.compile(r"[\u0370-\u1fff\u2c00-\ufeff]")
_LETTER = re.compile(r"[^\W\d_]")
_LEAST = 5
_MOST = 300

# An instruction that names a language, or asks to translate, may be answered in any.
_ASKS = re.compile(
    r"translat|language|\b(?:in|into|to|from) (?:\w+ )?(?:english|german|french|spanish|italian|portuguese|dutch|"
    r"swedish|danish|norwegian|finnish|polish|turkish|indonesian|russian|ukrainian|greek|arabic|hebrew|hindi|thai|"
    r"korean|japanese|chinese|mandarin|latin|czech|hungarian|romanian|vietnamese|tamil|bengali|persian|urdu|swahili|"
    r"malay)\b|übersetz|auf (?:deutsch|englisch)|tradu[icz]|перевед|翻译|翻訳|번역|vertaal|översätt|"
    r"przetłumacz|çevir"
)


def language_of(text: str, words: list[str]) -> str | None:
    """The language (by script, or by function words for Latin script) of `text`; None where it is not plain to see.

    `words` are the words of `text` in `plain` form.
    """
    if not text.isascii() and _BEYOND_LATIN.search(text):
        script = _script_of(text)
        if script is not None:
            return script
    return _latin_language(set(words[:_MOST]))


def _latin_language(words: set[str]) -> str | None:
    """The language that clearly more of the distinct words are function words of than of any other."""
    hits = sorted(((len(own & words), name) for name, own in _FUNCTION_WORDS), reverse=True)
    (most, best), (second, _) = hits[0], hits[1]
    return best if most >= _LEAST and most > 1.5 * second and most >= len(words) / 8 else None


def _looks_english(text: str, words: Collection[str]) -> bool:
    """Whether nothing speaks for another language."""
    return text.isascii() and (_UNENGLISH.isdisjoint(words) or ("the" in words and ("and" in words or "of" in words)))


def _script_of(text: str) -> str | None:
    """The script that most letters are in, where it is not Latin. Kana beside ideographs is Japanese."""
    letters = len(_LETTER.findall(text)) or 1
    counts = {name: len(pattern.findall(text)) for name, pattern in _SCRIPTS}
    if counts["Japanese"] > 0.1 * letters:
        return "Japanese"
    name = max(counts, key=counts.__getitem__)
    return name if counts[name] > 0.5 * letters else None


def language(reading: Reading) -> Finding:
    """Whether the answer is in another language than the instruction, without being asked for it."""
    if _looks_english(reading.instruction, reading.instruction_words) and _looks_english(
        reading.plain, reading.vocabulary
    ):
        return NOTHING  # by far the commonest case
    asked = language_of(reading.instruction, reading.instruction_words)
    if asked is None:
        return NOTHING
    answered = language_of(reading.plain, reading.words)
    if answered is None:
        return NOTHING
    if asked == answered or answered in _context_language(reading):
        return NOTHING
    if _ASKS.search(reading.asked) or answered.lower() in reading.asked:
        return NOTHING
    return Finding(GRAVE, None, f"asked in {asked}, answered in {answered}")


def _context_language(reading: Reading) -> tuple[str, ...]:
    """The context's language, where there is a context: answering in it is natural."""
    context = reading.subject.instruction.context
    if not context:
        return ()
    found = language_of(context.lower(), context.lower().split())
    return (found,) if found else ()
