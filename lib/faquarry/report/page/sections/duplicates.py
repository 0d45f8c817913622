"""Which pairs repeat: how many groups of which size, and some of them to be read."""

from __future__ import annotations

from faquarry.report.page.markup import Html, cut, h, join, said
from faquarry.report.page.parts import bars, figures, note, number, percent, said_site, subhead, tiles
from faquarry.report.page.reader import Reader, Row

__all__ = ["draw"]

KINDS = {
    "question": "one question with several answers, on one site",
    "near": "almost the same words",
    "semantic": "other words, the same meaning",
}
GROUPS, MEMBERS, CHARS = 2, 4, 200
SIZES = ((2, "2 pairs"), (3, "3"), (5, "4–5"), (10, "6–10"), (50, "11–50"))


def draw(reader: Reader) -> Html | None:
    pairs = reader.tables.get("qa", 0)
    cases = " ".join(f"WHEN size <= {bound} THEN {place}" for place, (bound, _) in enumerate(SIZES))
    reader.once("per_group", "SELECT kind, group_id, count(*) AS size FROM duplicates GROUP BY ALL")
    totals = reader.rows(
        """SELECT kind, count(*) AS groups, sum(size)::BIGINT AS rows, max(size) AS largest FROM per_group
           GROUP BY 1 ORDER BY 1"""
    )
    sizes = reader.rows(
        f"SELECT kind, CASE {cases} ELSE {len(SIZES)} END AS class, count(*) AS n FROM per_group GROUP BY ALL ORDER BY ALL"
    )
    found = {row["kind"]: row for row in totals}
    shown = [kind for kind in KINDS if kind in found] + sorted(found.keys() - KINDS.keys())
    dropped = reader.row("SELECT count(DISTINCT id) FILTER (NOT keep) AS n FROM duplicates")["n"] or 0
    panels = []
    for kind in shown:
        rows = [
            ((SIZES[row["class"]][1] if row["class"] < len(SIZES) else "more than 50"), row["n"], number(row["n"]))
            for row in sizes
            if row["kind"] == kind
        ]
        panels.append(h("div", subhead(kind.capitalize(), f"{number(found[kind]['groups'])} groups"),
                        note(KINDS.get(kind, "")), bars(rows, f"Groups of {kind} duplicates by size")))  # fmt: skip
    return join(
        tiles(
            [
                (number(dropped), "pairs that another stands for", percent(dropped / pairs) if pairs else None),
                *(
                    (number(found[kind]["groups"]), f"{kind} groups", f"largest {number(found[kind]['largest'])}")
                    for kind in shown
                ),
            ]
        ),
        figures(panels),
        _examples(reader, shown) if reader.holds("qa") else None,
    )


def _examples(reader: Reader, kinds: list[str]) -> Html | None:
    chosen = reader.rows(f"SELECT kind, arg_min(group_id, md5(group_id), {GROUPS}) AS groups FROM per_group GROUP BY 1")
    groups = {row["kind"]: row["groups"] for row in chosen}
    rows = reader.rows(
        f"""WITH mine AS (SELECT kind, group_id, id, keep, similarity,
                           row_number() OVER (PARTITION BY kind, group_id ORDER BY keep DESC, id) AS place
                         FROM duplicates WHERE group_id IN (SELECT unnest($groups)))
            SELECT * FROM mine WHERE place <= {MEMBERS} ORDER BY kind, group_id, place""",
        groups=[group for found in groups.values() for group in found],
    )
    texts = {
        row["id"]: row
        for row in reader.rows(
            f"""SELECT id, language, site, left(question, {CHARS + 1}) AS question, left(answer, {CHARS + 1}) AS answer
                FROM qa WHERE id IN (SELECT unnest($ids))""",
            ids=sorted({row["id"] for row in rows}),
        )
    }
    parts = []
    for kind in kinds:
        for group in groups.get(kind, ()):
            members = [row for row in rows if row["kind"] == kind and row["group_id"] == group and row["id"] in texts]
            if members:
                parts.append(_group(kind, members, texts))
    return (
        h("details", h("summary", "Groups to read, chosen by hash"), h("div", parts, class_="groups"), open=True)
        if parts
        else None
    )


def _group(kind: str, members: list[Row], texts: dict[str, Row]) -> Html:
    items = []
    for row in members:
        pair = texts[row["id"]]
        items.append(
            h(
                "li",
                h("p", h("b", "kept" if row["keep"] else number(row["similarity"], 2), class_="score"),
                  said(pair["question"], pair["language"], name="strong", most=CHARS)),
                said(cut((pair["answer"] or "").replace("\n", " "), CHARS), pair["language"], name="p"),
                class_="kept" if row["keep"] else None,
            )
        )  # fmt: skip
    first = texts[members[0]["id"]]
    return h(
        "div", h("h4", kind, " · ", h("code", first["language"] or "und"), " · ", said_site(first["site"])),
        h("ul", items, class_="texts"), class_="group", data_language=first["language"],
    )  # fmt: skip
