"""Verbs that turn archives and tables into tables, and `run`, which is all of them in order."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from faquarry.cli.verb import Verb
from faquarry.config import Configured
from faquarry.errors import UsageError

if TYPE_CHECKING:
    from faquarry.stage import Stage

__all__ = ["VERBS"]


def _staged(stage: Stage, options: argparse.Namespace, configured: Configured) -> int:
    """Runs a stage, and draws what it has changed."""
    from faquarry.report.gallery import draw_after
    from faquarry.runner import run_stage

    finished = run_stage(stage, configured.settings, dry_run=options.dry_run)
    if finished.outcome is not None:
        draw_after(stage.name, configured.settings)
    return finished.exit_code


def _source_options(parser: argparse.ArgumentParser, nargs: str = "+") -> None:
    parser.add_argument(
        "source",
        nargs=nargs,
        metavar="SOURCE",
        help="the word sample, a file, folder, glob or *.paths[.gz] manifest; local, https://, s3://, hdfs://",
    )
    parser.add_argument("--prefix", metavar="URI", help="put before every line of a manifest or file name of an index")
    parser.add_argument("--where", metavar="SQL", help="condition that selects rows of a columnar index")
    parser.set_defaults(settings=lambda options: {"sources__where": options.where})


def _extract(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.extract.stage import ExtractStage

    return _staged(ExtractStage.of(options.source, configured.settings, prefix=options.prefix), options, configured)


def _deduplicate(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.dedup.stage import DeduplicateStage

    return _staged(DeduplicateStage.of(configured.settings, options.kind or None), options, configured)


def _deduplicate_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--kind",
        action="append",
        choices=["question", "near", "semantic"],
        help="only this kind (repeatable; default: all for which there is what they need)",
    )


def _embed(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.vectors.stage import EmbedStage

    return _staged(EmbedStage.of(configured.settings), options, configured)


def _label(options: argparse.Namespace, configured: Configured) -> int:
    settings = configured.settings
    if options.train is None and options.ask is None:
        from faquarry.labels.stage import LabelStage

        return _staged(LabelStage.of(settings), options, configured)
    from faquarry.labels.making import make_heads, make_transformer
    from faquarry.progress import Progress

    log = Progress(settings.log)
    if options.dry_run:
        print(f"label: would write {options.ask or options.output} (dry run, nothing was written).")
    elif options.ask is not None:
        from faquarry.labels.asking import ask
        from faquarry.labels.taxonomy import taxonomies
        from faquarry.lake import Lake

        wanted, key = taxonomies(settings.label.taxonomies), os.environ.get(settings.judge.api_key_env)
        counts = ask(Lake(settings.lake), Path(options.ask), wanted, settings.label.sample, settings.judge, key, log)
        log.say(f"label: {', '.join(f'{count:,} {name}' for name, count in counts.items())}")
        print(options.ask)
        return 4 if counts["failed"] else 0
    else:
        if options.transformer is not None:
            from faquarry.training.classifier import tuner

            tune = tuner(options.transformer, settings.label, log.say)
            make_transformer(
                options.train, options.output, options.transformer, settings.label, settings.embed, tune, log.say
            )
        else:
            make_heads(options.train, options.output, settings.label, settings.embed, log.say)
        print(options.output)
    return 0


def _label_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--taxonomy", action="append", choices=["topic", "question_type"], help="only this one (repeatable)"
    )
    parser.add_argument("--head", metavar="FOLDER", help="label by heads of your own")
    make = parser.add_mutually_exclusive_group()
    make.add_argument(
        "--train", metavar="FILE", help="train heads on labelled pairs (.jsonl, .parquet, a folder, a Delta table)"
    )
    make.add_argument(
        "--ask", metavar="FILE", help="let a language model label a sample of the lake into a .jsonl file"
    )
    parser.add_argument("--output", default="heads", metavar="FOLDER", help="with --train: where the heads go")
    parser.add_argument(
        "--transformer", metavar="NAME|FOLDER", help="with --train: fine-tune this model instead of a head on vectors"
    )
    parser.set_defaults(settings=lambda options: {"label__taxonomies": options.taxonomy, "label__head": options.head})


def _align(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.bitext.stage import AlignStage

    return _staged(AlignStage.of(configured.settings), options, configured)


def _judge(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.judge.stage import JudgeStage

    return _staged(JudgeStage(configured.settings), options, configured)


def _benchmark(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.retrieval.benchmark.stage import BenchmarkStage

    return _staged(BenchmarkStage(configured.settings), options, configured)


def _mine(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.retrieval.mine.stage import MineStage

    return _staged(MineStage.of(configured.settings, refresh=options.refresh), options, configured)


def _mine_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--refresh", action="store_true", help="mine all queries again, in today's corpus")


def _graph(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.graph.groups.stage import GroupsStage
    from faquarry.graph.stage import GraphStage

    if not options.source and not options.groups:
        raise UsageError("nothing to do: give SOURCE…, or --groups for documents that are there.")
    code = 0
    if options.source:
        code = _staged(GraphStage.of(options.source, configured.settings, prefix=options.prefix), options, configured)
    if options.groups:
        code = max(code, _staged(GroupsStage.of(configured.settings), options, configured))
    return code


def _graph_options(parser: argparse.ArgumentParser) -> None:
    _source_options(parser, "*")
    parser.add_argument("--groups", action="store_true", help="group the documents (settings groups.*), for WebDRO")


def _run(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.lake import Lake
    from faquarry.pipeline import evaluation_of, export_of, stages, train_on
    from faquarry.progress import Progress
    from faquarry.report.page import write_page
    from faquarry.report.training import draw_run
    from faquarry.sql import print_summary

    code = 0
    for stage in stages(options.source, configured.settings, prefix=options.prefix, graph=options.graph):
        code = max(code, _staged(stage, options, configured))
        if options.dry_run:
            return code  # what later stages would find is not there yet
    trained = None if options.no_train else train_on(configured.settings)
    if trained is not None:
        draw_run(trained)
    if not options.no_evaluate:
        evaluation = evaluation_of(configured.settings, trained)
        if evaluation is not None:
            code = max(code, _staged(evaluation, options, configured))
    if not options.no_export:
        export_of(configured.settings, options.export)
    if not options.no_report:
        settings = configured.settings
        Progress(settings.log).say(
            f"report: {write_page(Lake(settings.lake), None, settings.report, Progress(settings.log))}"
        )
    print_summary(configured.settings.lake)
    return code


def _run_options(parser: argparse.ArgumentParser) -> None:
    _source_options(parser)
    parser.add_argument("--export", metavar="FOLDER", help="where the export goes (default LAKE/_export)")
    parser.add_argument("--no-export", action="store_true", help="write no export")
    parser.add_argument("--no-train", action="store_true", help="train nothing (settings train.* say what)")
    parser.add_argument("--no-evaluate", action="store_true", help="evaluate nothing")
    parser.add_argument("--no-report", action="store_true", help="write no page about the lake")
    parser.add_argument("--graph", action="store_true", help="build the web graph and its groups too: reads every page")


VERBS: tuple[Verb, ...] = (
    Verb("extract", "read archives, find FAQ pairs, identify their language", _extract, _source_options),
    Verb("deduplicate", "say which pairs repeat", _deduplicate, _deduplicate_options),
    Verb("embed", "compute vectors of questions and answers", _embed),
    Verb("label", "assign topics and question types; train heads that do", _label, _label_options),
    Verb("align", "find the same pair in other languages", _align),
    Verb("judge", "let a language model score aligned pairs", _judge),
    Verb("benchmark", "build retrieval benchmarks", _benchmark),
    Verb("mine", "mine hard negatives", _mine, _mine_options),
    Verb("graph", "build the web graph: documents and the links between them", _graph, _graph_options),
    Verb(
        "run",
        "from archives to a trained and evaluated retriever and a report: all stages in order",
        _run,
        _run_options,
    ),
)
