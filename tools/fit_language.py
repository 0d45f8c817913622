"""Fits what the language domain ships: columns for languages that py3langid lacks.

    python tools/fit_language.py columns PAIRS.tsv.xz     -> lib/faquarry/language/extra.npz

PAIRS has the columns language, english, text, source (tab-separated, a header line). A column is a multinomial naive
Bayes estimate over py3langid's own features, on the scale of its table: log of a feature's share, and for features not
seen the table's own floor, so that a language with little text gains nothing by it.
"""

from __future__ import annotations

import lzma
import math
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from py3langid.langid import LanguageIdentifier, visit_counts

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


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["columns", source]:
            columns(Path(source), Path(__file__).parents[1] / "lib/faquarry/language/extra.npz")
        case _:
            sys.exit(__doc__)
