"""Runs a stage: asks what is new, starts Spark only then, keeps the ledger, says how it ended."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from faquarry import __version__
from faquarry.config.settings import Settings
from faquarry.errors import FaquarryError
from faquarry.lake import Lake
from faquarry.progress import Progress
from faquarry.redaction import MASK, is_secret_name, scrubbed
from faquarry.stage import Context, Outcome, Stage, Work, fingerprint

__all__ = ["Finished", "run_stage"]


@dataclass(frozen=True)
class Finished:
    """How a stage ended. `outcome` is None when there was nothing to do."""

    stage: str
    outcome: Outcome | None

    @property
    def exit_code(self) -> int:
        """0: all done; 4: some sources failed and the rest is committed."""
        return 4 if self.outcome is not None and self.outcome.failed else 0


def run_stage(stage: Stage, settings: Settings, *, dry_run: bool = False) -> Finished:
    """Does what is pending of `stage` on the lake of `settings`.

    A run that finds nothing to do writes nothing, the ledger included. One that works writes its row in `runs` before
    its first other row, so that every row of the lake leads to a run even when that run was killed.
    """
    lake = Lake(settings.lake)
    progress = Progress(settings.log)
    work = stage.pending(lake)
    if work is None:
        progress.say(f"{stage.name}: nothing to do, the lake {lake.uri} is up to date.")
        return Finished(stage.name, None)
    for sentence in work.summary:
        progress.say(f"{stage.name}: {sentence}")
    if dry_run:
        progress.say(
            f"{stage.name}: would write {', '.join(stage.writes)} in {lake.uri} (dry run, nothing was written)."
        )
        return Finished(stage.name, None)
    return Finished(stage.name, _work(stage, work, lake, settings, progress))


def _work(stage: Stage, work: Work[Any], lake: Lake, settings: Settings, progress: Progress) -> Outcome:
    # What can be told without Spark is told before it starts: a place that takes no tables, a table that is damaged.
    lake.require_writable()
    lake.require_whole({*stage.reads, *stage.writes})
    spark = _session(stage, settings) if stage.on_spark else None
    started, clock = _start(lake), time.monotonic()
    run_id = f"{started:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
    entry: dict[str, Any] = {
        "run_id": run_id,
        "verb": stage.name,
        "version": f"{__version__} {stage.name}/{stage.version}",
        "fingerprint": fingerprint(stage),
        "status": "running",
        "started_at": started,
        "inputs": _versions(lake, stage.reads),
        "config": json.dumps(redacted(settings), sort_keys=True),
    }
    lake.upsert("runs", [entry])

    def close(status: str, counts: Mapping[str, int], error: str | None) -> None:
        entry.update(
            status=status,
            finished_at=started + timedelta(seconds=time.monotonic() - clock),
            seconds=round(time.monotonic() - clock, 3),
            outputs=_versions(lake, stage.writes),
            counts=dict(counts),
            error=error,
        )
        lake.upsert("runs", [entry])

    try:
        outcome = stage.run(work, Context(lake, spark, run_id, progress, stage.name))
    except Exception as error:
        foreseen = lake.damage(error) or (error if isinstance(error, FaquarryError) else _explained(error, stage))
        # A full disk takes no row either: the run stays `running`, as one that was killed.
        with suppress(FaquarryError):
            close("failed", {}, scrubbed(str(foreseen or error)))
        if foreseen is None or foreseen is error:
            raise
        raise foreseen from error
    failed = "; ".join(f"{name}: {why}" for name, why in outcome.failed[:20]) or None
    close("partial" if outcome.failed else "done", outcome.counts, failed)
    return outcome


def _start(lake: Lake) -> datetime:
    """Now; or just after the last run, where the clock was set back since: which run came last is told by these times."""
    earlier = [row["started_at"] + timedelta(seconds=1) for row in lake.rows("runs", ["started_at"])]
    latest: datetime = max([datetime.now(UTC), *earlier])
    return latest


def _session(stage: Stage, settings: Settings) -> Any:
    from faquarry.spark.session import get_session

    return get_session(settings.spark, f"faquarry {stage.name}")


def _explained(error: Exception, stage: Stage) -> FaquarryError | None:
    """What Spark said, as a sentence; None for what nobody foresaw."""
    if not stage.on_spark:
        return None
    from faquarry.spark.failures import explained

    return explained(error)


def _versions(lake: Lake, tables: Any) -> dict[str, int]:
    found = {name: lake.version(name) for name in tables}
    return {name: version for name, version in found.items() if version is not None}


def redacted(settings: Settings) -> dict[str, Any]:
    """The settings as plain data, with whatever may hold a secret masked.

    >>> redacted(Settings(spark={"conf": {"spark.hadoop.fs.s3a.secret.key": "hush"}}))["spark"]["conf"]
    {'spark.hadoop.fs.s3a.secret.key': '***'}
    """

    def mask(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: mask(inner, key) for key, inner in value.items()}
        if isinstance(value, list):
            return [mask(inner, name) for inner in value]
        if not isinstance(value, str):
            return value
        return MASK if is_secret_name(name) else scrubbed(value)

    masked: dict[str, Any] = mask(settings.model_dump(mode="json"))
    return masked
