"""Cross-encoders: found or refused by a sentence, their own scores in batches of ours, and memory that is short."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from tests.tiny import SENTENCES, tiny_cross_encoder, tiny_transformer

from faquarry.config.settings import ScoreSettings
from faquarry.errors import UsageError
from faquarry.vectors.batching import Budget
from faquarry.vectors.load import PROBE
from faquarry.vectors.scoring import PAIRS, SCORED, find_scorer, load_scorer, score_batches, scoring
from faquarry.vectors.scoring.cross import CrossScorer, probabilities
from faquarry.vectors.scoring.load import scores_hold

QUERIES = [*SENTENCES, *PROBE]
TEXTS = [text * (1 + place % 4) for place, text in enumerate([*PROBE, *SENTENCES])]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_cross_encoder(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def scorer(folder: Path) -> CrossScorer:
    return loaded(folder)


def loaded(folder: Path, **settings: Any) -> CrossScorer:
    told = ScoreSettings(model=str(folder), **settings)
    found = load_scorer(find_scorer(told), settings=told, threads=1)
    assert isinstance(found, CrossScorer)
    return found


def batch(queries: list[str], texts: list[str]) -> pa.RecordBatch:
    ids = [str(number) for number in range(len(queries))]
    return pa.record_batch([ids, ids, queries, texts], schema=PAIRS)


# -- found, or refused -----------------------------------------------------------------------------------------------


def test_a_folder_is_found_with_revision_activation_and_length(folder: Path, tmp_path: Path) -> None:
    info = find_scorer(ScoreSettings(model=str(folder)))
    assert (info.name, info.kind, info.activation, info.max_tokens) == ("tiny", "cross-encoder", "sigmoid", 64)
    shorter = find_scorer(ScoreSettings(model=str(folder), max_tokens=16, activation="logit"))
    assert (shorter.revision, shorter.activation, shorter.max_tokens) == (f"{info.revision}-16", "logit", 16)
    other = find_scorer(ScoreSettings(model=str(tiny_cross_encoder(tmp_path / "tiny", seed=1))))
    assert other.revision != info.revision


@pytest.mark.parametrize(
    "config",
    [
        {"sentence_transformers": {"activation_fn": "torch.nn.modules.linear.Identity"}},
        {"sbert_ce_default_activation_function": "torch.nn.modules.linear.Identity"},
    ],
)
def test_a_model_that_was_saved_with_logits_gives_logits(tmp_path: Path, config: dict[str, Any]) -> None:
    folder = tiny_cross_encoder(tmp_path / "tiny", **config)
    assert find_scorer(ScoreSettings(model=str(folder))).activation == "logit"
    assert find_scorer(ScoreSettings(model=str(folder), activation="sigmoid")).activation == "sigmoid"


def test_what_is_no_scorer_is_refused_by_a_sentence(tmp_path: Path) -> None:
    def refused(folder: Path, sentence: str) -> None:
        with pytest.raises(UsageError, match=sentence):
            find_scorer(ScoreSettings(model=str(folder)))

    refused(tiny_transformer(tmp_path / "encoder"), r"encoder is no cross-encoder: it is BertModel")
    refused(tiny_cross_encoder(tmp_path / "three", labels=3), r"three gives 3 numbers for a pair")
    softmax = tiny_cross_encoder(tmp_path / "soft", sentence_transformers={"activation_fn": "torch.nn.Softmax"})
    refused(softmax, r"soft ends in torch.nn.Softmax: choose with --set score.activation=logit")
    own = tiny_cross_encoder(tmp_path / "own", auto_map={"AutoModel": "modeling.Own"})
    refused(own, r"own brings its own code .*score.trust_remote_code=true")
    pickled = tiny_cross_encoder(tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    refused(pickled, r"pickled is refused: its weights are a pickle")
    refused(tmp_path / "nowhere", r"There is no model .*faquarry-small-scorer.*BAAI/bge-reranker-v2-m3")


# -- scores ----------------------------------------------------------------------------------------------------------


def test_scores_are_those_of_sentence_transformers(scorer: CrossScorer) -> None:
    theirs = scorer.model.predict(list(zip(QUERIES, TEXTS, strict=True)), show_progress_bar=False)
    np.testing.assert_allclose(scorer.score(QUERIES, TEXTS), theirs, atol=1e-5)


def test_a_logit_is_what_the_sigmoid_was_made_from(folder: Path, scorer: CrossScorer) -> None:
    logits = loaded(folder, activation="logit").score(QUERIES, TEXTS)
    assert logits.min() < 0 < logits.max()
    np.testing.assert_allclose(probabilities(logits), scorer.score(QUERIES, TEXTS), atol=1e-6)


def test_a_score_does_not_depend_on_its_batch(folder: Path) -> None:
    scorer = loaded(folder, activation="logit")
    whole = scorer.score(QUERIES, TEXTS)
    alone = [scorer.score([query], [text])[0] for query, text in zip(QUERIES, TEXTS, strict=True)]
    np.testing.assert_allclose(alone, whole, atol=1e-4)
    for tokens in (1, 100, 700):
        rows = score_batches([batch(QUERIES, TEXTS)], scorer, budget=Budget(tokens), pool_bytes=600)
        np.testing.assert_allclose(np.concatenate([row["score"].to_numpy() for row in rows]), whole, atol=1e-4)


class Short:
    """A scorer whose batches do not fit above so many tokens."""

    def __init__(self, scorer: CrossScorer, room: int) -> None:
        self.info, self._scorer, self._room = scorer.info, scorer, room
        self.refused = 0

    def score(self, queries: Any, texts: Any) -> npt.NDArray[np.float32]:
        return self._scorer.score(queries, texts)

    def tokenise(self, queries: Any, texts: Any) -> Any:
        tokenised = self._scorer.tokenise(queries, texts)
        begin = tokenised.start

        def start(rows: npt.NDArray[np.intp]) -> Callable[[], npt.NDArray[np.float32]]:
            if int(tokenised.lengths[rows].max()) * len(rows) > self._room:
                self.refused += 1
                raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
            return begin(rows)

        tokenised.start = start  # type: ignore[method-assign]
        return tokenised


def test_batches_are_halved_until_they_fit_and_the_budget_is_kept(scorer: CrossScorer) -> None:
    short, budget = Short(scorer, room=130), Budget(4096)
    rows = list(score_batches([batch(QUERIES, TEXTS)] * 2, short, budget=budget, pool_bytes=1 << 20))
    scores = np.concatenate([row["score"].to_numpy() for row in rows])
    np.testing.assert_allclose(scores, np.tile(scorer.score(QUERIES, TEXTS), 2), atol=1e-4)
    assert 0 < short.refused < 12
    assert budget.tokens <= 130


def test_a_pair_that_does_not_fit_alone_is_told_with_what_to_lower(scorer: CrossScorer) -> None:
    rows = score_batches(
        [batch(QUERIES, TEXTS)], Short(scorer, 10), budget=Budget(64, setting="score.max_tokens"), pool_bytes=4096
    )
    with pytest.raises(MemoryError, match=r"a lower score.max_tokens"):
        list(rows)


def test_the_function_for_spark_keeps_rows_in_their_order(folder: Path, scorer: CrossScorer) -> None:
    settings = ScoreSettings(model=str(folder), pool_bytes=1024)
    told: list[tuple[int, int]] = []
    score = scoring(find_scorer(settings), settings, lambda pairs, tokens: told.append((pairs, tokens)))
    whole = batch(QUERIES, TEXTS)
    rows = pa.Table.from_batches(score(iter([whole.slice(0, 0), whole.slice(0, 5), whole.slice(5)])))
    assert rows.schema == SCORED
    assert rows["text_id"].to_pylist() == whole["text_id"].to_pylist()
    np.testing.assert_allclose(rows["score"].to_numpy(), scorer.score(QUERIES, TEXTS), atol=1e-4)
    assert sum(pairs for pairs, _ in told) == len(QUERIES)
    assert list(score(iter([whole.slice(0, 0)]))) == []


def test_a_model_that_wants_a_prompt_is_scored_by_its_own_predict(tmp_path: Path) -> None:
    folder = tiny_cross_encoder(tmp_path / "prompted")
    told = {"model_type": "CrossEncoder", "prompts": {"faq": "parcel: "}, "default_prompt_name": "faq"}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(told))
    scorer = loaded(folder)
    theirs = scorer.model.predict(list(zip(QUERIES, TEXTS, strict=True)), show_progress_bar=False)
    np.testing.assert_allclose(scorer.score(QUERIES, TEXTS), theirs, atol=1e-5)


def test_sixteen_bits_are_used_where_scores_hold(folder: Path) -> None:
    lowered = loaded(folder, precision="bf16", activation="logit")
    exact = loaded(folder, activation="logit").score(QUERIES, TEXTS)
    assert scores_hold(exact, exact)
    assert not scores_hold(exact, exact + 1)
    assert not scores_hold(exact, np.full_like(exact, np.nan))
    if str(lowered.model.dtype) == "torch.bfloat16":
        assert scores_hold(exact, lowered.score(QUERIES, TEXTS))
    else:
        np.testing.assert_allclose(lowered.score(QUERIES, TEXTS), exact, atol=1e-4)
