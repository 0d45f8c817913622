"""A head: what turns the vectors of a pair (and its words) into a label with a probability. numpy, no torch.

On disk a folder a taxonomy:

head.json           name, taxonomy, labels, the encoder and its revision, how it was made, its scores
head.safetensors    the weights
words.txt.xz        the words that have a weight, one a line (of a head that looks at words)
"""

from __future__ import annotations

import hashlib
import json
import lzma
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from faquarry.errors import UsageError
from faquarry.labels.logistic import Weights, log_probabilities
from faquarry.labels.words import VIEWS, Vocabulary
from faquarry.vectors.model import Field

__all__ = ["FORMAT", "Head", "read_head", "write_head"]

Floats = npt.NDArray[np.floating]

FORMAT = 1
_META, _WEIGHTS, _WORDS = "head.json", "head.safetensors", "words.txt.xz"


@dataclass(frozen=True)
class Head:
    """Logits are a weighted sum: those of the vectors (of `fields`, side by side), and those of the words.

    `mix` are the weights of the two, by which the probabilities are calibrated; `prior` is added to the sum. `revision` is
    a hash of all that labels depend on, the encoder's revision included.
    """

    name: str
    taxonomy: str
    labels: tuple[str, ...]
    encoder: str
    encoder_revision: str
    fields: tuple[Field, ...]
    vectors: Weights
    vocabulary: Vocabulary | None
    words: Weights | None
    mix: tuple[float, ...]
    prior: tuple[float, ...]
    revision: str = ""
    told: Mapping[str, Any] = field(default_factory=dict)
    kind: Literal["linear"] = "linear"

    def probabilities(
        self, vectors: Mapping[str, Floats], texts: tuple[Sequence[str], Sequence[str]]
    ) -> npt.NDArray[np.float64]:
        """-> (n, labels)

        Args:
            vectors: unit vectors by field, (n, dim) each; those of `fields` are looked at.
            texts: questions and answers, n each.
        """
        logits = self.mix[0] * self.vectors.logits(np.concatenate([vectors[field] for field in self.fields], axis=1))
        if self.vocabulary is not None and self.words is not None:
            logits += self.mix[1] * self.words.logits(self.vocabulary.rows(*texts))
        return np.exp(log_probabilities(logits + np.asarray(self.prior)))

    def predict(
        self, vectors: Mapping[str, Floats], texts: tuple[Sequence[str], Sequence[str]]
    ) -> tuple[list[str], npt.NDArray[np.float64]]:
        """The likeliest label of each pair, and its probability. Arguments as of `probabilities`."""
        found = self.probabilities(vectors, texts)
        return [self.labels[place] for place in found.argmax(axis=1)], found.max(axis=1)


def write_head(head: Head, folder: Path) -> Head:
    """Writes the folder. -> the head as it is read from there (its weights in 16 bits, its revision known)."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    tensors: dict[str, Floats] = {"vectors": head.vectors.matrix, "vectors_bias": head.vectors.bias}
    if head.vocabulary is not None and head.words is not None:
        tensors |= {"words": head.words.matrix.T, "words_bias": head.words.bias, "rarity": head.vocabulary.rarity}
        lines = "".join(f"{word}\n" for word in head.vocabulary.words)
        (folder / _WORDS).write_bytes(lzma.compress(lines.encode(), preset=9))
    save_file({name: np.ascontiguousarray(value, np.float16) for name, value in tensors.items()}, folder / _WEIGHTS)
    (folder / _WEIGHTS).chmod(0o644)  # safetensors writes for the owner alone
    meta = {
        "format": FORMAT,
        "kind": head.kind,
        "name": head.name,
        "taxonomy": head.taxonomy,
        "labels": list(head.labels),
        "encoder": {"name": head.encoder, "revision": head.encoder_revision},
        "fields": list(head.fields),
        "words": head.vocabulary.view if head.vocabulary is not None else None,
        "mix": [round(weight, 6) for weight in head.mix],
        "prior": [round(offset, 6) for offset in head.prior],
        "trained": dict(head.told),
    }
    (folder / _META).write_text(json.dumps(meta, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return read_head(folder)


def read_head(folder: Path) -> Head:
    """Reads a folder that `write_head` wrote.

    Raises:
        UsageError: it holds no head, or one that is damaged or of another format.
    """
    meta = read_meta(folder)
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        tensors = {name: value.astype(np.float64) for name, value in load_file(folder / _WEIGHTS).items()}
        view = meta["words"]
        vocabulary = words = None
        if view is not None:
            lines = lzma.decompress((folder / _WORDS).read_bytes()).decode().split("\n")[:-1]
            vocabulary = Vocabulary(view, tuple(lines), tensors["rarity"].astype(np.float32))
            words = Weights(tensors["words"].T, tensors["words_bias"])
            if view not in VIEWS or len(lines) != len(tensors["rarity"]):
                raise ValueError("words and weights do not fit")
        return Head(
            name=str(meta["name"]),
            taxonomy=str(meta["taxonomy"]),
            labels=tuple(meta["labels"]),
            encoder=str(meta["encoder"]["name"]),
            encoder_revision=str(meta["encoder"]["revision"]),
            fields=tuple(meta["fields"]),
            vectors=Weights(tensors["vectors"], tensors["vectors_bias"]),
            vocabulary=vocabulary,
            words=words,
            mix=tuple(meta["mix"]),
            prior=tuple(meta["prior"]),
            revision=_revision(folder, meta),
            told=meta.get("trained", {}),
        )
    except (OSError, SafetensorError, lzma.LZMAError, KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"The head in {folder} is damaged ({error}): train it again (faquarry label --train)."
        ) from error


def read_meta(folder: Path) -> dict[str, Any]:
    """What stands in head.json.

    Raises:
        UsageError: there is none, or of another format.
    """
    try:
        meta = json.loads((folder / _META).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{folder} holds no head ({_META} is missing or damaged): faquarry label --train writes one."
        ) from error
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        raise UsageError(f"The head in {folder} has another format than {FORMAT}, which this version reads.")
    return meta


def _revision(folder: Path, meta: Mapping[str, Any]) -> str:
    """16 hex digits over what labels depend on; its scores may be told anew without new labels."""
    shaping = {key: value for key, value in meta.items() if key not in ("trained", "name")}
    total = hashlib.sha256(json.dumps(shaping, sort_keys=True, ensure_ascii=False).encode())
    for name in (_WEIGHTS, _WORDS):
        if (folder / name).is_file():
            total.update(hashlib.sha256((folder / name).read_bytes()).digest())
    return total.hexdigest()[:16]
