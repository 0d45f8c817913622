"""What sections are made of: numbers, tables that sort, bars, legends, empty states. All of it reads without the script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from faquarry.report.page.markup import Child, Html, cut, h
from faquarry.report.page.names import name_of

__all__ = [
    "DARK",
    "Column",
    "bars",
    "chips",
    "figures",
    "heat_cell",
    "language_cell",
    "legend",
    "note",
    "number",
    "percent",
    "said_site",
    "scrolling",
    "stack",
    "subhead",
    "table",
    "tiles",
]


DARK = 0.8
"""From this strength of a colour on, words on it change theirs (contrast of 4 to both sides)."""


@dataclass(frozen=True)
class Column:
    """A column of a table: its title, whether it holds numbers, what the title does not say."""

    title: str
    numeric: bool = False
    hint: str | None = None


def number(value: float | None, digits: int = 0) -> str:
    """
    >>> number(1234), number(0.5, 2), number(None)
    ('1,234', '0.50', '–')
    """
    return "–" if value is None or value != value else f"{value:,.{digits}f}"


def percent(share: float | None, digits: int = 1) -> str:
    """
    >>> percent(0.1234), percent(None)
    ('12.3 %', '–')
    """
    return "–" if share is None or share != share else f"{share * 100:.{digits}f} %"


def subhead(text: str, beside: str | None = None) -> Html:
    return h("h3", text, h("small", beside) if beside else None)


def note(*children: Child) -> Html:
    return h("p", *children, class_="note")


def tiles(items: Iterable[tuple[str, str, str | None]]) -> Html:
    """Figures that matter: (value, what it is, what stands under it)."""
    return h(
        "dl",
        [
            h(
                "div",
                h("dt", label),
                h("dd", h("b", value), class_="value"),
                h("dd", under, class_="under") if under else None,
                class_="tile",
            )
            for value, label, under in items
        ],
        class_="tiles",
    )


def table(
    columns: Sequence[Column],
    rows: Iterable[Sequence[Child]],
    label: str,
    *,
    sortable: bool = True,
    keys: Sequence[str] = (),
) -> Html:
    """A table; the script makes its heads sort it. A cell of a numeric column may be (value to sort by, what is shown).

    Args:
        keys: the language of each row, for the filter of languages.
    """
    head = [
        h("th", column.title, scope="col", class_="n" if column.numeric else None, title=column.hint)
        for column in columns
    ]
    body = []
    for place, row in enumerate(rows):
        cells = []
        for at, (column, cell) in enumerate(zip(columns, row, strict=True)):
            value, shown = cell if column.numeric and isinstance(cell, tuple) else (None, cell)
            if column.numeric and value is None and isinstance(cell, int | float):
                value, shown = cell, number(cell)
            sort = None if value is None else round(float(value), 6)
            name = "th" if at == 0 else "td"
            cells.append(
                h(
                    name,
                    shown if shown is not None else "–",
                    class_="n" if column.numeric else None,
                    data_v=sort,
                    scope="row" if at == 0 else None,
                )
            )
        body.append(h("tr", cells, data_language=keys[place] if keys else None))
    made = h("table", h("thead", h("tr", head)), h("tbody", body), class_="sortable" if sortable else None)
    return scrolling(made, label)


def scrolling(content: Html, label: str) -> Html:
    """What may be wider than a phone: it scrolls by itself, by keyboard too."""
    return h("div", content, class_="scroll", tabindex="0", role="region", aria_label=label)


def bars(rows: Sequence[tuple[Child, float, str]], label: str, *, tone: int = 1, keys: Sequence[str] = ()) -> Html:
    """Rows of (name, value, the value as it is shown), the longest bar over the whole width."""
    most = max((value for _, value, _ in rows), default=0) or 1
    body = [
        h(
            "tr",
            h("th", name, scope="row"),
            h("td", h("i", style=f"--w:{100 * value / most:.2f}%", class_=f"bar c{tone}"), class_="track"),
            h("td", shown, class_="n"),
            data_language=keys[place] if keys else None,
        )
        for place, (name, value, shown) in enumerate(rows)
    ]
    return h("table", h("caption", label, class_="away"), h("tbody", body), class_="bars")


def stack(parts: Sequence[tuple[str, float]], total: float) -> Html:
    """One bar in parts, coloured by their order: (name, value)."""
    return h(
        "span",
        [
            h(
                "i",
                class_=f"c{place + 1}",
                style=f"--w:{100 * value / (total or 1):.2f}%",
                data_tip=f"{name}: {percent(value / (total or 1))} ({number(value)})",
            )
            for place, (name, value) in enumerate(parts)
            if value
        ],
        class_="stack",
    )


def legend(names: Sequence[str]) -> Html:
    """What the colours mean, by their order."""
    return h(
        "ul",
        [h("li", h("i", class_=f"c{place + 1}"), name) for place, name in enumerate(names)],
        class_="legend",
    )


def chips(items: Iterable[tuple[str, str]]) -> Html:
    """Small facts: (name, value)."""
    return h("ul", [h("li", h("b", value), " ", name) for name, value in items], class_="chips")


def heat_cell(strength: float, text: str, tip: str | None = None, *, away: bool = False, name: str = "td") -> Html:
    """A cell whose colour says how much, 0 to 1; `away`: in the other direction."""
    strength = min(1.0, max(0.0, strength))
    kind = ["heat", "dark" if strength > DARK else "", "away-from" if away else ""]
    return h(name, text, class_=" ".join(filter(None, kind)), style=f"--v:{strength:.3f}", data_tip=tip)


def language_cell(language: str | None) -> Html:
    """A code with its name."""
    code = language or "und"
    told = h("span", name_of(code), class_="soft") if name_of(code) != code else None
    return h("span", h("code", code), " ", told, class_="tongue")


def said_site(site: str | None) -> Html:
    """A site's name as it is: never a link, nobody chose to go there."""
    return h("bdi", cut(site or "–", 60), class_="site")


def figures(*children: Child) -> Html:
    """Things that stand beside each other where there is room."""
    return h("div", *children, class_="beside")
