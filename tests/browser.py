"""A headless Chromium spoken to through a pipe (the DevTools protocol, one JSON message after the other, ended by a zero byte).

No driver and no package is needed. What the page says to its console and what it asks the network for is kept.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["Page", "browser_path", "opened"]


def browser_path() -> str | None:
    """Where a Chromium is, or None."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)


class Page:
    """A page in the browser. Made by `opened`."""

    def __init__(self, write: int, read: int) -> None:
        self._write, self._read, self._buffer, self._number = write, read, b"", 0
        self._session: str | None = None
        self.said: list[str] = []
        self.asked: list[str] = []
        self._loaded = False

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Sends a command and waits for its answer; events that come before it are kept."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            found = self._next()
            if found.get("id") == self._number:
                if "error" in found:
                    raise RuntimeError(f"{method}: {found['error']}")
                return dict(found["result"])

    def go(self, path: Path) -> None:
        """Opens a file and waits until it is loaded."""
        target = self.command("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.command(f"{domain}.enable")
        self._loaded = False
        self.command("Page.navigate", url=path.resolve().as_uri())
        while not self._loaded:
            self._next()

    def value(self, expression: str) -> Any:
        """What an expression is worth in the page; it runs there whatever the page's policy says."""
        found = self.command("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise RuntimeError(found["exceptionDetails"]["exception"].get("description", expression))
        return found["result"].get("value")

    def resize(self, width: int, height: int, *, phone: bool = False) -> None:
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone
        )

    def colours(self, scheme: str, medium: str = "screen") -> None:
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.command("Emulation.setEmulatedMedia", media=medium, features=features)

    def picture(self, path: Path, height: int | None = None) -> None:
        """Writes a PNG of what is in sight."""
        found = self.command("Page.captureScreenshot", format="png", captureBeyondViewport=height is not None)
        path.write_bytes(base64.b64decode(found["data"]))

    def _next(self) -> dict[str, Any]:
        until = time.monotonic() + 60
        while b"\0" not in self._buffer:
            if not select.select([self._read], [], [], max(0.0, until - time.monotonic()))[0]:
                raise TimeoutError("the browser says nothing")
            part = os.read(self._read, 1 << 20)
            if not part:
                raise ConnectionError("the browser has gone")
            self._buffer += part
        one, _, self._buffer = self._buffer.partition(b"\0")
        found: dict[str, Any] = json.loads(one)
        self._keep(found.get("method", ""), found.get("params", {}))
        return found

    def _keep(self, method: str, told: dict[str, Any]) -> None:
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Network.requestWillBeSent":
            self.asked.append(told["request"]["url"])
        elif method == "Runtime.consoleAPICalled":
            self.said.append(f"{told['type']}: {[one.get('value') for one in told['args']]}")
        elif method == "Runtime.exceptionThrown":
            self.said.append(json.dumps(told["exceptionDetails"].get("exception", told["exceptionDetails"])))
        elif method == "Log.entryAdded":
            self.said.append(f"{told['entry']['level']}: {told['entry']['text']}")


@contextmanager
def opened(browser: str, profile: Path) -> Iterator[Page]:
    """A browser of its own, without a page; it ends with the block."""
    to_browser, from_here = os.pipe()
    from_browser, to_here = os.pipe()
    arguments = [
        "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", f"--user-data-dir={profile}",
    ]  # fmt: skip
    # The protocol's pipe is file 3 to the browser and file 4 from it.
    shell = f'exec "$0" "$@" 3<&{to_browser} 4>&{to_here}'
    process = subprocess.Popen(
        ["bash", "-c", shell, browser, *arguments],
        pass_fds=(to_browser, to_here),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser)
    os.close(to_here)
    try:
        yield Page(from_here, from_browser)
    finally:
        process.terminate()
        process.wait(20)
        os.close(from_here)
        os.close(from_browser)
