"""`faquarry judge` before a real server that answers, hangs, refuses, slows down and talks nonsense."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from faquarry.cli import main
from faquarry.lake import Lake

KEY = "sk-very-secret"


class Judge(ThreadingHTTPServer):
    """`behave(n, pair)` says what befalls the n-th request: a string is the model's answer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behave: Callable[[int, str], str | tuple[int, bytes] | float] = lambda n, question: "90"
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Judge

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        judge = self.server
        with judge.lock:
            number = len(judge.requests)
            judge.requests.append({"path": self.path, **body})
            judge.keys.append(self.headers.get("Authorization"))
            judge.at_once += 1
            judge.most_at_once = max(judge.most_at_once, judge.at_once)
        try:
            question = next(iter(json.loads(body["messages"][-1]["content"]).values()))["question"]
            said = judge.behave(number, question)
            if isinstance(said, float):
                time.sleep(said)  # longer than anybody waits
                self.close_connection = True
                return
            choices = [{"message": {"role": "assistant", "content": said}}] if isinstance(said, str) else []
            status, data = said if isinstance(said, tuple) else (200, json.dumps({"choices": choices}).encode())
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            if status == 429:
                self.send_header("Retry-After", "0.01")
            self.end_headers()
            self.wfile.write(data)
        finally:
            with judge.lock:
                judge.at_once -= 1

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def judge() -> Iterator[Judge]:
    server = Judge()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lake with 30 aligned pairs; even ones are good."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    rows = [
        {
            "language1": "deu",
            "language2": "eng",
            "id1": f"d{n}",
            "id2": f"e{n}",
            "similarity": 0.8 + 0.15 * n / 30,
            "model": "faquarry-small",
            "revision": "r",
            "question1": f"Frage {n}?",
            "answer1": "Antwort",
            "question2": f"Question {n}?",
            "answer2": "Answer",
        }
        for n in range(30)
    ]
    Lake(str(tmp_path)).upsert("bitexts", rows)
    return tmp_path


def run(lake: Path, judge: Judge, *more: str) -> int:
    options = {
        "base_url": judge.url, "model": "m", "timeout_s": 0.5, "backoff_s": 0.01, "retries": 3, "concurrency": 4
    }  # fmt: skip
    settings = [word for key, value in options.items() for word in ("--set", f"judge.{key}={value}")]
    return main(["judge", "--lake", str(lake), *settings, *more])


def scores(lake: Path) -> dict[str, float | None]:
    return {row["id1"]: row["score"] for row in Lake(str(lake)).rows("judgements")}


def test_all_is_judged_once_and_the_curve_is_printed(
    lake: Path, judge: Judge, capsys: pytest.CaptureFixture[str]
) -> None:
    together = threading.Barrier(4, timeout=10)

    def behave(number: int, question: str) -> str:
        if number < 4:
            together.wait()  # four are asked at once, or this breaks
        return "90" if int(question.split()[1][:-1]) % 2 == 0 else "Score: 10/100"

    judge.behave = behave
    assert run(lake, judge, "--set", "judge.timeout_s=20") == 0
    assert scores(lake) == {f"d{n}": 90.0 if n % 2 == 0 else 10.0 for n in range(30)}
    assert {request["path"] for request in judge.requests} == {"/v1/chat/completions"}
    assert set(judge.keys) == {f"Bearer {KEY}"}
    assert judge.most_at_once == 4
    printed = capsys.readouterr().err
    assert "0.80" in printed
    assert "0.500" in printed  # precision of all that was kept
    asked = len(judge.requests)
    assert run(lake, judge) == 0
    assert len(judge.requests) == asked
    assert "nothing to do" in capsys.readouterr().err
    assert (lake / "_pictures" / "judge.png").stat().st_size > 5000


