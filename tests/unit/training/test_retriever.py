"""Runs of the trainer in miniature: recipes, gradients in chunks and over processes, resuming, and what goes wrong."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests import ranks  # noqa: E402
from tests.tiny import static_model, tiny_transformer  # noqa: E402

from faquarry.config.settings import EmbedSettings, LogSettings  # noqa: E402
from faquarry.errors import ConfigError, EnvironmentProblem, UsageError  # noqa: E402
from faquarry.progress import Progress  # noqa: E402
from faquarry.training.data import Examples  # noqa: E402
from faquarry.training.recipe_files import kind_of  # noqa: E402
from faquarry.training.retriever import checkpoint  # noqa: E402
from faquarry.training.retriever.model import Retriever  # noqa: E402
from faquarry.training.retriever.recipe import ModelPart, retriever_recipes  # noqa: E402
from faquarry.training.retriever.run import load_recipe, run  # noqa: E402
from faquarry.training.retriever.step import World  # noqa: E402
from faquarry.training.retriever.trainer import Trainer  # noqa: E402

QUIET = LogSettings(progress="none")
SMALL = ["batch.size=8", "fit.steps=6", "groups.min_size=4", "checkpoint.every=1", "fit.device='cpu'", "fit.threads=1"]


@pytest.fixture(scope="module")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return static_model(tmp_path_factory.mktemp("models") / "static")


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_transformer(tmp_path_factory.mktemp("models") / "bert")


def train(name: str, lake: Path, output: Path, model: Path, *more: str) -> Path:
    return run(name, str(lake), output, assignments=[f"model.start='{model}'", *SMALL, *more], log=QUIET)


def weights(model: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return {str(file.name): load_file(file) for file in sorted(model.rglob("*.safetensors"))}


def same(one: Path, other: Path) -> bool:
    mine, theirs = weights(one), weights(other)
    return mine.keys() == theirs.keys() and all(
        torch.equal(mine[file][name], theirs[file][name]) for file in mine for name in mine[file]
    )


# -- recipes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in retriever_recipes() if name not in ("link", "anchor")])
def test_every_recipe_makes_a_model_that_loads(name: str, lake: Path, static: Path, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    from faquarry.vectors.find import find_model
    from faquarry.vectors.load import load_encoder

    groups = ["groups.by='language'", "dro.every=2"] if name == "dro" else []
    folder = train(name, lake, tmp_path / "out", static, *groups)
    info = find_model(str(folder), EmbedSettings())
    texts = ["what does delivery cost", "post office"]
    ours = load_encoder(info, EmbedSettings()).encode(texts)
    theirs = SentenceTransformer(str(folder), device="cpu").encode(texts, normalize_embeddings=True)
    assert np.abs(ours - theirs).max() < 1e-5
    assert not same(folder, static)
    assert "| dev | all |" in (folder / "README.md").read_text()
    made = json.loads((tmp_path / "out" / "run.json").read_text())
    assert all(task["tables"] for task in made["data"].values())
    if name == "dro":
        with (tmp_path / "out" / "logs" / "groups.csv").open() as lines:
            rows = list(csv.DictReader(lines))
        assert {row["step"] for row in rows} == {"2", "4", "6"}
        assert {row["group"] for row in rows} == {"eng", "deu", "fra"}


def test_a_model_learns(lake: Path, static: Path, tmp_path: Path) -> None:
    train("rn", lake, tmp_path / "out", static, "fit.steps=60", "fit.rate=0.05", "checkpoint.every=1000")
    with (tmp_path / "out" / "logs" / "steps.csv").open() as lines:
        losses = [float(row["loss"]) for row in csv.DictReader(lines)]
    assert losses[-1] < losses[0] / 2


def test_what_a_recipe_does_not_know(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"fit\.rat"):
        load_recipe("rn", assignments=["fit.rat=1"])
    file = tmp_path / "mine.toml"
    file.write_text('base = "top4"\n[tasks.negatives]\nnegative = 3\n')
    assert kind_of(str(file)) == ("top4", file)
    with pytest.raises(ConfigError, match=r"tasks\.negatives\.negative"):
        load_recipe("top4", file)
    file.write_text("[fit]\nsteps = 3\n")
    with pytest.raises(UsageError, match="must say which recipe it changes"):
        kind_of(str(file))


# -- gradients ------------------------------------------------------------------------------------------------------


def apart(one: list[Any], other: list[Any]) -> float:
    """The largest difference, in units of the largest number."""
    pairs = list(zip(one, other, strict=True))
    return max(float((mine - theirs).abs().max() / mine.abs().max()) for mine, theirs in pairs)


@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_gradients_in_chunks_are_those_of_the_whole(chunk: int) -> None:
    plain, cached = (ranks.gradients(World(), size, drop=False) for size in (None, chunk))
    assert apart(plain, cached) < 1e-6


def test_a_chunk_draws_the_same_both_times() -> None:
    """With dropout, gradients through the cache are those of one pass over the same draws."""
    cached = ranks.gradients(World(), 3, drop=True)
    again = ranks.gradients(World(), 3, drop=True)
    assert all(torch.equal(one, other) for one, other in zip(cached, again, strict=True))
    assert apart(cached, ranks.gradients(World(), 3, drop=False)) > 1e-3


@pytest.mark.parametrize("chunk", [None, 2])
def test_gradients_of_two_processes_are_those_of_one(chunk: int | None, tmp_path: Path) -> None:
    torch.multiprocessing.spawn(ranks.work, (2, str(tmp_path), chunk), nprocs=2)
    alone = ranks.gradients(World(), None, drop=False)
    for rank in range(2):
        found = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        assert apart(alone, found) < 1e-6


@pytest.fixture
def trainer(lake: Path) -> Iterator[Callable[..., Trainer]]:
    """Makes trainers that are ready for their first step."""
    made: list[Trainer] = []

    def make(folder: Path, model: Path, name: str, *more: str) -> Trainer:
        recipe = load_recipe(name, assignments=[f"model.start='{model}'", *SMALL, *more])
        examples = {
            task: Examples.from_lake(str(lake), part.data, cache=folder / task, groups=recipe.groups.by)
            for task, part in recipe.tasks.items()
        }
        made.append(Trainer(recipe, examples, folder, str(lake), EmbedSettings(), Progress(QUIET)))
        made[-1].prepare()
        return made[-1]

    yield make
    for one in made:
        one.journal.close()


def test_group_weights_are_exact_under_accumulation(trainer: Any, bert: Path, tmp_path: Path) -> None:
    """A loss that looks at one sample alone: a batch in two halves moves groups and model as the whole does."""
    asked = ["groups.by='language'", "dro.enabled=true", "dro.every=1", "dro.rate=2.0", "tasks.negatives.link='affine'"]
    asked += ["batch.monolingual=false", "fit.rate=0.01", "fit.warm_up=0.0"]
    whole = trainer(tmp_path / "whole", bert, "marginmse", *asked)
    halves = trainer(tmp_path / "halves", bert, "marginmse", *asked, "batch.accumulate=2")
    halves.links = whole.links
    for one in (whole, halves):
        one.model.module.eval()  # no dropout: its draws are keyed by the batch
    start = whole.model.vectors(["what does delivery cost", "print the label", "days"], "question")
    rows = np.arange(12)
    for _ in range(2):
        whole.advance([whole.feed.fed("negatives", rows)])
        halves.advance([halves.feed.fed("negatives", part) for part in np.split(rows, 2)])
        whole.step, halves.step = whole.step + 1, halves.step + 1
    assert whole.dro is not None
    assert halves.dro is not None
    assert halves.dro.weights == pytest.approx(whole.dro.weights, abs=1e-7)
    assert np.ptp(whole.dro.weights) > 0.01
    # Vectors, not parameters: those that no vector depends on (biases of keys) go where rounding sends them.
    texts = ["what does delivery cost", "print the label", "days"]
    apart_by = np.abs(whole.model.vectors(texts, "question") - halves.model.vectors(texts, "question")).max()
    moved = np.abs(whole.model.vectors(texts, "question") - start).max()
    assert apart_by < 1e-3 * moved


@pytest.mark.slow
def test_two_processes_of_torchrun_train_the_same_model(lake: Path, bert: Path, tmp_path: Path) -> None:
    more = ["dro.enabled=true", "dro.every=2", "groups.by='language'", "dro.rate=1.0", "batch.chunk=3"]
    more += ["fit.warm_up=0.0", "fit.rate=0.001", "batch.size=9"]
    calm = tmp_path / "calm"  # without dropout: its draws are each process's own
    shutil.copytree(bert, calm)
    config = json.loads((calm / "config.json").read_text())
    none = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (calm / "config.json").write_text(json.dumps({**config, **none}))
    alone = train("rn", lake, tmp_path / "alone", calm, *more)
    assignments = [word for one in [f"model.start='{calm}'", *SMALL, *more] for word in ("--set", one)]
    command = ["torch.distributed.run", "--nproc-per-node", "2", "-m", "faquarry", "train", "--recipe", "rn"]
    command += ["--lake", str(lake), "--output", str(tmp_path / "two"), *assignments]
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    texts = ["what does delivery cost", "print the label", "days"]
    vectors = [
        Retriever.start(ModelPart(start=str(folder)), EmbedSettings(), "cpu").vectors(texts, "question")
        for folder in (calm, alone, tmp_path / "two" / "model")
    ]
    assert np.abs(vectors[1] - vectors[2]).max() < 1e-3 * np.abs(vectors[1] - vectors[0]).max()
    logs = [
        (folder / "logs" / "groups.csv").read_text().splitlines() for folder in (tmp_path / "alone", tmp_path / "two")
    ]
    assert len(logs[0]) == len(logs[1]) == 10


# -- killed and resumed -----------------------------------------------------------------------------------------------


class Killed(BaseException):
    """What a test stops a run with."""


@pytest.mark.parametrize(
    ("kind", "name", "more"),
    [
        ("static", "dro", ("groups.by='language'", "dro.every=4", "dro.rate=1.0")),
        ("bert", "denoised", ("batch.chunk=4", "batch.accumulate=2")),
        ("bert", "multitask", ()),
    ],
)
def test_killed_and_resumed_is_never_killed(
    kind: str, name: str, more: tuple[str, ...], lake: Path, static: Path, bert: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    from faquarry.training.retriever.descent import Descent

    model = {"static": static, "bert": bert}[kind]
    whole = train(name, lake, tmp_path / "whole", model, *more)
    step = Descent.step
    for kill in (3, 5):
        monkeypatch.setattr(Descent, "step", _stop_at(step, kill))
        with pytest.raises(Killed):
            train(name, lake, tmp_path / "cut", model, *more)
    monkeypatch.setattr(Descent, "step", step)
    cut = train(name, lake, tmp_path / "cut", model, *more)
    assert same(whole, cut)
    for log in ("groups.csv", "evaluations.csv"):
        assert (tmp_path / "cut" / "logs" / log).read_text() == (tmp_path / "whole" / "logs" / log).read_text()
    assert train(name, lake, tmp_path / "cut", model, *more) == cut  # done already


def _stop_at(step: Any, at: int) -> Any:
    def stopping(self: Any, number: int) -> float:
        if number == at:
            raise Killed
        return float(step(self, number))

    return stopping


@pytest.mark.slow
def test_a_process_that_is_killed_and_started_again(lake: Path, static: Path, tmp_path: Path) -> None:
    more = ["fit.steps=300", "checkpoint.every=7", "groups.by='language'", "dro.enabled=true", "dro.every=20"]
    whole = train("rn", lake, tmp_path / "whole", static, *more)
    words = [word for one in [f"model.start='{static}'", *SMALL, *more] for word in ("--set", one)]
    command = [sys.executable, "-m", "faquarry", "train", "--recipe", "rn", "--lake", str(lake)]
    cut, kills = tmp_path / "cut", 0
    for _ in range(10):
        before = checkpoint.latest(cut / "checkpoints")
        with subprocess.Popen([*command, "--output", str(cut), *words], stdout=subprocess.DEVNULL) as process:
            while process.poll() is None and (kills == 2 or checkpoint.latest(cut / "checkpoints") == before):
                time.sleep(0.02)
            if process.poll() is None:
                process.kill()
                kills += 1
        if (cut / "model" / "modules.json").exists():
            break
    assert kills == 2
    assert same(whole, cut / "model")


def test_a_full_disk_leaves_the_last_checkpoint(lake: Path, static: Path, tmp_path: Path) -> None:
    import os

    folder = tmp_path / "out" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / f".{os.getpid()}.checkpoint-3.pt").symlink_to("/dev/full")
    with pytest.raises(EnvironmentProblem, match=r"checkpoint-3.*disk is full.*checkpoint-2\.pt.*Make space"):
        train("rn", lake, tmp_path / "out", static)
    assert [path.name for path in sorted(folder.iterdir())] == ["checkpoint-1.pt", "checkpoint-2.pt"]
    whole = train("rn", lake, tmp_path / "whole", static)
    assert same(train("rn", lake, tmp_path / "out", static), whole)


# -- what goes wrong --------------------------------------------------------------------------------------------------


def test_another_recipe_in_the_same_folder(lake: Path, static: Path, tmp_path: Path) -> None:
    train("rn", lake, tmp_path / "out", static)
    with pytest.raises(UsageError, match="differs in recipe: give another --output"):
        train("rn", lake, tmp_path / "out", static, "seed=1")


def test_a_loss_that_is_no_number(lake: Path, static: Path, tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"At step \d+ the loss of the task pairs is no number .*examples \w{32}.*lower fit.rate"
    ):
        train("rn", lake, tmp_path / "out", static, "fit.rate=1e38", "fit.warm_up=0.0", "fit.steps=20")


def test_a_teacher_on_another_scale(lake: Path, static: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"do not live on one scale.*cosine × 0\.01.*the teacher \(logit\)"):
        train("marginmse", lake, tmp_path / "a", static, "tasks.negatives.link='logit'", "tasks.negatives.scale=0.01")
    train("marginmse", lake, tmp_path / "b", static, "tasks.negatives.link='affine'", "tasks.negatives.scale=0.01")


def test_only_the_groups_of_an_earlier_run(trainer: Any, lake: Path, static: Path, tmp_path: Path) -> None:
    groups = ["groups.by='language'", "dro.every=2", "dro.rate=1.0"]
    train("dro", lake, tmp_path / "dro", static, *groups)
    made = trainer(
        tmp_path / "top", static, "rn", "groups.by='language'", "groups.only='top'", "groups.count=1",
        f"groups.of='{tmp_path / 'dro'}'",
    )  # fmt: skip
    (stream,) = made.plan.streams
    with (tmp_path / "dro" / "logs" / "groups.csv").open() as lines:
        last = [row for row in csv.DictReader(lines) if row["step"] == "6"]
    assert stream.name.endswith(max(last, key=lambda row: float(row["weight"]))["group"])
    with pytest.raises(UsageError, match="needs the weights of an earlier run"):
        trainer(tmp_path / "none", static, "rn", "groups.only='top'")


def test_events_for_tensorboard(lake: Path, static: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    assignments = [f"model.start='{static}'", *SMALL, "fit.steps=10"]
    run("rn", str(lake), tmp_path / "out", assignments=assignments, log=QUIET, tensorboard=True)
    (events,) = (tmp_path / "out" / "logs" / "tensorboard").iterdir()
    assert b"train/loss" in events.read_bytes()
