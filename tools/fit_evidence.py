"""Fits the weights by which evidence becomes a probability (`faquarry.bitext.confidence`), whole sites held out.

    python -m tools.fit_evidence --known LAKE GOLD.jsonl.gz --sample LAKE [--out lib/faquarry/bitext]

Known sites are lakes made by ``faquarry extract`` with, for each place, the key of its pair; those of the packaged sample
web come with the package. Vectors are those of the packaged encoder.

A site is seen in many ways, drawn by a seed: with right, wrong and no hreflang; with its questions in order, shuffled or
thinned out; on its own pages, on one page, on pages cut at random; with addresses that match or do not; without the
vectors of questions and answers; as a handful of pairs. And by other models: to the packaged encoder's vectors a direction
common to all texts is added, and one common to the versions of a pair, which gives the high cosines of a model like LaBSE.
So no weight leans on what only some sites, or some models, have.

Both regressions minimise the log loss with a weak L2 pull to zero (Newton's method). The report (evidence.json beside the
weights, and printed) holds, for every known site left out of the fit: precision, recall and F1 at the default settings, by
variant, and how often a probability was right.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from tools.aligned_sites import KnownSite, gold_of, load_sites, packaged_gold
from tools.score_bitexts import score, wanted

from faquarry.bitext.align import align_site, neighbour_lists, translated_only
from faquarry.bitext.candidates import Candidates, candidates
from faquarry.bitext.choose import one_to_one
from faquarry.bitext.confidence import Weights, probability
from faquarry.bitext.evidence import (
    PAGE_FEATURES,
    TEXT_FEATURES,
    Prepared,
    Tables,
    page_evidence,
    prepare,
    text_evidence,
)
from faquarry.bitext.links import PageLinks, page_links
from faquarry.bitext.rules import rules_of
from faquarry.bitext.side import Page, Side
from faquarry.config.settings import AlignSettings
from faquarry.lake import Lake
from faquarry.vectors.model import Thresholds
from faquarry.vectors.search import neighbours

VARIANTS: dict[str, dict[str, str]] = {
    "as it is": {},
    "no hreflang": {"links": "none"},
    "wrong hreflang": {"links": "wrong"},
    "shuffled": {"order": "shuffled"},
    "one page, shuffled, no hreflang": {"pages": "one", "order": "shuffled", "links": "none"},
    "one page": {"pages": "one"},
    "scattered pages, no hreflang, no addresses": {"pages": "scattered", "links": "none", "urls": "other"},
    "thinned out": {"order": "thinned"},
    "texts alone": {"pages": "scattered", "order": "shuffled", "links": "none", "urls": "other"},
    "half of each language": {"overlap": "half"},
    "strangers with hreflang": {"overlap": "none"},
    "a stronger model": {"model": "stronger"},
    "a stronger model, texts alone": {
        "model": "stronger", "pages": "scattered", "order": "shuffled", "links": "none", "urls": "other",
    },
}  # fmt: skip
CHOICES = {
    "links": ("right", "right", "wrong", "none"),
    "order": ("kept", "kept", "shuffled", "thinned"),
    "pages": ("kept", "kept", "one", "scattered"),
    "urls": ("kept", "other"),
    "model": ("own", "own", "stronger"),
    "fields": ("kept", "kept", "none"),
    "size": ("all", "all", "few"),
    "overlap": ("kept", "kept", "kept", "kept", "half", "none"),
}
PUBLISHED = Thresholds(keep=0.8, publish=0.9)  # of the stronger model
LANGUAGE_PAIRS = 60
UNSIGNED = {"bias", "size", "same_count"}
AGAINST = {
    "numbers_differ",
    "question_length",
    "answer_length",
    "distant",
    "question_distant",
    "answer_distant",
    "position_apart",
    "pages_disagree",
    "around_broken",
}


@dataclass
class Example:
    """Two languages of a site, as the scorer sees them, and which candidates are right (-1: not known)."""

    left: Prepared
    right: Prepared
    found: Candidates
    links: PageLinks
    texts: np.ndarray
    truth: np.ndarray
    weight: float


# -- sites as they could be ------------------------------------------------------------------------------------------


def varied(site: KnownSite, how: dict[str, str], rng: np.random.Generator) -> KnownSite:
    """The site with its evidence changed."""
    sides = list(site.sides)
    if how.get("size") == "few":
        keep = set(rng.permutation(sorted({key for keys in site.keys.values() for key in keys}))[:8].tolist())
        sides = [side.taken(_rows(side, lambda id_: bool(site.keys.get(id_, frozenset()) & keep))) for side in sides]
    if how.get("overlap") in ("half", "none"):
        sides = _apart(sides, site, rng, how["overlap"])
    if how.get("order") == "thinned":
        sides = [side.taken(np.sort(rng.permutation(len(side))[: max(1, int(len(side) * 0.7))])) for side in sides]
    if how.get("model") == "stronger":
        sides = [stronger(side, site) for side in sides]
    if how.get("fields") == "none":
        sides = [replace(side, question_vectors=None, answer_vectors=None) for side in sides]
    languages = [side.language for side in sides]
    sides = [_paged(side, how, languages, rng) for side in sides if len(side)]
    return replace(site, sides=tuple(sides))


def _rows(side: Side, wanted_id: Any) -> np.ndarray:
    return np.array([row for row, id_ in enumerate(side.ids) if wanted_id(id_)], dtype=np.int64)


def _apart(sides: Sequence[Side], site: KnownSite, rng: np.random.Generator, how: str) -> list[Side]:
    """Languages that have half of their pairs each, drawn by language, or no pair in common."""
    names = sorted({key for keys in site.keys.values() for key in keys})
    dealt = dict(zip(names, rng.integers(len(sides), size=len(names)).tolist(), strict=True))
    found = []
    for number, side in enumerate(sides):
        mine = {
            key for key in names if (dealt[key] == number if how == "none" and len(sides) < 5 else rng.random() < 0.5)
        }
        if how == "none" and len(sides) >= 5:
            mine = {key for key in names if dealt[key] % 2 == number % 2 and rng.random() < 0.9}
        found.append(side.taken(_rows(side, lambda id_, mine=mine: bool(site.keys.get(id_, frozenset()) & mine))))
    return found


def stronger(side: Side, site: KnownSite) -> Side:
    """Vectors as of a model whose translations lie near 0.85 and whose unrelated texts lie near 0.45."""

    def moved(vectors: np.ndarray | None, field: str) -> np.ndarray | None:
        if vectors is None:
            return None
        found = vectors.astype(np.float32)
        dim = found.shape[1]
        common = np.random.default_rng(7).standard_normal(dim)
        for row, id_ in enumerate(side.ids):
            key = min(site.keys.get(id_) or {id_})
            own = np.random.default_rng([len(field), *key.encode()]).standard_normal(dim)
            found[row] += 1.1 * own / np.linalg.norm(own) + 0.75 * common / np.linalg.norm(common)
        return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float16)

    return replace(
        side,
        vectors=moved(side.vectors, "qa"),
        question_vectors=moved(side.question_vectors, "question"),
        answer_vectors=moved(side.answer_vectors, "answer"),
    )


def _paged(side: Side, how: dict[str, str], languages: Sequence[str], rng: np.random.Generator) -> Side:
    page, position, pages = side.page.copy(), side.position.copy(), list(side.pages)
    if how.get("pages") == "one":
        order = np.lexsort((position, [pages[p].url for p in page]))
        position[order] = np.arange(len(side))
        page[:] = 0
        claimed = tuple(f"https://one/{language}" for language in languages)
        pages = [Page(f"one-{side.language}", f"https://one/{side.language}", None, claimed, len(side))]
    elif how.get("pages") == "scattered":
        count = max(1, len(side) // int(rng.integers(4, 12)))
        page = rng.integers(count, size=len(side))
        sizes = np.bincount(page, minlength=count)
        position = np.zeros(len(side), dtype=np.int64)
        for number in range(count):
            position[page == number] = rng.permutation(sizes[number])
        pages = [
            Page(f"{side.language}-{n}", f"https://x/{side.language}/p{n}", None, (), int(sizes[n]))
            for n in range(count)
        ]
    if how.get("order") == "shuffled":
        for number in range(len(pages)):
            mine = page == number
            position[mine] = rng.permutation(position[mine])
    if how.get("links") == "none":
        pages = [replace(one, alternates=()) for one in pages]
    if how.get("links") == "wrong":
        turned = rng.permutation(len(pages))
        pages = [replace(one, alternates=pages[turned[n]].alternates) for n, one in enumerate(pages)]
    if how.get("urls") == "other":
        names = rng.permutation(len(pages))
        moved = [f"https://x.example/{side.language}/{_word(rng)}{n}" for n in names]
        # Claims still lead to their pages: it is the addresses that say nothing any more.
        pages = [replace(one, canonical=one.url, url=moved[n]) for n, one in enumerate(pages)]
    return replace(side, page=page, position=position, pages=pages)


def _word(rng: np.random.Generator) -> str:
    return "".join(chr(97 + c) for c in rng.integers(26, size=10))


# -- examples ---------------------------------------------------------------------------------------------------------


def examples(site: KnownSite, thresholds: Thresholds, rng: np.random.Generator, limit: int) -> Iterator[Example]:
    tables = Tables.new()
    ready = [prepare(side, tables) for side in site.sides]
    meetings = list(combinations(ready, 2))
    chosen = rng.permutation(len(meetings))[:limit]
    rules = rules_of(AlignSettings(evidence=False), thresholds)
    for number in chosen.tolist():
        left, right = meetings[number]
        lists = neighbour_lists(left.side, right.side, rules.k, neighbours())
        links = page_links(left.side.pages, right.side.pages)
        found = translated_only(left, right, candidates(left.side, right.side, *lists, links), rules)
        truth = site.same(left.side, right.side, found.i, found.j)
        texts = text_evidence(left, right, found, *lists, thresholds)
        yield Example(left, right, found, links, texts, truth, 1 / max(1, len(chosen)))


def training(sites: Sequence[KnownSite], own: Thresholds, seed: int, rounds: int) -> dict[str, list[Example]]:
    """Examples of every site under `rounds` draws of how it could be."""
    found: dict[str, list[Example]] = {}
    for number, site in enumerate(sites):
        rng = np.random.default_rng([seed, number])
        mine: list[Example] = []
        for turn in range(rounds):
            how = {} if turn == 0 else {name: str(rng.choice(values)) for name, values in CHOICES.items()}
            thresholds = PUBLISHED if how.get("model") == "stronger" else own
            mine += examples(varied(site, how, rng), thresholds, rng, LANGUAGE_PAIRS)
        mine += strangers(site, sites, own, rng)
        found[site.name] = mine
    return found


def strangers(site: KnownSite, sites: Sequence[KnownSite], own: Thresholds, rng: np.random.Generator) -> list[Example]:
    """A language of the site against one of another site, under the first one's hreflang: nothing belongs together."""
    found: list[Example] = []
    for _ in range(2):
        other = sites[int(rng.integers(len(sites)))]
        left = site.sides[int(rng.integers(len(site.sides)))]
        right = other.sides[int(rng.integers(len(other.sides)))]
        if other.name == site.name or left.language == right.language:
            continue
        rows = np.arange(min(len(right), max(4, len(left))))
        named = [page.url for page in left.pages]
        pages = [replace(page, alternates=(named[n % len(named)],)) for n, page in enumerate(right.pages)]
        mixed = replace(site, sides=(left, replace(right.taken(rows), pages=pages)), keys={**other.keys, **site.keys})
        found += examples(mixed, own, rng, 1)
    return found


