"""The end of a run: the model in its folder with a card, and whether it beats what it started from, on queries it never saw."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from faquarry.retrieval.statistics import DRAWS, difference
from faquarry.training.retriever.card import card

if TYPE_CHECKING:
    from faquarry.training.retriever.trainer import Trainer

__all__ = ["Scores", "finish", "plain"]

Floats = npt.NDArray[np.float64]
Scores = Mapping[str, Mapping[str, Floats]]
"""{language: {measure: a number a query}}"""


def finish(trainer: Trainer) -> Path:
    """Writes the model, measures it on the lake's test queries beside its start, and says which is better. -> its folder"""
    folder = trainer.folder / "model"
    best = trainer.folder / "best.pt"
    if trainer.recipe.evaluate.patience and best.exists():
        trainer.model.module.load_state_dict(torch.load(best, weights_only=True))
        trainer.progress.say(f"train: the best of the evaluations is kept (nDCG@10 {trainer.best:.4f}).")
    if trainer.world.rank:
        return folder
    start = json.loads((trainer.folder / "start.json").read_text(encoding="utf-8"))
    found: dict[str, Any] = {}
    trained = trainer.scored("dev", "test")
    for split, now in trained.items():
        asked = trainer.asked(split)
        if not asked:
            continue
        then = {language: {name: np.asarray(one) for name, one in of.items()} for language, of in start[split].items()}
        found[split] = {
            one.language: {
                measure: _told(now[one.language][measure], then[one.language][measure], one.sites, draws=2_000)
                for measure in now[one.language]
            }
            for one in asked
        }
        sites = [f"{one.language} {site}" for one in asked for site in one.sites]
        after, before = (np.concatenate([side[one.language]["ndcg@10"] for one in asked]) for side in (now, then))
        found[split]["all"] = {"ndcg@10": _told(after, before, sites)}
        trainer.progress.say(f"train: {_sentence(split, found[split]['all']['ndcg@10'])}")
    (trainer.folder / "scores.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    (trainer.folder / "end.json").write_text(json.dumps(plain(trained)), encoding="utf-8")
    _write(trainer, folder, found)
    shutil.rmtree(trainer.folder / "checkpoints", ignore_errors=True)
    best.unlink(missing_ok=True)
    return folder


def plain(found: Mapping[str, Scores]) -> dict[str, Any]:
    """Scores by split, language, measure and query, as JSON takes them (start.json, end.json)."""
    return {
        split: {
            language: {name: np.round(values, 8).tolist() for name, values in one.items()}
            for language, one in scored.items()
        }
        for split, scored in found.items()
    }


def _told(now: Floats, start: Floats, sites: Sequence[str], draws: int = DRAWS) -> dict[str, Any]:
    """How much better the model is than its start, sites drawn as wholes, with both means."""
    return asdict(difference(now, start, sites, draws=draws)) | {"start": float(start.mean()), "now": float(now.mean())}


def _sentence(split: str, told: Mapping[str, Any]) -> str:
    verdict = "not told from its start"
    if told["low"] > 0:
        verdict = "better than its start"
    elif told["high"] < 0:
        verdict = "WORSE than its start"
    return (
        f"nDCG@10 on {told['queries']:,} {split} queries {told['start']:.4f} → {told['now']:.4f} "
        f"({told['mean']:+.4f}, 95 % [{told['low']:+.4f}, {told['high']:+.4f}]): {verdict}."
    )


def _write(trainer: Trainer, folder: Path, found: Mapping[str, Any]) -> None:
    part = folder.with_name(f".{os.getpid()}.model")
    shutil.rmtree(part, ignore_errors=True)
    trainer.model.module.save_pretrained(str(part), create_model_card=False)
    info = trainer.model.info
    own = {
        "thresholds": asdict(info.thresholds),
        "prefixes": info.prefixes,
        "made": trainer.recipe.model_dump(mode="json"),
    }
    (part / "faquarry.json").write_text(json.dumps(own, indent=1, ensure_ascii=False), encoding="utf-8")
    told = {name: dict(examples.told) | {"rows": len(examples)} for name, examples in trainer.examples.items()}
    (part / "README.md").write_text(card(trainer.recipe, info, told, trainer.step, found), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
