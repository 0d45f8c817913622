"""Whether the largest sites and the largest language hold a whole crawl up: the plans of tasks that stages make, at full size.

    python -m benchmarks skew

Nothing is computed but who does what: the stages' own planning code is given 200 M pairs with WebFAQ 2.0's language shares
(its table 1) and site sizes that fall off as a power, the exponent varied, as nobody has published the true one. A plan is
judged by what the last core to end has to do over what each would do if work could be cut at will.
"""

from __future__ import annotations

import heapq
import math
import resource
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.make_web import SHARES
from faquarry.bitext.plan import TILED_TASKS, SiteSize, UnitSize, packed, rectangles, task_count
from faquarry.config.settings import AlignSettings
from faquarry.retrieval.search.plan import Share, tasks_of

__all__ = ["FLOORS", "run"]

PAIRS, CORES = 200_000_000, 1_000
TAILS = (1.0, 1.2, 1.5)
SMALLEST, LARGEST = 4, 4_000_000  # pairs of a site
SEVERAL_LANGUAGES = 0.3
OTHERS = 95  # languages that share what the table leaves

FLOORS: dict[str, tuple[float, bool]] = {"worst": (1.25, True)}


def run() -> dict[str, Any]:
    """`align` by exponent and `search`: tasks, `last_over_mean` (1 is perfect), what one task a site or language would give."""
    figures: dict[str, Any] = {"align": {str(tail): _align(tail) for tail in TAILS}, "search": _search()}
    figures["worst"] = max(
        figures["search"]["last_over_mean"], *(one["last_over_mean"] for one in figures["align"].values())
    )
    figures["missed"] = [name for name, (bound, _) in FLOORS.items() if figures[name] > bound]
    return figures


def makespan(costs: Sequence[float], cores: int = CORES) -> float:
    """When the last core ends, tasks taken in the order given by whichever is free."""
    busy = [0.0] * cores
    for one in costs:
        heapq.heapreplace(busy, busy[0] + one)
    return max(busy)


def _align(tail: float) -> dict[str, Any]:
    """Sites with several languages, small ones packed, large ones cut into rectangles."""
    rng, settings, started = np.random.default_rng(1), AlignSettings(), time.process_time()
    sites: list[SiteSize] = []
    large: list[UnitSize] = []
    left = PAIRS
    number = 0
    while left > 0:
        sizes = np.minimum(LARGEST, SMALLEST * rng.random(1 << 18) ** (-1 / tail)).astype(int)
        several = rng.random(1 << 18) < SEVERAL_LANGUAGES
        languages = rng.integers(2, 7, 1 << 18)
        for size, has_several, count in zip(sizes.tolist(), several.tolist(), languages.tolist(), strict=True):
            left -= size
            number += 1
            if has_several and size >= count:
                each = size // count
                if each * count > settings.tiled_above:
                    large += [UnitSize(f"s{number}", f"l{n}", each) for n in range(count)]
                else:
                    sites.append(SiteSize(f"s{number}", count, each * count, each * each * count * (count - 1) // 2))
            if left <= 0:
                break
    small = sum(site.cost for site in sites)
    tasks = task_count([site.cost for site in sites], settings.task_comparisons, CORES)
    by_task = [0.0] * tasks
    places = packed(sites, tasks)
    for site in sites:
        by_task[places[site.site]] += site.cost
    total = sum(a.rows * b.rows for a, b in _meetings(large))
    plan = rectangles(large, settings.block_rows, max(settings.task_comparisons, total / TILED_TASKS))
    block = settings.block_rows**2
    cut = [(one.left[1] - one.left[0]) * (one.right[1] - one.right[0]) * block for one in plan]
    work = small + sum(cut)
    whole = [float(sum(a.rows * b.rows for a, b in _meetings(units))) for units in _by_site(large)]
    return {
        **{"sites": number, "with_several_languages": len(sites) + len(whole), "tiled_sites": len(whole)},
        **{"tasks": tasks + len(plan), "comparisons": work},
        "last_over_mean": (makespan(by_task) + makespan(cut)) / (work / CORES),
        "a_task_a_site": (makespan(by_task) + makespan(sorted(whole, reverse=True))) / (work / CORES) if whole else 1.0,
        "planning_cpu_s": round(time.process_time() - started, 1),
        "driver_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _by_site(units: Sequence[UnitSize]) -> list[list[UnitSize]]:
    found: dict[str, list[UnitSize]] = {}
    for unit in units:
        found.setdefault(unit.site, []).append(unit)
    return list(found.values())


def _meetings(units: Sequence[UnitSize]) -> list[tuple[UnitSize, UnitSize]]:
    return [(a, b) for members in _by_site(units) for i, a in enumerate(members) for b in members[i + 1 :]]


def _search() -> dict[str, Any]:
    """English, a quarter of all pairs, beside a hundred languages: 1.25 M queries, each in its whole language."""
    rest = (100 - sum(SHARES.values())) / OTHERS
    shares = [*SHARES.items(), *((f"x{number}", rest) for number in range(OTHERS))]
    asked = [
        Share(name, round(12_500 * share), math.ceil(PAIRS * share / 1e7), round(PAIRS * share / 100), 0)
        for name, share in shares
    ]
    plan = tasks_of(asked, 20_000, CORES)
    sizes = {share.language: share.queries * share.documents for share in asked}
    slots: dict[int, float] = {}
    for task in plan:
        slots[task.slot] = slots.get(task.slot, 0) + sizes[task.language] / task.chunks / task.groups
    total = sum(sizes.values())
    return {
        **{"tasks": len(slots), "meetings": total, "english_share": sizes["en"] / total},
        "last_over_mean": makespan(sorted(slots.values(), reverse=True)) / (total / CORES),
        "a_task_a_language": makespan(sorted(map(float, sizes.values()), reverse=True)) / (total / CORES),
    }
