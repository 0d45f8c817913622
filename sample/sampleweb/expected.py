"""The expected result beside the archive: what was written, as rows. No extractor takes part in it."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import brotli
import zstandard

from sampleweb.render import Rendered
from sampleweb.sources import Site
from sampleweb.storage import fetched_at

__all__ = ["as_json", "expected", "pair_id"]

Row = dict[str, Any]

DAMAGE = {
    "corrupt": ("a gzip member is damaged in its middle", "damaged"),
    "truncated": ("the file ends inside the last record", "truncated"),
    "long-length": ("the record claims more bytes than it has", None),
    "short-http": ("the HTTP Content-Length is a third of the body", None),
    "bare": ("a response without HTTP headers", None),
    "resource": ("a resource record, which never has HTTP headers", None),
    "bomb": ("a body that grows beyond max_record_bytes when decoded", "too_large"),
}
LOST = {"corrupt", "bomb"}  # of the truncated page, the head with its JSON-LD is left


def pair_id(question: str, answer: str) -> str:
    """md5 of question, blank, answer, newlines as blanks: the id of table qa."""
    return hashlib.md5(f"{question} {answer}".replace("\n", " ").strip().encode(), usedforsecurity=False).hexdigest()


def near_duplicates(sites: Mapping[str, Site]) -> list[Row]:
    rows = []
    for site in sites.values():
        for page in site.pages.values():
            for entry in page.entries:
                if near := entry.options.get("near"):
                    rows.append({"key": f"{site.host}#{page.id}/{entry.key}", "near": near})
    return rows


def same_questions(pairs: Sequence[Row]) -> list[Row]:
    """Questions that one host answers in several ways."""
    answers: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for row in pairs:
        host = row["key"].split("#")[0]
        answers[host, row["language"], row["question"]].add(row["answer"])
    return [
        {"host": host, "language": language, "question": question, "answers": len(found)}
        for (host, language, question), found in sorted(answers.items())
        if len(found) > 1
    ]


def expected(sites: Mapping[str, Site], pages: Sequence[Rendered], archive: bytes) -> Row:
    """Pages, pairs, rejects and links in the order of their addresses, and what they add up to."""
    ordered = sorted(pages, key=lambda page: page.url)
    lost = {page.url for page in pages if page.page["damage"] in LOST}
    pairs = [
        {"id": pair_id(row["question"], row["answer"]), **row}
        for page in ordered
        if page.url not in lost
        for row in page.pairs
    ]
    rejects = [row for page in ordered if page.url not in lost for row in page.rejects]
    rows = [{**page.page, "fetched_at": f"{fetched_at(page):%Y-%m-%dT%H:%M:%SZ}"} for page in ordered]
    boilerplate = [
        {
            "url": row["url"],
            "stage": "filter",
            "reason": "boilerplate",
            "position": row["position"],
            "question": row["question"],
        }
        for page in ordered
        for row in page.pairs
        if any(
            e.options.get("reject") == "boilerplate" and row["key"].endswith(f"/{e.key}") for e in page.source.entries
        )
    ]
    return {
        "archive": {
            "file": "sample.warc.gz",
            "bytes": len(archive),
            "sha256": hashlib.sha256(archive).hexdigest(),
            "made_with": {
                "zlib": zlib.ZLIB_RUNTIME_VERSION,
                "brotli": brotli.__version__,
                "zstd": ".".join(map(str, zstandard.ZSTD_VERSION)),
            },
        },
        "counts": counts(sites, rows, pairs, rejects),
        "damaged": [
            {
                "url": row["url"],
                "damage": row["damage"],
                "what": DAMAGE[row["damage"]][0],
                "reason": DAMAGE[row["damage"]][1],
            }
            for row in rows
            if row["damage"]
        ],
        "same_question": same_questions(pairs),
        "near_duplicates": near_duplicates(sites),
        "rejects": rejects,
        "boilerplate": boilerplate,
        "pages": rows,
        "pairs": pairs,
        "links": [row for page in ordered for row in page.links],
    }


def counts(sites: Mapping[str, Site], pages: Sequence[Row], pairs: Sequence[Row], rejects: Sequence[Row]) -> Row:
    distinct = {row["id"]: row for row in pairs}
    tongues: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in pairs:
        tongues[row["key"].split("#")[0], row["key"]].add(row["language"])
    aligned = {(host, key) for (host, key), found in tongues.items() if len(found) > 1}
    return {
        "sites": len(sites),
        "sites_with_faq": len({row["page"].split("#")[0] for row in pages if row["faq"]}),
        "pages": len(pages),
        "pages_with_faq": sum(row["faq"] for row in pages),
        "places": len(pairs),
        "pairs": len(distinct),
        "keys_in_several_languages": len(aligned),
        "pairs_in_several_languages": len(
            {row["id"] for row in pairs if (row["key"].split("#")[0], row["key"]) in aligned}
        ),
        "languages": dict(sorted(Counter(row["language"] for row in distinct.values()).items())),
        "repairs": dict(sorted(Counter(row["repair"] for row in pages if row["repair"]).items())),
        "markup": dict(sorted(Counter(row["markup"] for row in pages).items())),
        "reasons": dict(sorted(Counter(row["reason"] for row in rejects).items())),
    }


def as_json(result: Row) -> str:
    """JSON with one row a line, so that a change is a readable diff."""
    parts = []
    for name, value in result.items():
        if isinstance(value, list):
            rows = ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in value)
            parts.append(f' "{name}": [\n{rows}\n ]' if value else f' "{name}": []')
        else:
            parts.append(f' "{name}": {json.dumps(value, ensure_ascii=False)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"
