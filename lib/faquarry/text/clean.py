"""A string of markup to the text a person reads: the one definition that every pair of the corpus went through.

`to_text` takes tags out (block tags and ``<br>`` are newlines, so list items and paragraphs stay apart), unescapes
entities until nothing changes, composes to NFC, drops invisible characters and folds whitespace. `clean_question` and
`clean_answer` also take off what belongs to the page and not to the sentence: ``Q:``, numbering, enclosing quotes.

All of it is idempotent, and linear in the length of the string: no pattern can backtrack, rounds are bounded.
"""

from __future__ import annotations

import re
import unicodedata
from html.entities import html5

__all__ = ["clean_answer", "clean_question", "folded", "to_text", "without_elements", "without_emoji"]

# Real text is escaped twice at most; a chain of amp; is folded at once, so that only a trap needs more rounds.
MAX_ROUNDS = 12

_BLOCK_NAMES = (
    "address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset figcaption figure"
    " footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu nav ol option p pre section summary table"
    " tbody tfoot thead tr ul"
)
_BLOCK = frozenset(_BLOCK_NAMES.split())
_CELL = frozenset(("td", "th"))

# Formatting that authors leave open, or lines that need no end tag: markup even when nothing closes it.
_LOOSE = _BLOCK | _CELL | frozenset(
    "a abbr acronym b bdi bdo big cite code del dfn em font i img ins kbd mark nobr q s samp small span strike strong"
    " sub sup tt u var wbr col colgroup rp rt ruby".split()
) - frozenset("body dialog dir form header footer main menu nav section article aside legend fieldset".split())  # fmt: skip
_HIDDEN = re.compile(r"<(script|style|template|svg|iframe|select|noscript)\b[^<>]*+>", re.IGNORECASE)
_PRE = re.compile(r"<pre\b[^>]*>.*?(?:</pre\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(
    r"<(?:(/?)([a-zA-Z][a-zA-Z0-9:_-]*+)((?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+|[^<>]*+)>"  # quoted values may hold > and <
    r"|(?:!(?!--)|[?/])[^<>]*+>)",
)
_ATTRIBUTE = re.compile(r"[\s\"'/][a-zA-Z@:*(_-][\w:@.()-]*\s*=")
_CUT_TAG = re.compile(r"<(?:/[a-zA-Z][a-zA-Z0-9]*+|[a-zA-Z][a-zA-Z0-9]*+\s++[a-zA-Z-]++=[^<>]*+)\Z")

_AMP_CHAIN = re.compile(r"&(?:amp;|AMP;|#0*38;|#[xX]0*26;)+")
_ENTITY = re.compile(
    r"&(?:#(\d{1,7});|#[xX]([0-9a-fA-F]{1,6});|([a-zA-Z][a-zA-Z0-9]{1,31};)|(amp|lt|gt|quot|nbsp)(?![\w=]))"
)
_C1 = {code: char for code in range(0x80, 0xA0) for char in bytes([code]).decode("cp1252", "ignore")}

