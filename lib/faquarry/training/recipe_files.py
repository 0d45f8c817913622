"""Recipes: packaged values (recipes/NAME.toml), a TOML file over them, single assignments over both."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from faquarry.config.settings import Section
from faquarry.errors import ConfigError

__all__ = ["read_recipe"]

Recipe = TypeVar("Recipe", bound=Section)

_PACKAGED = Path(__file__).parent / "recipes"


def read_recipe(kind: type[Recipe], name: str, file: Path | None = None, assignments: Sequence[str] = ()) -> Recipe:
    """The packaged recipe `name`, then `file`, then assignments.

    Raises:
        ConfigError: an unknown key, or a value that cannot be.
    """
    values: dict[str, Any] = {}
    for path in (_PACKAGED / f"{name}.toml", file):
        if path is not None:
            _merge(values, _parsed(path.read_text(encoding="utf-8"), str(path)))
    for assignment in assignments:
        _merge(values, _parsed(assignment, f"--set {assignment}"))
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigError(f"The recipe {name} does not take {where} = {first['input']!r}: {first['msg']}.") from error


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
