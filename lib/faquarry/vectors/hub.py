"""Models by name: from the local cache of a hub, else from the hub, without pickles and checked before they are fetched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from faquarry.config.settings import ModelSettings
from faquarry.errors import EnvironmentProblem, UsageError
from faquarry.vectors.files import WANTED, LocalFiles, check

__all__ = ["snapshot"]

_TIMEOUT_S = 20.0


def snapshot(name: str, revision: str | None, settings: ModelSettings) -> Path:
    """The folder that holds the model's files at one commit.

    What the cache has is taken as it is, and the hub is not asked; `NAME@REVISION` asks for another revision.

    Raises:
        UsageError: the hub has no such model or revision, or `check` refuses it.
        EnvironmentProblem: it is not in the cache, and the hub does not answer.
    """
    cached = _cached(name, revision)
    if cached is not None:
        files = LocalFiles(cached)
        if any(file.endswith(".safetensors") for file in files.names):
            return cached
    return _fetched(name, revision, settings)


def _cached(name: str, revision: str | None) -> Path | None:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=list(WANTED), local_files_only=True))
    except (OSError, ValueError):  # not there; a name that is none is told by the hub
        return None


def _fetched(name: str, revision: str | None, settings: ModelSettings) -> Path:
    from huggingface_hub import HfApi, hf_hub_download, snapshot_download

    with _answering(name, revision):
        found = HfApi().model_info(name, revision=revision, timeout=_TIMEOUT_S)
    names = frozenset(sibling.rfilename for sibling in found.siblings or ())

    def read(file: str) -> Any:
        if file not in names:
            return {}
        with _answering(name, revision):
            path = hf_hub_download(name, file, revision=found.sha)
        return json.loads(Path(path).read_text(encoding="utf-8"))

    check(name, names, read, settings)
    patterns = [*WANTED, *(["*.py"] if settings.trust_remote_code else [])]
    with _answering(name, revision):  # by the name of the revision, so that the cache knows it by that name too
        return Path(snapshot_download(name, revision=revision, allow_patterns=patterns))


@contextmanager
def _answering(name: str, revision: str | None) -> Iterator[None]:
    """Says what it means when a request to the hub fails. Only requests stand inside."""
    from huggingface_hub import constants
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        yield
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise UsageError(
            f"There is no model {name} at {constants.ENDPOINT} (or it is private: set HF_TOKEN), and no folder of that name."
        ) from error
    except RevisionNotFoundError as error:
        raise UsageError(f"The model {name} has no revision {revision} at {constants.ENDPOINT}.") from error
    except Exception as error:  # the hub's client has changed its transport, and its errors with it, three times
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise EnvironmentProblem(
            f"The model {name} is not in the local cache ({constants.HF_HUB_CACHE}), and {constants.ENDPOINT} cannot be "
            f"reached ({first[:200]}): fetch it where there is a network (hf download {name}), give the folder of a copy, "
            "or use the packaged one."
        ) from error
