"""From what a user writes to a system."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from faquarry.config.settings import Settings
from faquarry.errors import UsageError
from faquarry.robustness.systems.dense import Dense
from faquarry.robustness.systems.encoding import Encoding
from faquarry.robustness.systems.hybrid import JOINS, Hybrid
from faquarry.robustness.systems.lexical import Lexical
from faquarry.robustness.systems.ranker import System
from faquarry.robustness.systems.rerank import Rerank, Scoring
from faquarry.vectors.find import find_model
from faquarry.vectors.scoring import find_scorer

__all__ = ["system_named"]

_GIVEN = re.compile(r"([\w.+-]+)=(.+)", re.DOTALL)
_KINDS = ("an encoder (a name or a folder)", "bm25", "hybrid-rrf:ENCODER", "hybrid-sum:ENCODER", "rerank:SCORER@FIRST")


def system_named(written: str, settings: Settings) -> System:
    """The system that ``SYSTEM`` or ``NAME=SYSTEM`` says; models are found, not loaded.

    Raises:
        UsageError: there is no such system or model.
        EnvironmentProblem: a model is not in the cache, and the hub cannot be reached.
    """
    match = _GIVEN.fullmatch(written)
    name, spec = (match[1], match[2]) if match else (None, written)
    kind, colon, rest = spec.partition(":")
    if spec == "bm25":
        return Lexical(name or spec)
    if colon and kind in _MAKERS:
        if not rest:
            raise UsageError(f"{spec} lacks what it is made of: write {', '.join(_KINDS[2:])}.")
        return _MAKERS[kind](name, kind, rest, settings)
    if not spec:
        raise UsageError(f"A system has no name: give {', '.join(_KINDS[:-1])} or {_KINDS[-1]}.")
    return _encoder(name, spec, settings)


def _encoder(name: str | None, spec: str, settings: Settings) -> Dense:
    info = find_model(spec, settings.embed)
    return Dense(name or _called(info.name, spec), Encoding(info, settings.embed))


def _called(name: str, spec: str) -> str:
    """A folder that is only called ``model`` goes by the run that it belongs to.

    >>> _called("model", "runs/rn/model"), _called("bge-m3", "models/bge-m3")
    ('rn', 'bge-m3')
    """
    return Path(spec).absolute().parent.name if name == "model" else name


def _hybrid(name: str | None, kind: str, rest: str, settings: Settings) -> System:
    encoder = _encoder(None, rest, settings)
    return Hybrid(name or f"{kind}:{encoder.name}", kind.removeprefix("hybrid-"), (Lexical(), encoder))


def _rerank(name: str | None, kind: str, rest: str, settings: Settings) -> System:
    scorer, _, first = rest.rpartition("@")
    if not scorer or not first:
        raise UsageError(
            f"rerank:{rest} does not say what is re-ranked: write rerank:SCORER@FIRST, as in rerank:X@bm25."
        )
    ranked = system_named(first, settings)
    chosen = settings.score.model_copy(update={"model": scorer})
    info = find_scorer(chosen)
    called = _called(info.name, scorer)
    return Rerank(name or f"{kind}:{called}@{ranked.name}", Scoring(info, chosen), ranked)


_MAKERS: dict[str, Callable[[str | None, str, str, Settings], System]] = {
    **{f"hybrid-{how}": _hybrid for how in JOINS},
    "rerank": _rerank,
}
