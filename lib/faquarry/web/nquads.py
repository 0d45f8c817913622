"""Pages of Web Data Commons: N-Quads whose fourth term is the page's URL.

The rule for what a page is: **consecutive lines with the same fourth term**. Web Data Commons writes a page's lines
together, so this needs the memory of one page, and no sorting. Where a file does hold a page's lines in several places,
each place becomes a page of its own; pairs that both hold have one id, so they meet again in the table `qa`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from faquarry.web.detect import Coding, detect_coding
from faquarry.web.flows import PlainFlow
from faquarry.web.gzipped import Gzip
from faquarry.web.members import Members
from faquarry.web.record import Problem, ScanCounts
from faquarry.web.structured import StructuredPage
from faquarry.web.warc import NEEDLE, payload_digest
from faquarry.web.window import ByteStream, Window
from faquarry.web.zstd import Zstd

__all__ = ["read_nquads"]

CHUNK_BYTES = 256 << 10
MAX_LINE_BYTES = 4 << 20
EXCERPT_BYTES = 1024

RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_SCHEMA = re.compile(r"https?://(?:www\.)?schema\.org/(?=[A-Za-z])")
_TITLES = ("http://purl.org/dc/terms/title", "http://purl.org/dc/elements/1.1/title")

# Looser than the grammar where real files are: blanks and quotes inside of <…>, any blanks between terms.
_NAME = rb"(?:<[^>\n]*>|_:[^\s<>\"]+)"
_LINE = re.compile(
    rb"[ \t]*("
    + _NAME
    + rb")[ \t]+(<[^>\n]*>)[ \t]+("
    + _NAME
    + rb'|"[^"\\]*+(?:\\.[^"\\]*+)*+"(?:@[A-Za-z0-9-]+|\^\^<[^>\n]*>)?)'
    rb"[ \t]+(" + _NAME + rb")[ \t]*\.?[ \t\r]*"
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_LETTERS = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f"}


def read_nquads(
    stream: ByteStream,
    *,
    needle: bytes = NEEDLE,
    max_record_bytes: int = 16 << 20,
    counts: ScanCounts,
) -> Iterator[StructuredPage | Problem]:
    """The pages whose lines hold `needle`, in the order of the file; plain, gzip or zstd by content.

    Lines that are no quads, pages larger than `max_record_bytes` and damaged ends are problems. In `counts`, records
    are lines that could be read, responses pages, matches the pages given.
    """
    page = _Page(needle, max_record_bytes, counts)
    decoded = _Decoded(stream, counts)
    for offset, line in decoded.lines():
        if not line.strip() or line.lstrip().startswith(b"#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            counts.problems += 1
            excerpt = line[:EXCERPT_BYTES].decode("utf-8", "replace")
            yield Problem("damaged", "a line that is no N-Quad", offset, len(line) + 1, excerpt=excerpt)
            continue
        counts.records += 1
        if found[4] != page.graph:
            yield from page.finish()
            page.begin(found[4], offset)
        page.add(found, offset, line)
    yield from page.finish()
    if decoded.fault is not None:
        counts.problems += 1
        yield decoded.fault


class _Page:
    """The lines of the page that is being read."""

    def __init__(self, needle: bytes, max_bytes: int, counts: ScanCounts) -> None:
        self._needle, self._max_bytes, self._counts = needle, max_bytes, counts
        self.graph = b""
        self._offset = self._end = self._size = 0
        self._named = False
        self._lines: list[bytes] = []
        self._quads: list[tuple[bytes, bytes, bytes]] = []

    def begin(self, graph: bytes, offset: int) -> None:
        self.graph, self._offset = graph, offset
        self._size, self._named, self._lines, self._quads = 0, False, [], []

    def add(self, found: re.Match[bytes], offset: int, line: bytes) -> None:
        self._named = self._named or self._needle in line
        self._size += len(line)
        self._end = offset + len(line)
        if self._size <= self._max_bytes:
            self._lines.append(line)
            self._quads.append((found[1], found[2], found[3]))

    def finish(self) -> Iterator[StructuredPage | Problem]:
        if not self.graph:
            return
        self._counts.responses += 1
        url = _iri(self.graph)
        if not self._named:
            return
        length = self._end - self._offset
        if self._size > self._max_bytes:
            self._counts.problems += 1
            detail = f"its lines have {self._size} bytes, extract.max_record_bytes is {self._max_bytes}"
            yield Problem("too_large", detail, self._offset, length, url)
            return
        self._counts.matches += 1
        nodes = _nodes(self._quads)
        digest = payload_digest(b"\n".join(self._lines))
        titles = [value for node in nodes for name in _TITLES if isinstance(value := node.get(name), str)]
        yield StructuredPage(url, nodes, self._offset, length, digest, titles[0] if titles else None)


def _nodes(quads: list[tuple[bytes, bytes, bytes]]) -> list[dict[str, Any]]:
    """One dict a subject, in the order of first mention; objects that are nodes stay references to their ``@id``."""
    nodes: dict[str, dict[str, Any]] = {}
    for subject, predicate, target in quads:
        name = _iri(subject)
        node = nodes.setdefault(name, {"@id": name})
        key = _iri(predicate)
        value: Any = _value(target)
        if key == RDF_TYPE:
            key, value = "@type", value["@id"] if isinstance(value, dict) else value
        _put(node, _SCHEMA.sub("", key), value)
    return list(nodes.values())


def _put(node: dict[str, Any], key: str, value: Any) -> None:
    if key not in node:
        node[key] = value
    elif not isinstance(node[key], list):
        if node[key] != value:
            node[key] = [node[key], value]
    elif value not in node[key][-64:]:
        node[key].append(value)


def _value(target: bytes) -> Any:
    """A literal as its text, with its language where it has one; an IRI or blank node as a reference."""
    if not target.startswith(b'"'):
        return {"@id": _iri(target)}
    close = target.rindex(b'"')
    text = _unescape(target[1:close].decode("utf-8", "replace"))
    language = target[close + 1 :]
    return {"@value": text, "@language": language[1:].decode()} if language.startswith(b"@") else text


def _iri(term: bytes) -> str:
    text = term.decode("utf-8", "replace")
    return _unescape(text[1:-1]).strip() if text.startswith("<") else text


def _unescape(text: str) -> str:
    return _ESCAPE.sub(_unescape_one, text) if "\\" in text else text


def _unescape_one(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    if code is None:
        return _LETTERS.get(found[3], found[3])
    number = int(code, 16)
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"


class _Decoded:
    """The decoded lines of a file; `fault` is set when it breaks off."""

    def __init__(self, stream: ByteStream, counts: ScanCounts) -> None:
        self._window, self._counts = Window(stream), counts
        self.fault: Problem | None = None

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """(decoded offset, line without its end); what is longer than any line should be comes in pieces."""
        offset, rest = 0, b""
        for chunk in self._chunks():
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                yield offset, line
                offset += len(line) + 1
            if len(rest) > MAX_LINE_BYTES:
                yield offset, rest
                offset, rest = offset + len(rest), b""
        if rest and self.fault is None:
            yield offset, rest

    def _chunks(self) -> Iterator[bytes]:
        window = self._window
        coding: Coding | None = detect_coding(window.have(0, 4096))
        if coding in ("gzip", "zstd"):
            yield from self._decompressed(Gzip(window) if coding == "gzip" else Zstd(window))
            return
        flow = PlainFlow(window, 0)
        while piece := flow.chunk():
            self._counts.bytes_in = window.stop
            yield piece

    def _decompressed(self, members: Members) -> Iterator[bytes]:
        position = 0
        while self._window.have(position := members.pass_padding(position), 1):
            if not members.begins(position):
                self.fault = Problem("damaged", "bytes that belong to no member, and the rest is not read", position)
                return
            member = members.open(position)
            while piece := member.read(CHUNK_BYTES):
                self._counts.bytes_in = member.end
                yield piece
            self._counts.members += 1
            position = self._counts.bytes_in = member.end
            if member.fault:
                what = "ends inside a member" if member.fault == "truncated" else "has a damaged member"
                self.fault = Problem(member.fault, f"the file {what}, and what follows is not read", member.offset)
                return
