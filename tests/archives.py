"""Small archives for tests: pages that a test describes in a line each."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path

__all__ = ["faq_page", "response_record", "write_warc"]


def faq_page(*pairs: tuple[str, str], title: str = "Help", lang: str = "en", head: str = "") -> str:
    """A page with one JSON-LD FAQPage."""
    questions = [
        {"@type": "Question", "name": question, "acceptedAnswer": {"@type": "Answer", "text": answer}}
        for question, answer in pairs
    ]
    markup = json.dumps(
        {"@context": "https://schema.org", "@type": "FAQPage", "mainEntity": questions}, ensure_ascii=False
    )
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>{head}'
        f'<script type="application/ld+json">{markup}</script></head><body><p>{title}</p></body></html>'
    )


def response_record(url: str, date: str, body: bytes, content_type: str = "text/html; charset=utf-8") -> bytes:
    """One WARC/1.0 response record, not compressed."""
    block = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\nWARC-Date: {date}\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def write_warc(path: Path, pages: Iterable[tuple[str, str, str]]) -> str:
    """Writes (url, ISO date, html) as response records, a gzip member each. -> the path as text."""
    path.write_bytes(
        b"".join(gzip.compress(response_record(url, date, html.encode()), mtime=0) for url, date, html in pages)
    )
    return str(path)
