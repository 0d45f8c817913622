"""Models that sentence-transformers loads: its own vectors, batches of ours, and memory that is really short."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.tiny import SENTENCES, static_model, tiny_transformer
from tests.unit.vectors.test_files import Poison

from faquarry.config.settings import EmbedSettings
from faquarry.vectors.batching import Budget, encode_all
from faquarry.vectors.find import find_model
from faquarry.vectors.load import PROBE, cosines_hold, load_encoder, worker_encoder
from faquarry.vectors.sentence import SentenceEncoder

SETTINGS = EmbedSettings()
TEXTS = [*SENTENCES, *PROBE, "", "parcel " * 200]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_transformer(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def encoder(folder: Path) -> SentenceEncoder:
    return loaded(folder)


def loaded(folder: Path, settings: EmbedSettings = SETTINGS) -> SentenceEncoder:
    found = load_encoder(find_model(str(folder), settings), settings, threads=1)
    assert isinstance(found, SentenceEncoder)
    return found


def theirs(encoder: SentenceEncoder, texts: list[str]) -> np.ndarray[Any, Any]:
    return np.asarray(encoder.model.encode(texts, normalize_embeddings=True, show_progress_bar=False))


def test_vectors_are_those_of_sentence_transformers(encoder: SentenceEncoder) -> None:
    ours = encoder.encode(TEXTS)
    np.testing.assert_allclose(ours, theirs(encoder, TEXTS), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-5)
    assert ours.dtype == np.float32


def test_lengths_are_in_tokens_and_cut_at_the_maximum(encoder: SentenceEncoder, folder: Path) -> None:
    lengths = encoder.lengths(["parcel", "", "parcel " * 200])
    assert lengths.tolist() == [3, 2, 64]
    shorter = loaded(folder, EmbedSettings(max_tokens=16))
    assert shorter.lengths(["parcel " * 200]).tolist() == [16]
    np.testing.assert_allclose(shorter.encode(["parcel " * 200]), encoder.encode(["parcel " * 14]), atol=1e-5)


def test_batches_do_not_change_vectors(encoder: SentenceEncoder) -> None:
    whole = encoder.encode(TEXTS)
    for tokens in (1, 40, 300, 10_000):
        found = encode_all(encoder.tokenise(TEXTS), Budget(tokens), encoder.info.dim)
        np.testing.assert_allclose(found.vectors, whole, atol=1e-5)


def test_no_texts_give_no_vectors(encoder: SentenceEncoder) -> None:
    assert encoder.encode([]).shape == (0, 64)


def test_a_batch_that_torch_has_no_memory_for_is_halved(encoder: SentenceEncoder) -> None:
    """The allocator is really asked for more than there is, whenever a batch has more than three texts."""
    import torch

    refused: list[int] = []

    def short_of_memory(module: torch.nn.Module, given: tuple[dict[str, torch.Tensor]]) -> None:
        rows = given[0]["input_ids"].shape[0]
        if rows > 3:
            refused.append(rows)
            torch.empty(1 << 52)

    expected = encoder.encode(TEXTS)
    hook = encoder.model.register_forward_pre_hook(short_of_memory)
    try:
        budget = Budget(10_000)
        found = encode_all(encoder.tokenise(TEXTS), budget, encoder.info.dim)
    finally:
        hook.remove()
    assert refused
    np.testing.assert_allclose(found.vectors, expected, atol=1e-5)


def test_a_static_model_is_the_mean_of_its_rows(tmp_path: Path) -> None:
    encoder = loaded(static_model(tmp_path / "static"))
    texts = [text for text in TEXTS if text]
    np.testing.assert_allclose(encoder.encode(texts), theirs(encoder, texts), atol=1e-5)
    tokenised = encoder.tokenise(texts)
    assert not tokenised.pads
    found = encode_all(tokenised, Budget(7), encoder.info.dim)
    np.testing.assert_allclose(found.vectors, encoder.encode(texts), atol=1e-5)
    assert found.padded.tolist() == found.tokens.tolist()


def test_a_model_that_pads_left_and_ends_with_its_last_token(tmp_path: Path) -> None:
    folder = tiny_transformer(tmp_path / "left")
    words = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**words, "padding_side": "left"}))
    (folder / "1_Pooling" / "config.json").write_text(
        json.dumps({"embedding_dimension": 64, "pooling_mode": "lasttoken"})
    )
    encoder = loaded(folder)
    texts = [text for text in TEXTS if text]
    np.testing.assert_allclose(encoder.encode(texts), theirs(encoder, texts), atol=1e-5)


def test_prompts_that_are_not_pooled_go_through_the_models_own_encode(encoder: SentenceEncoder) -> None:
    """A model whose batches ours do not match is still encoded, by its own way."""
    own = SentenceEncoder(encoder.info, encoder.model, "cpu", PROBE)
    own._kind = "opaque"
    tokenised = own.tokenise(TEXTS)
    found = encode_all(tokenised, Budget(100), own.info.dim)
    np.testing.assert_allclose(found.vectors, encoder.encode(TEXTS), atol=1e-5)
    assert tokenised.lengths.tolist() == encoder.lengths(TEXTS).tolist()


def test_a_pickle_beside_safetensors_is_not_opened(tmp_path: Path) -> None:
    folder = tiny_transformer(tmp_path / "both")
    for name in ("pytorch_model.bin", "training_args.bin"):
        (folder / name).write_bytes(pickle.dumps(Poison(tmp_path / "harm")))
    (folder / "harm.py").write_text(f"import pathlib; pathlib.Path({str(tmp_path / 'harm')!r}).touch()")
    loaded(folder).encode(["parcel"])
    assert not (tmp_path / "harm").exists()


def test_a_worker_keeps_two_models(folder: Path, tmp_path: Path) -> None:
    infos = [find_model(str(tiny_transformer(tmp_path / f"m{seed}", seed=seed)), SETTINGS) for seed in range(3)]
    first, second = (worker_encoder(info, SETTINGS, "cpu", 1) for info in infos[:2])
    assert worker_encoder(infos[0], SETTINGS, "cpu", 1) is first
    worker_encoder(infos[2], SETTINGS, "cpu", 1)
    assert worker_encoder(infos[1], SETTINGS, "cpu", 1) is second
    assert worker_encoder(infos[0], SETTINGS, "cpu", 1) is not first


@pytest.fixture
def lowered(folder: Path) -> SentenceEncoder:
    return loaded(folder, EmbedSettings(precision="bf16"))


def test_sixteen_bits_are_used_where_cosines_hold(encoder: SentenceEncoder, lowered: SentenceEncoder) -> None:
    exact, rough = encoder.encode(PROBE), lowered.encode(PROBE)
    assert str(lowered.model.dtype) in ("torch.bfloat16", "torch.float32")
    assert cosines_hold(exact, rough)
    assert not cosines_hold(exact, -rough)
    assert not cosines_hold(exact, np.full_like(rough, np.nan))


def test_sixteen_bits_that_move_cosines_are_not_used(
    folder: Path, encoder: SentenceEncoder, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from safetensors.numpy import load_file, save_file

    wild = tiny_transformer(tmp_path / "wild")
    weights = load_file(wild / "model.safetensors")
    # Attention that decides by tiny differences of large numbers: more than 8 bits of mantissa can tell apart.
    for name in weights:
        if "query.weight" in name or "key.weight" in name:
            weights[name] *= 40
    save_file(weights, wild / "model.safetensors", metadata={"format": "pt"})
    found = loaded(wild, EmbedSettings(precision="bf16"))
    assert str(found.model.dtype) == "torch.float32"
    assert "moves the cosines of wild" in caplog.text
    np.testing.assert_array_equal(found.encode(PROBE), loaded(wild).encode(PROBE))
