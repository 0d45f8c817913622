"""The study of the recipes: the same start, the same data, three seeds, and what each recipe makes of the packaged encoder.

    FAQUARRY_DATA=… python -m benchmarks recipes            (KEEP=FOLDER keeps lake and models, SEEDS=1 is a quick look)

Four bodies of real questions and answers make one lake: MedQuAD (English), JHU COVID (five languages), StackFAQ (English,
paraphrased questions), translated FAQs of open-source projects (63 languages). Whole topics are held out, as test queries.
Hard negatives come from our own `mine` with the packaged scorer. Differences are paired by query; seeds are averaged within
a query, topics drawn as wholes (`faquarry.retrieval.statistics`), p-values adjusted after Holm over the recipes.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.faq_lake import fill, jhu_covid, lines, medquad, write
from faquarry.config.settings import LogSettings, Settings
from faquarry.lake.tables import BITEXTS
from faquarry.retrieval.statistics import difference, holm
from faquarry.training.retriever.evaluation import questions
from faquarry.training.retriever.run import run as train

__all__ = ["RECIPES", "run", "study_lake"]

QUIET = LogSettings(progress="none")
SEEDS = 3
COMMON = ("evaluate.every=1000000", "checkpoint.every=1000000", "evaluate.corpus=1000000", "evaluate.queries=1000000")
BY_SOURCE = ("groups.by='column:title'", "groups.min_size=64", "dro.every=10", "dro.rate=0.02")

RECIPES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "rn": ("rn", ()),
    "top4": ("top4", ()),
    "denoised": ("denoised", ()),
    "denoised, RocketQA's rule": ("denoised", ("tasks.negatives.rule='rocketqa'",)),
    "marginmse": ("marginmse", ()),
    "bitext": ("bitext", ()),
    "multitask": ("multitask", ()),
    "dro": ("dro", BY_SOURCE),
}
"""Name in the tables -> packaged recipe and what is set otherwise."""


def run() -> dict[str, Any]:
    """``recipes``: scores and differences from `rn`; ``skewed``: plain against DRO on groups made skewed; ``seconds``."""
    data = os.environ.get("FAQUARRY_DATA")
    if not data:
        sys.exit("This study needs real data: set FAQUARRY_DATA.")
    kept = os.environ.get("KEEP")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="faquarry-study-") as scratch:
        folder = Path(kept or scratch)
        lake = folder / "lake"
        if not (lake / "negatives").exists():
            study_lake(lake, Path(data))
        seeds = range(int(os.environ.get("SEEDS", SEEDS)))
        figures = {"queries": _sizes(lake), "recipes": _recipes(lake, folder, seeds)}
        figures["skewed"] = _skewed(folder, Path(data), seeds)
    return {**figures, "seeds": len(seeds), "seconds": round(time.monotonic() - started), "missed": []}


# -- data -----------------------------------------------------------------------------------------------------------


def study_lake(lake: Path, data: Path) -> None:
    """Writes the lake of the study, and mines its negatives."""
    from faquarry.dedup.stage import DeduplicateStage
    from faquarry.retrieval.mine.stage import MineStage
    from faquarry.runner import run_stage
    from faquarry.vectors.stage import EmbedStage

    shutil.rmtree(lake, ignore_errors=True)
    translated = _translated(data)
    pairs = [
        *medquad(data),
        *(row for row in jhu_covid(data) if row["language"] != "und"),
        *_stackfaq(data),
        *translated,
    ]
    rows = fill(lake, pairs)
    write(lake, BITEXTS, _bitexts(rows, translated))
    settings = Settings(lake=str(lake), log=QUIET)
    for stage in (DeduplicateStage.of(settings, ("question",)), EmbedStage.of(settings), MineStage.of(settings)):
        run_stage(stage, settings)


def _ticket(key: str) -> str:
    number = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=4).digest()) % 100
    return "train" if number < 80 else "dev" if number < 85 else "test"


def _stackfaq(data: Path) -> list[dict[str, Any]]:
    folder = data / "retrieval" / "stackfaq"
    corpus = {row["_id"]: row for row in map(json.loads, (folder / "corpus.jsonl").read_text().splitlines())}
    asked = {row["_id"]: row["text"] for row in map(json.loads, (folder / "queries.jsonl").read_text().splitlines())}
    right: dict[str, list[str]] = defaultdict(list)
    with (folder / "qrels" / "test.tsv").open() as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if int(row["score"]) > 0 and row["corpus-id"] in corpus:
                right[row["query-id"]].append(row["corpus-id"])
    common = {"language": "eng", "url": "", "title": "stackfaq"}
    found = []
    for query, answers in right.items():
        row = corpus[min(answers)]
        topic = f"stackfaq {row['title']}"
        found.append(
            {**common, "question": asked[query], "answer": row["text"], "site": topic, "split": _ticket(topic)}
        )
    return found


def _translated(data: Path) -> list[dict[str, Any]]:
    return [
        {
            "language": row["language"],
            "question": row["question"],
            "answer": row["answer"],
            "site": row["key"],
            "url": row["url"],
            "title": row["url"].split("/")[2],
            "split": _ticket(row["key"]),
            "key": row["key"] if row["aligned_by"] == "key" else None,
        }
        for row in lines(data / "web" / "faq-aligned.gold.jsonl.gz")
    ]


def _bitexts(rows: Sequence[Mapping[str, Any]], translated: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each pair of the train split with the next translation of it, and with the English one."""
    known = {(row["question"], row["answer"]): row for row in rows}
    by_key: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for row in translated:
        if row["key"] and row["split"] == "train":
            by_key[row["key"]].setdefault(row["language"], known[row["question"], row["answer"]])
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for by_language in by_key.values():
        languages = sorted(by_language)
        pairs = [
            *pairwise(languages),
            *(("eng", other) for other in languages if "eng" in by_language),
        ]
        for pair in pairs:
            one, other = (by_language[language] for language in sorted(pair))
            if one["language"] != other["language"]:
                sides = {
                    f"{name}{number}": side[name]
                    for number, side in enumerate((one, other), 1)
                    for name in ("language", "id", "question", "answer", "site")
                }
                told = {"scope": "site", "published": True, "model": "translators", "revision": "1"}
                found[one["id"], other["id"]] = {**sides, **told}
    return list(found.values())


