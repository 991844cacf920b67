"""The form of an answer: is it whole, does it go round in circles, does it speak for somebody else?"""

import re

from selfalign import markers
from selfalign.checks.reading import GRAVE, NOTHING, SLIGHT, Finding, Reading
from selfalign.checks.text import plain, runs_of, sentences_of, without_code, word_set, words_of

# --- truncation -------------------------------------------------------------------------------------------------

# Words that no English sentence ends in.
_OPEN_WORDS = word_set(
    "the a an and or but nor of to with from for by at into onto than that's their your my our its his whose which "
    "because although while if unless whether is are was were be been has have had will would can could should may "
    "might must very such as e.g i.e including"
)
_OPEN_ELSEWHERE = word_set(
    "und oder der das dem ein eine weil dass aber y el los las que porque pero et ou le les des parce dans pour "
    "ve ile dan и а но что поэтому который в на с ed il che perché di con e en het een dat och att som oraz że yang và"
)
_BULLET = re.compile(r"(?:^|\n)[ \t]*[-*•+][ \t]*$")
_NUMBERED = re.compile(r"^[ \t]*(\d{1,3})[.)](?=[ \t]|$)", re.MULTILINE)
_FENCE_LINE = re.compile(r"^[ \t]*(?:>[ \t]*)?(`{3,}|~{3,})[ \t]*([^\n]*)$", re.MULTILINE)
_VERSE_OR_LIST_WORDS = 9
_LEAST_ANNOUNCED = 5
# In the middle of a longer line that has a full stop before it.
_IDEOGRAPH_LAST = re.compile(r"。[^。！？」』]{4,}[\u3040-\u30ff\u4e00-\u9fff]$")


def truncation(reading: Reading) -> Finding:
    """Whether the answer breaks off.

    Grave: a code fence is open, a list marker has no item, the last word cannot end a sentence. Slight: the last of
    several sentences lacks its end. What the token limit has cut never gets here.
    """
    text = reading.answer.rstrip()
    if not text:
        return Finding(GRAVE, None, "empty")
    if _fence_is_open(text):
        return Finding(GRAVE, None, "a code fence is never closed")
    last_line = text[text.rfind("\n") + 1 :].strip()
    if _BULLET.search(text[-12:]) and re.search(r"^[ \t]*[-*•+][ \t]+\S", text, re.MULTILINE):
        return Finding(GRAVE, None, f"a list ends in the bare marker {last_line!r}")
    numbers = [int(each) for each in _NUMBERED.findall(text)]
    if re.fullmatch(r"\d{1,3}[.)]", last_line) and len(numbers) > 1 and numbers[-1] == numbers[-2] + 1:
        return Finding(GRAVE, None, f"a list ends in the bare marker {last_line!r}")
    rows = [line.strip() for line in text.splitlines()[-3:] if line.strip().startswith("|")]
    if len(rows) > 1 and rows[-1] == last_line and rows[0].endswith("|") and not last_line.endswith("|"):
        return Finding(GRAVE, None, "a row of a table breaks off")
    if text[-1] == ":" and len(reading.words) >= _LEAST_ANNOUNCED and last_line.count(" ") >= _LEAST_ANNOUNCED - 1:
        return Finding(SLIGHT, None, "announces what does not come")
    if "。" in text and text[-1].isalpha() and _IDEOGRAPH_LAST.search(last_line):
        return Finding(SLIGHT, None, "the last sentence has no end")
    opened = last_line.rfind("(")
    if opened > last_line.rfind(")") and last_line[opened + 1 : opened + 2].isalpha() and "`" not in last_line:
        return Finding(SLIGHT, None, "a bracket is never closed")
    if text[-1].isalnum() or text[-1] in ",;(-–—":
        return _unfinished(reading, text, last_line)
    return NOTHING


def _fence_is_open(text: str) -> bool:
    """Whether a code fence is left open; a fence closes one of its own kind that is no longer (CommonMark, 4.5)."""
    opened = ""
    for mark, info in _FENCE_LINE.findall(text):
        if not opened:
            opened = mark
        elif mark[0] == opened[0] and len(mark) >= len(opened) and not info:
            opened = ""
    return bool(opened)


def _unfinished(reading: Reading, text: str, last_line: str) -> Finding:
    if text[-1] in ",(–—" and len(reading.words) > _VERSE_OR_LIST_WORDS and text[-1] != reading.asked[-1:]:
        return Finding(SLIGHT, None, f"ends in {text[-1]!r}")
    if "```" in text:
        return NOTHING
    last_word = text[-40:].split()[-1]
    line_words = last_line.count(" ") + 1
    if (
        (last_word in _OPEN_WORDS or last_word in _OPEN_ELSEWHERE)
        and line_words > 3
        and len(reading.words) > 20
        and _has_sentences(text)
    ):
        return Finding(GRAVE, None, f"breaks off after {last_word!r}")
    if line_words >= _VERSE_OR_LIST_WORDS and _has_sentences(text) and text[-1].isalpha():
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
    finding = _loop(reading)
    return NOTHING if finding.grade and _ASKS_AGAIN.search(reading.asked) else finding


