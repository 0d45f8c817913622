"""How good the measured systems are, what perturbed queries cost them, and queries that broke them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from faquarry.report.page.markup import Html, cut, embedded, h, join
from faquarry.report.page.names import name_of
from faquarry.report.page.parts import Column, note, number, percent, subhead, table
from faquarry.report.page.reader import Reader, exact
from faquarry.report.page.sections.broken import broken
from faquarry.retrieval.statistics import DRAWS, Difference, difference, holm

__all__ = ["draw"]

CLEAN = "clean"
PREFERRED = "ndcg@10"
FEW_DRAWS, MANY = 2_000, 60  # where there are many rows, each gets fewer draws
MOST = 400  # rows of the table of drops
CELLS = 60_000  # of the heat maps together


@dataclass(frozen=True)
class Drop:
    """What one perturbation costs one system on one task, over all its languages."""

    model: str
    task: str
    perturbation: str
    strength: str
    clean: float
    told: Difference


def draw(reader: Reader) -> Html | None:
    metrics = [row["metric"] for row in reader.rows("SELECT DISTINCT metric FROM evaluations ORDER BY 1")]
    metric = PREFERRED if PREFERRED in metrics else metrics[0]
    _paired(reader, metric)
    drops = _drops(reader)
    return join(
        _systems(reader, metrics),
        _heat(reader, metric) if drops else note("No perturbed queries were measured yet: ", h("code", "faquarry evaluate"),
                                                  " with perturbations adds them."),
        _costs(drops, metric) if drops else None,
        broken(reader) if drops else None,
    )  # fmt: skip


def _paired(reader: Reader, metric: str) -> None:
    """One row a query and perturbation that changed it: its value beside that of the clean query, over the seeds."""
    reader.once(
        "paired",
        f"""WITH plain AS (SELECT model, task, language, query_id, value AS clean FROM evaluations
                          WHERE metric = '{metric.replace("'", "''")}' AND perturbation = '{CLEAN}')
            SELECT p.model, p.task, p.language, p.perturbation, coalesce(p.strength, '') AS strength, p.query_id,
              hash(min(p.cluster_id))::UBIGINT AS cluster, min(plain.clean) AS clean, avg({exact("p.value")}) AS value,
              avg({exact("p.edits")}) AS edits
            FROM evaluations p JOIN plain USING (model, task, language, query_id)
            WHERE p.metric = '{metric.replace("'", "''")}' AND p.perturbation <> '{CLEAN}' AND p.changed IS DISTINCT FROM false
            GROUP BY ALL""",
    )


def _systems(reader: Reader, metrics: Sequence[str]) -> Html:
    """Clean queries: means over languages, and the worst language."""
    rows = reader.rows(
        f"""SELECT model, task, metric, avg({exact("mean")}) AS mean, min(mean) AS worst,
              arg_min(language, (mean, language)) AS hardest,
              count(*) AS languages, sum(n)::BIGINT AS n
            FROM (SELECT model, task, metric, language, avg({exact("value")}) AS mean, count(*) AS n FROM evaluations
                  WHERE perturbation = '{CLEAN}' GROUP BY ALL)
            GROUP BY ALL ORDER BY task, model, metric"""
    )
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        found.setdefault((row["task"], row["model"]), {})[row["metric"]] = row
    shown = sorted(metrics, key=lambda one: (one != PREFERRED, one))
    body = []
    for (task, model), by in found.items():
        first = next(iter(by.values()))
        main = by.get(shown[0], first)
        body.append(
            (
                h("code", cut(model, 60)), task, first["languages"], first["n"],
                *((by[one]["mean"], number(by[one]["mean"], 4)) if one in by else None for one in shown),
                join(number(main["worst"], 4), " ", h("code", main["hardest"])),
            )
        )  # fmt: skip
    columns = (
        Column("system"), Column("task"), Column("languages", True), Column("queries", True),
        *(Column(one, True) for one in shown), Column(f"worst language ({shown[0]})"),
    )  # fmt: skip
    return join(
        subhead("Clean queries", "means over languages"),
        table(columns, body, "Systems on clean queries"),
    )


def _heat(reader: Reader, metric: str) -> Html:
    """Language × operation, for the system, task and strength that are chosen."""
    rows = reader.rows(
        f"""SELECT model, task, strength, perturbation, language, avg({exact("clean")}) AS clean,
              avg({exact("value")}) AS value, count(*) AS n, avg({exact("edits")}) AS edits
            FROM paired GROUP BY ALL ORDER BY model, task, strength, perturbation, language LIMIT {CELLS}"""
    )
    data: dict[str, Any] = {}
    for row in rows:
        of_task = data.setdefault(row["model"], {}).setdefault(row["task"], {})
        of_operation = of_task.setdefault(row["strength"] or "–", {}).setdefault(row["perturbation"], {})
        of_operation[row["language"]] = [
            round(row["clean"], 4), round(row["value"], 4), row["n"], None if row["edits"] is None else round(row["edits"], 2),
        ]  # fmt: skip
    choices = [
        h("label", f"{what} ", h("select", id=f"heat-{what.lower()}")) for what in ("System", "Task", "Strength")
    ]  # fmt: skip
    shown = h(
        "label",
        "Shown ",
        h(
            "select",
            h("option", "relative drop", value="share"),
            h("option", "absolute drop", value="drop"),
            id="heat-shown",
        ),
    )
    names = {row["language"]: name_of(row["language"]) for row in rows}
    return join(
        subhead("What a perturbation costs", f"{metric}, language by operation"),
        h("div", choices, shown, class_="controls"),
        h("div", id="heat-map", class_="scroll", tabindex="0", role="region", aria_label="Drops by language and operation"),
        note("Queries that an operation changed, against the same queries unchanged; seeds averaged. Orange: worse, blue: "
             "better. An empty cell: the operation means nothing in that script, or changed no query."),
        embedded("heat", {"models": data, "names": names}),
    )  # fmt: skip


def _drops(reader: Reader) -> list[Drop]:
    kinds = reader.rows(
        f"""SELECT model, task, perturbation, strength, count(*) AS n FROM paired GROUP BY ALL
            ORDER BY model, task, perturbation, strength LIMIT {MOST}"""
    )
    draws = DRAWS if len(kinds) <= MANY else FEW_DRAWS
    found = []
    for kind in kinds:
        # In one order, so that the same draws meet the same clusters.
        rows = reader.columns(
            """SELECT clean, value, cluster FROM paired WHERE model = $model AND task = $task
                 AND perturbation = $perturbation AND strength = $strength ORDER BY language, query_id""",
            **{name: kind[name] for name in ("model", "task", "perturbation", "strength")},
        )
        told = difference(rows["value"], rows["clean"], rows["cluster"], draws=draws)
        found.append(
            Drop(kind["model"], kind["task"], kind["perturbation"], kind["strength"], float(rows["clean"].mean()), told)
        )
    return found


def _costs(drops: Sequence[Drop], metric: str) -> Html:
    adjusted = holm([one.told.p for one in drops])
    reach = max((max(abs(one.told.low), abs(one.told.high)) for one in drops), default=1) or 1
    body = [
        (
            one.perturbation, one.strength or "–", h("code", cut(one.model, 40)), one.task, one.told.queries,
            (one.clean, number(one.clean, 4)),
            (one.told.mean, join(f"{one.told.mean:+.4f}", h("span", _stars(p), class_="stars"))),
            (one.told.mean, h("span", _interval(one.told, reach), class_="block",
                              data_tip=f"{one.told}\nHolm: p {p:.4f}\n{one.told.clusters:,} clusters")),
            (one.told.mean / one.clean if one.clean else 0, percent(one.told.mean / one.clean if one.clean else None)),
        )
        for one, p in zip(drops, adjusted, strict=True)
    ]  # fmt: skip
    columns = (
        Column("perturbation"), Column("strength"), Column("system"), Column("task"), Column("queries", True),
        Column("clean", True), Column("change", True), Column("95 % interval", True), Column("relative", True),
    )  # fmt: skip
    smallest = max(one.told.smallest for one in drops)
    return join(
        subhead("Changes with their intervals", f"{metric}, over the queries of all languages"),
        table(columns, body, "Changes by perturbation"),
        note("Paired with the clean queries; 95 % intervals by bootstrap over clusters (paragraphs, sites), p by sign-flip "
             "test, Holm over this table: * under 0.05, ** under 0.01, *** under 0.001. Every row would have shown a change of "
             f"{number(smallest, 4)} in four cases of five."),
    )  # fmt: skip


def _stars(p: float) -> str:
    """
    >>> _stars(0.2), _stars(0.03), _stars(0.0001)
    ('', '*', '***')
    """
    return "*" * sum(p < level for level in (0.05, 0.01, 0.001))


def _interval(told: Difference, reach: float) -> Html:
    """A whisker with its mean, 0 in the middle."""

    def at(value: float) -> float:
        return 100 + 96 * value / reach

    tone = "2" if told.high < 0 else "1" if told.low > 0 else "8"
    return h(
        "svg",
        h("line", x1=100, x2=100, y1=0, y2=20, class_="grid"),
        h("line", x1=f"{at(told.low):.1f}", x2=f"{at(told.high):.1f}", y1=10, y2=10, class_=f"c{tone} line"),
        h("circle", cx=f"{at(told.mean):.1f}", cy=10, r=4, class_=f"c{tone} fill"),
        viewBox="0 0 200 20", class_="whisker", role="img", aria_label=str(told),
    )  # fmt: skip
