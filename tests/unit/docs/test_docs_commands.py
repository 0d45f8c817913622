"""What a document tells people to type is understood: commands, settings, SQL, make targets, Python names.

Nothing is run: words go through the command line's own parser, settings through their models, SQL through DuckDB's binder
over empty tables.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import duckdb
import pytest
from tests.unit.docs.pages import DOCUMENTS, ROOT, Block, commands, page

from faquarry.cli import VERBS, _parser
from faquarry.config.load import load
from faquarry.config.settings import Section, Settings
from faquarry.errors import FaquarryError
from faquarry.lake.tables import TABLES
from faquarry.training.recipe_files import kind_of, read_recipe
from faquarry.training.retriever.recipe import RetrieverRecipe
from faquarry.training.scorer.recipe import ScorerRecipe
from faquarry.training.small.recipe import SmallRecipe

NAMES = {verb.name for verb in VERBS}
PARSER = _parser()
RECIPES = {"small": SmallRecipe, "small-scorer": ScorerRecipe}
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
FILES = ("json", "csv", "png", "toml", "py", "md", "html")
named = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def arguments_of(words: list[str]) -> list[str] | None:
    """What a command gives to the parser, however faquarry is started; None for other commands.

    >>> arguments_of(["docker", "run", "faquarry:slim", "run", "sample"]), arguments_of(["docker", "images", "faquarry"])
    (['run', 'sample'], None)
    >>> arguments_of(["spark-submit", "--conf", "a=b", "jobs/mine.py", "--refresh"])
    ['mine', '--refresh']
    """
    for at, word in enumerate(words):
        rest = words[at + 1 :]
        if re.fullmatch(r"(.*/)?faquarry(:\w+)?", word) and (not at or (rest and rest[0] in NAMES)):
            return rest
        if job := re.fullmatch(r"(?:.*/)?jobs/(\w+)\.py", word):
            return [job.group(1), *rest] if job.group(1) in NAMES else None
    return None


def recipe_of(assignments: list[str], name: str) -> Section:
    base, _ = kind_of(name) if not name.endswith(".toml") else ("rn", None)
    if base in RECIPES:
        return read_recipe(RECIPES[base], base, assignments=assignments)
    return read_recipe(RetrieverRecipe, f"retriever/{base}", assignments=assignments, under=("retriever/_base",))


def problem_of(arguments: list[str]) -> str | None:
    if not arguments or arguments[0] in ("--version", "--help", "VERB"):
        return None
    plain = [word.strip("[]") for word in arguments if word not in ("…", "...")]
    if "…" in arguments and plain[0] in ("extract", "run", "graph"):
        plain.append("SOURCE")
    try:
        options = PARSER.parse_args(plain)
        if options.verb.recipe:
            recipe_of(options.set, options.recipe)
        else:
            load(None, options.set)
    except SystemExit as stop:
        return None if stop.code == 0 else f"faquarry {' '.join(arguments)}"
    except FaquarryError as error:
        return f"faquarry {' '.join(arguments)}: {error}"
    return None


@named
def test_commands_are_understood(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    problems = []
    for words in commands(page(document)):
        arguments = arguments_of(words)
        if arguments is not None and (problem := problem_of(arguments)):
            problems.append(problem)
    assert problems == [], capsys.readouterr().err


@named
def test_commands_in_sentences_name_verbs_and_options(document: Path) -> None:
    problems = []
    for mark in page(document).marks:
        for command in re.findall(r"(?:^|\s|/)faquarry ((?:[a-z]+\b(?![.:/])|-).*)", mark):
            verb, *rest = command.split()
            if verb not in NAMES and not verb.startswith("-"):
                problems.append(mark)
            elif verb in NAMES:
                known = PARSER._subparsers._group_actions[0].choices[verb]._option_string_actions  # type: ignore[union-attr]
                problems += [
                    f"{mark}: {word}" for word in rest if re.match(r"--\w", word) and word.split("=")[0] not in known
                ]
    assert problems == []


@named
def test_make_targets_are_there(document: Path) -> None:
    found = page(document)
    typed = [words for words in commands(found) if "make" in words]
    typed += [mark.split() for mark in found.marks if re.match(r"(?:[A-Z_]+=\S+ )*make ", mark)]
    asked = {words[words.index("make") + 1] for words in typed if words[-1] != "make"}
    assert sorted(asked - TARGETS) == []


@cache
def keys() -> dict[str, set[str]]:
    """What may stand behind a first word and a dot: settings, columns, settings of recipes."""
    known: dict[str, set[str]] = {name: set(table.columns) for name, table in TABLES.items()}
    for model in (Settings, RetrieverRecipe, *RECIPES.values()):
        for name, field in model.model_fields.items():
            if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
                known.setdefault(name, set()).update(field.annotation.model_fields)
    return known


@named
def test_settings_and_columns_exist(document: Path) -> None:
    """`mine.depth`, `align.profile=webfaq`, `pages.markup`; `export.json` is a file, `spark.archives` Spark's."""
    problems = []
    for mark in page(document).marks:
        found = re.fullmatch(r"(_?[a-z]+)\.([a-z_0-9]+)(?:\s?=.*)?", mark)
        if found is None or found.group(1) not in keys().keys() - {"spark"} or found.group(2) in FILES:
            continue
        if found.group(2) not in keys()[found.group(1)]:
            problems.append(mark)
    assert problems == []


