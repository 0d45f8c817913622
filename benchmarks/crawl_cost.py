"""What a whole crawl costs, drawn out from measured figures: core hours, bytes and hours on a cluster, by stage.

    python -m benchmarks.crawl_cost      # the tables of docs/scale.md, from benchmarks/results

Every figure comes from results of benchmarks that ran on the machine named in them; the sizes of the crawl are the only
assumptions, and stand at the top. A stage's start does not count: it is paid once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.make_web import SHARES
from benchmarks.scale import DEPTH

__all__ = ["Crawl", "Line", "lines", "main"]

RESULTS = Path(__file__).parent / "results"
CLUSTERS = ((64, "two machines of 32 cores"), (1_024, "32 machines of 32 cores"), (4_096, "128 machines of 32 cores"))


@dataclass(frozen=True)
class Crawl:
    """How large it is. Queries and their languages as WebFAQ 2.0 mined them: 20 languages, 1.25 M queries."""

    archives: int = 100_000
    gb_an_archive: float = 1.0
    pairs: float = 200e6
    queries: float = 1.25e6
    mined_languages: int = 20

    @property
    def meetings(self) -> float:
        """Queries times the answers of their language: the queries spread evenly over the largest languages."""
        rest = 100 - sum(SHARES.values())
        shares = [*SHARES.values(), *[min(SHARES.values()) * 0.8] * (self.mined_languages - len(SHARES))]
        assert sum(shares[len(SHARES) :]) <= rest
        return sum(self.queries / self.mined_languages * self.pairs * share / 100 for share in shares)


@dataclass(frozen=True)
class Line:
    """A stage: CPU seconds, bytes shuffled, bytes of its tables."""

    stage: str
    grows_with: str
    cpu_s: float
    shuffled: float
    stored: float


TABLES = {
    "extract": ("pages", "qa", "occurrences", "rejects", "sources"),
    "deduplicate": ("duplicates", "_signatures", "_similar", "_settled"),
    "embed": ("embeddings", "similarity"),
    "semantic": (),
    "label": ("labels",),
    "align": ("bitexts", "_aligned"),
    "benchmark": ("benchmark_corpus", "benchmark_queries", "benchmark_qrels", "_places"),
    "mine": ("negatives", "_blocks", "_candidates"),
}


def lines(crawl: Crawl, scale: dict[str, Any], scan_s_a_gb: float, comparisons: float) -> list[Line]:
    """One a stage, from the model of benchmarks/scale.py."""
    largest = scale["points"][-1]
    a_pair = crawl.pairs / largest["units"]["pairs"]
    a_query = crawl.queries / max(1.0, largest["units"]["queries"])
    found = []
    for stage, model in scale["model"].items():
        grows = {"pairs": crawl.pairs, "candidates": crawl.queries * DEPTH}
        cpu = sum(value * grows[unit] for unit, value in model.items() if unit != "start")
        said = " and ".join(unit for unit in model if unit != "start")
        if stage == "extract":
            cpu, said = cpu + scan_s_a_gb * crawl.archives * crawl.gb_an_archive, "archives and pairs"
        if stage == "align":
            cpu, said = cpu + comparisons / scale["comparisons_per_cpu_s"], "pairs and comparisons"
        if stage == "mine":
            cpu, said = cpu + crawl.meetings / scale["meetings_per_cpu_s"], "candidates and meetings"
        factor = a_query if stage == "mine" else a_pair
        stored = sum(largest["tables"].get(name, {"bytes": 0})["bytes"] for name in TABLES[stage])
        found.append(Line(stage, said, cpu, largest["stages"][stage]["shuffled"] * factor, stored * factor))
    return found


def main() -> None:
    def figures(name: str) -> Any:
        return json.loads((RESULTS / f"{name}.json").read_text())["figures"]

    crawl = Crawl()
    comparisons = figures("skew")["align"]["1.2"]["comparisons"]
    found = lines(crawl, figures("scale"), figures("spark_extract")["s_per_gb"], comparisons)
    print("| stage | grows with | core hours | shuffled, GB | tables, GB |\n| --- | --- | --- | --- | --- |")
    for line in found:
        row = (line.stage, line.grows_with, f"{line.cpu_s / 3600:,.0f}", f"{line.shuffled / 1e9:,.0f}")
        print("| " + " | ".join((*row, f"{line.stored / 1e9:,.0f}")) + " |")
    hours = sum(line.cpu_s for line in found) / 3600
    shuffled, stored = sum(line.shuffled for line in found) / 1e9, sum(line.stored for line in found) / 1e9
    print(f"| **all** | | **{hours:,.0f}** | **{shuffled:,.0f}** | **{stored:,.0f}** |\n")
    print("| cores | | hours, cores four fifths busy |\n| --- | --- | --- |")
    for cores, said in CLUSTERS:
        print(f"| {cores:,} | {said} | {hours / cores / 0.8:,.1f} |")


if __name__ == "__main__":
    main()
