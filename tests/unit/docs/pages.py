"""The documents as a checker sees them: headings, links, words in code marks, blocks of code."""

from __future__ import annotations

import json
import re
import shlex
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[3]

NOTEBOOKS = sorted(ROOT.glob("notebooks/*.ipynb"))
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *(p for folder in ("docs", "sample", "notebooks", "tests", "benchmarks", "conf") for p in ROOT.glob(f"{folder}/**/*.md")),
        *NOTEBOOKS,
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Block:
    """A block of code: what its fence calls it ("" for an indented one), and its text."""

    language: str
    text: str


@dataclass(frozen=True)
class Page:
    """A document. `anchors` are the names GitHub gives its headings."""

    path: Path
    anchors: frozenset[str]
    links: tuple[str, ...]
    marks: tuple[str, ...]
    blocks: tuple[Block, ...]

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))


@lru_cache(maxsize=256)
def page(path: Path) -> Page:
    """A Markdown file; of a notebook the cells that are Markdown."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    headings = [after.content for token, after in pairwise(tokens) if token.type == "heading_open"]
    inline = [child for token in tokens if token.type == "inline" for child in _leaves(token)]
    links = [token.attrs.get("href") or token.attrs.get("src") for token in inline]
    return Page(
        path,
        frozenset(_anchors(headings)),
        tuple(str(link) for link in links if link),
        tuple(token.content for token in inline if token.type == "code_inline"),
        tuple(Block(token.info.strip(), token.content) for token in tokens if token.type in ("fence", "code_block")),
    )


def _leaves(token: Token) -> Iterator[Token]:
    for child in token.children or []:
        yield child
        yield from _leaves(child)


def _anchors(headings: list[str]) -> Iterator[str]:
    """As GitHub makes them: small letters, digits, `_` and `-`; spaces are hyphens; repeats are numbered."""
    seen: dict[str, int] = {}
    for heading in headings:
        bare = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").replace("*", "").strip().lower()
        kept = "".join(c for c in bare if c in " -_" or unicodedata.category(c)[0] in "LNM").replace(" ", "-")
        count = seen[kept] = seen.get(kept, -1) + 1
        yield f"{kept}-{count}" if count else kept


def commands(found: Page) -> Iterator[list[str]]:
    """The words of every command in blocks of shell (and blocks that say no language), one list each."""
    for block in found.blocks:
        if block.language in ("", "sh", "bash", "console"):
            yield from _commands_in(block.text)


def _commands_in(text: str) -> Iterator[list[str]]:
    """Commands end with a line, `&&`, `|`, `;` or `&`; a line whose quotes are open goes on in the next one."""
    pending = ""
    for line in text.replace("\\\n", " ").splitlines():
        pending = f"{pending}\n{line}" if pending else line
        lexer = shlex.shlex(pending, posix=True, punctuation_chars="&|;")
        lexer.whitespace_split = True
        try:
            words = list(lexer)
        except ValueError:
            continue
        pending = ""
        for separator, group in groupby(words, lambda word: set(word) <= set("&|;")):
            if not separator:
                yield list(group)
