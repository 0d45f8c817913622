"""Scans that give every page: what counts as one, and that the rest costs nothing."""

from __future__ import annotations

import gzip

import pytest

from archives import gz, http, read, warc
from faquarry.web.html import is_html

PAGE = b"<!doctype html><title>Knots</title><p>No FAQ here."
HTML = {"content-type": "text/html"}


def scanned(block, **options):
    return read(gz([warc(block, url="https://a.example/")]), needle=None, **options)


@pytest.mark.parametrize(
    "block",
    [
        http(PAGE, "Content-Type: text/html; charset=utf-8"),
        http(PAGE, "Content-Type: application/xhtml+xml"),
        http(PAGE),
        http(PAGE, "Content-Type: text/plain"),
        http(gzip.compress(PAGE), "Content-Type: text/html", "Content-Encoding: gzip"),
        http(gzip.compress(PAGE), "Content-Type: text/html"),
    ],
)
def test_pages_are_given(block):
    [record] = scanned(block).records
    assert record.payload == PAGE


@pytest.mark.parametrize(
    "block",
    [
        http(b"\x89PNG\r\n\x1a\n<html>", "Content-Type: image/png"),
        http(b"\x89PNG\r\n\x1a\n\x00\x01", "Content-Type: text/html"),
        http(b"<rss><title>x</title></rss>", "Content-Type: text/xml"),
        http(b'{"html": "<p>"}', "Content-Type: application/json"),
        http(b"just words", "Content-Type: text/html"),
        http(b"", "Content-Type: text/html"),
        PAGE.join([b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n", b""]),
        PAGE.join([b"HTTP/1.1 301 Moved\r\nContent-Type: text/html\r\n\r\n", b""]),
    ],
)
def test_what_is_no_page_is_passed(block):
    found = scanned(block)
    assert found.records == []
    assert found.problems == []


def test_only_pages_can_be_too_large():
    big = b"<p>" + b"x" * 5000
    assert [
        problem.reason for problem in scanned(http(big, "Content-Type: text/html"), max_record_bytes=1024).problems
    ] == ["too_large"]
    assert scanned(http(big, "Content-Type: video/mp4"), max_record_bytes=1024).problems == []
    far = b"<p>" + b"x" * 600_000
    assert [
        problem.reason for problem in scanned(http(far, "Content-Type: text/html"), max_record_bytes=1024).problems
    ] == ["too_large"]
    assert scanned(http(far, "Content-Type: video/mp4"), max_record_bytes=1024).problems == []


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be", "utf-8"])
def test_pages_in_wide_characters(charset):
    assert is_html("\ufeff<!DOCTYPE html><p>Grüße".encode(charset), {})
