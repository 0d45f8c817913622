"""How a neural model comes to run on a machine, encoder or scorer: device, threads, files, and a precision that holds."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from faquarry.config.settings import ModelSettings
from faquarry.errors import EnvironmentProblem, MissingExtra
from faquarry.spark.devices import task_device, task_threads
from faquarry.vectors.batching import Budget

if TYPE_CHECKING:
    import pyarrow as pa
    import torch

__all__ = [
    "CPU_TOKENS",
    "GPU_TOKENS",
    "TOLERANCE",
    "Found",
    "Kept",
    "Place",
    "gpus_seen",
    "in_place",
    "loaded",
    "lower_precision",
    "model_folder",
    "place_of_task",
    "require_models_extra",
    "require_packages",
    "settle",
]

log = logging.getLogger(__name__)

CPU_TOKENS, GPU_TOKENS = 8_192, 65_536
"""Tokens of a batch where the settings name none."""

TOLERANCE = 1e-2
"""By how much cosines, or scores from 0 to 1, may differ from those of float32."""

Model = TypeVar("Model")
Module = TypeVar("Module", bound="torch.nn.Module")


class Found(Protocol):
    """A model that was found by name or folder."""

    @property
    def name(self) -> str: ...
    @property
    def revision(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def folder(self) -> str | None: ...


@dataclass(frozen=True)
class Place:
    """Where a task runs its model, and what a batch may hold there."""

    device: str
    threads: int
    budget: Budget

    @property
    def on_gpu(self) -> bool:
        return self.device != "cpu"


class Kept(Generic[Model]):
    """Models that stay loaded in a worker: the last two that were asked for."""

    def __init__(self) -> None:
        self._models: dict[tuple[object, ...], Model] = {}

    def get(self, key: tuple[object, ...], load: Callable[[], Model]) -> Model:
        if key not in self._models:
            while len(self._models) > 1:
                del self._models[next(iter(self._models))]
            self._models[key] = load()
        return self._models[key]


def place_of_task(found: Found, settings: ModelSettings) -> Place:
    """The device that Spark gave the running task, its cores, and the tokens of a batch."""
    packaged = found.kind == "packaged"
    device = "cpu" if packaged else task_device(settings.device, gpus_seen, f"{settings.section}.device")
    tokens = settings.batch_tokens or (CPU_TOKENS if device == "cpu" else GPU_TOKENS)
    return Place(device, task_threads(), Budget(tokens, setting=f"{settings.section}.max_tokens"))


def in_place(
    found: Found,
    settings: ModelSettings,
    work: Callable[[Iterator[pa.RecordBatch], Place], Iterator[pa.RecordBatch]],
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """The function that mapInArrow is given: `work` over batches that hold rows, in the place of the task.

    A task without rows takes no place, and so loads no model.
    """

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        filled = (batch for batch in batches if batch.num_rows)
        first = next(filled, None)
        if first is not None:
            yield from work(chain([first], filled), place_of_task(found, settings))

    return run


def gpus_seen() -> int:
    """GPUs that torch sees in this process."""
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def require_models_extra(found: Found) -> None:
    """Tells without importing them whether the packages that a model needs are there.

    Raises:
        MissingExtra: sentence-transformers or torch is not installed.
    """
    if found.kind != "packaged":
        require_packages(f"The model {found.name}")


def require_packages(purpose: str, packages: Sequence[str] = ("torch", "sentence_transformers")) -> None:
    """Tells without importing them whether packages of the extra `models` are there.

    Raises:
        MissingExtra: one is not installed; the sentence begins with `purpose`.
    """
    from importlib.util import find_spec

    for package in packages:
        if find_spec(package) is None:
            raise MissingExtra(package.replace("_", "-"), "models", purpose)


def settle(device: str, threads: int | None) -> None:
    """Threads, and no forks of tokenizers: Spark runs a process a core, each must keep to its own."""
    several = device != "cpu" and (threads or 1) > 1  # a GPU waits for its tokens: let them be made in parallel
    os.environ["TOKENIZERS_PARALLELISM"] = "true" if several else "false"
    if threads is not None:
        os.environ.setdefault("RAYON_NUM_THREADS", str(threads))
    import torch
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    if threads is not None:
        torch.set_num_threads(threads)


def model_folder(found: Found, settings: ModelSettings) -> Path:
    """The model's files on this machine; on an executor without the driver's disk, from its own cache or the hub.

    Raises:
        EnvironmentProblem: they are a folder that is not on this machine.
    """
    folder = Path(found.folder or "")
    if folder.is_dir():
        return folder
    if "/" not in found.name:
        raise EnvironmentProblem(
            f"The folder {found.folder} of the model {found.name} is not on every machine: put it where all executors see it."
        )
    from faquarry.vectors.hub import snapshot

    return snapshot(found.name, found.revision.partition("-")[0], settings)


def loaded(kind: Callable[..., Module], found: Found, settings: ModelSettings, device: str) -> Module:
    """A model of sentence-transformers (`kind` is its class) from its folder, in float32, without pickles."""
    model = kind(
        str(model_folder(found, settings)),
        device=device,
        trust_remote_code=settings.trust_remote_code,
        local_files_only=not settings.trust_remote_code,
        model_kwargs={"use_safetensors": True, "dtype": "float32"},
    )
    model.eval()
    return model


def lower_precision(
    module: torch.nn.Module,
    settings: ModelSettings,
    device: str,
    name: str,
    probe: Callable[[], Any],
    holds: Any,
    what: str,
) -> None:
    """Puts a model into 16 bits where that is faster and its answers hold.

    Args:
        module: the model, in float32.
        probe: what the model answers now.
        holds: whether (answers in float32, answers in 16 bits) are close enough.
        what: cosines or scores, for the warning.
    """
    import torch

    wanted = settings.precision
    if wanted == "fp32" or (wanted == "auto" and not device.startswith("cuda")):
        return
    ladder: tuple[torch.dtype, ...]
    if wanted == "auto":
        ladder = (torch.bfloat16, torch.float16) if torch.cuda.is_bf16_supported() else (torch.float16,)
    else:
        ladder = (torch.bfloat16 if wanted == "bf16" else torch.float16,)
    exact = probe()
    state: Mapping[str, Any] = {key: tensor.cpu().clone() for key, tensor in module.state_dict().items()}
    for dtype in ladder:
        module.to(dtype)
        if holds(exact, probe()):
            return
        log.warning("%s moves the %s of %s by more than %s: not used", dtype, what, name, TOLERANCE)
        module.to(torch.float32)
        module.load_state_dict(state)
