"""Which device a task has, and how tasks come to have GPUs.

Spark hands out GPUs as resources: a task asks its context for the address. Where stages may ask for their own resources
(YARN, Kubernetes, standalone), only the stage that encodes takes GPUs; elsewhere the application's own
`spark.task.resource.gpu.amount` decides for all tasks, and without one a machine's GPUs are shared out by the number of
the task, one at a time each.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.resource import ResourceProfile
    from pyspark.sql import SparkSession

__all__ = ["Devices", "cuda_index", "devices_of", "gpu_profile", "local_gpus", "task_device", "task_threads"]

_GPU = "gpu"


@dataclass(frozen=True)
class Devices:
    """Where a stage's tasks run a model: what each asks of the cluster, and the GPUs of this machine that they share."""

    profile: ResourceProfile | None = None
    shared: int = 0


def devices_of(spark: SparkSession, kind: str, wanted: str) -> Devices:
    """For a model of a kind, and a device that the settings name (auto, cpu, cuda). The packaged models need no GPU."""
    if kind == "packaged" or wanted == "cpu":
        return Devices()
    profile = gpu_profile(spark, wanted)
    here = profile is None and str(spark.sparkContext.master).startswith("local[")
    return Devices(profile, local_gpus() if here else 0)


def task_device(wanted: str, seen: Callable[[], int], setting: str = "embed.device") -> str:
    """The device of the running task: ``cpu`` or ``cuda:N``.

    Args:
        wanted: auto, cpu or cuda.
        seen: counts the GPUs that this process sees; called where Spark has given none.
        setting: what says so, for the error.

    Raises:
        RuntimeError: `cuda` is wanted and there is none.
    """
    if wanted == "cpu":
        return "cpu"
    from pyspark import TaskContext

    context = TaskContext.get()
    given = context.resources().get(_GPU) if context is not None else None
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if given is not None and given.addresses:
        return f"cuda:{cuda_index(given.addresses[0], visible)}"
    count = seen()
    if count:
        number = context.partitionId() if context is not None else 0
        return f"cuda:{number % count}"
    if wanted == "cuda":
        raise RuntimeError(f"{setting} is cuda, and the worker sees no GPU: set it to auto or cpu.")
    return "cpu"


def cuda_index(address: str, visible: str | None) -> int:
    """Where torch counts the GPU of an address that Spark gave, if only the `visible` ones can be seen.

    >>> cuda_index("1", None), cuda_index("5", "4,5"), cuda_index("0", "4,5"), cuda_index("GPU-7f", "GPU-3a,GPU-7f")
    (1, 1, 0, 1)
    """
    shown = [name.strip() for name in (visible or "").split(",") if name.strip()]
    if address in shown:
        return shown.index(address)
    index = int(address) if address.isdigit() else 0  # an unlisted name: the container shows this one GPU alone
    return index if not shown or index < len(shown) else 0


def task_threads() -> int:
    """Cores that Spark gives the running task."""
    from pyspark import TaskContext

    context = TaskContext.get()
    return max(1, context.cpus()) if context is not None else 1


def local_gpus() -> int:
    """GPUs of this machine, told by the driver's own program; 0 where it is not there."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return 0
    done = subprocess.run([program, "-L"], capture_output=True, text=True, timeout=30, check=False)
    return sum(line.startswith("GPU ") for line in done.stdout.splitlines())


def gpu_profile(spark: SparkSession, wanted: str) -> ResourceProfile | None:
    """What a stage on GPUs asks of the cluster; None where tasks have GPUs anyway, are not to, or cannot ask.

    Where executors come and go (dynamic allocation) and `wanted` is cuda, executors with a GPU are started for the stage
    alone, as ``spark.faquarry.gpu.discoveryScript`` and ``.vendor`` say where the cluster does not know. Executors that were
    started with GPUs (`spark.executor.resource.gpu.amount`) are used as they are, a GPU a task.
    """
    conf = spark.sparkContext.getConf()
    if wanted == "cpu" or conf.contains("spark.task.resource.gpu.amount"):
        return None
    have = float(conf.get("spark.executor.resource.gpu.amount", "0") or 0)
    dynamic = conf.get("spark.dynamicAllocation.enabled", "false") == "true"
    if not have and not (wanted == "cuda" and dynamic):
        return None
    from pyspark.resource import ExecutorResourceRequests, ResourceProfileBuilder, TaskResourceRequests

    cores, gpus = int(conf.get("spark.executor.cores", "1") or 1), have or 1.0
    task_cpus = max(1, int(cores // max(1.0, gpus)))
    builder = ResourceProfileBuilder().require(TaskResourceRequests().cpus(task_cpus).resource(_GPU, 1))
    if dynamic:  # such a cluster starts executors by the profile, which then has to name all that they have

        def told(what: str) -> str:
            own = conf.get(f"spark.executor.resource.gpu.{what}", "") or ""
            return conf.get(f"spark.faquarry.gpu.{what}", own) or ""

        gpu = (_GPU, int(gpus), told("discoveryScript"), told("vendor"))
        executor = ExecutorResourceRequests().cores(cores).resource(*gpu)
        for ask, name in ((executor.memory, "memory"), (executor.memoryOverhead, "memoryOverhead")):
            if amount := conf.get(f"spark.executor.{name}", ""):
                ask(amount)
        builder = builder.require(executor)
    profile = builder.build
    return profile if _supported(spark, profile) else None


def _supported(spark: SparkSession, profile: Any) -> bool:
    """Whether this cluster manager lets a stage ask (local mode does not, nor standalone without dynamic allocation)."""
    from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]

    context: Any = spark.sparkContext
    try:
        manager = context._jsc.sc().resourceProfileManager()
        return bool(manager.isSupported(profile._java_resource_profile))
    except Py4JJavaError:
        return False
