"""From labelled pairs to a head: cross-validation chooses the penalties and calibrates, a last fit takes all pairs.

Every figure that is told comes from folds that the fit has not seen, its penalty aside, which is one number chosen by all
of them. The weights by which vectors and words are mixed are told from the other folds too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from faquarry.errors import UsageError
from faquarry.labels.folds import folds_of, groups_of
from faquarry.labels.head import Head
from faquarry.labels.labelled import Labelled, labels_in
from faquarry.labels.logistic import Design, Weights, fit, log_probabilities
from faquarry.labels.measure import calibration_error, confusion, log_loss, macro_f1, mixture, scores_by_class
from faquarry.labels.taxonomy import Taxonomy
from faquarry.labels.words import View, Vocabulary
from faquarry.vectors.model import Field, ModelInfo

__all__ = ["PENALTIES", "Encode", "Tried", "train"]

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Encode = Callable[[Sequence[str], Field], npt.NDArray[np.float32]]

PENALTIES = (3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5)
TRAIN_ONLY = -1  # the fold of what is never tested on
TERM_ROWS = {"vectors": 1.0, "words": 12.0}
"""How many pairs a term counts for: it is all about its label, where most words of a pair are not. A vector of a single word
is unlike that of any pair, so the part that looks at vectors takes terms for what they are."""


@dataclass(frozen=True)
class Tried:
    """What cross-validation has found: log-probabilities of every pair by a head that has not seen it."""

    labels: tuple[str, ...]
    targets: Ints
    languages: tuple[str, ...]
    logs: Doubles
    prior: Doubles  # added where the shares of classes are thought to differ from the examples'
    parts: dict[str, float] = field(default_factory=dict)  # macro-F1 of vectors and of words alone

    @property
    def predicted(self) -> Ints:
        return np.asarray((self.logs + self.prior).argmax(axis=1), np.intp)

    def told(self) -> dict[str, Any]:
        """Scores as they are kept in head.json."""
        count = len(self.labels)
        spoken = np.array(self.languages)
        return {
            "pairs": len(self.targets),
            "macro_f1": round(macro_f1(self.targets, self.predicted, count), 3),
            "macro_f1_without_prior": round(macro_f1(self.targets, self.logs.argmax(axis=1), count), 3),
            "macro_f1_of_parts": {name: round(value, 3) for name, value in self.parts.items()},
            "accuracy": round(float((self.targets == self.predicted).mean()), 3),
            "log_loss": round(log_loss(self.logs, self.targets), 3),
            "calibration_error": round(calibration_error(np.exp(self.logs), self.targets), 3),
            "by_class": [score.rounded() for score in scores_by_class(self.targets, self.predicted, self.labels)],
            "by_language": {
                language: round(macro_f1(self.targets[mine], self.predicted[mine], count), 3)
                for language in sorted(set(self.languages))
                if (mine := spoken == language).any()
            },
            "confusion": confusion(self.targets, self.predicted, count).tolist(),
        }


def train(
    pairs: Sequence[Labelled],
    taxonomy: Taxonomy,
    info: ModelInfo,
    encode: Encode,
    *,
    name: str,
    words: bool = True,
    prior: float = 0.0,
    folds: int = 5,
    penalties: Sequence[float] = PENALTIES,
    say: Callable[[str], None] = lambda sentence: None,
) -> tuple[Head, Tried]:
    """A head over the vectors of an encoder.

    Args:
        pairs: labelled ones, terms among them.
        taxonomy: what their labels are of.
        info: the encoder that the head will belong to.
        encode: texts of a field to unit vectors, (n, dim).
        name: what labels will say they were made by.
        words: whether the head looks at words beside the vectors.
        prior: how far from the examples' shares of classes to the published ones, in logarithms; 0 to 1.
        folds: of the cross-validation.
        penalties: that are tried, strongest first.
        say: told how far it is.
    """
    data = _Data.of(pairs, taxonomy, info, encode, folds)
    logits: dict[str, Doubles] = {}
    chosen: dict[str, float] = {}
    for part in ("vectors", "words") if words else ("vectors",):
        tried = data.out_of_fold(part, penalties)
        losses = {
            penalty: log_loss(mixture([one], data.tested)[0] * one, data.tested) for penalty, one in tried.items()
        }
        chosen[part] = min(losses, key=losses.__getitem__)
        logits[part] = tried[chosen[part]]
        say(f"{taxonomy.name}: {part} alone: macro-F1 {data.f1(logits[part]):.3f} (penalty {chosen[part]:g})")
    found = _tried(data, logits, _offsets(data, taxonomy, prior))
    say(f"{taxonomy.name}: macro-F1 {data.f1(found.logs):.3f} on {len(data.tested):,} pairs in {folds} folds")
    if prior:
        say(f"{taxonomy.name}: macro-F1 {data.f1(found.logs + found.prior):.3f} with the prior")
    everything = np.ones(len(data.targets), bool)
    vocabulary = data.vocabulary(everything) if words else None
    head = Head(
        name=name,
        taxonomy=taxonomy.name,
        labels=data.labels,
        encoder=info.name,
        encoder_revision=info.revision,
        fields=taxonomy.fields,
        vectors=data.fitted("vectors", data.vectors, everything, chosen["vectors"]),
        vocabulary=vocabulary,
        words=data.fitted("words", data.rows(vocabulary), everything, chosen["words"]) if vocabulary else None,
        mix=tuple(mixture(list(logits.values()), data.tested).tolist()),
        prior=tuple(found.prior.tolist()),
        told={"terms": int((data.folds == TRAIN_ONLY).sum()), "folds": folds, "penalties": chosen, **found.told()},
    )
    return head, found


@dataclass(frozen=True)
class _Data:
    """Pairs as numbers; those that are never tested on stand last, in fold -1."""

    pairs: list[Labelled]
    labels: tuple[str, ...]
    view: View
    targets: Ints
    folds: Ints
    vectors: npt.NDArray[np.float32]

    @classmethod
    def of(cls, pairs: Sequence[Labelled], taxonomy: Taxonomy, info: ModelInfo, encode: Encode, folds: int) -> _Data:
        ordered = sorted(pairs, key=lambda pair: pair.term)
        tested = [pair for pair in ordered if not pair.term]
        labels = labels_in(tested, taxonomy)
        ordered = [pair for pair in ordered if pair.label in labels]
        targets = np.array([labels.index(pair.label) for pair in ordered], np.intp)
        whole = encode([f"{pair.question} {pair.answer}" for pair in tested], "qa")
        groups = groups_of(whole, [pair.group for pair in tested], info.thresholds.semantic)
        if len(set(groups)) < folds:
            raise UsageError(
                f"The {len(tested)} pairs say only {len(set(groups))} different things, and {folds} folds cannot be made of "
                "them: give more pairs, of more kinds, or set label.folds lower."
            )
        found = np.full(len(ordered), TRAIN_ONLY, np.intp)
        found[: len(tested)] = folds_of(groups, targets[: len(tested)], folds)
        # A term speaks for its label wherever it stands: it is question and answer at once.
        texts = {
            "question": [pair.question for pair in ordered],
            "answer": [pair.question if pair.term else pair.answer for pair in ordered],
        }
        vectors = np.concatenate([encode(texts[field], field) for field in taxonomy.fields], axis=1)
        return cls(ordered, labels, taxonomy.view, targets, found, vectors)

    @property
    def tested(self) -> Ints:
        """The true classes of what is tested."""
        return np.asarray(self.targets[self.folds != TRAIN_ONLY], np.intp)

    def f1(self, logits: Doubles) -> float:
        return macro_f1(self.tested, logits.argmax(axis=1), len(self.labels))

    def vocabulary(self, chosen: npt.NDArray[np.bool_]) -> Vocabulary:
        return Vocabulary.of(
            self.view, [(pair.question, pair.answer) for pair, mine in zip(self.pairs, chosen, strict=True) if mine]
        )

    def rows(self, vocabulary: Vocabulary) -> Design:
        return vocabulary.rows([pair.question for pair in self.pairs], [pair.answer for pair in self.pairs])

    def fitted(
        self,
        part: str,
        design: Design,
        chosen: npt.NDArray[np.bool_],
        penalty: float,
        start: Weights | None = None,
    ) -> Weights:
        counts = np.where(self.folds == TRAIN_ONLY, TERM_ROWS[part], 1.0)[chosen]
        return fit(design[chosen], self.targets[chosen], len(self.labels), penalty, rows=counts, start=start)

    def out_of_fold(self, part: str, penalties: Sequence[float]) -> dict[float, Doubles]:
        """Logits of every tested pair by weights that were fitted without its fold, for each penalty."""
        found = {penalty: np.zeros((len(self.tested), len(self.labels))) for penalty in penalties}
        for fold in sorted(set(self.folds.tolist()) - {TRAIN_ONLY}):
            mine = self.folds == fold
            design: Design = self.vectors if part == "vectors" else self.rows(self.vocabulary(~mine))
            weights: Weights | None = None
            for penalty in penalties:
                weights = self.fitted(part, design, ~mine, penalty, weights)
                found[penalty][mine[: len(self.tested)]] = weights.logits(design[mine])
        return found


def _offsets(data: _Data, taxonomy: Taxonomy, prior: float) -> Doubles:
    """What is added to the logits of each class when its share is another than among the examples."""
    there = np.bincount(data.tested, minlength=len(data.labels)) / len(data.tested)
    published = np.array([taxonomy.published[label] for label in data.labels])
    return np.asarray(prior * np.log(published / published.sum() / there))


def _tried(data: _Data, logits: dict[str, Doubles], prior: Doubles) -> Tried:
    """The parts put together, for each fold by weights that the others tell."""
    folds = data.folds[data.folds != TRAIN_ONLY]
    logs = np.zeros_like(next(iter(logits.values())))
    for fold in sorted(set(folds.tolist())):
        mine = folds == fold
        weights = mixture([one[~mine] for one in logits.values()], data.tested[~mine])
        logs[mine] = log_probabilities(
            sum((w * one[mine] for w, one in zip(weights, logits.values(), strict=True)), np.zeros_like(logs[mine]))
        )
    languages = tuple(pair.language or "und" for pair in data.pairs[: len(folds)])
    return Tried(data.labels, data.tested, languages, logs, prior, {part: data.f1(one) for part, one in logits.items()})
