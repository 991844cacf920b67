"""Which language a text is in (py3langid), as far as a text of its length can tell; silent when in doubt."""

import re
from functools import cache, lru_cache
from typing import Any

_LEAST_LETTERS = 12
LEAST_PROBABILITY = 0.5
_MOST = 240
_SYMBOLS = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+|[\d_<>{}=|\\/*#~^]+", re.DOTALL)
# Each pair is hard to tell apart in a sentence, and readers of one read the other.
_ALIKE = ({"no", "nb", "nn", "da"}, {"id", "ms"}, {"hr", "sr", "bs"}, {"cs", "sk"}, {"pt", "gl"}, {"bg", "mk"})

# What people write to assistants in: with all the 140 that the library knows, short English is often Nigerian Pidgin.
_LANGUAGES = (
    "af ar az be bg bn bs ca cs cy da de el en es et eu fa fi fr ga gl gu he hi hr hu hy id is it ja ka kk km kn ko "
    "lo lt lv mk ml mn mr ms my ne nl nn no pa pl ps pt ro ru si sk sl sq sr sv sw ta te th tl tr uk ur uz vi zh"
)


def language_of(text: str, least: float = LEAST_PROBABILITY) -> str | None:
    """The ISO 639-1 code of the language of `text`; None where it is too short, or too little of it is language.

    `least` is the probability from which the library is believed; short texts in a script of their own get by with
    less.
    """
    code, probability = _classify(text[:_MOST])
    return code if probability >= least else None


@lru_cache(maxsize=1024)
def _classify(text: str) -> tuple[str | None, float]:
    words = _SYMBOLS.sub(" ", text)
    letters = sum(map(str.isalpha, words))
    if not letters or (letters < _LEAST_LETTERS and words.isascii()):
        return None, 0.0
    return _identifier().classify(words)


@cache
def _identifier() -> Any:
    # Loaded where it is used: numpy and the model take half a second.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(_LANGUAGES.split())
    return identifier


def same_language(one: str | None, other: str | None) -> bool:
    """Whether two codes name one language, or two that a sentence hardly tells apart."""
    return one == other or any({one, other} <= alike for alike in _ALIKE)