def _sizes(lake: Path) -> dict[str, int]:
    from faquarry.lake import Lake
    from faquarry.lake.ask import ask

    rows = ask(
        Lake(str(lake)), ("benchmark_queries",), "SELECT split, count(*) FROM benchmark_queries GROUP BY 1 ORDER BY 1"
    )
    return {str(split): int(count) for split, count in rows}


# -- recipes --------------------------------------------------------------------------------------------------------


def _recipes(lake: Path, folder: Path, seeds: Sequence[int]) -> dict[str, Any]:
    topics = _topics(lake)
    scores: dict[str, list[dict[str, np.ndarray]]] = {}
    for name, (recipe, changes) in RECIPES.items():
        scores[name] = []
        for seed in seeds:
            ended = _trained(recipe, lake, folder, f"{name}-{seed}".replace(" ", "-"), [*changes, f"seed={seed}"])
            scores[name].append(_flat(ended))
        print(f"  {name:<28} nDCG@10 {np.mean([one['ndcg@10'].mean() for one in scores[name]]):.4f}", flush=True)
    start = _flat(json.loads((folder / "start.json").read_text())["test"])
    base = scores["rn"]
    figures: dict[str, Any] = {"start": {name: float(values.mean()) for name, values in start.items()}}
    compared = {}
    for name, runs in scores.items():
        told: dict[str, Any] = {}
        for measure in ("ndcg@10", "mrr@10"):
            mine = np.stack([one[measure] for one in runs])
            told[measure] = {
                "mean": float(mine.mean()),
                "seeds": [round(float(one.mean()), 4) for one in mine],
                "over_start": _told(difference(mine, start[measure], topics)),
            }
            if name != "rn":
                change = difference(mine, np.stack([one[measure] for one in base]), topics)
                told[measure]["over_rn"] = _told(change)
                if measure == "ndcg@10":
                    compared[name] = change.p
        figures[name] = told
    for name, p in zip(compared, holm(list(compared.values())), strict=True):
        figures[name]["ndcg@10"]["over_rn"]["p_holm"] = p
    return figures


def _trained(recipe: str, lake: Path, folder: Path, name: str, changes: Sequence[str]) -> dict[str, Any]:
    """Test scores of a run. The start is measured once for all runs on a lake."""
    output = folder / "runs" / name
    output.mkdir(parents=True, exist_ok=True)
    start = lake.parent / "start.json"
    if start.exists() and not (output / "start.json").exists():
        shutil.copy(start, output / "start.json")
    train(recipe, str(lake), output, assignments=[*COMMON, *changes], log=QUIET)
    if not start.exists():
        shutil.copy(output / "start.json", start)
    shutil.rmtree(output / "data", ignore_errors=True)
    ended: dict[str, Any] = json.loads((output / "end.json").read_text())["test"]
    return ended


def _flat(found: Mapping[str, Mapping[str, Sequence[float]]]) -> dict[str, np.ndarray]:
    """All queries in the order of languages. {language: {measure: (n,)}} → {measure: (all,)}"""
    languages = sorted(found)
    return {measure: np.concatenate([found[one][measure] for one in languages]) for measure in ("ndcg@10", "mrr@10")}


