"""Which version of a table was the latest at a moment."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import accumulate
from typing import TYPE_CHECKING

from faquarry.errors import LakeError, UsageError

if TYPE_CHECKING:
    from deltalake import DeltaTable

__all__ = ["Moment", "moment_of", "version_at"]

Moment = str | datetime


def moment_of(when: Moment) -> datetime:
    """A moment as a person writes it; without a zone it is UTC, as all times of the lake.

    Raises:
        UsageError: it cannot be read.

    >>> moment_of("2026-03-27 22:45").isoformat()
    '2026-03-27T22:45:00+00:00'
    """
    try:
        found = when if isinstance(when, datetime) else datetime.fromisoformat(when)
    except (TypeError, ValueError) as error:
        raise UsageError(f"A moment is written like 2026-03-27 22:45 (UTC), not {when!r}.") from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def version_at(table: DeltaTable, when: datetime) -> int | None:
    """The table's latest version at a moment; None where it was not there yet.

    A clock that was set back does not bring versions out of order: a commit counts as no earlier than those before it.

    Raises:
        LakeError: the log no longer tells, older entries were removed.
    """
    commits = sorted((int(entry["version"]), int(entry["timestamp"])) for entry in table.history())
    times = accumulate((time for _, time in commits), max)
    wanted = when.timestamp() * 1000
    past = [version for (version, _), time in zip(commits, times, strict=True) if time <= wanted]
    if past:
        return past[-1]
    if commits and commits[0][0] > 0:
        oldest = datetime.fromtimestamp(commits[0][1] / 1000, UTC)
        raise LakeError(
            f"The log of {table.table_uri} reaches back to {oldest:%Y-%m-%d %H:%M:%S} UTC only: choose a later moment."
        )
    return None
