"""Real pages (not part of the project): precision and recall against the gold, matched on equal normalised texts.

Stricter than the published scorer, which also takes similar texts: the bounds here are a net, not the claim.
"""

from __future__ import annotations

import gzip
import json
import os
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from faquarry.config.settings import FilterSettings
from faquarry.markup.page import extract_page

pytestmark = pytest.mark.real


def _data() -> Path:
    folder = os.environ.get("FAQUARRY_DATA")
    if not folder:
        pytest.skip("FAQUARRY_DATA is unset: it names the folder of real data")
    return Path(folder) / "web"


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(c if c.isalnum() else " " for c in text if unicodedata.category(c) != "Cf").split())


def _pairs(archive: Path) -> Counter[tuple[str, str, str]]:
    from faquarry.web.archive import read_archive
    from faquarry.web.record import Record, ScanCounts

    found: Counter[tuple[str, str, str]] = Counter()
    for item in read_archive(str(archive), counts=ScanCounts()):
        if isinstance(item, Record):
            result = extract_page(
                item.payload, url=item.url, headers=item.headers, filters=FilterSettings(profile="none")
            )
            found.update({(item.url, _plain(pair.question), _plain(pair.answer)) for pair in result.pairs})
    return found


def _gold(path: Path) -> set[tuple[str, str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return {
        (row.get("url_warc") or row["url"], _plain(row["question"]), _plain(row["answer"]))
        for row in rows
        if row.get("container", "FAQPage") == "FAQPage" and not row.get("defect") and not row.get("ambiguous")
    }


@pytest.mark.parametrize(("name", "least"), [("dev", 0.97), ("faq-aligned", 0.995)])
def test_precision_and_recall(name: str, least: float) -> None:
    folder = _data()
    found, gold = set(_pairs(folder / f"{name}.warc.gz")), _gold(folder / f"{name}.gold.jsonl.gz")
    hits = len(found & gold)
    assert hits / len(gold) >= least, sorted(gold - found)[:5]
    assert hits / len(found) >= least, sorted(found - gold)[:5]
