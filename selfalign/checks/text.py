"""Text as the checks read it: plain form, words, sentences."""

import re

_TYPOGRAPHIC = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "—": " - ", "–": "-", "…": "...", "\u00a0": " ", "\u202f": " "}
)
_PUNCTUATION = str.maketrans(
    dict.fromkeys('!"#$%&()*+,-./:;<=>?@[\\]^`{|}~«»„…–—―·•¡¿。、！？：；（）「」『』【】《》؟،।', " ")
)
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
# A blank first and what comes before it second: the other way round takes ten times as long.
_SENTENCE_END = re.compile(r"\s(?:(?<=\D[.!?؟।]\s)|(?<=[.!?][\"')\]*_]\s)|(?<=\n))\s*|(?<=[。！？])(?=.)")


_CODE = re.compile(r"^[ \t]*(`{3,}|~{3,})[^\n]*\n.*?(?:^[ \t]*\1`*~*[ \t]*$|\Z)|`[^`\n]+`", re.DOTALL | re.MULTILINE)


def word_set(words: str) -> frozenset[str]:
    """A set of words, written as one string."""
    return frozenset(words.split())


COMMON = word_set(
    "the of and to in is that for it as was with be by on not he his this are or from at which but have an they you "
    "were their one all we can has there been if more when will would who so no what my your how about do a i me us "
    "him her them it's that's these those than then also just very into out up down over such some any many most much "
    "other only own same too s t don't now here where why while because after before between through during each few "
    "both under again once should could may might must shall had did does doing being am our its yes like make made "
    "get got need want let know think see say said go well way thing things good new first last time people use used "
    "using two three help please"
)
"""The commonest English words: a run made of them shows nothing."""


def plain(text: str) -> str:
    """`text` in lower case with a typewriter's quotes, dashes and blanks: the form the patterns are written for."""
    return text.translate(_TYPOGRAPHIC).lower()


def words_of(text: str) -> list[str]:
    """The words of `plain` text; apostrophes belong to words, and an ideograph or a kana is a word of its own."""
    return _IDEOGRAPHS.sub(r" \g<0> ", text).translate(_PUNCTUATION).split()


def runs_of(words: list[str], length: int) -> list[tuple[str, ...]]:
    """Every run of `length` neighbouring words, in order."""
    return list(zip(*(words[shift:] for shift in range(length)), strict=False))


def sentences_of(text: str) -> list[str]:
    """`text` cut at sentence ends and line breaks."""
    return [part for part in _SENTENCE_END.split(text.strip()) if part]


def without_code(text: str) -> str:
    """`text` with its code, fenced or in backticks, blanked out."""
    return _CODE.sub(" ", text)
