"""Tasks as they really are: shapes of XQuAD, and trec_eval on a real ranking with real judgements."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pytrec_eval

from faquarry.config.settings import Settings
from faquarry.retrieval.measures import judgements, measured_at
from faquarry.robustness.systems import system_named
from faquarry.robustness.tasks import Place, task_named

pytestmark = pytest.mark.real


def test_xquad_is_1190_questions_over_240_paragraphs(data: Path) -> None:
    task = task_named("xquad", Place(data))
    assert len(task.languages()) == 12
    english, thai = task.read("eng"), task.read("tha")
    assert (len(english.ids), len(english.corpus), len(set(english.clusters))) == (1190, 240, 240)
    assert (english.ids, english.clusters) == (thai.ids, thai.clusters)
    assert english.relevant == thai.relevant
    sentences = task_named("xquad-r", Place(data)).read("eng")
    answered = [sentences.corpus[next(iter(one))] for one in sentences.relevant]
    assert len(set(answered)) > 700
    disfluent = task_named("xquad-disfl", Place(data)).read("eng")
    assert all(disfluent.variants["disfluent"])


def test_a_real_ranking_is_measured_as_trec_eval_does(data: Path) -> None:
    collection = task_named(f"beir:{data / 'retrieval' / 'cranfield'}", Place(data)).read("eng")
    ranker = system_named("bm25", Settings()).over(collection)
    documents, gains = judgements(collection.relevant)
    ours = measured_at(ranker.places(collection.queries, documents), gains, ["ndcg@10", "mrr@100", "recall@100"])
    ranked = ranker.lists(collection.queries).indices.tolist()
    qrels = {name: {str(place): int(gain) for place, gain in one.items()} for name, one in zip(collection.ids, collection.relevant, strict=True)}  # fmt: skip
    run = {
        name: {str(place): 1.0 - rank / 1000 for rank, place in enumerate(one) if place >= 0}
        for name, one in zip(collection.ids, ranked, strict=True)
    }
    theirs = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut_10", "recip_rank", "recall_100"}).evaluate(run)
    for name, their_name in (("ndcg@10", "ndcg_cut_10"), ("mrr@100", "recip_rank"), ("recall@100", "recall_100")):
        expected = [theirs[one][their_name] for one in collection.ids]
        np.testing.assert_allclose(ours[name], expected, rtol=0, atol=1e-9)
    assert ours["ndcg@10"].mean() > 0.45
