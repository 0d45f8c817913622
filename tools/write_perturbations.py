"""Writes the generated parts of docs/perturbations.md: operations, examples and figures. `--check` only compares.

    python tools/write_perturbations.py [--check]

Operations and examples come from the package as it is; figures from the tables that tools/measure_perturbations.py wrote
beside the page.
"""

from __future__ import annotations

import csv
import difflib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from faquarry.robustness.perturb import OPERATIONS, Perturbed, defaults, operations_of, perturb
from faquarry.robustness.perturb.layouts import LANGUAGES
from faquarry.robustness.perturb.operation import scripts_of

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "perturbations.md"
EXAMPLES_EACH = 6

TEXTS = {
    "eng": "How long is the warranty of a Nokia 3310 phone?",
    "rus": "Сколько ещё действует гарантия на телефон?",
    "ara": "كم مدة الضمان على الأجهزة الجديدة إلى اليوم؟",
    "hin": "वारंटी की अवधि कितनी है और क्या शर्तें हैं?",
    "tha": "การรับประกันมีระยะเวลากี่ปี",
    "zho": "保修期有多长时间？",
    "kor": "보증 기간은 얼마나 됩니까?",
    "jpn": "ほしょうきかんはどのくらいですか",
    "ell": "Πόσο διαρκεί η εγγύηση της συσκευής;",
    "vie": "Thời hạn bảo hành của điện thoại là bao lâu?",
    "deu": "Wie lange gilt die Garantie für Geräte aus Österreich?",
    "fra": "Où est né le célèbre écrivain français ?",
    "heb": "כמה זמן האחריות בתוקף?",
    "fas": "مدت گارانتی دستگاه چقدر است؟",
    "ben": "ওয়ারেন্টি কতদিন থাকে?",
    "tam": "உத்தரவாதம் எவ்வளவு காலம்?",
    "hye": "Որքա՞ն է երաշխիքի ժամկետը։",
    "kat": "რამდენ ხანს მოქმედებს გარანტია?",
    "tur": "Garanti süresi ne kadardır?",
    "ukr": "Скільки коштує її доставка до Києва?",
}


def main(arguments: list[str]) -> int:
    page = PAGE.read_text(encoding="utf-8")
    made = page
    for name, lines in (
        ("operations", operations()),
        ("examples", examples()),
        ("slips", table("slips")),
        ("labels", table("labels")),
        ("language", kept()),
        ("defaults", chosen()),
    ):
        made, count = re.subn(
            rf"(<!-- {name} -->\n).*?(<!-- end -->)",
            lambda found, lines=list(lines): found[1] + "\n".join(lines) + "\n" + found[2],  # type: ignore[misc]
            made,
            flags=re.DOTALL,
        )
        if count != 1:
            sys.exit(f"{PAGE} has {count} places for {name}, not one.")
    if "--check" in arguments:
        difference = list(difflib.unified_diff(page.splitlines(), made.splitlines(), "is", "should be", lineterm=""))
        print(*difference, sep="\n", end="\n" if difference else "")
        return 1 if difference else 0
    PAGE.write_text(made, encoding="utf-8")
    return 0


def row(*cells: object) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def head(*cells: str) -> list[str]:
    return [row(*cells), row(*("---" for _ in cells))]


def operations() -> Iterator[str]:
    yield from head("operation", "what it does", "where", "a native reader still reads")
    for name, one in OPERATIONS.items():
        where = ", ".join(sorted(one.languages) or sorted(one.scripts)) or "every script"
        if one.not_in:
            where = f"scripts with spaces between words (not {', '.join(sorted(one.not_in))})"
        unit = "" if one.unit == "graphemes" else f" (the budget counts {one.unit})"
        yield row(f"`{name}`", one.does + unit, where, one.reads)


def examples() -> Iterator[str]:
    yield from head("operation", "language", "edits", "10 %, seed 0, key = the text")
    for name in OPERATIONS:
        shown: set[frozenset[str]] = set()
        for language, text in TEXTS.items():
            result = perturb(text, language, name, "10%")
            if result.changed and scripts_of(language) not in shown and len(shown) < EXAMPLES_EACH:
                shown.add(scripts_of(language))
                yield row(f"`{name}`", language, len(result.edits), marked(text, result))


def marked(text: str, result: Perturbed) -> str:
    """The text with each edit in bold: what went out struck through, then what came in."""
    parts, done = [], 0
    for at, before, after in result.edits:
        old = f"~~{before.strip() or '␣' * len(before)}~~" if before else ""
        new = f"**{after.strip() or '␣' * len(after)}**" if after else ""
        parts += [text[done:at], old, new + " " * (len(after) - len(after.rstrip()) if after.strip() else 0)]
        done = at + len(before)
    return "".join([*parts, text[done:]])


def read(name: str) -> list[dict[str, str]]:
    with (DOCS / f"perturbations-{name}.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, dialect="excel-tab"))


def table(name: str) -> Iterator[str]:
    rows = read(name)
    yield from head(*(column.replace("_", " ") for column in rows[0]))
    for one in rows:
        yield row(*one.values())


def kept() -> Iterator[str]:
    """Operation × language: percent of queries that keep their language at 10 %; "–" where the operation means nothing."""
    rows = [one for one in read("language") if one["strength"] == "10%"]
    languages = list(dict.fromkeys(one["language"] for one in rows))
    yield from head("operation", *languages)
    for name in dict.fromkeys(one["operation"] for one in rows):
        cells = {one["language"]: one for one in rows if one["operation"] == name}
        yield row(f"`{name}`", *(_percent(cells.get(language)) for language in languages))


def _percent(cell: dict[str, str] | None) -> str:
    if cell is None:
        return "–"
    few = f" ({float(cell['applies']):.0%} apply)" if float(cell["applies"]) < 0.9 else ""
    return (f"{100 * float(cell['kept']):.1f}" if cell["kept"] else "") + few


def chosen() -> Iterator[str]:
    groups: dict[tuple[str, ...], list[str]] = {}
    for language in sorted({*LANGUAGES, "zho"}):
        groups.setdefault(defaults(language), []).append(language)
    yield from head("languages", "by default", "only when named")
    for names, languages in sorted(groups.items(), key=lambda item: (-len(item[1]), item[1])):
        rest = [name for name in operations_of(languages[0]) if name not in names]
        yield row(" ".join(languages), " ".join(names), " ".join(rest))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