# Escapes of another language left in the string: a value that was encoded twice.
_BACKSLASH = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(r\\n|n)(?![a-z])|([\"'/]))")
_NOT_BROKEN = frozenset(":\\\"'`([“")

_ODD = re.compile(
    "[\t\r\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufe0e\ufeff\ufff9-\ufffb\ud800-\udfff\ue000-\uf8ff\U000f0000-\U0010ffff]"
)
_NEWLINES = frozenset("\r\x0b\x0c\x85\u2028\u2029")

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
_NUMBER = r"\(?\d{1,3}(?:\.\d{1,2}){0,2}[.)]\s++|#\d{1,3}[.:)]?\s++|\d{1,3}[、．]\s*+|[（(]\d{1,3}[）)]\s*+|[①-⑳]\s*+|[a-zA-Z]\)\s++"


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

# Code points that are emoji by themselves (Unicode emoji-data, also in text presentation such as © and ™).
_EMOJI_TABLE = """
A9 AE 203C 2049 2122 2139 2194-2199 21A9-21AA 231A-231B 2328 23CF 23E9-23F3 23F8-23FA 24C2 25AA-25AB 25B6 25C0
25FB-25FE 2600-2604 260E 2611 2614-2615 2618 261D 2620 2622-2623 2626 262A 262E-262F 2638-263A 2640 2642 2648-2653
265F-2660 2663 2665-2666 2668 267B 267E-267F 2692-2697 2699 269B-269C 26A0-26A1 26A7 26AA-26AB 26B0-26B1 26BD-26BE
26C4-26C5 26C8 26CE-26CF 26D1 26D3-26D4 26E9-26EA 26F0-26F5 26F7-26FA 26FD 2702 2705 2708-270D 270F 2712 2714 2716
271D 2721 2728 2733-2734 2744 2747 274C 274E 2753-2755 2757 2763-2764 2795-2797 27A1 27B0 27BF 2934-2935 2B05-2B07
2B1B-2B1C 2B50 2B55 3030 303D 3297 3299 1F004 1F0CF 1F170-1F171 1F17E-1F17F 1F18E 1F191-1F19A 1F201-1F202 1F21A
1F22F 1F232-1F23A 1F250-1F251 1F300-1F321 1F324-1F393 1F396-1F397 1F399-1F39B 1F39E-1F3F0 1F3F3-1F3F5 1F3F7-1F4FD
1F4FF-1F53D 1F549-1F54E 1F550-1F567 1F56F-1F570 1F573-1F57A 1F587 1F58A-1F58D 1F590 1F595-1F596 1F5A4-1F5A5 1F5A8
1F5B1-1F5B2 1F5BC 1F5C2-1F5C4 1F5D1-1F5D3 1F5DC-1F5DE 1F5E1 1F5E3 1F5E8 1F5EF 1F5F3 1F5FA-1F64F 1F680-1F6C5
1F6CB-1F6D2 1F6D5-1F6D9 1F6DC-1F6E5 1F6E9 1F6EB-1F6EC 1F6F0 1F6F3-1F6FC 1F7E0-1F7EB 1F7F0 1F90C-1F93A 1F93C-1F945
1F947-1F9FF 1FA70-1FA7C 1FA80-1FAC6 1FAC8 1FACC-1FADD 1FADF-1FAEB 1FAEF-1FAFA
"""
_EMOJI_CLASS = "".join("-".join(chr(int(end, 16)) for end in span.split("-")) for span in _EMOJI_TABLE.split())
_EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}"  # flags
    "|[0-9#*]\ufe0f?\u20e3"  # keycaps
    f"|[{_EMOJI_CLASS}]\ufe0f?(?:\u200d[{_EMOJI_CLASS}]\ufe0f?)*+[\U000e0020-\U000e007f]*+"  # sequences, joined
    "|\ufe0f"
)


def to_text(raw: str) -> str:
    """The text of an HTML string: lines without tags, entities, invisible characters or double spaces.

    >>> to_text("<p>Two &amp;amp; two</p><ul><li>is&nbsp;four</li><li>not <b>fi</b>ve</li></ul>")
    'Two & two\\nis four\\nnot five'
    """
    text = raw
    for _ in range(MAX_ROUNDS if not raw.isprintable() or "<" in raw or "&" in raw or "\\" in raw else 0):
        before = text
        if "<" in text:
            text = _without_tags(text)
        if "&" in text:
            text = _unescaped(text)
        if "\\" in text:
            text = _BACKSLASH.sub(_unescape_backslash, text)
        if not text.isprintable() and _ODD.search(text):
            text = _ODD.sub(_plain, text)
        if text == before:
            break
    else:
        text = text.replace("&", " ").replace("<", " ").replace("\\", " ")
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return folded(text)


def folded(text: str) -> str:
    """Runs of spaces as one space, runs of line breaks as one newline, nothing at the ends."""
    if "\n" not in text:
        return " ".join(text.split())
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def clean_question(raw: str) -> str:
    """`to_text` of a question, on one line, without ``Q:``, numbering and enclosing quotes.

    >>> clean_question("Q3: &#8220;What is a quarry?&#8221;")
    'What is a quarry?'
    """
    text = to_text(raw)
    if "\n" in text:
        text = text.replace("\n", " ")
    return _bare(text, _ASK_PREFIX)


def clean_answer(raw: str) -> str:
    """`to_text` of an answer without ``A:``, a stray number in front, and enclosing quotes.

    A number stays when it opens a list.

    >>> clean_answer("A: 1. Cut. 2. Polish."), clean_answer("<p>4. Stone.</p>")
    ('1. Cut. 2. Polish.', 'Stone.')
    """
    return _bare(to_text(raw), _REPLY_PREFIX, may_be_list=True)


def without_emoji(text: str) -> str:
    """The text without emoji, flags and keycaps (profile `webfaq` only: elsewhere they are part of the text)."""
    return text if text.isascii() else _EMOJI.sub("", text)


