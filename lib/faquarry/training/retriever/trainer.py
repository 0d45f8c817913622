"""The loop: batches to gradients to steps, with checkpoints, evaluations, group weights and a record of it all.

Why a loop of our own and not that of sentence-transformers: docs/adr/0007-own-training-loop.md.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from faquarry.config.settings import EmbedSettings
from faquarry.errors import EnvironmentProblem, UsageError
from faquarry.progress import Progress
from faquarry.training.data.batches import streams_of
from faquarry.training.data.examples import Examples
from faquarry.training.data.plan import Plan
from faquarry.training.dro import GroupDRO, GroupRecord
from faquarry.training.retriever import checkpoint
from faquarry.training.retriever.descent import Descent, SparseBag
from faquarry.training.retriever.evaluation import Questions, mean_over_languages, questions, remembered, scores
from faquarry.training.retriever.feed import Fed, Feed, padding
from faquarry.training.retriever.groups import grouped, kept_rows
from faquarry.training.retriever.journal import Journal
from faquarry.training.retriever.model import Retriever, device_of
from faquarry.training.retriever.objective import Linked, linked, losses_of
from faquarry.training.retriever.outcome import Scores, finish, plain
from faquarry.training.retriever.recipe import RetrieverRecipe
from faquarry.training.retriever.step import World, backward, embedded

__all__ = ["Trainer"]

_LINE_EVERY = 10  # steps between two lines of logs/steps.csv


@dataclass
class _Pace:
    """What went by since the last line of the log."""

    fed: list[Fed] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    weighted: list[float] = field(default_factory=list)
    since: float = field(default_factory=time.monotonic)


class Trainer:
    """One run of a recipe over examples that are there."""

    def __init__(
        self,
        recipe: RetrieverRecipe,
        examples: Mapping[str, Examples],
        folder: Path,
        lake: str | None,
        settings: EmbedSettings,
        progress: Progress,
        *,
        world: World | None = None,
        tensorboard: bool = False,
    ) -> None:
        self.recipe, self.examples, self.folder, self.lake = recipe, examples, folder, lake
        self.progress, self.world = progress, world or World()
        self._tensorboard = tensorboard
        device = device_of(recipe.fit.device)
        if device == "cuda":
            device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
        precision = recipe.fit.precision
        bf16 = precision == "bf16" or (precision == "auto" and device != "cpu" and torch.cuda.is_bf16_supported())
        self.model = Retriever.start(recipe.model, settings, device, bf16=bf16, threads=recipe.fit.threads)
        if self.model.static and self.world.size == 1:
            table: Any = self.model.module[0]
            table.embedding = SparseBag(table.embedding)
        self._plan()
        self.steps = recipe.fit.steps or max(
            recipe.fit.min_steps, round(recipe.fit.epochs * self.plan.steps_per_epoch / recipe.batch.accumulate)
        )
        self.descent = Descent(
            self.model.parameters(), recipe.fit, self.steps, static=self.model.static and self.world.size == 1
        )
        self.step = 0
        self._asked: dict[str, list[Questions]] = {}

    def _plan(self) -> None:
        recipe = self.recipe
        streams, tasks = [], []
        for name, found in self.examples.items():
            rows = kept_rows(found, recipe.groups, recipe.seed)
            task = recipe.tasks[name]
            own = streams_of(found, monolingual=recipe.batch.monolingual, weight=task.weight, rows=rows, name=name)
            streams += own
            tasks += [name] * len(own)
        self.plan = Plan(streams, recipe.batch.size, seed=recipe.seed, alpha=recipe.batch.alpha)
        self.feed = Feed(self.plan, tasks, self.examples, recipe.tasks, self.model, recipe.batch, self.world)
        self.grouping = grouped(self.examples, recipe.groups.min_size)
        self.dro: GroupDRO | None = None
        if recipe.dro.enabled:
            if not self.grouping.sizes:
                raise UsageError(
                    f"dro.enabled needs groups: no group by {recipe.groups.by} has {recipe.groups.min_size} examples "
                    "(groups.by, groups.min_size)."
                )
            part = recipe.dro
            self.dro = GroupDRO(
                self.grouping.sizes,
                rate=part.rate,
                every=part.every,
                statistic=part.statistic,
                memory=part.memory,
                ceiling=part.ceiling,
                temperature=part.temperature,
                merged=1.0 if recipe.groups.merged == "plain" else 0.0,
            )
            self.progress.say(
                f"train: {len(self.grouping.sizes)} groups by {recipe.groups.by}, {self.grouping.merged:,} examples in groups "
                f"under {recipe.groups.min_size} ({recipe.groups.merged})"
            )

    # -- the run ---------------------------------------------------------------------------------------------------

    def run(self) -> Path:
        """Trains to the end, from the last checkpoint if there is one. -> the model's folder"""
        before = self._before()
        self.prepare()
        try:
            if self.step == 0:
                self._note(0, self.recipe.evaluate.split, before)
            self._train()
        finally:
            self.journal.close()
        return finish(self)

    def prepare(self) -> None:
        """Looks at the teachers' scales, goes back to the last checkpoint if there is one, opens the logs."""
        self.links = {name: self._linked(name) for name in self.examples}
        self._restore()
        self.journal = Journal(
            self.folder / "logs", self.step, tensorboard=self._tensorboard, silent=self.world.rank > 0
        )

    def _linked(self, name: str) -> Linked:
        task = self.recipe.tasks[name]
        numbers = [number for number, owner in enumerate(self.feed.tasks) if owner == name]
        self.model.module.eval()

        def embeddings(batch: Any) -> tuple[Tensor, Tensor]:
            vectors = [self.model.vectors(batch.queries, "question"), self.model.vectors(batch.documents, "answer")]
            return torch.from_numpy(vectors[0]), torch.from_numpy(vectors[1])

        return linked(name, task, lambda: self.feed.first(numbers[0]), embeddings)

    def _train(self) -> None:
        recipe, accumulate = self.recipe, self.recipe.batch.accumulate
        self.model.module.train()
        pace = _Pace()
        fed = self.feed.between(self.step * accumulate, self.steps * accumulate)
        with self.progress.working("train", self.steps, "steps"):
            self.progress.advance(to=self.step)
            while self.step < self.steps:
                batches = [next(fed) for _ in range(accumulate)]
                norm = self.advance(batches, pace)
                self.step += 1
                if self.step % _LINE_EVERY == 0 or self.step == self.steps:
                    pace = self._line(pace, norm)
                every = recipe.evaluate.every
                if every and self.step % every == 0 and self.step < self.steps:
                    self._evaluate()
                if self.step % recipe.checkpoint.every == 0 and self.step < self.steps:
                    self._save()
                if recipe.evaluate.patience and self.waited >= recipe.evaluate.patience:
                    self.progress.say(f"train: no better since {self.waited} evaluations, ends at step {self.step}.")
                    break
        fed.close()

    def advance(self, batches: Sequence[Fed], pace: _Pace | None = None) -> float:
        """One optimizer step over its batches. -> the norm of the gradient"""
        pace = pace or _Pace()
        groups = [self.grouping.numbers(fed.task, fed.batch.groups) for fed in batches]
        early = self.dro is not None and self.dro.ends_window and len(batches) > 1
        if early:  # the weights change with this step, so all its losses must be known before the first gradient
            known = [
                self._losses(fed, *embedded(self.model.encode, fed.parts, self.world, self._key(n)))
                for n, fed in enumerate(batches)
            ]
            self._observe(groups, known)
        seen: list[Tensor] = []
        for number, fed in enumerate(batches):

            def objective(queries: Tensor, documents: Tensor, fed: Fed = fed, group: Any = groups[number]) -> Tensor:
                losses = self._losses(fed, queries, documents)
                self._require_finite(losses, fed)
                seen.append(losses.detach())
                if self.dro is None:
                    total = losses.mean()
                else:
                    if len(batches) == 1:
                        self._observe([group], [losses.detach()])
                    factors = torch.from_numpy(self.dro.factors(group)).to(losses.device)
                    total = (losses * factors).mean()
                pace.weighted.append(float(total.detach()))
                return total / len(batches)

            backward(self.model.encode, fed.parts, objective, self.world, self._key(number))
            pace.losses.append(float(seen[-1].mean()))
        if self.dro is not None and len(batches) > 1 and not early:
            self._observe(groups, seen)
        pace.fed += batches
        if self.world.size > 1:
            self._sum()
        return self.descent.step(self.step)

    def _key(self, number: int) -> tuple[object, ...]:
        return (self.recipe.seed, self.step, number, self.world.rank)

    def _losses(self, fed: Fed, queries: Tensor, documents: Tensor) -> Tensor:
        return losses_of(self.links[fed.task], fed.batch, queries, documents)

    def _observe(self, groups: Sequence[Any], losses: Sequence[Tensor]) -> None:
        assert self.dro is not None
        record = self.dro.observe(np.concatenate(groups), torch.cat(list(losses)).cpu().numpy())
        if record is not None:
            self._note_groups(record)

    def _sum(self) -> None:
        for value in self.model.parameters():
            if value.grad is None:
                value.grad = torch.zeros_like(value)
        self.world.summed([value.grad for value in self.model.parameters() if value.grad is not None])

    def _require_finite(self, losses: Tensor, fed: Fed) -> None:
        if bool(torch.isfinite(losses).all()):
            return
        bad = [name for name, good in zip(fed.batch.ids, torch.isfinite(losses).tolist(), strict=True) if not good]
        raise UsageError(
            f"At step {self.step} the loss of the task {fed.task} is no number (language {fed.batch.language}; examples "
            f"{', '.join(bad[:5])}{' …' if len(bad) > 5 else ''}). Try a lower fit.rate, a longer fit.warm_up, "
            'fit.clip = 1.0, or fit.precision = "fp32"; the last checkpoint is from before this step.'
        )

    # -- evaluation ------------------------------------------------------------------------------------------------

    def asked(self, split: str) -> list[Questions]:
        """The queries of a split of the lake, read once; [] without a lake or a benchmark."""
        if split not in self._asked:
            part = self.recipe.evaluate
            found = questions(self.lake, split, queries=part.queries, corpus=part.corpus) if self.lake else []
            self._asked[split] = found
        return self._asked[split]

    def scored(self, *splits: str) -> dict[str, Scores]:
        """What the model is worth now, by split: {language: {measure: (n,)}}."""
        vectors = remembered(self.model.vectors)
        return {split: {one.language: scores(one, vectors) for one in self.asked(split)} for split in splits}

    def _before(self) -> Scores:
        """What the start is worth, on dev and on test; kept, as a resumed run has the start no more."""
        file = self.folder / "start.json"
        if not file.exists() and self.world.rank == 0:
            found = plain(self.scored("dev", "test"))
            part = file.with_suffix(".part")
            part.write_text(json.dumps(found), encoding="utf-8")
            part.replace(file)
        self.world.meet()
        return _arrays(json.loads(file.read_text(encoding="utf-8"))[self.recipe.evaluate.split])

    def _evaluate(self) -> None:
        """Measures the model, and keeps it if it is the best so far and somebody waits for that."""
        split = self.recipe.evaluate.split
        found = self.scored(split)[split] if self.world.rank == 0 else {}
        now = self.world.agreed(mean_over_languages(found) if found else -1.0)
        if now < 0:
            return
        self._note(self.step, split, found)
        self.progress.say(f"train: step {self.step}: nDCG@10 {now:.4f} on {self.recipe.evaluate.split}")
        if now <= self.best:
            self.waited += 1
            return
        self.best, self.waited = now, 0
        if self.recipe.evaluate.patience and self.world.rank == 0:
            part = self.folder / ".best.pt"
            torch.save(self.model.module.state_dict(), part)
            part.replace(self.folder / "best.pt")

    def _note(self, step: int, split: str, found: Scores) -> None:
        for language, measures in found.items():
            for measure, values in measures.items():
                row = {"split": split, "language": language, "measure": measure, "value": f"{values.mean():.6f}"}
                self.journal.evaluations.add(step, row)
                self.journal.number(f"{split}/{language}/{measure}", float(values.mean()), step)

    def _note_groups(self, record: GroupRecord) -> None:
        for name, size, weight, loss, shown in zip(
            self.grouping.names, self.grouping.sizes, record.weight, record.loss, record.shown, strict=True
        ):
            told = "" if math.isnan(loss) else f"{loss:.8g}"
            row = {"group": name, "size": size, "weight": f"{weight:.10g}", "loss": told, "shown": int(shown)}
            self.journal.groups.add(record.step, row)

    def _line(self, pace: _Pace, norm: float) -> _Pace:
        seconds = max(1e-9, time.monotonic() - pace.since)
        tokens = sum(fed.tokens for fed in pace.fed)
        loss, weighted = float(np.mean(pace.losses)), float(np.mean(pace.weighted))
        last = pace.fed[-1]
        row: dict[str, Any] = {
            "epoch": f"{self.step * self.recipe.batch.accumulate / self.plan.steps_per_epoch:.4f}",
            "task": last.task,
            "language": last.batch.language,
            "loss": f"{loss:.6f}",
            "weighted_loss": f"{weighted:.6f}",
            "rate": f"{self.descent.rate(self.step - 1):.4g}",
            "gradient_norm": f"{norm:.5g}",
            "tokens_per_s": round(tokens / seconds),
            "padding": f"{padding(pace.fed):.4f}",
        }
        self.journal.steps.add(self.step, row)
        for name in ("loss", "rate", "gradient_norm", "tokens_per_s"):
            self.journal.number(f"train/{name}", float(row[name]), self.step)
        told = {"thousandths of loss": round(1000 * loss), "tokens/s": round(tokens / seconds)}
        self.progress.advance(to=self.step, **told)
        return _Pace()

    # -- checkpoints -----------------------------------------------------------------------------------------------

    best: float = -1.0
    waited: int = 0

    def _save(self) -> None:
        if self.world.rank:
            return
        state: dict[str, Any] = {
            "step": self.step,
            "model": self.model.module.state_dict(),
            "optimizer": self.descent.state(),
            "dro": None if self.dro is None else _tensors(self.dro.state()),
            "best": self.best,
            "waited": self.waited,
        }
        checkpoint.save(self.folder / "checkpoints", self.step, state, self.recipe.checkpoint.keep)

    def _restore(self) -> None:
        found = checkpoint.latest(self.folder / "checkpoints")
        if found is None:
            return
        try:
            state = checkpoint.load(found)
        except (OSError, RuntimeError, EOFError) as error:
            raise EnvironmentProblem(
                f"The checkpoint {found} cannot be read ({str(error).splitlines()[0]}): remove it to go on from the one before."
            ) from error
        self.model.module.load_state_dict(state["model"])
        self.descent.restore(state["optimizer"])
        if self.dro is not None:
            self.dro.restore(_numbers(state["dro"]))
        self.step, self.best, self.waited = state["step"], state["best"], state["waited"]
        self.progress.say(f"train: going on after step {self.step} of {self.steps}.")


def _tensors(state: Mapping[str, Any]) -> dict[str, Any]:
    return {key: torch.from_numpy(value) if isinstance(value, np.ndarray) else value for key, value in state.items()}


def _numbers(state: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value.numpy() if isinstance(value, Tensor) else value for key, value in state.items()}


def _arrays(found: Mapping[str, Mapping[str, Sequence[float]]]) -> Scores:
    return {language: {name: np.asarray(values) for name, values in one.items()} for language, one in found.items()}
