"""From a model that was found to one that encodes: on a device, with a number of threads, in a precision that holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from faquarry.config.settings import ModelSettings
from faquarry.vectors.model import Encoder, ModelInfo
from faquarry.vectors.runtime import TOLERANCE, Kept, loaded, lower_precision, require_models_extra, settle
from faquarry.vectors.sentence import SentenceEncoder

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

__all__ = ["PROBE", "cosines_hold", "load_encoder", "worker_encoder"]

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

_kept: Kept[Encoder] = Kept()


def worker_encoder(info: ModelInfo, settings: ModelSettings, device: str, threads: int) -> Encoder:
    """`load_encoder`, once a process: the last two models that were asked for stay loaded."""
    key = (info.name, info.revision, info.folder, device, settings.precision, threads)
    return _kept.get(key, lambda: load_encoder(info, settings, device, threads=threads))


def load_encoder(
    info: ModelInfo, settings: ModelSettings, device: str = "cpu", *, threads: int | None = None
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
    settle(device, threads)
    model = _sentence_transformer(info, settings, device)
    encoder = SentenceEncoder(info, model, device, PROBE)
    lower_precision(model, settings, device, info.name, lambda: encoder.encode(PROBE), cosines_hold, "cosines")
    return encoder


def _sentence_transformer(info: ModelInfo, settings: ModelSettings, device: str) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer

    return loaded(SentenceTransformer, info, settings, device)


def cosines_hold(exact: Any, rough: Any) -> bool:
    """Whether every cosine between two texts, and of a text with itself in the other precision, stays within 0.01."""
    rough = np.nan_to_num(rough, nan=10.0)
    among = np.abs(exact @ exact.T - rough @ rough.T).max()
    across = np.abs(1 - np.einsum("ij,ij->i", exact, rough)).max()
    return cast(bool, max(among, across) <= TOLERANCE)
