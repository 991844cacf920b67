"""The form of an answer: is it whole, does it go round in circles, does it speak for somebody else?"""

import re

from selfalign import markers
from selfalign.checks.reading import GRAVE, NOTHING, SLIGHT, Finding, Reading
from selfalign.checks.text import runs_of, word_set, words_of

# --- truncation -------------------------------------------------------------------------------------------------

# Words that no English sentence ends in.
_OPEN_WORDS = word_set(
    "the a an and or but nor of to with from for by at into onto than that's their your my our its his whose which "
    "because although while if unless whether is are was were be been has have had will would can could should may "
    "might must very such as e.g i.e including"
)
# ... but a question left to the reader, or a form to fill in, may ("What is it made of?"): only bare endings count.
_BARE_MARKER = re.compile(r"(?:^|\n)[ \t]*(?:[-*•+]|\d{1,3}[.)]|[a-z]\))[ \t]*$")
_PROSE_END = re.compile(r"[.!?…:;)\]\"'”’»*_`>|}%°。！？」』】:]$")
_VERSE_OR_LIST_WORDS = 9


def truncation(reading: Reading) -> Finding:
    """Whether the answer breaks off.

    Grave: the engine stopped at the token limit, a code fence is open, a list marker has no item, the last word
    cannot end a sentence. Slight: the last of several sentences lacks its end.
    """
    if reading.subject.finish_reason == "length":
        return Finding(GRAVE, None, "cut off at the token limit")
    text = reading.answer.rstrip()
    if not text:
        return Finding(GRAVE, None, "empty")
    if text.count("```") % 2:
        return Finding(GRAVE, None, "a code fence is never closed")
    last_line = text[text.rfind("\n") + 1 :].strip()
    if text[-1] in "-*•+.)" and "\n" in text and _BARE_MARKER.search(text[-12:]):
        return Finding(GRAVE, None, f"a list ends in the bare marker {last_line!r}")
    if text[-1].isalnum() or text[-1] in ",;(-–—":
        return _unfinished(reading, text, last_line)
    return NOTHING


def _unfinished(reading: Reading, text: str, last_line: str) -> Finding:
    if text[-1] in ",(–—" and len(reading.words) > _VERSE_OR_LIST_WORDS and text[-1] != reading.asked[-1:]:
        return Finding(SLIGHT, None, f"ends in {text[-1]!r}")
    if "```" in text:
        return NOTHING
    last_word = text[-40:].split()[-1]
    line_words = last_line.count(" ") + 1
    if last_word in _OPEN_WORDS and line_words > 3 and len(reading.words) > 20 and _has_sentences(text):
        return Finding(GRAVE, None, f"breaks off after {last_word!r}")
    if line_words >= _VERSE_OR_LIST_WORDS and _has_sentences(text):
        return Finding(SLIGHT, None, "the last sentence has no end")
    return NOTHING


def _has_sentences(text: str) -> bool:
    """Whether the text before its last sentence is punctuated prose."""
    return ". " in text or ".\n" in text


# --- loops ------------------------------------------------------------------------------------------------------

_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_TABLE_ROW = re.compile(r"^[ \t]*\|.*$|^.*\t.*$", re.MULTILINE)
_STUTTER = re.compile(r"(.{1,12}?)\1{7,}", re.DOTALL)
_LEAST_WORDS = 12
_LEAST_SHARE = 0.1
_GRAM = 4


