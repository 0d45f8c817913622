"""The Spark session: made for local mode when none is there, used as it is when one runs already."""

from __future__ import annotations

import logging
import os
import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from faquarry.config.settings import SparkSettings
from faquarry.errors import EnvironmentProblem
from faquarry.spark.classes import find_archive
from faquarry.spark.failures import known_cause
from faquarry.spark.jars import find_jars, jars_folder
from faquarry.spark.java import require_java

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["REQUIRED", "get_session", "local_conf"]

# What every session needs, wherever it was made.
REQUIRED = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.session.timeZone": "UTC",
    # Python UDFs over a Parquet scan hang in 4.2.0 otherwise (SPARK-58241).
    "spark.sql.execution.arrow.pythonUDF.columnarInput.enabled": "false",
}

COLLECTOR = "-XX:+UseParallelGC"


def local_conf(settings: SparkSettings) -> dict[str, str]:
    """Settings of a session in local mode: Delta's and Spark's cluster defaults would cost a minute on small tables."""
    jars = find_jars()
    if not jars:
        raise EnvironmentProblem(
            f"Delta's jars are not in {jars_folder()}: run `make setup` (or python -m faquarry.spark.jars)."
        )
    quiet = files("faquarry.spark") / "log4j2.properties"
    return {
        **REQUIRED,
        "spark.driver.memory": settings.driver_memory,
        # The quick compiler alone: on one machine the JVM plans and moves rows, and the other compiler's own work is more
        # than it saves. Alone, it would be given a cache that Spark fills in half a minute. A cluster's executors keep both.
        # Java's own collector takes Spark's pages for humongous in a small heap, and looks through all of it for each.
        "spark.driver.extraJavaOptions": (
            f"-Dlog4j2.configurationFile={quiet} -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m {COLLECTOR}"
        ),
        **_delta(settings, jars),
        "spark.driver.host": "localhost",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": str(settings.shuffle_partitions),
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.log.level": "ERROR",
    }


def _delta(settings: SparkSettings, jars: list[Path]) -> dict[str, str]:
    """Delta's jars, and the classes of a start where set-up has kept them; one JVM alone can have them ready."""
    if not _local(settings):
        return {"spark.jars": ",".join(str(path) for path in jars)}
    found = {"spark.driver.extraClassPath": ":".join(str(path) for path in jars)}
    archive = find_archive()
    if archive is not None:
        # Not a word where it does not fit: Java then goes on without.
        found["spark.driver.defaultJavaOptions"] = (
            f"-XX:SharedArchiveFile={archive} -Xlog:cds=off -Xlog:cds+dynamic=off"
        )
    return found


def _local(settings: SparkSettings) -> bool:
    """Whether driver and executor are one JVM."""
    master = settings.master or "local[*]"
    return master == "local" or master.startswith("local[")


def get_session(settings: SparkSettings, name: str = "faquarry") -> SparkSession:
    """The active session as it is; under spark-submit one with its settings; else a local one.

    Raises:
        EnvironmentProblem: no Java, no jars, or a running session without Delta.
    """
    from pyspark.sql import SparkSession

    running = SparkSession.getActiveSession()
    if running is not None:
        return _with_delta(running)
    submitted = "PYSPARK_GATEWAY_PORT" in os.environ
    _hush_py4j()
    builder = SparkSession.builder.appName(name)
    if submitted:
        conf = dict(REQUIRED)
    else:
        require_java()
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        os.environ.setdefault("PYSPARK_DRIVER_PYTHON", sys.executable)
        conf = local_conf(settings)
        if (settings.master or "local").startswith("local"):
            # Spark dies where the machine's own name does not resolve, as in many containers.
            os.environ.setdefault("SPARK_LOCAL_HOSTNAME", "localhost")
        builder = builder.master(settings.master or "local[*]")
    own = dict(settings.conf)
    if java := own.pop("spark.driver.extraJavaOptions", None):
        ours = conf.get("spark.driver.extraJavaOptions", "")
        if "GC" in java:  # Java does not start with two collectors
            ours = ours.replace(COLLECTOR, "")
        conf["spark.driver.extraJavaOptions"] = f"{ours} {java}".strip()
    for key, value in {**conf, **own}.items():
        builder = builder.config(key, value)
    try:
        session = builder.getOrCreate()
    except Exception as error:  # py4j wraps whatever the JVM said; the user gets its cause, else its first line
        if cause := known_cause(error):
            raise EnvironmentProblem(f"Spark did not start: {cause}") from error
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise EnvironmentProblem(f"Spark did not start: {first} (`faquarry doctor` looks for the cause).") from error
    return _with_delta(session)


def _hush_py4j() -> None:
    """It logs a traceback where a call is cut short (Ctrl-C, a JVM that ended), beside the error that is raised: by loggers
    of its own, and by the root logger, which would print both."""
    logging.getLogger("py4j").propagate = False
    logging.getLogger().addFilter(_not_of_py4j)


def _not_of_py4j(record: logging.LogRecord) -> bool:
    return Path(record.pathname).parent.name != "py4j"


def _with_delta(session: SparkSession) -> SparkSession:
    wanted = REQUIRED["spark.sql.extensions"]
    if wanted not in (session.conf.get("spark.sql.extensions", "") or ""):
        raise EnvironmentProblem(
            "The running Spark session has no Delta: start it with --packages io.delta:delta-spark_4.2_2.13:4.4.0 "
            f"--conf spark.sql.extensions={wanted} "
            f"--conf spark.sql.catalog.spark_catalog={REQUIRED['spark.sql.catalog.spark_catalog']} "
            "(conf/spark-local.conf holds these lines)."
        )
    return session
