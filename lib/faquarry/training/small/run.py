"""The stages of the recipe in their order, each made once and kept."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from faquarry.config.settings import LogSettings
from faquarry.errors import UsageError
from faquarry.progress import Progress
from faquarry.training.small.batches import Batches
from faquarry.training.small.finish import finished
from faquarry.training.small.initial import first_vectors
from faquarry.training.small.measure import judge, thresholds
from faquarry.training.small.recipe import SmallRecipe, load_recipe
from faquarry.training.small.texts import Pair, Texts, read_pairs, tokenised
from faquarry.training.small.vocabulary import build_tokenizer, finer
from faquarry.vectors.runtime import require_packages
from faquarry.vectors.small import load
from faquarry.vectors.small.files import write_model
from faquarry.vectors.small.table import pack

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["run", "train"]


def run(
    data: str | Path,
    output: str | Path = "faquarry-small",
    *,
    recipe: str | Path | None = None,
    assignments: Sequence[str] = (),
    log: LogSettings | None = None,
) -> Path:
    """``faquarry train --recipe small --data DATA --output OUTPUT --set KEY=VALUE``. -> the model's folder.

    Args:
        data: parallel text, a file or a folder (`texts.read_pairs`).
        output: a folder; a run in it that was cut short is continued.
        recipe: a TOML file whose values replace those of the packaged recipe.
        assignments: ``batch.size=512`` and the like, above the file.
        log: how progress is shown.

    Raises:
        ConfigError: the recipe has an unknown key or a wrong value.
        UsageError: `output` holds a run over other data or with another recipe.
        MissingExtra: torch is not installed.
    """
    settings = load_recipe(Path(recipe) if recipe is not None else None, assignments)
    return train(settings, Path(data), Path(output), Progress(log or LogSettings()))


def train(recipe: SmallRecipe, data: Path, output: Path, progress: Progress) -> Path:
    """Makes the model that `recipe` describes out of `data` (see `run`)."""
    require_packages("Training", ("torch",))
    pairs = read_pairs(data)
    work = output / "work"
    _claim(work, recipe, pairs)
    shown = [pair for pair in pairs if not _held_out(pair, recipe.held_out)]
    progress.say(f"{len(shown):,} pairs to train on, {len(pairs) - len(shown):,} held out")
    tokenizer = _tokenizer(work, pairs, recipe, progress)
    texts = _texts(work, shown, tokenizer, progress)
    vectors = _descended(work, texts, tokenizer, recipe, progress)
    names = sorted(vocabulary := tokenizer.get_vocab(), key=vocabulary.__getitem__)
    vectors = finished(vectors, names, texts, recipe.finish.punctuation, recipe.finish.whitening)
    return _packed(output, tokenizer, vectors, [pair for pair in pairs if _held_out(pair, recipe.held_out)], recipe)


def _held_out(pair: Pair, one_in: int) -> bool:
    """Whole groups are held out: the English side decides."""
    return int.from_bytes(hashlib.blake2b(pair.english.encode(), digest_size=4).digest()) % one_in == 0


def _claim(work: Path, recipe: SmallRecipe, pairs: Sequence[Pair]) -> None:
    """The folder belongs to one recipe and one body of text."""
    contents = hashlib.sha256()
    for pair in pairs:
        contents.update("\t".join(pair).encode())
    claim = {"recipe": recipe.model_dump(), "pairs": len(pairs), "data": contents.hexdigest()[:16]}
    kept = work / "claim.json"
    if not kept.exists():
        work.mkdir(parents=True, exist_ok=True)
        _whole(kept, lambda path: path.write_text(json.dumps(claim, indent=1)))
    elif json.loads(kept.read_text()) != claim:
        raise UsageError(f"{work.parent} holds a run of another recipe or over other data: give another --output.")


def _tokenizer(work: Path, pairs: Sequence[Pair], recipe: SmallRecipe, progress: Progress) -> Tokenizer:
    from tokenizers import Tokenizer

    kept = work / "tokenizer.json"
    if not kept.exists():
        progress.say(f"choosing {recipe.vocabulary.size:,} subwords")
        made = build_tokenizer(pairs, recipe.vocabulary.size, recipe.vocabulary.alpha, recipe.max_tokens)
        _whole(kept, lambda path: made.save(str(path)))
    return Tokenizer.from_file(str(kept))


def _texts(work: Path, pairs: Sequence[Pair], tokenizer: Tokenizer, progress: Progress) -> Texts:
    kept = work / "texts.npz"
    if not kept.exists():
        progress.say("tokenising")
        texts = tokenised(pairs, tokenizer)
        _whole(kept, lambda path: np.savez(path, **asdict(texts)))
        return texts
    with np.load(kept) as found:
        arrays: dict[str, Any] = dict(found)
    return Texts(**{**arrays, "whole": int(arrays["whole"]), "languages": tuple(map(str, arrays["languages"]))})


def _descended(
    work: Path, texts: Texts, tokenizer: Tokenizer, recipe: SmallRecipe, progress: Progress
) -> npt.NDArray[np.float32]:
    from faquarry.training.small.descent import Descent

    kept, checkpoint = work / "first.npy", work / "checkpoint.pt"
    if not kept.exists():
        progress.say("first vectors, in closed form")
        first = first_vectors(texts, tokenizer.get_vocab_size(), recipe.dim, recipe.seed)
        _whole(kept, lambda path: np.save(path, first))
    descent = Descent(np.load(kept), recipe.fit, recipe.bits)
    if checkpoint.exists():
        descent.restore(checkpoint)
        progress.say(f"going on after step {descent.step}")
    batches = Batches(texts, finer(tokenizer), recipe.batch, recipe.seed)
    with progress.working("training", recipe.fit.steps, "steps"):
        progress.advance(to=descent.step)

        def after(loss: float) -> None:
            progress.advance(to=descent.step, **{"thousandths of loss": round(1000 * loss)})
            if descent.step % recipe.fit.checkpoint_every == 0 or descent.step == recipe.fit.steps:
                descent.save(checkpoint)

        descent.run(batches, after)
    return descent.vectors


def _packed(
    output: Path, tokenizer: Tokenizer, vectors: npt.NDArray[np.float32], held_out: Sequence[Pair], recipe: SmallRecipe
) -> Path:
    """Writes the model, lets it encode what was held out, and writes it again with thresholds of its own."""
    table = pack(vectors, recipe.bits)
    made = {"seed": recipe.seed, "recipe": recipe.model_dump()}
    model = output / "model"
    write_model(model, tokenizer, table, {"thresholds": {}, "made": made})
    judged = judge(held_out, load(model).encode, recipe.seed)
    found = {"thresholds": asdict(thresholds(judged)), "held_out_f1": round(judged.f1(), 4), "made": made}
    write_model(model, tokenizer, table, found)
    return model


def _whole(path: Path, write: Callable[[Path], object]) -> None:
    """Writes a file under another name first: what stands at `path` is complete."""
    part = path.with_name(f"{os.getpid()}.{path.name}")
    write(part)
    part.replace(path)
