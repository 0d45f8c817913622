"""What stands around a question or an answer and belongs to the page: ``Q:``, ``Frage 3:``, ``答：``, numbers, quotes.

The words are those that FAQ pages put before a colon in their languages; a letter alone counts only as Q and A.
"""

from __future__ import annotations

import re

__all__ = ["bare_answer", "bare_question"]

_PAIRS = {'"': '"', "“": "”", "„": "“”", "‟": "”", "‘": "’", "«": "»", "»": "«", "「": "」", "『": "』", "‚": "‘’"}

_ASK = (
    "q|que|question|frage|pregunta|pergunta|domanda|vraag|вопрос|питання|въпрос|pytanie|otázka|întrebare|kérdés|soru"
    "|fråga|spørgsmål|spørsmål|kysymys|küsimus|jautājums|klausimas|vprašanje|pitanje|ερώτηση|سؤال|السؤال|س|سوال|שאלה|प्रश्न|सवाल"
    "|প্রশ্ন|คำถาม|câu hỏi|hỏi|pertanyaan|tanya|soalan|質問|问题|问|問題|問|질문|문"
)
_REPLY = (
    "a|ans|answer|réponse|antwort|respuesta|resposta|risposta|antwoord|ответ|відповідь|отговор|odpowiedź|odpověď|odpoveď"
    "|răspuns|válasz|cevap|yanıt|svar|vastaus|vastus|atbilde|atsakymas|odgovor|απάντηση|جواب|الجواب|ج|إجابة|الإجابة|پاسخ|תשובה"
    "|उत्तर|जवाब|উত্তর|คำตอบ|trả lời|đáp|jawaban|jawab|jawapan|回答|答案|答|답변|답"
)
_NUMBER = (
    r"\(?\d{1,3}(?:\.\d{1,2}){0,2}[.)]\s++|#\d{1,3}[.:)]\s++|\d{1,3}[、．]\s*+|[（(]\d{1,3}[）)]\s*+|[①-⑳]\s*+"
    r"|[a-zA-Z]\)\s++"
)


def _prefix(words: str, letter: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?:(?:{words})\s*+(?:n[or]?\.\s*+|#)?\d{{0,3}}\s*+[:：]\s*+"  # Question: · Frage 3: · 问：
        rf"|{letter}\d{{1,3}}\s*+[.)\-–]\s++"  # Q1. · Q2)
        rf")(?=\S)",
        re.IGNORECASE,
    )


_ASK_PREFIX, _REPLY_PREFIX = _prefix(_ASK, "q"), _prefix(_REPLY, "a")
_NUMBER_PREFIX = re.compile(rf"(?:{_NUMBER})(?=\S)")
_NEXT_NUMBER = re.compile(r"\s\(?(?:\d{1,2}|[a-z])[.)、．]")

# Signs without which no prefix ends.
_MAY_PRECEDE = frozenset(":：.)）、．#-–①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳")


def bare_question(text: str) -> str:
    """A question without its prefix, number and enclosing quotes.

    >>> bare_question("Q3: “What is a quarry?”"), bare_question("7. How deep is it?")
    ('What is a quarry?', 'How deep is it?')
    """
    return _bare(text, _ASK_PREFIX)


def bare_answer(text: str) -> str:
    """An answer without its prefix, number and enclosing quotes; a number stays when it opens a list.

    >>> bare_answer("A: 1. Cut. 2. Polish."), bare_answer("4. Stone.")
    ('1. Cut. 2. Polish.', 'Stone.')
    """
    return _bare(text, _REPLY_PREFIX, may_be_list=True)


def _bare(text: str, prefix: re.Pattern[str], *, may_be_list: bool = False) -> str:
    start, end = 0, len(text)
    listed: bool | None = None  # whether another number follows; what does not follow here does not follow later
    while start < end:
        before = start, end
        if not _MAY_PRECEDE.isdisjoint(text[start : start + 24]) and (match := prefix.match(text, start, end)):
            start = match.end()
        if not _MAY_PRECEDE.isdisjoint(text[start : start + 12]) and (number := _NUMBER_PREFIX.match(text, start, end)):
            if may_be_list and listed is not False:
                listed = _NEXT_NUMBER.search(text, number.end(), end) is not None
            if not listed:
                start = number.end()
        if end - start > 2 and (closers := _PAIRS.get(text[start])) and text[end - 1] in closers:
            inner = text[start + 1 : end - 1]
            if text[start] not in inner and text[end - 1] not in inner and inner.strip():
                start = end - 1 - len(inner.lstrip())
                end = start + len(inner.strip())
        if before == (start, end):
            break
    return text[start:end]
