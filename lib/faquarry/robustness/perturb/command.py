"""What `faquarry perturb` does: reads queries, writes each with its perturbations, batch by batch."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from faquarry.errors import UsageError
from faquarry.progress import Progress
from faquarry.robustness.perturb.registry import OPERATIONS, defaults, operation_named, operations_of
from faquarry.robustness.perturb.rows import Query, read_queries, row_count, writer
from faquarry.robustness.perturb.run import language_code, perturb_many
from faquarry.robustness.perturb.strength import Strength

__all__ = ["describe", "perturb_file", "perturbed_rows"]

_BATCH_ROWS = 4096


def perturb_file(
    source: str,
    operations: str,
    strengths: str,
    seed: int,
    language: str | None,
    output: str | None,
    form: str | None,
    log: Progress,
) -> int:
    """Perturbs every query of a file by every operation and strength (comma-separated). -> rows written.

    Raises:
        UsageError, NothingToRead: as `read_queries`, `writer` and `perturb_many` say.
    """
    wanted = [Strength.of(one) for one in strengths.split(",")]
    names = [name.strip() for name in operations.split(",") if name.strip()]
    if not names:
        raise UsageError("--operation names no operation: write one, several with commas, defaults or all.")
    for name in names:
        if name not in ("all", "defaults"):
            operation_named(name)
    queries = read_queries(source, language)
    first = list(islice(queries, _BATCH_ROWS))  # problems of the input come before a file is begun
    count = changed = 0
    with writer(output, form) as write, log.working("perturb", row_count(source) or len(first), "queries"):
        batch = first
        while batch:
            rows = list(perturbed_rows(batch, names, wanted, seed))
            write(rows)
            count += len(rows)
            changed += sum(row["changed"] for row in rows)
            log.advance(len(batch), rows=count, changed=changed)
            batch = list(islice(queries, _BATCH_ROWS))
    if output is None:
        sys.stdout.flush()
    return count


def perturbed_rows(
    batch: Sequence[Query], operations: Sequence[str], strengths: Sequence[Strength], seed: int
) -> Iterator[dict[str, Any]]:
    """One row a query, operation and strength: in the order of the batch, whatever languages it mixes."""
    by_language: dict[str, list[int]] = defaultdict(list)
    for place, query in enumerate(batch):
        by_language[query.language].append(place)
    rows: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for language, places in by_language.items():
        texts, keys = [batch[place].text for place in places], [batch[place].key for place in places]
        for name in _chosen(operations, language_code(language)):
            for strength in strengths:
                for place, result in zip(
                    places, perturb_many(texts, language, name, strength, seed, keys), strict=True
                ):
                    query = batch[place]
                    rows[place].append(
                        {
                            "id": query.id,
                            "language": language,
                            "operation": name,
                            "strength": str(strength),
                            "seed": seed,
                            "text": query.text,
                            "perturbed": result.text,
                            "edits": [edit._asdict() for edit in result.edits],
                            "changed": result.changed,
                            "applies": result.applies,
                        }
                    )
    for place in range(len(batch)):
        yield from rows[place]


def _chosen(names: Sequence[str], language: str) -> list[str]:
    groups = {"all": operations_of(language), "defaults": defaults(language)}
    return list(dict.fromkeys(name for wanted in names for name in groups.get(wanted, (wanted,))))


def describe() -> str:
    """The operations as a table for the terminal."""
    width = max(map(len, OPERATIONS))
    return "\n".join(f"{name:<{width}}  {one.does} ({one.unit})" for name, one in OPERATIONS.items())
