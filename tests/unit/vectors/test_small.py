"""The packaged encoder: what it weighs, needs and promises, and that it knows its languages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from faquarry.errors import UsageError
from faquarry.vectors import small
from faquarry.vectors.small.table import pack

TEXTS = [
    "How do I return a parcel?",
    "",
    "Print the label from your account and hand the parcel in at any post office within 14 days. " * 40,
    "如何重置我的密码？",
    "هل يمكنني إلغاء الطلب بعد الدفع؟",
    "\n",
    "24/7",
]


@pytest.fixture(scope="module")
def encoder() -> small.SmallEncoder:
    return small.load()


def test_it_needs_neither_torch_nor_scipy() -> None:
    code = (
        "import sys; from faquarry.vectors import small; small.load().encode(['a question']);"
        "print([m for m in ('torch', 'scipy', 'sentence_transformers', 'transformers', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_finding_it_loads_nothing() -> None:
    code = "import sys; from faquarry.vectors import small; small.info(); print('tokenizers' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"


def test_it_weighs_at_most_12_mb() -> None:
    folder = Path(small.__file__).parent
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.suffix != ".pyc") <= 12e6


def test_info_says_what_the_encoder_does(encoder: small.SmallEncoder) -> None:
    info = small.info()
    assert info == encoder.info
    assert info.name == small.NAME == "faquarry-small"
    assert info.kind == "packaged"
    assert len(info.revision) == 16
    assert encoder.encode(["a"]).shape == (1, info.dim)
    assert encoder.lengths(["word " * 5000])[0] == info.max_tokens
    assert 0 < info.thresholds.keep <= info.thresholds.publish < 1


def test_vectors_have_unit_length_or_are_zero(encoder: small.SmallEncoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert vectors.dtype == np.float32
    norms = np.linalg.norm(vectors, axis=1)
    known = np.array([True, False, True, True, True, True, True])
    np.testing.assert_allclose(norms[known], 1, atol=1e-5)
    assert not vectors[~known].any()


def test_no_text_gives_no_vector(encoder: small.SmallEncoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.info.dim)
    assert encoder.lengths([]).shape == (0,)


def test_company_and_order_change_no_bit(encoder: small.SmallEncoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert np.array_equal(vectors, encoder.encode(TEXTS[::-1])[::-1])
    assert np.array_equal(vectors, np.concatenate([encoder.encode([text]) for text in TEXTS]))
    bags = encoder.tokenise(TEXTS)
    rows = np.array([6, 0, 2, 1], np.intp)
    assert np.array_equal(bags.start(rows)(), vectors[rows])
    assert np.array_equal(bags.lengths, encoder.lengths(TEXTS))


def test_many_texts_are_gathered_in_blocks(encoder: small.SmallEncoder) -> None:
    many = TEXTS * 60
    assert np.array_equal(encoder.encode(many), np.tile(encoder.encode(TEXTS), (60, 1)))


def test_sentence_transformers_gives_the_same_vectors(encoder: small.SmallEncoder, tmp_path: Path) -> None:
    sentence_transformers = pytest.importorskip("sentence_transformers")
    small.save_pretrained(tmp_path / "static")
    model = sentence_transformers.SentenceTransformer(str(tmp_path / "static"), device="cpu")
    assert type(model[0]).__name__ == "StaticEmbedding"
    np.testing.assert_allclose(model.encode(TEXTS), encoder.encode(TEXTS), atol=1e-3)


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        ("How do I change my password?", "Wie ändere ich mein Passwort?", "Wie lade ich die Datei herunter?"),
        ("How do I change my password?", "Как изменить пароль?", "Как скачать файл?"),
        ("Download the new version", "Descargar la nueva versión", "Cambiar la contraseña"),
        ("What are the symptoms of the virus?", "Quels sont les symptômes du virus ?", "Quel est le prix du billet ?"),
        ("Is my data safe?", "Sind meine Daten sicher?", "Wann öffnet der Laden?"),
        ("Open a new window", "打开新窗口", "删除文件"),
    ],
)
def test_translations_rank_first(encoder: small.SmallEncoder, question: str, right: str, wrong: str) -> None:
    asked, found, other = encoder.encode([question, right, wrong])
    assert asked @ found > asked @ other


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no small encoder"):
        small.info(tmp_path)


@pytest.mark.parametrize(("bits", "error"), [(4, 0.11), (2, 0.34)])
def test_quantisation_errs_as_little_as_theory_says(bits: int, error: float) -> None:
    """Lloyd's quantiser of a normal variable leaves 0.0095 of the variance with 16 levels, 0.1175 with 4 (Max 1960)."""
    vectors = np.random.default_rng(0).standard_normal((500, 64)).astype(np.float32) * np.linspace(0, 3, 500)[:, None]
    vectors = vectors.astype(np.float32)
    table = pack(vectors, bits)
    assert table.codes.shape == (500, 64 * bits // 8)
    assert table.dim == 64
    back = table.unpack()
    assert not back[0].any()
    relative = np.linalg.norm(back - vectors, axis=1)[1:] / np.linalg.norm(vectors, axis=1)[1:]
    assert relative.mean() == pytest.approx(error, abs=0.02)
