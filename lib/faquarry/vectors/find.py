"""From a name or a folder to a model, without loading it: what an absent or unsound model is refused by, before Spark."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from faquarry.config.settings import ModelSettings
from faquarry.errors import UsageError
from faquarry.vectors.files import LocalFiles, check, described
from faquarry.vectors.known import Known, known_as
from faquarry.vectors.model import ModelInfo, Thresholds
from faquarry.vectors.revision import folder_revision

__all__ = ["PACKAGED", "find_model", "located"]

PACKAGED = "faquarry-small"
_EXAMPLE = "sentence-transformers/LaBSE"


def find_model(name: str, settings: ModelSettings) -> ModelInfo:
    """The model called `name`: the packaged one, a folder, or one of a hub (`NAME` or `NAME@REVISION`).

    A model of a hub is taken from the local cache, else fetched into it.

    Raises:
        UsageError: there is no such model, it is damaged, or it would run code that nobody has asked for.
        EnvironmentProblem: it is not in the cache, and the hub cannot be reached.
    """
    if name == PACKAGED:
        from faquarry.vectors.small import info

        return info()
    called, folder = located(name, settings, f"{PACKAGED}, the folder of a sentence-transformers model", _EXAMPLE)
    return _in_folder(called, folder, settings)


def located(name: str, settings: ModelSettings, instead: str, example: str) -> tuple[str, Path]:
    """What a model goes by, and its folder: a folder that is there, else that of the hub's cache, filled when need be.

    Args:
        instead: what could be given in place of a name that is none, for the error.
        example: a name on a hub.

    Raises:
        UsageError: `name` is neither a folder nor a name, or the hub does not have it.
        EnvironmentProblem: it is not in the cache, and the hub cannot be reached.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _called(folder), folder
    if name.startswith((".", "/", "~")) or name.count("/") != 1:
        raise UsageError(f"There is no model {name}: give {instead}, or its name on a hub (as in {example}).")
    from faquarry.vectors.hub import snapshot

    plain, _, revision = name.partition("@")
    return plain, snapshot(plain, revision or None, settings)


def _called(folder: Path) -> str:
    """The name a folder's vectors go by: its own, not where it lies; that of the hub for a snapshot of its cache.

    >>> _called(Path("/cache/models--BAAI--bge-m3/snapshots/0123456789abcdef0123456789abcdef01234567"))
    'BAAI/bge-m3'
    """
    resolved = folder.absolute()
    if resolved.parent.name == "snapshots" and resolved.parents[1].name.startswith("models--"):
        return resolved.parents[1].name.removeprefix("models--").replace("--", "/")
    return resolved.name


def _in_folder(name: str, folder: Path, settings: ModelSettings) -> ModelInfo:
    files = LocalFiles(folder.absolute())
    check(name, files.names, files.json, settings)
    found = described(name, files)
    known = known_as(name) or Known()
    max_tokens = min(found.max_tokens, known.max_tokens or found.max_tokens)
    revision = folder_revision(files)
    if settings.max_tokens is not None and settings.max_tokens < max_tokens:
        max_tokens = settings.max_tokens
        revision = f"{revision}-{max_tokens}"  # texts that are cut elsewhere have other vectors
    return ModelInfo(
        name=name,
        revision=revision,
        dim=found.dim,
        max_tokens=max_tokens,
        kind="sentence-transformers",
        folder=str(files.folder),
        pooling=found.pooling,
        prefixes=dict(known.prefixes or found.prefixes),
        thresholds=_thresholds(name, found.thresholds, known),
        tasks=dict(known.tasks),
        static=found.static,
    )


def _thresholds(name: str, own: object, known: Known) -> Thresholds:
    if not own:
        return known.thresholds
    try:
        return replace(known.thresholds, **{key: float(value) for key, value in dict(own).items()})  # type: ignore[call-overload]
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"The model {name} names thresholds that are not known (faquarry.json): keep, publish, semantic, low."
        ) from error
