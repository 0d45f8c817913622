"""What is fuzzed: one function a reader, from any bytes to a value, with the invariants asserted on the way.

A target raises nothing but `AssertionError` (an invariant does not hold) or what is a fault by itself. Called twice
with the same bytes it gives the same value. `TARGETS` names them all.
"""

from __future__ import annotations

import gzip
import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import zstandard

from faquarry.config.load import load
from faquarry.config.settings import FilterSettings, GraphSettings
from faquarry.errors import FaquarryError
from faquarry.graph.address import Base, normalised
from faquarry.graph.page import read_document
from faquarry.markup.ladder import read_block
from faquarry.markup.model import Extraction, Reason
from faquarry.markup.page import extract_nodes, extract_page
from faquarry.markup.pairs import MAX_EXCERPT_BYTES, rederive
from faquarry.redaction import scrubbed, shown
from faquarry.text.charset import decode_html
from faquarry.text.clean import clean_answer, clean_question
from faquarry.web.coding import BodyTooLarge, decode_body
from faquarry.web.detect import detect_coding
from faquarry.web.nquads import read_nquads
from faquarry.web.owi import read_owi
from faquarry.web.place import origin_of, site_of
from faquarry.web.record import Problem, Record, ScanCounts
from faquarry.web.sniff import sniff
from faquarry.web.sources import resolve
from faquarry.web.structured import StructuredPage
from faquarry.web.warc import scan

__all__ = ["TARGETS", "Target"]

Target = Callable[[bytes], Any]

LIMIT = 1 << 18  # of a record, so that small inputs reach it
URL = "https://a.example/b/c?d=e"
_FILTERS = FilterSettings()
_GRAPH = GraphSettings()


def _conserved(found: Extraction, size: int) -> Extraction:
    """Every question of a page ends as a pair or as a reject, and nothing fails."""
    reasons = {reject.reason for reject in found.rejects}
    assert Reason.FAILED not in reasons, found.rejects
    assert found.page is not None or found.rejects, "a page vanished"
    assert sum(len(pair.question) + len(pair.answer) for pair in found.pairs) <= 8 * size + 100, "text out of nothing"
    for reject in found.rejects:
        assert len((reject.excerpt or "").encode()) <= MAX_EXCERPT_BYTES
    if found.page is not None:
        assert found.page.questions == len(found.pairs) + sum(one.position is not None for one in found.rejects)
        assert rederive(found.page.markup, _FILTERS)[0] == found.pairs
    return found


def page(data: bytes) -> Any:
    """`extract_page`; the first line is a ``Content-Type`` where it looks like one, so that charsets are tried too."""
    headers: dict[str, str] = {}
    if data.startswith(b"text/"):
        line, _, data = data.partition(b"\n")
        headers = {"content-type": line[:200].decode("latin-1")}
    return _conserved(extract_page(data, url=URL, headers=headers), len(data))


def block(data: bytes) -> Any:
    """The ladder that reads broken JSON."""
    return (
        repr(read_block(data.decode("utf-8", "surrogatepass" if data[:1] == b"{" else "replace"))) if _utf8(data) else 0
    )


def _utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def document(data: bytes) -> Any:
    """The link graph's page."""
    return read_document(data, url=URL, headers={"content-type": "text/html"}, settings=_GRAPH)


def clean(data: bytes) -> Any:
    """Cleaning is settled: what it gave stays as it is."""
    text = data.decode("utf-8", "replace")
    question, answer = clean_question(text), clean_answer(text)
    assert clean_question(question) == question, question
    assert clean_answer(answer) == answer, answer
    return question, answer


def charset(data: bytes) -> Any:
    """Decoding of pages."""
    label, _, body = data.partition(b"\n")
    found = decode_html(body, label.decode("latin-1")[:200], tld="jp")
    found.utf8.decode("utf-8")
    return found


def _scanned(data: bytes, **options: Any) -> tuple[list[Record | Problem], ScanCounts]:
    counts = ScanCounts()
    begin = options.get("start", 0)
    items = list(scan(io.BytesIO(data[begin:]), counts=counts, max_record_bytes=LIMIT, **options))
    assert counts.matches == sum(isinstance(item, Record) for item in items)
    assert counts.problems == sum(isinstance(item, Problem) for item in items)
    for item in items:
        assert 0 <= item.offset <= len(data)
        if isinstance(item, Record):
            assert len(item.payload) <= LIMIT
            assert item.offset + item.length <= len(data)
    return items, counts


class _Drip:
    def __init__(self, data: bytes, at_most: int) -> None:
        self._stream, self._at_most = io.BytesIO(data), at_most

    def read(self, size: int, /) -> bytes:
        return self._stream.read(min(size, self._at_most))


def _place(item: Record | Problem) -> Any:
    """What no size of reads may change. How far a damaged member can be decoded before the damage is known may differ."""
    return (item.offset, item.url) if isinstance(item, Record) else (item.offset, item.reason)


