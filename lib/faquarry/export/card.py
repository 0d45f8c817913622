"""The card of an export: README.md as the Hub reads it, with what is inside, what was left out, and of which lake.

Nothing in it depends on the day or the machine: the same lake gives the same card.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from faquarry.export.folder import CARD, CHECKSUMS, MANIFEST
from faquarry.export.format import Format, Written

__all__ = ["Facts", "write_card"]

PICTURE = "languages.svg"
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")  # YAML breaks lines where JSON does not
_SHOWN = 40  # languages in the picture


@dataclass(frozen=True)
class Facts:
    """What decides the files of an export, as plain data, and a hash of it."""

    fingerprint: str
    content: Mapping[str, Any]


def write_card(
    folder: Path,
    format_: Format,
    facts: Facts,
    written: Sequence[Written],
    left_out: Mapping[str, int],
    masked: Mapping[str, int],
) -> None:
    """Writes README.md, and the picture that it shows."""
    by_language = _by_language(written)
    (folder / PICTURE).write_text(_picture(by_language), encoding="utf-8")
    settings = facts.content["settings"]
    front = "\n".join(_front(format_, settings, written, by_language))
    body = "\n".join(_body(format_, facts, written, by_language, left_out, masked))
    (folder / CARD).write_text(f"---\n{front}\n---\n\n{body}\n", encoding="utf-8")


def _by_language(written: Sequence[Written]) -> dict[str, int]:
    """{language or pair: rows}, most first."""
    counts: dict[str, int] = defaultdict(int)
    for file in written:
        counts[file.part] += file.rows
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


# -- the front matter ---------------------------------------------------------------------------------------------------


def _front(
    format_: Format, settings: Mapping[str, Any], written: Sequence[Written], by_language: Mapping[str, int]
) -> Iterator[str]:
    languages = sorted({code for part in by_language for code in part.split("-")})
    yield f"pretty_name: {_quoted(_title(format_, settings))}"
    yield f"license: {_quoted(settings['license'])}"
    yield "language:"
    yield from (f"- {language}" for language in languages)
    yield "multilinguality:"
    yield f"- {'multilingual' if len(languages) > 1 else 'monolingual'}"
    yield "task_categories:"
    yield from (f"- {task}" for task in format_.tasks)
    yield "tags:"
    yield from (f"- {tag}" for tag in ("faq", "question-answering", "web", "faquarry"))
    yield "size_categories:"
    yield f"- {_size(sum(file.rows for file in written))}"
    configs: dict[str, list[Written]] = defaultdict(list)
    for file in written:
        if file.config is not None:
            configs[file.config].append(file)
    if not configs:
        return
    yield "configs:"
    for name in sorted(configs):
        yield f"- config_name: {_quoted(name)}"
        yield "  data_files:"
        for file in configs[name]:
            yield f"  - split: {_quoted(file.split)}"
            yield f"    path: {_quoted(file.path)}"
    # Types are said, not guessed: a column of nulls or of digits would be taken for something else.
    yield "dataset_info:"
    for name in sorted(configs):
        yield f"- config_name: {_quoted(name)}"
        yield "  features:"
        for field in configs[name][0].schema:
            yield f"  - name: {_quoted(field.name)}"
            yield from _feature(field.type, "    ")


def _feature(kind: pa.DataType, indent: str) -> Iterator[str]:
    """A column's type in the words of `datasets`."""
    if pa.types.is_list(kind):
        if pa.types.is_struct(kind.value_type):
            yield f"{indent}list:"
            yield from _fields(kind.value_type, indent)
        else:
            yield f"{indent}list: {_dtype(kind.value_type)}"
    elif pa.types.is_struct(kind):
        yield f"{indent}struct:"
        yield from _fields(kind, indent)
    else:
        yield f"{indent}dtype: {_dtype(kind)}"


def _fields(kind: pa.DataType, indent: str) -> Iterator[str]:
    for field in kind:
        yield f"{indent}- name: {_quoted(field.name)}"
        yield from _feature(field.type, indent + "  ")


def _dtype(kind: pa.DataType) -> str:
    return {"float": "float32", "double": "float64", "timestamp[us, tz=UTC]": "timestamp[us, tz=UTC]"}.get(
        str(kind), str(kind)
    )


def _size(rows: int) -> str:
    """The Hub's word for a number of rows.

    >>> _size(999), _size(1_000), _size(3_000_000)
    ('n<1K', '1K<n<10K', '1M<n<10M')
    """
    steps = ["1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B", "100B", "1T"]
    place = sum(rows >= 10 ** (3 + step) for step in range(len(steps)))
    return (
        f"n<{steps[0]}"
        if place == 0
        else f"n>{steps[-1]}"
        if place == len(steps)
        else f"{steps[place - 1]}<n<{steps[place]}"
    )


