"""`faquarry label --ask` before a real server."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from faquarry.cli import main
from faquarry.labels.asking import labels_said, messages, sample
from faquarry.labels.labelled import read_labelled
from faquarry.labels.taxonomy import QUESTION_TYPE, TOPIC
from faquarry.lake import Lake

SAID = {"topic": "Traveling and Hospitality", "question_type": "Factoid"}


class Model(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[dict[str, Any]] = []
        self.say: Callable[[int], str | int] = lambda number: json.dumps(SAID)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Model

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append(json.loads(body["messages"][-1]["content"]))
        said = self.server.say(len(self.server.seen))
        status = said if isinstance(said, int) else 200
        data = json.dumps({"choices": [{"message": {"content": said}}]}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def model() -> Iterator[Model]:
    server = Model()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """Two sites with ten English pairs each, and one German pair."""
    path = tmp_path / "lake"
    pairs = [("eng", f"{site}.example", n) for site in ("one", "two") for n in range(10)] + [("deu", "drei.example", 0)]
    rows = [
        {"id": f"{site}-{n}", "language": language, "site": site, "question": f"Is {n} free?", "answer": "Yes."}
        for language, site, n in pairs
    ]
    Lake(str(path)).upsert("qa", rows)
    return path


def ask(lake: Path, file: Path, model: Model, *more: str) -> int:
    set_ = [
        f"judge.base_url=http://127.0.0.1:{model.server_port}/v1",
        "judge.model=m",
        "judge.backoff_s=0",
        "judge.retries=1",
        "label.sample=6",
        *more,
    ]
    command = ["label", "--lake", str(lake), "--ask", str(file)]
    return main([*command, *(part for one in set_ for part in ("--set", one))])


def test_the_sample_takes_languages_and_sites_in_turn(lake: Path) -> None:
    drawn = sample(Lake(str(lake)), 3)
    assert {(asked.language, asked.site) for asked in drawn} >= {("deu", "drei.example")}
    assert len({asked.site for asked in drawn}) == 3
    assert [asked.id for asked in sample(Lake(str(lake)), 9)][:3] == [asked.id for asked in drawn]


def test_answers_become_lines_that_can_be_trained_on(lake: Path, tmp_path: Path, model: Model) -> None:
    file = tmp_path / "asked" / "pairs.jsonl"
    model.say = lambda number: json.dumps(SAID | ({"question_type": "reason"} if number % 2 else {}))
    assert ask(lake, file, model) == 0
    assert len(model.seen) == 6
    pairs = read_labelled(file, QUESTION_TYPE)
    assert sorted(pair.label for pair in pairs) == ["factoid"] * 3 + ["reason"] * 3
    assert {pair.language for pair in pairs} == {"eng", "deu"}
    assert ask(lake, file, model) == 0
    assert len(model.seen) == 6  # nobody is asked twice


def test_a_run_that_was_cut_short_goes_on(lake: Path, tmp_path: Path, model: Model) -> None:
    file = tmp_path / "pairs.jsonl"
    assert ask(lake, file, model) == 0
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])  # killed in the middle of a line
    assert ask(lake, file, model) == 0
    assert len(model.seen) == 7
    assert sorted(file.read_bytes().splitlines()) == sorted(whole.splitlines())


def test_what_cannot_be_read_is_counted_and_what_fails_is_named(
    lake: Path, tmp_path: Path, model: Model, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "pairs.jsonl"
    model.say = lambda number: "no idea"
    assert ask(lake, file, model) == 0
    assert "0 asked, 6 unreadable" in capsys.readouterr().err
    model.say = lambda number: 500
    assert ask(lake, file, model) == 4
    model.say = lambda number: 401
    assert ask(lake, file, model) == 2
    assert "refuses" in capsys.readouterr().err


def test_files_of_others_are_left_alone(
    lake: Path, tmp_path: Path, model: Model, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("dear diary\n")
    assert ask(lake, file, model) == 2
    assert file.read_text() == "dear diary\n"
    assert "name another file" in capsys.readouterr().err
    assert main(["label", "--lake", str(lake), "--ask", str(tmp_path / "x.jsonl")]) == 2
    assert "judge.base_url" in capsys.readouterr().err


def test_the_prompt_defines_every_class_and_quotes_the_pair(lake: Path) -> None:
    asked = sample(Lake(str(lake)), 1)[0]
    system, user = messages(asked, [TOPIC, QUESTION_TYPE], 2000)
    assert all(f'"{label}"' in system["content"] for label in (*TOPIC.labels, *QUESTION_TYPE.labels))
    assert json.loads(user["content"])["question"] == asked.question


@pytest.mark.parametrize(
    ("answer", "labels"),
    [
        ('{"topic": "traveling and hospitality"}', {"topic": "Traveling and Hospitality"}),
        ('<think>{"topic": "x"}</think>```json\n{"topic": "Traveling & Hospitality"}```', None),
        (
            'first {"topic": "Nonsense"} then {"topic": "Traveling and Hospitality"}',
            {"topic": "Traveling and Hospitality"},
        ),
        ('{"topic": null}', None),
        ("[]", None),
    ],
)
def test_answers_are_read_with_patience_but_not_guessed(answer: str, labels: dict[str, str] | None) -> None:
    assert labels_said(answer, [TOPIC]) == labels
