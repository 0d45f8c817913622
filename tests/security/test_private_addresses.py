"""`sources.allow_private_addresses = false`: no spelling of an inner address, and no way round, leads inside."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from faquarry.config.settings import SourceSettings
from faquarry.errors import SourceError
from faquarry.web import address
from faquarry.web.files import open_random, open_range
from faquarry.web.sources import resolve

CLOSED = SourceSettings(allow_private_addresses=False, retries=0, backoff_s=0.01, timeout_s=1.0)

INNER = [
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "0", "0.0.0.0",
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "0xa9fea9fe", "2852039166", "198.18.0.1",
    "224.0.0.1", "255.255.255.255", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2002:a9fe:a9fe::]", "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]",
    "[2001:0:53aa:64c:0:0:80ff:fffe]", "localhost", "LOCALHOST", "localhost.", "a.localhost", "printer.local", "metadata.google.internal",
    "127.0.0.1.", "①②⑦.⓪.⓪.①", "１２７.０.０.１", "127。0。0。1",
]  # fmt: skip


class _Inside(BaseHTTPRequestHandler):
    """A service of the inner network that must never be asked."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def inside() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Inside)
    server.asked = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
    assert server.asked == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("host", INNER)
@pytest.mark.parametrize("user", ["", "public.example@", "public.example:80@"])
def test_every_spelling_of_an_inner_address(inside: ThreadingHTTPServer, host: str, user: str) -> None:
    with pytest.raises(SourceError) as told:
        open_range(f"http://{user}{host}:{inside.server_port}/secret", 0, None, CLOSED)
    assert "public.example:80@" not in str(told.value)


@pytest.mark.parametrize(
    "ip", ["2001:0:53aa:64c:0:0:80ff:fffe", "64:ff9b:1::1", "::127.0.0.1", "fec0::1", "3fff::1", "100::1", "192.0.0.1", "240.0.0.1", "fe80::1%eth0"]
)  # fmt: skip
def test_blocks_that_lead_nowhere_public(ip: str) -> None:
    assert not address.is_public(ip)


@pytest.mark.parametrize("ip", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34"])
def test_public_addresses_stay_public(ip: str) -> None:
    assert address.is_public(ip)


def test_one_private_answer_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with two addresses could be led to the inner one by refusing the outer one."""
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 80)) for ip in ("93.184.216.34", "10.0.0.5")]
    monkeypatch.setattr(address.socket, "getaddrinfo", lambda *args, **options: answers)
    with pytest.raises(SourceError, match=r"10\.0\.0\.5"):
        open_range("http://two-faced.example/a", 0, None, CLOSED)


@pytest.mark.parametrize("name", ["a.paths", "b.warc.gz"])
def test_what_a_manifest_names_is_checked_like_the_rest(inside: ThreadingHTTPServer, tmp_path: Path, name: str) -> None:
    manifest = tmp_path / "list.paths"
    manifest.write_text(f"http://2130706433:{inside.server_port}/{name}\n")
    (source,) = resolve([str(manifest)], CLOSED)
    assert source.kind == "unknown"
    assert source.error


def test_parquet_is_checked_too(inside: ThreadingHTTPServer) -> None:
    with pytest.raises(SourceError):
        open_random(f"http://127.1:{inside.server_port}/a.parquet", CLOSED)
