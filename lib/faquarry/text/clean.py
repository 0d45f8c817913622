"""A string of markup to the text a person reads: the one definition that every pair of the corpus went through.

`to_text` takes tags out (block tags and ``<br>`` are newlines, so list items and paragraphs stay apart), unescapes
entities until nothing changes, composes to NFC, drops invisible characters and folds whitespace. `clean_question` and
`clean_answer` also take off what belongs to the page and not to the sentence: ``Q:``, numbering, enclosing quotes.

All of it is idempotent, and linear in the length of the string: no pattern can backtrack, rounds are bounded.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from html.entities import html5

from faquarry.text.affixes import bare_answer, bare_question

__all__ = ["clean_answer", "clean_question", "folded", "to_text", "without_elements"]

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
_CUT_TAG = re.compile(r"<(?:/[a-zA-Z][a-zA-Z0-9]*+|[a-zA-Z][a-zA-Z0-9]*+\s++[a-zA-Z-]++=[^<>]*+)\s*+\Z")

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


def to_text(raw: str) -> str:
    """The text of an HTML string: lines without tags, entities, invisible characters or double spaces.

    >>> to_text("<p>Two &amp;amp; two</p><ul><li>is&nbsp;four</li><li>not <b>fi</b>ve</li></ul>")
    'Two & two\\nis four\\nnot five'
    """
    return folded(raw if _is_plain(raw) else _stable(raw))


def _is_plain(text: str) -> bool:
    """Whether there is nothing to do but fold spaces: the case of most strings, told fast."""
    return text.isascii() and text.isprintable() and "<" not in text and "&" not in text and "\\" not in text


def _stable(text: str) -> str:
    """Everything undone that can be undone, until a round changes nothing."""
    for _ in range(MAX_ROUNDS):
        before = text
        if "<" in text:
            text = _without_tags(text)
        if "&" in text:
            text = _unescaped(text)
        if "\\" in text:
            text = _BACKSLASH.sub(_unescape_backslash, text)
        if not text.isprintable() and _ODD.search(text):
            text = _ODD.sub(_plain, text)
        if not text.isascii():
            text = unicodedata.normalize("NFC", text)
        if text == before:
            return text
    return text.replace("&", " ").replace("<", " ").replace("\\", " ")


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
    return _settled(raw, lambda text: bare_question(text.replace("\n", " ")))


def clean_answer(raw: str) -> str:
    """`to_text` of an answer without ``A:``, a stray number in front, and enclosing quotes.

    A number stays when it opens a list.

    >>> clean_answer("A: 1. Cut. 2. Polish."), clean_answer("<p>4. Stone.</p>")
    ('1. Cut. 2. Polish.', 'Stone.')
    """
    return _settled(raw, bare_answer)


def _settled(raw: str, bared: Callable[[str], str]) -> str:
    """Text and bare, again and again until both agree: taking quotes off may uncover an escape that they kept apart."""
    text = to_text(raw)
    for _ in range(MAX_ROUNDS):
        before, text = text, bared(text)
        if _is_plain(text) or text == before:
            return text
        text = to_text(text)
    return bared(folded(text.replace("&", " ").replace("<", " ").replace("\\", " ")))


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
        return _without_cut_tags(text)
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
    return _without_cut_tags("".join(parts))


def _without_cut_tags(text: str) -> str:
    """Tags out that the end of the text cuts off: taking one off may bring another to the end."""
    end = len(text)
    while (start := text.rfind("<", 0, end)) >= 0 and _CUT_TAG.match(text, start, end):
        end = start
    return text[:end]


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
