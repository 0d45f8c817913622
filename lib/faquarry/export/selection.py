"""Which rows take part: the survivors of deduplication, in the languages asked for, less what must not be released.

DuckDB over the lake's tables, within a limit of memory and with a folder to spill into. The formats see these views only:

    pairs       qa without the pairs that a duplicate stands for
    located     qa with them (bitexts and benchmarks name any pair)
    aligned     bitexts of one model, with address and origin of both sides
    corpus, queries, qrels     the benchmark, every judgement with both its ends
    mined       negatives of training queries by one scorer
    topics, types, closeness   a label or score a pair, of the model with the most rows

A pair that may be released although its representative page may not be named (`elsewhere`) is told by the earliest of its
open pages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset as pads

from faquarry.config.settings import ExportSettings
from faquarry.errors import EnvironmentProblem, NothingToRead
from faquarry.export.optout import Closed, close_pairs
from faquarry.export.ordering import Cell
from faquarry.export.request import Request
from faquarry.lake import Lake

if TYPE_CHECKING:
    import duckdb

__all__ = ["MAKES", "Selection", "answered", "bounded", "require_tables", "selected"]

MAKES: Mapping[str, str] = {
    "qa": "extract SOURCE",
    "occurrences": "extract SOURCE",
    "pages": "extract SOURCE",
    "duplicates": "deduplicate",
    "similarity": "embed",
    "labels": "label",
    "bitexts": "align",
    "benchmark_corpus": "benchmark",
    "benchmark_queries": "benchmark",
    "benchmark_qrels": "benchmark",
    "negatives": "mine",
}
"""The verb that makes a table."""


class Selection:
    """The views, and what they leave out. Made by `selected`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, tables: Sequence[str], closed: Closed) -> None:
        self.connection, self.tables, self.closed = connection, tuple(tables), closed

    def counts(self, query: str) -> list[tuple[str, str, int]]:
        """(part, split, rows) of a query, in order; read without what only its texts need."""
        grouped = f"SELECT part, split, count(*) FROM ({query}) GROUP BY ALL ORDER BY ALL"
        return [(str(part), str(split), int(rows)) for part, split, rows in answered(self.connection, grouped)]

    def dealt(self, query: str, order: Sequence[str], cells: Sequence[Cell], rows: int) -> Iterator[pa.RecordBatch]:
        """The rows of a query, in no order, with the `spool` that each goes to.

        Raises:
            EnvironmentProblem: memory or disk are not enough.
        """
        import duckdb

        names = {name: [getattr(cell, name) for cell in cells] for name in ("part", "split", "first", "spools")}
        self.connection.register("cells", pa.table(names))
        place = f"md5_number_lower({order[0]}) % c.spools"
        try:
            relation = self.connection.sql(
                f"SELECT q.*, (c.first + {place})::INTEGER AS spool FROM ({query}) q JOIN cells c USING (part, split)"
            )
            yield from relation.to_arrow_reader(rows)
        except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
            raise _too_little(error) from error
        finally:
            self.connection.unregister("cells")

    def left_out(self) -> dict[str, int]:
        """{why: pairs of the lake, in the languages asked for, that are left out}."""
        spoken_for = answered(self.connection, "SELECT count(*) FROM located SEMI JOIN dropped USING (id)")[0][0]
        return {"a duplicate stands for them": int(spoken_for), **self.closed.counts}


def require_tables(lake: Lake, wanted: Mapping[str, Sequence[str]], versions: Mapping[str, int], name: str) -> None:
    """Ends when a table is absent that a part needs.

    Raises:
        NothingToRead: names the verb that makes the table, and the parts that can be had without it.
    """
    lacking = {part: [table for table in tables if table not in versions] for part, tables in wanted.items()}
    if not any(lacking.values()):
        return
    absent = sorted({table for tables in lacking.values() for table in tables}, key=list(MAKES).index)
    there = [part for part, tables in lacking.items() if not tables]
    verbs = list(dict.fromkeys(f"`faquarry {MAKES[table]} --lake {lake.uri}`" for table in absent))
    without = f" Without it: {' '.join(f'--part {part}' for part in there)}." if there else ""
    raise NothingToRead(
        f"The lake {lake.uri} has no table {' and no table '.join(absent)}, which the format {name} needs: "
        f"{' and '.join(verbs)} makes {'it' if len(absent) == 1 else 'them'}.{without}"
    )


