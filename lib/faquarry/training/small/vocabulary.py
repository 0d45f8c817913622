"""The subwords of the small encoder: candidates by byte-pair encoding, scores of a unigram model, one size for all.

Most languages have a few thousand sentences, some have ten times as many. Words are counted by language and the counts
tempered, or the large languages would take the vocabulary. Many rare whole words are wanted: in a bag of subwords, a word
in three pieces that other words share has lost most of its meaning.
"""

from __future__ import annotations

import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from faquarry.training.small.texts import Pair

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["LONGEST_FINE", "build_tokenizer", "finer", "tempered_counts"]

LONGEST_FINE = 5  # characters of the longest subword that `finer` leaves whole
_LONGEST = 20  # characters of the longest subword
_CHARACTERS = 6500  # single characters that byte-pair encoding starts from
_RARE_CHARACTER = 3  # those seen as often get a subword of their own anyway
_UNKNOWN = "<unk>"
_NO_TEXT = ("Cc", "Cn", "Co", "Cs")


def normalizer() -> Any:
    """Compatibility forms folded, Latin, Greek and Cyrillic letters without their marks, lower case.

    Only the combining marks of U+0300–036F go: vowel signs of Indic scripts and dakuten are letters, not ornament.
    """
    from tokenizers import Regex, normalizers

    return normalizers.Sequence(
        [
            normalizers.NFKD(),
            normalizers.Replace(Regex("[\u0300-\u036f]"), ""),
            normalizers.NFC(),
            normalizers.Lowercase(),
        ]
    )


def tempered_counts(pairs: Iterable[Pair], alpha: float) -> tuple[dict[str, float], Counter[str]]:
    """-> (sum over languages of count^alpha, by word; counts of characters)."""
    by_language: dict[str, list[str]] = defaultdict(list)
    english: dict[str, None] = {}
    for pair in pairs:
        by_language[pair.language].append(pair.text)
        english.setdefault(pair.english)
    by_language["eng"].extend(english)
    fold = normalizer()
    between = {code: " " for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code))[0] in "PSZC"}
    counts: dict[str, float] = defaultdict(float)
    characters: Counter[str] = Counter()
    for language in sorted(by_language):
        text = fold.normalize_str("\n".join(by_language[language]))
        characters.update(text)
        for word, count in Counter(text.translate(between).split()).items():
            if not any(map(str.isdigit, word)):
                counts[word] += count**alpha
    return dict(counts), characters


def build_tokenizer(pairs: Sequence[Pair], size: int, alpha: float, max_tokens: int) -> Tokenizer:
    """A unigram tokeniser of `size` subwords (Kudo 2018) whose candidates come from byte-pair encoding.

    Byte-pair encoding finds candidates in a tenth of the time that the suffix array of the usual unigram trainer takes;
    one round of expectation (best segmentation only) and pruning then keeps those that a unigram model uses.
    """
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    counts, characters = tempered_counts(pairs, alpha)
    words = sorted(counts)
    candidates = Tokenizer(models.BPE(unk_token=_UNKNOWN))
    candidates.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.BpeTrainer(
        vocab_size=round(size * 1.2),
        special_tokens=[_UNKNOWN],
        max_token_length=_LONGEST,
        limit_alphabet=_CHARACTERS,
        min_frequency=2,
        show_progress=False,
    )
    candidates.train_from_iterator(_repeated(words, counts), trainer)
    weights = np.array([counts[word] for word in words])
    found = candidates.get_vocab()
    used = dict(zip(sorted(found, key=found.__getitem__), _used(candidates, words, weights), strict=True))
    for character, count in characters.items():
        if count >= _RARE_CHARACTER and not character.isspace() and unicodedata.category(character) not in _NO_TEXT:
            used.setdefault(character, min(count, 1000) ** alpha)
    first = _unigram(used, len(used))
    names = sorted(first.get_vocab(), key=first.get_vocab().__getitem__)
    tokenizer = _unigram(dict(zip(names, _used(first, words, weights), strict=True)), size)
    tokenizer.enable_truncation(max_tokens)
    return tokenizer


def finer(tokenizer: Tokenizer) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """How every subword would be written with short subwords only. -> (ids, offsets by subword)

    In training some subwords are replaced by these: the short ones, which unseen words are written with, then learn
    meaning from words that are well known.
    """
    import json

    from tokenizers import Tokenizer, models

    vocabulary = json.loads(tokenizer.to_str())["model"]["vocab"]
    short = [
        (name, score if number == 0 or len(name) <= LONGEST_FINE else -99.0)
        for number, (name, score) in enumerate(vocabulary)
    ]
    model = Tokenizer(models.Unigram(short, 0, False))
    ids = [
        [number] if number == 0 or len(name) <= LONGEST_FINE else model.encode(name, add_special_tokens=False).ids
        for number, (name, _) in enumerate(vocabulary)
    ]
    offsets = np.concatenate(([0], np.cumsum([len(found) for found in ids]))).astype(np.int64)
    return np.fromiter(chain.from_iterable(ids), np.int32), offsets


def _repeated(words: Sequence[str], counts: Mapping[str, float], block: int = 3000) -> Iterator[str]:
    for first in range(0, len(words), block):
        block_words = words[first : first + block]
        yield " ".join(word for word in block_words for _ in range(max(1, round(counts[word]))))


def _used(tokenizer: Tokenizer, words: Sequence[str], weights: npt.NDArray[np.float64]) -> list[float]:
    """How often each subword is used when every word stands as often as its weight says."""
    counts = np.zeros(tokenizer.get_vocab_size())
    for first in range(0, len(words), 20_000):
        found = [e.ids for e in tokenizer.encode_batch_fast(words[first : first + 20_000], add_special_tokens=False)]
        lengths = np.fromiter(map(len, found), np.int64, len(found))
        ids = np.fromiter(chain.from_iterable(found), np.int64, int(lengths.sum()))
        counts += np.bincount(ids, np.repeat(weights[first : first + len(found)], lengths), len(counts))
    return [float(count) for count in counts]


def _unigram(counts: Mapping[str, float], size: int) -> Tokenizer:
    """A tokeniser of all single characters of `counts` and the most used others, `size` in all."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    ranked = sorted((name for name in counts if name != _UNKNOWN), key=lambda name: (-counts[name], name))
    single = [name for name in ranked if len(name) == 1]
    chosen = single + [name for name in ranked if len(name) > 1][: max(0, size - 1 - len(single))]
    total = sum(counts.values())
    scored = [(name, round(float(np.log(max(counts[name], 0.5) / total)), 2)) for name in chosen]
    tokenizer = Tokenizer(models.Unigram([(_UNKNOWN, -30.0), *sorted(scored, key=lambda s: (-s[1], s[0]))], 0, False))
    tokenizer.normalizer = normalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=False),
            pre_tokenizers.Punctuation(),
            pre_tokenizers.Metaspace(),
        ]
    )
    return tokenizer
