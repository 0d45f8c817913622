"""Learning to put the right answer above wrong ones: a softmax over them, question by question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch

from faquarry.training.scorer.groups import Asked, Groups
from faquarry.training.scorer.net import Net
from faquarry.training.scorer.recipe import ScorerRecipe
from faquarry.vectors.scoring.small.kernel import LEXICAL
from faquarry.vectors.scoring.small.scorer import Reader
from faquarry.vectors.scoring.small.tokens import MOST_QUERY, MOST_TEXT
from faquarry.vectors.scoring.small.weights import Tables

__all__ = ["learned", "lexical_features"]

Floats = npt.NDArray[np.float32]

_EASY = 0.12  # how often a wrong answer is drawn that BM25 has not found; BM25's best counts 1, its second a half, …


def learned(
    groups: Groups, asked: Sequence[Asked], reader: Reader, recipe: ScorerRecipe, after: Callable[[int, float], None]
) -> Net:
    """Trains on the questions `asked`. `after` is told steps and loss."""
    torch.manual_seed(recipe.seed)
    draw = np.random.default_rng(recipe.seed)
    lexical, starts = lexical_features(groups, asked, reader)
    net = Net(reader.subwords, recipe.network, lexical.mean(axis=0), lexical.std(axis=0) + 1e-6)
    descent = torch.optim.Adam(net.parameters(), lr=recipe.fit.rate, weight_decay=1e-5)
    questions = [reader.words.ids(one.question, MOST_QUERY) for one in asked]
    most = min(MOST_TEXT, recipe.fit.text_tokens)
    texts = [reader.words.ids(text, most) for text in groups.texts]
    batches = list(_batches(asked, recipe, draw))
    for step, rows in enumerate(batches):
        for group in descent.param_groups:
            group["lr"] = recipe.fit.rate * (1 - step / len(batches))
        chosen = [_drawn(asked[row], recipe.fit.wrong, draw) for row in rows]
        numbers = [
            texts[asked[row].candidates[place]] for row, places in zip(rows, chosen, strict=True) for place in places
        ]
        told = np.stack([lexical[starts[row] + places] for row, places in zip(rows, chosen, strict=True)])
        logits = net(
            _padded([questions[row] for row in rows], net.pad),
            _padded(numbers, net.pad).view(len(rows), recipe.fit.wrong + 1, -1),
            torch.from_numpy(told),
            torch.from_numpy((draw.random(len(rows)) >= recipe.fit.blank).astype(np.float32)),
        )
        loss = torch.nn.functional.cross_entropy(logits, torch.zeros(len(rows), dtype=torch.long))
        loss = loss + recipe.fit.pull * net.strayed()
        descent.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        descent.step()
        after(step + 1, float(loss.detach()))
    return net.eval()


def lexical_features(groups: Groups, asked: Sequence[Asked], reader: Reader) -> tuple[Floats, npt.NDArray[np.int64]]:
    """What the kernel tells without learning of every question and candidate. -> (pairs, LEXICAL); where a question's begin"""
    starts = np.concatenate(([0], np.cumsum([len(one.candidates) for one in asked])))
    nothing, ones = np.zeros((len(reader.subwords.codes), 2), np.int8), np.ones(len(reader.subwords.codes), np.float32)
    tables = Tables(nothing, nothing, ones, ones, 1.0)
    found = np.empty((starts[-1], LEXICAL), np.float32)
    for first in range(0, len(asked), 1000):
        part = asked[first : first + 1000]
        pairs = [(one.question, groups.texts[text]) for one in part for text in one.candidates]
        matched = reader.matched([question for question, _ in pairs], [text for _, text in pairs])
        found[starts[first] : starts[first] + len(pairs)] = reader.features(matched, tables, 1)[:, :LEXICAL]
    return found, starts


def _batches(
    asked: Sequence[Asked], recipe: ScorerRecipe, draw: np.random.Generator
) -> Iterator[npt.NDArray[np.int64]]:
    """Questions by number, in every epoch as many as there are; large sites are drawn less often than they are large."""
    sites = Counter(one.site for one in asked)
    odds = np.array([sites[one.site] ** (recipe.fit.balance - 1) for one in asked])
    for _ in range(recipe.fit.epochs):
        order = draw.choice(len(asked), len(asked), p=odds / odds.sum())
        for start in range(0, len(asked), recipe.fit.batch):
            yield order[start : start + recipe.fit.batch]


def _drawn(one: Asked, wrong: int, draw: np.random.Generator) -> npt.NDArray[np.int64]:
    """Places among the candidates: a right one, then `wrong` wrong ones; again the same ones where there are fewer."""
    places = np.arange(len(one.wrong))
    odds = np.where(places < one.hard, 1 / (1 + places), _EASY)
    several = len(places) >= wrong
    picked = draw.choice(places, wrong, replace=not several, p=odds / odds.sum())
    return np.concatenate(([draw.integers(len(one.right))], len(one.right) + picked))


def _padded(rows: Sequence[npt.NDArray[np.int32]], pad: int) -> torch.Tensor:
    width = max(1, max(map(len, rows)))
    out = np.full((len(rows), width), pad, np.int64)
    for place, row in enumerate(rows):
        out[place, : len(row)] = row
    return torch.from_numpy(out)
