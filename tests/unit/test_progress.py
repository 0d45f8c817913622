"""Progress: plain lines in a log, a bar on a terminal, silence on request."""

from __future__ import annotations

import io
import re

from faquarry.config.settings import LogSettings
from faquarry.progress import Progress


def test_plain_lines_hold_amount_counts_and_time() -> None:
    stream = io.StringIO()
    progress = Progress(LogSettings(interval_s=1e-9), stream)
    with progress.working("extract", 200, "MB"):
        progress.advance(50, pages=3)
        progress.advance(to=100, pages=1234, pairs=9)
    lines = stream.getvalue().splitlines()
    assert re.fullmatch(r"extract: 50 of 200 MB, 3 pages, [\d.]+ s, about [\d.]+ s left", lines[0])
    assert re.fullmatch(r"extract: 100 of 200 MB, 1,234 pages, 9 pairs, [\d.]+ s", lines[-1])


def test_lines_keep_their_distance() -> None:
    stream = io.StringIO()
    progress = Progress(LogSettings(interval_s=3600), stream)
    with progress.working("extract", 10, "MB"):
        for _ in range(10):
            progress.advance(1)
    assert len(stream.getvalue().splitlines()) == 1


def test_the_bar_never_goes_back() -> None:
    stream = io.StringIO()
    progress = Progress(LogSettings(interval_s=1e-9), stream)
    with progress.working("extract", 10, "MB"):
        progress.advance(to=8)
        progress.advance(to=5)
    assert all(line.startswith("extract: 8 of 10") for line in stream.getvalue().splitlines())


def test_none_is_silent() -> None:
    stream = io.StringIO()
    progress = Progress(LogSettings(progress="none"), stream)
    with progress.working("extract", 1, "MB"):
        progress.say("hello")
    assert stream.getvalue() == ""
