"""Delta's jars: which ones Spark needs beside its own, where they are kept, and how they get there.

The Python wheel of delta-spark holds no jars. Ivy, through Spark, fetches them once at set-up; afterwards their paths
are given to Spark directly, so that nothing asks a repository again (`spark.jars.packages` would, at every start).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from faquarry.errors import EnvironmentProblem

__all__ = ["DELTA_PACKAGE", "fetch_jars", "find_jars", "jars_folder"]

DELTA_VERSION = "4.4.0"
DELTA_PACKAGE = f"io.delta:delta-spark_4.2_2.13:{DELTA_VERSION}"
UNITY_VERSION = "0.6.0"

# What Spark does not bring itself. The other 26 files that Ivy resolves (log4j, jackson, hadoop, parquet …) are
# already among Spark's own jars, in the versions that Spark was built with.
_NEEDED = (
    f"io.delta_delta-spark_4.2_2.13-{DELTA_VERSION}.jar",
    f"io.delta_delta-storage-{DELTA_VERSION}.jar",
    f"io.delta_delta-kernel-api-{DELTA_VERSION}.jar",
    f"io.delta_delta-kernel-defaults-{DELTA_VERSION}.jar",
    f"io.delta_delta-kernel-unitycatalog-{DELTA_VERSION}.jar",
    f"io.unitycatalog_unitycatalog-client-{UNITY_VERSION}.jar",
    f"io.unitycatalog_unitycatalog-hadoop-{UNITY_VERSION}.jar",
)


def jars_folder() -> Path:
    """``$FAQUARRY_JARS``, else a folder of the Python environment."""
    named = os.environ.get("FAQUARRY_JARS")
    return Path(named) if named else Path(sys.prefix) / "share" / "faquarry" / "jars"


def find_jars() -> list[Path]:
    """Paths of Delta's jars, or [] when set-up has not fetched (all of) them."""
    paths = [jars_folder() / name for name in _NEEDED]
    return paths if all(path.is_file() for path in paths) else []


def fetch_jars() -> list[Path]:
    """Lets Ivy fetch the jars into `jars_folder`; does nothing when they are there.

    Raises:
        EnvironmentProblem: Ivy could not resolve them; the sentence holds the end of its output.
    """
    if present := find_jars():
        return present
    import pyspark

    home = Path(pyspark.__file__).parent
    folder = jars_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="faquarry-ivy-") as cache:
        script = Path(cache) / "nothing.py"
        script.write_text("")
        done = subprocess.run(
            [
                *(str(home / "bin" / "spark-submit"), "--master", "local[1]"),
                *("--packages", DELTA_PACKAGE, "--conf", f"spark.jars.ivy={cache}", str(script)),
            ],
            # Spark dies where the machine's own name does not resolve, as inside an image that is being built.
            env={
                "SPARK_LOCAL_HOSTNAME": "localhost",
                **os.environ,
                "SPARK_HOME": str(home),
                "PYSPARK_PYTHON": sys.executable,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        found = Path(cache) / "jars"
        missing = [name for name in _NEEDED if not (found / name).is_file()]
        if missing:
            tail = " ".join((done.stderr or done.stdout).split())[-400:]
            raise EnvironmentProblem(
                f"Delta's jars could not be fetched ({DELTA_PACKAGE}; missing {missing[0]}): Spark's Ivy needs Java 17 "
                f"or 21 and a reachable Maven repository. Its output ends: {tail}"
            )
        for name in _NEEDED:
            shutil.copyfile(found / name, folder / f"{name}.part")
            (folder / f"{name}.part").rename(folder / name)
    return find_jars()


if __name__ == "__main__":
    try:
        print(f"Delta's jars: {len(fetch_jars())} files in {jars_folder()}")
    except EnvironmentProblem as problem:
        sys.exit(str(problem))