def _loop(reading: Reading) -> Finding:
    words = words_of(_TABLE_ROW.sub("\n", _FENCE.sub("\n", reading.plain)))
    own = _TABLE_ROW.sub("\n", reading.own_words)
    found = _repeated_items(reading.plain) or _repeated_sentences(own) or _nothing_new(own) or _few_words(own)
    if found:
        return found
    grams = runs_of(words, _GRAM)
    share = round(1 - len(set(grams)) / len(grams), 3) if grams else 0.0
    if len(words) < _LEAST_WORDS or share < _LEAST_SHARE:
        return _stutter(reading, words)
    start, period, length = _longest_period(grams)
    repeats = length / period if period else 0.0
    if repeats > reading.spec.loop_repeats - 0.3 and length >= _LEAST_WORDS:
        cycle = words[start : start + period]
        if (
            set(cycle) <= set(words_of(reading.asked))
            or not any(map(str.isalpha, "".join(cycle)))
            or all(len(each) < 2 and each.isascii() for each in cycle)
        ):
            return NOTHING  # asked for, a matrix, a drawing
        passage = " ".join(cycle)
        return Finding(GRAVE, share, f'"{passage[:60]}" stands {int(repeats)} times in a row')
    if share >= reading.spec.loop_share and len(words) >= 40:
        return Finding(GRAVE, share, f"{share:.0%} of it repeats what it said before")
    if repeats >= 2 and period >= 25:
        return Finding(SLIGHT, share, f"a passage of {period} words stands twice")
    return _stutter(reading, words)


_ASKS_AGAIN = re.compile(
    r"\b(?:repeat\w*|over and over|again and again|mantra|chants?|call and response|choir|choruse?s?|sing|songs?|"
    r"nursery|rhymes?|(?:\d+|two|three|four|five|six|seven|eight|ten|twelve|"
    r"twenty|fifty|a hundred|many) times)\b(?! (?:a|per|more|as))|\b(?:\d+|zwei|drei|fünf|zehn|zwölf)[ -]?mal\b|"
    r"\bwiederhol|\brép[èé]t|\bfois\b|\brepite|\brepita|\bveces\b|\bvezes\b|\bripeti|\bvolte\b|повтор|\bраз\b|"
    r"powtórz|\brazy\b|\bulangi|\bkali\b|\bkez\b|\blần\b|\bkeer\b|\bgånger\b|[遍次回]|번 "
)
_WORD_STEM = re.compile(r"[^\W\d_]{3,}|[\u3040-\u30ff\u4e00-\u9fff]")
_STEM_LETTERS = 5
_LEAST_UNITS, _LEAST_STEMS, _KNOWN = 4, 3, 0.8
_LEAST_RICHNESS, _RICHNESS_WORDS = 1.9, 12
_CALCULATION = re.compile(r"\d[^\n]*=|=[^\n]*\d|(?:\d[^\d\n]{1,30}){6}")


def _nothing_new(text: str) -> Finding | None:
    """Sentences or list items that only say in other order what was said before.

    A sentence brings nothing new where four in five of its word stems stood in an earlier one already.
    """
    units = [frozenset(each[:_STEM_LETTERS] for each in _WORD_STEM.findall(part)) for part in sentences_of(text)]
    known: set[str] = set()
    old = 0
    for unit in units:
        old += len(unit) >= _LEAST_STEMS and len(unit & known) >= _KNOWN * len(unit)
        known |= unit
    if len(units) < _LEAST_UNITS or old <= 0.5 * len(units) or _CALCULATION.search(text):
        return None
    return Finding(GRAVE, None, f"{old} of {len(units)} sentences say nothing that was not said before")


def _few_words(text: str) -> Finding | None:
    """Hardly any different words for the length (Guiraud's measure: different words by the root of all words)."""
    words = [each for each in words_of(text) if each[0].isalpha()]
    richness = len(set(words)) / max(len(words), 1) ** 0.5
    if len(words) < _RICHNESS_WORDS or richness >= min(_LEAST_RICHNESS, len(words) / 15) or _CALCULATION.search(text):
        return None
    items = _ITEM.findall(text)
    if len(set(items)) == len(items) > 2:
        return None  # a table in the form of a list
    return Finding(GRAVE, round(richness, 2), f"only {len(set(words))} different words among {len(words)}")


_ITEM = re.compile(r"^[ \t]*(?:[-*•+]|\d{1,3}[.)])[ \t]+([^\n]*\S)", re.MULTILINE)
_LEAST_ITEMS = 8
_LEAST_SENTENCES = 5


def _repeated_items(text: str) -> Finding | None:
    """A list whose items come again and again."""
    items = _ITEM.findall(_FENCE.sub("\n", text))
    if len(items) < _LEAST_ITEMS or len(set(items)) > 0.5 * len(items) or not any(len(each) > 3 for each in items):
        return None
    return Finding(GRAVE, None, f"{len(items)} items in a list, only {len(set(items))} of them different")


