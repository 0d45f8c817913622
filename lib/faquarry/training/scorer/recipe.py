"""What the recipe `small-scorer` can be told: packaged values (recipes/small-scorer.toml), ``--set fit.epochs=2``."""

from __future__ import annotations

from pydantic import Field

from faquarry.config.settings import Section

__all__ = ["FitSettings", "NegativeSettings", "NetworkSettings", "ScorerRecipe"]


class NegativeSettings(Section):
    """Wrong answers that the right one is to beat."""

    bm25: int = Field(ge=1, description="of a question, the best by BM25")
    encoder: int = Field(ge=0, description="the best by the small encoder, among those that BM25 did not find")
    random: int = Field(ge=0, description="drawn at random")
    same_question: float = Field(
        gt=0,
        le=1,
        description="questions alike from here (Jaccard, rare words counting more) share their right answers",
    )
    same_answer: float = Field(
        gt=0,
        le=1,
        description="an answer with this share of its word triples in a right one, or the reverse, is no wrong one",
    )


class NetworkSettings(Section):
    """Sizes of what is learned."""

    matched: int = Field(ge=1, description="dimensions in which subword meets subword")
    summed: int = Field(ge=1, description="dimensions in which sums of subwords meet")
    hidden: int = Field(ge=1, description="units over the features")


class FitSettings(Section):
    """The descent."""

    epochs: int = Field(ge=1, description="times that every question is seen")
    batch: int = Field(ge=1, description="questions of a step")
    wrong: int = Field(ge=1, description="wrong answers beside the right one")
    text_tokens: int = Field(ge=8, description="subwords of a text that are learned from")
    rate: float = Field(gt=0, description="learning rate at the start; it falls to zero")
    balance: float = Field(ge=0, le=1, description="questions of a site are drawn (their number)^balance times")
    blank: float = Field(ge=0, lt=1, description="share of questions that have to do without what is learned")
    pull: float = Field(ge=0, description="how strongly projections are held where they began")


class ScorerRecipe(Section):
    """The recipe `small-scorer`."""

    seed: int = Field(ge=0, description="of everything that is drawn")
    held_out: int = Field(ge=2, description="one page in so many is kept from training, to calibrate and to measure on")
    negatives: NegativeSettings
    network: NetworkSettings
    fit: FitSettings
