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


_QUOTED = re.compile(
    r"(?<![\w])\"[^\"]{2,600}?\"(?!\w)|«[^«»]{2,600}»|„[^„“”\"]{2,600}[“”\"]|»[^«»]{2,600}«|"
    r"[「『][^「」『』]{2,600}[」』]|“[^“”]{2,600}”|"
    r"^[ \t]*>[^\n]*$",
    re.MULTILINE,
)
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


WANTS_TEXT = re.compile(
    r"\b(?:write|rewrite|draft|compos\w+|letters?|e-?mails?|stor(?:y|ies)|poems?|essays?|articles?|speech\w*|"
    r"dialogues?|scripts?|review|posts?|message|lines?|lyrics|songs?|verse|novel|toast|columns?|blurb|cv|resumes?|"
    r"résumé|biograph\w+|bio|role-?play\w*|role|pretend|imagine|act as|persona|character|monologue|diary|footer|"
    r"caption|translat\w+|paraphras\w+|rephras\w+|correct|past tense|passive|turn (?:this|it))\b|schreib|verfass|brief|"
    r"gedicht|geschichte|satz|übersetz|écris|écrire|rédige|lettre|poème|histoire|réplique|tradui|escrib|redact|"
    r"carta|cuento|poema|discurso|traduc|escrev|carta|conto|frase|traduz|scriv|lettera|racconto|poesia|tradu|napisz|"
    r"list\b|wiersz|przetłumacz|напиши|письмо|рассказ|стих|перевед|лист|schrijf|"
    r"brief|skriv|brev|kirjoita|yaz\b|mektup|özet|tulis|surat|viết|thư|写|寫|翻译|翻譯|信|诗|書い|手紙|訳し|써|편지|"
    r"번역|اكتب|رسالة|بنویس|نامه|כתוב|מכתב|लिख|पत्र|γράψε|γράμμα|เขียน|จดหมาย|napiš|dopis|írj|levél|scrie|"
    r"scrisoare"
)
"""A text is asked for, in which somebody else may speak."""


def plain(text: str) -> str:
    """`text` in lower case with a typewriter's quotes, dashes and blanks: the form the patterns are written for."""
    return text.translate(_TYPOGRAPHIC).lower()


def words_of(text: str) -> list[str]:
    """The words of `plain` text; apostrophes belong to words, and an ideograph or a kana is a word of its own."""
    apart = text if text.isascii() else _IDEOGRAPHS.sub(r" \g<0> ", text)
    return apart.translate(_PUNCTUATION).split()


def runs_of(words: list[str], length: int) -> list[tuple[str, ...]]:
    """Every run of `length` neighbouring words, in order."""
    return list(zip(*(words[shift:] for shift in range(length)), strict=False))


def sentences_of(text: str) -> list[str]:
    """`text` cut at sentence ends and line breaks."""
    return [part for part in _SENTENCE_END.split(text.strip()) if part]


def without_code(text: str) -> str:
    """`text` with its code, fenced or in backticks, blanked out."""
    return _CODE.sub(" ", text) if "`" in text or "~~~" in text else text


def without_quotes(text: str) -> str:
    """`text` with what stands in quotation marks, code or block quotes blanked out: words that are somebody else's."""
    return _QUOTED.sub(' "" ', without_code(text))
