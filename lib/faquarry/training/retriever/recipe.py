"""What a recipe for a dense retriever can say: packaged values (recipes/rn.toml and its like), a TOML file, ``--set``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from faquarry.config.settings import Section
from faquarry.training.recipe_files import PACKAGED

__all__ = [
    "BatchPart",
    "CheckpointPart",
    "DroPart",
    "EvaluatePart",
    "FitPart",
    "GroupPart",
    "ModelPart",
    "RetrieverRecipe",
    "TaskPart",
    "retriever_recipes",
]


class ModelPart(Section):
    """What is trained."""

    start: str = Field(min_length=1, description="faquarry-small, a folder, or a name on a hub")
    max_tokens: int | None = Field(None, ge=8, description="texts are cut here; unset: the model's own maximum")
    gradient_checkpointing: bool = Field(False, description="compute activations twice instead of keeping them")


class TaskPart(Section):
    """What is learned from some of the data."""

    data: Literal["pairs", "negatives", "bitexts", "links", "linked"] = Field(
        "pairs", description="which examples of the lake (docs/training.md)"
    )
    files: tuple[str, ...] = Field((), description="examples of files instead of the lake's")
    loss: Literal["contrastive", "symmetric", "margin_mse", "listwise"] = Field(
        "contrastive", description="in-batch softmax; both directions; margins of a teacher; distribution of a teacher"
    )
    negatives: int = Field(0, ge=0, description="hard negatives of a query, at most")
    rule: Literal["top", "denoised", "rocketqa"] = Field("top", description="how they are chosen")
    scale: float = Field(20.0, gt=0, description="what cosines are multiplied with")
    margin: float = Field(0.0, ge=0, lt=2, description="taken off the cosine of a pair (additive margin)")
    temperature: float = Field(1.0, gt=0, description="listwise: both distributions are softened by it")
    link: Literal["probability", "logit", "affine"] = Field(
        "probability",
        description="a teacher's score as it is (0 to 1), as its logit, or moved to the student's mean and spread",
    )
    weight: float = Field(1.0, gt=0, description="the task counts so many times its share of the batches")


class BatchPart(Section):
    """What a batch is made of."""

    size: int = Field(ge=2, description="queries of a batch")
    alpha: float = Field(ge=0, le=1, description="tasks and languages get batches by (their rows)^alpha")
    monolingual: bool = Field(description="whether a batch keeps to one language")
    accumulate: int = Field(1, ge=1, description="batches of an optimizer step")
    chunk: int | None = Field(
        None, ge=1, description="texts encoded at a time; the whole batch still shares its negatives (gradient caching)"
    )


class FitPart(Section):
    """The descent."""

    epochs: float = Field(gt=0, description="times that every example is seen, about")
    steps: int | None = Field(None, ge=1, description="optimizer steps; unset: those of the epochs")
    min_steps: int = Field(1, ge=1, description="with few examples: go through them again until so many steps are made")
    rate: float | None = Field(
        None, gt=0, description="the highest learning rate; unset: 2e-5, and 1e-2 for a static model (a vector a token)"
    )
    warm_up: float = Field(ge=0, lt=1, description="share of the steps in which it rises; then it falls to zero")
    weight_decay: float = Field(ge=0, description="of AdamW")
    clip: float | None = Field(None, gt=0, description="gradients are scaled down to this norm; unset: not at all")
    precision: Literal["auto", "fp32", "bf16"] = Field(description="auto: bf16 on a GPU that has it")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="auto: a GPU if there is one")
    threads: int | None = Field(None, ge=1, description="threads of a CPU; unset: torch's own choice")


class GroupPart(Section):
    """What the examples are grouped by."""

    by: str = Field(description="none, language, site, topic, question_type, cluster, or column:NAME")
    min_size: int = Field(ge=1, description="smaller groups are merged into one that is not reweighted")
    merged: Literal["plain", "leave_out"] = Field(
        "plain", description="what becomes of the merged ones: factor 1, or 0"
    )
    only: Literal["all", "top", "bottom", "random"] = Field(
        "all", description="train on the groups of the highest or lowest weights of an earlier run alone"
    )
    of: str | None = Field(None, description="with only: the folder of that run")
    count: int = Field(30, ge=1, description="with only: how many groups")


class DroPart(Section):
    """GroupDRO (`faquarry.training.dro`)."""

    enabled: bool = Field(description="whether groups are reweighted")
    rate: float = Field(gt=0, description="learning rate of the weights")
    every: int = Field(ge=1, description="optimizer steps between two changes of the weights")
    statistic: Literal["mean", "sum"] = Field(description="mean loss of a group, or the authors' sums")
    memory: float = Field(ge=0, lt=1, description="mean: share of the old average when a new mean comes in")
    ceiling: float | None = Field(None, ge=1, description="a weight is at most so many times the uniform one")
    temperature: float = Field(1.0, gt=0, description="weights are flatter above 1")


class EvaluatePart(Section):
    """How it is told what the model is worth."""

    every: int | None = Field(
        None, ge=1, description="optimizer steps between two evaluations; unset: at the end alone"
    )
    split: Literal["dev", "test"] = Field("dev", description="queries of the lake that the best model is chosen by")
    queries: int = Field(2_000, ge=1, description="of a language, at most")
    corpus: int = Field(20_000, ge=1, description="answers of a language beside the right ones, at most")
    patience: int | None = Field(None, ge=1, description="end after so many evaluations without a better one")


class CheckpointPart(Section):
    """What a killed run starts again from."""

    every: int = Field(ge=1, description="optimizer steps between two checkpoints")
    keep: int = Field(2, ge=1, description="checkpoints that are kept, the last ones")


class RetrieverRecipe(Section):
    """A recipe for a dense retriever."""

    seed: int = Field(ge=0, description="of everything that is drawn")
    model: ModelPart
    tasks: dict[str, TaskPart] = Field(min_length=1, description="what is learned, by name")
    batch: BatchPart
    fit: FitPart
    groups: GroupPart
    dro: DroPart
    evaluate: EvaluatePart
    checkpoint: CheckpointPart


def retriever_recipes() -> list[str]:
    """The packaged recipes of this kind.

    >>> "multitask" in retriever_recipes()
    True
    """
    return sorted(path.stem for path in (PACKAGED / "retriever").glob("*.toml") if not path.stem.startswith("_"))
