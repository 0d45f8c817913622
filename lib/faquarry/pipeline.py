"""The order in which the stages work on a lake: ``faquarry run`` is this list, from archives to hard negatives, then a
retriever that is trained on what was found, its evaluation, an export of all that is there, and a page about it.

Semantic duplicates need vectors, so that kind is looked for after `embed`, the others before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from faquarry.config.settings import Settings
from faquarry.errors import MissingExtra, NothingToRead
from faquarry.lake import Lake
from faquarry.progress import Progress
from faquarry.stage import Stage, digest

__all__ = ["evaluation_of", "export_of", "stages", "train_on"]

EXPORT, TRAINING = "_export", "_training"  # in the lake, where nobody says otherwise


def stages(
    sources: Sequence[str], settings: Settings, *, prefix: str | None = None, graph: bool = False
) -> Iterator[Stage]:
    """The stages one after the other; each is made only when those before it have ended.

    Args:
        graph: build the web graph too: of every page, not of those alone that have FAQ markup.
    """
    from faquarry.bitext.stage import AlignStage
    from faquarry.dedup.stage import DeduplicateStage
    from faquarry.extract.stage import ExtractStage
    from faquarry.labels.stage import LabelStage
    from faquarry.retrieval.benchmark.stage import BenchmarkStage
    from faquarry.retrieval.mine.stage import MineStage
    from faquarry.vectors.stage import EmbedStage

    yield ExtractStage.of(sources, settings, prefix=prefix)
    yield DeduplicateStage.of(settings, ("question", "near"))
    yield EmbedStage.of(settings)
    yield DeduplicateStage.of(settings, ("semantic",))
    why = LabelStage.misfit(settings)
    if why is None:
        yield LabelStage.of(settings)
    else:  # another encoder was chosen, and nobody has trained heads for it: no reason to end here
        Progress(settings.log).say(f"label: left out. {why}")
    yield AlignStage.of(settings)
    yield BenchmarkStage(settings)
    yield MineStage.of(settings)
    if graph:
        from faquarry.graph.groups.stage import GroupsStage
        from faquarry.graph.stage import GraphStage

        yield GraphStage.of(sources, settings, prefix=prefix)
        yield GroupsStage.of(settings)


def train_on(settings: Settings) -> Path | None:
    """Trains a retriever on the lake as it is now, into a folder of its own: new data, another folder. -> the run's folder"""
    from faquarry.training.data.lake import DATA
    from faquarry.training.recipe_files import kind_of
    from faquarry.training.retriever.run import load_recipe, run

    lake, progress, wanted = Lake(settings.lake), Progress(settings.log), settings.train
    if not lake.is_local:
        progress.say(f"train: left out, the lake {lake.uri} is no folder of this machine: faquarry train has --output.")
        return None
    base, own = kind_of(wanted.recipe)
    recipe = load_recipe(base, own, wanted.assignments)
    tables = sorted({table for task in recipe.tasks.values() for table in DATA[task.data]})
    made_of = {"recipe": recipe.model_dump(mode="json"), "tables": {name: lake.version(name) for name in tables}}
    folder = Path(lake.path(TRAINING)) / f"{(own or Path(base)).stem}-{digest(made_of)[:8]}"
    try:
        run(
            base,
            lake.uri,
            folder,
            recipe=own,
            assignments=wanted.assignments,
            settings=settings.embed,
            log=settings.log,
        )
    except (
        MissingExtra,
        NothingToRead,
    ) as why:  # no torch, or no pair to learn from: the tables are what was asked for
        progress.say(f"train: left out. {why}")
        return None
    return folder


def evaluation_of(settings: Settings, trained: Path | None) -> Stage | None:
    """The lake's own test queries, as they are and perturbed, before the packaged encoder, BM25 and what was trained.

    None where the lake has no benchmark.
    """
    from faquarry.robustness.command import stage_of

    if not Lake(settings.lake).holds_rows("benchmark_queries"):
        Progress(settings.log).say("evaluate: left out, the lake has no benchmark.")
        return None
    systems = [settings.embed.retrieval_model, "bm25", *([f"trained={trained / 'model'}"] if trained else [])]
    return stage_of(settings, ["lake"], systems, operations="default", strengths="10%", seeds=3)


def export_of(settings: Settings, output: str | None) -> None:
    """Writes what the lake holds in the layout of WebFAQ's datasets, without what its pages or a person would not want out.

    Args:
        settings: of the run.
        output: a folder; None: one in the lake, where the lake is a folder too.
    """
    from faquarry.export.formats import FORMATS
    from faquarry.export.request import Request
    from faquarry.export.run import export

    lake, progress = Lake(settings.lake), Progress(settings.log)
    if output is None and not lake.is_local:
        progress.say(f"export: left out, the lake {lake.uri} is no folder of this machine: --export FOLDER says where.")
        return
    format_ = FORMATS["huggingface"]
    parts = [part for part, tables in format_.parts.items() if all(map(lake.holds_rows, tables))]
    if parts:
        request = Request.of(format_.name, output or lake.path(EXPORT), parts=parts, release=True)
        try:
            export(lake, request, settings.export, progress)
        except NothingToRead as nothing:  # all pages opt out: the tables are what was asked for
            progress.say(f"export: {nothing}")
