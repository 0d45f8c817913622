"""The inner loop of the small scorer, compiled: a question's subwords against a text's, and what is read off the table.

Apart from everything else, so that numba is imported only by who scores. Similarities are integers times two factors, so that
a pair has the same features, bit for bit, whatever is scored before or beside it.
"""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["HEAD", "LEXICAL", "features", "logits"]

LEXICAL = 20
"""Features that are not learned; behind them two of learned similarity, then the products of question and text."""

HEAD = 24  # subwords of a text that count as its beginning
_STRIDE = 16  # windows of 32 subwords, each half over the one before
_SLOTS = 4096  # subwords of texts whose similarity to the question is remembered


@njit(nogil=True)
def _dot(one, other):  # type: ignore[no-untyped-def]
    total = np.int32(0)
    for at in range(len(one)):
        total += np.int32(one[at]) * np.int32(other[at])
    return total


@njit(nogil=True)
def features(  # type: ignore[no-untyped-def]
    queries, query_starts, texts, text_starts, pair_query, pair_text,
    codes, weights, inverse, asked, told, ask_gate, tell_gate, scale, split, digits,
):  # fmt: skip
    """What the model is told of every pair. -> (pairs, LEXICAL + 2 + 2 (dims - split)), float32

    queries, texts: subwords, question q being queries[query_starts[q]:query_starts[q + 1]]; pair_query, pair_text: which go
    together, pairs of a question best in a row. codes, weights, inverse: `Subwords`; asked, told, ask_gate, tell_gate, scale:
    `Tables`; the first `split` numbers meet subword by subword, the others as sums. digits (subwords,): which are numbers.

    Written as one loop: what is read off the table of similarities is read in one go, while it is near.
    """
    pairs = len(pair_query)
    dims = asked.shape[1]
    bags = dims - split
    out = np.zeros((pairs, LEXICAL + 2 + 2 * bags), dtype=np.float32)
    slot_of = np.zeros(codes.shape[0], dtype=np.int32)
    stamp_of = np.zeros(codes.shape[0], dtype=np.int64)
    longest = 1
    for q in range(len(query_starts) - 1):
        longest = max(longest, query_starts[q + 1] - query_starts[q])
    alike = np.zeros((_SLOTS, longest), dtype=np.float32)
    learned = np.zeros((_SLOTS, longest), dtype=np.float32)
    bag = np.zeros(bags, dtype=np.float32)
    whole = np.zeros(bags, dtype=np.float32)
    head = np.zeros(bags, dtype=np.float32)
    slots = np.zeros(_SLOTS, dtype=np.int32)
    windows = np.zeros(_SLOTS // _STRIDE + 1, dtype=np.float32)
    stamp, used, current = 0, 0, -1
    unscale = np.float32(1.0 / scale)
    for pair in range(pairs):
        q = pair_query[pair]
        first, m = query_starts[q], query_starts[q + 1] - query_starts[q]
        start, n = text_starts[pair_text[pair]], text_starts[pair_text[pair] + 1] - text_starts[pair_text[pair]]
        if m == 0 or n == 0:
            continue
        row = out[pair]
        # -- the question, once
        if q != current:
            current = q
            stamp += 1
            used = 0
            total_weight, total_gate, squared, heaviest = 0.0, 0.0, 0.0, 0
            for d in range(bags):
                bag[d] = 0.0
            for i in range(m):
                token = queries[first + i]
                total_weight += weights[token]
                squared += weights[token] * weights[token]
                total_gate += ask_gate[token]
                if weights[token] > weights[queries[first + heaviest]]:
                    heaviest = i
                for d in range(bags):
                    bag[d] += ask_gate[token] * asked[token, split + d]
            for d in range(bags):
                bag[d] *= np.float32(1.0 / total_gate) * unscale
        # -- every distinct subword of the text against the question
        if used + n > _SLOTS:
            stamp += 1
            used = 0
        for j in range(n):
            token = texts[start + j]
            if stamp_of[token] != stamp:
                stamp_of[token] = stamp
                slot_of[token] = used
                for i in range(m):
                    mine = queries[first + i]
                    if mine == token:
                        alike[used, i] = 1.0
                    else:
                        alike[used, i] = _dot(codes[mine], codes[token]) * inverse[mine] * inverse[token]
                    learned[used, i] = _dot(asked[mine, :split], told[token, :split]) * unscale
                used += 1
            slots[j] = slot_of[token]
        # -- question's side
        count = (n + _STRIDE - 1) // _STRIDE
        for at in range(count):
            windows[at] = 0.0
        forth, forth_head, exact, near, third, saturated = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        best_learned, head_learned = 0.0, 0.0
        count_exact = count_near = count_far = heaviest_best = heaviest_at = adjacent = adjacent_total = 0.0
        numbers = numbers_found = 0.0
        length_norm = 0.9 * (0.6 + 0.4 * n / 90.0)
        for i in range(m):
            token = queries[first + i]
            weight = weights[token]
            best = best_head = np.float32(-1.0)
            best_l = best_lh = np.float32(-1e9)
            equal = close = far = 0
            at_best = 0
            before = np.float32(-1.0)
            for at in range(count):
                part = np.float32(-1.0)
                for j in range(at * _STRIDE, min(n, (at + 1) * _STRIDE)):
                    value = alike[slots[j], i]
                    if value > part:
                        part = value
                    if value > best:
                        best = value
                        at_best = j
                    if j < HEAD and value > best_head:
                        best_head = value
                    equal += value > 0.95
                    close += value > 0.6
                    far += value > 0.4
                    other = learned[slots[j], i]
                    if other > best_l:
                        best_l = other
                    if j < HEAD and other > best_lh:
                        best_lh = other
                windows[at] += weight * max(part, before)
                before = part
            forth += weight * best
            forth_head += weight * best_head
            exact += weight * (best > 0.95)
            near += weight * (best > 0.6)
            third += weight * best * best * best
            saturated += weight * equal / (equal + length_norm)
            count_exact += weight * np.log1p(equal)
            count_near += weight * np.log1p(close)
            count_far += weight * np.log1p(far)
            best_learned += ask_gate[token] * best_l
            head_learned += ask_gate[token] * best_lh
            if i == heaviest:
                heaviest_best, heaviest_at = best, at_best
            if digits[token]:
                numbers += 1.0
                numbers_found += best > 0.95
            if i + 1 < m:
                pair_weight = weight + weights[queries[first + i + 1]]
                adjacent_total += pair_weight
                for j in range(n - 1):
                    if texts[start + j] == token and texts[start + j + 1] == queries[first + i + 1]:
                        adjacent += pair_weight
                        break
        best_window = 0.0
        for at in range(count):
            best_window = max(best_window, windows[at])
        # -- text's side
        back = back_head = text_weight = head_weight = text_squared = dot = tell = tell_head = 0.0
        has_digits = 0.0
        for d in range(bags):
            whole[d] = 0.0
            head[d] = 0.0
        for j in range(n):
            token = texts[start + j]
            weight = weights[token]
            best = np.float32(-1.0)
            along = 0.0
            for i in range(m):
                value = alike[slots[j], i]
                along += weights[queries[first + i]] * value
                if value > best:
                    best = value
            back += weight * best
            text_weight += weight
            text_squared += weight * weight
            dot += weight * along
            has_digits += digits[token]
            gate = tell_gate[token]
            tell += gate
            for d in range(bags):
                whole[d] += gate * told[token, split + d]
            if j < HEAD:
                back_head += weight * best
                head_weight += weight
                tell_head += gate
                for d in range(bags):
                    head[d] += gate * told[token, split + d]
        row[0] = forth / total_weight
        row[1] = exact / total_weight
        row[2] = near / total_weight
        row[3] = third / total_weight
        row[4] = saturated / total_weight
        row[5] = count_exact / total_weight
        row[6] = count_near / total_weight
        row[7] = count_far / total_weight
        row[8] = forth_head / total_weight
        row[9] = heaviest_best
        row[10] = np.log1p(heaviest_at) / 5.0
        row[11] = adjacent / max(adjacent_total, 1e-6)
        row[12] = best_window / total_weight
        row[13] = back / text_weight
        row[14] = back_head / head_weight
        row[15] = dot / np.sqrt(squared * text_squared) / 4.0
        row[16] = np.log(n) / 5.0
        row[17] = np.log(m) / 3.0
        row[18] = numbers_found / numbers if numbers > 0 else 0.5
        row[19] = min(1.0, has_digits / 8.0)
        row[LEXICAL] = best_learned / total_gate
        row[LEXICAL + 1] = head_learned / total_gate
        for d in range(bags):
            row[LEXICAL + 2 + d] = bag[d] * whole[d] / np.float32(tell)
            row[LEXICAL + 2 + bags + d] = bag[d] * head[d] / np.float32(tell_head)
    return out


@njit(nogil=True)
def logits(told, mean, deviation, hidden, hidden_bias, out, straight):  # type: ignore[no-untyped-def]
    """The network: features (pairs, n) -> (pairs,) float64; out . relu(hidden x + bias) + straight . x, x being centred."""
    pairs, count = told.shape
    units = len(out)
    found = np.zeros(pairs, dtype=np.float64)
    sums = np.zeros(units, dtype=np.float64)
    for pair in range(pairs):
        for unit in range(units):
            sums[unit] = hidden_bias[unit]
        total = 0.0
        for at in range(count):
            value = (told[pair, at] - mean[at]) / deviation[at]
            total += straight[at] * value
            for unit in range(units):
                sums[unit] += hidden[at, unit] * value
        for unit in range(units):
            if sums[unit] > 0.0:
                total += out[unit] * sums[unit]
        found[pair] = total
    return found
