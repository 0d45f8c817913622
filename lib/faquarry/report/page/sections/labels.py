"""What the pairs are about and what kinds of questions they ask, by language."""

from __future__ import annotations

from faquarry.labels.taxonomy import TAXONOMIES
from faquarry.report.page.markup import Child, Html, h, join
from faquarry.report.page.parts import (
    Column,
    heat_cell,
    language_cell,
    legend,
    note,
    number,
    percent,
    stack,
    subhead,
    table,
)
from faquarry.report.page.reader import Reader, exact

__all__ = ["draw"]

LANGUAGES = 24


def draw(reader: Reader) -> Html | None:
    return join([_taxonomy(reader, name) for name in TAXONOMIES])


def _taxonomy(reader: Reader, name: str) -> Html | None:
    last = reader.rows(
        "SELECT model, revision FROM labels WHERE taxonomy = $name ORDER BY run_id DESC, model, revision LIMIT 1",
        name=name,
    )
    if not last:
        return None
    rows = reader.rows(
        f"""SELECT language::VARCHAR AS language, label, count(*) AS n, sum({exact("score")})::DOUBLE AS sure
            FROM (SELECT hash(id) AS key, label, score FROM labels
                  WHERE taxonomy = $name AND model = $model AND revision = $revision)
            JOIN {reader.spoken()} USING (key) GROUP BY ALL ORDER BY ALL""",
        name=name,
        **last[0],
    )
    if not rows:
        return None
    known = TAXONOMIES[name].labels
    labels = [*known, *sorted({row["label"] for row in rows} - set(known))]
    counts: dict[str, dict[str, int]] = {}
    for row in rows:
        counts.setdefault(row["language"] or "und", {})[row["label"]] = row["n"]
    totals = {language: sum(found.values()) for language, found in counts.items()}
    every = sum(totals.values())
    of_label = {label: sum(found.get(label, 0) for found in counts.values()) for label in labels}
    sure = sum(row["sure"] or 0 for row in rows) / every
    shown = sorted(counts, key=lambda language: (-totals[language], language))
    body: list[tuple[Child, ...]] = [
        (
            h("b", "all"), every, stack([(label, of_label[label]) for label in labels], every),
            *(_share(of_label[label], every, label, "all") for label in labels),
        )
    ]  # fmt: skip
    for language in shown[:LANGUAGES]:
        found, total = counts[language], totals[language]
        body.append(
            (
                language_cell(language), total, stack([(label, found.get(label, 0)) for label in labels], total),
                *(_share(found.get(label, 0), total, label, language) for label in labels),
            )
        )  # fmt: skip
    columns = (Column("language"), Column("pairs", True), Column("shares"), *(Column(label, True) for label in labels))
    hidden = f" The {LANGUAGES} largest of {len(shown)} languages." if len(shown) > LANGUAGES else ""
    return h(
        "div",
        subhead(TAXONOMIES[name].asks),
        note(
            "By ", h("code", f"{last[0]['model']} {last[0]['revision'][:12]}"), f"; mean certainty {number(sure, 2)}.",
            hidden,
        ),
        legend(labels),
        table(columns, body, name.replace("_", " "), keys=["", *shown[:LANGUAGES]]),
        class_="labels",
    )  # fmt: skip


def _share(count: int, total: int, label: str, language: str) -> tuple[float, Html]:
    share = count / (total or 1)
    shown = heat_cell(share, percent(share, 0) if count else "·", f"{language}, {label}: {number(count)}", name="span")
    return share, shown
