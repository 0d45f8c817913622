"""The whole pipeline on a cluster whose workers have nothing of ours: the packed environment travels with the job."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from faquarry.lake import TABLES
from tests.cluster.standalone import Cluster, asked, history_server, standalone
from tests.jobs import faquarry
from tests.lakes import content

ROOT = Path(__file__).parents[2]
SAMPLE = ("sample", "--graph", "--set=groups.clusters=12", "--set=groups.min_size=8", "--no-train", "--no-report")

pytestmark = [pytest.mark.slow, pytest.mark.spark, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make package` makes."""
    folder = tmp_path_factory.mktemp("packed") / "dist"
    subprocess.run(["sh", str(ROOT / "tools" / "package.sh"), str(folder)], check=True, timeout=600)
    return folder


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with standalone(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(scope="module")
def conf(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """What differs from conf/spark-standalone.conf on a machine of two cores."""
    events = tmp_path_factory.mktemp("events")
    return {
        "spark.driver.memory": "1g",
        "spark.executor.cores": "1",
        "spark.executor.memory": "1g",
        "spark.executor.memoryOverhead": "384m",
        "spark.sql.shuffle.partitions": "4",
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.speculation": "false",
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.eventLog.dir": events.as_uri(),
    }


@pytest.fixture(scope="module")
def lake(cluster: Cluster, conf: Mapping[str, str], packed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample web, from archives to evaluations, on the cluster; submitted from the folder that was packed."""
    folder = tmp_path_factory.mktemp("lake") / "lake"
    properties = ("--properties-file", "dist/conf/spark-standalone.conf")
    done = cluster.submit(*properties, "dist/jobs/run.py", *SAMPLE, "--lake", str(folder), conf=conf, cwd=packed.parent)
    assert done.returncode in (0, 4), (done.stdout + done.stderr)[-4000:]  # 4: the sample holds damaged records
    return folder


def test_nothing_of_ours_is_installed(packed: Path) -> None:
    found = subprocess.run(
        [str(packed / "environment/bin/python"), "-c", "import faquarry; print(faquarry.__file__); import pyspark"],
        capture_output=True,
        text=True,
        check=False,
        cwd=packed,
    )
    assert found.stdout.startswith(str(packed))
    assert "No module named 'pyspark'" in found.stderr


def test_the_rows_are_those_of_local_mode(lake: Path, tmp_path: Path) -> None:
    local = tmp_path / "lake"
    done = faquarry("run", *SAMPLE, f"--lake={local}", "--set=spark.master=local[2]", timeout_s=900)
    assert done.returncode in (0, 4), done.stderr
    theirs, ours = content(lake), content(local)
    public = [name for name, table in TABLES.items() if not table.internal and name != "runs"]
    assert [name for name in public if theirs[name] != ours[name]] == []
    assert sum(map(len, ours.values())) > 10_000


def test_tasks_say_what_they_did(lake: Path, cluster: Cluster) -> None:
    lines = [json.loads(line) for line in cluster.executor_logs().splitlines() if line.startswith('{"at"')]
    by_name = {line["faquarry"]: line for line in lines}
    assert {"extract", "graph", "sign", "embed", "label", "align", "search", "mine"} <= set(by_name)
    assert sum(line["texts"] for line in lines if line["faquarry"] == "embed") > 1_000
    assert by_name["extract"]["archive_bytes/s"] > 0
    assert by_name["embed"]["tokens/s"] > 0
    assert all(line["seconds"] >= 0 and line["rows_out"] >= 0 for line in lines)


def test_the_history_server_reads_the_event_logs(lake: Path, conf: Mapping[str, str], tmp_path: Path) -> None:
    with history_server(conf["spark.eventLog.dir"], tmp_path) as address:
        applications = asked(f"{address}/api/v1/applications")
        run = next(one for one in applications if one["name"] == "faquarry extract")
        stages = asked(f"{address}/api/v1/applications/{run['id']}/stages")
    assert run["attempts"][0]["completed"]
    assert len(stages) > 20
    assert all(stage["status"] in ("COMPLETE", "SKIPPED") for stage in stages)


def test_a_stage_that_asks_gets_a_gpu_a_task(cluster: Cluster, conf: Mapping[str, str], packed: Path) -> None:
    script = Path(__file__).with_name("ask_for_gpus.py")
    properties = ("--properties-file", "dist/conf/spark-standalone.conf")
    done = cluster.submit(*properties, str(script), conf=conf, cwd=packed.parent, timeout_s=300)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    said = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("SEEN ")).removeprefix("SEEN "))
    assert said["profile"]
    assert {(row["device"], row["address"]) for row in said["rows"]} == {("cuda:0", "0")}
