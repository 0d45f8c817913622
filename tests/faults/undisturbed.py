"""What a disturbed run is compared with, and the commands that both are."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.jobs import QUICK, faquarry
from tests.lakes import content, disagreements, versions

__all__ = [
    "ARCHIVES",
    "GROUPS",
    "MADE_BY",
    "PIPELINE",
    "QUIET",
    "SMALL_PLANS",
    "assert_settled",
    "before",
    "extract",
    "pipeline",
    "public_rows",
]

ARCHIVES = 5

# Tables of a few rows: compiling a class a query costs more than it saves.
SMALL_PLANS = (*QUICK, "--set=spark.conf.spark.sql.codegen.factoryMode=NO_CODEGEN")

# For commands inside the suite's process and its session.
QUIET = (
    "--set=log.progress=none",
    "--set=extract.files_per_commit=1",
    "--set=filters.site_boilerplate_questions=4",
)

# A commit for every archive, and a limit that the sweep over sites has something to do at.
EXTRACT = (
    *SMALL_PLANS,
    "--set=extract.files_per_commit=1",
    "--set=filters.site_boilerplate_questions=4",
    "--set=log.interval_s=1",
)
# What each verb of the pipeline leaves in a lake, its own state too.
MADE_BY = {
    "deduplicate": ("duplicates", "_signatures", "_similar", "_settled", "_places"),
    "embed": ("embeddings", "similarity"),
    "label": ("labels",),
    "align": ("bitexts", "_aligned"),
    "benchmark": ("benchmark_corpus", "benchmark_queries", "benchmark_qrels"),
    "mine": ("negatives", "_candidates", "_blocks"),
    "graph": ("documents", "links", "_graph_sources"),
    "groups": ("groups",),
}
GROUPS = ("--set=groups.clusters=12", "--set=groups.min_size=8")  # for a lake of 172 documents
# Progress is told often, so that a test sees where a run is.
PIPELINE = (*SMALL_PLANS, *GROUPS, "--set=log.interval_s=0.01")


def extract(lake: Path, *sources: str) -> tuple[str, ...]:
    """The command that reads `sources`, each in a commit of its own."""
    return ("extract", *sources, "--lake", str(lake), *EXTRACT)


def pipeline(lake: Path, *more: str) -> tuple[str, ...]:
    """The command that does everything there is with the sample web."""
    return ("run", "sample", "--graph", "--lake", str(lake), *PIPELINE, *more)


def before(verbs: tuple[str, ...], whole: Path, lake: Path) -> Path:
    """A copy of a pipeline's lake from which what some verbs made is taken; their next run has all to do."""
    gone = [table for verb in verbs for table in MADE_BY[verb]]
    return Path(shutil.copytree(whole, lake, ignore=shutil.ignore_patterns(*gone, "_training", "_export", "_report")))


def assert_settled(lake: Path, whole: Path, crawl: list[str]) -> None:
    """The lake equals the undisturbed one, and a further run leaves every version as it is."""
    assert disagreements(lake) == []
    assert content(lake) == content(whole)
    before = versions(lake)
    done = faquarry(*extract(lake, *crawl))
    assert (done.returncode, "nothing to do" in done.stderr) == (0, True), done.stderr
    assert versions(lake) == before


def public_rows(lake: Path) -> dict[str, list[str]]:
    """What a lake holds, without the stages' own state: how that is packed depends on what came when."""
    return {name: found for name, found in content(lake).items() if not name.startswith("_")}