def archive(data: bytes) -> Any:
    """A WARC or ARC scan; how the bytes arrive changes nothing."""
    items, _ = _scanned(data)
    dripped = list(scan(_Drip(data, 777), counts=ScanCounts(), max_record_bytes=LIMIT))
    assert list(map(_place, dripped)) == list(map(_place, items)), "the size of reads changes the result"
    if not any(isinstance(item, Problem) for item in items):
        assert dripped == items, "the size of reads changes a whole record"
    return items


def every_page(data: bytes) -> Any:
    """The same without a needle, as the link graph reads."""
    return _scanned(data, needle=None)[0]


def member(data: bytes) -> Any:
    """The bytes as gzip members and zstd frames that are well formed, so that mutations reach what is inside."""
    inner = [piece for piece in data.split(b"\n\n\nCUT\n\n\n") if piece]
    packed = b"".join(gzip.compress(piece, 1, mtime=0) for piece in inner)
    frames = b"".join(zstandard.compress(piece, 1) for piece in inner)
    return archive(packed), archive(frames)


def parts(data: bytes) -> Any:
    """Ranges that tile a file give what the whole gives."""
    coding = detect_coding(data)
    if coding not in ("gzip", "zstd") or len(data) < 4:
        return None
    whole, _ = _scanned(data, coding=coding)
    cut = 1 + int.from_bytes(data[-2:], "little") % (len(data) - 1)
    halves = [
        *scan(io.BytesIO(data), end=cut, coding=coding, counts=ScanCounts(), max_record_bytes=LIMIT),
        *scan(io.BytesIO(data), start=cut, origin=0, coding=coding, counts=ScanCounts(), max_record_bytes=LIMIT),
    ]
    assert [one for one in halves if isinstance(one, Record)] == [one for one in whole if isinstance(one, Record)], cut
    return halves


def body(data: bytes) -> Any:
    """Content codings; the first line is the headers' claim."""
    claim, _, rest = data.partition(b"\n")
    headers = {"content-encoding": claim.decode("latin-1")[:100]} if claim else {}
    try:
        found = decode_body(rest, headers, LIMIT)
    except BodyTooLarge:
        return "too large"
    assert len(found) <= max(LIMIT, len(rest))
    return found


def quads(data: bytes) -> Any:
    """N-Quads to nodes, nodes to pairs."""
    counts = ScanCounts()
    items = list(read_nquads(io.BytesIO(data), counts=counts, max_record_bytes=LIMIT))
    assert counts.matches == sum(isinstance(item, StructuredPage) for item in items)
    for item in items:
        if isinstance(item, StructuredPage):
            _conserved(extract_nodes(item.nodes, url=item.url), len(data))
    return items


def parquet(data: bytes) -> Any:
    """Pages of the Open Web Index; a file that cannot be read is a sentence."""
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        file.write(data)
        file.flush()
        found: list[Any] = []
        try:
            for item in read_owi(file.name, counts=ScanCounts()):
                found.append(item)
                if isinstance(item, StructuredPage):
                    _conserved(extract_nodes(item.nodes, url=item.url), 1 << 20)
        except FaquarryError as error:
            found.append(str(error).replace(file.name, "the file"))
    return len(found), found[-1:]


def source(data: bytes) -> Any:
    """What a file is; naming it never ends the job."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(data)
        (found,) = resolve([str(path)])
    return sniff(data[: 64 << 10]), found.kind, found.coding


def address(data: bytes) -> Any:
    """Addresses: one spelling, which stays; nothing raises."""
    text = data.decode("utf-8", "replace")
    base = Base.of(URL)
    assert base is not None
    found = []
    for line in text.split("\n")[:50]:
        for one in (line, base.joined(line)):
            once = normalised(one)
            assert once is None or normalised(once) == once, (one, once)
            found.append((once, origin_of(one), site_of(one), shown(one), scrubbed(one)))
            assert scrubbed(scrubbed(one)) == scrubbed(one)
    return found


def headers(data: bytes) -> Any:
    """HTTP headers that a page's context is read from."""
    lines = [*data.decode("latin-1").split("\n"), "", "", ""][:3]
    html = b'<script type="application/ld+json">{"@type":"FAQPage","mainEntity":{"@type":"Question","name":"What is it, then?","acceptedAnswer":{"@type":"Answer","text":"It is an answer of enough letters to be kept."}}}</script>'
    told = dict(zip(("link", "x-robots-tag", "content-type"), lines, strict=True))
    return _conserved(extract_page(html, url=URL, headers=told), len(html))


def configuration(data: bytes) -> Any:
    """TOML and ``--set``: a setting, or a sentence."""
    text = data.decode("utf-8", "replace")
    with tempfile.NamedTemporaryFile(suffix=".toml") as file:
        file.write(data)
        file.flush()
        said = []
        for arguments in ((file.name, ()), (None, tuple(text.split("\n")[:5]))):
            try:
                said.append(repr(load(*arguments).settings))
            except FaquarryError as error:
                said.append(type(error).__name__)
    return said


TARGETS: dict[str, Target] = {
    one.__name__: one
    for one in (
        page, block, document, clean, charset, archive, every_page, member, parts, body, quads, parquet, source, address,
        headers, configuration,
    )
}  # fmt: skip
