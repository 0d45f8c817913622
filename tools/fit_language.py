"""Fits what the language domain ships: columns for languages that py3langid lacks, and the weights of hints.

    python tools/fit_language.py columns PAIRS.tsv.xz        -> lib/faquarry/language/extra.npz
    python tools/fit_language.py weights CRAWL.warc.gz …     -> lib/faquarry/language/weights.json
    python tools/fit_language.py sharpness TEXTS.tsv.xz      -> the same file
    python tools/fit_language.py reliability TEXTS.tsv.xz    -> docs/language-reliability.png and a table

`weights` reads real pages. The truth is what a page's whole text says where it says it surely (0.99), without any hint; a
sample is the first 40 characters of one question with its page's hints, so that hints matter. Weights minimise the mean
negative log-probability of the truth by coordinate descent, with a weak pull towards `PRIOR` (for hints that few pages
have). The probability that a pair is not in its page's language is counted on the same pages.

PAIRS has the columns language, english, text, source (tab-separated, a header line). A column is a multinomial naive
Bayes estimate over py3langid's own features, on the scale of its table: log of a feature's share, and for features not
seen the table's own floor, so that a language with little text gains nothing by it.
"""

from __future__ import annotations

import itertools
import json
import lzma
import math
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from py3langid.langid import LanguageIdentifier, visit_counts

from faquarry.config.settings import FilterSettings, LanguageSettings
from faquarry.language import Hints, identify_page
from faquarry.language.codes import to_iso639_3
from faquarry.language.detectors import detector_named
from faquarry.language.hints import hinted, weights

LIB = Path(__file__).parents[1] / "lib/faquarry/language"
DOCS = Path(__file__).parents[1] / "docs"

LANGUAGES = (
    "ach ast bem bod cak din div dsb ewe fij glv hmn hsb ina kau mri nus nya roh scn skr smo snd ssw tah tir tmh ton "
    "tsn ven wol"
).split()
FLOOR = -14.5  # what py3langid's table holds for a feature that a language never shows
MIN_COUNT = 1.5
MAX_LINES = 6_000


def columns(path: Path, target: Path) -> None:
    model = LanguageIdentifier.from_model_file("data/model.npz.xz", norm_probs=True)
    texts: dict[str, list[str]] = defaultdict(list)
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            language, _, text, _ = line.rstrip("\n").split("\t")
            if language in LANGUAGES and len(texts[language]) < MAX_LINES:
                texts[language].append(text)
    stored: dict[str, np.ndarray] = {"languages": np.array(LANGUAGES), "floor": np.float32(FLOOR)}
    for language in LANGUAGES:
        counts = np.zeros(model.nb_ptc.shape[0])
        for text in texts[language]:
            visits = visit_counts(model.tk_nextmove, model._rowbase, model.tk_output, model._encode(text))
            for feature, count in (visits or {}).items():
                counts[feature] += math.log1p(count)
        counts[counts < MIN_COUNT] = 0.0
        seen = np.flatnonzero(counts)
        values = np.log(counts[seen] / counts.sum() + math.exp(FLOOR))
        stored[f"{language}.gaps"] = np.diff(seen, prepend=0).astype(np.uint32)
        stored[f"{language}.values"] = values.astype(np.float16)
        print(f"{language}: {len(texts[language])} lines, {len(seen)} features")
    np.savez_compressed(target, **stored)
    print(f"{target}: {target.stat().st_size:,} bytes")


# -- weights of hints


HINTS = ("html", "html-eng", "path", "host", "query", "self", "suffix")
PRIOR = {"html": 2.5, "html-eng": 2.0, "path": 2.5, "host": 2.5, "query": 2.5, "self": 2.5, "suffix": 1.5}
PULL = 0.002
SHORT = 40
STORED = ("hints", "temperature", "mixed", "rare", "trust", "sharpness")
GRID = np.arange(0.0, 6.01, 0.25)


@dataclass
class Samples:
    """Tempered log-likelihoods (n, L), the true columns (n,), and which column each hint names (n, hints; -1: none)."""

    likelihood: np.ndarray
    truth: np.ndarray
    hints: np.ndarray

    def loss(self, values: dict[str, float]) -> float:
        scores = self.likelihood.copy()
        rows = np.arange(len(scores))
        for number, name in enumerate(HINTS):
            named = self.hints[:, number]
            scores[rows[named >= 0], named[named >= 0]] += values[name]
        top = scores.max(axis=1)
        normal = top + np.log(np.exp(scores - top[:, None]).sum(axis=1))
        fit = float((normal - scores[rows, self.truth]).mean())
        return fit + PULL * sum((values[name] - PRIOR[name]) ** 2 for name in HINTS)


def fit_weights(archives: Sequence[Path], target: Path) -> None:
    samples, pages, mixed, declared = _samples(archives)
    values = dict(PRIOR)
    for _ in range(6):
        for name in HINTS:
            values[name] = float(min(GRID, key=lambda value: samples.loss({**values, name: value})))
    print(
        f"{pages} pages, {len(samples.truth)} questions; loss {samples.loss(PRIOR):.4f} -> {samples.loss(values):.4f}"
    )
    for name in HINTS:
        right, said = declared[name]
        print(f"  {name:<9} {values[name]:.2f} nats; named the language of {right} of {said} pages that have it")
    fitted = replace(weights(), hints=values, mixed=round(mixed, 4))
    stored = {
        "fitted": f"tools/fit_language.py weights over {pages} real pages ({', '.join(path.name for path in archives)})",
        "weights": {name: getattr(fitted, name) for name in STORED},
    }
    target.write_text(json.dumps(stored, indent=1) + "\n")


