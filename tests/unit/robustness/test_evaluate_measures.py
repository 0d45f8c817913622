"""Measures beside trec_eval's, and ties by (score, then place)."""

from __future__ import annotations

import numpy as np
import pytest
import pytrec_eval

from faquarry.retrieval.measures import BEYOND, MEASURES, judgements, measured, measured_at, places_in

NAMES = {"ndcg@10": "ndcg_cut_10", "recall@1": "recall_1", "recall@100": "recall_100"}


def test_measures_are_those_of_trec_eval() -> None:
    draw = np.random.default_rng(5)
    judged = [
        {
            int(place): float(gain)
            for place, gain in zip(draw.choice(300, 12, False), draw.integers(0, 4, 12), strict=True)
        }
        for _ in range(60)
    ]
    ranked = np.stack([draw.permutation(300)[:100] for _ in judged])
    ours = measured(ranked, judged, [*NAMES, "mrr@100"])
    qrels = {str(row): {str(place): int(gain) for place, gain in one.items()} for row, one in enumerate(judged)}
    run = {
        str(row): {str(place): 1.0 - rank / 1000 for rank, place in enumerate(one)}
        for row, one in enumerate(ranked.tolist())
    }
    theirs = pytrec_eval.RelevanceEvaluator(qrels, {*NAMES.values(), "recip_rank"}).evaluate(run)
    for name, their_name in (NAMES | {"mrr@100": "recip_rank"}).items():
        np.testing.assert_allclose(ours[name], [theirs[str(row)][their_name] for row in range(60)], rtol=0, atol=1e-9)
    cut = np.array([theirs[str(row)]["recip_rank"] for row in range(60)])
    np.testing.assert_allclose(
        measured(ranked, judged, ["mrr@10"])["mrr@10"], np.where(cut >= 0.0999, cut, 0.0), atol=1e-9
    )


def test_places_and_what_has_none() -> None:
    documents, gains = judgements([{4: 1.0, 2: 0.0}, {7: 2.0, 1: 1.0}, {}])
    places = places_in(np.array([[3, 4, -1], [1, -1, -1], [0, 1, 2]]), documents)
    assert places.tolist() == [[1, BEYOND], [BEYOND, 0], [BEYOND, BEYOND]]
    found = measured_at(places, gains)
    assert found["recall@100"].tolist() == [1.0, 0.5, 0.0]
    assert found["ndcg@10"][2] == 0.0
    assert set(found) == set(MEASURES)
    with pytest.raises(ValueError, match="there is no measure map@10"):
        measured_at(places, gains, ["map@10"])


def test_no_ranking_at_all() -> None:
    assert measured(np.empty((2, 0), np.int64), [{1: 1.0}, {}])["mrr@10"].tolist() == [0.0, 0.0]
