"""What a page says about its language beside its text: as a prior in nats, never as the answer.

A hint's weight is what it adds to the log-probability of the language it names. Declaring English is a hint of its own,
because it goes wrong in its own way (templates declare it unasked). The weights are fitted by ``tools/fit_language.py``
and written down in ``weights.json``, with the pages they were fitted on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from urllib.parse import parse_qsl, urlsplit

from faquarry.language.codes import languages_of_suffix, to_iso639_3

__all__ = ["Hints", "Weights", "hinted", "weights"]

_TAG = re.compile(r"[a-z]{2,3}(?:[-_][a-z]{2,4})?", re.IGNORECASE)
_QUERY_NAMES = frozenset({"lang", "language", "hl", "locale", "lng", "l"})


@dataclass(frozen=True, slots=True)
class Hints:
    """What a page says about its language beside its text. All of it may be wrong."""

    url: str = ""
    html_lang: str | None = None
    alternates: tuple[tuple[str, str], ...] = ()  # (hreflang, absolute href)
    title: str | None = None
    description: str | None = None


@dataclass(frozen=True)
class Weights:
    """Everything that was fitted (see weights.json for the data and the command)."""

    hints: dict[str, float]  # name of the hint -> nats
    temperature: float  # divides a text's log-likelihoods
    mixed: float  # probability that a pair is not in its page's language
    rare: float  # nats against languages that few pages are in
    trust: float  # probability that a pair's text evidence is about its own language at all
    sharpness: float  # multiplies log-posteriors before they become the confidence that is reported


@lru_cache(maxsize=1)
def weights() -> Weights:
    stored = json.loads((files("faquarry.language") / "weights.json").read_text())
    return Weights(**stored["weights"])


def hinted(hints: Hints) -> Iterator[tuple[str, str]]:
    """(name of the hint, language) for everything a page says. Names: html, html-eng, path, host, query, self, suffix."""
    if hints.html_lang and (code := to_iso639_3(hints.html_lang)):
        yield ("html-eng" if code == "eng" else "html"), code
    try:
        parts = urlsplit(hints.url)
    except ValueError:
        return
    host = parts.hostname or ""
    segments = [segment for segment in parts.path.split("/")[1:3] if _TAG.fullmatch(segment)]
    for segment in segments:
        if code := _short_code(segment):
            yield "path", code
            break
    first_label = host.partition(".")[0]
    if host.count(".") >= 2 and _TAG.fullmatch(first_label) and (code := _short_code(first_label)):
        yield "host", code
    for name, value in parse_qsl(parts.query)[:20]:
        if name.lower() in _QUERY_NAMES and _TAG.fullmatch(value) and (code := _short_code(value)):
            yield "query", code
            break
    for tag, href in hints.alternates:
        if href.rstrip("/") == hints.url.rstrip("/") and (code := to_iso639_3(tag)):
            yield "self", code
            break
    for code in languages_of_suffix(host):
        yield "suffix", code


def _short_code(segment: str) -> str | None:
    """A path segment as a language, when it reads like one: two letters, or with a country (three-letter words abound)."""
    return to_iso639_3(segment) if len(segment) == 2 or "-" in segment or "_" in segment else None
