"""GPUs for tasks: asked for where a cluster lets stages ask, and left out quietly where it does not."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from faquarry.spark import devices

pytestmark = pytest.mark.spark


class Configured:
    """A session whose settings say that executors have GPUs; everything else is the real one."""

    def __init__(self, spark: SparkSession, **settings: str) -> None:
        self._spark = spark
        self._conf = spark.sparkContext.getConf().setAll(
            [(key.replace("_", "."), value) for key, value in settings.items()]
        )

    @property
    def sparkContext(self) -> Configured:
        return self

    def getConf(self) -> object:
        return self._conf

    @property
    def _jsc(self) -> object:
        return self._spark.sparkContext._jsc


def test_local_mode_asks_for_no_resources(spark: SparkSession) -> None:
    assert devices.gpu_profile(spark, "auto") is None
    having = Configured(spark, spark_executor_resource_gpu_amount="2", spark_executor_cores="8")
    assert devices.gpu_profile(having, "auto") is None  # type: ignore[arg-type]
    assert devices.gpu_profile(having, "cpu") is None  # type: ignore[arg-type]


def test_executors_with_gpus_give_each_task_one(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_supported", lambda *_: True)
    having = Configured(spark, spark_executor_resource_gpu_amount="2", spark_executor_cores="8")
    profile = devices.gpu_profile(having, "auto")  # type: ignore[arg-type]
    assert profile is not None
    wanted = {name: request.amount for name, request in profile.taskResources.items()}
    assert wanted == {"cpus": 4.0, "gpu": 1.0}
    assert not profile.executorResources
    dynamic = Configured(spark, spark_dynamicAllocation_enabled="true", spark_executor_cores="4")
    assert devices.gpu_profile(dynamic, "auto") is None  # type: ignore[arg-type]
    asked = devices.gpu_profile(dynamic, "cuda")  # type: ignore[arg-type]
    assert asked is not None
    assert asked.executorResources["gpu"].amount == 1
    given = Configured(spark, spark_task_resource_gpu_amount="1", spark_executor_resource_gpu_amount="1")
    assert devices.gpu_profile(given, "cuda") is None  # type: ignore[arg-type]


def test_the_driver_has_no_task(spark: SparkSession) -> None:
    assert devices.task_threads() == 1
    assert devices.task_device("cpu", lambda: 8) == "cpu"
    assert devices.task_device("auto", lambda: 0) == "cpu"
    assert devices.task_device("auto", lambda: 2) == "cuda:0"
    with pytest.raises(RuntimeError, match="sees no GPU"):
        devices.task_device("cuda", lambda: 0)


@pytest.mark.parametrize(
    ("address", "visible", "index"),
    [("0", None, 0), ("3", "", 3), ("5", "4,5", 1), ("0", "4,5", 0), ("GPU-7f", "GPU-3a,GPU-7f", 1), ("7", "0", 0)],
)
def test_addresses_are_places_among_what_is_visible(address: str, visible: str | None, index: int) -> None:
    assert devices.cuda_index(address, visible) == index
