"""A standalone cluster on this machine: a master and workers as processes of their own, with GPU addresses that a discovery
script tells, and spark-submit against it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pyspark

__all__ = ["SPARK_HOME", "Cluster", "asked", "free_port", "history_server", "standalone"]

SPARK_HOME = Path(pyspark.__file__).parent
"""A whole Spark: its jars, its commands, and its own pyspark as zip files under python/lib."""


@dataclass(frozen=True)
class Cluster:
    """A running cluster. `work` holds a folder an application, with the executors' output; `discovery` tells GPUs."""

    master: str
    work: Path
    discovery: Path

    def submit(
        self, *command: str, conf: Mapping[str, str], cwd: Path, timeout_s: float = 900.0
    ) -> subprocess.CompletedProcess[str]:
        """``spark-submit`` with nothing of this environment's Python on the path."""
        settings = {"spark.master": self.master, **conf}
        options = [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
        return subprocess.run(
            [str(SPARK_HOME / "bin" / "spark-submit"), *options, *command],
            env=_environment(),
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def executor_logs(self) -> str:
        """What all executors, and the Python workers beside them, wrote on standard error."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.work.glob("app-*/*/stderr")))


@contextmanager
def standalone(folder: Path, workers: int = 2, cores: int = 2, gpus: int = 1) -> Iterator[Cluster]:
    """Starts a master and workers, each with `gpus` addresses of its own; ends them."""
    port, work = free_port(), folder / "work"
    script = folder / "gpus.sh"
    found = json.dumps({"name": "gpu", "addresses": [str(number) for number in range(gpus)]})
    script.write_text(f"#!/bin/sh\necho '{found}'\n")
    script.chmod(0o755)
    announced = folder / "worker.conf"
    announced.write_text(
        f"spark.worker.resource.gpu.amount {gpus}\nspark.worker.resource.gpu.discoveryScript {script}\n"
    )
    master = f"spark://127.0.0.1:{port}"
    deploy = "org.apache.spark.deploy"
    commands: list[Sequence[str]] = [
        (f"{deploy}.master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0")
    ]
    commands += [
        (
            *(f"{deploy}.worker.Worker", master, "--cores", str(cores), "--memory", "3g", "--host", "127.0.0.1"),
            *("--webui-port", "0", "--work-dir", str(work), "--properties-file", str(announced)),
        )
        for _ in range(workers)
    ]
    started = [_daemon(command, folder / f"daemon-{number}.log") for number, command in enumerate(commands)]
    try:
        log = folder / "daemon-0.log"
        deadline = time.monotonic() + 120
        while len(re.findall(r"Registering worker", log.read_text())) < workers:
            if time.monotonic() > deadline or any(process.poll() is not None for process in started):
                raise RuntimeError(log.read_text()[-2000:])
            time.sleep(0.2)
        yield Cluster(master, work, script)
    finally:
        for process in started:
            os.killpg(process.pid, signal.SIGTERM)
        for process in started:
            process.wait(60)


@contextmanager
def history_server(events: str, folder: Path) -> Iterator[str]:
    """-> the address of a history server that has read the event logs under `events`."""
    port = free_port()
    settings = folder / "history.conf"
    settings.write_text(f"spark.history.fs.logDirectory {events}\nspark.history.ui.port {port}\n")
    command = ("org.apache.spark.deploy.history.HistoryServer", "--properties-file", str(settings))
    server = _daemon(command, folder / "history.log")
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 120
        while not _listed(address):
            if time.monotonic() > deadline or server.poll() is not None:
                raise RuntimeError((folder / "history.log").read_text()[-2000:])
            time.sleep(0.5)
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(60)


def asked(address: str) -> Any:
    """What a server answers, read as JSON."""
    with urlopen(address, timeout=30) as answer:
        return json.load(answer)


def _listed(address: str) -> bool:
    try:
        return bool(asked(f"{address}/api/v1/applications"))
    except OSError:
        return False


def _daemon(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            [str(SPARK_HOME / "bin" / "spark-class"), *command],
            env={**_environment(), "SPARK_DAEMON_MEMORY": "512m"},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _environment() -> dict[str, str]:
    """This process's, without what would lead driver or workers to another Python or another pyspark."""
    dropped = ("PYSPARK_", "PYTHON", "VIRTUAL_ENV", "SPARK_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return {**kept, "SPARK_HOME": str(SPARK_HOME), "SPARK_LOCAL_HOSTNAME": "127.0.0.1", "SPARK_LOCAL_IP": "127.0.0.1"}


def free_port() -> int:
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
