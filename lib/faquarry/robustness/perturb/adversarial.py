"""The worst of n: of some perturbations of a query, the one under which a model does worst.

It says how low a model can be brought within a budget, which a mean over random slips does not. What it costs is counted:
every distinct candidate is scored once, the original among them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from faquarry.errors import UsageError
from faquarry.robustness.perturb.perturbed import Perturbed
from faquarry.robustness.perturb.registry import defaults
from faquarry.robustness.perturb.run import language_code, perturb_many

__all__ = ["Worst", "worst_of"]

Score = Callable[[Sequence[str], Sequence[int]], Sequence[float]]


class Worst(NamedTuple):
    """Of one query: the worst candidate, how it was made, its score and the clean one's, and texts scored for it."""

    result: Perturbed
    operation: str
    score: float
    clean: float
    calls: int


def worst_of(
    texts: Sequence[str],
    score: Score,
    n: int,
    language: str,
    *,
    operations: Sequence[str] | None = None,
    strength: str | int = "10%",
    seed: int = 0,
    keys: Sequence[str] | None = None,
) -> list[Worst]:
    """The worst of at most n candidates of every text; `sum(worst.calls for …)` is the budget spent.

    Args:
        score: (candidates, of which text each is) -> a score each, higher is better. It is called once, with the originals
            first; candidates that are equal to the original or to each other are scored once.
        operations: drawn from in turn, each with draws of its own; those natural in the language if None.

    Ties go to the earlier candidate, so the result does not depend on what is scored together.

    Raises:
        UsageError: n is below 1, no operation is left, or as `perturb_many`.
    """
    names = list(operations if operations is not None else defaults(language_code(language)))
    if n < 1 or not names:
        raise UsageError("The worst of n needs an n of at least 1 and at least one operation.")
    made = _candidates(texts, n, language, names, strength, seed, keys)
    flat = [*texts, *(result.text for candidates in made for _, result in candidates)]
    owners = [*range(len(texts)), *(at for at, candidates in enumerate(made) for _ in candidates)]
    scores = list(score(flat, owners)) if flat else []
    if len(scores) != len(flat):
        raise UsageError(f"The scoring function was given {len(flat):,} texts and gave {len(scores):,} scores.")
    found, place = [], len(texts)
    for at, candidates in enumerate(made):
        worst = Worst(
            Perturbed(texts[at], (), False, bool(candidates)), "", scores[at], scores[at], 1 + len(candidates)
        )
        for name, result in candidates:
            if scores[place] < worst.score:
                worst = worst._replace(result=result, operation=name, score=scores[place])
            place += 1
        found.append(worst)
    return found


def _candidates(
    texts: Sequence[str],
    n: int,
    language: str,
    names: Sequence[str],
    strength: str | int,
    seed: int,
    keys: Sequence[str] | None,
) -> list[list[tuple[str, Perturbed]]]:
    """Distinct perturbations of each text, at most n: operations in turn, the next round with the next draw."""
    made: list[list[tuple[str, Perturbed]]] = [[] for _ in texts]
    known = [{text} for text in texts]
    own = list(texts if keys is None else keys)
    for turn in range(n):
        name = names[turn % len(names)]
        drawn = [f"{key}\0{turn // len(names)}" for key in own]
        for at, result in enumerate(perturb_many(texts, language, name, strength, seed, drawn)):
            if result.text not in known[at]:
                known[at].add(result.text)
                made[at].append((name, result))
    return made
