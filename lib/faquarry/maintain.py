"""``faquarry maintain``: joins small files, clusters, and deletes what no recent version needs."""

from __future__ import annotations

from faquarry.config.settings import Settings
from faquarry.errors import NothingToRead, UsageError
from faquarry.lake import Lake
from faquarry.progress import Progress
from faquarry.stage import STAGING

__all__ = ["SAFE_RETENTION_H", "maintain"]

SAFE_RETENTION_H = 24.0  # no job of ours runs longer with one snapshot of a table
STAGING_AGE_S = 7 * 86_400.0


def maintain(settings: Settings, *, retention_h: float, dry_run: bool) -> int:
    """Compacts and vacuums every table of the lake. -> exit code.

    Raises:
        UsageError: the retention is so short that a running reader could lose its files.
        NothingToRead: there is no table.
    """
    if retention_h < SAFE_RETENTION_H:
        raise UsageError(
            f"--retention {retention_h:g} is below {SAFE_RETENTION_H:g} hours: jobs and notebooks that read an older "
            "version would lose its files."
        )
    lake, progress = Lake(settings.lake), Progress(settings.log)
    tables = lake.tables(internal=True)
    if not tables:
        raise NothingToRead(f"There is no table in {lake.uri}.")
    if dry_run:
        progress.say(f"maintain: would compact and vacuum {', '.join(tables)}, keeping {retention_h:g} hours.")
        return 0
    from faquarry.lake.writer import LakeWriter
    from faquarry.spark.files import remove_old_folders
    from faquarry.spark.session import get_session

    spark = get_session(settings.spark, "faquarry maintain")
    writer = LakeWriter(lake, spark)
    for name in tables:
        files = writer.compact(name)
        writer.vacuum(name, retention_h)
        progress.say(f"maintain: {name}: {files['removed']} files became {files['added']}")
    removed = remove_old_folders(spark, f"{lake.uri}/{STAGING}", STAGING_AGE_S)
    if removed:
        progress.say(f"maintain: {removed} folders that killed runs had left were removed")
    return 0
