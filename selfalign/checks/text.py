"""Text as the checks read it: plain form, words, sentences. Written for speed: every row passes through here."""

import re

# A blank first and what stands before it second: the other way round takes ten times as long.
_SENTENCE_END = re.compile(r"\s(?:(?<=\D[.!?]\s)|(?<=[.!?][\"')\]*_]\s)|(?<=\n))\s*")
_IDEOGRAPHIC_END = re.compile(r"(?<=[。！？])(?=.)")
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_TYPOGRAPHIC = {"’": "'", "‘": "'", "“": '"', "”": '"', "—": " - ", "–": "-", "…": "...", "\u00a0": " "}
_PUNCTUATION = str.maketrans(
    dict.fromkeys('!"#$%&()*+,-./:;<=>?@[\\]^`{|}~«»„…–—―·•¡¿。、！？：；（）「」『』【】《》', " ")
)


def word_set(words: str) -> frozenset[str]:
    """A set of words, written as one string."""
    return frozenset(words.split())


def plain(text: str) -> str:
    """`text` in lower case with a typewriter's quotes, dashes and blanks: the form the patterns are written for."""
    if not text.isascii():
        # Far faster than one `translate`, and most English is ASCII afterwards, which everything else is faster on.
        for character, substitute in _TYPOGRAPHIC.items():
            text = text.replace(character, substitute)
    return text.lower()


def words_of(text: str) -> list[str]:
    """The words of `plain` text; apostrophes belong to words, and an ideograph is a word of its own."""
    if not text.isascii() and not _is_latin_1(text):
        text = _IDEOGRAPHS.sub(r" \g<0> ", text)
    return text.translate(_PUNCTUATION).split()


def _is_latin_1(text: str) -> bool:
    """Whether no character lies beyond U+00FF; far faster than to search for one that does."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def sentences_of(text: str) -> list[str]:
    """`text` cut at sentence ends and line breaks."""
    if "。" in text:
        text = _IDEOGRAPHIC_END.sub("\n", text)
    return [part for part in _SENTENCE_END.split(text.strip()) if part]
