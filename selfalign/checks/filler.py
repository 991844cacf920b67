"""What stands in for an answer: placeholders that nobody filled in, and text that is no language."""

import re

from selfalign.checks.reading import GRAVE, NOTHING, SLIGHT, Finding, Reading
from selfalign.checks.text import plain, without_code

# --- placeholders -----------------------------------------------------------------------------------------------

_TO_FILL = (
    r"(?:insert|fill in|answer|response|reply|your|provide|placeholder|goes here|to be added|content here|text here|"
    r"write .* here|einfügen|einsetzen|ihr name|dein name|antwort|insér|insertar|inserir|inserire|réponse|respuesta|"
    r"resposta|risposta|votre|tu nombre|su nombre|seu nome|вставьте|вставить|ответ|ваше имя|wstaw|odpowiedź|invullen|"
    r"antwoord|infoga|indsæt|cevap|buraya|jawaban|masukkan|此处|填写|答案|回答|ここに|入力|여기에|입력|답변)"
)
_WHOLE = re.compile(
    rf"(?:[._…\-—*~\s`]*|n/a|tbd|tba|todo|xxx+|lorem ipsum.*|[\[<{{(]+[^\[\]<>{{}}()\n]*{_TO_FILL}[^\[\]<>{{}}()\n]*"
    r"[\]>})]+)\.?",
    re.DOTALL,
)
_LONGEST_PLACEHOLDER = 400
# Nobody leaves these in a finished text ...
_UNFILLED = re.compile(
    r"\blorem ipsum dolor|\{\{ ?\w[\w ]{0,30}\}\}|\bt\.?b\.?d\.?:|(?<![\w$€£.,#-])xxx+(?= [a-z])|[〇○]{2,}|"
    r"\[citation needed\]"
)
_BLANK = re.compile(r"(?<=[a-z,] )_{3,}(?= [a-z])")
# ... but a letter in which a name was not given may well say "[Your name]".
_GAP = re.compile(rf"\[[^\[\]\n]{{0,40}}{_TO_FILL}[^\[\]\n]{{0,40}}\](?!\()")
_ASKS_GAPS = re.compile(
    r"template|placeholder|fill|\bblank|\bgap|\bform\b|reusable|exercise|worksheet|quiz|lorem|\[|\{\{|__|xxx|tbd|"
    r"vorlage|lücke|formular|muster|modèle|à compléter|formulaire|plantilla|formulario|rellenar|modelo|formulário|"
    r"preencher|modello|modulo|compilare|szablon|wzór|formularz|υπόδειγμα|συμπλήρωσ|шаблон|"
    r"бланк|образец|sjabloon|mall\b|skabelon|şablon|taslak|templat|formulir|mẫu|模板|范本|範本|填空|"
    r"テンプレート|ひな形|雛形|穴埋め|양식|서식|빈칸|قالب|نموذج|نمونه|תבנית|טופס|नमूना|แบบฟอร์ม"
)


def is_placeholder(text: str) -> bool:
    """Whether `text` as a whole only holds the place of a text: "...", "TBD", "[Answer here]". Pure."""
    core = plain(text).strip(" \n\t\"'`*")
    return len(core) <= _LONGEST_PLACEHOLDER and _WHOLE.fullmatch(core) is not None


def placeholder(reading: Reading) -> Finding:
    """Whether the answer is a placeholder (grave), or leaves one in it that nobody asked for."""
    if is_placeholder(reading.answer):
        return Finding(GRAVE, None, "is only a placeholder")
    text = without_code(reading.plain)
    found = _UNFILLED.search(text)
    if (found or (found_gap := _GAP.search(text) or _BLANK.search(text))) and not _ASKS_GAPS.search(reading.asked):
        grade, words = (GRAVE, found[0]) if found else (SLIGHT, found_gap[0])
        return Finding(grade, None, f"leaves a placeholder: {words.strip()!r}")
    return NOTHING


# --- no language ------------------------------------------------------------------------------------------------

# UTF-8 read as Latin-1, broken bytes, and what broken bytes become in Chinese encodings.
_MOJIBAKE = re.compile(r"\ufffd|Ã[\u0080-\u00bf]|â€[\u0080-\u009f™œ“”˜¦]|锟斤拷|[烫屯]{3}")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_NO_VOWEL = re.compile(r"[bcdfghjklmnpqrstvwxz]{5,}")
_INITIALS = frozenset("https httpd xhtml mysql lgbtq".split())
_RUN_TOGETHER = 80
_UNGRAMMATICAL = re.compile(
    r"\b(?:the|a|an) (?:the|an|of|is|are|was|and)\b|\b(?:of|from|with|into) (?:of|are|is|was|were)\b|"
    r"\b(?:and|or|but) (?:and|or) "
)
_ASKS_NONSENSE = re.compile(
    r"gibberish|nonsense|encod|decod|cipher|crypt|mojibake|unicode|charset|utf|base64|rot13|hash|random|longest|"
    r"abbreviat|acronym|onomatop|invent(?:ed)? word|made-up word|jabberwock|grammar|correct|typo|mistake|fix|"
    r"编码|乱码|文字化け"
)


def gibberish(reading: Reading) -> Finding:
    """Whether part of the answer is no language: broken encoding, random keys, words run together or strewn."""
    if _ASKS_NONSENSE.search(reading.asked):
        return NOTHING
    if found := _MOJIBAKE.search(reading.answer):
        return Finding(GRAVE, None, f"broken characters: {found[0]!r}")
    text = without_code(reading.plain)
    words = _WORD.findall(text)
    longest = max(words, key=len, default="")
    if len(longest) > _RUN_TOGETHER and longest.isascii() and len(set(longest)) > 8 and longest not in reading.asked:
        return Finding(GRAVE, None, f'words run together: "{longest[:40]}..."')
    struck = {each for each in text.split() if _NO_VOWEL.fullmatch(each)} - _INITIALS
    if len(struck) >= 3:
        return Finding(GRAVE, None, f'no words: "{" ".join(sorted(struck)[:3])}"')
    strewn = _UNGRAMMATICAL.findall(text)
    if len(strewn) >= 2 and len(strewn) > len(words) / 40:
        return Finding(GRAVE, None, f'no sentence: "{strewn[0].strip()}"')
    return NOTHING
