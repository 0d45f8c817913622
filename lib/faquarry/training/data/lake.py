"""Examples out of the tables of a lake, pinned to their versions: DuckDB over what deltalake finds, without Java.

Nothing that tells of a dev or test query of the benchmark is trained on: of languages that have a benchmark only the train
split is taken, of the others every pair that no duplicate stands for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from faquarry.errors import LakeError, NothingToRead, UsageError
from faquarry.graph.address import normalised
from faquarry.lake import Lake
from faquarry.lake.ask import connected

__all__ = ["DATA", "GROUPS", "stream"]

_ROWS = 32_768

# What each kind of data is read from: the first table must be there, the others help.
DATA: Mapping[str, tuple[str, ...]] = {
    "pairs": ("qa", "duplicates", "bitexts", "benchmark_queries"),
    "negatives": ("negatives", "duplicates", "bitexts", "benchmark_queries"),
    "bitexts": ("bitexts", "benchmark_queries"),
    "links": ("links", "documents"),
    "linked": ("links", "documents"),
}
_MADE_BY = {"qa": "extract", "negatives": "mine", "bitexts": "align", "links": "graph"}

GROUPS = ("none", "language", "site", "topic", "question_type", "cluster")
"""What rows can be grouped by, beside ``column:NAME`` of the first table."""


def stream(
    lake: str,
    data: str = "pairs",
    *,
    groups: str = "none",
    versions: Mapping[str, int] | None = None,
    memory: str = "1GB",
) -> tuple[dict[str, Any], Iterator[pa.RecordBatch]]:
    """Examples of a lake.

    Args:
        data: ``pairs`` (question and answer), ``negatives`` (with mined hard negatives), ``bitexts`` (question and answer in
            two languages), ``links`` (anchor and linked document), ``linked`` (two documents, one linked to the other).
        groups: what groups are made of: one of GROUPS or ``column:NAME``; ``cluster`` is the table `groups`.
        versions: of tables, as a checkpoint has recorded them; None: the latest.
        memory: what DuckDB may take; it spills beyond.

    Returns:
        what they are made of (tables with versions), and the rows as Arrow batches.

    Raises:
        UsageError: there is no such data, or it has no such groups.
        NothingToRead: the lake lacks the table.
        LakeError: a version is gone.
    """
    if data not in DATA:
        raise UsageError(f"There is no training data {data}: there are {', '.join(DATA)}.")
    found = Lake(lake)
    names = [*DATA[data], *_group_tables(groups, data)]
    pinned = {name: (versions or {}).get(name, found.version(name)) for name in names}
    known = {name: version for name, version in pinned.items() if version is not None}
    for name in (names[0], *_group_tables(groups, data)):
        if name not in known:
            raise NothingToRead(
                f"The lake {found.uri} has no table {name}: faquarry {_MADE_BY.get(name, 'label')} makes it."
            )
    told = {"lake": found.uri, "data": data, "groups": groups, "tables": known}
    return told, _batches(found, _query(data, groups, set(known)), known, memory)


def _group_tables(groups: str, data: str) -> tuple[str, ...]:
    tables = {"topic": ("labels",), "question_type": ("labels",), "cluster": ("groups",)}.get(groups, ())
    return (*tables, "qa") if tables and data == "negatives" else tables


def _batches(lake: Lake, query: str, versions: Mapping[str, int], memory: str) -> Iterator[pa.RecordBatch]:
    import duckdb

    try:
        with connected(lake, tuple(versions), versions, native=True) as connection:
            connection.create_function("normalised", _normalised, ["varchar"], "varchar")
            connection.execute(f"SET memory_limit = '{memory}'; SET preserve_insertion_order = false")
            yield from connection.sql(query).to_arrow_reader(_ROWS)
    except (duckdb.Error, OSError) as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        pinned = ", ".join(f"{name} at version {version}" for name, version in versions.items())
        raise LakeError(
            f"The lake {lake.uri} cannot be read ({pinned}): {first}. A version whose files were vacuumed cannot come back: "
            "train on the latest one into another --output."
        ) from error


def _normalised(url: str) -> str:
    """An address of `qa` as `documents` spells it."""
    return normalised(url) or ""


def _query(data: str, groups: str, there: set[str]) -> str:
    if data == "pairs":
        return _pairs(groups, there)
    if data == "negatives":
        return _negatives(groups, there)
    if data == "bitexts":
        return _bitexts(groups, there)
    return _links(data, groups)


def _pairs(groups: str, there: set[str]) -> str:
    group, joined = _grouped(groups, "qa", "qa.id", "normalised(qa.url)")
    conditions = []
    if "duplicates" in there:
        conditions.append("qa.id NOT IN (SELECT id FROM duplicates WHERE keep = false)")
    if "benchmark_queries" in there:
        conditions.append(
            "(qa.id IN (SELECT id FROM benchmark_queries WHERE split = 'train') "
            "OR qa.language NOT IN (SELECT DISTINCT language FROM benchmark_queries))"
        )
    return f"""
        {_keys(there)}
        SELECT qa.id AS id, qa.language AS language, {group} AS "group", keys.keys AS keys,
               qa.question AS query, qa.answer AS document
        FROM qa LEFT JOIN keys ON keys.id = qa.id {joined}
        {"WHERE " + " AND ".join(conditions) if conditions else ""}"""  # no word of it comes from a user


def _negatives(groups: str, there: set[str]) -> str:
    group, joined = _grouped(groups, "n", "n.query_id", "normalised(qa.url)")
    if "qa.url" in joined:
        joined = f"LEFT JOIN qa ON qa.id = n.query_id {joined}"
    train = (
        "WHERE n.query_id IN (SELECT id FROM benchmark_queries WHERE split = 'train')"
        if "benchmark_queries" in there
        else ""
    )
    return f"""
        {_keys(there)}
        SELECT n.query_id AS id, n.language AS language, {group} AS "group",
               list_append(coalesce(keys.keys, []), n.positive_id) AS keys, n.query AS query, n.positive AS document,
               CASE n.activation WHEN 'logit' THEN 1 / (1 + exp(-n.pos_score)) ELSE n.pos_score END AS score,
               n.negative_ids AS negative_keys, n.negatives AS negatives,
               CASE n.activation WHEN 'logit' THEN list_transform(n.neg_scores, lambda s: 1 / (1 + exp(-s)))
                    ELSE n.neg_scores END AS scores
        FROM negatives n LEFT JOIN keys ON keys.id = n.query_id {joined} {train}"""


def _bitexts(groups: str, there: set[str]) -> str:
    group, joined = _grouped(groups, "b", "b.id1", "")
    held = (
        "AND NOT EXISTS (SELECT 1 FROM benchmark_queries h WHERE h.split <> 'train' AND h.id IN (b.id1, b.id2))"
        if "benchmark_queries" in there
        else ""
    )
    return f"""
        SELECT b.id1 || ' ' || b.id2 AS id, b.language1 || '-' || b.language2 AS language, {group} AS "group",
               [b.id1, b.id2] AS keys, b.question1 || ' ' || b.answer1 AS query, b.question2 || ' ' || b.answer2 AS document
        FROM bitexts b {joined} WHERE b.published {held}"""


def _links(data: str, groups: str) -> str:
    group, joined = _grouped(groups, "d", "", "d.url")
    if data == "links":
        query, document = "l.anchor", _text("d")
        source, name = "", "concat_ws(' ', l.src_url, l.dst_url, l.anchor)"
    else:
        query, document = f"s.url || ' ' || {_text('s')}", f"d.url || ' ' || {_text('d')}"
        source, name = "JOIN documents s ON s.url = l.src_url", "concat_ws(' ', l.src_url, l.dst_url)"
    return f"""
        SELECT DISTINCT ON (id) md5({name}) AS id, d.language AS language, {group} AS "group", [l.dst_url] AS keys,
               {query} AS query, {document} AS document
        FROM links l JOIN documents d ON d.url = l.dst_url {source} {joined} WHERE l.kept"""


def _text(table: str) -> str:
    return f"concat_ws(' ', {table}.title, {table}.text)"


def _keys(there: set[str]) -> str:
    """What each pair shares with others: groups of duplicates, translations."""
    parts = []
    if "duplicates" in there:
        parts.append("SELECT id, kind || ' ' || group_id AS key FROM duplicates")
    if "bitexts" in there:
        parts += [f"SELECT {id} AS id, id1 || ' ' || id2 AS key FROM bitexts" for id in ("id1", "id2")]
    every = " UNION ALL ".join(parts) or "SELECT '' AS id, '' AS key WHERE false"
    return f"WITH shared AS ({every}), keys AS (SELECT id, list(key ORDER BY key) AS keys FROM shared GROUP BY id)"


def _grouped(groups: str, table: str, pair: str, url: str) -> tuple[str, str]:
    """An expression for a row's group, and the join it needs."""
    if groups == "none":
        return "NULL", ""
    if groups in ("topic", "question_type") and pair:
        return "l.label", f"LEFT JOIN labels l ON l.id = {pair} AND l.taxonomy = '{groups}'"
    if groups == "cluster" and url:
        latest = "(SELECT method FROM groups ORDER BY run_id DESC, method LIMIT 1)"
        mine = f"(SELECT url, nullif(group_id, 'merged') AS group_id FROM groups WHERE method = {latest})"
        return "g.group_id", f"LEFT JOIN {mine} g ON g.url = {url}"
    column = groups.removeprefix("column:") if groups.startswith("column:") else groups
    if (groups.startswith("column:") or groups in ("language", "site")) and column.isidentifier():
        column = f"{column}1" if table == "b" and column in ("language", "site") else column
        return f'CAST({table}."{column}" AS VARCHAR)', ""
    raise UsageError(f"Such rows have no groups {groups}: there are {', '.join(GROUPS)} and column:NAME.")