@contextmanager
def selected(
    lake: Lake, versions: Mapping[str, int], request: Request, settings: ExportSettings, temporary: Path
) -> Iterator[Selection]:
    """The selection of a request over the tables of `versions` (names and versions that are there)."""
    import duckdb

    config: dict[str, Any] = {
        "enable_external_access": "false",
        "memory_limit": settings.memory,
        "temp_directory": str(temporary),
        "preserve_insertion_order": "false",  # every stream is sorted; else DuckDB buffers for nothing
        # It does not know how many rows an Arrow dataset has, takes one for the guess, and would build its hash tables over
        # all the texts. Joins are done as they are written: the small side to the right.
        "disabled_optimizers": "join_order,build_side_probe_side",
    }
    if settings.threads is not None:
        config["threads"] = str(settings.threads)
    with duckdb.connect(config=config) as connection:
        for name, version in versions.items():
            dataset = lake.dataset(name, version)
            assert dataset is not None
            connection.register(name, bounded(dataset))
        closed = close_pairs(connection, versions, request, settings)
        for statement in _views(versions, request):
            answered(connection, statement)
        yield Selection(connection, tuple(versions), closed)


class _Bounded(pads.FileSystemDataset):  # type: ignore[misc]
    """A dataset that is read a few small batches ahead; Arrow's own measure is gigabytes where texts are long."""

    def scanner(self, **options: Any) -> pads.Scanner:
        return super().scanner(**options, batch_size=8192, batch_readahead=2, fragment_readahead=1)


def bounded(dataset: pads.Dataset) -> pads.Dataset:
    """The dataset as DuckDB should read it (it asks the dataset's class for a scanner)."""
    return _Bounded(list(dataset.get_fragments()), dataset.schema, dataset.format, dataset.filesystem)


