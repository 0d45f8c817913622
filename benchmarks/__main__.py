"""``python -m benchmarks [NAME…]``: runs benchmarks, prints a table, keeps the figures, fails below a floor.

Figures go to benchmarks/results/NAME.json together with machine, versions and commit, so that two commits can be laid side
by side.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAMES = (
    "scan",
    "extract_page",
    "language",
    "spark_extract",
    "dedup",
    "encode",
    "encode_quality",
    "embed",
    "score",
    "align",
    "search",
    "false_negatives",
    "export",
    "train",
    "recipes",
    "graph",
    "perturb",
    "robustness",
    "report",
    "skew",
    "scale",
    "public_way",
    "layout",
)
RESULTS = Path(__file__).parent / "results"


def main(names: list[str]) -> int:
    missed = []
    for name in names or NAMES:
        if name not in NAMES:
            sys.exit(f"There is no benchmark {name}: there are {', '.join(NAMES)}.")
        print(f"== {name}", flush=True)
        figures = importlib.import_module(f"benchmarks.{name}").run()
        RESULTS.mkdir(exist_ok=True)
        record = {"benchmark": name, "at": time.strftime("%Y-%m-%d"), **_machine(), "figures": figures}
        (RESULTS / f"{name}.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        for key, value in _flat(figures):
            print(f"  {key:<40} {value}")
        missed += [f"{name}.{key}" for key in figures.get("missed", ())]
    if missed:
        print(f"below the floor: {', '.join(missed)}")
    return 1 if missed else 0


def _machine() -> dict[str, Any]:
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "commit": commit.stdout.strip(),
        "cpu": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def _flat(node: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _flat(value, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(node, list) and node and isinstance(node[0], dict):
        for number, value in enumerate(node):
            yield from _flat(value, f"{prefix}[{number}]")
    else:
        yield prefix, f"{node:.4g}" if isinstance(node, float) else str(node)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