def test_hangs_refusals_and_nonsense_cost_attempts_not_pairs(lake: Path, judge: Judge) -> None:
    trouble: list[str | tuple[int, bytes] | float] = [
        2.0, (500, b"oops"), (429, b"slow down"), (200, b"<html>busy</html>"), (200, b'{"choices": []}')
    ]  # fmt: skip
    judge.behave = lambda n, question: trouble[n] if n < len(trouble) else "80"
    assert run(lake, judge) == 0
    assert set(scores(lake).values()) == {80.0}
    assert len(scores(lake)) == 30


def test_an_answer_without_a_number_is_kept_raw(lake: Path, judge: Judge) -> None:
    judge.behave = lambda n, question: "As a language model I cannot say." if question == "Frage 3?" else "80"
    assert run(lake, judge) == 0
    row = next(row for row in Lake(str(lake)).rows("judgements") if row["id1"] == "d3")
    assert (row["score"], row["raw"]) == (None, "As a language model I cannot say.")


def test_a_pair_that_always_fails_is_named_and_asked_again(
    lake: Path, judge: Judge, capsys: pytest.CaptureFixture[str]
) -> None:
    judge.behave = lambda n, question: (503, b"no") if question == "Frage 3?" else "80"
    assert run(lake, judge) == 4
    assert len(scores(lake)) == 29
    asked = len(judge.requests)
    judge.behave = lambda n, question: "70"
    assert run(lake, judge) == 0
    assert scores(lake)["d3"] == 70.0
    assert len(judge.requests) == asked + 1


def test_an_endpoint_that_goes_down_keeps_what_was_answered(
    lake: Path, judge: Judge, capsys: pytest.CaptureFixture[str]
) -> None:
    judge.behave = lambda n, question: "80" if n < 5 else (500, b"down")
    assert run(lake, judge, "--set", "judge.retries=0") == 2
    assert len(scores(lake)) == 5
    printed = capsys.readouterr().err
    assert "in a row" in printed
    assert "HTTP 500" in printed


@pytest.mark.parametrize("status", [401, 404, 400])
def test_a_refusal_ends_at_once_and_the_key_stays_unsaid(
    lake: Path, judge: Judge, capsys: pytest.CaptureFixture[str], status: int
) -> None:
    judge.behave = lambda n, question: (status, f"bad key {KEY}".encode())
    assert run(lake, judge) == 2
    printed = capsys.readouterr().err
    assert f"HTTP {status}" in printed
    assert "judge.model" in printed
    assert len(judge.requests) <= 8
    stored = "".join(str(row) for table in ("runs", "judgements") for row in Lake(str(lake)).rows(table))
    assert KEY not in printed + stored


def test_nobody_at_the_address(lake: Path, judge: Judge, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(lake, judge, "--set", "judge.base_url=http://127.0.0.1:9/v1", "--set", "judge.retries=0") == 2
    assert "127.0.0.1:9" in capsys.readouterr().err


def test_the_rate_is_kept(lake: Path, judge: Judge) -> None:
    times: list[float] = []
    judge.behave = lambda n, question: times.append(time.monotonic()) or "80"  # type: ignore[func-returns-value]
    assert run(lake, judge, "--set", "judge.requests_per_minute=1200", "--set", "judge.max_pairs=10") == 0
    assert len(times) == 10
    assert max(times) - min(times) >= 0.9 * 9 * 60 / 1200  # nine gaps of 50 ms


def test_without_an_endpoint_the_verb_says_so(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", "--lake", str(lake)]) == 2
    assert "judge.base_url" in capsys.readouterr().err


def test_without_bitexts_there_is_nothing_to_read(tmp_path: Path, judge: Judge) -> None:
    assert run(tmp_path, judge) == 3


def test_the_sample_names_each_pair_once_also_after_a_break(lake: Path, judge: Judge) -> None:
    judge.behave = lambda n, question: "80" if n < 12 else (401, b"quota")
    assert run(lake, judge) == 2
    judge.behave = lambda n, question: "80"
    assert run(lake, judge) == 0
    answered = Counter(row["id1"] for row in Lake(str(lake)).rows("judgements"))
    assert answered == {f"d{n}": 1 for n in range(30)}
