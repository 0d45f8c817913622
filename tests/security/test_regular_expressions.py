"""No regular expression of ours is a trap: twice the input takes about twice the time, for every one of them.

The patterns are read from the source (so that a new one is tried by itself), the attacks from the patterns: runs of the
letters, classes and words that they are made of, alone and in pairs, behind every beginning that may set them going, with
an end that does not match. A pattern is judged by growth, never by seconds.
"""

from __future__ import annotations

import ast
import importlib
import itertools
import re
import time
from collections.abc import Iterator
from pathlib import Path
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest
import regex

import faquarry

ROOT = Path(faquarry.__file__).parent
SIZE = 3_000  # characters of an attack
SUSPECT_S = 0.02  # what a linear pattern takes for SIZE on no machine; only then growth is measured
MAX_GROWTH = 3.0  # of time, when the input doubles: 2 is linear, 4 quadratic


def _sources() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            if isinstance(owner, ast.Name) and owner.id in ("re", "regex"):
                yield node


def _patterns() -> dict[str, Any]:
    """Every compiled pattern at the top of a module, and every literal one inside a function, by ``module:name``."""
    found: dict[str, Any] = {}
    for path in _sources():
        text = path.read_text(encoding="utf-8")
        if "import re" not in text:
            continue
        name = _module(path)
        if any(heavy in text for heavy in ("\nimport torch", "\nfrom torch")):
            continue
        module = importlib.import_module(name)
        for attribute, value in vars(module).items():
            for number, one in enumerate(_compiled(value)):
                found.setdefault(f"{name}:{attribute}" + (f"[{number}]" if number else ""), one)
        for call in _calls(ast.parse(text)):
            first = call.args[0] if call.args else None
            if (
                isinstance(first, ast.Constant)
                and isinstance(first.value, str | bytes)
                and call.func.attr not in ("escape", "compile")
            ):
                how = call.func.attr if call.func.attr in ("match", "fullmatch") else ""
                found.setdefault(
                    f"{name}:{call.lineno}{how}", (regex if call.func.value.id == "regex" else re).compile(first.value)
                )
    unique: dict[tuple[Any, int], str] = {}
    for where, one in found.items():
        unique.setdefault((one.pattern, one.flags), where)
    return {where: found[where] for where in unique.values()}


def _compiled(value: Any) -> Iterator[Any]:
    if isinstance(value, re.Pattern | regex.Pattern):
        yield value
    elif isinstance(value, tuple | list | frozenset | set):
        for one in value:
            yield from _compiled(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _compiled(one)


def _words(tree: Any) -> Iterator[str]:
    """What the parts of a parsed pattern match: a letter of each class, each run of literal letters."""
    run = ""
    for code, argument in tree:
        if code is codes.LITERAL:
            run += chr(argument)
            continue
        if run:
            yield run
            run = ""
        if code is codes.IN:
            yield from _members(argument)
        elif code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            yield from _words(argument[2])
        elif code is codes.SUBPATTERN:
            yield from _words(argument[3])
        elif code is codes.ATOMIC_GROUP:
            yield from _words(argument)
        elif code is codes.BRANCH:
            for branch in argument[1]:
                yield from _words(branch)
        elif code in (codes.ASSERT, codes.ASSERT_NOT):
            yield from _words(argument[1])
        elif code in (codes.ANY, codes.NOT_LITERAL):
            yield "x"
    if run:
        yield run


_KINDS = {
    codes.CATEGORY_DIGIT: "7", codes.CATEGORY_SPACE: " ", codes.CATEGORY_WORD: "a",
    codes.CATEGORY_NOT_DIGIT: "a", codes.CATEGORY_NOT_SPACE: "a", codes.CATEGORY_NOT_WORD: "-",
}  # fmt: skip


def _members(class_: Any) -> Iterator[str]:
    given = [code for code, _ in class_]
    for code, argument in class_[:40]:
        if code is codes.LITERAL and codes.NEGATE not in given:
            yield chr(argument)
        elif code is codes.RANGE and codes.NEGATE not in given:
            yield chr(argument[0])
        elif code is codes.CATEGORY:
            yield _KINDS[argument]
    if codes.NEGATE in given:
        yield from "x "


def _attacks(pattern: Any) -> list[Any]:
    text = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    words: list[str] = []
    if isinstance(pattern, re.Pattern):
        words = list(
            dict.fromkeys(
                _words(
                    parser.parse(
                        text, pattern.flags & ~re.LOCALE & (~re.UNICODE if isinstance(pattern.pattern, bytes) else -1)
                    )
                )
            )
        )
    words = list(dict.fromkeys([*[word[:40] for word in words][:10], "a", " ", "<", "&", "[", '"', "\n", "0"]))[:16]
    pumps = [*words, *("".join(pair) for pair in itertools.permutations(words[:6], 2))]
    begins = ["", *words[:2]]
    made = [begin + pump * (SIZE // len(pump)) + "\x00" for begin in begins for pump in pumps]
    return made if isinstance(pattern.pattern, str) else [one.encode("latin-1", "replace") for one in made]


def _spent(pattern: Any, text: Any, anchored: bool) -> float:
    began = time.thread_time()
    if anchored:
        pattern.match(text)
    else:
        for _ in pattern.finditer(text):
            pass
    return time.thread_time() - began


def _growth(pattern: Any, text: Any, anchored: bool) -> float:
    """How often as long twice the text takes, of three tries the least."""
    twice = text[:-1] + text
    once = min(_spent(pattern, text, anchored) for _ in range(3))
    return min(_spent(pattern, twice, anchored) for _ in range(3)) / max(once, 1e-9)


def _anchored(patterns: dict[str, Any]) -> set[str]:
    """Those that are only ever asked to match at a given place: nothing is tried again at every letter."""
    searched, matched = set(), set()
    for path in _sources():
        home = _module(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                (matched if node.attr in ("match", "fullmatch") else searched).add(f"{home}:{node.value.id}")
            elif isinstance(node, ast.Call):  # handed to a function: who knows what for
                searched.update(f"{home}:{one.id}" for one in node.args if isinstance(one, ast.Name))
    return {where for where in patterns if where.endswith("match") or (where in matched and where not in searched)}


PATTERNS = _patterns()
ANCHORED = _anchored(PATTERNS)


def test_there_are_patterns() -> None:
    assert len(PATTERNS) > 80


# The rest takes minutes: these read every archive and every page.
QUICK = ("faquarry.web.heads", "faquarry.text.clean", "faquarry.redaction", "faquarry.markup.filters")


@pytest.mark.parametrize(
    "where", [pytest.param(one, marks=[] if one.startswith(QUICK) else [pytest.mark.slow]) for one in PATTERNS]
)
def test_time_grows_as_the_text_does(where: str) -> None:
    pattern, anchored = PATTERNS[where], where in ANCHORED
    for text in _attacks(pattern):
        if _spent(pattern, text, anchored) < SUSPECT_S:
            continue
        growth = _growth(pattern, text, anchored)
        assert growth < MAX_GROWTH, (
            f"{growth:.1f} times as long",
            text[:60],
            pattern.pattern[:200],
        )
