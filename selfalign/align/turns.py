"""Whether an answer goes on with somebody's next turn, in whatever guise a model writes one.

What was asked for counts: a dialogue may have a "User:" in it, a list of questions a "Question". So does form: a line
"User: deploy" among other lines of the kind is a setting.
"""

import re

_USERS = (
    r"user|human|usuario|utilisateur|utilisatrice|nutzer|benutzer|usuário|utente|"
    r"gebruiker|пользователь|用户|用戶|ユーザー|사용자"
)
_ASSISTANTS = r"assistant|chatbot|ai|asistente|assistent|assistente|ассистент|助手|アシスタント|어시스턴트"
_TASKS = r"instruction|input|response|question|task[ \t]?#?[0-9]{0,6}|prompt|system|next[ \t](?:question|task|turn)"
_OPEN = r"^[ \t>]{0,3}(?:[-*•][ \t]{1,3})?"

_HEADING = re.compile(
    rf"{_OPEN}(?:#{{1,6}}[ \t]{{0,3}}[*_]{{0,2}}|\*\*|\[|<)(?P<who>{_USERS}|{_ASSISTANTS}|{_TASKS})[*_]{{0,2}}[\]>]?"
    r"(?:[ \t]?[0-9]{1,3})?[ \t]{0,2}[:：.]?[*_]{0,2}[ \t]{0,9}$",
    re.IGNORECASE | re.MULTILINE,
)
_BARE = re.compile(r"^(?P<who>User|USER|Human|HUMAN|用户|用戶|ユーザー)[ \t]{0,9}$", re.MULTILINE)
_HUMAN_LABEL = re.compile(
    rf"{_OPEN}(?:#{{1,6}}[ \t]{{0,3}})?[*_\[]{{0,2}}(?P<who>{_USERS})[*_\]]{{0,2}}"
    r"[ \t]?(?:[0-9]{1,2}|\([^()\n]{1,30}\))?[ \t]?"
    r"[:：][*_]{0,2}(?=[ \t]*\S|[ \t]*$(?!\n[ \t]+\S))",
    re.IGNORECASE | re.MULTILINE,
)
_TASK_LABEL = re.compile(
    rf"{_OPEN}(?:#{{1,6}}[ \t]{{0,3}})?[*_]{{0,2}}(?P<who>instruction|next[ \t](?:question|task)|"
    r"task[ \t][0-9]{1,4})[*_]{0,2}[ \t]?[:：][*_]{0,2}",
    re.IGNORECASE | re.MULTILINE,
)
_QUESTION = re.compile(r"(?<=\n\n)[ \t]{0,3}[*_]{0,2}(?P<who>Q|Question)[*_]{0,2}[:：][*_]{0,2}[ \t]{0,3}\S")
_SETTING = re.compile(r"^[ \t\-*]{0,6}[*_\"]{0,2}[A-Za-z][\w ./-]{0,30}[*_\"]{0,2}[ \t]?[:=]", re.MULTILINE)

_DIALOGUE = re.compile(
    r"dialog|conversation|chat|script|interview|transcript|role-?\s?play|exchange|skit|scene|screenplay|user|human|assistant|"
    r"diálogo|gespräch|conversa|对话|對話|会話|대화|диалог",
    re.IGNORECASE,
)
_QUESTIONS = re.compile(
    r"question|quiz|faq|q\s?(?:&|and|/)\s?a\b|exam|exercise|riddle|trivia|flash-?\s?card|interview|test|survey|poll|prompt|task|"
    r"instruction|input|template|format|pregunta|frage|问题|質問|вопрос",
    re.IGNORECASE,
)


def next_turn(text: str, asked: str, persona: str) -> str | None:
    """The line of an answer (without its code) with which somebody else's turn begins; None if there is none.

    `asked` is the user turn, `persona` the assistant's name.
    """
    for pattern, expected in (
        (_HEADING, None),
        (_HUMAN_LABEL, _DIALOGUE),
        (_BARE, _DIALOGUE),
        (_TASK_LABEL, _QUESTIONS),
        (_QUESTION, _QUESTIONS),
        (_speaker(persona), _DIALOGUE),
    ):
        for found in pattern.finditer(text):
            if not _belongs(found, text, asked, persona, expected):
                return text[found.start() :].strip().partition("\n")[0][:60]
    return None


def _speaker(persona: str) -> re.Pattern[str]:
    """The assistant's label anywhere but at the very beginning, where it would only be a heading."""
    who = rf"(?P<who>{_ASSISTANTS.replace('|ai|', '|')}|{re.escape(persona)})"
    return re.compile(
        rf"(?<=\n){_OPEN[1:]}[*_]{{0,2}}{who}[*_]{{0,2}}[ \t]?[:：][*_]{{0,2}}(?=[ \t]*\S)", re.IGNORECASE
    )


def _belongs(found: re.Match[str], text: str, asked: str, persona: str, expected: re.Pattern[str] | None) -> bool:
    """Whether what looks like a turn is part of the answer."""
    who = found["who"].lower()
    is_person = re.fullmatch(f"{_USERS}|{_ASSISTANTS}|{re.escape(persona)}", who, re.IGNORECASE) is not None
    if (expected or (_DIALOGUE if is_person else _QUESTIONS)).search(asked):
        return True
    if found.re is _QUESTION:
        before = text[: _QUESTION.search(text).start()].rstrip()
        return before.endswith(":") or re.match(r"[\s*_]*Q(?:uestion)?\b", before) is not None
    if found.re is _HEADING:
        return _is_section(found, text, is_person)
    return is_person and _is_setting(found, text, persona)


def _is_section(found: re.Match[str], text: str, is_person: bool) -> bool:
    """Whether a heading is one of an answer's own: another of its level, and no turn's, follows."""
    mark = re.match(r"[ \t]*(#+)", found.group())
    if mark is None or (is_person and mark[1] == "###"):
        return False
    level = re.compile(rf"^[ \t]{{0,3}}{mark[1]}(?!#).*$", re.MULTILINE)
    return any(not _HEADING.match(each.group()) for each in level.finditer(text, found.end()))


def _is_setting(found: re.Match[str], text: str, persona: str) -> bool:
    """Whether a "User: ..." stands in a paragraph of lines of that kind, none of which is spoken by an assistant."""
    if not found.group().rstrip("*_").endswith((":", "：")):
        return False
    start, end = text.rfind("\n\n", 0, found.start()), text.find("\n\n", found.end())
    lines = [line for line in text[start + 1 : end if end >= 0 else len(text)].split("\n") if line.strip()]
    labels = [_SETTING.match(line) for line in lines]
    speakers = re.compile(rf"(?:{_USERS}|{_ASSISTANTS}|{re.escape(persona)})\b", re.IGNORECASE)
    others = [label for label in labels if label and not speakers.search(label.group())]
    return bool(others) and all(labels) and 2 * len(others) >= len(lines)
