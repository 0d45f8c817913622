"""How close reading an archive comes to decompressing it: CPU seconds a compressed gigabyte, and ratios to `igzip -dc`.

Readers, each in a process of its own, user + system time after its imports, the best of a few rounds in turn:

    igzip       `igzip -dc FILE > /dev/null` (Debian package isal): the floor
    warcio      ArchiveIterator, and `needle in body`
    fastwarc    ArchiveIterator, responses only, and `needle in body`
    faquarry    `scan`, without Spark

    python -m benchmarks.scan [--size-gb 1.0] [--rounds 3]

Exit code 1 when a floor is missed, 2 when igzip is not installed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.make_crawl import make_crawl

__all__ = ["FLOORS", "run"]

FLOORS = {"faquarry / igzip": 1.5, "faquarry / fastwarc": 0.9}
"""Ratios of CPU time that must not be exceeded."""

DATA = Path(__file__).parent / "data"
NEEDLE = b"FAQPage"


def warcio(path: Path) -> Callable[[], int]:
    from warcio.archiveiterator import ArchiveIterator

    def read() -> int:
        with path.open("rb") as stream:
            records = (record for record in ArchiveIterator(stream) if record.rec_type == "response")
            return sum(NEEDLE in record.content_stream().read() for record in records)

    return read


def fastwarc(path: Path) -> Callable[[], int]:
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    def read() -> int:
        with path.open("rb") as stream:
            records = ArchiveIterator(stream, record_types=WarcRecordType.response)
            return sum(NEEDLE in record.reader.read() for record in records)

    return read


def faquarry(path: Path) -> Callable[[], int]:
    from faquarry.web.files import open_range
    from faquarry.web.record import ScanCounts
    from faquarry.web.warc import scan

    def read() -> int:
        with open_range(str(path)) as stream:
            return sum(1 for _ in scan(stream, counts=ScanCounts()))

    return read


READERS = {"warcio": warcio, "fastwarc": fastwarc, "faquarry": faquarry}


def measure(reader: str, path: Path) -> dict[str, float]:
    """Of one reader in this process: seconds of CPU, matches, and resident memory at its peak."""
    read = READERS[reader](path)
    before = os.times()
    matches = read()
    after = os.times()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"cpu_s": after.user - before.user + after.system - before.system, "matches": matches, "peak_mb": peak}


def measure_igzip(path: Path) -> dict[str, float]:
    process = subprocess.Popen(["igzip", "-dc", str(path)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"igzip cannot read {path}")
    return {"cpu_s": usage.ru_utime + usage.ru_stime, "peak_mb": usage.ru_maxrss / 1024}


def measure_apart(reader: str, path: Path) -> dict[str, float]:
    if reader == "igzip":
        return measure_igzip(path)
    command = [sys.executable, "-m", "benchmarks.scan", "--reader", reader, "--path", str(path)]
    root = Path(__file__).parent.parent
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=root)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def run(size_gb: float = 1.0, rounds: int = 3) -> dict[str, object]:
    """{"readers": {name: {"s_per_gb", "ratio", "peak_mb", "matches"}}, "ratios": {…}, "missed": [sentences], …}."""
    if shutil.which("igzip") is None:
        raise FileNotFoundError("igzip is not installed: apt-get install isal")
    path = DATA / f"crawl-{size_gb:g}GB.warc.gz"
    size = make_crawl(path, round(size_gb * 1e9))
    best: dict[str, dict[str, float]] = {}
    for turn in range(rounds):
        for reader in ("igzip", *READERS):
            if turn and reader == "warcio":
                continue  # slow, and no floor depends on it
            found = measure_apart(reader, path)
            if reader not in best or found["cpu_s"] < best[reader]["cpu_s"]:
                best[reader] = found
    counts = {reader: found["matches"] for reader, found in best.items() if "matches" in found}
    if len(set(counts.values())) != 1:
        raise RuntimeError(f"the readers do not agree on what matches: {counts}")
    floor = best["igzip"]["cpu_s"]
    readers = {
        reader: {**found, "s_per_gb": found["cpu_s"] / size * 1e9, "ratio": found["cpu_s"] / floor}
        for reader, found in best.items()
    }
    ratios = {name: _ratio(best, name) for name in FLOORS}
    missed = [
        f"{name} is {ratios[name]:.2f}, at most {limit}" for name, limit in FLOORS.items() if ratios[name] > limit
    ]
    return {"bytes": size, "readers": readers, "ratios": ratios, "missed": missed}


def _ratio(best: dict[str, dict[str, float]], name: str) -> float:
    over, _, under = name.partition(" / ")
    return best[over]["cpu_s"] / best[under]["cpu_s"]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size-gb", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the result here too")
    parser.add_argument("--reader", choices=READERS, help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.reader:
        print(json.dumps(measure(arguments.reader, arguments.path)))
        return 0
    try:
        result = run(arguments.size_gb, arguments.rounds)
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{'reader':<10} {'s/GB':>6} {'× igzip':>8} {'peak MB':>8}")
    readers = result["readers"]
    assert isinstance(readers, dict)
    for reader, found in sorted(readers.items(), key=lambda item: item[1]["cpu_s"]):
        print(f"{reader:<10} {found['s_per_gb']:>6.2f} {found['ratio']:>8.2f} {found['peak_mb']:>8.0f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1))
    missed = result["missed"]
    assert isinstance(missed, list)
    for sentence in missed:
        print("missed:", sentence)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
