"""The order in which the stages work on a lake: ``faquarry run`` is this list, from archives to aligned pairs.

Semantic duplicates need vectors, so that kind is looked for after `embed`, the others before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from faquarry.config.settings import Settings
from faquarry.stage import Stage

__all__ = ["stages"]


def stages(sources: Sequence[str], settings: Settings, *, prefix: str | None = None) -> Iterator[Stage]:
    """The stages one after the other; each is made only when those before it have ended."""
    from faquarry.bitext.stage import AlignStage
    from faquarry.dedup.stage import DeduplicateStage
    from faquarry.extract.stage import ExtractStage
    from faquarry.vectors.stage import EmbedStage

    yield ExtractStage.of(sources, settings, prefix=prefix)
    yield DeduplicateStage.of(settings, ("question", "near"))
    yield EmbedStage.of(settings)
    yield DeduplicateStage.of(settings, ("semantic",))
    yield AlignStage.of(settings)
