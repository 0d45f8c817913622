"""The inner loop of the small scorer, compiled: a question's subwords against a text's, and what is read off the table.

Apart from everything else, so that numba is imported only by who scores. Similarities are integers times two factors, so that
a pair has the same features, bit for bit, whatever is scored before or beside it.
"""

from __future__ import annotations

import numpy as np

from faquarry.compiled import compiled

__all__ = ["HEAD", "LEXICAL", "features", "logits"]

LEXICAL = 20
"""Features that are not learned; behind them two of learned similarity, then the products of question and text."""

HEAD = 24  # subwords of a text that count as its beginning
_STRIDE = 16  # windows of 32 subwords, each half over the one before
_SLOTS = 4096  # subwords of texts whose similarity to the question is remembered


@compiled
def _dot(one, other):  # type: ignore[no-untyped-def]
    total = np.int32(0)
    for at in range(len(one)):
        total += np.int32(one[at]) * np.int32(other[at])
    return total


@compiled
def features(  # type: ignore[no-untyped-def]
    queries, query_starts, texts, text_starts, pair_query, pair_text,
    codes, weights, inverse, asked, told, ask_gate, tell_gate, scale, split, digits,
):  # fmt: skip
    """What the model is told of every pair. -> (pairs, LEXICAL + 2 + 2 (dims - split)), float32

    queries, texts: subwords, question q being queries[query_starts[q]:query_starts[q + 1]]; pair_query, pair_text: which go
    together, pairs of a question best in a row. codes, weights, inverse: `Subwords`; asked, told, ask_gate, tell_gate, scale:
    `Tables`; the first `split` numbers meet subword by subword, the others as sums. digits (subwords,): which are numbers.

    A question meets every distinct subword of its texts once. Loops over the question are inner ones, without branches, so that
    the compiler does several of its subwords at a time.
    """
    pairs = len(pair_query)
    bags = asked.shape[1] - split
    longest = 1
    for q in range(len(query_starts) - 1):
        longest = max(longest, query_starts[q + 1] - query_starts[q])
    out = np.zeros((pairs, LEXICAL + 2 + 2 * bags), dtype=np.float32)
    # of distinct subwords of texts (slots), against the question
    slot_of = np.zeros(codes.shape[0], dtype=np.int32)
    stamp_of = np.zeros(codes.shape[0], dtype=np.int64)
    slots = np.zeros(_SLOTS, dtype=np.int32)
    alike = np.zeros((_SLOTS, longest), dtype=np.float32)
    learned = np.zeros((_SLOTS, longest), dtype=np.float32)
    highest = np.zeros(_SLOTS, dtype=np.float32)
    along = np.zeros(_SLOTS, dtype=np.float32)
    # of subwords of the question, against the text
    weight = np.zeros(longest, dtype=np.float32)
    best = np.zeros(longest, dtype=np.float32)
    best_head = np.zeros(longest, dtype=np.float32)
    ours = np.zeros(longest, dtype=np.float32)
    ours_head = np.zeros(longest, dtype=np.float32)
    part = np.zeros(longest, dtype=np.float32)
    before = np.zeros(longest, dtype=np.float32)
    equal = np.zeros(longest, dtype=np.float32)
    close = np.zeros(longest, dtype=np.float32)
    far = np.zeros(longest, dtype=np.float32)
    followed = np.zeros(longest, dtype=np.float32)
    # sums of learned vectors
    wanted = np.zeros(bags, dtype=np.float32)
    whole = np.zeros(bags, dtype=np.float32)
    head = np.zeros(bags, dtype=np.float32)
    stamp, used, current = 0, 0, -1
    total, total_gate, squared, heaviest = 0.0, 0.0, 0.0, 0
    unscale = np.float32(1.0 / scale)
    none = np.float32(-1.0)
    for pair in range(pairs):
        q = pair_query[pair]
        first, m = query_starts[q], query_starts[q + 1] - query_starts[q]
        start, n = text_starts[pair_text[pair]], text_starts[pair_text[pair] + 1] - text_starts[pair_text[pair]]
        if m == 0 or n == 0:
            continue
        if q != current:  # the question, once
            current = q
            stamp += 1
            used = 0
            total, total_gate, squared, heaviest = 0.0, 0.0, 0.0, 0
            wanted[:] = 0.0
            for i in range(m):
                token = queries[first + i]
                weight[i] = weights[token]
                total += weight[i]
                squared += weight[i] * weight[i]
                total_gate += ask_gate[token]
                if weight[i] > weight[heaviest]:
                    heaviest = i
                for d in range(bags):
                    wanted[d] += ask_gate[token] * asked[token, split + d]
            for d in range(bags):
                wanted[d] *= np.float32(1.0 / total_gate) * unscale
        if used + n > _SLOTS:
            stamp += 1
            used = 0
        for j in range(n):  # distinct subwords of the text, against the question
            token = texts[start + j]
            if stamp_of[token] != stamp:
                stamp_of[token] = stamp
                slot_of[token] = used
                high, sum_ = none, np.float32(0.0)
                for i in range(m):
                    mine = queries[first + i]
                    value = np.float32(1.0)
                    if mine != token:
                        value = _dot(codes[mine], codes[token]) * inverse[mine] * inverse[token]
                    alike[used, i] = value
                    learned[used, i] = _dot(asked[mine, :split], told[token, :split]) * unscale
                    high = max(high, value)
                    sum_ += weight[i] * value
                highest[used], along[used] = high, sum_
                used += 1
            slots[j] = slot_of[token]
        for i in range(m):
            best[i], best_head[i], part[i], before[i] = none, none, none, none
            ours[i], ours_head[i] = -1e9, -1e9
            equal[i], close[i], far[i], followed[i] = 0.0, 0.0, 0.0, 0.0
        whole[:] = 0.0
        head[:] = 0.0
        heaviest_at, best_window = 0, 0.0
        back, back_head, text_weight, head_weight, text_squared, dot, tell, tell_head = (
            0.0,
            0.0,
            0.0,
            0.0,
            0.0,
            0.0,
            0.0,
            0.0,
        )
        numbers_told = 0.0
        for j in range(n):
            slot, token = slots[j], texts[start + j]
            if alike[slot, heaviest] > best[heaviest]:
                heaviest_at = j
            for i in range(m):
                value = alike[slot, i]
                best[i] = max(best[i], value)
                part[i] = max(part[i], value)
                ours[i] = max(ours[i], learned[slot, i])
                equal[i] += np.float32(value > 0.95)
                close[i] += np.float32(value > 0.6)
                far[i] += np.float32(value > 0.4)
            if highest[slot] == 1.0 and j + 1 < n and highest[slots[j + 1]] == 1.0:
                for i in range(m - 1):
                    if queries[first + i] == token and queries[first + i + 1] == texts[start + j + 1]:
                        followed[i] = 1.0
            mass, gate = weights[token], tell_gate[token]
            back += mass * highest[slot]
            dot += mass * along[slot]
            text_weight += mass
            text_squared += mass * mass
            tell += gate
            numbers_told += digits[token]
            for d in range(bags):
                whole[d] += gate * told[token, split + d]
            if j == HEAD - 1 or (n < HEAD and j == n - 1):  # the beginning of the text ends here
                back_head, head_weight, tell_head = back, text_weight, tell
                head[:] = whole
                for i in range(m):
                    best_head[i], ours_head[i] = best[i], ours[i]
            if j % _STRIDE == _STRIDE - 1 or j == n - 1:
                window = 0.0
                for i in range(m):
                    window += weight[i] * max(np.float32(0.0), part[i], before[i])
                    before[i], part[i] = part[i], none
                best_window = max(best_window, window)
        forth, forth_head, exact, near, cubed, saturated = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        count_exact, count_near, count_far, adjacent, adjacent_total = 0.0, 0.0, 0.0, 0.0, 0.0
        matched, matched_head, numbers, numbers_found = 0.0, 0.0, 0.0, 0.0
        length_norm = 0.9 * (0.6 + 0.4 * n / 90.0)  # BM25's, for texts of 90 subwords on average
        for i in range(m):
            token = queries[first + i]
            forth += weight[i] * best[i]
            forth_head += weight[i] * best_head[i]
            exact += weight[i] * (best[i] > 0.95)
            near += weight[i] * (best[i] > 0.6)
            cubed += weight[i] * best[i] * best[i] * best[i]
            saturated += weight[i] * equal[i] / (equal[i] + length_norm)
            count_exact += weight[i] * np.log1p(equal[i])
            count_near += weight[i] * np.log1p(close[i])
            count_far += weight[i] * np.log1p(far[i])
            matched += ask_gate[token] * ours[i]
            matched_head += ask_gate[token] * ours_head[i]
            if digits[token]:
                numbers += 1.0
                numbers_found += best[i] > 0.95
            if i + 1 < m:
                adjacent_total += weight[i] + weight[i + 1]
                adjacent += followed[i] * (weight[i] + weight[i + 1])
        row = out[pair]
        row[0] = forth / total
        row[1] = exact / total
        row[2] = near / total
        row[3] = cubed / total
        row[4] = saturated / total
        row[5] = count_exact / total
        row[6] = count_near / total
        row[7] = count_far / total
        row[8] = forth_head / total
        row[9] = best[heaviest]
        row[10] = np.log1p(heaviest_at) / 5.0
        row[11] = adjacent / max(adjacent_total, 1e-6)
        row[12] = best_window / total
        row[13] = back / text_weight
        row[14] = back_head / head_weight
        row[15] = dot / np.sqrt(squared * text_squared) / 4.0
        row[16] = np.log(n) / 5.0
        row[17] = np.log(m) / 3.0
        row[18] = numbers_found / numbers if numbers > 0 else 0.5
        row[19] = min(1.0, numbers_told / 8.0)
        row[LEXICAL] = matched / total_gate
        row[LEXICAL + 1] = matched_head / total_gate
        for d in range(bags):
            row[LEXICAL + 2 + d] = wanted[d] * whole[d] / np.float32(tell)
            row[LEXICAL + 2 + bags + d] = wanted[d] * head[d] / np.float32(tell_head)
    return out


@compiled
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
