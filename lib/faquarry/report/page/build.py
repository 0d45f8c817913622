"""Writes the page: every section that the lake has tables for, one style, one script, nothing from elsewhere.

The policy in its head lets a browser load nothing and run nothing but this script, even if a text found a way around the
escaping.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from faquarry import __version__
from faquarry.config.settings import ReportSettings
from faquarry.errors import EnvironmentProblem, NothingToRead, UsageError
from faquarry.lake import Lake
from faquarry.progress import Progress
from faquarry.report.page.markup import Html, h, join
from faquarry.report.page.reader import Reader, reading
from faquarry.report.page.sections import CHAPTERS, Chapter

__all__ = ["FOLDER", "rendered", "runs_of", "write_page"]

FOLDER = "_report"
TRAINING = "_training"  # where runs of training lie in a lake, if nobody said otherwise


def write_page(
    lake: Lake, output: str | None, settings: ReportSettings, progress: Progress, runs: Sequence[str] = ()
) -> Path:
    """Writes the page about a lake, whole or not at all. -> the file

    Args:
        output: a file; None: ``_report/index.html`` in the lake, where that is a folder.
        runs: folders of training runs, beside those under ``_training`` in the lake.

    Raises:
        NothingToRead: the lake has no table, or a folder holds no run.
        UsageError: the lake is elsewhere, and no file is named; or the file is a folder.
        EnvironmentProblem: it cannot be written.
    """
    if output is None and not lake.is_local:
        raise UsageError(f"The lake {lake.uri} is no folder of this machine: --output FILE says where the page goes.")
    target = Path(output) if output is not None else Path(lake.path(FOLDER)) / "index.html"
    if target.is_dir():
        raise UsageError(f"{target} is a folder: --output wants a file, such as {target / 'index.html'}.")
    folders = runs_of(lake, runs)
    with reading(lake, settings.memory, folders) as reader:
        if not reader.tables:
            raise NothingToRead(f"There is no table in {lake.uri}: `faquarry run sample --lake {lake.uri}` makes some.")
        with progress.working("report", len(CHAPTERS), "sections"):
            page = rendered(reader, progress)
    unfinished = target.with_name(f".{target.name}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(page, encoding="utf-8", errors="replace")
        unfinished.replace(target)
    except OSError as error:
        raise EnvironmentProblem(f"The page {target} cannot be written: {error.strerror or error}.") from error
    return target


def runs_of(lake: Lake, named: Sequence[str]) -> list[Path]:
    """Folders of training runs: those named, then those in the lake, each once.

    Raises:
        NothingToRead: a named folder holds no run.
    """
    found: dict[Path, Path] = {}
    for name in named:
        if not (Path(name) / "run.json").is_file():
            raise NothingToRead(f"{name} holds no training run (there is no run.json in it).")
        found.setdefault(Path(name).resolve(), Path(name))
    if lake.is_local:
        for run in sorted(Path(lake.path(TRAINING)).glob("*/run.json")):
            found.setdefault(run.parent.resolve(), run.parent)
    return list(found.values())


def rendered(reader: Reader, progress: Progress | None = None, now: datetime | None = None) -> str:
    """The page. The same lake gives the same bytes, but for the line that says when."""
    sections = []
    for number, chapter in enumerate(CHAPTERS, 1):
        sections.append(_section(reader, chapter))
        if progress is not None:
            progress.advance(to=number)
    style, script = _packaged("page.css"), _packaged("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    name = reader.lake.uri.rstrip("/").rsplit("/", 1)[-1] or reader.lake.uri
    written = (now or datetime.now(UTC)).strftime("%Y-%m-%d %H:%M UTC")
    head = h(
        "head",
        h("meta", charset="utf-8"),
        h("meta", http_equiv="Content-Security-Policy", content=policy),
        h("meta", name="viewport", content="width=device-width, initial-scale=1"),
        h("meta", name="color-scheme", content="light dark"),
        h("meta", name="referrer", content="no-referrer"),
        h("link", rel="icon", href="data:,"),
        h("title", f"{name}: a lake of FAQs"),
        Html(f"<style>{style}</style>"),
    )
    body = h(
        "body",
        h("a", "Skip to the content", href="#main", class_="skip"),
        h("div", _contents(sections), h("main", _masthead(reader, name, written), [made for _, _, made in sections], id="main",
                                        tabindex="-1"), class_="page"),
        h("footer", f"Made by faquarry {__version__}. This page holds everything it shows; nothing is loaded from anywhere."),
        h("div", id="tip", role="status", hidden=True),
        Html(f"<script>{script}</script>"),
    )  # fmt: skip
    return f'<!doctype html>\n<html lang="en">{head}\n{body}</html>\n'


def _masthead(reader: Reader, name: str, written: str) -> Html:
    return h(
        "header",
        h("h1", name, h("small", "a lake of FAQs")),
        h("p", h("span", reader.lake.uri, class_="uri"), h("br"), h("span", f"written {written}", class_="soft", id="written")),
        h(
            "div",
            h("label", "Languages ", h("input", type="search", id="only", placeholder="all, or: deu fra", autocomplete="off",
                                       spellcheck="false")),
            h("label", "Colours ", h("select", [h("option", one, value=one) for one in ("auto", "light", "dark")], id="theme")),
            class_="controls",
        ),
        class_="masthead",
    )  # fmt: skip


def _section(reader: Reader, chapter: Chapter) -> tuple[Chapter, bool, Html]:
    """The chapter, whether it has something to show, and its section."""
    body = chapter.draw(reader) if reader.holds(*chapter.needs) else None
    heading = h("h2", chapter.title, id=f"{chapter.anchor}-title")
    content = body if body else _empty(reader, chapter)
    made = h(
        "section",
        heading,
        content,
        id=chapter.anchor,
        aria_labelledby=f"{chapter.anchor}-title",
        class_=None if body else "empty",
    )
    return chapter, bool(body), join("\n", made)


def _empty(reader: Reader, chapter: Chapter) -> Html:
    absent = [table for table in chapter.needs if table not in reader.tables]
    bare = [table for table in chapter.needs if reader.tables.get(table) == 0]
    if absent:
        why = join("There is no table ", _named(absent), " yet. ")
    elif bare:
        why = join("The table ", _named(bare), " has no rows. ")
    else:
        why = join("There is nothing to show yet. ")
    command = f"faquarry {chapter.verb} --lake {reader.lake.uri}"
    return h("p", why, h("code", command), " makes " + ("them." if len(absent) > 1 else "it."))


def _named(tables: Sequence[str]) -> Html:
    return join([[" and " if place else "", h("code", table)] for place, table in enumerate(tables)])


def _contents(sections: Sequence[tuple[Chapter, bool, Html]]) -> Html:
    items = [
        h("li", h("a", chapter.title, href=f"#{chapter.anchor}", class_=None if full else "soft"))
        for chapter, full, _ in sections
    ]
    return h(
        "nav", h("details", h("summary", "Contents"), h("ol", items), open=True, id="contents"), aria_label="Contents"
    )


def _packaged(name: str) -> str:
    return files("faquarry.report.page").joinpath(name).read_text(encoding="utf-8")
