"""``faquarry maintain``: joins small files, clusters, deletes what no recent version needs; or takes a table back."""

from __future__ import annotations

from faquarry.config.settings import Settings
from faquarry.errors import LakeError, NothingToRead, UsageError
from faquarry.lake import Lake
from faquarry.progress import Progress
from faquarry.stage import STAGING

__all__ = ["SAFE_RETENTION_H", "maintain", "take_back"]

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


def take_back(settings: Settings, table: str, version: int, *, dry_run: bool) -> int:
    """Takes a table back to an older version: by a commit, or without one where the log is damaged. -> exit code.

    Raises:
        NothingToRead: there is no such table.
        LakeError: that version is none of the table's, or cannot be read either.
    """
    lake, progress = Lake(settings.lake), Progress(settings.log)
    try:
        latest, damaged = lake.version(table), None
        lake.require_whole([table])
    except LakeError as error:
        latest, damaged = None, error
    if latest is None and (damaged is None or not lake.is_local):
        raise damaged or NothingToRead(f"The lake {lake.uri} has no table {table}.")
    if latest is not None and version > latest:
        raise LakeError(f"The table {lake.path(table)} has no version {version}, its latest is {latest}.")
    if dry_run:
        progress.say(f"maintain: would take {table} back to version {version} (dry run, nothing was written).")
        return 0
    if damaged is not None:
        from faquarry.lake.restore import put_aside

        progress.say(f"maintain: {table}: what was damaged lies in {put_aside(lake, table, version)} now")
    else:
        from faquarry.lake.writer import LakeWriter
        from faquarry.spark.session import get_session

        LakeWriter(lake, get_session(settings.spark, "faquarry maintain")).restore(table, version)
    progress.say(f"maintain: {table} is as it was at version {version}")
    return 0
