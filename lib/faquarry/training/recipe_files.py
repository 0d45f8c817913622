"""Recipes: packaged values (recipes/NAME.toml), a TOML file over them, single assignments over both."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from faquarry.config.settings import Section
from faquarry.errors import ConfigError, UsageError

__all__ = ["PACKAGED", "kind_of", "parsed", "read_recipe"]

Recipe = TypeVar("Recipe", bound=Section)

PACKAGED = Path(__file__).parent / "recipes"
"""The folder of the recipes that come along."""


def read_recipe(
    kind: type[Recipe], name: str, file: Path | None = None, assignments: Sequence[str] = (), under: Sequence[str] = ()
) -> Recipe:
    """The packaged recipe `name`, then `file`, then assignments; `under` are packaged files that lie below all of them.

    Raises:
        ConfigError: an unknown key, or a value that cannot be.
    """
    values: dict[str, Any] = {}
    for path in (*(PACKAGED / f"{one}.toml" for one in (*under, name)), file):
        if path is not None:
            _merge(values, parsed(path))
    values.pop("base", None)
    for assignment in assignments:
        _merge(values, _parsed(assignment, f"--set {assignment}"))
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigError(f"The recipe {name} does not take {where} = {first['input']!r}: {first['msg']}.") from error


def kind_of(recipe: str) -> tuple[str, Path | None]:
    """The packaged recipe that a name or a file means, and the file.

    Raises:
        ConfigError: the file cannot be read.
        UsageError: there is no such recipe, or the file does not say which one it changes.
    """
    known = sorted({path.stem for path in PACKAGED.rglob("*.toml") if not path.stem.startswith("_")})
    if not recipe.endswith(".toml"):
        if recipe not in known:
            raise UsageError(
                f"there is no recipe {recipe}: this version has {', '.join(known)}, and TOML files over them."
            )
        return recipe, None
    file = Path(recipe)
    base = parsed(file).get("base")
    if base not in known:
        raise UsageError(f'{file} must say which recipe it changes, as in base = "rn"; there are {", ".join(known)}.')
    return base, file


def parsed(file: Path) -> dict[str, Any]:
    """What a TOML file says.

    Raises:
        ConfigError: it is not there, or is no TOML.
    """
    try:
        return _parsed(file.read_text(encoding="utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The recipe {file} cannot be read: {getattr(error, 'strerror', None) or error}.") from error


def _parsed(text: str, origin: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{origin} is not TOML: {error}.") from error


def _merge(into: dict[str, Any], new: dict[str, Any]) -> None:
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value
