"""Writes docs/tables.md and docs/settings.md from the declarations; ``--check`` fails when they are out of date."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from faquarry.config import Settings
from faquarry.lake import TABLES
from faquarry.markup.model import Reason

DOCS = Path(__file__).parents[1] / "docs"
GENERATED = "<!-- written by `make docs` from the declarations in the code -->\n"


def tables() -> Iterator[str]:
    yield f"{GENERATED}# Tables\n"
    yield (
        "Each table is a Delta table at `LAKE/<table>`. Languages are ISO 639-3 with macro-languages folded, times are UTC.\n"
        "Spark, DuckDB, polars and pandas read them:\n\n"
        "```python\n"
        'spark.read.format("delta").load("lake/qa")\n'
        'deltalake.DeltaTable("lake/qa").to_pandas()\n'
        'polars.scan_delta("lake/qa")\n'
        'duckdb.arrow(deltalake.DeltaTable("lake/qa").to_pyarrow_dataset())\n'
        "```\n"
    )
    for table in TABLES.values():
        yield f"## {table.name}\n\n{table.comment}\n"
        about = [f"Key: {', '.join(f'`{column}`' for column in table.key)}." if table.key else "No key."]
        if table.cluster:
            about.append(f"Clustered by {', '.join(f'`{column}`' for column in table.cluster)}.")
        yield " ".join(about) + "\n"
        lines = ["| column | type | meaning |", "| --- | --- | --- |"]
        lines += [f"| `{field.name}` | {field.type} | {table.comment_of(field.name)} |" for field in table.schema]
        yield "\n".join(lines) + "\n"
    yield "## Reasons\n\n`rejects.reason` is one of: " + ", ".join(f"`{reason}`" for reason in Reason) + ".\n"


def settings() -> Iterator[str]:
    yield f"{GENERATED}# Settings\n"
    yield "A TOML file (`--config`) goes over these defaults, `--set key=value` over the file.\n"
    yield "| key | default | meaning |\n| --- | --- | --- |\n" + "\n".join(rows(Settings())) + "\n"


def rows(node: BaseModel, prefix: str = "") -> Iterator[str]:
    for name, field in type(node).model_fields.items():
        value = getattr(node, name)
        if isinstance(value, BaseModel):
            yield from rows(value, f"{prefix}{name}.")
        else:
            shown = "unset" if value is None else str(value) or "empty"
            yield f"| `{prefix}{name}` | {shown} | {field.description} |"


def main(check: bool) -> int:
    stale = []
    for name, text in (("tables.md", tables()), ("settings.md", settings())):
        path, wanted = DOCS / name, "\n".join(text)
        if path.exists() and path.read_text(encoding="utf-8") == wanted:
            continue
        stale.append(name)
        if not check:
            path.write_text(wanted, encoding="utf-8")
    if check and stale:
        print(f"out of date: {', '.join(stale)} (make docs writes them)")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
