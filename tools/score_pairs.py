"""How well scorers tell right answers from BM25's best wrong ones: a table for files of questions and answers.

    python tools/score_pairs.py FILE… [--held-out 5] [--scorer NAME|FOLDER]… [--most 3000]

A file holds JSON lines with question, answer, language (or lang) and url. Every question is laid beside its own answers and
BM25's best wrong one: the highest that no pair of the file gives to this question or to one that asks the same, and that does
not have most of its words in a right one (`faquarry.training.scorer.groups`). Pair accuracy, 95 % interval over pages, AUC.

With --held-out N only the pages that `faquarry train --recipe small-scorer` kept from training, less the questions and answers
that training has seen on some other page.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from faquarry.config.settings import ScoreSettings
from faquarry.training.recipe_files import read_recipe
from faquarry.training.scorer import ScorerRecipe
from faquarry.training.scorer.faqs import read_faqs
from faquarry.training.scorer.groups import Asked, Groups, grouped, unseen
from faquarry.training.scorer.measure import Quality, pairs_of, quality
from faquarry.vectors import small
from faquarry.vectors.scoring import PACKAGED, find_scorer, load_scorer


def measured(groups: Groups, asked: Sequence[Asked], scorers: Sequence[str]) -> dict[str, Quality]:
    """Of BM25, the encoder's cosine, and every scorer."""
    found = {
        "BM25": quality(asked, [score for one in asked for score in one.lexical]),
        "cosine of faquarry-small": quality(asked, [score for one in asked for score in one.cosines]),
    }
    for name in scorers:
        settings = ScoreSettings(model=name, activation="logit")
        scorer = load_scorer(find_scorer(settings), settings=settings)
        found[name] = quality(asked, scorer.score(*pairs_of(groups, asked)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--held-out", type=int, metavar="N")
    parser.add_argument("--scorer", action="append", default=[])
    parser.add_argument("--most", type=int, default=1_000_000, help="questions of a file, drawn at random")
    options = parser.parse_args()
    recipe = read_recipe(ScorerRecipe, "small-scorer")
    for file in options.files:
        groups = grouped(read_faqs(None, [file]), recipe.negatives, small.load().encode, recipe.seed)
        asked = unseen(groups, options.held_out)[1] if options.held_out else groups.asked
        if len(asked) > options.most:
            drawn = np.random.default_rng(0).choice(len(asked), options.most, replace=False)
            asked = [asked[place] for place in sorted(drawn)]
        print(f"{file.name}: {len(groups.texts):,} answers")
        for name, found in measured(groups, asked, options.scorer or [PACKAGED]).items():
            print(f"  {name:<28} {found}", flush=True)


if __name__ == "__main__":
    main()
