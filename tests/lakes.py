"""What a lake holds, for comparing: rows without what belongs to the run, versions, keys."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from faquarry.lake import TABLES, Lake

__all__ = ["content", "disagreements", "repeated_keys", "rows", "versions"]

# What differs between two runs that did the same: who wrote a row, and when.
OF_THE_RUN = {"run_id", "finished_at"}


def rows(lake: Path, table: str, **where: Any) -> list[dict[str, Any]]:
    """The rows in which every named column has the given value."""
    return [row for row in Lake(str(lake)).rows(table) if all(row[key] == value for key, value in where.items())]


def content(lake: Path) -> dict[str, list[str]]:
    """Every row of every table but the ledger, as sorted JSON, without what belongs to the run."""
    found = {}
    for name in TABLES:
        if name != "runs":
            kept = [{key: value for key, value in row.items() if key not in OF_THE_RUN} for row in rows(lake, name)]
            found[name] = sorted(json.dumps(row, sort_keys=True, default=str, ensure_ascii=False) for row in kept)
    return found


def versions(lake: Path) -> dict[str, int | None]:
    """The version of every table."""
    return {name: Lake(str(lake)).version(name) for name in TABLES}


def repeated_keys(lake: Path) -> list[tuple[str, Any]]:
    """(table, key) of rows whose key stands more than once; a table without a key repeats when a whole row does."""
    found = []
    for name, table in TABLES.items():
        columns = table.key or tuple(column for column in table.columns if column not in OF_THE_RUN)
        counted = Counter(tuple(row[column] for column in columns) for row in rows(lake, name))
        found += [(name, key) for key, count in counted.items() if count > 1]
    return found


def disagreements(lake: Path) -> list[tuple[str, Any]]:
    """What no lake at rest holds: rows that lead nowhere, a pair without a place, a page that should not speak for it."""
    places: dict[str, list[Any]] = {}
    for row in rows(lake, "occurrences"):
        fetched = row["fetched_at"]
        order = (fetched is None, fetched, len(row["url"]), row["url"], row["page_id"], row["position"])
        places.setdefault(row["id"], []).append(order)
    speaking = {row["id"]: (row["page_id"], row["position"]) for row in rows(lake, "qa")}
    pages = {row["page_id"]: row["source"] for row in rows(lake, "pages")}
    sources = {row["source"] for row in rows(lake, "sources") if row["status"] != "failed"}
    wanted = {id_: min(found)[-2:] for id_, found in places.items()}
    found = [("qa", item) for item in speaking.items() ^ wanted.items()]
    found += [("occurrences", row) for row in rows(lake, "occurrences") if row["page_id"] not in pages]
    found += [("pages", page) for page in pages.items() if page[1] not in sources]
    found += [("rejects", row) for row in rows(lake, "rejects") if row["source"] not in sources]
    return [*found, *(("repeated", key) for key in repeated_keys(lake))]
