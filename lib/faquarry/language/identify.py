"""Identifies the languages of a page's pairs: text, script, hints and the page's other pairs, in one small model.

A pair is in its page's language with probability 1 − μ, else in any. The page's language has a prior from the hints and
evidence from every pair; a pair's posterior is its own text's likelihood times what the *other* pairs and the hints say.
So a short Portuguese question on a Portuguese page does not become Galician, and one English pair on a German page stays
English when its text says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from faquarry.config.settings import LanguageSettings
from faquarry.language.detectors import Detector, detector_named
from faquarry.language.hints import Hints, Weights, hinted, weights
from faquarry.language.identified import Identified
from faquarry.language.scripts import LANGUAGES_OF, deciding_script, never_latin
from faquarry.language.webfaq import identify_as_webfaq

__all__ = ["identify_page", "languages_of"]

Log = npt.NDArray[np.float64]

_OUT = -30.0  # nats: a language that a text's script rules out
_SCRIPT_CHARS = 80  # letters that are looked at for the script
_CERTAIN = 0.999  # what a script with one language is worth


def identify_page(
    pairs: Sequence[tuple[str, str]], hints: Hints, settings: LanguageSettings, fitted: Weights | None = None
) -> list[Identified]:
    """One result a (question, answer), in order. A pair without letters goes with its page, else is `und`."""
    if not pairs:
        return []
    if settings.rule == "webfaq":
        return identify_as_webfaq(pairs, hints)
    found = _identified(pairs, hints, settings, fitted or weights())
    floor = settings.min_confidence
    return [one if one.confidence >= floor else replace(one, sure=False) for one in found]


def languages_of(
    texts: Sequence[str], hints: Sequence[Hints], settings: LanguageSettings, fitted: Weights | None = None
) -> list[str]:
    """The language of each text, which stands on a page of its own with its own hints; `und` where none is sure enough.

    As `identify_page` says of pages with one pair, but many of them in one pass over the tables: that is what it costs.
    """
    if settings.rule == "webfaq":
        found = [identify_page([(text, "")], one, settings)[0] for text, one in zip(texts, hints, strict=True)]
        return [one.code if one.sure else "und" for one in found]
    fitted = fitted or weights()
    texts = [text[: settings.max_chars] for text in texts]
    scripts = [deciding_script(text[:_SCRIPT_CHARS]) for text in texts]
    codes = [_language_of_script(script) for script in scripts]
    rows = [row for row, code in enumerate(codes) if code is None]
    if rows:
        detector = detector_named(settings.detector)
        likelihood = _likelihood(detector, [texts[row] for row in rows], [scripts[row] for row in rows], fitted)
        base = _base_prior(detector, fitted.rare)
        page = np.stack([base + (_hint_prior(hints[row], detector, fitted) if settings.hints else 0.0) for row in rows])
        page = _log_softmax(page)
        if settings.page_evidence:
            page = _mixed(page, base, fitted)
        log_p = _log_softmax((likelihood + page) * fitted.sharpness)
        for row, best, confidence in zip(rows, log_p.argmax(axis=1), np.exp(log_p.max(axis=1)), strict=True):
            sure = confidence >= (settings.min_confidence if scripts[row] else max(settings.min_confidence, 0.5))
            codes[row] = detector.languages[best] if sure else "und"
    return [str(code) for code in codes]


def _identified(
    pairs: Sequence[tuple[str, str]], hints: Hints, settings: LanguageSettings, fitted: Weights
) -> list[Identified]:
    detector = detector_named(settings.detector)
    texts = [f"{question} {answer}"[: settings.max_chars] for question, answer in pairs]
    scripts = [deciding_script(text[:_SCRIPT_CHARS]) for text in texts]
    alone = [_language_of_script(script) for script in scripts]
    if all(alone):
        return [Identified(str(code), _CERTAIN, "script") for code in alone]

    likelihood = _likelihood(detector, texts, scripts, fitted)
    silent = [not script for script in scripts]
    base = _base_prior(detector, fitted.rare)
    prior = base + (_hint_prior(hints, detector, fitted) if settings.hints else 0.0)
    posterior = likelihood + _log_softmax(prior)
    if settings.page_evidence:
        posterior = likelihood + _page_prior(likelihood, base, prior, fitted)
    return [
        Identified(str(alone[row]), _CERTAIN, "script")
        if alone[row]
        else _decided(
            detector, likelihood[row] + base, likelihood[row] + prior, posterior[row] * fitted.sharpness, silent[row]
        )
        for row in range(len(pairs))
    ]


def _language_of_script(script: str) -> str | None:
    """The only language that is written in a script; None where there are several."""
    languages = LANGUAGES_OF.get(script, frozenset())
    return next(iter(languages)) if len(languages) == 1 else None


def _likelihood(detector: Detector, texts: Sequence[str], scripts: Sequence[str], fitted: Weights) -> Log:
    """(n, L) log-likelihoods; those of a text without letters are all the same."""
    likelihood = _log_softmax(detector.scores(texts) / fitted.temperature + _masks(detector, tuple(scripts)))
    likelihood[[not script for script in scripts]] = -math.log(likelihood.shape[1])
    return likelihood


def _decided(detector: Detector, text: Log, with_hints: Log, posterior: Log, silent: bool) -> Identified:
    log_p = _log_softmax(posterior)
    best = int(log_p.argmax())
    confidence = float(math.exp(log_p[best]))
    if silent and confidence < 0.5:
        return Identified("und", 0.0, "text")
    if int(text.argmax()) == best and not silent:
        by = "text"
    else:
        by = "hint" if int(with_hints.argmax()) == best else "page"
    return Identified(detector.languages[best], confidence, by)


def _page_prior(likelihood: Log, base: Log, prior: Log, fitted: Weights) -> Log:
    """(n, L) log prior of each pair from the hints and all *other* pairs."""
    uniform = -math.log(likelihood.shape[1])
    # What one pair can say about its page is bounded: it may be a quotation, a name, or in another language.
    evidence = np.logaddexp(math.log(fitted.trust) + likelihood, math.log1p(-fitted.trust) + uniform)
    others = (evidence.sum(axis=0) - evidence) / math.sqrt(max(1, len(evidence) - 1))
    return _mixed(_log_softmax(prior + others), base, fitted)


def _mixed(page: Log, base: Log, fitted: Weights) -> Log:
    """A pair is in its page's language with probability 1 − μ, else in any."""
    any_language = _log_softmax(base)
    mixed: Log = np.logaddexp(math.log1p(-fitted.mixed) + page, math.log(fitted.mixed) + any_language)
    return mixed


