"""From a name or a folder to a scorer, without loading it; what is refused is refused by a sentence, before Spark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from faquarry.config.settings import ScoreSettings
from faquarry.errors import UsageError
from faquarry.vectors.files import LocalFiles, check, max_tokens_of
from faquarry.vectors.find import located
from faquarry.vectors.revision import folder_revision
from faquarry.vectors.scoring import small
from faquarry.vectors.scoring.model import Activation, ScorerInfo

__all__ = ["PACKAGED", "find_scorer"]

PACKAGED = small.NAME
_EXAMPLE = "BAAI/bge-reranker-v2-m3"
_ACTIVATIONS: dict[str, Activation] = {"Sigmoid": "sigmoid", "Identity": "logit"}


def find_scorer(settings: ScoreSettings) -> ScorerInfo:
    """The scorer that `settings` name: the packaged one, a folder, or one of a hub (`NAME` or `NAME@REVISION`).

    A folder holds a cross-encoder of sentence-transformers, or what `faquarry train --recipe small-scorer` wrote.

    Raises:
        UsageError: there is no such model, it is no scorer, it is damaged, or it would run code that nobody asked for.
        EnvironmentProblem: it is not in the cache, and the hub cannot be reached.
    """
    if settings.model == PACKAGED:
        return small.info(settings.activation)
    name, folder = located(settings.model, settings, f"{PACKAGED}, the folder of a cross-encoder", _EXAMPLE)
    if small.is_scorer(folder):
        return small.info(settings.activation, folder)
    return _cross_encoder(name, folder, settings)


def _cross_encoder(name: str, folder: Path, settings: ScoreSettings) -> ScorerInfo:
    files = LocalFiles(folder.absolute())
    check(name, files.names, files.json, settings)
    config = files.json("config.json")
    _check_scores(name, files, config)
    revision = folder_revision(files)
    max_tokens = max_tokens_of(files, config)
    if settings.max_tokens is not None and settings.max_tokens < max_tokens:
        max_tokens = settings.max_tokens
        revision = f"{revision}-{max_tokens}"  # pairs that are cut elsewhere have other scores
    activation = _own_activation(name, files, config) if settings.activation == "auto" else settings.activation
    return ScorerInfo(name, revision, "cross-encoder", activation, max_tokens, str(files.folder))


def _check_scores(name: str, files: LocalFiles, config: Any) -> None:
    """Refuses models that give vectors, or more than one number a pair."""
    kinds = [str(kind) for kind in config.get("architectures") or []]
    if "LogitScore" in str(files.json("modules.json")) or any(kind.endswith("ForCausalLM") for kind in kinds):
        return
    if not any(kind.endswith("ForSequenceClassification") for kind in kinds):
        told = f"is {kinds[0]}" if kinds else "does not say what it is (architectures in config.json)"
        raise UsageError(f"The model {name} is no cross-encoder: it {told}, not a model for sequence classification.")
    labels = len(config.get("id2label") or ()) or config.get("num_labels", 2)
    if labels != 1:
        raise UsageError(f"The model {name} gives {labels} numbers for a pair (id2label in config.json), a scorer one.")


def _own_activation(name: str, files: LocalFiles, config: Any) -> Activation:
    """What the model was saved with, where sentence-transformers looks for it; a sigmoid where nothing is said."""
    inner = config.get("sentence_transformers") or {}
    said = (
        files.json("config_sentence_transformers.json").get("activation_fn")
        or inner.get("activation_fn")
        or config.get("sbert_ce_default_activation_function")
        or "torch.nn.Sigmoid"
    )
    found = _ACTIVATIONS.get(str(said).rpartition(".")[2])
    if found is None:
        raise UsageError(f"The model {name} ends in {said}: choose with --set score.activation=logit, or sigmoid.")
    return found
