"""What a model's files say of it before anything is loaded, and what they must not hold.

A model is data. Files that are programs (pickled weights, Python modules named by a configuration) are refused before
torch is imported; weights are read from safetensors only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from faquarry.config.settings import ModelSettings
from faquarry.errors import UsageError

__all__ = ["WANTED", "Described", "LocalFiles", "check", "described", "max_tokens_of"]

# What is fetched of a model on a hub: no pickles, no exports for other engines.
WANTED = ("*.json", "*.txt", "*.model", "*.safetensors")

_PICKLES = re.compile(r"\.(bin|pt|pth|pkl|pickle|ckpt|joblib)$", re.IGNORECASE)
_MODULE = re.compile(r"sentence_transformers(\.\w+)*\.(\w+)")
# Modules that compute on what earlier ones give; others name classes of their own, or read files of other kinds.
_MODULES = {
    "Transformer": "weights",
    "StaticEmbedding": "weights",
    "Dense": "weights",
    "LayerNorm": "weights",
    "WeightedLayerPooling": "weights",
    "Pooling": "",
    "Normalize": "",
    "Dropout": "",
    "LogitScore": "",
}
_ACTIVATIONS = ("activation_function", "activation_fn", "sbert_ce_default_activation_function")
_DEFAULT_MODULES = ({"type": "sentence_transformers.models.Transformer", "path": ""},)
_ANY_TOKENS = 8192  # a static model has no maximum; what is longer than this is cut all the same


class LocalFiles:
    """The files of a folder, hidden ones left out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names = frozenset(
            path.relative_to(folder).as_posix()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        )

    def json(self, name: str) -> Any:
        """What a file holds; {} when it is not there.

        Raises:
            UsageError: it is no JSON, or none of an object (of modules.json: a list).
        """
        if name not in self.names:
            return {}
        try:
            found = json.loads((self.folder / name).read_text(encoding="utf-8"))
            if not isinstance(found, dict) and PurePosixPath(name).name != "modules.json":
                raise ValueError("it holds no object")
            return found
        except (ValueError, OSError, RecursionError) as error:
            raise UsageError(f"The model {self.folder} is damaged: {name} cannot be read ({error}).") from error


@dataclass(frozen=True)
class Described:
    """A model by its configuration files."""

    dim: int
    max_tokens: int
    pooling: str
    prefixes: Mapping[str, str]
    thresholds: Mapping[str, float] | None
    static: bool


def check(name: str, names: frozenset[str], read: Callable[[str], Any], settings: ModelSettings) -> None:
    """Refuses what is no model, what brings programs along, and what has its weights in pickles only.

    `names` are the files there are (on a hub: before they are fetched), `read` gives the content of a JSON file.

    Raises:
        UsageError: a sentence that says what was found and what to do.
    """
    modules = _modules(name, names, read)
    if not settings.trust_remote_code:
        advice = f"If you have read that code and trust it: --set {settings.section}.trust_remote_code=true."
        _check_code(name, names, read, modules, advice)
    if "adapter_config.json" in names:
        raise UsageError(f"The model {name} is an adapter to another one: merge the two and save them as one folder.")
    for module in modules:
        kind = str(module["type"]).rpartition(".")[2]
        if _MODULES.get(kind, "weights") == "weights":
            _check_weights(name, names, str(module["path"]), needed=kind in ("Transformer", "StaticEmbedding"))


def _modules(name: str, names: frozenset[str], read: Callable[[str], Any]) -> Sequence[Mapping[str, Any]]:
    if "modules.json" not in names and "config.json" not in names:
        raise UsageError(
            f"{name} is no model: it has neither modules.json nor config.json (a folder that sentence-transformers saved "
            "has both)."
        )
    modules = read("modules.json") if "modules.json" in names else list(_DEFAULT_MODULES)
    sound = isinstance(modules, list) and all(isinstance(m, dict) and {"type", "path"} <= m.keys() for m in modules)
    if not sound or not modules:
        raise UsageError(f"The model {name} is damaged: modules.json is not a list of modules.")
    for module in modules:
        path = PurePosixPath(str(module["path"]))
        if path.is_absolute() or ".." in path.parts or "\\" in str(path):
            raise UsageError(f"The model {name} is refused: modules.json points outside of it ({path}).")
    return modules


def _check_code(
    name: str, names: frozenset[str], read: Callable[[str], Any], modules: Sequence[Mapping[str, Any]], advice: str
) -> None:
    for module in modules:
        found = _MODULE.fullmatch(str(module["type"]))
        if found is None or found.group(2) not in _MODULES:
            raise UsageError(f"The model {name} brings its own code ({module['type']} in modules.json). {advice}")
    for file in sorted(file for file in names if file.endswith(".json") and not _is_vocabulary(file)):
        for key, value in _items(read(file)):
            if key == "auto_map" or (key == "trust_remote_code" and value):
                raise UsageError(f"The model {name} brings its own code ({key} in {file}). {advice}")
            if key in _ACTIVATIONS and value and not str(value).startswith("torch.nn."):
                raise UsageError(f"The model {name} brings its own code ({value} in {file}). {advice}")


def _is_vocabulary(file: str) -> bool:
    """Large files of words, in which a key is a token."""
    return PurePosixPath(file).name in ("tokenizer.json", "vocab.json", "added_tokens.json") or file.endswith(
        ".index.json"
    )


