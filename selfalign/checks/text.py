"""Text as the checks read it: plain form, words, sentences."""

import re

_WORD = re.compile(r"\w+(?:'\w+)*")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]*_]*\s+|\n+|(?<=[。！？])")
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " "})


def word_set(words: str) -> frozenset[str]:
    """A set of words, written as one string."""
    return frozenset(words.split())


def plain(text: str) -> str:
    """`text` in lower case with straight quotes and ordinary spaces: the form the patterns are written for."""
    return text.lower() if text.isascii() else text.translate(_QUOTES).lower()


def words_of(text: str) -> list[str]:
    """The words of `plain` text; an ideograph is a word of its own."""
    if not text.isascii():
        text = _IDEOGRAPHS.sub(r" \g<0> ", text)
    return _WORD.findall(text)


def sentences_of(text: str) -> list[str]:
    """`text` cut at sentence ends and line breaks."""
    return [part for part in map(str.strip, _SENTENCE_END.split(text)) if part]
