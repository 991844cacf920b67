"""What a text is compared by: its tokens, under one of two tokenisers.

"rouge" is the default tokeniser of the rouge_score package: runs of a-z and 0-9, lower-cased, everything else dropped.
"unicode" gives the same tokens on ASCII text and sees what that one drops: words of every script with their accents and
vowel signs, and single characters where a script puts no spaces between words (Chinese, Japanese, Thai ...). Width,
ligatures and case are folded (NFKC, casefold); a text that has no word but other signs (emoji, formulas) is compared
by those signs.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache

Tokenise = Callable[[str], list[str]]

_ASCII_WORD = re.compile(r"[a-z0-9]+")

# Soft hyphen, zero-width spaces and joiners, direction marks, byte order mark: what nobody sees makes no difference.
_INVISIBLE = dict.fromkeys(
    [0xAD, 0x34F, 0x61C, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF]
)

# Scripts without spaces between words: Thai and Lao, Myanmar, Khmer, Tai, kana, bopomofo, Han, Yi.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u3005-\u3007\u3021-\u3029\u3031-\u3035"
    "\u303b\u303c\u3041-\u30ff\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf"
    "\ua9e0-\ua9ff\uaa60-\uaadf\uf900-\ufaff\U0001aff0-\U0001b16f\U00020000-\U0003ffff"
)


TOKENISERS = ("unicode", "rouge")


def tokeniser(name: str) -> Tokenise:
    """The function from text to tokens called `name`, one of `TOKENISERS`, ready to be called."""
    if name == "rouge":
        return rouge_tokens
    _patterns()  # takes some 20 ms, which should not fall on the first text that needs them
    return unicode_tokens


def rouge_tokens(text: str) -> list[str]:
    """The tokens of `rouge_score.tokenizers.DefaultTokenizer(use_stemmer=False)`."""
    return _ASCII_WORD.findall(text.lower())


def unicode_tokens(text: str) -> list[str]:
    """Words of all scripts, folded; single characters (with their marks) in scripts that put no spaces."""
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    folded = fold(text)
    word, unspaced, piece = _patterns()
    tokens: list[str] = []
    for run in word.findall(folded):
        if unspaced.search(run):
            tokens.extend(piece.findall(run))
        else:
            tokens.append(run)
    return tokens or [sign for sign in folded if not (sign.isascii() or sign.isspace())]


def fold(text: str) -> str:
    """The text with case, width, ligatures and invisible characters folded away (NFKC, casefold, NFKC)."""
    composed = unicodedata.normalize("NFKC", text.translate(_INVISIBLE))
    return unicodedata.normalize("NFKC", composed.casefold())


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Runs of word characters; whether a run holds an unspaced script; the pieces of such a run."""
    # \w knows letters and digits but no combining marks, without which Hindi or Tamil falls into single consonants.
    marks = _mark_ranges()
    word = re.compile(rf"(?:[^\W_]|[{marks}])+")
    unspaced = re.compile(f"[{_UNSPACED}]")
    piece = re.compile(f"(?![{marks}])[{_UNSPACED}][{marks}]*|[^{_UNSPACED}]+|[{marks}]+")
    return word, unspaced, piece


def _mark_ranges() -> str:
    """Every combining mark (categories Mn, Mc) as the inside of a character class; about 15 ms, once."""
    marks = [code for code in range(0x300, 0x1F000) if unicodedata.category(chr(code)) in ("Mn", "Mc")]
    ranges: list[list[int]] = []
    for code in marks:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)
