"""The packaged scorer: right above wrong in many scripts, the same bits in any company, and files that are checked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from faquarry.config.settings import ScoreSettings
from faquarry.errors import UsageError
from faquarry.vectors import small as encoder
from faquarry.vectors.scoring import PACKAGED, PAIRS, find_scorer, load_scorer, scoring
from faquarry.vectors.scoring.cross import probabilities
from faquarry.vectors.scoring.small import SmallScorer
from faquarry.vectors.scoring.small.tokens import MOST_QUERY, MOST_TEXT, Words

SETTINGS = ScoreSettings()
FAQ = {
    "How do I return a parcel?": "To return a parcel, print the label from your account and hand it in at a post office.",
    "What does the exhibition cost?": "Tickets for the exhibition are 12 euros; children under six are free.",
    "Wie lange dauert der Versand nach Österreich?": "Der Versand nach Österreich dauert drei bis fünf Werktage.",
    "¿Puedo cambiar la dirección de entrega?": "Sí, puede cambiar la dirección de entrega hasta que el paquete salga.",
    "Когда открыт музей?": "Музей открыт ежедневно с десяти до шести, кроме понедельника.",
    "配送にはどのくらいかかりますか？": "配送には通常二日から三日かかります。",
    "मैं अपना खाता कैसे हटाऊँ?": "अपना खाता हटाने के लिए सेटिंग में जाएँ और खाता हटाएँ चुनें।",
    "هل يمكنني إلغاء الطلب؟": "نعم، يمكنك إلغاء الطلب قبل الشحن من صفحة طلباتي.",
}


@pytest.fixture(scope="module")
def scorer() -> SmallScorer:
    found = load_scorer(find_scorer(SETTINGS))
    assert isinstance(found, SmallScorer)
    return found


def crossed() -> tuple[list[str], list[str]]:
    pairs = [(question, answer) for question in FAQ for answer in FAQ.values()]
    return [question for question, _ in pairs], [answer for _, answer in pairs]


def test_the_packaged_scorer_is_found_without_loading_it() -> None:
    info = find_scorer(SETTINGS)
    assert (info.name, info.kind, info.activation) == (PACKAGED, "packaged", "sigmoid")
    assert info.revision == find_scorer(ScoreSettings(activation="logit")).revision
    folder = Path(str(info.folder))
    assert sum(file.stat().st_size for file in folder.iterdir()) < 1_000_000


def test_questions_in_any_script_are_answered_best_by_their_own_answers(scorer: SmallScorer) -> None:
    scores = scorer.score(*crossed()).reshape(len(FAQ), len(FAQ))
    right = scores.argmax(axis=1) == np.arange(len(FAQ))
    assert right.sum() >= len(FAQ) - 1
    assert scores.min() >= 0
    assert scores.max() <= 1


def test_a_score_has_the_same_bits_in_any_company(scorer: SmallScorer) -> None:
    queries, texts = crossed()
    queries, texts = [*queries, "", "x", *queries[:3]], [*texts, "x", "", *(text * 80 for text in texts[:3])]
    whole = scorer.score(queries, texts)
    order = np.random.default_rng(0).permutation(len(queries))
    mixed = scorer.score([queries[row] for row in order], [texts[row] for row in order])
    assert np.array_equal(mixed, whole[order])
    alone = [scorer.score([query], [text])[0] for query, text in zip(queries, texts, strict=True)]
    assert np.array_equal(np.array(alone, np.float32), whole)
    again = load_scorer(find_scorer(SETTINGS)).score(queries, texts)
    assert np.array_equal(again, whole)


def test_the_function_for_spark_gives_the_same_scores(scorer: SmallScorer) -> None:
    queries, texts = crossed()
    ids = [str(number) for number in range(len(queries))]
    batch = pa.record_batch([ids, ids, queries, texts], schema=PAIRS)
    rows = pa.Table.from_batches(
        scoring(scorer.info, ScoreSettings(pool_bytes=1024))(iter([batch.slice(0, 11), batch.slice(11)]))
    )
    assert rows["query_id"].to_pylist() == ids
    assert np.array_equal(rows["score"].to_numpy(), scorer.score(queries, texts))


def test_logit_and_sigmoid_are_one_number(scorer: SmallScorer) -> None:
    logits = load_scorer(find_scorer(ScoreSettings(activation="logit"))).score(*crossed())
    np.testing.assert_allclose(probabilities(logits), scorer.score(*crossed()), atol=1e-6)


def test_texts_without_a_word_are_worth_less_than_the_answer(scorer: SmallScorer) -> None:
    question, answer = next(iter(FAQ.items()))
    found = scorer.score([question] * 4, ["", "…?!", "☃", answer])
    assert np.isfinite(found).all()
    assert found[3] > found[:3].max()


def test_words_give_the_subwords_that_the_encoder_reads() -> None:
    tokenizer = encoder.load().tokenizer
    words = Words(tokenizer)
    for text in (*FAQ, *FAQ.values(), "Where can I, the buyer, return 2 parcels?? (in 2020)", ""):
        ids = [number for number in tokenizer.encode(text, add_special_tokens=False).ids if words._is_spoken(number)]
        assert words.ids(text, MOST_TEXT).tolist() == ids
        assert words.ids(text, MOST_TEXT).tolist() == ids  # from memory
    assert len(words.ids("parcel " * 1000, MOST_QUERY)) == MOST_QUERY


def test_files_that_do_not_belong_to_this_encoder_are_refused(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(str(find_scorer(SETTINGS).folder), tmp_path / "mine"))
    assert find_scorer(ScoreSettings(model=str(folder))).revision == find_scorer(SETTINGS).revision
    told = json.loads((folder / "scorer.json").read_text())

    def refused(folder: Path, sentence: str) -> None:
        with pytest.raises(UsageError, match=sentence):
            find_scorer(ScoreSettings(model=str(folder)))

    for name, change, sentence in (("a", {"format": 9}, "has format 9"), ("b", {"encoder": "other"}, "encoder other")):
        other = Path(shutil.copytree(folder, tmp_path / name))
        (other / "scorer.json").write_text(json.dumps({**told, **change}))
        refused(other, sentence)
    (folder / "scorer.safetensors").rename(tmp_path / "gone")
    refused(Path(shutil.copytree(folder, tmp_path / "c")), "scorer.safetensors is missing")
