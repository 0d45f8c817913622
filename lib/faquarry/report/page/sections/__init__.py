"""The page's sections, in the order in which they are read."""

from __future__ import annotations

from faquarry.report.page.sections import (
    benchmarks,
    bitexts,
    duplicates,
    graph,
    labels,
    languages,
    negatives,
    overview,
    pipeline,
    robustness,
    runs,
    similarity,
    sites,
    syntaxes,
    training,
)
from faquarry.report.page.sections.chapter import Chapter

__all__ = ["CHAPTERS", "Chapter"]

CHAPTERS: tuple[Chapter, ...] = (
    Chapter("overview", "Overview", (), "extract SOURCE", overview.draw),
    Chapter("pipeline", "From records to pairs", ("pages",), "extract SOURCE", pipeline.draw),
    Chapter("languages", "Languages", ("qa",), "extract SOURCE", languages.draw),
    Chapter("sites", "Sites", ("qa",), "extract SOURCE", sites.draw),
    Chapter("syntaxes", "Syntaxes and repairs", ("pages",), "extract SOURCE", syntaxes.draw),
    Chapter("similarity", "Question and answer", ("similarity", "qa"), "embed", similarity.draw),
    Chapter("bitexts", "Languages that meet", ("bitexts",), "align", bitexts.draw),
    Chapter("duplicates", "Duplicates", ("duplicates",), "deduplicate", duplicates.draw),
    Chapter("labels", "Topics and question types", ("labels", "qa"), "label", labels.draw),
    Chapter("benchmarks", "Benchmarks", ("benchmark_queries", "benchmark_corpus"), "benchmark", benchmarks.draw),
    Chapter("negatives", "Hard negatives", ("negatives",), "mine", negatives.draw),
    Chapter("graph", "Web graph", ("documents", "links"), "graph SOURCE", graph.draw),
    Chapter("training", "Training", (), "train", training.draw),
    Chapter("robustness", "Robustness", ("evaluations",), "evaluate", robustness.draw),
    Chapter("runs", "Runs and versions", ("runs",), "run SOURCE", runs.draw),
)
