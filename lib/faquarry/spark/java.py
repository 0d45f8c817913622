"""Finding a Java that Spark can start, and saying what to do when there is none."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from faquarry.errors import EnvironmentProblem

__all__ = ["SUPPORTED", "java_version", "require_java"]

SUPPORTED = (17, 21)


def java_version() -> tuple[str, int] | None:
    """(path of the java program, its major version), by JAVA_HOME, then PATH; None when there is none."""
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if program is None or not Path(program).exists():
        return None
    done = subprocess.run([program, "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "(\d+)', done.stderr)
    return (program, int(found.group(1))) if found else None


def require_java() -> None:
    """Raises EnvironmentProblem with what to install unless Java 17 or 21 answers."""
    remedy = "install Java 17 (Debian: apt-get install openjdk-17-jre-headless) or set JAVA_HOME"
    found = java_version()
    if found is None:
        home = os.environ.get("JAVA_HOME")
        where = f"under JAVA_HOME={home}" if home else "on the PATH"
        raise EnvironmentProblem(f"Spark needs Java, and there is none {where}: {remedy}.")
    program, major = found
    if major not in SUPPORTED:
        raise EnvironmentProblem(f"Spark 4.2 runs on Java 17 or 21, and {program} is Java {major}: {remedy}.")
