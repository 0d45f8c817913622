"""The three kinds of head in an archive: of a WARC record, of an ARC record, of an HTTP response.

Parsers here never raise: what cannot be read is None or missing. Offsets are offsets into the bytes given.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import stringzilla

__all__ = ["MAX_HEAD_BYTES", "Head", "HttpHead", "is_start", "next_start", "parse_head", "parse_http", "starts_at"]

_find = stringzilla.find

MAX_HEAD_BYTES = 64 << 10

WARC_START = re.compile(rb"WARC/[01]\.\d{1,2}[ \t\r]*\n(?=[A-Za-z][A-Za-z-]*[ \t]*:)")
_ARC_LINE = (
    rb"(?P<url>[A-Za-z][A-Za-z0-9+.-]{1,20}:[^\r\n]{0,8000}?) (?P<ip>[0-9A-Fa-f.:]{3,45}) "
    rb"(?P<date>\d{8,20}) (?P<type>[^\r\n ]{1,80}(?: [^\r\n ]{1,80}){0,2}?) (?P<length>-?\w{1,15})\r*\n"
)
ARC_START = re.compile(_ARC_LINE)
_ARC_NEXT = re.compile(rb"\n" + _ARC_LINE)  # begins with a letter that can be searched for: ten times as fast
_LEADING = re.compile(rb"\A[\r\n]*")
# Nothing is given back: a line of 64 KiB without a colon is passed once, not once a letter.
_NAME_VALUE = rb"([^\s:][^:\r\n]*+):[ \t]*+([^\r\n]*+(?:\r*+\n[ \t]++[^\r\n]++)*+)\r*+\n?"
_FIELD = re.compile(_NAME_VALUE)
_FIELDS = re.compile(rb"^[ \t:]*+" + _NAME_VALUE, re.MULTILINE)
_TYPE = re.compile(rb"\nWARC-Type[ \t]*:[ \t]*([\w-]+)", re.IGNORECASE)
_LENGTH = re.compile(rb"\nContent-Length[ \t]*:[ \t]*(\d{1,15})[ \t]*[\r\n]", re.IGNORECASE)
_BLANK_LINE = re.compile(rb"\n\r*\n")
_STATUS = re.compile(rb"HTTP/[\d.]+[ \t]*(\d{3})?[^\r\n]*(?:\r*\n|\Z)")
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?)?)?")


class Head:
    """A record's head. The body begins at `body`; `length` is what the head says of it, None when it says nothing.

    Of most records only type and length are ever asked, so the fields are parsed when one of the others is.
    """

    __slots__ = ("_fields", "_raw", "body", "length", "type")

    def __init__(self, type_: str, length: int | None, body: int, fields: bytes | dict[str, str]) -> None:
        self.type, self.length, self.body = type_, length, body
        self._raw = fields if isinstance(fields, bytes) else b""
        self._fields = None if isinstance(fields, bytes) else fields

    @property
    def fields(self) -> dict[str, str]:
        """All fields by their names in lower case; those of an ARC record by their names in WARC."""
        if self._fields is None:
            self._fields = parse_fields(self._raw)
        return self._fields

    @property
    def url(self) -> str:
        return clean_url(self.fields.get("warc-target-uri", ""))

    @property
    def date(self) -> datetime | None:
        return parse_date(self.fields.get("warc-date", ""))

    @property
    def content_type(self) -> str:
        return self.fields.get("content-type", "")


@dataclass(frozen=True, slots=True)
class HttpHead:
    """Status line and fields; the payload begins at `end`."""

    status: int | None
    headers: dict[str, str]
    end: int


def is_start(head: bytes) -> bool:
    """Whether the bytes begin a record, blank lines before it left aside.

    >>> is_start(b"WARC/1.1\\r\\nWARC-Type: response\\r\\n"), is_start(b"<html>")
    (True, False)
    >>> is_start(b"http://a.example/ 192.0.2.1 20140102000000 text/html 12\\n")
    True
    """
    blank = _LEADING.match(head)
    return starts_at(head, blank.end() if blank else 0)


def starts_at(data: bytes, at: int) -> bool:
    """Whether a record begins exactly at `at`."""
    return (WARC_START.match(data, at) or ARC_START.match(data, at)) is not None


def next_start(data: bytes, at: int, stop: int | None = None) -> int | None:
    """The first offset in [at, stop) where a record begins: at the beginning of the bytes or of a line."""
    stop = len(data) if stop is None else stop
    if at == 0 and stop > 0 and starts_at(data, 0):
        return 0
    warc = at
    while (warc := _find(data, b"WARC/", warc, stop)) >= 0 and not (
        data[warc - 1 : warc] == b"\n" and WARC_START.match(data, warc)
    ):
        warc += 5
    arc = _ARC_NEXT.search(data, max(at - 1, 0), warc if warc >= 0 else stop)
    if arc is not None:
        return arc.start() + 1
    return warc if warc >= 0 else None


def parse_head(data: bytes, at: int = 0) -> Head | None:
    """The head of the record that begins exactly at `at`, or None when none does (or its end is not in `data`)."""
    start = WARC_START.match(data, at)
    if start is not None:
        return _parse_warc(data, start.end())
    start = ARC_START.match(data, at)
    return _parse_arc(start) if start is not None else None


def _parse_warc(data: bytes, at: int) -> Head | None:
    other = _find(data, b"\nWARC/", at, min(at + MAX_HEAD_BYTES, len(data)))  # then this head has no end
    end = _blank_line(data, at, other + 1 if other >= 0 else at + MAX_HEAD_BYTES)
    if end is None:
        return None
    kind, length = _TYPE.search(data, at - 1, end), _LENGTH.search(data, at - 1, end)
    return Head(
        kind[1].decode("latin-1").lower() if kind else "",
        int(length[1]) if length else None,
        end,
        data[at:end],
    )


def _parse_arc(start: re.Match[bytes]) -> Head:
    length, date = start["length"], start["date"].decode().ljust(14, "0")
    url = start["url"].decode("utf-8", "replace")
    fields = {
        "warc-target-uri": url,
        "warc-date": f"{date[:4]}-{date[4:6]}-{date[6:8]}T{date[8:10]}:{date[10:12]}:{date[12:14]}",
        "content-type": start["type"].decode("latin-1"),
    }
    kind = "warcinfo" if url.startswith("filedesc:") else "response"
    return Head(kind, int(length) if length.isdigit() else None, start.end(), fields)


def _blank_line(data: bytes, at: int, stop: int) -> int | None:
    """The offset behind the first blank line."""
    found = _BLANK_LINE.search(data, max(at - 1, 0), stop)
    return found.end() if found else None


def parse_fields(data: bytes) -> dict[str, str]:
    """``Name: value`` lines; names in lower case, folded lines joined, the last of a name wins."""
    fields = {}
    for name, value in _FIELDS.findall(data):
        text = _text(value)
        fields[_text(name).rstrip(" \t").lower()] = " ".join(text.split()) if "\n" in text else text.strip()
    return fields


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def clean_url(url: str) -> str:
    """Without the brackets of WARC 1.0 and with spaces escaped.

    >>> clean_url("<http://a.example/with space>")
    'http://a.example/with%20space'
    """
    url = url.strip()
    if url.startswith("<") and url.endswith(">"):
        url = url[1:-1].strip()
    return "%20".join(url.split(" "))


def parse_date(text: str) -> datetime | None:
    """A WARC-Date in any precision of WARC 1.1, UTC; None when it is none.

    >>> parse_date("2016-09-19T17:20:24.123456789Z")
    datetime.datetime(2016, 9, 19, 17, 20, 24, 123456, tzinfo=datetime.timezone.utc)
    >>> parse_date("2016")
    datetime.datetime(2016, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)
    """
    found = _DATE.match(text.strip())
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction = found.groups()
    try:
        return datetime(
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            min(int(second or 0), 59),
            int((fraction or "0").ljust(6, "0")[:6]),
            tzinfo=UTC,
        )
    except ValueError:
        return None


def parse_http(data: bytes, at: int = 0, end: int | None = None) -> HttpHead:
    """The HTTP head at `at`, after any ``100 Continue``. A body without a head has none: then `end` is `at`.

    A head that is not closed by a blank line ends where its lines stop looking like fields.

    >>> parse_http(b"HTTP/1.1 200\\r\\nContent-Type: text/html\\r\\n\\r\\n<p>")
    HttpHead(status=200, headers={'content-type': 'text/html'}, end=41)
    >>> parse_http(b"<p>no head").end
    0
    """
    stop = len(data) if end is None else end
    status, headers = None, {}
    while (line := _STATUS.match(data, at, stop)) is not None:
        status = int(line[1]) if line[1] else None
        at = line.end()
        closed = _blank_line(data, at, min(stop, at + MAX_HEAD_BYTES))
        pieces = []
        while at < (closed or stop):
            field = _FIELD.match(data, at, stop)
            if field is None or field[1][:1] in (b"<", b"{"):
                line_end = data.find(b"\n", at, stop)
                if closed is None or line_end < 0 or data[at : at + 1] in (b"<", b"{"):
                    break
                at = line_end + 1  # a line that is no field, in a head that goes on
                continue
            pieces.append(field[0])
            at = field.end()
        headers = parse_fields(b"".join(pieces))
        if status is None or status >= 200 or not data.startswith(b"HTTP/", at):
            break
    return HttpHead(status, headers, at)
