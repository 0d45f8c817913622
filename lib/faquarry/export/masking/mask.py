"""Masking: e-mail addresses, telephone numbers, keys, card numbers and IBANs in a text give way to ``[email]`` and so on.

A span that two kinds claim goes to the first of `KINDS`. Masking a masked text changes nothing: the rules are applied until
none finds anything.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from faquarry.export.masking.banking import cards, ibans
from faquarry.export.masking.keys import HINTS, NAMES, keys
from faquarry.export.masking.mail import addresses
from faquarry.export.masking.phone import phones
from faquarry.export.masking.spans import Span

__all__ = ["KINDS", "mask", "mask_array", "suspects"]

KINDS: Mapping[str, Callable[[str], Iterable[Span]]] = {
    "key": keys,
    "email": addresses,
    "iban": ibans,
    "card": cards,
    "phone": phones,
}

# What every text has that a rule finds something in, and the rules: expressions with few states each, for RE2.
_SUSPECT: Sequence[tuple[str, Sequence[str]]] = (
    (r"[@＠]|[(\[{]\s?(?i:at|ät|chez|arroba|собака)\s?[)\]}]", ("email",)),
    (r"(?:\p{Nd}\P{L}*){6}|8\d\d[-. ][A-Z]", ("phone", "card", "iban")),
    (r"\d[A-Z0-9 -]{12}", ("iban",)),
    ("|".join(re.escape(hint) for hint in HINTS) + "|(?i:" + "|".join(NAMES) + ")", ("key",)),
)


def mask(text: str, kinds: Sequence[str] = tuple(KINDS)) -> tuple[str, Counter[str]]:
    """-> the text with what is to be hidden replaced, and how much of each kind that was.

    >>> mask("Write to ann@firm.example or call +49 30 901820; it costs 1 250 000 EUR.")[0]
    'Write to [email] or call [phone]; it costs 1 250 000 EUR.'
    """
    counts: Counter[str] = Counter()
    while True:
        spans = _spans(text, kinds)
        if not spans:
            return text, counts
        pieces, at = [], 0
        for start, end, kind in spans:
            pieces += [text[at:start], f"[{kind}]"]
            counts[kind] += 1
            at = end
        text = "".join(pieces) + text[at:]


def _spans(text: str, kinds: Sequence[str]) -> list[tuple[int, int, str]]:
    """Disjoint spans in the order of the text."""
    chosen: list[tuple[int, int, str]] = []
    for kind in KINDS:
        if kind in kinds:
            for start, end in KINDS[kind](text):
                if all(end <= low or high <= start for low, high, _ in chosen):
                    chosen.append((start, end, kind))
    return sorted(chosen)


def suspects(texts: pa.Array) -> dict[str, set[int]]:
    """{kind: places of the texts in which its rule may find something}."""
    found: dict[str, set[int]] = {kind: set() for kind in KINDS}
    for pattern, kinds in _SUSPECT:
        places = pc.indices_nonzero(pc.fill_null(pc.match_substring_regex(texts, pattern), False)).to_pylist()
        for kind in kinds:
            found[kind].update(places)
    return found


def mask_array(texts: pa.Array, kinds: Sequence[str]) -> tuple[pa.Array, Counter[str]]:
    """A column masked: strings, lists, or structs, of which `text` and `title` are texts; nulls stay."""
    if pa.types.is_list(texts.type):
        flat, counts = mask_array(texts.flatten(), kinds)
        sizes = pc.fill_null(pc.list_value_length(texts), 0)
        offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(sizes)])
        return pa.ListArray.from_arrays(offsets, flat, type=texts.type, mask=texts.is_null()), counts
    if pa.types.is_struct(texts.type):
        masked = {
            field.name: mask_array(values, kinds) if field.name in ("text", "title") else (values, Counter())
            for field, values in zip(texts.type, texts.flatten(), strict=True)
        }
        arrays = [values for values, _ in masked.values()]
        rebuilt = pa.StructArray.from_arrays(arrays, fields=list(texts.type), mask=texts.is_null())
        return rebuilt, sum((found for _, found in masked.values()), Counter())
    return _mask_strings(texts, kinds)


def _mask_strings(texts: pa.Array, kinds: Sequence[str]) -> tuple[pa.Array, Counter[str]]:
    counts: Counter[str] = Counter()
    suspected = {kind: places for kind, places in suspects(texts).items() if kind in kinds}
    places = sorted(set().union(*suspected.values()))
    changed: dict[int, str] = {}
    for place, text in zip(places, texts.take(pa.array(places, pa.int64())).to_pylist(), strict=True):
        masked, found = mask(text, [kind for kind, where in suspected.items() if place in where])
        if found:
            changed[place] = masked
            counts += found
    if not changed:
        return texts, counts
    which = pa.array([place in changed for place in range(len(texts))])
    return pc.replace_with_mask(texts, which, pa.array(list(changed.values()), texts.type)), counts
