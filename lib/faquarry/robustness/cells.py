"""Which perturbations of a collection are wanted, and what its queries become under each."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from faquarry.errors import UsageError
from faquarry.robustness.collection import Collection
from faquarry.robustness.perturb import Strength, defaults, operation_named, operations_of, perturb_many, worst_of

__all__ = ["CLEAN", "Asked", "Cell", "Wanted", "asked"]

_WORST = re.compile(r"worst-of-([1-9]\d{0,3})")


class Cell(NamedTuple):
    """One way in which all queries of a collection are asked."""

    perturbation: str
    strength: str
    seed: int


CLEAN = Cell("clean", "", 0)


class Asked(NamedTuple):
    """A query as it is asked: `edits` is None where people wrote it; what is not `changed` is left out of averages."""

    text: str
    edits: int | None
    changed: bool


class Wanted(NamedTuple):
    """What a user asks for: operations (or ``default``, ``all``, ``worst-of-N``), strengths, and how many seeds."""

    operations: tuple[str, ...]
    strengths: tuple[str, ...]
    seeds: int

    @classmethod
    def of(cls, operations: str, strengths: str, seeds: int) -> Wanted:
        """From what was written, with commas.

        Raises:
            UsageError: an operation or strength that there is not, or no seed.
        """
        names = tuple(dict.fromkeys(name.strip() for name in operations.split(",") if name.strip()))
        for name in names:
            if name not in ("default", "defaults", "all", "none") and _WORST.fullmatch(name) is None:
                operation_named(name)
        if seeds < 1:
            raise UsageError("--seeds says how many draws of each perturbation are made: at least 1.")
        written = tuple(dict.fromkeys(str(Strength.of(one)) for one in strengths.split(",")))
        return cls(names, written, seeds)

    def cells(self, language: str, variants: Sequence[str] = ()) -> list[Cell]:
        """In order, without repeats: clean, what people wrote otherwise, then operations that mean something here.

        >>> [str(cell.perturbation) for cell in Wanted(("case", "swap"), ("1",), 1).cells("tha", ["disfluent"])]
        ['clean', 'disfluent', 'swap']
        """
        groups = {
            "default": defaults(language),
            "defaults": defaults(language),
            "all": operations_of(language),
            "none": (),
        }
        names = list(dict.fromkeys(name for wanted in self.operations for name in groups.get(wanted, (wanted,))))
        applying = [name for name in names if _WORST.fullmatch(name) or name in operations_of(language)]
        made = [
            Cell(name, strength, seed) for name in applying for strength in self.strengths for seed in range(self.seeds)
        ]
        return [CLEAN, *(Cell(name, "", 0) for name in variants), *made]


Score = Callable[[Sequence[str], Sequence[int]], Sequence[float]]


def asked(collection: Collection, cell: Cell, score: Score) -> list[Asked]:
    """Every query of a collection under a perturbation; `score` (texts, of which query each is) is for ``worst-of-N``."""
    queries = collection.queries
    if cell == CLEAN:
        return [Asked(text, 0, True) for text in queries]
    if not cell.strength and cell.perturbation in collection.variants:
        return [
            Asked(text if other is None else other, None, other is not None and other != text)
            for text, other in zip(queries, collection.variants[cell.perturbation], strict=True)
        ]
    worst = _WORST.fullmatch(cell.perturbation)
    if worst is not None:
        found = worst_of(
            queries,
            score,
            int(worst[1]),
            collection.language,
            strength=cell.strength,
            seed=cell.seed,
            keys=collection.ids,
        )
        # A query that nothing could make worse counts: it did hold.
        return [Asked(one.result.text, len(one.result.edits), one.calls > 1) for one in found]
    made = perturb_many(queries, collection.language, cell.perturbation, cell.strength, cell.seed, collection.ids)
    return [Asked(one.text, len(one.edits), one.changed) for one in made]
