"""From a model that was found to one that encodes: on a device, with a number of threads, in a precision that holds."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from faquarry.config.settings import EmbedSettings
from faquarry.errors import EnvironmentProblem, MissingExtra
from faquarry.vectors.model import Encoder, ModelInfo
from faquarry.vectors.sentence import SentenceEncoder

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

__all__ = ["PROBE", "cosines_hold", "gpus_seen", "load_encoder", "require_models_extra", "worker_encoder"]

log = logging.getLogger(__name__)

# What precisions are compared on: scripts, lengths and digits of all kinds, the same for every run.
PROBE = (
    "How do I return a parcel?",
    "Print the label from your account and hand the parcel in at any post office within 14 days.",
    "Wie lange dauert der Versand nach Österreich?",
    "¿Puedo pagar con tarjeta de crédito o sólo en efectivo?",
    "どのくらいで商品が届きますか？",
    "如何重置我的密码？",
    "هل يمكنني إلغاء الطلب بعد الدفع؟",
    "Можно ли изменить адрес доставки?",
    "मैं अपना खाता कैसे हटाऊँ?",
    "สินค้ารับประกันกี่ปี",
    "24/7",
    "The warranty covers defects of material and workmanship for two years from the date of purchase. It does not cover "
    "wear, accidents, or repairs by others. Keep the invoice: without it we cannot tell when the two years began.",
)
_TOLERANCE = 1e-2  # by how much cosines may differ from those of float32

_kept: dict[tuple[Any, ...], Encoder] = {}


def gpus_seen() -> int:
    """GPUs that torch sees in this process."""
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def require_models_extra(info: ModelInfo) -> None:
    """Tells without importing them whether the packages that a model needs are there.

    Raises:
        MissingExtra: sentence-transformers or torch is not installed.
    """
    from importlib.util import find_spec

    if info.kind == "packaged":
        return
    for package in ("torch", "sentence_transformers"):
        if find_spec(package) is None:
            raise MissingExtra(package.replace("_", "-"), "models", f"The model {info.name}")


def worker_encoder(info: ModelInfo, settings: EmbedSettings, device: str, threads: int) -> Encoder:
    """`load_encoder`, once a process: the last two models that were asked for stay loaded."""
    key = (info.name, info.revision, info.folder, device, settings.precision, threads)
    if key not in _kept:
        while len(_kept) > 1:
            del _kept[next(iter(_kept))]
        _kept[key] = load_encoder(info, settings, device, threads=threads)
    return _kept[key]


def load_encoder(
    info: ModelInfo, settings: EmbedSettings, device: str = "cpu", *, threads: int | None = None
) -> Encoder:
    """Loads a model.

    Args:
        info: as `find_model` gave it.
        device: ``cpu``, ``cuda`` or ``cuda:1``.
        threads: threads of the CPU it may use; None leaves torch's own choice.

    Raises:
        MissingExtra: the extra `models` is not installed.
        EnvironmentProblem: the folder is not on this machine.
    """
    if info.kind == "packaged":
        from faquarry.vectors.small import load

        return load()
    require_models_extra(info)
    _settle(device, threads)
    model = _sentence_transformer(info, settings, device)
    encoder = SentenceEncoder(info, model, device, PROBE)
    _lower_precision(encoder, settings.precision, device)
    return encoder


def _settle(device: str, threads: int | None) -> None:
    """Threads, and no forks of tokenizers: Spark runs a process a core, each must keep to its own."""
    several = device != "cpu" and (threads or 1) > 1  # a GPU waits for its tokens: let them be made in parallel
    os.environ["TOKENIZERS_PARALLELISM"] = "true" if several else "false"
    if threads is not None:
        os.environ.setdefault("RAYON_NUM_THREADS", str(threads))
    import torch

    if threads is not None:
        torch.set_num_threads(threads)


def _sentence_transformer(info: ModelInfo, settings: EmbedSettings, device: str) -> SentenceTransformer:
    folder = Path(info.folder or "")
    if not folder.is_dir():
        folder = _fetched_here(info, settings)
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    model = SentenceTransformer(
        str(folder),
        device=device,
        trust_remote_code=settings.trust_remote_code,
        local_files_only=not settings.trust_remote_code,
        model_kwargs={"use_safetensors": True, "dtype": "float32"},
    )
    model.eval()
    return model


def _fetched_here(info: ModelInfo, settings: EmbedSettings) -> Path:
    """The model on an executor that does not share the driver's disk: from its own cache, or the hub."""
    if "/" not in info.name:
        raise EnvironmentProblem(
            f"The folder {info.folder} of the model {info.name} is not on every machine: put it where all executors see it."
        )
    from faquarry.vectors.hub import snapshot

    return snapshot(info.name, info.revision.partition("-")[0], settings)


def _lower_precision(encoder: SentenceEncoder, wanted: str, device: str) -> None:
    """Puts the model into 16 bits where that is faster and changes no cosine by more than 0.01."""
    import torch

    if wanted == "fp32" or (wanted == "auto" and not device.startswith("cuda")):
        return
    ladder: tuple[torch.dtype, ...]
    if wanted == "auto":
        ladder = (torch.bfloat16, torch.float16) if torch.cuda.is_bf16_supported() else (torch.float16,)
    else:
        ladder = (torch.bfloat16 if wanted == "bf16" else torch.float16,)
    exact = encoder.encode(PROBE)
    state = {name: tensor.cpu().clone() for name, tensor in encoder.model.state_dict().items()}
    for dtype in ladder:
        encoder.model.to(dtype)
        if cosines_hold(exact, encoder.encode(PROBE)):
            return
        log.warning("%s moves cosines of %s by more than %s: not used", dtype, encoder.info.name, _TOLERANCE)
        encoder.model.to(torch.float32)
        encoder.model.load_state_dict(state)


def cosines_hold(exact: Any, rough: Any) -> bool:
    """Whether every cosine between two texts, and of a text with itself in the other precision, stays within 0.01."""
    rough = np.nan_to_num(rough, nan=10.0)
    among = np.abs(exact @ exact.T - rough @ rough.T).max()
    across = np.abs(1 - np.einsum("ij,ij->i", exact, rough)).max()
    return cast(bool, max(among, across) <= _TOLERANCE)
