"""Verbs about models: training them, and measuring how they break."""

from __future__ import annotations

import argparse
from pathlib import Path

from faquarry.cli.verb import Verb
from faquarry.config import Configured
from faquarry.errors import UsageError

__all__ = ["VERBS"]


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


VERBS: tuple[Verb, ...] = (
    Verb(
        "train",
        "train by a recipe: dense retrievers, the small encoder, the small scorer",
        _train,
        _train_options,
        recipe=True,
    ),
    Verb("perturb", "perturb queries as people would: typos, accents, words", _perturb, _perturb_options),
    Verb("evaluate", "measure retrievers and how they break, with intervals", _evaluate, _evaluate_options),
)
