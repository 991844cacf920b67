"""What stands in for an answer: placeholders that nobody filled in, and text that is no language."""

import re

from selfalign.checks.reading import GRAVE, NOTHING, SLIGHT, Finding, Reading
from selfalign.checks.text import WANTS_TEXT, plain, without_code

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
# A few words that say where an answer would stand, or that there is none.
_STUB = re.compile(
    r"(?:no|without) (?:response|answer|output|content|text|reply|data)(?: (?:given|provided|available|yet))?|empty|"
    r"blank|"
    r"undefined|nan|\W*(?:answer|response|reply|output|antwort|réponse|respuesta|risposta|resposta|ответ|"
    r"答案|回答|답변) ?[:：]|"
    r"\(\w+(?: [\w ]{0,30})?(?:later|here|below|pending|missing)?\)|[\[(][^\W\d]{3,}(?: [^\W\d]+){0,4}[\])]"
)
_ANSWER_WORD = (
    r"(?:answer|response|reply|text|content|antwort|réponse|respuesta|risposta|resposta|ответ|odpowied[źz]|antwoord|"
    r"svar|"
    r"yanıt|cevap|jawaban|答案|回答|答复|回覆|答え|답변|답|إجابة|جواب|תשובה|उत्तर|câu trả lời|vastaus|απάντηση)"
)
_HERE = (
    r"(?:here|hier|ici|aquí|aqui|qui|здесь|сюда|tutaj|här|her|buraya|di sini|这里|此处|在此|ここ|"
    r"여기|هنا|כאן|यहाँ|ở đây|tähän|"
    r"εδώ)"
)
_ANSWER_HERE = re.compile(
    rf"{_ANSWER_WORD}.{{0,25}}{_HERE}|{_HERE}.{{0,25}}{_ANSWER_WORD}|\b(?:placeholder|replace with|to be (?:added|"
    rf"written|"
    r"filled|completed))\b"
)
_LONGEST_STUB = 60
_NOTHING_AT_ALL = re.compile(r"(?:none|null|nil)\.?")
_MAY_BE_NONE = re.compile(r"\b(?:which|how many|any|what|who|is there|are there|null|none|nil)\b")
_LONGEST_PLACEHOLDER = 400
# Nobody leaves these in a finished text ...
_UNFILLED = re.compile(
    r"lorem ipsum dolor|\{\{ ?\w[\w ]{0,30}\}\}|t(?<=\bt)\.?b\.?d\.?:|x(?<![\w$€£.,#-]x)xx+(?= [a-z])|〇[〇○]+|○[〇○]+|"
    r"\[citation needed\]"
)
_BLANK = re.compile(r"__(?<=[a-z,] __)_+(?= [a-z])|\bxx:xx\b|xx(?<=[a-z,] xx)(?= [a-z])")
# A slot for a word: [day], <NAME>, {use_case}; but no array, no link, no stage direction.
_SLOT = re.compile(
    r"(?<![a-z0-9_!\]\\])\[(?!sic\b|verse|chorus|bridge|intro|outro|hook|refrain|laugh|pause|applause|music|sigh|"
    r"exit|enter)"
    r"[^\W\d](?:[^\W\d]|['’ /-]|\d(?=\])){1,38}\](?![(:\[])|(?<![\w=\\}])\{[^\W\d]+(?:_[^\W\d]+)+\}"
)
_TAG = re.compile(r"<[A-Z]{3,}(?:[_ ][A-Z]+)*>")
_GIVES_FACTS = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+|\d")
_ABOUT_SYNTAX = re.compile(
    r"\b(?:bracket|syntax|command|argument|option|markdown|code|regex|array|python|format|html|xml|manual|function|"
    r"script|"
    r"song|"
    r"lyrics|scene|dialogue|screenplay|play\b|latex|citation|quot|lied|chanson|canción|canzone|песн|piosenk)|歌"
)
# ... and these where the word was given.
_GAP = re.compile(rf"\[[^\[\]\n]{{0,40}}{_TO_FILL}[^\[\]\n]{{0,40}}\](?!\()")
_ASKS_GAPS = re.compile(
    r"template|roman|stand for|placeholder|fill|\bblank|\bgap|\bform\b|reusable|exercise|worksheet|quiz|lorem|\[|"
    r"\{\{|__|xxx|tbd|"
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
    if _is_stub(reading) or (is_placeholder(reading.answer) and not _ASKS_GAPS.search(reading.asked)):
        return Finding(GRAVE, None, "is only a placeholder")
    text = without_code(reading.plain)
    found = _UNFILLED.search(text)
    if (found or (found_gap := _BLANK.search(text) or _slot(reading, text))) and not _ASKS_GAPS.search(reading.asked):
        grade, words = (GRAVE, found[0]) if found else (SLIGHT, found_gap[0])
        return Finding(grade, None, f"leaves a placeholder: {words.strip()!r}")
    return NOTHING


def _slot(reading: Reading, text: str) -> re.Match[str] | None:
    """A slot for a word that the request gave; a letter in which no name was given may well say "[Your name]"."""
    is_open_letter = WANTS_TEXT.search(reading.asked) and reading.asked.isascii()
    if is_open_letter and not _GIVES_FACTS.search(reading.subject.instruction.user_turn):
        return None
    found = _GAP.search(text)
    if found or _ABOUT_SYNTAX.search(reading.asked):
        return found
    return _SLOT.search(text) or _TAG.search(without_code(reading.answer))


def _is_stub(reading: Reading) -> bool:
    """Whether a few words only say where an answer would stand, or nothing where something was asked for."""
    core = reading.plain.strip().rstrip(".!")
    if len(core) > _LONGEST_STUB or core in reading.asked:
        return False
    if _NOTHING_AT_ALL.fullmatch(core):
        return not _MAY_BE_NONE.search(reading.asked)
    is_stub = _STUB.fullmatch(core) or (_ANSWER_HERE.search(core) and not any(map(str.isdigit, core)))
    return bool(is_stub and not _ABOUT_SYNTAX.search(reading.asked))


# --- no language ------------------------------------------------------------------------------------------------

# UTF-8 read as Latin-1, broken bytes, and what broken bytes become in Chinese encodings.
_MOJIBAKE = re.compile(
    r"\ufffd|Ã[\u0080-\u00bf]|â€[\u0080-\u009f™œ“”˜¦]|锟斤拷|[烫屯]{3}|"
    r"(?:[ÐÑÂ][\u0080-\u00bf‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ€]){2}"
)
# What a program would have turned into characters.
_ESCAPED = re.compile(r"\\u[0-9a-fA-F]{4}|\\n\\n|&(?:amp|lt|gt|quot|nbsp|#\d{2,5});")
_SHAPES = {
    "letters apart": re.compile(r"(?:(?<![\w'])[^\W\d_] +){10,}"),
    "one letter again and again": re.compile(r"([^\W\d_])\1{19,}"),
    "signs without words": re.compile(r"(?:(?:^|\s)[#@%^&~;$*{}<>|+=]{2,}(?=\s)){4}"),
    "two alphabets in a word": re.compile(
        r"\b(?:[a-zA-Z]+[а-яА-Я]|[а-яА-Я]+[a-zA-Z])\w*\b.*?\b(?:[a-zA-Z]+[а-яА-Я]|[а-яА-Я]+[a-zA-Z])\w*", re.DOTALL
    ),
    "characters again and again": re.compile(r"([\u4e00-\u9fff]{1,2})\1{2,}.*?([\u4e00-\u9fff]{1,2})\2{2,}", re.DOTALL),
}
_FIGURES_FOR_LETTERS = re.compile(r"\b[A-Za-z]+\d[a-z]+\w*")
_RANDOM_CAPITALS = re.compile(r"[a-z][A-Z][a-z]*[a-z][A-Z][A-Za-z]*")
_LEAST_ODD_WORDS = 4
_ADDRESS = re.compile(r"https?://\S+")
_ABOUT_FORM = re.compile(
    r"html|json|xml|escape|code|function|program|latex|alphabet|letter|spell|leet|ascii|art\b|draw|symbol|emoji|"
    r"formula|chemi|model|"
    r"password|postcode|licen[cs]e|capital|onomatop|sound|scream|叠|character"
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
# No vowel, or two letters that no European language writes side by side.
_STRUCK = re.compile(
    r"[bcdfghjklmnpqrstvwxz]{5,}|[bcdfghjklmnpqrstvwxyz]{4,}|[a-z]*(?:qw|wq|zx|xz|qz|xq|jq|qj|vq|kq|qk|qg|gq|fq|xj|"
    r"vx|jz|bq|"
    r"qb|jx|qp|pq|xk|kx|wx|vj|jv|gj|jf|vb|bx|cj|vc|cx|dx|lx|mx|hx|sx|zv|mnb|hjk|jkl|lkj|kjh|sdf|dfg|fgh)[a-z]*"
)
_PUSHED_TOGETHER = frozenset("cs sk sl hr sr bs pl cy".split())
_INITIALS = frozenset(
    "https httpd http html xhtml mysql lgbtq grpc rsync sftp smtp crypt myth rhythm rhythms hymn lynx nymph sync tryst "
    "hymns pyx psst brrr pfft hmmm shhh nsfw mkdir chmod pdfs dvds cpus gpus llms css".split()
)
_RUN_TOGETHER = 80
_UNGRAMMATICAL = re.compile(
    r"\b(?:the|an|my|your|their|our) (?:the|an|of|to|from|by|with|into|at|is|are|was|were|and|or|but|they|he|she|we|"
    r"than|"
    r"did|do|does)\b(?![-'])|\ba (?:the|an|of|is|are|was|and)\b|\b(?:of|from|with|into|by) (?:of|are|is|was|were|did|"
    r"than)\b|"
    r"\b(?:and|or|but) (?:and|or) |\b(?:the|an|and|or|my|your|their)[.!?](?=\s|$)|"
    r"\b(?!that|had|very|many|much|really|long|bye|there|now|well|more|again|please|yes|years?)([a-z]{3,}) \1\b"
)
# What stands at no sentence's end, or side by side, elsewhere.
_UNGRAMMATICAL_ELSEWHERE = re.compile(
    r"\b(?:el|los|las|del|y|und|oder|der|die|das|dem|ein|eine|le|les|des|et|il|gli|di|een|het|en el|de la|"
    r"de)[.!?](?=\s|"
    r"$)|"
    r"\b(?:el|los|las|un|una) (?:el|la|los|las|un|una|de|del|y|en)\b|\bde (?:de|del|el)\b|\b(?:le|les|un|une|des) "
    r"(?:le|les|"
    r"un|une|des|de)\b|\b(?:und|der|die|das|den|dem|ein|eine|zu) (?:und|der der|zu dem)\b|\bdie der (?=[^,]*\bdie\b)"
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
    raw = _ADDRESS.sub(" ", without_code(reading.answer))
    struck = {each for each in re.findall(r"\b[a-z]{4,}\b", raw) if _STRUCK.fullmatch(each)}
    struck -= _INITIALS
    if len(struck) >= 3 and reading.language not in _PUSHED_TOGETHER:
        return Finding(GRAVE, None, f'no words: "{" ".join(sorted(struck)[:3])}"')
    patterns = (_UNGRAMMATICAL,) if reading.language == "en" else (_UNGRAMMATICAL, _UNGRAMMATICAL_ELSEWHERE)
    strewn = [each[0] for pattern in patterns for each in pattern.finditer(text)]
    if len(strewn) >= 2 and len(strewn) > len(words) / 40:
        return Finding(GRAVE, None, f'no sentence: "{strewn[0].strip()}"')
    return NOTHING if _ABOUT_FORM.search(reading.asked) else _odd_shapes(reading)


def _odd_shapes(reading: Reading) -> Finding:
    raw = without_code(reading.answer)
    if len(escaped := _ESCAPED.findall(raw)) >= 3:
        return Finding(GRAVE, None, f"characters left escaped: {escaped[0]!r}")
    found = next((name for name, pattern in _SHAPES.items() if pattern.search(raw)), None)
    if found:
        return Finding(GRAVE, None, found)
    for name, pattern in (("figures for letters", _FIGURES_FOR_LETTERS), ("capitals at random", _RANDOM_CAPITALS)):
        if len(set(pattern.findall(raw))) >= _LEAST_ODD_WORDS:
            return Finding(GRAVE, None, name)
    return NOTHING