@named
def test_toml_is_understood(document: Path, tmp_path: Path) -> None:
    problems = []
    for block in page(document).blocks:
        if block.language != "toml":
            continue
        file = tmp_path / "one.toml"
        file.write_text(block.text, encoding="utf-8")
        try:
            if "base" in (said := tomllib.loads(block.text)):
                base = said["base"]
                read_recipe(RetrieverRecipe, f"retriever/{base}", file, under=("retriever/_base",))
            else:
                load(file)
        except FaquarryError as error:
            problems.append(str(error))
    assert problems == []


def queries_of(document: Path) -> Iterator[str]:
    for words in commands(page(document)):
        arguments = arguments_of(words) or []
        if arguments[:1] == ["sql"]:
            yield PARSER.parse_args(arguments).query
    yield from (block.text for block in page(document).blocks if block.language == "sql")


@named
def test_queries_fit_the_tables(document: Path) -> None:
    queries = list(queries_of(document))
    if not queries:
        return
    connection = empty_lake()
    problems = []
    for query in queries:
        try:
            connection.execute(f"EXPLAIN {query}")
        except duckdb.Error as error:
            problems.append(f"{query}: {error}")
    assert problems == []


@cache
def empty_lake() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for name, table in TABLES.items():
        connection.register(name, table.schema.empty_table())
    return connection


@pytest.mark.parametrize("document", [p for p in DOCUMENTS if p.name != "extending.md"], ids=lambda path: path.name)
def test_python_names_are_there(document: Path) -> None:
    """Blocks of Python can be compiled, and what they import from faquarry is there; so are dotted names in code marks.

    The guide's own names come to be when its test runs it.
    """
    problems = []
    for block in page(document).blocks:
        if block.language == "python" or (not block.language and re.match(r"(from|import) ", block.text)):
            problems += [name for name in imported(block) if not is_there(name)]
    for mark in page(document).marks:
        dotted = re.fullmatch(r"(faquarry(?:\.\w+)+)(?:\(.*\))?", mark)
        if dotted and not mark.endswith(FILES) and not is_there(dotted.group(1)):
            problems.append(mark)
    assert problems == []


def imported(block: Block) -> Iterator[str]:
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "faquarry":
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "faquarry")


@cache
def is_there(dotted: str) -> bool:
    """A module, or a name at the top of one; read, not imported (torch takes seconds)."""
    place, names = ROOT / "lib", dotted.split(".")
    while names and (place / names[0]).is_dir():
        place /= names.pop(0)
    if names and (place / f"{names[0]}.py").is_file():
        return len(names) == 1 or names[1] in defined(place / f"{names[0]}.py")
    return not names or names[0] in defined(place / "__init__.py")


@cache
def defined(file: Path) -> set[str]:
    """Names at the top of a module, and those that only a type checker sees (`faquarry.open`)."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found


def test_the_checks_see_what_is_wrong() -> None:
    assert problem_of(["extract", "a", "--lkae", "x"]) is not None
    assert problem_of(["mine", "--set", "mine.dpeth=3"]) is not None
    assert problem_of(["train", "--set", "fit.epoch=3"]) is not None
    assert not is_there("faquarry.lake.tables.NOTHING")
    assert is_there("faquarry.open")
    assert is_there("faquarry.lake.lake.Lake")
    assert len({tuple(words) for path in DOCUMENTS for words in commands(page(path)) if arguments_of(words)}) > 60
