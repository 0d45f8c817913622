"""One question to an OpenAI-compatible endpoint, through everything that goes wrong on the way.

The key is read from the environment when the client is made; it stands in no setting, table, log or error text.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Mapping
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError

from faquarry.config.settings import JudgeSettings
from faquarry.errors import EnvironmentProblem, FaquarryError

__all__ = ["Endpoint", "NoAnswer"]

MAX_WAIT_S = 60.0
MAX_ANSWER_BYTES = 1 << 20
_TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


class NoAnswer(FaquarryError):
    """The endpoint gave no usable answer to this question, however often it was asked."""


class Endpoint:
    """Asks; may be used from many threads. `rate` of all threads together stays under `requests_per_minute`."""

    def __init__(self, settings: JudgeSettings, key: str | None) -> None:
        self._settings = settings
        self._url = f"{(settings.base_url or '').rstrip('/')}/chat/completions"
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        self._key = key
        timeout = urllib3.Timeout(connect=min(10.0, settings.timeout_s), read=settings.timeout_s)
        self._pool = urllib3.PoolManager(maxsize=settings.concurrency, retries=False, timeout=timeout, headers=headers)
        self._gate = _Gate(settings.requests_per_minute)

    def ask(self, messages: list[dict[str, str]]) -> str:
        """The text of the model's answer.

        Raises:
            EnvironmentProblem: the endpoint refuses us (address, key, name of the model): asking again is no use.
            NoAnswer: it failed, hung or talked nonsense in every attempt.
        """
        body = {
            "model": self._settings.model,
            "messages": messages,
            "temperature": 0,
            "max_tokens": self._settings.max_tokens,
        }
        why, asked = "", 0.0
        for attempt in range(self._settings.retries + 1):
            if attempt:
                time.sleep(self._wait_s(attempt, asked))
            self._gate.pass_through()
            asked = 0.0
            try:
                with self._pool.request(
                    "POST", self._url, body=json.dumps(body).encode(), preload_content=False, redirect=False
                ) as response:
                    data = self._whole(response)
            except (HTTPError, OSError) as error:
                why = self._hushed(str(error) or type(error).__name__)
                continue
            if response.status == 200:
                answer = _content(data)
                if answer is not None:
                    return answer
                why = f"what it sent is no chat completion: {self._excerpt(data)}"
            elif response.status in _TRANSIENT:
                why = f"HTTP {response.status}: {self._excerpt(data)}"
                asked = _seconds(response.headers)
            else:
                raise EnvironmentProblem(
                    f"The endpoint {self._url} refuses (HTTP {response.status}: {self._excerpt(data)}); check "
                    f"judge.base_url, judge.model and the key in ${self._settings.api_key_env}."
                )
        raise NoAnswer(f"{self._url} gave no answer in {self._settings.retries + 1} attempts: {why}")

    def _whole(self, response: urllib3.BaseHTTPResponse) -> bytes:
        """The body; a server that hangs in the middle of its answer, or lets it drip, is a failed attempt too."""
        deadline = time.monotonic() + self._settings.timeout_s
        pieces, size = [], 0
        while piece := response.read1(65536, decode_content=True):
            pieces.append(piece)
            size += len(piece)
            if size > MAX_ANSWER_BYTES:
                raise OSError("the answer is longer than a megabyte")
            if time.monotonic() > deadline:
                raise TimeoutError(f"the answer had not ended after {self._settings.timeout_s:g} s")
        return b"".join(pieces)

    def _wait_s(self, attempt: int, asked: float) -> float:
        grown = self._settings.backoff_s * 2.0 ** (attempt - 1) * random.uniform(0.75, 1.25)
        return min(MAX_WAIT_S, max(grown, asked))

    def _excerpt(self, data: bytes) -> str:
        return self._hushed(" ".join(data[:400].decode("utf-8", "replace").split())[:200]) or "nothing"

    def _hushed(self, text: str) -> str:
        return text.replace(self._key, "***") if self._key else text


class _Gate:
    """Lets threads through one by one, at most so many a minute."""

    def __init__(self, per_minute: float) -> None:
        self._spacing_s = 60.0 / per_minute if per_minute else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def pass_through(self) -> None:
        if not self._spacing_s:
            return
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._spacing_s
        time.sleep(turn - now)


def _content(data: bytes) -> str | None:
    """The text of a chat completion; None when the body is something else."""
    try:
        found: Any = json.loads(data)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError):
        return None
    return found if isinstance(found, str) else None


def _seconds(headers: Mapping[str, str]) -> float:
    try:
        return max(0.0, float(headers.get("Retry-After", "0")))
    except ValueError:
        return 0.0