def fit(found: dict[str, list[Example]], groups: dict[str, str]) -> Weights:
    """Both regressions. Sites of one group share one weight, so that many small sites do not outweigh a large one."""
    share = {name: 1 / sum(groups[other] == groups[name] for other in found) for name in found}
    parts = [(example, share[name]) for name, mine in found.items() for example in mine if (example.truth >= 0).any()]
    by_texts = _logistic(*_stacked([(e.texts, e.truth, e.weight * s) for e, s in parts]), TEXT_FEATURES)
    draft = Weights(by_texts, np.zeros(len(PAGE_FEATURES)), "draft")
    rows = []
    for example, s in parts:
        odds = draft.text_odds(example.texts)
        first = one_to_one(example.left.group[example.found.i], example.right.group[example.found.j], odds, odds > 0)
        pages = page_evidence(example.left, example.right, example.found, example.links, odds, first)
        rows.append((pages, example.truth, example.weight * s))
    return Weights(by_texts, _logistic(*_stacked(rows), PAGE_FEATURES), "draft")


def _stacked(parts: Sequence[tuple[np.ndarray, np.ndarray, float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    known = [(x[y >= 0], y[y >= 0], w) for x, y, w in parts]
    return (
        np.concatenate([x for x, _, _ in known]),
        np.concatenate([y for _, y, _ in known]).astype(np.float64),
        np.concatenate([np.full(len(y), w) for _, y, w in known]),
    )


def _logistic(x: np.ndarray, y: np.ndarray, weight: np.ndarray, names: Sequence[str], pull: float = 1e-4) -> np.ndarray:
    """Weights that minimise the weighted log loss plus pull·|w|² (the bias left free), by Newton's method.

    A weight that comes out with the wrong sign (a nearer pair would be less likely) is set to 0 and the rest fitted again:
    beside its kin a feature may fit better upside down, and would then fail where they say nothing.
    """
    signs = np.array([0 if name in UNSIGNED else -1 if name in AGAINST else 1 for name in names])
    weight = weight / weight.sum()
    ridge = np.full(x.shape[1], 2 * pull)
    ridge[0] = 1e-9
    free = np.ones(x.shape[1], dtype=bool)
    while True:
        w = np.zeros(x.shape[1])
        for _ in range(50):
            p = probability(x @ w)
            gradient = (x.T @ (weight * (p - y)) + ridge * w)[free]
            hessian = ((x * (weight * p * (1 - p))[:, None]).T @ x + np.diag(ridge))[np.ix_(free, free)]
            step = np.linalg.solve(hessian, gradient)
            w[free] -= step
            if np.abs(step).max() < 1e-8:
                break
        wrong = (w * signs < 0) & free
        if not wrong.any():
            return w
        free &= ~wrong


# -- report -----------------------------------------------------------------------------------------------------------


def tried(site: KnownSite, how: dict[str, str], weights: Weights, own: Thresholds, limit: int = 12) -> dict[str, Any]:
    """Scores of a site under one variant; of the most common languages where there are many."""
    rng = np.random.default_rng(11)
    changed = varied(site, how, rng)
    if len(changed.sides) > limit:
        sides = sorted(changed.sides, key=lambda side: (-len(side), side.language))[:limit]
        changed = replace(changed, sides=tuple(sides))
    rules = rules_of(AlignSettings(), PUBLISHED if how.get("model") == "stronger" else own, weights)
    rows, published, told = [], [], []
    for aligned in align_site(changed.sides, rules, neighbours()):
        truth = changed.same(aligned.left, aligned.right, aligned.i, aligned.j)
        told += list(zip(aligned.confidence.tolist(), truth.tolist(), strict=True))
        mine = [
            (aligned.left.ids[i], aligned.right.ids[j], aligned.left.language, aligned.right.language)
            for i, j in zip(aligned.i.tolist(), aligned.j.tolist(), strict=True)
        ]
        rows += mine
        published += [row for row, is_published in zip(mine, aligned.published, strict=True) if is_published]
    languages = {id_: side.language for side in changed.sides for id_ in side.ids}
    keys = {id_: keys for id_, keys in changed.keys.items() if id_ in languages}
    units = wanted(languages, keys)
    could = sum(min(len(a), len(b)) for a, b in combinations(changed.sides, 2))
    wrong = sum(truth == 0 for _, truth in told)
    kept = score(rows, units, keys)
    return {"kept": kept, "published": score(published, units, keys), "told": told, "wrong": wrong, "could": could}


def reliability(told: Sequence[tuple[float, int]]) -> list[dict[str, float]]:
    """By tenths of the probability: how many, the mean told, the share that was right."""
    known = np.array([(p, t) for p, t in told if t >= 0])
    bins = []
    for low in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99):
        high = {0.9: 0.95, 0.95: 0.99, 0.99: 1.01}.get(low, low + 0.1)
        inside = known[(known[:, 0] >= low) & (known[:, 0] < high)]
        if len(inside):
            mean = inside.mean(axis=0)
            bins.append(
                {"from": low, "n": len(inside), "told": round(float(mean[0]), 3), "right": round(float(mean[1]), 3)}
            )
    return bins


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--known", nargs=2, action="append", default=[], metavar=("LAKE", "GOLD"))
    parser.add_argument("--sample", metavar="LAKE", help="a lake of the packaged sample web")
    parser.add_argument("--rounds", type=int, default=8, help="ways each site is seen")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("lib/faquarry/bitext"))
    options = parser.parse_args()
    encode, own = packaged_encoder()
    groups: dict[str, str] = {}
    sites: list[KnownSite] = []
    for lake, gold in options.known:
        found = load_sites(Lake(lake), gold_of(Path(gold)), encode)
        sites += found
        groups |= {site.name: site.name for site in found}
    if options.sample:
        found = load_sites(Lake(options.sample), packaged_gold(), encode)
        sites += found
        groups |= dict.fromkeys([site.name for site in found], "sample")
    data = training(sites, own, options.seed, options.rounds)
    report: dict[str, Any] = {"held_out": {}}
    everything = []
    for group in sorted(set(groups.values())):
        weights = fit({name: mine for name, mine in data.items() if groups[name] != group}, groups)
        for name, how in VARIANTS.items():
            results = [tried(site, how, weights, own) for site in sites if groups[site.name] == group]
            if name == "as it is":
                everything += [one for result in results for one in result["told"]]
            wrong = sum(result["wrong"] for result in results) / max(1, sum(result["could"] for result in results))
            summary = {kind: _mean([result[kind] for result in results]) for kind in ("kept", "published")}
            report["held_out"].setdefault(group, {})[name] = {**summary, "wrong": round(wrong, 4)}
            print(f"wrong {wrong:.4f} ", end="")
            print(
                f"{group:<24} {name:<44} "
                + "  ".join(
                    f"{k} P {v['precision']:.3f} R {v['recall']:.3f} F1 {v['f1']:.3f}" for k, v in summary.items()
                ),
                flush=True,
            )
    report["reliability"] = reliability(everything)
    weights = fit(data, groups)
    stored = {
        "texts": {name: round(float(w), 4) for name, w in zip(TEXT_FEATURES, weights.texts, strict=True)},
        "pages": {name: round(float(w), 4) for name, w in zip(PAGE_FEATURES, weights.pages, strict=True)},
        "report": report,
    }
    (options.out / "evidence.json").write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({name: stored[name] for name in ("texts", "pages")}, indent=1))
    print(json.dumps(report["reliability"]))


def _mean(scores: Sequence[dict[str, float]]) -> dict[str, float]:
    """Means over sites, by what each has to find."""
    return {name: round(float(np.mean([one[name] for one in scores])), 4) for name in ("precision", "recall", "f1")}


def packaged_encoder() -> tuple[Any, Thresholds]:
    from faquarry.vectors import small

    return small.load().encode, small.info().thresholds


if __name__ == "__main__":
    main()