def _quoted(text: str) -> str:
    """A string as YAML, quoted always: ``nor`` or ``1`` or ``a: b`` would not be read as strings."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


# -- the body -----------------------------------------------------------------------------------------------------------


def _title(format_: Format, settings: Mapping[str, Any]) -> str:
    return str(settings["title"] or f"Questions and answers of the web's FAQ pages: {format_.title}")


def _body(
    format_: Format,
    facts: Facts,
    written: Sequence[Written],
    by_language: Mapping[str, int],
    left_out: Mapping[str, int],
    masked: Mapping[str, int],
) -> Iterator[str]:
    content = facts.content
    settings = content["settings"]
    yield f"# {_title(format_, settings)}\n"
    yield (
        f"{sum(file.rows for file in written):,} rows in {len(written)} files, {_numbered(by_language)}, in the format "
        f"`{format_.name}`, written by faquarry {content['version'].split()[0]} from the FAQ markup "
        "(schema.org FAQPage) of public web pages.\n"
    )
    yield f"![Rows by language]({PICTURE})\n"
    yield "## Reading it\n"
    yield f"```python\n{format_.reading(written)}\n```\n"
    yield "## What is inside\n"
    yield from _table(
        ("configuration", "split", "file", "rows"),
        ((file.config or "", file.split, f"`{file.path}`", f"{file.rows:,}") for file in written),
    )
    yield "\n## Languages\n"
    yield from _table(("language", "rows"), ((part, f"{rows:,}") for part, rows in by_language.items()))
    yield "\n## What was left out\n"
    yield from _table(
        ("pairs of the lake", "left out because"), ((f"{count:,}", why) for why, count in left_out.items())
    )
    yield "\n## Licence, opt-outs and personal data\n"
    yield from _rights(content, masked)
    yield "\n## Where it comes from\n"
    yield from _table(
        ("table of the lake", "version"), ((f"`{name}`", str(version)) for name, version in content["tables"].items())
    )
    yield f"\nFingerprint of tables, versions and settings: `{facts.fingerprint}`. Settings:\n"
    chosen = {name: content[name] for name in ("format", "parts", "languages", "release", "takedown", "settings")}
    yield f"```json\n{json.dumps(chosen, indent=1, ensure_ascii=False)}\n```\n"
    yield f"`sha256sum -c {CHECKSUMS}` checks the files; `{MANIFEST}` says the same for programs."


def _numbered(by_language: Mapping[str, int]) -> str:
    """How many languages there are, and how many pairs of them."""
    pairs = sum("-" in part for part in by_language)
    told = [
        f"{count} {name}" for count, name in ((len(by_language) - pairs, "languages"), (pairs, "pairs of languages"))
    ]
    return " and ".join(phrase for phrase in told if not phrase.startswith("0 "))


def _rights(content: Mapping[str, Any], masked: Mapping[str, int]) -> Iterator[str]:
    license_ = content["settings"]["license"]
    yield (
        f"Licence of the collection: `{license_}`. The texts are of the publishers of their pages, who published them as "
        "machine-readable FAQ markup; the collection claims no right to them.\n"
    )
    if not content["release"]:
        yield (
            "**This is no release**: pages that opt out of mining are inside, and nothing is masked. "
            "`faquarry export --release` makes one.\n"
        )
    else:
        signals = ", ".join(f"`{signal}`" for signal in content["settings"]["opt_out"])
        yield (
            f"Pages opt out by {signals} (robots directives, HTTP headers, the TDM reservation protocol). A pair is left out "
            "when every page it stands on opts out; one that also stands on an open page is given as it stands there.\n"
        )
        kinds = ", ".join(f"{count:,} × `[{kind}]`" for kind, count in masked.items())
        yield f"Hidden in texts, counted in all files together: {kinds or 'nothing was to be masked'}.\n"
    if content["takedown"] is not None:
        yield (
            f"A takedown list (SHA-256 `{content['takedown']}…`) was applied: a pair on a page of the list is left out, "
            "wherever else it stands.\n"
        )
    yield (
        "Publishers who want their texts removed: tell whoever published this copy; a takedown list takes them out of the "
        "next."
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _picture(by_language: Mapping[str, int]) -> str:
    """Bars of rows by language on a logarithmic scale, as SVG."""
    from math import log10

    shown = list(by_language.items())[:_SHOWN]
    most = max(rows for _, rows in shown)
    step, left, wide = 18, 80, 420

    def bar(place: int, name: str, rows: int) -> str:
        length = wide * (log10(rows) + 0.3) / (log10(most) + 0.3)
        y = 30 + place * step
        return (
            f'<text x="{left - 6}" y="{y + 11}" text-anchor="end">{name}</text>'
            f'<rect x="{left}" y="{y}" width="{length:.1f}" height="14" fill="#c2410c"/>'
            f'<text x="{left + length + 5:.1f}" y="{y + 11}" fill="#1f2933">{rows:,}</text>'
        )

    more = f", the first {_SHOWN} of {len(by_language)}" if len(by_language) > _SHOWN else ""
    bars = "\n".join(bar(place, name, rows) for place, (name, rows) in enumerate(shown))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + wide + 110}" height="{40 + len(shown) * step}" '
        'font-family="sans-serif" font-size="12">\n'
        f'<text x="{left}" y="18" font-size="13">Rows by language{more} (logarithmic)</text>\n{bars}\n</svg>\n'
    )