def _topics(lake: Path) -> list[str]:
    asked = questions(str(lake), "test", queries=1_000_000, corpus=1)
    return [f"{one.language} {site}" for one in sorted(asked, key=lambda one: one.language) for site in one.sites]


def _told(change: Any) -> dict[str, float]:
    return {
        "mean": round(change.mean, 4),
        "low": round(change.low, 4),
        "high": round(change.high, 4),
        "p": round(change.p, 5),
        "smallest": round(change.smallest, 4),
    }


# -- skewed groups --------------------------------------------------------------------------------------------------


def _skewed(folder: Path, data: Path, seeds: Sequence[int]) -> dict[str, Any]:
    """MedQuAD's nine sources, each thinned to half of the one before it: plain training and GroupDRO on the same pairs."""
    lake = folder / "skewed" / "lake"
    if not (lake / "qa").exists():
        fill(lake, _thinned(medquad(data)))
    ways = {
        "plain": ("rn", ()),
        "dro, mean": ("dro", BY_SOURCE),
        "dro, sum": ("dro", (*BY_SOURCE, "dro.statistic='sum'")),
        "size factors alone": ("dro", (*BY_SOURCE, "dro.rate=1e-12")),
    }
    asked = questions(str(lake), "test", queries=1_000_000, corpus=1)
    topics = [site for one in asked for site in one.sites]
    groups = _sources(lake, [name for one in asked for name in one.ids])
    found: dict[str, np.ndarray] = {}
    for name, (recipe, changes) in ways.items():
        runs = []
        for seed in seeds:
            more = ["batch.monolingual=false", "groups.min_size=8", f"seed={seed}"]
            label = f"{name}-{seed}".replace(" ", "-").replace(",", "")
            runs.append(_flat(_trained(recipe, lake, folder / "skewed", label, [*changes, *more]))["ndcg@10"])
        found[name] = np.stack(runs)
    figures: dict[str, Any] = {}
    for name, runs_of in found.items():
        means = {group: float(runs_of[:, groups == group].mean()) for group in sorted(set(groups.tolist()))}
        worst = min(means, key=means.__getitem__)
        figures[name] = {"mean": float(runs_of.mean()), "mean_of_groups": float(np.mean(list(means.values())))}
        figures[name] |= {"worst": means[worst], "worst_group": worst, "groups": means}
        if name != "plain":
            figures[name]["over_plain"] = _told(difference(runs_of, found["plain"], topics))
            figures[name]["worst_over_plain"] = _worst_change(runs_of, found["plain"], groups, topics)
        print(
            f"  skewed: {name:<20} mean {figures[name]['mean']:.4f}, worst group {figures[name]['worst']:.4f}",
            flush=True,
        )
    return figures


def _worst_change(one: np.ndarray, other: np.ndarray, groups: np.ndarray, topics: Sequence[str]) -> dict[str, float]:
    """Difference of the worst groups' scores, each its own worst; topics drawn as wholes (1,000 draws)."""

    def worst(runs: np.ndarray, weights: np.ndarray) -> float:
        by_query = runs.mean(0)
        means = [
            np.average(by_query[mine], weights=weights[mine])
            for mine in (groups == group for group in np.unique(groups))
            if weights[mine].sum() > 0
        ]
        return float(min(means))

    _, of = np.unique(np.asarray(topics), return_inverse=True)
    draw = np.random.default_rng(0)
    found = []
    for _ in range(1000):
        weights = np.bincount(draw.integers(0, of.max() + 1, of.max() + 1), minlength=of.max() + 1)[of].astype(float)
        found.append(worst(one, weights) - worst(other, weights))
    ones = np.ones(len(of))
    low, high = np.quantile(found, (0.025, 0.975))
    return {"mean": round(worst(one, ones) - worst(other, ones), 4), "low": round(low, 4), "high": round(high, 4)}


def _thinned(pairs: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    sizes: dict[str, int] = defaultdict(int)
    for pair in pairs:
        sizes[pair["title"]] += pair["split"] == "train"
    rank = {source: place for place, source in enumerate(sorted(sizes, key=lambda source: -sizes[source]))}
    most = max(sizes.values())
    left = {source: max(24, most >> place) for source, place in rank.items()}
    kept: list[Mapping[str, Any]] = []
    for pair in sorted(pairs, key=lambda pair: hashlib.md5(pair["question"].encode(), usedforsecurity=False).digest()):
        if pair["split"] == "train":
            if left[pair["title"]] <= 0:
                continue
            left[pair["title"]] -= 1
        kept.append(pair)
    return kept


def _sources(lake: Path, ids: Sequence[str]) -> np.ndarray:
    from faquarry.lake import Lake

    by_id = {row["id"]: row["title"] for row in Lake(str(lake)).rows("qa", ["id", "title"])}
    return np.array([by_id[name] for name in ids])


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