def _repeated_sentences(text: str) -> Finding | None:
    """Prose whose sentences come again and again."""
    sentences = [each for each in sentences_of(text) if len(each) > 12 and not each.startswith(("|", "#"))]
    if len(sentences) < _LEAST_SENTENCES or len(set(sentences)) >= 0.6 * len(sentences):
        return None
    return Finding(GRAVE, None, f"{len(sentences)} sentences, only {len(set(sentences))} of them different")


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

_SPEAKER = (
    r"User|Human|Assistant|AI|Chatbot|System|Nutzer(?:in)?|Benutzer|Assistent(?:in)?|Mensch|KI|Utilisateur|Humain|"
    r"Usuario|Usuária|Usuário|Asistente|Assistente|Utente|Umano|Humano|Пользователь|Ассистент|"
    r"Користувач|Асистент|Użytkownik|Asystent|Uživatel|Kullanıcı|Asistan|Gebruiker|Användare|"
    r"Bruger|Bruker|Pengguna|Asisten|Người dùng|Trợ lý|用户|用戶|使用者|助手|助理|ユーザー|アシスタント|사용자|"
    r"어시스턴트|المستخدم|المساعد|کاربر|دستیار|उपयोगकर्ता|सहायक|Χρήστης|Βοηθός|USER|HUMAN|ASSISTANT"
)
_TURN = re.compile(rf"^[ \t]*(?:\*\*|#{{1,6}} ?)?({_SPEAKER})(?: ?\d{{1,2}})?(?:\*\*)? ?[:：](?:\*\*)?", re.MULTILINE)
_FIRST_ALONE = ("User", "Human", "USER", "HUMAN")
_TASK = re.compile(r"^[ \t]*(?:Instruction|Input|Response) ?:", re.MULTILINE)
_QUESTION = re.compile(
    r"\n\s*(?:q|question|f|frage|p|pregunta|вопрос|问|問) ?\d{0,2} ?[:：][^\n]+\n+\s*(?:a|answer|antwort|r|"
    r"respuesta|réponse|ответ|答) ?\d{0,2} ?[:：]"
)
_DIALOGUE = re.compile(
    r"dialog|conversation|chat|script|interview|transcript|roleplay|role-play|role play|exchange|example|prompt|user|"
    r"human|assistant|instruction|scene|faq|q&a|quiz|question|moderator|guide|gespräch|szene|scène|entretien|diálogo|"
    r"escena|conversa|dialogo|диалог|діалог|разговор|rozmow|diyalog|konuşma|samtal|gesprek|"
    r"percakapan|hội thoại|对话|對話|会话|会話|対話|대화|حوار|گفتگو|संवाद|διάλογο|yaml|\bki\b|\bai\b|robot"
)
_HEADING = re.compile(
    r"^#{1,6} ?(?:instruction|response|input|human|assistant|system|task \d+)(?: ?[:.]|[ \t]*$)", re.MULTILINE
)
_THINK = re.compile(r"</?(?:think|thinking|thought|reasoning|scratchpad)>", re.IGNORECASE)


def role_marker(reading: Reading) -> Finding:
    """Whether the answer goes on to speak for the user, or carries the marks of a prompt, chat template or thought."""
    text = without_code(reading.answer)
    asked = reading.subject.instruction.user_turn
    token = markers.chat_token(text)
    is_html = token in _HTML and _ABOUT_HTML.search(reading.asked)
    if token is not None and token not in asked and not is_html:
        return Finding(GRAVE, None, f"chat-template token {token}")
    if (found := _THINK.search(text)) and not _ABOUT_HTML.search(reading.asked):
        return Finding(GRAVE, None, f"a thought in the answer: {found[0]}")
    if _DIALOGUE.search(reading.asked):
        return NOTHING
    heading = _HEADING.search(plain(text))
    # An answer may well be headed "### Answer", as long as nobody else speaks.
    role = next((each[0].strip() for each in markers.ROLE_HEADING.finditer(text) if each[1].lower() != "answer"), None)
    marker = role or (heading and heading[0])
    if marker and marker.lower() not in reading.asked:
        return Finding(GRAVE, None, f"role heading {marker!r}")
    return _turns(text)


_HTML = ("<s>", "</s>", "<pad>")
_ABOUT_HTML = re.compile(r"html|tag\b|markup|xml|\bweb ?page|strike|think")


def _turns(text: str) -> Finding:
    if found := _QUESTION.search(plain(text)):
        return Finding(GRAVE, None, f"goes on with questions of its own: {found[0].strip()[:40]!r}")
    found = list(_TURN.finditer(text))
    if found and (len(found) > 1 or found[0][1] in _FIRST_ALONE):
        return Finding(GRAVE, None, f'speaks in turns: "{found[0][1]}:"')
    if _TASK.match(text) and len(_TASK.findall(text)) > 1:
        return Finding(GRAVE, None, f"goes on with tasks: {_TASK.findall(text)[0].strip()!r}")
    return Finding(SLIGHT, None, f'opens as "{found[0][1]}:"') if found else NOTHING
