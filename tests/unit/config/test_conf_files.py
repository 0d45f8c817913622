"""The files under conf/ say what the code and Kubernetes understand."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from faquarry.config.load import load
from faquarry.spark.jars import DELTA_PACKAGE
from faquarry.spark.session import REQUIRED

CONF = Path(__file__).parents[3] / "conf"
PROPERTIES = sorted(CONF.glob("spark-*.conf"))


def properties(path: Path) -> dict[str, str]:
    """The settings of a Spark properties file."""
    found = re.findall(r"^(spark\.[\w.]+)\s+(\S.*)$", path.read_text(), re.MULTILINE)
    assert len(found) == len(dict(found)), "a setting stands twice"
    return dict(found)


@pytest.mark.parametrize("path", PROPERTIES, ids=lambda path: path.stem)
def test_what_delta_needs_is_there(path: Path) -> None:
    said = properties(path)
    own = {name: value for name, value in REQUIRED.items() if name != "spark.sql.session.timeZone"}
    assert {name: said.get(name) for name in own} == own
    assert said.get("spark.jars.packages", DELTA_PACKAGE) == DELTA_PACKAGE
    assert "spark.jars.packages" in said or "jars" in said["spark.jars"]


@pytest.mark.parametrize("path", PROPERTIES, ids=lambda path: path.stem)
def test_every_group_of_lines_is_explained(path: Path) -> None:
    groups = [group for group in path.read_text().split("\n\n") if re.search(r"^spark\.", group, re.MULTILINE)]
    assert groups
    assert [group for group in groups if not group.startswith("# ") and not group.startswith("spark.master")] == []


@pytest.mark.parametrize("name", ["local.toml", "cluster.toml"])
def test_settings_are_known(name: str) -> None:
    assert load(CONF / name).settings.lake


@pytest.mark.parametrize("path", sorted(CONF.glob("kubernetes/*.yaml")), ids=lambda path: path.stem)
def test_pods_are_pods(path: Path) -> None:
    import kubernetes_validate

    pod = yaml.safe_load(path.read_text())
    kubernetes_validate.validate(pod, kubernetes_validate.latest_version(), strict=True)
    [container] = pod["spec"]["containers"]
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["spec"]["volumes"]}
    assert pod["spec"]["securityContext"]["runAsNonRoot"]
    limits = container.get("resources", {}).get("limits", {})
    assert ("nvidia.com/gpu" in limits) == path.stem.endswith("gpu")


def test_templates_that_are_named_exist() -> None:
    named = re.findall(r"podTemplateFile\s+(\S+)", (CONF / "spark-kubernetes.conf").read_text())
    assert len(named) == 3
    assert [value for value in named if not (CONF.parent / value).is_file()] == []


@pytest.mark.parametrize(("listed", "addresses"), [("0\n1\n", ["0", "1"]), ("", [])])
def test_the_discovery_script_prints_what_spark_reads(listed: str, addresses: list[str], tmp_path: Path) -> None:
    program = tmp_path / "nvidia-smi"  # what the driver's program prints for these arguments
    program.write_text(f"#!/bin/sh\nprintf '{listed}'\n")
    program.chmod(0o755)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run(["sh", str(CONF / "gpus.sh")], env=env, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"name": "gpu", "addresses": addresses}
