"""What there is to embed: which texts of `qa` which model wants, and how many of them it has not seen.

Told from the ledger where nothing has changed, else by DuckDB over the key columns: neither Spark nor torch starts to say
that nothing is new.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from faquarry.lake import Lake
from faquarry.lake.ask import ask
from faquarry.vectors.model import Field, ModelInfo

__all__ = [
    "Job",
    "Missing",
    "before",
    "jobs_of",
    "left_over",
    "missing_texts",
    "outdated_pairs",
    "text_sql",
]

COUNTED_ROWS = 5_000_000
"""Pairs up to which one process counts what is missing; Spark finds out by itself for more."""


@dataclass(frozen=True)
class Job:
    """One model, the fields it encodes, and the adapter that does it (of models that have some)."""

    info: ModelInfo
    fields: tuple[Field, ...]
    task: str | None = None


@dataclass(frozen=True)
class Missing:
    """Rows without a vector, distinct texts among them; both None where nobody has counted."""

    rows: int | None
    texts: int | None


def jobs_of(align: ModelInfo, retrieval: ModelInfo) -> tuple[Job, ...]:
    """The work by model and adapter: once where one model does both."""
    if (align.name, align.revision) == (retrieval.name, retrieval.revision):
        return _by_task(align, ("qa", "question", "answer"))
    return *_by_task(align, ("qa",)), *_by_task(retrieval, ("question", "answer"))


def _by_task(info: ModelInfo, fields: tuple[Field, ...]) -> tuple[Job, ...]:
    tasks = dict.fromkeys(info.tasks.get(field) for field in fields)
    return tuple(Job(info, tuple(f for f in fields if info.tasks.get(f) == task), task) for task in tasks)


def text_sql(field: Field) -> str:
    """The text of a field, in SQL that Spark and DuckDB both read: newlines as spaces, as in the id of a pair.

    So the text of `qa` is what the id is a hash of, and never changes under an id.
    """
    parts = {"qa": "question, ' ', answer", "question": "question", "answer": "answer"}[field]
    return f"trim(replace(concat({parts}), chr(10), ' '))"


def before(info: ModelInfo, field: Field) -> str:
    """What is hashed in front of a text: the adapter that encodes it, and the prefix."""
    task = f"{info.tasks[field]}\t" if field in info.tasks else ""
    return task + info.prefixes.get(field, "")


def _hash_sql(job: Job, field: Field) -> str:
    """md5 of the text as the model is given it, for DuckDB."""
    quoted = before(job.info, field).replace("'", "''")
    return f"md5(concat('{quoted}', {text_sql(field)}))"


def missing_texts(lake: Lake, job: Job) -> Missing:
    """Rows of a job that have no vector of their present text."""
    qa = lake.dataset("qa")
    if qa is None:
        return Missing(0, 0)
    if qa.count_rows() > COUNTED_ROWS:
        return Missing(None, None)
    wanted = " UNION ALL ".join(
        f"SELECT id, '{field}' AS field, {_hash_sql(job, field)} AS text_hash FROM qa" for field in job.fields
    )
    if lake.dataset("embeddings") is None:
        query = f"SELECT count(*), count(DISTINCT text_hash) FROM ({wanted})"
        return Missing(*_answer(lake, query))
    query = f"""
        WITH mine AS (SELECT id, field, text_hash FROM embeddings WHERE model = $model AND revision = $revision),
             new AS (SELECT * FROM ({wanted}) ANTI JOIN mine USING (id, field, text_hash))
        SELECT count(*), (SELECT count(DISTINCT text_hash) FROM new ANTI JOIN mine USING (text_hash)) FROM new"""
    return Missing(*_answer(lake, query, _of(job.info)))


def outdated_pairs(lake: Lake, info: ModelInfo) -> int:
    """Pairs with both vectors and no similarity, or one that is older than the vectors."""
    if lake.dataset("embeddings") is None:
        return 0
    scored = "SELECT id, run_id FROM similarity WHERE model = $model AND revision = $revision"
    if lake.dataset("similarity") is None:
        scored = "SELECT '' AS id, '' AS run_id WHERE $model = $revision AND false"
    query = f"""
        WITH mine AS (SELECT id, field, run_id FROM embeddings WHERE model = $model AND revision = $revision),
             pairs AS (SELECT q.id, greatest(q.run_id, a.run_id) AS run_id FROM mine q JOIN mine a USING (id)
                      WHERE q.field = 'question' AND a.field = 'answer')
        SELECT count(*) FROM pairs LEFT JOIN ({scored}) s USING (id) WHERE s.run_id IS NULL OR s.run_id < pairs.run_id"""
    return int(_answer(lake, query, _of(info))[0])


def left_over(lake: Lake) -> int:
    """Vectors and similarities of pairs that are no longer in `qa`."""
    there = [name for name in ("embeddings", "similarity") if lake.dataset(name) is not None]
    if not there:
        return 0
    rows = " UNION ALL ".join(f"SELECT id FROM {name}" for name in there)
    return int(_answer(lake, f"SELECT count(*) FROM ({rows}) ANTI JOIN qa USING (id)")[0])


def _of(info: ModelInfo) -> Mapping[str, str]:
    return {"model": info.name, "revision": info.revision}


def _answer(lake: Lake, query: str, values: Mapping[str, Any] | None = None) -> tuple[Any, ...]:
    return ask(lake, ("qa", "embeddings", "similarity"), query, values)[0]
