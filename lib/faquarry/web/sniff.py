"""What a file holds, told by its bytes and never by its name."""

from __future__ import annotations

import re
import zlib
from typing import Any, Literal

import pyarrow.parquet as pq
import zstandard

from faquarry.web.detect import Coding, detect_coding
from faquarry.web.heads import is_start, next_start

__all__ = ["INDEX_COLUMNS", "OWI_COLUMNS", "SNIFF_BYTES", "Kind", "kind_of_parquet", "sniff"]

Kind = Literal["warc", "nquads", "owi", "index", "unknown"]

SNIFF_BYTES = 64 << 10
INDEX_COLUMNS = frozenset({"url", "warc_filename", "warc_record_offset", "warc_record_length"})
OWI_COLUMNS = frozenset({"url", "faq"})

_TERM = rb'(?:<[^<>\s]*>|_:[^\s<>"]+)'
_QUAD = re.compile(
    rb"[ \t]*"
    + _TERM
    + rb"[ \t]+<[^<>\s]*>[ \t]+(?:"
    + _TERM
    + rb'|"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"(?:@[A-Za-z0-9-]+|\^\^<[^<>\s]*>)?)'
    rb"[ \t]+" + _TERM + rb"[ \t]*\.[ \t]*\r?"
)


def sniff(head: bytes) -> tuple[Kind | Literal["parquet"], Coding | None]:
    """Kind and coding of a file that begins with `head` (`SNIFF_BYTES` of it, or all). Parquet needs `kind_of_parquet`.

    >>> sniff(b"WARC/1.0\\r\\nWARC-Type: warcinfo\\r\\n\\r\\n"), sniff(b"PAR1"), sniff(b"# Notes")
    (('warc', 'plain'), ('parquet', None), ('unknown', None))
    """
    if head.startswith(b"PAR1"):
        return "parquet", None
    coding = detect_coding(head)
    text = _decoded(head, coding)
    if is_start(text):
        return "warc", coding
    if _is_quads(text):
        return "nquads", coding or "plain"
    if coding is not None and (coding == "plain" or next_start(text, 0) is not None or _later_member(head, coding)):
        return "warc", coding
    return "unknown", None


def _decoded(head: bytes, coding: Coding | None) -> bytes:
    """As much as can be decoded of the beginning."""
    if coding == "gzip":
        decoder, out = zlib.decompressobj(31), b""
        try:
            for at in range(0, len(head), 1024):
                out += decoder.decompress(head[at : at + 1024], SNIFF_BYTES)
                if decoder.eof or len(out) >= SNIFF_BYTES:
                    break
        except zlib.error:
            pass
        return out
    if coding == "zstd":
        try:
            return zstandard.ZstdDecompressor().stream_reader(head).read(SNIFF_BYTES)
        except zstandard.ZstdError:
            return b""  # damaged, or in need of a dictionary
    return head


def _is_quads(text: bytes) -> bool:
    """Most of the first whole lines are N-Quads."""
    lines = [line for line in text.split(b"\n")[:50] if line.strip() and not line.lstrip().startswith(b"#")]
    if len(lines) > 1:
        lines = lines[:-1]
    good = sum(_QUAD.fullmatch(line) is not None for line in lines)
    return good > len(lines) // 2


def _later_member(head: bytes, coding: Coding) -> bool:
    """Whether the first members are damaged or no records, and a later one is a record."""
    without_magic = b"\0" + head[1:]
    return detect_coding(without_magic) == coding


def kind_of_parquet(file: Any) -> Kind:
    """Which of the two Parquet inputs an open file is, by its columns. Raises `OSError` or `ValueError` (pyarrow's)."""
    columns = set(pq.read_schema(file).names)
    if columns >= INDEX_COLUMNS:
        return "index"
    return "owi" if columns >= OWI_COLUMNS else "unknown"
