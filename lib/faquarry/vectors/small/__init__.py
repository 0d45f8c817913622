"""The packaged small multilingual encoder: the default model, which needs neither torch nor a network.

A text's vector is the sum of the vectors of its subwords, brought to unit length: what it takes is a tokeniser and a
table. The table is kept in four bits a number (`table.py`), made by ``faquarry train --recipe small``
(`faquarry.training.small`), described in docs/small-encoder.md.

Example:
    >>> encoder = load()
    >>> question, translation, other = encoder.encode(["How do I delete my account?", "Wie lösche ich mein Konto?", "Où ?"])
    >>> bool(question @ translation > question @ other)
    True
"""

from __future__ import annotations

from pathlib import Path

from faquarry.vectors.model import ModelInfo
from faquarry.vectors.small.encoder import SmallEncoder
from faquarry.vectors.small.files import NAME, read_info
from faquarry.vectors.small.sentence import save_static

__all__ = ["NAME", "SmallEncoder", "as_sentence_transformer", "info", "load", "save_pretrained"]

_PACKAGED = Path(__file__).parent / "model"


def info(folder: Path = _PACKAGED) -> ModelInfo:
    """The packaged model (or one that the recipe wrote to `folder`) without loading its table."""
    return read_info(folder)


def load(folder: Path = _PACKAGED) -> SmallEncoder:
    """The packaged model (or one that the recipe wrote to `folder`), ready to encode."""
    return SmallEncoder.read(folder)


def save_pretrained(folder: Path | str, model: Path = _PACKAGED) -> None:
    """Writes the model as a sentence-transformers folder (StaticEmbedding and Normalize) giving the same vectors.

    ``SentenceTransformer(folder)`` reads it; neither torch nor sentence-transformers is needed to write it.
    """
    save_static(SmallEncoder.read(model), Path(folder))


as_sentence_transformer = save_pretrained
