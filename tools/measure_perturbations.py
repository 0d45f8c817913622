"""Measures how natural perturbations are, against real slips, people's judgements and language identification.

    python -m tools.measure_perturbations DATA [--queries 300] [--out docs/perturbations]

DATA is the folder of real data with typos/ and xquad/. Four questions, one table each (printed, and as OUT-*.tsv):

slips       Is an operation like people? The words of ua-gec's test part and of the queries of dl-typo that the noise model
            has not seen, misspelled by people and by each operation (one edit a word, the same words, `DRAWS` times):
            total variation between the kinds of slips, and Jensen–Shannon divergence (bits) between the letter pairs that
            stand where the slip is. `people` compares people with people: other slips of the same source, as many.
labels      Do people accept it? Variations of queries that people judged valid or not, grouped by the operation that could
            have made them.
language    Does a query stay a query of its language? Of XQuAD's questions that are identified rightly, the share that
            still are after the operation, alone and without hints.
reach       For how many questions there is a place for the operation, and how many edits come out.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from math import log2
from pathlib import Path

from tools.fit_noise import dl_typo, ua_gec

from faquarry.config.settings import LanguageSettings
from faquarry.language import Hints, identify_page
from faquarry.robustness.perturb import OPERATIONS, language_code, operations_of, perturb_many
from faquarry.robustness.perturb.keyboard import neighbours_of
from faquarry.robustness.perturb.slips import Slip, slip_between

DRAWS = 20
STRENGTHS = ("1", "10%", "20%")
LANGUAGES = "ar de el en es hi ro ru th tr vi zh".split()
KINDS = ("delete", "insert", "substitute", "transpose")

Table = list[dict[str, object]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--queries", type=int, default=300, help="of each XQuAD language")
    parser.add_argument("--out", default="docs/perturbations")
    options = parser.parse_args()
    tables = {
        "slips": [
            *slips("ukr", ua_gec(options.data, "train"), ua_gec(options.data, "test")),
            *slips("eng", dl_typo(options.data, held_out=False), dl_typo(options.data, held_out=True)),
        ],
        "labels": labels(options.data),
        "language": list(language(options.data, options.queries)),
    }
    for name, rows in tables.items():
        with Path(f"{options.out}-{name}.tsv").open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, list(rows[0]), dialect="excel-tab", lineterminator="\n")
            table.writeheader()
            table.writerows(rows)
        print(f"\n{name}", "\t".join(rows[0]), *("\t".join(map(str, row.values())) for row in rows), sep="\n")


# -- slips -----------------------------------------------------------------------------------------------------------


def slips(code: str, others: list[tuple[str, Slip]], real: list[tuple[str, Slip]]) -> Iterator[dict[str, object]]:
    """A row for people, and one for each operation that makes slips within words."""
    words = [word for word, _ in real]
    rng = random.Random(0)
    draws = [rng.sample(others, min(len(real), len(others))) for _ in range(DRAWS)]
    yield _compared(code, "people", draws, real)
    for name in operations_of(code):
        if OPERATIONS[name].unit != "graphemes" or name == "case":
            continue  # pairs of letters are compared without capitals
        made = []
        for draw in range(DRAWS):
            results = perturb_many(words, code, name, 1, draw)
            found = [(word, slip_between(word, r.text)) for word, r in zip(words, results, strict=True) if r.changed]
            made.append([(word, slip) for word, slip in found if slip is not None])
        if sum(map(len, made)) >= len(real):
            yield _compared(code, name, made, real)


def _compared(
    code: str, name: str, draws: list[list[tuple[str, Slip]]], real: list[tuple[str, Slip]]
) -> dict[str, object]:
    kinds = Counter(slip.kind for draw in draws for _, slip in draw)
    pairs = [_divergence(_pairs(draw), _pairs(real)) for draw in draws]
    row: dict[str, object] = {"language": code, "operation": name, "slips": sum(kinds.values())}
    row |= {kind: _share(kinds[kind], kinds.total()) for kind in KINDS}
    real_kinds = Counter(slip.kind for _, slip in real)
    variation = sum(abs(kinds[k] / kinds.total() - real_kinds[k] / real_kinds.total()) for k in KINDS) / 2
    return row | {"kinds_tv": f"{variation:.3f}", "pairs_jsd": f"{sum(pairs) / len(pairs):.3f}"}


def _pairs(found: Sequence[tuple[str, Slip]]) -> Counter[str]:
    """Letter pairs of the wrong word that touch what came in, or the seam where something went out."""
    counts: Counter[str] = Counter()
    for word, slip in found:
        wrong = f"^{word[: slip.at]}{slip.new}{word[slip.at + len(slip.old) :]}$".lower()
        first = slip.at + 1
        for at in range(first - 1, first + max(len(slip.new), 0)):
            counts[wrong[at : at + 2]] += 1
    return counts


def _divergence(first: Counter[str], second: Counter[str]) -> float:
    total = 0.0
    for mine, other in ((first, second), (second, first)):
        for name, count in mine.items():
            p, q = count / mine.total(), other[name] / other.total()
            total += p / 2 * log2(2 * p / (p + q))
    return total


# -- labels ----------------------------------------------------------------------------------------------------------


def labels(data: Path) -> Table:
    """Of each operation, the judged variations it could have made, and how many of them people found valid."""
    judged: dict[str, list[bool]] = defaultdict(list)
    for name in ("antique", "trec2019"):
        with (data / "typos" / f"variations_{name}_labeled.csv").open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                valid = row["valid"] == "True"
                before, after = row["original_query"].lower().split(), row["variation"].lower().split()
                if before == after:
                    judged["unchanged"].append(valid)
                    continue
                makers = [op for op, could in _COULD.items() if could(before, after)]
                for maker in makers or [f"none, {row['transformation_type'].replace('mispelling', 'misspelling')}"]:
                    judged[maker].append(valid)
    return [
        {"operation": name, "judged": len(votes), "valid": _share(sum(votes), len(votes))}
        for name, votes in sorted(judged.items(), key=lambda item: (item[0] not in _COULD, item[0]))
    ]


def _one_slip(before: list[str], after: list[str]) -> Slip | None:
    if len(before) != len(after):
        return None
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    return slip_between(*changed[0]) if len(changed) == 1 else None


def _slip_of(kind: str) -> Callable[[list[str], list[str]], bool]:
    return lambda before, after: (slip := _one_slip(before, after)) is not None and slip.kind == kind


def _by_key(before: list[str], after: list[str]) -> bool:
    slip = _one_slip(before, after)
    return slip is not None and slip.kind == "substitute" and slip.new in neighbours_of("eng").get(slip.old, "")


def _swapped_words(before: list[str], after: list[str]) -> bool:
    places = [at for at in range(min(len(before), len(after))) if before[at] != after[at]]
    return (
        len(before) == len(after)
        and len(places) == 2
        and places[1] == places[0] + 1
        and before[places[0]] == after[places[1]]
        and before[places[1]] == after[places[0]]
    )


def _dropped_words(before: list[str], after: list[str]) -> bool:
    rest = iter(before)
    return 0 < len(after) < len(before) and all(word in rest for word in after)


_COULD: dict[str, Callable[[list[str], list[str]], bool]] = {
    "delete": _slip_of("delete"),
    "insert": _slip_of("insert"),
    "substitute": _slip_of("substitute"),
    "swap": _slip_of("transpose"),
    "keyboard": _by_key,
    "word_swap": _swapped_words,
    "word_drop": _dropped_words,
}


# -- language --------------------------------------------------------------------------------------------------------


def language(data: Path, count: int) -> Iterator[dict[str, object]]:
    """A row an operation, strength and language: how many have a place, edits, and how many keep their language."""
    settings = LanguageSettings()
    for short in LANGUAGES:
        code = language_code(short)
        with gzip.open(data / "xquad" / "xquad" / f"xquad.{short}.json.gz", "rt", encoding="utf-8") as file:
            paragraphs = [paragraph for article in json.load(file)["data"] for paragraph in article["paragraphs"]]
        every = [qa["question"] for paragraph in paragraphs for qa in paragraph["qas"]]
        texts = every[:: max(1, len(every) // count)][:count]
        known = [_identified(text, settings) == code for text in texts]
        for name in operations_of(code):
            for strength in STRENGTHS:
                results = perturb_many(texts, code, name, strength)
                found = [(r, right) for r, right in zip(results, known, strict=True) if r.applies]
                kept = [_identified(r.text, settings) == code for r, right in found if right]
                yield {
                    "language": code,
                    "operation": name,
                    "strength": strength,
                    "queries": len(texts),
                    "applies": _share(len(found), len(texts)),
                    "edits": f"{sum(len(r.edits) for r, _ in found) / max(1, len(found)):.2f}",
                    "identified": _share(sum(known), len(known)),
                    "kept": _share(sum(kept), len(kept)),
                }


def _identified(text: str, settings: LanguageSettings) -> str:
    return identify_page([(text, "")], Hints(), settings)[0].code


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.3f}" if whole else ""


if __name__ == "__main__":
    main()
