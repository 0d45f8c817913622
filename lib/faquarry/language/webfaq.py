"""WebFAQ's own rule for the language of a pair, so that counts compare with its releases.

fastText's ten best for the pair's text; the language that the URL names (first or second path segment) wins from 0.12 on,
else the best one from 0.25 on (version 1: 0.63), else the pair has no language. Pairs know nothing of each other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

import numpy as np

from faquarry.language.codes import to_iso639_3
from faquarry.language.detectors import detector_named
from faquarry.language.hints import Hints
from faquarry.language.identified import Identified

__all__ = ["FROM_TEXT", "FROM_URL", "identify_as_webfaq"]

FROM_URL = 0.12
FROM_TEXT = 0.25

_SEGMENT = re.compile(r"[a-z]{2}(?:[-_][a-z]{2})?", re.IGNORECASE)


def identify_as_webfaq(pairs: Sequence[tuple[str, str]], hints: Hints) -> list[Identified]:
    """One result a (question, answer); `sure` is False where the rule would drop the pair."""
    detector = detector_named("fasttext")
    probabilities = np.exp(detector.scores([f"{question} {answer}" for question, answer in pairs]))
    column = {language: number for number, language in enumerate(detector.languages)}
    named = [column[code] for code in _url_languages(hints.url) if code in column]
    results = []
    for row in probabilities:
        by_url = next((number for number in named if row[number] >= FROM_URL), None)
        best = by_url if by_url is not None else int(row.argmax())
        share = float(row[best])
        by = "hint" if by_url is not None else "text"
        results.append(Identified(detector.languages[best], share, by, by_url is not None or share >= FROM_TEXT))
    return results


def _url_languages(url: str) -> list[str]:
    try:
        segments = urlsplit(url).path.split("/")[1:3]
    except ValueError:
        return []
    codes = (to_iso639_3(segment) for segment in segments if _SEGMENT.fullmatch(segment))
    return [code for code in codes if code]
