"""One number a query, system and perturbation, read from the table `evaluations`: seeds are averaged within the query."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from faquarry.errors import NothingToRead, UsageError
from faquarry.lake import Lake
from faquarry.lake.ask import connected
from faquarry.retrieval.measures import MEASURES
from faquarry.robustness.cells import CLEAN

__all__ = ["ALL", "Condition", "Queries", "Scores", "Values", "read_scores"]

Floats = npt.NDArray[np.float64]

ALL = "all of these"
"""The mean over the perturbations of a strength that all systems share, within each query over those that changed it."""


class Condition(NamedTuple):
    """A perturbation and its strength."""

    perturbation: str
    strength: str

    def __str__(self) -> str:
        return f"{self.perturbation} {self.strength}".strip()


class Values(NamedTuple):
    """Of the queries that a perturbation changed: their numbers, values, and how often (seeds) they fell to 0. All (n,)."""

    query: npt.NDArray[np.int64]
    value: Floats
    zero: Floats


@dataclass(frozen=True, eq=False)
class Queries:
    """All queries of a task. `cluster` and `group` are numbers; group -1: the query is in none."""

    language: npt.NDArray[np.object_]
    cluster: npt.NDArray[np.int64]
    group: npt.NDArray[np.int64]
    groups: Sequence[str]


@dataclass(frozen=True, eq=False)
class Scores:
    """A task by one measure: values by (system, condition)."""

    task: str
    metric: str
    systems: tuple[str, ...]
    queries: Queries
    values: dict[tuple[str, Condition], Values]

    def conditions(self, *systems: str) -> Iterator[Condition]:
        """Clean, then every condition that all of these systems were measured under, in order of name and strength."""
        of_each = [{condition for one, condition in self.values if one == system} for system in systems]
        common = set.intersection(*of_each) if of_each else set()
        yield from sorted(
            common, key=lambda one: (one.perturbation != CLEAN.perturbation, one.perturbation == ALL, *one)
        )


def read_scores(
    lake: Lake, tasks: Sequence[str], systems: Sequence[str], languages: Sequence[str] = (), metric: str = MEASURES[0]
) -> list[Scores]:
    """What a lake holds of these systems; no tasks or systems: of all.

    Raises:
        UsageError: there is no such measure, or systems were measured on different texts.
        NothingToRead: the lake holds nothing of it.
    """
    if metric not in MEASURES:
        raise UsageError(f"There is no measure {metric!r}: there are {', '.join(MEASURES)}.")
    if lake.version("evaluations") is None:
        raise NothingToRead(f"The lake {lake.uri} has no table evaluations: faquarry evaluate makes it.")
    chosen = {"tasks": list(tasks), "systems": list(systems), "languages": list(languages), "metric": metric}
    where = """metric = $metric AND (len($tasks) = 0 OR list_contains($tasks, task))
        AND (len($systems) = 0 OR list_contains($systems, model))
        AND (len($languages) = 0 OR list_contains($languages, language))"""
    with connected(lake, ["evaluations"]) as connection:
        versions = connection.execute(
            f"SELECT DISTINCT model, task, language, task_version, revision FROM evaluations WHERE {where}", chosen
        ).fetchall()
        _require(lake, systems, versions)
        rows = connection.execute(
            f"""SELECT model, task, language, query_id, perturbation, strength, any_value(cluster_id) AS cluster,
                       avg(value) AS value, avg((value = 0)::INT) AS zero
                FROM evaluations WHERE changed AND {where} GROUP BY ALL
                ORDER BY task, language, query_id, model, perturbation, strength""",
            chosen,
        ).df()
    names = list(systems) or sorted(set(rows["model"]))
    return [_task(str(task), metric, names, part) for task, part in rows.groupby("task", sort=True)]


def _require(lake: Lake, systems: Sequence[str], versions: Sequence[tuple[str, ...]]) -> None:
    there = {model for model, *_ in versions}
    missing = [system for system in systems if system not in there]
    if missing or not there:
        known = f" (there: {', '.join(sorted(there))})" if there else ""
        raise NothingToRead(
            f"The lake {lake.uri} holds no such evaluation of {missing[0] if missing else 'anything'}{known}: "
            "faquarry evaluate --system … --task … makes it."
        )
    texts: dict[tuple[str, str], str] = {}
    revisions: dict[tuple[str, str], str] = {}
    for model, task, language, version, revision in sorted(versions):
        if texts.setdefault((task, language), version) != version:
            raise UsageError(
                f"Systems were measured on different versions of {task} in {language}: run evaluate for all of them again."
            )
        if revisions.setdefault((model, task), revision) != revision:
            raise UsageError(
                f"Languages of {task} were measured with different revisions of {model}: run evaluate for all of them."
            )


def _task(task: str, metric: str, systems: Sequence[str], rows: pd.DataFrame) -> Scores:
    number = pd.MultiIndex.from_frame(rows[["language", "query_id"]]).factorize()[0]
    first = np.unique(number, return_index=True)[1]
    clusters = rows["cluster"].to_numpy()[first]
    group_of = [name.partition("#")[0] if "#" in name else None for name in clusters]
    group, groups = pd.factorize(np.array(group_of, object), sort=True)
    queries = Queries(
        rows["language"].to_numpy(object)[first],
        pd.factorize(clusters)[0].astype(np.int64),
        group.astype(np.int64),
        [str(name) for name in groups],
    )
    rows = rows.assign(query=number)
    values = {
        (str(model), Condition(str(name), str(strength))): _values(part)
        for (model, name, strength), part in rows.groupby(["model", "perturbation", "strength"], sort=False)
    }
    values |= _pooled(rows)
    present = set(rows["model"])
    return Scores(task, metric, tuple(one for one in systems if one in present), queries, values)


def _values(part: pd.DataFrame) -> Values:
    part = part.sort_values("query")
    return Values(*(part[name].to_numpy() for name in ("query", "value", "zero")))


def _pooled(rows: pd.DataFrame) -> dict[tuple[str, Condition], Values]:
    """The mean over perturbations, where a strength has several: over those that all systems were measured under in a
    language, so that the means are of the same things. Worst cases are no part of a mean."""
    drawn = rows[(rows["strength"] != "") & ~rows["perturbation"].str.startswith("worst-of-")]
    known = drawn.groupby(["language", "perturbation", "strength"])["model"].transform("nunique")
    drawn = drawn[known == rows["model"].nunique()]
    found = {}
    for (model, strength), part in drawn.groupby(["model", "strength"], sort=False):
        if part["perturbation"].nunique() > 1:
            means = part.groupby("query", as_index=False)[["value", "zero"]].mean()
            found[str(model), Condition(ALL, str(strength))] = _values(means)
    return found
