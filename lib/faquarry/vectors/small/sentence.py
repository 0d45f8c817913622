"""The small encoder as a folder that sentence-transformers reads: StaticEmbedding over the same tokeniser, then Normalize."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from faquarry.vectors.small.encoder import SmallEncoder

__all__ = ["save_static"]

_MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.StaticEmbedding"},
    {"idx": 1, "name": "1", "path": "1_Normalize", "type": "sentence_transformers.models.Normalize"},
]
_CONFIG: dict[str, object] = {
    "model_type": "SentenceTransformer",
    "prompts": {},
    "default_prompt_name": None,
    "similarity_fn_name": "cosine",
}


def save_static(encoder: SmallEncoder, folder: Path) -> None:
    """Writes the folder. Its vectors are the mean where ours are the sum: the same once they have unit length."""
    from safetensors.numpy import save_file

    (folder / "1_Normalize").mkdir(parents=True, exist_ok=True)
    (folder / "modules.json").write_text(json.dumps(_MODULES, indent=2))
    (folder / "config_sentence_transformers.json").write_text(json.dumps(_CONFIG, indent=2))
    (folder / "1_Normalize" / "config.json").write_text("{}")
    encoder.tokenizer.save(str(folder / "tokenizer.json"))
    save_file({"embedding.weight": np.ascontiguousarray(encoder.table)}, folder / "model.safetensors")
