"""Which language a text is in (py3langid), as far as a text of its length can tell; silent when in doubt."""

import re
from functools import cache, lru_cache
from typing import Any

from selfalign.checks.reading import GRAVE, NOTHING, Finding, Reading

_LEAST_LETTERS = 12
_LEAST_PROBABILITY = 0.5
_MOST = 400
_LETTER = re.compile(r"[^\W\d_]")
_SYMBOLS = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+|[\d_<>{}=|\\/*#~^]+", re.DOTALL)
# Each pair is hard to tell apart in a sentence, and readers of one read the other.
_ALIKE = ({"no", "nb", "nn", "da"}, {"id", "ms"}, {"hr", "sr", "bs"}, {"cs", "sk"}, {"pt", "gl"}, {"bg", "mk"})

# What people write to assistants in: with all the 140 that the library knows, short English is often Nigerian Pidgin.
_LANGUAGES = (
    "af ar az be bg bn bs ca cs cy da de el en es et eu fa fi fr ga gl gu he hi hr hu hy id is it ja ka kk km kn ko la "
    "lo lt lv mk ml mn mr ms my ne nl nn no pa pl ps pt ro ru si sk sl sq sr sv sw ta te th tl tr uk ur uz vi zh"
)

# An instruction that names a language, or asks to translate, may be answered in any.
_ASKS = re.compile(
    r"translat|language|\b(?:in|into|to|from) (?:\w+ )?(?:english|german|french|spanish|italian|portuguese|dutch|"
    r"swedish|danish|norwegian|finnish|polish|turkish|indonesian|russian|ukrainian|greek|arabic|hebrew|hindi|thai|"
    r"korean|japanese|chinese|mandarin|latin|czech|hungarian|romanian|vietnamese|tamil|bengali|persian|urdu|swahili|"
    r"malay)\b|übersetz|auf (?:deutsch|englisch)|tradu[icz]|перевед|翻译|翻訳|번역|vertaal|översätt|"
    r"przetłumacz|çevir"
)


def language_of(text: str) -> str | None:
    """The ISO 639-1 code of the language of `text`; None where it is too short, or too little of it is language."""
    words = _SYMBOLS.sub(" ", text[:_MOST])
    if len(_LETTER.findall(words)) < _LEAST_LETTERS and words.isascii():
        return None
    code, probability = _classify(words)
    return code if probability >= _LEAST_PROBABILITY else None


@lru_cache(maxsize=1024)
def _classify(text: str) -> tuple[str, float]:
    return _identifier().classify(text)


@cache
def _identifier() -> Any:
    # Loaded where it is used: numpy and the model take half a second.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(_LANGUAGES.split())
    return identifier


def language(reading: Reading) -> Finding:
    """Whether the answer is in another language than the instruction, without being asked for it."""
    answered = language_of(reading.answer)
    if answered is None or _ASKS.search(reading.asked):
        return NOTHING
    instruction = reading.subject.instruction
    asked = language_of(instruction.text)
    if asked is None or _same(asked, answered):
        return NOTHING
    # To answer in the context's language is natural.
    if instruction.context and _same(language_of(instruction.context), answered):
        return NOTHING
    return Finding(GRAVE, None, f"asked in {asked}, answered in {answered}")


def _same(one: str | None, other: str) -> bool:
    return one == other or any({one, other} <= alike for alike in _ALIKE)
