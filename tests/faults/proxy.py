"""A server between a client and a store that lets requests through, or answers them as bad days do."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

__all__ = ["Proxy", "proxied"]

Trouble = Callable[[int], str]
"""What befalls the n-th request: "" nothing, "500" and such that answer, "reset", "stall", "cut" (half of the body, then a
reset), "trickle" (all of it, a little at a time)."""

_HOP = {"connection", "transfer-encoding", "keep-alive", "content-length"}
TRICKLE_BYTES, TRICKLE_S = 4096, 0.02


class Proxy(ThreadingHTTPServer):
    """Counts requests of `method` and troubles them as `trouble` says; all others go through."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = urlsplit(behind)
        self.trouble: Trouble = lambda number: ""
        self.method = "GET"
        self.seen: list[str] = []
        self.released = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Connections break here on purpose."""


@contextmanager
def proxied(behind: str) -> Iterator[Proxy]:
    """A proxy before `behind`, until the end."""
    proxy = Proxy(behind)
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield proxy
    proxy.released.set()
    proxy.shutdown()
    thread.join()
    proxy.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        trouble = ""
        if self.command == self.server.method:
            trouble = self.server.trouble(len(self.server.seen))
            self.server.seen.append(trouble)
        if trouble == "reset":
            self._reset()
        elif trouble == "stall":
            self.server.released.wait(30)
            self.close_connection = True
        elif trouble.isdigit():
            said = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
            self.send_response(int(trouble))
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)
        else:
            self._pass_on(body, trouble)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer

    def _pass_on(self, body: bytes, trouble: str) -> None:
        behind = http.client.HTTPConnection(self.server.behind.hostname or "", self.server.behind.port, timeout=30)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        behind.request(self.command, self.path, body, {**headers, "Host": self.server.behind.netloc})
        answer = behind.getresponse()
        told = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP:
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(told))
        self.send_header("Content-Length", length or "0")
        self.end_headers()
        behind.close()
        if trouble == "cut":
            self.wfile.write(told[: len(told) // 2])
            self._reset()
        elif trouble == "trickle":
            for at in range(0, len(told), TRICKLE_BYTES):
                self.wfile.write(told[at : at + TRICKLE_BYTES])
                self.wfile.flush()
                time.sleep(TRICKLE_S)
        else:
            self.wfile.write(told)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True
