"""Models by name: from the cache, from a hub that is a real server, or one sentence that says what to do."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from tests.tiny import tiny_transformer

from faquarry.config.settings import EmbedSettings
from faquarry.errors import EnvironmentProblem, UsageError
from faquarry.vectors.find import find_model
from faquarry.vectors.known import KNOWN, known_as

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SETTINGS = EmbedSettings()


class Hub(BaseHTTPRequestHandler):
    """As much of a hub as its client asks for: one model, `lab/tiny`, out of a folder."""

    folder: ClassVar[Path]
    asked: ClassVar[list[str]]

    def do_HEAD(self) -> None:
        self._serve(body=False)

    def do_GET(self) -> None:
        self._serve(body=True)

    def _serve(self, body: bool) -> None:
        path = self.path.partition("?")[0]
        self.asked.append(path)
        if path.startswith("/api/models/lab/tiny/tree"):
            files = [p for p in self.folder.rglob("*") if p.is_file()]
            listed = [(p.relative_to(self.folder).as_posix(), p.stat().st_size) for p in files]
            content = json.dumps([{"type": "file", "path": n, "size": s, "oid": "0" * 40} for n, s in listed]).encode()
        elif path.startswith("/api/models/lab/tiny"):
            names = [p.relative_to(self.folder).as_posix() for p in self.folder.rglob("*") if p.is_file()]
            siblings = [{"rfilename": name} for name in names]
            content = json.dumps(
                {"id": "lab/tiny", "modelId": "lab/tiny", "sha": COMMIT, "siblings": siblings}
            ).encode()
        elif path.startswith(f"/lab/tiny/resolve/{COMMIT}/"):
            content = (self.folder / path.partition(f"{COMMIT}/")[2]).read_bytes()
        else:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha1(content, usedforsecurity=False).hexdigest()}"')
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    return tmp_path / "cache"


@pytest.fixture
def hub(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    from huggingface_hub import constants

    Hub.folder, Hub.asked = tiny_transformer(tmp_path / "served"), []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", constants.ENDPOINT + "/{repo_id}/resolve/{revision}/{filename}"
    )
    yield Hub
    server.shutdown()
    server.server_close()


def in_cache(cache: Path, name: str) -> Path:
    repository = cache / f"models--{name.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(COMMIT)
    return tiny_transformer(repository / "snapshots" / COMMIT)


def test_a_model_in_the_cache_is_found_without_a_network(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = in_cache(cache, "lab/tiny")
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("asked the network"))
    info = find_model("lab/tiny", SETTINGS)
    assert (info.name, info.revision, info.folder) == ("lab/tiny", COMMIT, str(snapshot))
    assert find_model(str(snapshot), SETTINGS) == info


def test_a_model_of_a_hub_is_fetched_without_its_pickles(hub: type[Hub], cache: Path) -> None:
    (hub.folder / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    info = find_model("lab/tiny", SETTINGS)
    assert (info.name, info.revision, info.dim) == ("lab/tiny", COMMIT, 64)
    assert info.folder is not None
    assert (Path(info.folder) / "model.safetensors").is_file()
    assert not any(path.endswith(".bin") for path in hub.asked)
    asked = len(hub.asked)
    assert find_model("lab/tiny", SETTINGS) == info
    assert hub.asked[asked:] == []


def test_a_model_of_a_hub_is_refused_before_it_is_fetched(hub: type[Hub], cache: Path) -> None:
    (hub.folder / "model.safetensors").rename(hub.folder / "pytorch_model.bin")
    with pytest.raises(UsageError, match=r"lab/tiny is refused: its weights are a pickle .*NAME@REVISION"):
        find_model("lab/tiny", SETTINGS)
    assert not any(path.endswith(".bin") for path in hub.asked)


def test_a_model_that_is_on_no_hub_is_named(hub: type[Hub]) -> None:
    with pytest.raises(UsageError, match=r"There is no model lab/none at http://127"):
        find_model("lab/none", SETTINGS)


def test_a_hub_that_cannot_be_reached_ends_with_what_to_do(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{free.getsockname()[1]}")
    with pytest.raises(EnvironmentProblem, match=r"lab/tiny is not in the local cache .*hf download lab/tiny"):
        find_model("lab/tiny", SETTINGS)


def test_a_cache_without_weights_does_not_do(cache: Path, hub: type[Hub]) -> None:
    (in_cache(cache, "lab/tiny") / "model.safetensors").unlink()
    info = find_model("lab/tiny", SETTINGS)
    assert (Path(str(info.folder)) / "model.safetensors").is_file()


@pytest.mark.parametrize("name", ["/no/such/folder", "./here", "plain", "a/b/c"])
def test_what_is_neither_folder_nor_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="There is no model"):
        find_model(name, SETTINGS)


def test_known_models_are_known_by_their_last_name() -> None:
    assert known_as("sentence-transformers/LaBSE") is KNOWN["sentence-transformers/LaBSE"]
    assert known_as("somewhere/labse") is KNOWN["sentence-transformers/LaBSE"]
    assert known_as("lab/tiny") is None
    assert set(KNOWN["jinaai/jina-embeddings-v3"].tasks.values()) == {
        "retrieval.query",
        "retrieval.passage",
        "text-matching",
    }


def test_a_copy_of_a_folder_is_the_same_model(tmp_path: Path) -> None:
    one = tiny_transformer(tmp_path / "tiny")
    two = Path(shutil.copytree(one, tmp_path / "else" / "tiny"))
    first, second = (find_model(str(folder), SETTINGS) for folder in (one, two))
    assert (first.name, first.revision) == (second.name, second.revision)
