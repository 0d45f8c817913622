"""The packaged examples and heads: enough of every class, no repeats, good scores, and what anybody would say."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest

from faquarry.config.settings import LabelSettings
from faquarry.labels.find import PACKAGED, find_heads, misfits
from faquarry.labels.head import Head, read_head
from faquarry.labels.labelled import EXAMPLES, read_labelled
from faquarry.labels.taxonomy import QUESTION_TYPE, TAXONOMIES, TOPIC
from faquarry.vectors import small


@pytest.mark.parametrize("taxonomy", TAXONOMIES.values(), ids=str)
def test_every_class_has_its_examples_in_every_language(taxonomy) -> None:
    pairs = [pair for pair in read_labelled(EXAMPLES, taxonomy) if not pair.term]
    counts = Counter((pair.language, pair.label) for pair in pairs)
    languages = {pair.language for pair in pairs}
    assert len(languages) == 9
    for language in languages:
        for label in taxonomy.labels:
            assert counts[language, label] >= (40 if language == "eng" else 10), (language, label)
    questions = Counter((pair.language, pair.question) for pair in pairs)
    assert max(questions.values()) == 1


@pytest.mark.parametrize(("taxonomy", "least"), [(TOPIC, 0.75), (QUESTION_TYPE, 0.70)], ids=["topic", "question_type"])
def test_packaged_heads_belong_to_the_packaged_encoder_and_score(taxonomy, least: float) -> None:
    head = read_head(PACKAGED / taxonomy.name)
    assert misfits([head], small.info()) is None
    assert head.labels == taxonomy.labels
    assert head.told["macro_f1"] >= least
    assert head.told["calibration_error"] <= 0.08
    assert head.told["pairs"] == sum(score["support"] for score in head.told["by_class"])


CASES = [
    ("Is breakfast included in the price of the hotel room?", "Yes, from seven to ten.", "Traveling", "factoid"),
    ("¿Cómo puedo devolver un pedido?", "Imprima la etiqueta y entregue el paquete.", "Products", "instruction"),
    ("Warum tun Zähne bei Kälte weh?", "Der Zahnarzt prüft, ob der Nerv entzündet ist.", "Healthcare", "reason"),
    ("贷款和信用卡分期有什么区别？", "银行贷款利率更低。", "Banking", "comparison"),
    ("Terms and conditions", "This contract is governed by the law of Ireland.", "Legal", "not-a-question"),
    ("Qu'est-ce qu'un stage en entreprise ?", "L'étudiant découvre un métier.", "Employment", "evidence-based"),
]


@pytest.mark.parametrize(("question", "answer", "topic", "kind"), CASES)
def test_plain_cases(question: str, answer: str, topic: str, kind: str) -> None:
    encoder = small.load()
    found = {}
    for head in find_heads(LabelSettings()):
        assert isinstance(head, Head)
        (label,), (score,) = head.predict(
            {"question": encoder.encode([question]), "answer": encoder.encode([answer])}, ([question], [answer])
        )
        found[head.taxonomy] = label
        assert 0 < score <= 1
    assert found["topic"].startswith(topic)
    assert found["question_type"] == kind


def test_heads_need_neither_torch_nor_the_encoder() -> None:
    import subprocess
    import sys

    code = (
        "import sys, numpy as np; from faquarry.labels.find import PACKAGED; from faquarry.labels.head import read_head; "
        "v = np.zeros((1, 256)); read_head(PACKAGED / 'topic').predict({'question': v, 'answer': v}, (['a'], ['b'])); "
        "print([m for m in ('torch', 'sklearn', 'scipy', 'pyspark', 'tokenizers') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(said.stdout.replace("'", '"')) == []
    assert np.isfinite(read_head(PACKAGED / "topic").vectors.matrix).all()