def loop(reading: Reading) -> Finding:
    """Whether the answer goes round in circles.

    A loop is a passage that stands several times *in a row*, or repetition in most of the text. Code and tables are
    left out, and a refrain does not count: its returns are not in a row. The number is the share of word 4-grams
    that repeat an earlier one.
    """
    words = words_of(_TABLE_ROW.sub("\n", _FENCE.sub("\n", reading.plain)))
    grams = runs_of(words, _GRAM)
    share = round(1 - len(set(grams)) / len(grams), 3) if grams else 0.0
    if len(words) < _LEAST_WORDS or share < _LEAST_SHARE:
        return _stutter(reading, words)
    start, period, length = _longest_period(grams)
    repeats = length / period if period else 0.0
    if repeats >= reading.spec.loop_repeats and length >= _LEAST_WORDS:
        passage = " ".join(words[start : start + period])
        return Finding(GRAVE, share, f'"{passage[:60]}" stands {int(repeats)} times in a row')
    if share >= reading.spec.loop_share and len(words) >= 40:
        return Finding(GRAVE, share, f"{share:.0%} of it repeats what it said before")
    if repeats >= 2 and period >= 25:
        return Finding(SLIGHT, share, f"a passage of {period} words stands twice")
    return _stutter(reading, words)


def _longest_period(grams: list[tuple[str, ...]]) -> tuple[int, int, int]:
    """The longest stretch that repeats with one period: where it starts, its period, its length in words."""
    last: dict[tuple[str, ...], int] = {}
    best = (0, 0, 0)
    run, gap = 0, 0
    for at, gram in enumerate(grams):
        previous = last.get(gram)
        last[gram] = at
        distance = at - previous if previous is not None else 0
        run = run + 1 if distance and distance == gap else 1 if distance else 0
        gap = distance
        length = run + gap + _GRAM - 1
        if run and (best[1] == 0 or length / gap > best[2] / best[1]):
            best = (at - run - gap + 1, gap, length)
    return best


def _stutter(reading: Reading, words: list[str]) -> Finding:
    """Loops inside one "word": text without blanks, or one character for ever."""
    longest = max(words, key=len, default="")
    if len(longest) < 24:
        return NOTHING
    found = _STUTTER.search(longest)
    if found is None or longest in reading.asked or found[1].strip("0_") == "":
        return NOTHING
    return Finding(GRAVE, 1.0, f'"{found[1]}" stands {len(found[0]) // len(found[1])} times in a row')


# --- turns ------------------------------------------------------------------------------------------------------

_TURN = re.compile(
    r"^[ \t]*(?:\*\*|#{1,6} ?)?(user|human|assistant|ai|chatbot|system|instruction|response|input|output|thoughts?|"
    r"principles|question|prompt)(?: ?\d{1,2})?(?:\*\*)? ?:",
    re.MULTILINE,
)
_SPEAKERS = word_set("user human assistant instruction system")
_DIALOGUE = re.compile(
    r"dialog|conversation|chat|script|interview|transcript|roleplay|role-play|role play|exchange|example|prompt|"
    r"user|human|assistant|instruction"
)
_HEADING = re.compile(r"^#{1,6} ?(?:instruction|response|input|human|assistant|system|task \d+) ?(?:[:.]|$)", re.M)


def role_marker(reading: Reading) -> Finding:
    """Whether the answer goes on to speak for the user, or carries the marks of a prompt or chat template."""
    text = reading.answer
    token = markers.chat_token(text)
    if token is not None and token not in reading.subject.instruction.user_turn:
        return Finding(GRAVE, None, f"chat-template token {token}")
    heading = _HEADING.search(reading.plain)
    marker = markers.role_marker(text) or (heading and heading[0])
    if marker and marker.lower() not in reading.asked:
        return Finding(GRAVE, None, f"role heading {marker!r}")
    return _turns(reading)


def _turns(reading: Reading) -> Finding:
    turns = [found[1] for found in _TURN.finditer(reading.plain)]
    own = [each for each in turns if each in _SPEAKERS]
    if not own or _DIALOGUE.search(reading.asked):
        return NOTHING
    first = f'"{own[0]}:"'
    # One "Assistant:" at the very start is only a heading; a turn later on is somebody else's.
    later = len(turns) > 1 or own[0] in ("user", "human")
    return Finding(GRAVE if later else SLIGHT, None, f"speaks in turns: {first}")
