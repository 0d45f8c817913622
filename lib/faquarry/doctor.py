"""``faquarry doctor``: one line a thing that must be right, and what to do where it is not."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from faquarry.config.settings import Settings
from faquarry.errors import FaquarryError
from faquarry.lake import Lake

__all__ = ["diagnose"]

Finding = tuple[bool | None, str]  # True: well, False: must be mended, None: worth knowing


def diagnose(settings: Settings) -> int:
    """Prints a line a check. -> 0, or 2 when something must be mended."""
    broken = 0
    marks = {True: "ok  ", False: "FAIL", None: "note"}
    for name, check in _checks(settings):
        try:
            findings = list(check())
        except FaquarryError as error:
            findings = [(False, str(error))]
        for state, sentence in findings:
            print(f"{marks[state]}  {name:<8} {sentence}", flush=True)
            broken += state is False
    return 2 if broken else 0


def _checks(settings: Settings) -> Iterator[tuple[str, Callable[[], Iterator[Finding]]]]:
    yield "python", lambda: _python()
    yield "java", _java
    yield "jars", _jars
    yield "spark", lambda: _spark(settings)
    yield "extras", _extras
    yield "memory", _memory
    yield "disk", lambda: _disk(settings)
    yield "gpu", _gpu
    yield "lake", lambda: _lake(settings)


def _python() -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield (3, 11) <= sys.version_info[:2] < (3, 13), f"{version} at {sys.executable} (3.11 or 3.12 is needed)"
    worker = os.environ.get("PYSPARK_PYTHON")
    if worker and Path(worker).resolve() != Path(sys.executable).resolve():
        yield None, f"workers will run PYSPARK_PYTHON={worker}, another interpreter than this one"


def _java() -> Iterator[Finding]:
    from faquarry.spark.java import java_version, require_java

    require_java()
    found = java_version()
    if found:
        yield True, f"{found[1]} at {found[0]}"


def _jars() -> Iterator[Finding]:
    from faquarry.spark.jars import DELTA_PACKAGE, find_jars, jars_folder

    found = find_jars()
    if found:
        yield True, f"{len(found)} files of {DELTA_PACKAGE} in {jars_folder()}"
    else:
        yield False, f"Delta's jars are not in {jars_folder()}: run make setup, or python -m faquarry.spark.jars"


def _spark(settings: Settings) -> Iterator[Finding]:
    from faquarry.spark.session import get_session

    session = get_session(settings.spark, "faquarry doctor")
    workers = _worker_pythons(session)
    ours = f"{sys.version_info[0]}.{sys.version_info[1]}"
    where = f"{session.version} on {session.sparkContext.master}, {session.sparkContext.defaultParallelism} slots"
    yield True, where
    for version, package in workers:
        same = version == ours
        yield same, f"a worker runs Python {version} (the driver {ours}); faquarry there: {package}"
    session.stop()


def _worker_pythons(session) -> list[tuple[str, str]]:  # type: ignore[no-untyped-def]
    import pyarrow as pa

    def look(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import importlib.util as util
        import sys as worker

        for _ in batches:
            there = "importable" if util.find_spec("faquarry") else "MISSING (install it or send it by --archives)"
            version = f"{worker.version_info[0]}.{worker.version_info[1]}"
            yield pa.RecordBatch.from_pydict({"version": [version], "package": [there]})

    slots = min(8, session.sparkContext.defaultParallelism)
    rows = session.range(0, slots, 1, slots).mapInArrow(look, "version string, package string").distinct().collect()
    return [(row["version"], row["package"]) for row in rows]


def _extras() -> Iterator[Finding]:
    for package, extra, purpose in (
        ("torch", "models", "training and transformer models"),
        ("sentence_transformers", "models", "models by name or folder"),
        ("faiss", "models", "approximate search"),
        ("extruct", "extruct", "extract.parser = extruct"),
        ("langdetect", "langdetect", "language.detector = langdetect"),
        ("fasttext", "fasttext", "language.detector = fasttext"),
    ):
        if importlib.util.find_spec(package) is None:
            yield None, f"{package} is not installed ({purpose}): pip install 'faquarry[{extra}]'"


def _memory() -> Iterator[Finding]:
    meminfo = Path("/proc/meminfo")
    if not meminfo.exists():
        return
    values = dict(line.split(":", 1) for line in meminfo.read_text().splitlines() if ":" in line)
    free_gb = int(values["MemAvailable"].split()[0]) / 1e6
    cores = os.cpu_count() or 1
    needed = 2.0 + 0.6 * cores
    yield (
        free_gb >= needed,
        f"{free_gb:.1f} GB available; about {needed:.1f} GB are used with {cores} cores "
        "(fewer: --set spark.master='local[1]')",
    )


def _disk(settings: Settings) -> Iterator[Finding]:
    lake = Lake(settings.lake)
    for place in {tempfile.gettempdir(), _existing(lake.uri) if lake.is_local else tempfile.gettempdir()}:
        free_gb = shutil.disk_usage(place).free / 1e9
        yield free_gb >= 2, f"{free_gb:.1f} GB free in {place} (2 are little; Spark spills into the temporary folder)"


def _gpu() -> Iterator[Finding]:
    program = shutil.which("nvidia-smi")
    yield None, "nvidia-smi answers" if program else "no NVIDIA GPU here: models run on the CPU"


def _lake(settings: Settings) -> Iterator[Finding]:
    lake = Lake(settings.lake)
    tables = lake.tables()
    if lake.is_local:
        place = Path(_existing(lake.uri))
        if not place.is_dir():
            yield False, f"{lake.uri} cannot be written: {place} is a file"
            return
        if not os.access(place, os.W_OK | os.X_OK):
            yield False, f"{lake.uri} cannot be written by this user"
            return
    yield True, f"{lake.uri}: {', '.join(tables) if tables else 'no tables yet'}"


def _existing(path: str) -> str:
    """The nearest folder above that exists."""
    place = Path(path)
    while not place.exists():
        place = place.parent
    return str(place)
