"""Golden cases: a page that a person can read, and what has to come out of it.

A case is ``cases/NAME.html`` with ``cases/NAME.expected.json``, and ``cases/NAME.toml`` where the page needs more than
its bytes: ``url``, ``profile``, ``[headers]``, and ``encoding`` (the file is UTF-8 for the reader; these are the bytes
that the test sends: any Python codec, with ``bom = true`` in front if wanted).

The expected file says ``why`` the case exists, and lists ``page`` (only the fields that matter; null: there is none),
``pairs`` and ``rejects`` (all of them, each with the keys that matter).
"""

from __future__ import annotations

import codecs
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faquarry.config.settings import FilterSettings
from faquarry.markup.model import Extraction, Page, Pair, Reject
from faquarry.markup.page import extract_page

__all__ = ["CASES", "Case", "all_cases", "compared", "observed"]

CASES = Path(__file__).parent / "cases"
DEFAULT_URL = "https://www.quarrymuseum.example/faq"
_BOMS = {"utf-8": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}


@dataclass(frozen=True)
class Case:
    name: str
    html: str
    expected: dict[str, Any]
    url: str = DEFAULT_URL
    profile: str = "default"
    encoding: str = "utf-8"
    bom: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def payload(self) -> bytes:
        body = self.html.encode(self.encoding, "surrogateescape")
        return _BOMS[self.encoding] + body if self.bom else body

    def run(self) -> Extraction:
        filters = FilterSettings(profile=self.profile)  # type: ignore[arg-type]
        return extract_page(self.payload, url=self.url, headers=self.headers, filters=filters)


def all_cases() -> Iterator[Case]:
    for path in sorted(CASES.glob("*.html")):
        yield load(path)


def load(path: Path) -> Case:
    toml, expected = path.with_suffix(".toml"), path.with_suffix(".expected.json")
    return Case(
        name=path.stem,
        html=path.read_text(encoding="utf-8"),
        expected=json.loads(expected.read_text(encoding="utf-8")) if expected.exists() else {},
        **(tomllib.loads(toml.read_text(encoding="utf-8")) if toml.exists() else {}),
    )


def compared(case: Case, result: Extraction) -> tuple[dict[str, Any], dict[str, Any]]:
    """(expected, observed), both cut down to what the case states."""
    expected = {
        "page": case.expected.get("page", {}),
        "pairs": case.expected["pairs"],
        "rejects": case.expected["rejects"],
    }
    seen = observed(result)
    cut: dict[str, Any] = {
        "page": seen["page"] and {key: seen["page"][key] for key in (expected["page"] or {})},
        "pairs": _like(expected["pairs"], seen["pairs"]),
        "rejects": _like(expected["rejects"], seen["rejects"]),
    }
    return expected, cut


def _like(wanted: list[dict[str, Any]], seen: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each seen row with the keys of the wanted row at its place; rows that nobody wanted in full."""
    return [
        {key: row.get(key) for key in wanted[at]}
        if at < len(wanted)
        else {k: v for k, v in row.items() if v is not None}
        for at, row in enumerate(seen)
    ]


def observed(result: Extraction) -> dict[str, Any]:
    """An extraction as plain JSON values, in full."""
    return {
        "page": _page(result.page) if result.page else None,
        "pairs": [_pair(pair) for pair in result.pairs],
        "rejects": [_reject(reject) for reject in result.rejects],
    }


def _page(page: Page) -> dict[str, Any]:
    row = {name: getattr(page, name) for name in page.__slots__}
    row["alternates"] = [[alternate.hreflang, alternate.href] for alternate in page.alternates]
    return {name: list(value) if isinstance(value, tuple) else value for name, value in row.items()}


def _pair(pair: Pair) -> dict[str, Any]:
    return {name: getattr(pair, name) for name in pair.__slots__}


def _reject(reject: Reject) -> dict[str, Any]:
    row = {name: getattr(reject, name) for name in reject.__slots__}
    row["reason"] = reject.reason.value
    return row
