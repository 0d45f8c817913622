"""The verb `judge`: a sample of `bitexts` goes to a language model, its answers into `judgements`. No JVM.

Answers are written as they come, a few at a time; a run that was cut short goes on with the pairs that have none. A pair
whose question failed is not written either, and asked again by the next run.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow.compute as pc

from faquarry.config.settings import JudgeSettings, Settings
from faquarry.errors import EnvironmentProblem, NothingToRead, UsageError
from faquarry.judge.measures import AtThreshold, Judged, by_threshold
from faquarry.judge.prompt import VERSION, messages, score_in
from faquarry.judge.sample import STEP, Candidate, Sampled, draw, stratum_of
from faquarry.lake import Lake
from faquarry.llm.asking import GIVE_UP_AFTER, answers
from faquarry.llm.endpoint import Endpoint, NoAnswer
from faquarry.stage import Context, Outcome, Work

__all__ = ["JudgeStage", "curve"]

WRITE_EVERY = 64
RAW_CHARS = 4000

_KEYS = ["language1", "language2", "id1", "id2", "similarity"]


@dataclass(frozen=True)
class JudgeStage:
    """Judges a stratified sample of the aligned pairs."""

    settings: Settings

    name: ClassVar[str] = "judge"
    version: ClassVar[str] = "1"
    reads: ClassVar[Sequence[str]] = ("bitexts",)
    writes: ClassVar[Sequence[str]] = ("judgements",)
    on_spark: ClassVar[bool] = False

    @property
    def _own(self) -> JudgeSettings:
        return self.settings.judge

    def shape(self) -> Mapping[str, Any]:
        own = self._own
        return {"model": own.model, "prompt": VERSION, "per_stratum": own.per_stratum, "max_pairs": own.max_pairs}

    def pending(self, lake: Lake) -> Work[list[Sampled]] | None:
        """Raises:
        UsageError: no endpoint or no model is set.
        NothingToRead: nothing is aligned yet.
        """
        own = self._own
        if own.base_url is None or own.model is None:
            raise UsageError(
                "there is no language model to ask: set judge.base_url (an OpenAI-compatible endpoint, as "
                f"http://host:8000/v1) and judge.model; a key is read from ${own.api_key_env}."
            )
        if lake.version("bitexts") is None:
            raise NothingToRead(f"The lake {lake.uri} has no table bitexts: `faquarry align` makes it.")
        sample, _ = draw(candidates(lake, self.settings.embed.align_model), own.per_stratum, own.max_pairs)
        answered = {
            (row["id1"], row["id2"])
            for row in lake.rows("judgements", ["id1", "id2", "judge", "prompt_version"])
            if row["judge"] == own.model and row["prompt_version"] == VERSION
        }
        new = [one for one in sample if (one.candidate.id1, one.candidate.id2) not in answered]
        if not new:
            return None
        languages = len({one.stratum[:2] for one in sample})
        there = f", {len(sample) - len(new):,} of them judged already" if len(new) < len(sample) else ""
        return Work([f"{len(sample):,} pairs of {languages} language pairs go to {own.model}{there}."], new)

    def run(self, work: Work[list[Sampled]], context: Context) -> Outcome:
        own, lake = self._own, context.lake
        endpoint = Endpoint(own, os.environ.get(own.api_key_env))
        texts = _texts(lake, work.payload)

        def ask(one: Sampled) -> str:
            languages = one.candidate.language1, one.candidate.language2
            return endpoint.ask(messages(*languages, *texts[one.candidate.id1, one.candidate.id2], own.max_chars))

        counts = dict.fromkeys(("judged", "unreadable", "failed"), 0)
        failed: list[tuple[str, str]] = []
        rows: list[dict[str, Any]] = []
        in_a_row = 0

        def write() -> None:
            if rows:
                lake.upsert("judgements", rows)
                rows.clear()

        with context.progress.working("judge", len(work.payload), "pairs"):
            try:
                for one, raw in answers(ask, work.payload, own.concurrency):
                    if isinstance(raw, NoAnswer):
                        counts["failed"] += 1
                        failed.append((f"{one.candidate.id1} {one.candidate.id2}", str(raw)))
                        in_a_row += 1
                        if in_a_row >= GIVE_UP_AFTER:
                            raise EnvironmentProblem(
                                f"{raw}. That was the {in_a_row}th failure in a row; what was answered is kept, run again "
                                "to go on."
                            )
                    else:
                        in_a_row = 0
                        rows.append(self._row(one.candidate, raw, context.run_id))
                        counts["unreadable" if rows[-1]["score"] is None else "judged"] += 1
                        if len(rows) >= WRITE_EVERY:
                            write()
                    context.progress.advance(1, **counts)
            finally:
                write()
        for line in curve_lines(curve(lake, self.settings)):
            context.progress.say(f"judge: {line}")
        return Outcome(counts, failed)

    def _row(self, candidate: Candidate, raw: str, run_id: str) -> dict[str, Any]:
        return {
            "id1": candidate.id1,
            "id2": candidate.id2,
            "judge": self._own.model,
            "prompt_version": VERSION,
            "score": score_in(raw),
            "run_id": run_id,
            "raw": raw[:RAW_CHARS],
        }


def candidates(lake: Lake, model: str) -> list[Candidate]:
    """Every row of `bitexts` that `model` aligned, without its texts."""
    dataset = lake.dataset("bitexts")
    if dataset is None:
        return []
    table = dataset.to_table(columns=_KEYS, filter=pc.field("model").isin([model]))
    return [Candidate(*row) for row in zip(*(table.column(name).to_pylist() for name in _KEYS), strict=True)]


def curve(lake: Lake, settings: Settings) -> list[AtThreshold]:
    """Precision, recall and F1 by threshold of similarity, from what the judge of `settings` has said so far."""
    own = settings.judge
    scores = {
        (row["id1"], row["id2"]): row["score"]
        for row in lake.rows("judgements", ["id1", "id2", "judge", "prompt_version", "score"])
        if row["judge"] == own.model and row["prompt_version"] == VERSION and row["score"] is not None
    }
    sample, sizes = draw(candidates(lake, settings.embed.align_model), own.per_stratum, own.max_pairs)
    judged = [
        Judged(stratum_of(c), c.similarity, scores[c.id1, c.id2])
        for c in (one.candidate for one in sample)
        if (c.id1, c.id2) in scores
    ]
    if not judged:
        return []
    steps = sorted({stratum[2] for stratum in sizes})
    return by_threshold(judged, sizes, [step * STEP for step in steps], good_from=own.good_from)


def curve_lines(rows: Sequence[AtThreshold]) -> list[str]:
    """The curve as a table for people."""
    if not rows:
        return ["no answer held a score, so nothing can be said of precision."]
    head = f"{'similarity':>10}  {'pairs':>9}  {'judged':>6}  {'precision':<22}  {'recall':<22}  F1"
    return [head] + [
        f"{row.threshold:>8.2f} ≤  {row.pairs:>9,}  {row.judged:>6,}  {row.precision!s:<22}  {row.recall!s:<22}  {row.f1}"
        for row in rows
    ]


def _texts(lake: Lake, sample: Sequence[Sampled]) -> dict[tuple[str, str], tuple[tuple[str, str], tuple[str, str]]]:
    """{(id1, id2): ((question1, answer1), (question2, answer2))} of the sampled rows."""
    dataset = lake.dataset("bitexts")
    if dataset is None:
        return {}
    wanted = {(one.candidate.id1, one.candidate.id2) for one in sample}
    columns = ["id1", "id2", "question1", "answer1", "question2", "answer2"]
    few = pc.field("id1").isin(sorted({first for first, _ in wanted}))
    rows = dataset.to_table(columns=columns, filter=few).to_pylist()
    return {
        (row["id1"], row["id2"]): ((row["question1"], row["answer1"]), (row["question2"], row["answer2"]))
        for row in rows
        if (row["id1"], row["id2"]) in wanted
    }
