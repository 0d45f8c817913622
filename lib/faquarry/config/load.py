"""From packaged defaults, a TOML file and ``--set`` to one `Settings`, knowing where every value came from."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from faquarry.config.settings import Settings
from faquarry.errors import ConfigError

__all__ = ["Configured", "load"]


@dataclass(frozen=True)
class Configured:
    """Settings, and for every dotted key that is not a default the file or option that set it."""

    settings: Settings
    origins: Mapping[str, str]

    def listing(self) -> Iterator[tuple[str, Any, str]]:
        """(dotted key, value, where from) for every setting, in the order of declaration."""
        for key, value in _flatten(self.settings):
            named = [origin for dotted, origin in self.origins.items() if key == dotted or dotted.startswith(f"{key}.")]
            yield key, value, named[-1] if named else "default"


def load(file: str | Path | None = None, assignments: Sequence[str] = (), **options: Any) -> Configured:
    """Merges, lowest first: defaults, the TOML file, ``a.b=c`` assignments, options of the command line (not None).

    Raises:
        ConfigError: the file is absent or not TOML, a key is unknown (the nearest is named), a value has a wrong type.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    if file is not None:
        for key, value in _file_values(Path(file)):
            _put(values, origins, key, value, str(file))
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals or not key.strip():
            raise ConfigError(f"--set wants KEY=VALUE, as in --set filters.profile=none, not {assignment!r}.")
        _put(values, origins, key.strip(), _parsed(text.strip()), f"--set {key.strip()}")
    for key, value in options.items():
        if value is not None:
            dotted = key.replace("__", ".")
            _put(values, origins, dotted, value, f"--{dotted.rsplit('.', 1)[-1].replace('_', '-')}")
    return Configured(_validated(values, origins), origins)


def _file_values(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"The configuration file {path} cannot be read: {error.strerror or error}.") from error
    try:
        parsed = tomllib.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits and deep nesting raise their own
        raise ConfigError(f"The configuration file {path} is not TOML: {error}.") from error

    def walk(prefix: str, node: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for name, value in node.items():
            key = f"{prefix}{name}"
            if isinstance(value, dict) and not _is_open(key):
                yield from walk(f"{key}.", value)
            else:
                yield key, value

    try:
        return iter(list(walk("", parsed)))
    except RecursionError:
        raise ConfigError(f"The configuration file {path} nests its tables too deep.") from None


def _put(values: dict[str, Any], origins: dict[str, str], key: str, value: Any, origin: str) -> None:
    """Sets a dotted key after checking that it exists. Below an open dictionary (spark.conf) any name goes."""
    parts = key.split(".")
    model: type[BaseModel] = Settings
    node = values
    for depth, part in enumerate(parts):
        field = model.model_fields.get(part)
        if field is None:
            raise ConfigError(_unknown(key, origin))
        inner = field.annotation
        last = depth == len(parts) - 1
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            if last:
                raise ConfigError(
                    f"{key} (from {origin}) is a group of settings: name one of them, as in {_first(key)}."
                )
            node, model = node.setdefault(part, {}), inner
        elif last:
            node[part] = value
            origins.pop(key, None)
            origins[key] = origin
            return
        elif _is_open(".".join(parts[: depth + 1])):
            node.setdefault(part, {})[".".join(parts[depth + 1 :])] = str(value)
            origins[key] = origin
            return
        else:
            raise ConfigError(_unknown(key, origin))


def _validated(values: Mapping[str, Any], origins: Mapping[str, str]) -> Settings:
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        origin = origins.get(key, "the command line")
        raise ConfigError(f"The setting {key} cannot be {first['input']!r} (from {origin}): {first['msg']}.") from error


def _parsed(text: str) -> Any:
    """``--set`` values are TOML where they parse, else text: 5 is a number, none is a word."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text


def _flatten(node: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name in type(node).model_fields:
        value = getattr(node, name)
        if isinstance(value, BaseModel):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _keys() -> list[str]:
    return [key for key, _ in _flatten(Settings())]


def _is_open(key: str) -> bool:
    """Whether a key is a dictionary that takes any name."""
    return any(key == known and isinstance(value, dict) for known, value in _flatten(Settings()))


def _unknown(key: str, origin: str) -> str:
    near = difflib.get_close_matches(key, _keys(), n=1, cutoff=0.5)
    if not near:  # the right last word under the wrong section
        near = [known for known in _keys() if known.rsplit(".", 1)[-1] == key.rsplit(".", 1)[-1]][:1]
    hint = f" Did you mean {near[0]}?" if near else " `faquarry config` lists all settings."
    return f"There is no setting {key} (from {origin}).{hint}"


def _first(section: str) -> str:
    return next(key for key in _keys() if key.startswith(f"{section}."))