def answered(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    """Runs a statement. -> its rows, () for none.

    Raises:
        EnvironmentProblem: memory or disk are not enough.
    """
    import duckdb

    try:
        return list(connection.execute(query).fetchall())
    except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
        raise _too_little(error) from error


def _too_little(error: Exception) -> EnvironmentProblem:
    """The sentence for DuckDB without memory or disk."""
    first = str(error).strip().splitlines()[0]
    return EnvironmentProblem(
        f"DuckDB cannot go on: {first}. More memory (--set export.memory=8GB) or more disk "
        "(--set export.temp_folder=FOLDER) helps."
    )


# -- the views ----------------------------------------------------------------------------------------------------------


def _views(versions: Mapping[str, int], request: Request) -> Iterator[str]:
    codes = ", ".join(f"'{language}'" for language in request.languages)

    def within(*columns: str) -> str:
        return " AND ".join(f"{column} IN ({codes})" for column in columns) if codes else "true"

    dropped = "SELECT DISTINCT id FROM duplicates WHERE NOT keep" if "duplicates" in versions else "SELECT NULL AS id"
    yield f"CREATE TEMP TABLE dropped AS {dropped}"
    if "qa" in versions:
        yield f"""CREATE TEMP VIEW located AS
            SELECT q.id, q.language, q.question, q.answer, {_moved("site", "origin", "url", "title", "description")},
                   {_moved("crawl", "fetched_at")}
            FROM qa q ANTI JOIN closed ON q.id = closed.id LEFT JOIN elsewhere e ON q.id = e.id
            WHERE {within("q.language")}"""
        yield "CREATE TEMP VIEW pairs AS SELECT * FROM located ANTI JOIN dropped USING (id)"
    for view, table, value, where in (
        ("topics", "labels", "label", "taxonomy = 'topic'"),
        ("types", "labels", "label", "taxonomy = 'question_type'"),
        ("closeness", "similarity", "score", "true"),
    ):
        if table in versions:
            rows = _of_one(table, ("model", "revision"), where)
            yield f"CREATE TEMP VIEW {view} AS SELECT id, {value} AS value FROM ({rows})"
        else:
            of = "VARCHAR" if value == "label" else "FLOAT"
            yield f"CREATE TEMP VIEW {view} AS SELECT NULL::VARCHAR AS id, NULL::{of} AS value WHERE false"
    if "bitexts" in versions:
        published = "published" if request.release else "true"
        yield """CREATE TEMP VIEW sides AS
            SELECT id, url, origin FROM located
            SEMI JOIN (SELECT id1 AS id FROM bitexts UNION SELECT id2 FROM bitexts) USING (id)"""
        yield f"""CREATE TEMP VIEW aligned AS
            SELECT b.*, s1.url AS url1, s2.url AS url2, s1.origin AS origin
            FROM ({_of_one("bitexts", ("model", "revision"))}) b
            JOIN sides s1 ON b.id1 = s1.id JOIN sides s2 ON b.id2 = s2.id
            WHERE {published} AND {within("b.language1", "b.language2")}"""
    if "benchmark_corpus" in versions:
        yield f"""CREATE TEMP VIEW corpus AS
            SELECT c.language, c.id, {_moved("title", row="c")}, c.text
            FROM benchmark_corpus c ANTI JOIN closed ON c.id = closed.id LEFT JOIN elsewhere e ON c.id = e.id
            WHERE {within("c.language")}"""
    if {"benchmark_qrels", "benchmark_queries", "benchmark_corpus"} <= versions.keys():
        yield f"""CREATE TEMP VIEW qrels AS
            SELECT r.language, r.query_id, r.corpus_id, r.score, r.split FROM benchmark_qrels r
            ANTI JOIN closed ON r.query_id = closed.id
            SEMI JOIN benchmark_queries q ON r.query_id = q.id AND r.language = q.language
            SEMI JOIN corpus ON r.corpus_id = corpus.id AND r.language = corpus.language
            WHERE {within("r.language")}"""
        yield """CREATE TEMP VIEW queries AS
            SELECT q.language, q.id, q.split, q.text FROM benchmark_queries q
            SEMI JOIN qrels r ON q.id = r.query_id AND q.language = r.language"""
    if {"negatives", "benchmark_queries", "benchmark_corpus"} <= versions.keys():
        yield from _mined(within("n.language"))


def _moved(*columns: str, row: str = "q") -> str:
    """The columns of a pair's page, or of the open page that stands for it."""
    return ", ".join(f"CASE WHEN e.id IS NULL THEN {row}.{name} ELSE e.{name} END AS {name}" for name in columns)


def _of_one(table: str, by: Sequence[str], where: str = "true") -> str:
    """The rows of the model (or scorer) that has most of them; the last by name among equals."""
    columns, last = ", ".join(by), ", ".join(f"{column} DESC" for column in by)
    most = f"SELECT {columns} FROM {table} WHERE {where} GROUP BY ALL ORDER BY count(*) DESC, {last} LIMIT 1"
    return f"SELECT t.* FROM {table} t SEMI JOIN ({most}) m USING ({columns}) WHERE {where}"


def _mined(within: str) -> Iterator[str]:
    """Negatives of training queries. One that is closed, or no longer in the corpus, leaves all four arrays; a row goes with
    its query or its positive."""
    yield f"CREATE TEMP VIEW one_scorer AS {_of_one('negatives', ('scorer', 'revision', 'activation'))}"
    yield f"""CREATE TEMP TABLE barred AS
        SELECT language, query_id, list(place) AS places
        FROM (SELECT language, query_id, generate_subscripts(negative_ids, 1) AS place, unnest(negative_ids) AS id
              FROM one_scorer n WHERE {within})
        ANTI JOIN corpus USING (language, id) GROUP BY ALL"""
    arrays = ", ".join(
        f"CASE WHEN b.places IS NULL THEN n.{name} "
        f"ELSE list_filter(n.{name}, lambda x, i: NOT list_contains(b.places, i)) END AS {name}"
        for name in ("negative_ids", "negatives", "neg_scores", "bm25_scores")
    )
    yield f"""CREATE TEMP VIEW mined AS
        SELECT n.language, n.query_id, n.query, n.positive_id, n.positive, n.pos_score, {arrays}
        FROM one_scorer n LEFT JOIN barred b ON n.query_id = b.query_id AND n.language = b.language
        SEMI JOIN (SELECT id, language FROM benchmark_queries WHERE split = 'train') t
            ON n.query_id = t.id AND n.language = t.language
        SEMI JOIN corpus c ON n.positive_id = c.id AND n.language = c.language
        ANTI JOIN closed ON n.query_id = closed.id
        WHERE {within}"""