def _samples(archives: Sequence[Path]) -> tuple[Samples, int, float, dict[str, list[int]]]:
    from faquarry.config.settings import SourceSettings
    from faquarry.markup.page import extract_page
    from faquarry.web.archive import read_archive
    from faquarry.web.record import Record, ScanCounts

    detector = detector_named("py3langid")
    column = {language: number for number, language in enumerate(detector.languages)}
    keep_all, text_only = FilterSettings(profile="none"), LanguageSettings(hints=False)
    rows, truth, named = [], [], []
    declared = {name: [0, 0] for name in HINTS}
    pages = odd = pairs_seen = 0
    for archive in archives:
        for record in read_archive(archive.absolute().as_uri(), SourceSettings(), counts=ScanCounts()):
            if not isinstance(record, Record):
                continue
            found = extract_page(record.payload, url=record.url, headers=record.headers, filters=keep_all)
            pairs = [(pair.question, pair.answer) for pair in found.pairs]
            if found.page is None or not pairs:
                continue
            languages = identify_page(pairs, Hints(), text_only)
            sure = [language for language in languages if language.confidence >= 0.99]
            if len(sure) < len(pairs):
                continue
            codes = [language.code for language in sure]
            page_code = max(set(codes), key=codes.count)
            pages += 1
            pairs_seen += len(codes)
            odd += sum(code != page_code for code in codes)
            alternates = tuple((one.hreflang, one.href) for one in found.page.alternates)
            said = dict(hinted(Hints(record.url, found.page.html_lang, alternates)))
            for name, code in said.items():
                declared[name][0] += code == page_code
                declared[name][1] += 1
            for (question, _), code in zip(pairs, codes, strict=True):
                rows.append(detector.scores([question[:SHORT]])[0])
                truth.append(column[code])
                named.append([column.get(said.get(name, ""), -1) for name in HINTS])
    samples = Samples(np.array(rows) / weights().temperature, np.array(truth), np.array(named))
    return samples, pages, max(0.01, (odd + 1) / (pairs_seen + 2)), declared


# -- calibration


def _texts(path: Path) -> list[tuple[str, str]]:
    """(language, text) of a table with these columns; only sentences where a column `length` tells them from words."""
    known = set(detector_named("py3langid").languages)
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        header = next(lines).rstrip("\n").split("\t")
        rows = [dict(zip(header, line.rstrip("\n").split("\t"), strict=False)) for line in lines]
    pairs = [
        (to_iso639_3(row["language"]) or "", row["text"])
        for row in rows
        if row.get("length", "sentences") == "sentences"
    ]
    return [(code, text) for code, text in pairs if code in known]


def fit_sharpness(path: Path, target: Path) -> None:
    """The factor on log-posteriors under which confidences of single sentences are most likely (a temperature)."""
    texts, settings = _texts(path)[::3], LanguageSettings()

    def loss(value: float) -> float:
        tried = replace(weights(), sharpness=value)
        total = 0.0
        for code, text in texts:
            found = identify_page([(text, "")], Hints(), settings, tried)[0]
            share = min(max(found.confidence, 1e-6), 1 - 1e-6)
            total -= math.log(share if found.code == code else 1 - share)
        return total / len(texts)

    losses = {value: loss(value) for value in (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0)}
    best = min(losses, key=lambda value: losses[value])
    print(f"{len(texts)} sentences: " + ", ".join(f"{value}: {found:.4f}" for value, found in losses.items()))
    stored = json.loads(target.read_text())
    stored["weights"]["sharpness"] = best
    stored["calibrated"] = f"tools/fit_language.py sharpness over {len(texts)} sentences ({path.name})"
    target.write_text(json.dumps(stored, indent=1) + "\n")


def reliability(path: Path) -> None:
    """Confidence against accuracy of single texts without hints, as a table and a picture."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    settings = LanguageSettings()
    found = [(code, identify_page([(text, "")], Hints(), settings)[0]) for code, text in _texts(path)]
    edges = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0001)
    bins = []
    for low, high in itertools.pairwise(edges):
        inside = [(code == one.code, one.confidence) for code, one in found if low <= one.confidence < high]
        if inside:
            right, said = (sum(values) / len(inside) for values in zip(*inside, strict=True))
            bins.append((low, len(inside), said, right))
    accuracy = sum(code == one.code for code, one in found) / len(found)
    error = sum(count * abs(said - right) for _, count, said, right in bins) / len(found)
    languages = len({code for code, _ in found})
    print(f"{len(found)} texts, {languages} languages: accuracy {accuracy:.4f}, calibration error {error:.4f}")
    for low, count, said, right in bins:
        print(f"  from {low:.2f}: {count:>6} texts, said {said:.3f}, right {right:.3f}")
    figure, axes = plt.subplots(figsize=(5, 5), layout="constrained")
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    axes.plot([b[2] for b in bins], [b[3] for b in bins], marker="o", color="#1f6f8b")
    for _, count, said, right in bins:
        axes.annotate(f"{count:,}", (said, right), textcoords="offset points", xytext=(6, -10), fontsize=8, color="0.4")
    axes.set(xlabel="confidence", ylabel="share that is right", xlim=(0, 1.02), ylim=(0, 1.02))
    axes.set_title(f"Single sentences, no hints ({len(found):,} texts)", fontsize=10)
    figure.savefig(DOCS / "language-reliability.png", dpi=110)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["columns", source]:
            columns(Path(source), LIB / "extra.npz")
        case ["weights", *archives] if archives:
            fit_weights([Path(archive) for archive in archives], LIB / "weights.json")
        case ["sharpness", texts]:
            fit_sharpness(Path(texts), LIB / "weights.json")
        case ["reliability", texts]:
            reliability(Path(texts))
        case _:
            sys.exit(__doc__)
