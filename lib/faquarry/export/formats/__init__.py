"""The formats there are, by name."""

from __future__ import annotations

from collections.abc import Mapping

from faquarry.export.format import Format
from faquarry.export.formats.benchmarks import BEIR, MTEB
from faquarry.export.formats.bitexts import MTEBBitext
from faquarry.export.formats.plain import CSV, JSONL
from faquarry.export.formats.trainers import FlagEmbedding, SentenceTransformers, Tevatron
from faquarry.export.formats.webfaq import HuggingFace

__all__ = ["FORMATS"]

FORMATS: Mapping[str, Format] = {
    format_.name: format_
    for format_ in (
        MTEB(),
        MTEBBitext(),
        BEIR(),
        SentenceTransformers(),
        FlagEmbedding(),
        Tevatron(),
        HuggingFace(),
        JSONL(),
        CSV(),
    )
}
