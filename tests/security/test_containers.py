"""What docker/ promises, as far as it can be told without an engine: docs/docker.md says how it was run for real."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8")
ENTRYPOINT = (ROOT / "docker" / "entrypoint.sh").read_text(encoding="utf-8")
RESULT = DOCKERFILE.split("\nFROM ")[-1]


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_services(name: str) -> None:
    service: dict[str, Any] = COMPOSE["services"][name]
    assert service["user"] == "10001:10001"
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "command"} <= service.keys()
    assert not service.get("privileged")
    for volume in service.get("volumes", ()):
        assert volume.split(":")[0] in COMPOSE["volumes"] or volume.endswith(":ro")
    for port in service.get("ports", ()):
        assert port.startswith("127.0.0.1:"), "nothing is offered to the network"
    for other in service.get("depends_on", ()):
        assert other in COMPOSE["services"]
    for extra in service.get("build", {}).get("args", {}).get("EXTRAS", "").split(","):
        assert not extra or f"\n{extra} = [" in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_first_words_are_what_the_entrypoint_knows(name: str) -> None:
    from faquarry.cli import VERBS

    word = COMPOSE["services"][name]["command"][0]
    parts = set(re.findall(r"^  ([a-z |-]+)\)$", ENTRYPOINT, re.MULTILINE))
    known = {one.strip() for part in parts for one in part.split("|")}
    assert word in known | {verb.name for verb in VERBS}


def test_files_that_services_name_are_in_the_image() -> None:
    for service in COMPOSE["services"].values():
        for word in service["command"]:
            if word.startswith("/opt/code/"):
                assert (ROOT / word.removeprefix("/opt/code/")).is_file()


def test_the_result_is_not_root_and_holds_no_installer() -> None:
    assert re.search(r"^USER 10001:10001$", RESULT, re.MULTILINE)
    assert RESULT.rindex("USER") > RESULT.rindex("RUN")
    assert not re.search(r"\b(?:gcc|g\+\+|make|build-essential|python3-pip|python3-venv|curl|wget|git)\b", RESULT)
    assert "COPY --from=packages /opt/uv" not in RESULT
    assert "HEALTHCHECK" not in RESULT.replace("no HEALTHCHECK", "")
    assert "org.opencontainers.image.licenses" in RESULT
    assert not re.search(r"(?i)(?:ARG|ENV) .*(?:secret|password|token)", DOCKERFILE)


def test_only_what_is_copied_is_sent_to_the_builder() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        word
        for line in DOCKERFILE.splitlines()
        if line.startswith("COPY") and "--from" not in line
        for word in line.split()[1:-1]
        if word[:1] != "-"
    }
    assert all(any(word == one or word.startswith(f"{one}/") for one in allowed) for word in copied), copied - allowed
    assert all((ROOT / word).exists() for word in copied)


def test_the_entrypoint_is_shell_that_parses() -> None:
    subprocess.run(["sh", "-n", str(ROOT / "docker" / "entrypoint.sh")], check=True)