def _without_tags(text: str) -> str:
    """Markup out. What only looks like a tag stays: "put it into the <head> of the page" names one, without closing it."""
    text = without_elements(text, _HIDDEN)
    tags = []
    opened: set[str] = set()
    closed: set[str] = set()
    for match in _TAG.finditer(text):
        slash, name, rest = match.groups()
        name = name.lower() if name else ""
        (closed if slash else opened).add(name)
        tags.append((match.start(), match.end(), name, None if slash else rest))
    if not tags:
        return _CUT_TAG.sub("", text)
    if not opened.isdisjoint(_BLOCK):
        # HTML: line breaks of the source are spaces, except where the author says they are not.
        if "pre" in closed:
            text = _PRE.sub(lambda match: match.group().replace("\n", "\v"), text)
        text = text.replace("\n", " ").replace("\r", " ")
    parts, last = [], 0
    for start, end, name, rest in tags:
        if name not in _LOOSE and name not in closed and rest is not None and not _ATTRIBUTE.search(rest):
            continue
        parts.append(text[last:start])
        if name in _BLOCK:
            parts.append("\n")
        elif name in _CELL:
            parts.append(" ")
        last = end
    parts.append(text[last:])
    return _CUT_TAG.sub("", "".join(parts))


def _without_comments(text: str) -> str:
    """Comments out; one that never ends is text, or everything behind it would be lost."""
    parts, last = [], 0
    while (start := text.find("<!--", last)) >= 0:
        end = text.find("-->", start + 2)
        if end < 0:
            break
        parts.append(text[last:start])
        last = end + 3
    parts.append(text[last:])
    return "".join(parts)


def without_elements(text: str, opening: re.Pattern[str]) -> str:
    """The text without comments and without the elements that `opening` begins (group 1 is the name), content included,
    as far as they are closed."""
    if "<!--" in text:
        text = _without_comments(text)
    if not opening.search(text):
        return text
    lower = text.lower()
    parts, last, place = [], 0, 0
    unclosed: set[str] = set()
    while match := opening.search(text, place):
        place = match.end()
        name = match.group(1).lower()
        end = -1 if name in unclosed else lower.find(f"</{name}", place)
        if end < 0:
            unclosed.add(name)
            continue
        parts.append(text[last : match.start()])
        last = place = lower.find(">", end) + 1 or len(text)
    parts.append(text[last:])
    return "".join(parts)


def _unescaped(text: str) -> str:
    return _ENTITY.sub(_entity_as_text, _AMP_CHAIN.sub("&", text))


def _entity_as_text(match: re.Match[str]) -> str:
    decimal, hexadecimal, name, bare = match.groups()
    if name is not None:
        return html5.get(name, match.group())
    if bare is not None:
        return html5[bare + ";"]
    point = int(decimal) if decimal else int(hexadecimal, 16)
    if point in _C1:
        return _C1[point]
    return chr(point) if 0 < point <= 0x10FFFF and not 0xD800 <= point <= 0xDFFF else "\ufffd"


def _unescape_backslash(match: re.Match[str]) -> str:
    code, newline, sign = match.groups()
    if code:
        point = int(code, 16)
        return chr(point) if not 0xD800 <= point <= 0xDFFF else "\ufffd"
    if newline:
        start = match.start()
        return match.group() if start and match.string[start - 1] in _NOT_BROKEN else "\n"
    return str(sign)


def _plain(match: re.Match[str]) -> str:
    char = match.group()
    if char == "\t":
        return " "
    if char in _NEWLINES:
        return "\n"
    return "\ufffd" if "\ud800" <= char <= "\udfff" else ""


def _bare(text: str, prefix: re.Pattern[str], *, may_be_list: bool = False) -> str:
    for _ in range(MAX_ROUNDS):
        before = text
        if not _MAY_PRECEDE.isdisjoint(text[:24]) and (match := prefix.match(text)):
            text = text[match.end() :]
        number = _NUMBER_PREFIX.match(text) if not _MAY_PRECEDE.isdisjoint(text[:12]) else None
        if number and not (may_be_list and _NEXT_NUMBER.search(text, number.end())):
            text = text[number.end() :]
        if len(text) > 2 and (closers := _PAIRS.get(text[0])) and text[-1] in closers:
            inner = text[1:-1]
            if text[0] not in inner and text[-1] not in inner:
                text = inner.strip()
        if text == before:
            break
    return text
