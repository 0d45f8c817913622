"""``faquarry train --recipe rn --lake LAKE --output OUTPUT``: from pinned tables to a model, resumable at any step.

The folder holds ``data/`` (examples of each task), ``checkpoints/``, ``logs/`` (CSV), ``run.json`` (recipe, versions of the
tables), ``start.json`` and ``end.json`` (scores of every dev and test query before and after), ``scores.json`` (both beside
each other) and at the end ``model/``, a folder that sentence-transformers loads.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from faquarry.config.settings import EmbedSettings, LogSettings
from faquarry.errors import NothingToRead, UsageError
from faquarry.progress import Progress
from faquarry.training.data.examples import Examples
from faquarry.training.recipe_files import read_recipe
from faquarry.training.retriever.recipe import RetrieverRecipe
from faquarry.vectors.runtime import require_packages

__all__ = ["load_recipe", "run"]


def load_recipe(name: str, file: Path | None = None, assignments: Sequence[str] = ()) -> RetrieverRecipe:
    """The packaged recipe `name`, then `file`, then assignments.

    Raises:
        ConfigError: an unknown key, or a value that cannot be.

    >>> load_recipe("top4", assignments=["batch.size=32"]).batch.size
    32
    """
    return read_recipe(RetrieverRecipe, f"retriever/{name}", file, assignments, under=("retriever/_base",))


def run(
    name: str,
    lake: str | None,
    output: str | Path,
    *,
    recipe: str | Path | None = None,
    assignments: Sequence[str] = (),
    settings: EmbedSettings | None = None,
    log: LogSettings | None = None,
    tensorboard: bool = False,
) -> Path:
    """Trains by a recipe. -> the model's folder.

    Args:
        name: of the packaged recipe.
        lake: whose tables are learned from; None where every task names files.
        output: a folder; a run in it that was cut short is continued.
        recipe: a TOML file whose values replace those of the packaged recipe.
        assignments: ``batch.size=512`` and the like, above the file.
        settings: how models are found and loaded.
        log: how progress is shown.
        tensorboard: whether events for TensorBoard are written too.

    Raises:
        ConfigError: the recipe has an unknown key or a wrong value.
        UsageError: `output` holds another run, or the recipe cannot be followed with these data.
        NothingToRead: a table is missing or empty.
        LakeError: a pinned version of a table is gone.
        MissingExtra: torch or sentence-transformers is not installed.
        EnvironmentProblem: a checkpoint cannot be written.
    """
    wanted = load_recipe(name, Path(recipe) if recipe is not None else None, assignments)
    require_packages("Training")
    from faquarry.training.retriever.model import device_of
    from faquarry.training.retriever.step import joined
    from faquarry.training.retriever.trainer import Trainer

    folder, world = Path(output), joined(device_of(wanted.fit.device))
    progress = Progress(log or LogSettings() if world.rank == 0 else LogSettings(progress="none"))
    if world.rank:
        world.meet()  # the first one makes the examples, the others find them
    earlier = _earlier(folder)
    examples = _examples(wanted, lake, folder, earlier, progress)
    told = {task: dict(found.told) for task, found in examples.items()}
    _claim(folder, {"recipe": wanted.model_dump(mode="json"), "data": told}, earlier)
    if world.rank == 0:
        world.meet()
    done = folder / "model"
    if (done / "modules.json").exists():
        progress.say(f"train: {done} is there already, made by this recipe from these data.")
        return done
    trainer = Trainer(
        wanted, examples, folder, lake, settings or EmbedSettings(), progress, world=world, tensorboard=tensorboard
    )
    model = trainer.run()
    world.meet()
    return model


def _earlier(folder: Path) -> Mapping[str, Any] | None:
    """What an earlier run in this folder was about."""
    with suppress(OSError, json.JSONDecodeError):
        found: Mapping[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        return found
    return None


def _examples(
    recipe: RetrieverRecipe, lake: str | None, folder: Path, earlier: Mapping[str, Any] | None, progress: Progress
) -> dict[str, Examples]:
    """The examples of each task; tables are read at the versions that an earlier run in this folder has read."""
    found = {}
    for name, task in recipe.tasks.items():
        cache = folder / "data" / name
        if task.files:
            found[name] = Examples.from_files(task.files, cache=cache)
        elif lake is None:
            raise UsageError(f"The task {name} needs a lake (--lake) or files (tasks.{name}.files).")
        else:
            pinned = (earlier or {}).get("data", {}).get(name, {}).get("tables")
            found[name] = Examples.from_lake(lake, task.data, cache=cache, groups=recipe.groups.by, versions=pinned)
        progress.say(
            f"train: {name}: {len(found[name]):,} examples in {len(found[name].language_names)} languages"
            + (f", {len(found[name].group_names):,} groups" if found[name].group_names else "")
        )
        if task.negatives and not found[name].has_negatives:
            raise NothingToRead(
                f"The task {name} wants hard negatives, and its examples have none: faquarry mine finds some."
            )
    return found


def _claim(folder: Path, claim: Mapping[str, Any], earlier: Mapping[str, Any] | None) -> None:
    """The folder belongs to one recipe and one body of data."""
    if earlier is None:
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{os.getpid()}.run.json"
        part.write_text(json.dumps(claim, indent=1, ensure_ascii=False), encoding="utf-8")
        part.replace(folder / "run.json")
    elif earlier != json.loads(json.dumps(claim)):
        differing = [key for key in claim if json.loads(json.dumps(claim[key])) != earlier.get(key)]
        raise UsageError(
            f"{folder} holds a run that differs in {' and '.join(differing)}: give another --output, or remove the folder."
        )
