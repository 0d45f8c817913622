"""Fits the model of human noise (`faquarry.robustness.perturb.noise`) on real misspellings and real disfluent questions.

    python -m tools.fit_noise DATA [--out lib/faquarry/robustness/perturb/noise.json]

DATA is the folder of real data with typos/ and xquad/xquad-disfl. Fitted are, by context (a letter's class, doubled or not,
its place in the word): how often each kind of slip befalls it, against how often the context stands in the same words; what
is put in; and how a substitute is related to the letter it replaces. Ukrainian, of which there are thousands of slips, also
gets the letters themselves. Disfluencies give how long a false start is, where it stands, and what is said before the
repair. Held out: the test part of ua-gec, and every second query of dl-typo.

Counts are shrunk towards the coarser context by `PRIOR` pseudo-counts. A query slip (dl-typo) weighs `QUERY_WEIGHT`, as
there are few and they are what is perturbed. No text of the sources goes into the model: letters, classes and counts do.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from faquarry.robustness.perturb.disfluency import ROLES, role_of
from faquarry.robustness.perturb.keyboard import neighbours_of
from faquarry.robustness.perturb.slips import Slip, context, letter_class, relation, slip_between

PRIOR = 20.0
QUERY_WEIGHT = 10.0
LEAST = 2  # a pair of letters seen once says nothing
KINDS = ("delete", "insert", "substitute", "transpose")

Weighed = tuple[str, Slip, float]  # the right word, its slip, its weight


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=Path("lib/faquarry/robustness/perturb/noise.json"))
    options = parser.parse_args()
    ukrainian = [(word, slip, 1.0) for word, slip in ua_gec(options.data, "train")]
    english = [(word, slip, QUERY_WEIGHT) for word, slip in dl_typo(options.data, held_out=False)]
    model = {
        "any": fitted([*ukrainian, *english], {**neighbours_of("eng"), **neighbours_of("ukr")}),
        "ukr": fitted(ukrainian, neighbours_of("ukr")) | letters(ukrainian),
        "disfluency": disfluencies(options.data),
    }
    written = json.dumps(model, ensure_ascii=False, indent=1, sort_keys=True)
    options.out.write_text(written + "\n", encoding="utf-8")
    print(
        f"{options.out}: {len(written):,} characters from {len(ukrainian):,} Ukrainian and {len(english)} English slips"
    )
    print(json.dumps(model["any"]["kinds"]), json.dumps(model["disfluency"]), sep="\n")


def ua_gec(data: Path, split: str) -> list[tuple[str, Slip]]:
    """Ukrainian words and their slips, of one split."""
    with (data / "typos" / "ua-gec.edit1.tsv").open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE) if row["split"] == split]
    found = [(row["correct"], slip) for row in rows if (slip := slip_between(row["correct"], row["wrong"]))]
    return [(word, slip) for word, slip in found if not _is_choice(slip)]


def _is_choice(slip: Slip) -> bool:
    """Ukrainian words begin with у or в, і or й after the sound before them: corrected for euphony, no slip of a hand."""
    return slip.at == 0 and {slip.old.lower(), slip.new.lower()} in ({"у", "в"}, {"і", "й"})


def dl_typo(data: Path, held_out: bool) -> list[tuple[str, Slip]]:
    """English words of real queries and their slips, of every second query."""
    sides = []
    for name in ("clean", "typo"):
        lines = (data / "typos" / f"dl-typo.{name}.tsv").read_text(encoding="utf-8").splitlines()
        sides.append([line.partition("\t")[2].split() for line in lines])
    found = []
    for right, wrong in list(zip(*sides, strict=True))[1 if held_out else 0 :: 2]:
        if len(right) == len(wrong):
            found += [
                (one, slip) for one, other in zip(right, wrong, strict=True) if (slip := slip_between(one, other))
            ]
    return found


def _at(word: str, place: int) -> str:
    return word[place] if 0 <= place < len(word) else ""


def context_of(word: str, slip: Slip) -> str:
    """The context that a slip befell: of an insertion, that of the letter before it (the first letter at the start)."""
    place = max(0, slip.at - 1) if slip.kind == "insert" else slip.at
    return context(_at(word, place - 1), word[place], _at(word, place + 1))


def fitted(slips: list[Weighed], keys: dict[str, str]) -> dict[str, Any]:
    """Relative rates of slips by context and kind, with what is put in and how substitutes are related."""
    exposed: Counter[str] = Counter()
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    put_in: Counter[str] = Counter()
    related: dict[str, Counter[str]] = defaultdict(Counter)
    for word, slip, weight in slips:
        for place, letter in enumerate(word):
            if letter.isalpha():
                exposed[context(_at(word, place - 1), letter, _at(word, place + 1))] += weight
        seen[slip.kind][context_of(word, slip)] += weight
        if slip.kind == "insert":
            doubled = slip.new.lower() in (_at(word, slip.at - 1).lower(), _at(word, slip.at).lower())
            put_in["double" if doubled else letter_class(slip.new)] += weight
        if slip.kind == "substitute":
            related[letter_class(slip.old)][relation(slip.old, slip.new, keys)] += weight
    total = sum(exposed.values())
    rates = {}
    for kind in KINDS:
        overall = sum(seen[kind].values()) / total
        rates[kind] = {name: (seen[kind][name] + PRIOR * overall) / (exposed[name] + PRIOR) for name in sorted(exposed)}
    most = max(sum(rates[kind][name] for kind in KINDS) for name in exposed)
    return {
        "kinds": _shares(Counter({kind: sum(seen[kind].values()) for kind in KINDS})),
        "rates": {name: [round(rates[kind][name] / most, 4) for kind in KINDS] for name in sorted(exposed)},
        "inserted": _shares(put_in),
        "related": {name: _shares(counts) for name, counts in sorted(related.items())},
    }


def letters(slips: list[Weighed]) -> dict[str, Any]:
    """Which letter stands for which, and which are put in, where one was seen often enough."""
    pairs: dict[str, Counter[str]] = defaultdict(Counter)
    put_in: Counter[str] = Counter()
    for _, slip, _ in slips:
        if slip.kind == "substitute":
            pairs[slip.old.lower()][slip.new.lower()] += 1
        elif slip.kind == "insert":
            put_in[slip.new.lower()] += 1
    kept = {
        old: {new: n for new, n in found.items() if n >= LEAST and new != old} for old, found in sorted(pairs.items())
    }
    return {"pairs": {old: found for old, found in kept.items() if found}, "letters": dict(sorted(put_in.items()))}


def disfluencies(data: Path) -> dict[str, Any]:
    """Where the false start begins, how many words it has, and by which kind of words it is taken back."""
    sides = []
    for name in ("clean", "disfluent"):
        with (data / "xquad" / "xquad-disfl" / f"queries_{name}.jsonl").open(encoding="utf-8") as lines:
            sides.append({row["_id"]: row["text"].split() for row in map(json.loads, lines)})
    lengths: Counter[str] = Counter()
    starts: Counter[str] = Counter()
    roles: Counter[str] = Counter()
    for key, clean in sides[0].items():
        spoken = sides[1].get(key, clean)
        head = _common(clean, spoken)
        tail = _common(clean[head:][::-1], spoken[head:][::-1])
        middle = [word.strip(",.?").lower() for word in spoken[head : len(spoken) - tail]]
        found = [(place, role) for place in range(len(middle)) if (role := role_of(middle, place))]
        if not found:
            continue
        lengths[str(min(found[0][0], 6))] += 1
        starts["begin" if head == 0 else "end" if head > 2 * len(clean) / 3 else "middle"] += 1
        roles[found[-1][1]] += 1
    return {
        "words": _shares(lengths),
        "starts": _shares(starts),
        "roles": {r: _shares(roles).get(r, 0.0) for r in ROLES},
    }


def _common(first: list[str], second: list[str]) -> int:
    same = 0
    for one, other in zip(first, second, strict=False):
        if one.strip(",.?").lower() != other.strip(",.?").lower():
            break
        same += 1
    return same


def _shares(counts: Counter[str] | Iterable[Any]) -> dict[str, float]:
    counts = Counter(counts)
    total = sum(counts.values())
    return {name: round(count / total, 4) for name, count in sorted(counts.items())}


if __name__ == "__main__":
    main()