def _items(node: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, however deep."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield str(key), value
            yield from _items(value)
    elif isinstance(node, list):
        for value in node:
            yield from _items(value)


def _check_weights(name: str, names: frozenset[str], path: str, *, needed: bool) -> None:
    folder = PurePosixPath(path)
    mine = [file for file in names if PurePosixPath(file).parent == folder]
    if any(file.endswith((".safetensors", ".safetensors.index.json")) for file in mine):
        return
    pickles = sorted(file for file in mine if _PICKLES.search(file))
    if pickles:
        raise UsageError(
            f"The model {name} is refused: its weights are a pickle ({pickles[0]}), which is a program, not data. Take a "
            "revision with safetensors (NAME@REVISION), or convert it once (docs/vectors.md says how)."
        )
    if needed:
        raise UsageError(f"The model {name} has no weights: there is no model.safetensors in {path or 'its folder'}.")


def described(name: str, files: LocalFiles) -> Described:
    """Dimension, maximum length, pooling and prefixes, as sentence-transformers would find them.

    Raises:
        UsageError: the files do not say.
    """
    modules = _modules(name, files.names, files.json)
    first = modules[0]
    root = str(first["path"])
    dim: Any
    static = str(first["type"]).endswith("StaticEmbedding")
    if static:
        dim, max_tokens = _static_dim(name, files, root), _ANY_TOKENS
    else:
        config = _inner(files.json(_under(root, "config.json")))
        dim = config.get("hidden_size") or config.get("d_model") or config.get("dim") or config.get("n_embd")
        max_tokens = max_tokens_of(files, config, root)
    pooling = "mean"
    for module in modules:
        settings = files.json(_under(str(module["path"]), "config.json")) if module["path"] else {}
        if str(module["type"]).endswith(".Pooling"):
            modes = _pooling(settings)
            pooling = "+".join(modes)
            dim = (settings.get("embedding_dimension") or settings.get("word_embedding_dimension") or dim or 0) * len(
                modes
            )
        elif str(module["type"]).endswith(".Dense"):
            dim = settings.get("out_features") or dim
    own = files.json("config_sentence_transformers.json")
    ours = files.json("faquarry.json")
    dim = own.get("truncate_dim") or dim
    if not isinstance(dim, int) or dim < 1:
        raise UsageError(
            f"The model {name} does not say how many dimensions its vectors have (hidden_size in config.json)."
        )
    prefixes = ours.get("prefixes") or _prompts(own)
    return Described(dim, max_tokens, pooling, prefixes, ours.get("thresholds"), static)


def _under(path: str, file: str) -> str:
    return f"{path}/{file}" if path else file


def _inner(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Models of several parts keep that of the text apart."""
    inner = config.get("text_config")
    return inner if isinstance(inner, Mapping) else config


def max_tokens_of(files: LocalFiles, config: Mapping[str, Any], root: str = "") -> int:
    """The longest text that a transformer takes, in tokens, by its own files in folder `root`."""
    said = files.json(_under(root, "sentence_bert_config.json")).get("max_seq_length")
    tokenizer = files.json(_under(root, "tokenizer_config.json")).get("model_max_length")
    places = config.get("max_position_embeddings")
    if places and config.get("model_type") in ("roberta", "xlm-roberta", "camembert", "mpnet"):
        places -= 2  # their positions start behind that of the padding
    limits = [int(limit) for limit in (said, tokenizer, places) if isinstance(limit, int | float) and 0 < limit < 1e6]
    return min(limits, default=512)


def _pooling(settings: Mapping[str, Any]) -> list[str]:
    mode = settings.get("pooling_mode")
    if mode:
        return list(mode) if isinstance(mode, list | tuple) else str(mode).split("+")
    switched = (key for key, value in settings.items() if key.startswith("pooling_mode_") and value is True)
    return [key.removeprefix("pooling_mode_").removesuffix("_tokens").removesuffix("_token") for key in switched] or [
        "mean"
    ]


def _prompts(config: Mapping[str, Any]) -> dict[str, str]:
    """Prefixes by field, from the prompts that a model was saved with."""
    prompts = {key: value for key, value in (config.get("prompts") or {}).items() if isinstance(value, str) and value}
    usual = prompts.get(str(config.get("default_prompt_name")), "")
    found = {
        "question": prompts.get("query", usual),
        "answer": prompts.get("passage", prompts.get("document", usual)),
        "qa": usual,
    }
    return {field: prefix for field, prefix in found.items() if prefix}


def _static_dim(name: str, files: LocalFiles, root: str) -> int:
    """Columns of the table of vectors, from the header of its safetensors file."""
    from safetensors import SafetensorError, safe_open

    path = files.folder / _under(root, "model.safetensors")
    try:
        with safe_open(path, framework="numpy") as tensors:
            for key in ("embedding.weight", "embeddings"):
                if key in tensors.keys():  # noqa: SIM118 - no mapping
                    return int(tensors.get_slice(key).get_shape()[1])
    except (SafetensorError, OSError, IndexError) as error:
        raise UsageError(f"The model {name} is damaged: {path.name} cannot be read ({error}).") from error
    raise UsageError(f"The model {name} has no table of vectors in {path.name} (embedding.weight).")
