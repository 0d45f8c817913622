"""The card of a trained model: what it was made from, how, and what it is worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from faquarry import __version__
from faquarry.training.retriever.recipe import RetrieverRecipe
from faquarry.vectors.model import ModelInfo

__all__ = ["card"]


def card(
    recipe: RetrieverRecipe,
    start: ModelInfo,
    data: Mapping[str, Mapping[str, Any]],
    steps: int,
    scores: Mapping[str, Mapping[str, Any]],
) -> str:
    """README.md of a model's folder, with the metadata that hubs read."""
    lines = [
        "---",
        "library_name: sentence-transformers",
        "pipeline_tag: sentence-similarity",
        "tags:",
        "- sentence-transformers",
        "- feature-extraction",
        "- faquarry",
        "---",
        "",
        "# A dense retriever for questions and answers",
        "",
        f"Trained by faquarry {__version__}: `{start.name}` (revision {start.revision}) after {steps:,} steps of "
        f"{recipe.batch.size * recipe.batch.accumulate} queries, seed {recipe.seed}.",
        "",
        "```python",
        "from sentence_transformers import SentenceTransformer",
        "",
        'model = SentenceTransformer("FOLDER")',
        "```",
        "",
        "## Data",
        "",
        "| task | examples | loss | from |",
        "| --- | --- | --- | --- |",
    ]
    for name, task in recipe.tasks.items():
        told = data[name]
        tables = ", ".join(f"{table} (version {version})" for table, version in told.get("tables", {}).items())
        files = len(told.get("files", ()))
        lines.append(f"| {name} | {told['rows']:,} | {task.loss} | {tables or f'{files} files'} |")
    lines += ["", "## Scores", ""]
    rows = [
        (split, language, found["ndcg@10"])
        for split, languages in scores.items()
        for language, found in sorted(languages.items())
    ]
    if rows:
        lines += [
            "nDCG@10 on the lake's own queries; the interval (95 %) is that of the difference, sites drawn as wholes.",
            "",
            "| split | language | queries | start | trained | difference |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        lines += [
            f"| {split} | {language} | {one['queries']:,} | {one['start']:.4f} | {one['now']:.4f} | {one['mean']:+.4f} "
            f"[{one['low']:+.4f}, {one['high']:+.4f}] |"
            for split, language, one in rows
        ]
    else:
        lines.append("None: there was no benchmark to measure on.")
    lines += [
        "",
        "## Limits",
        "",
        "Thresholds for duplicates and translations (`faquarry.json`) are those of the model it started from, and were not "
        "fitted again. The whole recipe is in `faquarry.json` under `made`.",
        "",
    ]
    return "\n".join(lines)
