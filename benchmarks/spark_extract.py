"""The whole of `faquarry extract` through Spark, as CPU seconds of all processes a further compressed GB.

    python -m benchmarks spark_extract

Archives of several sizes are extracted into fresh lakes; a line through the CPU seconds tells what one more GB costs, so
that the start of the JVM does not count, and how straight it is tells whether the cost is linear. `igzip -dc` over the
same bytes in the same run is the floor that nothing can go below.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cpu import measured
from benchmarks.make_crawl import make_crawl

__all__ = ["FLOORS", "run"]

DATA = Path(__file__).parent / "data"
SIZES_GB = (0.1, 0.5, 1.0, 2.0, 4.0)
PIECE_GB = 0.5  # an archive; Common Crawl's have 0.7 to 1.2 GB

# name -> (bound, True when the figure must not exceed it)
FLOORS: dict[str, tuple[float, bool]] = {
    "times_igzip": (2.2, True),
    "worker_mb": (600.0, True),
    "largest_residual_share": (0.15, True),  # of the largest total; the JVM alone varies by 5 s
}


def run(sizes_gb: Sequence[float] = SIZES_GB) -> dict[str, Any]:
    """`points` (GB, CPU s, wall s a size), `s_per_gb` (slope), `igzip_s_per_gb`, `times_igzip`, `worker_mb`, `missed`."""
    pieces = [piece(number) for number in range(round(max(sizes_gb) / PIECE_GB))]
    floor = measured([_igzip(), "-dc", *(str(path) for path in pieces[:4])])
    floor_s = floor.cpu_s / _gb(pieces[:4])
    points = []
    worker_mb = 0.0
    for size in sizes_gb:
        files = pieces[: max(1, round(size / PIECE_GB))] if size >= PIECE_GB else [piece(0, size)]
        with tempfile.TemporaryDirectory(prefix="faquarry-bench-") as folder:
            lake = ["--lake", f"{folder}/lake", "--set", "log.progress=none"]
            used = measured([sys.executable, "-m", "faquarry", "extract", *map(str, files), *lake])
        worker_mb = max(worker_mb, used.worker_mb)
        points.append({"gb": _gb(files), "cpu_s": used.cpu_s, "wall_s": used.wall_s})
        said = f"{used.cpu_s:.1f} CPU s, {used.wall_s:.1f} s, worker {used.worker_mb:.0f} MB"
        print(f"  {points[-1]['gb']:.2f} GB: {said}", flush=True)
    gb, cpu = (np.array([point[name] for point in points]) for name in ("gb", "cpu_s"))
    large = gb >= 0.9
    slope, start = np.polyfit(gb[large], cpu[large], 1)
    residual = np.abs(cpu - (slope * gb + start)).max() / cpu.max()
    result: dict[str, Any] = {
        "points": points,
        "s_per_gb": float(slope),
        "start_cpu_s": float(start),
        "igzip_s_per_gb": floor_s,
        "times_igzip": float(slope) / floor_s,
        "largest_residual_share": float(residual),
        "worker_mb": worker_mb,
    }
    _plot(result)
    result["missed"] = [
        name for name, (bound, most) in FLOORS.items() if (result[name] > bound if most else result[name] < bound)
    ]
    return result


def _plot(result: dict[str, Any]) -> None:
    """docs/growth.png: CPU seconds against size, with the line and with what decompression alone takes."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    gb, cpu = ([point[name] for point in result["points"]] for name in ("gb", "cpu_s"))
    ends = np.array([0.0, max(gb)])
    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    axes.plot(ends, result["start_cpu_s"] + ends * result["s_per_gb"], color="#1f6f8b", linewidth=1)
    axes.plot(gb, cpu, "o", color="#1f6f8b", label=f"faquarry extract: {result['s_per_gb']:.1f} s a further GB")
    axes.plot(
        ends, ends * result["igzip_s_per_gb"], color="0.6", label=f"igzip -dc: {result['igzip_s_per_gb']:.1f} s a GB"
    )
    axes.set(xlabel="compressed GB", ylabel="CPU seconds of all processes", xlim=(0, None), ylim=(0, None))
    axes.legend(frameon=False)
    figure.savefig(Path(__file__).parents[1] / "docs" / "growth.png", dpi=110)


def piece(number: int, gb: float = PIECE_GB) -> Path:
    """An archive of its own (no page twice); made once and kept under benchmarks/data."""
    path = DATA / f"piece-{gb:g}GB-{number}.warc.gz"
    if not path.exists():
        DATA.mkdir(exist_ok=True)
        part = path.with_suffix(".part")
        make_crawl(part, int(gb * 1e9), seed=1000 + number)
        part.rename(path)
    return path


def _gb(files: Sequence[Path]) -> float:
    return sum(path.stat().st_size for path in files) / 1e9


def _igzip() -> str:
    program = shutil.which("igzip")
    if program is None:
        raise SystemExit("igzip is not installed, and it is the floor to compare with: apt-get install isal")
    return program
