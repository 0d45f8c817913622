"""Verbs about what is there: looking at it, handing it out, keeping it in order."""

from __future__ import annotations

import argparse

from faquarry.cli.verb import Verb
from faquarry.config import Configured

__all__ = ["VERBS"]


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


def _report_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--output", metavar="FILE", help="where the page goes (default LAKE/_report/index.html)")
    parser.add_argument(
        "--run",
        action="append",
        default=[],
        metavar="FOLDER",
        help="a training run to show, beside those under LAKE/_training (repeatable)",
    )


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


def _sql(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.sql import run_sql

    run_sql(configured.settings.lake, options.query, options.format, options.output, options.at)
    return 0


def _sql_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("query", metavar="SQL", help='as in "SELECT language, count(*) FROM qa GROUP BY 1"')
    parser.add_argument("--format", choices=["table", "csv", "json", "parquet"], default="table")
    parser.add_argument("--output", metavar="FILE", help="write there instead of to the terminal (parquet needs it)")
    parser.add_argument(
        "--at", action="append", default=[], metavar="TABLE=VERSION", help="read a table as it was at a version"
    )


def _doctor(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.doctor import diagnose

    return diagnose(configured.settings)


def _config(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.runner import redacted

    hidden = _flat(redacted(configured.settings))
    listing = list(configured.listing())
    width = max(len(key) for key, _, _ in listing)
    for key, _, origin in listing:
        value = hidden.get(key, {})
        print(f"{key:<{width}}  {value!r:<24}  # {origin}")
    return 0


def _flat(node: dict[str, object], prefix: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in node.items():
        found[f"{prefix}{name}"] = value
        if isinstance(value, dict):
            found.update(_flat(value, f"{prefix}{name}."))
    return found


def _maintain(options: argparse.Namespace, configured: Configured) -> int:
    from faquarry.maintain import maintain, take_back
    from faquarry.sql import table_versions

    if options.restore is not None:
        for table, version in table_versions([options.restore], "--restore").items():
            take_back(configured.settings, table, version, dry_run=options.dry_run)
        return 0
    return maintain(configured.settings, retention_h=options.retention, dry_run=options.dry_run)


def _maintain_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--retention", type=float, default=168.0, metavar="HOURS", help="keep versions this young (default 168)"
    )
    parser.add_argument(
        "--restore", metavar="TABLE=VERSION", help="instead: take a table back to an older version, as after damage"
    )


VERBS: tuple[Verb, ...] = (
    Verb("report", "write one page about the lake, to be looked at", _report, _report_options),
    Verb("export", "write files for other tools", _export, _export_options),
    Verb("sql", "ask the tables, without Java", _sql, _sql_options),
    Verb("doctor", "check Java, Spark, jars, memory, disk, lake", _doctor),
    Verb("config", "print what is set, and where it was set", _config),
    Verb("maintain", "compact and vacuum the tables", _maintain, _maintain_options),
)
