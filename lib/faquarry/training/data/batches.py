"""Batches of examples as text, with what a loss needs beside it: masks, groups, scores of a teacher."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faquarry.training.data.choose import Rule, chosen
from faquarry.training.data.examples import Examples
from faquarry.training.data.plan import Plan, Stream

__all__ = ["Batch", "Batches", "assembled", "streams_of"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Batch:
    """n queries and m documents: their own first, then the hard negatives of all.

    Attributes:
        rows: numbers of the examples. (n,)
        allowed: what a query is compared with: false where another document says what its own says, or answers the same
            question, and so is no negative. (n, m)
        own_negatives: of each query, the columns of its hard negatives; -1 where it has fewer. (n, k)
        groups: of each example, -1 for none. (n,)
        teacher: what a teacher says of the own document and of the hard negatives; nan where nothing. (n, 1 + k)
    """

    rows: Ints
    language: str
    queries: list[str]
    documents: list[str]
    allowed: npt.NDArray[np.bool_]
    own_negatives: Ints
    groups: Ints
    teacher: npt.NDArray[np.float32]
    examples: Examples

    @property
    def ids(self) -> list[str]:
        """Ids of the examples. (n,)"""
        return self.examples.ids(self.rows)

    def __len__(self) -> int:
        return len(self.queries)


def assembled(examples: Examples, rows: Ints, *, negatives: int = 0, rule: Rule = "top") -> Batch:
    """The rows as a batch.

    Args:
        negatives: hard negatives of a query, at most.
        rule: how they are chosen.
    """
    keys = [examples.keys(rows)]
    documents = examples.documents(rows)
    count = len(rows)
    own = np.full((count, negatives), -1, np.int64)
    teacher = np.full((count, 1 + negatives), np.nan, np.float32)
    teacher[:, 0] = examples.scores[rows]
    if negatives and examples.has_negatives:
        taken: list[Ints] = []
        ids = examples.ids(rows)
        for at, row in enumerate(rows.tolist()):
            places = examples.negatives_of(row)
            scores = examples.negative_scores(places)
            picked = chosen(scores, negatives, rule, ids[at])
            start = count + sum(len(one) for one in taken)
            own[at, : len(picked)] = np.arange(start, start + len(picked))
            teacher[at, 1 : 1 + len(picked)] = scores[picked]
            taken.append(places[picked])
        places = np.concatenate(taken)
        documents = documents + examples.negative_texts(places)
        keys.append(examples.negative_keys(places))
    language = examples.language_names[examples.languages[rows[0]]]
    groups = examples.groups[rows].astype(np.int64)
    allowed = _different(keys, count)
    return Batch(rows, language, examples.queries(rows), documents, allowed, own, groups, teacher, examples)


def _different(keys: list[npt.NDArray[np.uint64]], count: int) -> npt.NDArray[np.bool_]:
    """What a query may be compared with: its own document, and those with which it has no key in common.

    Rows of queries stand first. (m rows of keys) → (count, m)
    """
    documents = sum(len(part) for part in keys)
    different = np.ones((count, documents), bool)
    owners = np.concatenate([np.repeat(np.arange(len(part)), part.shape[1]) for part in keys])
    owners[keys[0].size :] += count
    flat = np.concatenate([part.ravel() for part in keys])
    order = np.argsort(flat, kind="stable")
    order = order[flat[order] != 0]
    flat, owners = flat[order], owners[order]
    starts = np.flatnonzero(np.diff(flat, prepend=0))
    sizes = np.diff(starts, append=len(flat))
    for at in np.flatnonzero(sizes > 1).tolist():  # keys that stand twice: in most batches there is none
        group = owners[starts[at] : starts[at] + sizes[at]]
        different[np.ix_(group[group < count], group)] = False
    np.fill_diagonal(different, True)  # the own document is no negative, and stays
    return different


def streams_of(
    examples: Examples, *, monolingual: bool = True, weight: float = 1.0, rows: Ints | None = None, name: str = ""
) -> list[Stream]:
    """Examples as streams of a plan: one a language, or one in all.

    Args:
        rows: only these.
        weight, name: of the streams.
    """
    rows = np.arange(len(examples)) if rows is None else rows
    lengths = examples.sizes[:, 1].astype(np.int64)
    if not monolingual:
        return [Stream(name, rows, lengths[rows], weight)]
    order = rows[np.argsort(examples.languages[rows], kind="stable")]
    cuts = np.flatnonzero(np.diff(examples.languages[order])) + 1
    return [
        Stream(f"{name} {examples.language_names[examples.languages[part[0]]]}".strip(), part, lengths[part], weight)
        for part in np.split(order, cuts)
        if len(part)
    ]


class Batches:
    """Batches of one body of examples, for a loop of your own.

    >>> for batch in Batches(examples, 128, seed=1).epoch(0):  # doctest: +SKIP
    ...     loss = my_loss(model(batch.queries), model(batch.documents), batch.allowed)
    """

    def __init__(
        self,
        examples: Examples,
        size: int = 128,
        *,
        seed: int = 0,
        alpha: float = 1.0,
        monolingual: bool = True,
        negatives: int = 0,
        rule: Rule = "top",
    ) -> None:
        """
        Args:
            size: queries of a batch.
            alpha: languages get batches by (rows)^alpha.
            monolingual: whether a batch keeps to one language.
            negatives, rule: hard negatives of a query, and how they are chosen.
        """
        self.examples, self._negatives, self._rule = examples, negatives, rule
        self.plan = Plan(streams_of(examples, monolingual=monolingual), size, seed=seed, alpha=alpha)

    def __len__(self) -> int:
        """Batches of an epoch."""
        return self.plan.steps_per_epoch

    def epoch(self, number: int) -> Iterator[Batch]:
        """The batches of an epoch, counted from 0; any epoch can be asked for at any time."""
        yield from self.between(number * len(self), (number + 1) * len(self))

    def between(self, first: int, last: int) -> Iterator[Batch]:
        """The batches of the steps from `first` up to `last`, which is left out: how a run is resumed."""
        for _, _, rows in self.plan.steps(first, last):
            yield assembled(self.examples, rows, negatives=self._negatives, rule=self._rule)