def _hint_prior(hints: Hints, detector: Detector, fitted: Weights) -> Log:
    column = _columns(detector)
    prior = np.zeros(len(detector.languages))
    for name, language in hinted(hints):
        if language in column:
            prior[column[language]] += fitted.hints.get(name, 0.0)
    return prior


@lru_cache(maxsize=8)
def _columns(detector: Detector) -> dict[str, int]:
    return {language: number for number, language in enumerate(detector.languages)}


@lru_cache(maxsize=8)
def _base_prior(detector: Detector, rare: float) -> Log:
    return np.array([-rare if language in detector.rare else 0.0 for language in detector.languages])


@lru_cache(maxsize=1024)
def _masks(detector: Detector, scripts: tuple[str, ...]) -> Log:
    return np.stack([_mask(detector, script) for script in scripts])


@lru_cache(maxsize=256)
def _mask(detector: Detector, script: str) -> Log:
    """0 for languages written in a script, `_OUT` for the others; all 0 where the script says nothing."""
    if script == "Latin":
        allowed = set(detector.languages) - never_latin()
    else:
        allowed = set(detector.languages) & LANGUAGES_OF.get(script, frozenset())
    if not allowed:
        return np.zeros(len(detector.languages))
    return np.array([0.0 if language in allowed else _OUT for language in detector.languages])


def _log_softmax(scores: npt.NDArray[np.floating]) -> Log:
    scores = np.asarray(scores, np.float64)
    shifted = scores - scores.max(axis=-1, keepdims=True)
    result: Log = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result
