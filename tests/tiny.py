"""Models of a few kilobytes in the folder layout of sentence-transformers: built from numbers, without torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

__all__ = ["SENTENCES", "static_model", "tiny_cross_encoder", "tiny_transformer"]

SIZE, INNER, LAYERS = 64, 128, 2

SENTENCES = [
    "How do I return a parcel?",
    "Print the label from your account and hand the parcel in at any post office.",
    "What does delivery cost?",
    "Delivery costs four euros; from fifty euros on we pay for it ourselves.",
    "Wie lange dauert der Versand?",
    "In der Regel zwei bis drei Werktage nach Eingang der Zahlung.",
    "¿Puedo cambiar la dirección de entrega?",
    "Когда открыт магазин?",
    "配送にはどのくらいかかりますか？",
    "หมายเลขคำสั่งซื้ออยู่ที่ไหน",
]


def tokenizer(special: bool = True) -> Tokenizer:
    """A WordPiece tokenizer that knows the words of SENTENCES, and their letters."""
    normal, split = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    words = sorted({word for text in SENTENCES for word, _ in split.pre_tokenize_str(normal.normalize_str(text))})
    letters = sorted({letter for word in words for letter in word})
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    pieces = dict.fromkeys([*names, *words, *letters, *(f"##{letter}" for letter in letters)])
    found = Tokenizer(models.WordPiece({piece: place for place, piece in enumerate(pieces)}, unk_token="[UNK]"))
    found.normalizer, found.pre_tokenizer = normal, split
    if special:
        found.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
        )
    return found


def tiny_transformer(folder: Path, *, max_tokens: int = 64, seed: int = 0) -> Path:
    """A BERT of 2 layers and 64 dimensions with mean pooling, random weights."""
    words = tokenizer()
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "max_position_embeddings": max_tokens,
        "type_vocab_size": 2,
    }
    weights = _Weights(seed)
    weights.body("", words.get_vocab_size(), max_tokens, types=2)
    weights.linear("pooler.dense", SIZE, SIZE)
    _save(folder, words, config, weights.arrays, max_tokens)
    _write(folder / "1_Pooling" / "config.json", {"embedding_dimension": SIZE, "pooling_mode": "mean"})
    modules = [
        ("", "base.modules.transformer.Transformer"),
        ("1_Pooling", "sentence_transformer.modules.pooling.Pooling"),
    ]
    _modules(folder, modules)
    return folder


def tiny_cross_encoder(folder: Path, *, max_tokens: int = 64, seed: int = 0, labels: int = 1, **config: Any) -> Path:
    """An XLM-R of 2 layers and 64 dimensions that scores pairs, random weights: the shape of BAAI/bge-reranker-v2-m3."""
    words = tokenizer()
    words.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    weights = _Weights(seed)
    weights.body("roberta.", words.get_vocab_size(), max_tokens + 2, types=1)
    weights.linear("classifier.dense", SIZE, SIZE)
    weights.linear("classifier.out_proj", labels, SIZE)
    whole = {
        "architectures": ["XLMRobertaForSequenceClassification"],
        "model_type": "xlm-roberta",
        "max_position_embeddings": max_tokens + 2,
        "type_vocab_size": 1,
        "id2label": {str(label): f"LABEL_{label}" for label in range(labels)},
        **config,
    }
    _save(folder, words, whole, weights.arrays, max_tokens)
    return folder


class _Weights:
    """Random weights by the names that transformers gives them."""

    def __init__(self, seed: int) -> None:
        self._draw = np.random.default_rng(seed)
        self.arrays: dict[str, Any] = {}

    def linear(self, name: str, *shape: int) -> None:
        self.arrays[f"{name}.weight"] = self._draw.normal(0, 0.3, shape).astype(np.float32)
        if "embeddings" not in name:
            self.arrays[f"{name}.bias"] = np.zeros(shape[0], np.float32)

    def norm(self, name: str) -> None:
        self.arrays[f"{name}.weight"] = np.ones(SIZE, np.float32)
        self.arrays[f"{name}.bias"] = np.zeros(SIZE, np.float32)

    def body(self, prefix: str, words: int, places: int, types: int) -> None:
        self.linear(f"{prefix}embeddings.word_embeddings", words, SIZE)
        self.linear(f"{prefix}embeddings.position_embeddings", places, SIZE)
        self.linear(f"{prefix}embeddings.token_type_embeddings", types, SIZE)
        self.norm(f"{prefix}embeddings.LayerNorm")
        for layer in range(LAYERS):
            at = f"{prefix}encoder.layer.{layer}"
            for name in (
                "attention.self.query",
                "attention.self.key",
                "attention.self.value",
                "attention.output.dense",
            ):
                self.linear(f"{at}.{name}", SIZE, SIZE)
            self.linear(f"{at}.intermediate.dense", INNER, SIZE)
            self.linear(f"{at}.output.dense", SIZE, INNER)
            self.norm(f"{at}.attention.output.LayerNorm")
            self.norm(f"{at}.output.LayerNorm")


def _save(folder: Path, words: Tokenizer, config: dict[str, Any], weights: dict[str, Any], max_tokens: int) -> None:
    sizes = {
        "vocab_size": words.get_vocab_size(),
        "hidden_size": SIZE,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 4,
        "intermediate_size": INNER,
        "pad_token_id": 0,
    }
    folder.mkdir(parents=True)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    words.save(str(folder / "tokenizer.json"))
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    _write(folder / "config.json", {**sizes, **config})
    _write(
        folder / "tokenizer_config.json",
        {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": max_tokens, **special},
    )


def static_model(folder: Path, *, dim: int = 32, seed: int = 0) -> Path:
    """A StaticEmbedding of random vectors."""
    words = tokenizer(special=False)
    folder.mkdir(parents=True)
    table = np.random.default_rng(seed).normal(0, 1, (words.get_vocab_size(), dim)).astype(np.float32)
    save_file({"embedding.weight": table}, folder / "model.safetensors", metadata={"format": "pt"})
    words.save(str(folder / "tokenizer.json"))
    _modules(folder, [("", "sentence_transformer.modules.static_embedding.StaticEmbedding")])
    return folder


def _modules(folder: Path, modules: list[tuple[str, str]]) -> None:
    _write(
        folder / "modules.json",
        [
            {"idx": place, "name": str(place), "path": path, "type": f"sentence_transformers.{kind}"}
            for place, (path, kind) in enumerate(modules)
        ],
    )


def _write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
