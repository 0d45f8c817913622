"""The command line: ``faquarry VERB`` and ``spark-submit jobs/VERB.py`` are this code.

A verb is a name, a sentence, its own options and a function; everything heavy is imported by that function.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from faquarry import __version__
from faquarry.config import Configured, load
from faquarry.errors import FaquarryError, UsageError
from faquarry.redaction import scrubbed

if TYPE_CHECKING:
    from faquarry.stage import Stage

__all__ = ["VERBS", "main"]

Run = Callable[[argparse.Namespace, Configured], int]


@dataclass(frozen=True)
class Verb:
    name: str
    help: str
    run: Run
    options: Callable[[argparse.ArgumentParser], None] = lambda parser: None
    recipe: bool = False  # --set is about the verb's recipe, not about the settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Parses, runs, and turns every foreseen error into one sentence and its exit code. -> the exit code."""
    parser = _parser()
    try:
        options = parser.parse_args(arguments)
    except SystemExit as stop:  # argparse has printed its sentence (2) or the help (0)
        return int(stop.code or 0)
    verb: Verb = options.verb
    try:
        assignments = [] if verb.recipe else options.set
        configured = load(options.config, assignments, lake=options.lake, **options.settings(options))
        with _terminable():
            return _run_verb(verb, options, configured)
    except FaquarryError as error:
        if os.environ.get("FAQUARRY_DEBUG"):
            print(scrubbed(traceback.format_exc()), file=sys.stderr)
        print(f"faquarry {verb.name}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt as stop:
        print(f"faquarry {verb.name}: interrupted; what was committed stays, run again to go on.", file=sys.stderr)
        return 128 + (signal.SIGTERM if isinstance(stop, _Terminated) else signal.SIGINT)
    except BrokenPipeError:  # the reader of our output (head, less) left: not an error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if os.environ.get("FAQUARRY_DEBUG"):
            print(scrubbed(traceback.format_exc()), file=sys.stderr)
        where = f"{error.filename}: " if error.filename else ""
        print(f"faquarry {verb.name}: {scrubbed(where)}{scrubbed(str(error.strerror or error))}.", file=sys.stderr)
        return 2
    except Exception as error:
        if os.environ.get("FAQUARRY_DEBUG"):
            print(scrubbed(traceback.format_exc()), file=sys.stderr)
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        print(
            f"faquarry {verb.name}: unforeseen {type(error).__name__}: {scrubbed(first)} "
            "(FAQUARRY_DEBUG=1 prints where; please report it).",
            file=sys.stderr,
        )
        return 1


class _Terminated(KeyboardInterrupt):
    """SIGTERM: what a scheduler sends before it kills."""


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM ends what is in it as Ctrl-C does; only the main thread is told of signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def terminated(*_: object) -> None:
        raise _Terminated

    before = signal.signal(signal.SIGTERM, terminated)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run_verb(verb: Verb, options: argparse.Namespace, configured: Configured) -> int:
    """Runs a verb; where it failed because a file of the lake is damaged, the error says which one, and the way back."""
    from faquarry.lake import Lake

    try:
        return verb.run(options, configured)
    except Exception as error:
        damage = Lake(configured.settings.lake).damage(error)
        if damage is None:
            raise
        raise damage from error


# -- verbs -----------------------------------------------------------------------------------------------------------


def _extract(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.extract.stage import ExtractStage

    return _staged(ExtractStage.of(options.source, configured.settings, prefix=options.prefix), options, configured)


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


def _deduplicate(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.dedup.stage import DeduplicateStage

    return _staged(DeduplicateStage.of(configured.settings, options.kind or None), options, configured)


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


def _align(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.bitext.stage import AlignStage

    return _staged(AlignStage.of(configured.settings), options, configured)


def _benchmark(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.retrieval.benchmark.stage import BenchmarkStage

    return _staged(BenchmarkStage(configured.settings), options, configured)


def _mine(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.retrieval.mine.stage import MineStage

    return _staged(MineStage.of(configured.settings, refresh=options.refresh), options, configured)


def _judge(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.judge.stage import JudgeStage

    return _staged(JudgeStage(configured.settings), options, configured)


def _staged(stage: Stage, options: argparse.Namespace, configured: Configured) -> int:
    """Runs a stage, and draws what it has changed."""
    from faquarry.report.gallery import draw_after
    from faquarry.runner import run_stage

    finished = run_stage(stage, configured.settings, dry_run=options.dry_run)
    if finished.outcome is not None:
        draw_after(stage.name, configured.settings)
    return finished.exit_code


def _train(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.training.recipe_files import kind_of

    base, own = kind_of(options.recipe)
    if base == "small-scorer":
        return _train_scorer(options, configured)
    if base != "small":
        return _train_retriever(base, own, options, configured)
    from faquarry.training.small import run

    if len(options.data) != 1:
        raise UsageError("the recipe small needs --data: a file or a folder of parallel text (docs/small-encoder.md).")
    output = options.output or "faquarry-small"
    if options.dry_run:
        print(f"train: would train on {options.data[0]} into {output} (dry run, nothing was written).")
        return 0
    print(run(options.data[0], output, recipe=own, assignments=options.set, log=configured.settings.log))
    return 0


def _train_retriever(base: str, own: Path | None, options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.progress import Progress
    from faquarry.report.training import draw_run
    from faquarry.training.retriever.run import run

    output = options.output or f"faquarry-{(own or Path(base)).stem}"
    settings = configured.settings
    if options.landscape:
        from faquarry.training.retriever.landscape import landscapes

        landscapes(
            options.landscape, Path(options.landscape[0]) / "landscape.json", settings=settings.embed, log=settings.log
        )
        print(*draw_run(Path(options.landscape[0])), sep="\n")
        return 0
    if options.dry_run:
        print(f"train: would train on {settings.lake} into {output} (dry run, nothing was written).")
        return 0
    model = run(
        base,
        settings.lake,
        output,
        recipe=own,
        assignments=options.set,
        settings=settings.embed,
        log=settings.log,
        tensorboard=options.tensorboard,
    )
    for picture in draw_run(Path(output)):
        Progress(settings.log).say(f"train: picture {picture}")
    print(model)
    return 0


def _train_scorer(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.training.scorer import run

    lake = configured.settings.lake if options.lake is not None or not options.data else None
    output = options.output or "faquarry-small-scorer"
    if options.dry_run:
        sources = ", ".join([*([lake] if lake else []), *options.data])
        print(f"train: would train on {sources} into {output} (dry run, nothing was written).")
        return 0
    print(run(lake, output, data=options.data, assignments=options.set, log=configured.settings.log))
    return 0


def _sql(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.sql import run_sql

    run_sql(configured.settings.lake, options.query, options.format, options.output, options.at)
    return 0


def _perturb(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.progress import Progress
    from faquarry.robustness.perturb.command import describe, perturb_file

    if options.list:
        print(describe())
        return 0
    if options.source is None:
        raise UsageError("perturb needs a FILE of queries, or - for standard input (--list shows the operations).")
    if options.dry_run:
        print(f"perturb: would perturb {options.source} by {options.operation} (dry run, nothing was written).")
        return 0
    perturb_file(
        options.source,
        options.operation,
        options.strength,
        options.seed,
        options.language,
        options.output,
        options.format,
        Progress(configured.settings.log),
    )
    return 0


def _evaluate(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.robustness.command import shown, stage_of
    from faquarry.runner import run_stage

    settings = configured.settings
    code = 0
    if options.compare is None:
        stage = stage_of(
            settings,
            options.task or ["lake"],
            options.system or [settings.embed.retrieval_model, "bm25"],
            operations=options.operation,
            strengths=options.strength,
            seeds=options.seeds,
            languages=options.language,
            data=options.data,
        )
        code = run_stage(stage, settings, dry_run=options.dry_run).exit_code
        tasks, systems = [one.name for one in stage.tasks], [one.name for one in stage.systems]
    else:
        tasks, systems = options.task, options.compare
    if not options.dry_run:
        table = shown(settings, tasks, systems, options.language, metric=options.metric, form=options.format)
        if options.output:
            Path(options.output).write_text(table, encoding="utf-8")
        else:
            print(table, end="")
    return code


def _export(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.export.request import Request
    from faquarry.export.run import export
    from faquarry.lake import Lake
    from faquarry.progress import Progress

    request = Request.of(
        options.format,
        options.output,
        languages=options.language,
        parts=options.part,
        release=options.release,
        takedown=options.takedown,
    )
    settings = configured.settings
    export(Lake(settings.lake), request, settings.export, Progress(settings.log), dry_run=options.dry_run)
    return 0


def _report(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.lake import Lake
    from faquarry.progress import Progress
    from faquarry.report.page import write_page

    settings = configured.settings
    if options.dry_run:
        print(f"report: would write a page about {settings.lake} (dry run, nothing was written).")
        return 0
    print(write_page(Lake(settings.lake), options.output, settings.report, Progress(settings.log), options.run))
    return 0


def _config(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.runner import redacted

    hidden = _flat(redacted(configured.settings))
    listing = list(configured.listing())
    width = max(len(key) for key, _, _ in listing)
    for key, _, origin in listing:
        value = hidden.get(key, {})
        print(f"{key:<{width}}  {value!r:<24}  # {origin}")
    return 0


def _doctor(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.doctor import diagnose

    return diagnose(configured.settings)


def _maintain(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.maintain import maintain, take_back
    from faquarry.sql import table_versions

    if options.restore is not None:
        for table, version in table_versions([options.restore], "--restore").items():
            take_back(configured.settings, table, version, dry_run=options.dry_run)
        return 0
    return maintain(configured.settings, retention_h=options.retention, dry_run=options.dry_run)


def _flat(node: dict[str, object], prefix: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in node.items():
        found[f"{prefix}{name}"] = value
        if isinstance(value, dict):
            found.update(_flat(value, f"{prefix}{name}."))
    return found


# -- options ---------------------------------------------------------------------------------------------------------


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


def _run_options(parser: argparse.ArgumentParser) -> None:
    _source_options(parser)
    parser.add_argument("--export", metavar="FOLDER", help="where the export goes (default LAKE/_export)")
    parser.add_argument("--no-export", action="store_true", help="write no export")
    parser.add_argument("--no-train", action="store_true", help="train nothing (settings train.* say what)")
    parser.add_argument("--no-evaluate", action="store_true", help="evaluate nothing")
    parser.add_argument("--no-report", action="store_true", help="write no page about the lake")
    parser.add_argument("--graph", action="store_true", help="build the web graph and its groups too: reads every page")


def _graph_options(parser: argparse.ArgumentParser) -> None:
    _source_options(parser, "*")
    parser.add_argument("--groups", action="store_true", help="group the documents (settings groups.*), for WebDRO")


def _sql_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("query", metavar="SQL", help='as in "SELECT language, count(*) FROM qa GROUP BY 1"')
    parser.add_argument("--format", choices=["table", "csv", "json", "parquet"], default="table")
    parser.add_argument("--output", metavar="FILE", help="write there instead of to the terminal (parquet needs it)")
    parser.add_argument(
        "--at", action="append", default=[], metavar="TABLE=VERSION", help="read a table as it was at a version"
    )


def _deduplicate_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--kind",
        action="append",
        choices=["question", "near", "semantic"],
        help="only this kind (repeatable; default: all for which there is what they need)",
    )


def _mine_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--refresh", action="store_true", help="mine all queries again, in today's corpus")


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


def _train_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--recipe",
        default="rn",
        metavar="NAME|FILE",
        help="rn, top4, denoised, marginmse, bitext, multitask, dro, link, anchor; small, small-scorer; or a TOML file that "
        'names one of them (base = "rn")',
    )
    parser.add_argument(
        "--data",
        action="append",
        default=[],
        metavar="PATH",
        help="small: parallel text; small-scorer: JSON lines of questions and answers, beside those of --lake (repeatable)",
    )
    parser.add_argument(
        "--landscape",
        action="append",
        default=[],
        metavar="RUN",
        help="instead of training: the loss around the model of a finished run; of two runs, also the plane through both",
    )
    parser.add_argument("--tensorboard", action="store_true", help="write events for TensorBoard beside the CSV logs")
    parser.add_argument(
        "--output",
        metavar="FOLDER",
        help="the model and its run (default: its name); one that was cut short goes on there",
    )


def _export_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--format",
        required=True,
        metavar="F",
        help="mteb, mteb-bitext, beir, sentence-transformers, flagembedding, tevatron, huggingface, jsonl or csv",
    )
    parser.add_argument("--output", required=True, metavar="FOLDER", help="made whole, or replaced if it is an export")
    parser.add_argument("--language", action="append", metavar="CODE", help="only this language (repeatable)")
    parser.add_argument("--part", action="append", metavar="NAME", help="only this part of the format (repeatable)")
    parser.add_argument(
        "--release", action="store_true", help="leave out pages that opt out, mask addresses, numbers and keys"
    )
    parser.add_argument("--takedown", metavar="FILE", help="leave out what stands on these URLs or sites, one a line")


def _report_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--output", metavar="FILE", help="where the page goes (default LAKE/_report/index.html)")
    parser.add_argument(
        "--run",
        action="append",
        default=[],
        metavar="FOLDER",
        help="a training run to show, beside those under LAKE/_training (repeatable)",
    )


def _perturb_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source",
        nargs="?",
        metavar="FILE",
        help="queries: lines, .jsonl or .parquet with columns text and, if there, id and language; - is standard input",
    )
    parser.add_argument(
        "--operation",
        default="defaults",
        metavar="O[,O2]",
        help="operations, each applied for itself; also: defaults (those natural in the language), all",
    )
    parser.add_argument("--strength", default="10%", metavar="S[,S2]", help="edits a query: 1, 2, or a share as 10%%")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="other draws (default 0)")
    parser.add_argument("--language", metavar="CODE", help="language of rows that do not name theirs (de, deu, pt-BR)")
    parser.add_argument("--output", metavar="FILE", help="write there, by its suffix .jsonl, .tsv or .parquet")
    parser.add_argument("--format", choices=["jsonl", "tsv", "parquet"], help="over the suffix (terminal: jsonl)")
    parser.add_argument("--list", action="store_true", help="show the operations and stop")


def _evaluate_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--task",
        action="append",
        default=[],
        metavar="T[,T2]",
        help="xquad, xquad-r, xquad-disfl, lake (default), beir:FOLDER, mteb:NAME (repeatable)",
    )
    parser.add_argument(
        "--system",
        action="append",
        default=[],
        metavar="S[,S2]",
        help="an encoder by name or folder, bm25, hybrid-rrf:ENCODER, hybrid-sum:ENCODER, rerank:SCORER@FIRST; NAME=S gives "
        "it a name (repeatable; default: the retrieval model and bm25)",
    )
    parser.add_argument(
        "--operation",
        default="default",
        metavar="O[,O2]",
        help="perturbations (faquarry perturb --list), worst-of-N; also: default, all, none",
    )
    parser.add_argument("--strength", default="10%", metavar="S[,S2]", help="edits a query: 1, 2, or a share as 10%%")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="draws of each perturbation (default 3)")
    parser.add_argument(
        "--language", action="append", default=[], metavar="L[,L2]", help="only these (de, deu; repeatable)"
    )
    parser.add_argument("--data", metavar="FOLDER", help="where xquad/ lies (default: $FAQUARRY_DATA)")
    parser.add_argument(
        "--compare",
        nargs="*",
        metavar="SYSTEM",
        help="compute nothing: of two systems say which breaks less, of others lay all beside each other",
    )
    parser.add_argument("--metric", default="ndcg@10", metavar="M", help="ndcg@10, mrr@10, recall@1 or recall@100")
    parser.add_argument("--format", choices=["table", "csv", "json", "markdown"], default="table")
    parser.add_argument("--output", metavar="FILE", help="write the table there instead of to the terminal")


def _maintain_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--retention", type=float, default=168.0, metavar="HOURS", help="keep versions this young (default 168)"
    )
    parser.add_argument(
        "--restore", metavar="TABLE=VERSION", help="instead: take a table back to an older version, as after damage"
    )


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
        "train",
        "train by a recipe: dense retrievers, the small encoder, the small scorer",
        _train,
        _train_options,
        recipe=True,
    ),
    Verb("perturb", "perturb queries as people would: typos, accents, words", _perturb, _perturb_options),
    Verb("evaluate", "measure retrievers and how they break, with intervals", _evaluate, _evaluate_options),
    Verb("report", "write one page about the lake, to be looked at", _report, _report_options),
    Verb("export", "write files for other tools", _export, _export_options),
    Verb(
        "run",
        "from archives to a trained and evaluated retriever and a report: all stages in order",
        _run,
        _run_options,
    ),
    Verb("sql", "ask the tables, without Java", _sql, _sql_options),
    Verb("doctor", "check Java, Spark, jars, memory, disk, lake", _doctor),
    Verb("config", "print what is set, and where it was set", _config),
    Verb("maintain", "compact and vacuum the tables", _maintain, _maintain_options),
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="faquarry",
        description="Mine the web's FAQ markup into Delta tables.",
        epilog="Exit codes: 0 done, 2 wrong usage, 3 nothing to read, 4 some sources failed and the rest is committed.",
    )
    parser.add_argument("--version", action="version", version=f"faquarry {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for verb in VERBS:
        sub = verbs.add_parser(verb.name, help=verb.help, description=verb.help)
        sub.set_defaults(verb=verb, settings=lambda options: {})
        sub.add_argument("--lake", metavar="URI", help="where the tables live (default ./lake)")
        sub.add_argument("--config", metavar="FILE", help="TOML file over the packaged defaults")
        sub.add_argument(
            "--set", action="append", default=[], metavar="KEY=VALUE", help="one setting, over the file (repeatable)"
        )
        sub.add_argument("--dry-run", action="store_true", help="say what would be read and written, and stop")
        verb.options(sub)
    return parser
