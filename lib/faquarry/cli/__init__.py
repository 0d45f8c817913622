"""The command line: ``faquarry VERB`` and ``spark-submit jobs/VERB.py`` are this code.

Every verb stands in one of the modules here, its options beside it; everything heavy is imported by its function.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from faquarry import __version__
from faquarry.cli import models, results, stages
from faquarry.cli.verb import Verb
from faquarry.config import Configured, load
from faquarry.errors import FaquarryError
from faquarry.redaction import scrubbed

__all__ = ["VERBS", "main"]

VERBS: tuple[Verb, ...] = (*stages.VERBS, *models.VERBS, *results.VERBS)
"""In the order in which one meets them."""


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
        if "No space left on device" in str(error):  # as libraries say it that have errors of their own
            print(f"faquarry {verb.name}: the disk is full ({first}); make space, then run again.", file=sys.stderr)
            return 2
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
