"""Which heads label a lake: the packaged ones, or those of a folder; refused before Spark where they do not fit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from faquarry.config.settings import LabelSettings
from faquarry.errors import UsageError
from faquarry.labels.head import Head, read_head, read_meta
from faquarry.labels.taxonomy import Taxonomy, taxonomies
from faquarry.labels.transformer import TransformerHead, read_transformer
from faquarry.vectors.model import ModelInfo

__all__ = ["PACKAGED", "AnyHead", "find_heads", "misfits"]

PACKAGED = Path(__file__).parent / "heads"

AnyHead = Head | TransformerHead


def find_heads(settings: LabelSettings) -> tuple[AnyHead, ...]:
    """A head for each taxonomy that is asked for.

    A folder of one's own holds a head, or a folder for each taxonomy (as `faquarry label --train` writes them); for a
    taxonomy that it does not have the packaged head is taken.

    Raises:
        UsageError: there is no such folder, a head is damaged, or it is of another taxonomy.
    """
    wanted = taxonomies(settings.taxonomies)
    own = _own(settings.head, wanted) if settings.head is not None else {}
    return tuple(_read(own.get(taxonomy.name, PACKAGED / taxonomy.name), taxonomy) for taxonomy in wanted)


def misfits(heads: Sequence[AnyHead], info: ModelInfo) -> str | None:
    """The sentence that says why heads cannot label vectors of an encoder; None when they can."""
    for head in heads:
        if isinstance(head, Head) and (head.encoder, head.encoder_revision) != (info.name, info.revision):
            return (
                f"The head {head.name} ({head.taxonomy}) belongs to the encoder {head.encoder} ({head.encoder_revision}), "
                f"and embed.retrieval_model is {info.name} ({info.revision}): train one for it "
                "(faquarry label --train FILE --output FOLDER) and name it with --head FOLDER."
            )
    return None


def _own(head: str, wanted: Sequence[Taxonomy]) -> dict[str, Path]:
    folder = Path(head).expanduser()
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder} with heads (label.head): faquarry label --train writes one.")
    below = {taxonomy.name: folder / taxonomy.name for taxonomy in wanted if (folder / taxonomy.name).is_dir()}
    if below:
        return below
    name = str(read_meta(folder).get("taxonomy"))
    if name not in {taxonomy.name for taxonomy in wanted}:
        raise UsageError(
            f"The head in {folder} is for the taxonomy {name}; asked for: {', '.join(one.name for one in wanted)}."
        )
    return {name: folder}


def _read(folder: Path, taxonomy: Taxonomy) -> AnyHead:
    meta = read_meta(folder)
    head: AnyHead = read_transformer(folder) if meta.get("kind") == "transformer" else read_head(folder)
    if head.taxonomy != taxonomy.name:
        raise UsageError(f"The head in {folder} is for the taxonomy {head.taxonomy}, not {taxonomy.name}.")
    return head
