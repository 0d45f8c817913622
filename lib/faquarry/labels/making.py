"""What `faquarry label --train` does: labelled pairs in, a folder with a head a taxonomy out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from faquarry.config.settings import EmbedSettings, LabelSettings
from faquarry.errors import UsageError
from faquarry.labels.folds import folds_of, groups_of
from faquarry.labels.head import Head, write_head
from faquarry.labels.labelled import Labelled, labels_in, read_labelled
from faquarry.labels.logistic import log_probabilities
from faquarry.labels.measure import mixture
from faquarry.labels.taxonomy import Taxonomy, taxonomies
from faquarry.labels.training import Encode, Tried, train
from faquarry.labels.transformer import MODEL, TransformerHead, write_transformer
from faquarry.vectors.batching import Budget, encode_all
from faquarry.vectors.find import find_model
from faquarry.vectors.load import load_encoder
from faquarry.vectors.model import Encoder, Field

__all__ = ["FineTune", "encoding", "make_heads", "make_transformer"]

Say = Callable[[str], None]
FineTune = Callable[
    [Sequence[tuple[str, str]], npt.NDArray[np.intp], Sequence[str], npt.NDArray[np.bool_], Path],
    tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]],
]
"""(pairs, targets, labels, held out, folder) -> places that were held out, and their logits."""

HELD_OUT = 10  # one pair in so many


def make_heads(file: str, output: str, settings: LabelSettings, embed: EmbedSettings, say: Say) -> list[Head]:
    """Trains a head a taxonomy on the labelled pairs of `file`, into `output`/<taxonomy>, for embed.retrieval_model."""
    info = find_model(embed.retrieval_model, embed)
    encode = encoding(load_encoder(info, embed))
    made = []
    for taxonomy in taxonomies(settings.taxonomies):
        pairs = read_labelled(file, taxonomy)
        name = _name(output, taxonomy)
        head, _ = train(
            pairs,
            taxonomy,
            info,
            encode,
            name=name,
            words=settings.words,
            prior=settings.prior,
            folds=settings.folds,
            say=say,
        )
        made.append(write_head(head, Path(output) / taxonomy.name))
    return made


def make_transformer(
    file: str, output: str, base: str, settings: LabelSettings, embed: EmbedSettings, fine_tune: FineTune, say: Say
) -> list[TransformerHead]:
    """Fine-tunes `base` for each taxonomy. A tenth of the pairs, near repeats together, tells scores and temperature."""
    info = find_model("faquarry-small", embed)  # tells near repeats in any language, cheaply
    encode = encoding(load_encoder(info, embed))
    made = []
    for taxonomy in taxonomies(settings.taxonomies):
        pairs = [pair for pair in read_labelled(file, taxonomy) if not pair.term]
        labels = labels_in(pairs, taxonomy)
        targets = np.array([labels.index(pair.label) for pair in pairs], np.intp)
        whole = encode([f"{pair.question} {pair.answer}" for pair in pairs], "qa")
        groups = groups_of(whole, [pair.group for pair in pairs], info.thresholds.semantic)
        if len(set(groups)) < HELD_OUT:
            raise UsageError(
                f"The {len(pairs)} pairs of {file} say only {len(set(groups))} different things: give at least {HELD_OUT}, "
                "of which one is held out."
            )
        held_out = folds_of(groups, targets, HELD_OUT) == 0
        folder = Path(output) / taxonomy.name
        folder.mkdir(parents=True, exist_ok=True)
        texts = [(pair.question, pair.answer) for pair in pairs]
        places, logits = fine_tune(texts, targets, labels, held_out, folder / MODEL)
        inverse = float(mixture([logits], targets[places])[0])
        tried = _tried(pairs, labels, targets, places, log_probabilities(inverse * logits))
        say(f"{taxonomy.name}: macro-F1 {tried.told()['macro_f1']:.3f} on {len(places):,} pairs held out")
        told = {"base": base, "held_out": len(places), **tried.told()}
        head = TransformerHead(
            _name(output, taxonomy), taxonomy.name, labels, str(folder / MODEL), 1 / inverse, told=told
        )
        made.append(write_transformer(head, folder))
    return made


def _tried(
    pairs: Sequence[Labelled],
    labels: tuple[str, ...],
    targets: npt.NDArray[np.intp],
    places: npt.NDArray[np.intp],
    logs: npt.NDArray[np.float64],
) -> Tried:
    languages = tuple(pairs[place].language or "und" for place in places)
    return Tried(labels, targets[places], languages, logs, np.zeros(len(labels)))


def encoding(encoder: Encoder) -> Encode:
    """Texts as `embed` gives them to the model: newlines as spaces, the field's prefix, its adapter."""
    info = encoder.info

    def encode(texts: Sequence[str], field: Field) -> npt.NDArray[np.float32]:
        given = [info.prefixed(text.replace("\n", " ").strip(), field) for text in texts]
        return encode_all(encoder.tokenise(given, info.tasks.get(field)), Budget(8192), info.dim).vectors

    return encode


def _name(output: str, taxonomy: Taxonomy) -> str:
    """What labels will say they were made by: the folder's own name and the taxonomy's."""
    return f"{Path(output).absolute().name}-{taxonomy.name.replace('_', '-')}"
