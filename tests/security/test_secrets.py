"""A secret that comes in anywhere comes out nowhere: tables, files of the lake, logs, errors, reports."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.archives import faq_page, response_record

from faquarry.cli import main
from faquarry.config import load
from faquarry.errors import SourceError, UsageError
from faquarry.lake import TABLES, Lake
from faquarry.redaction import scrubbed, shown
from faquarry.runner import redacted
from faquarry.web.sources import resolve

CANARY = "canaryW7kq93xVbn20"


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        (f"https://ann:{CANARY}@h.example/a.gz", "https://h.example/a.gz"),
        (f"https://{CANARY}@h.example/a.gz", "https://h.example/a.gz"),
        (f"s3://AKIA:{CANARY}@bucket/a.gz", "s3://bucket/a.gz"),
        (
            f"https://h.example/a?X-Amz-Algorithm=x&X-Amz-Credential={CANARY}&X-Amz-Date=1&X-Amz-Expires=9&X-Amz-Signature={CANARY}",
            "https://h.example/a",
        ),
        (f"https://h.example/a?x-goog-signature={CANARY}&x-goog-expires=9&part=2", "https://h.example/a?part=2"),
        (f"https://h.example/a?sv=2024&se=2026-01-01&sp=r&sr=b&sig={CANARY}", "https://h.example/a"),
        (f"https://h.example/a?se=north&part=2&token={CANARY}", "https://h.example/a?se=north&part=2&token=***"),
        ("https://h.example/a?part=2&se=north#x", "https://h.example/a?part=2&se=north#x"),
        ("/data/a?token=b.gz", "/data/a?token=b.gz"),
    ],
)
def test_names_of_sources(uri: str, name: str) -> None:
    assert shown(uri) == name
    assert shown(name) == name


@pytest.mark.parametrize(
    "text",
    [
        f"cannot reach https://ann:{CANARY}@h.example:8443/x", f"GET /a?part=1&sig={CANARY}&x=2", f"leads to https://o.example/?X-Amz-Signature={CANARY}",
        f"spark.hadoop.fs.s3a.secret.key={CANARY}", f"Authorization: Bearer {CANARY}", f"fs.azure.account.key.x.net={CANARY}", f"password={CANARY}",
    ],
)  # fmt: skip
def test_texts(text: str) -> None:
    assert CANARY not in scrubbed(text)
    assert CANARY not in str(SourceError(text))
    assert scrubbed(scrubbed(text)) == scrubbed(text)


def test_texts_without_secrets_stay() -> None:
    for text in (
        "qa: 5,000 rows in 3.2 s",
        "judge.max_tokens=5 is too small",
        "https://a.example/b?page=2 answers 404 Not Found: check",
    ):
        assert scrubbed(text) == text


def test_what_the_environment_names_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_KEY", CANARY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", f"{CANARY}-longer")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token")
    assert scrubbed(f"said {CANARY}-longer and {CANARY} in /var/run/token") == "said *** and *** in /var/run/token"


def test_settings() -> None:
    """Keys are hidden by their name, and by their looks where the name says nothing."""
    conf = {
        "spark.hadoop.fs.s3a.access.key": CANARY, "spark.hadoop.fs.s3a.session.token": CANARY, "spark.hadoop.fs.azure.account.key.x": CANARY,
        "spark.ssl.keyStorePassword": CANARY, "spark.x": f"https://u:{CANARY}@h.example/",
    }  # fmt: skip
    settings = load(None, [f"judge.base_url=https://u:{CANARY}@h.example/v1"], **{"spark__conf": conf}).settings
    assert CANARY not in json.dumps(redacted(settings))
    assert "h.example" in redacted(settings)["judge"]["base_url"]


def test_one_file_by_two_keys_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="named twice") as told:
        resolve([f"http://a:{CANARY}@127.0.0.1:9/x.gz", "http://127.0.0.1:9/x.gz"])
    assert CANARY not in str(told.value)


class _Signed(BaseHTTPRequestHandler):
    archive = gzip.compress(response_record("https://good.example/faq", "2026-01-02T03:04:05Z", faq_page(("What opens at nine?", "The gate opens at nine on every day of the week.")).encode()))  # fmt: skip

    def do_GET(self) -> None:
        good = CANARY in self.path and "gone" not in self.path
        body = self.archive if good else CANARY.encode()
        self.send_response(200 if good else 403)
        if "moved" in self.path and "again" not in self.path:
            self.send_header("Location", f"ftp://x:{CANARY}@h/again")
        self.send_header("ETag", '"one"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def signed() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Signed)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.spark
def test_end_to_end(
    spark: Any, signed: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sources with keys in every place, one that fails and one that cannot be; then every byte that was written or said."""
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    monkeypatch.setenv("FAQUARRY_DEBUG", "1")
    lake = tmp_path / "lake"
    sources = [
        f"http://ann:{CANARY}@{signed}/a.warc.gz?X-Amz-Credential={CANARY}&X-Amz-Signature={CANARY}",
        f"http://{signed}/b.warc.gz?token={CANARY}",
        f"http://{signed}/gone.warc.gz?sig={CANARY}",
        f"http://ann:{CANARY}@127.0.0.1:9/c.warc.gz",
    ]
    settings = [
        f"spark.conf.spark.hadoop.fs.s3a.secret.key={CANARY}", f"judge.base_url=https://u:{CANARY}@h.example/v1", "sources.retries=0", "sources.timeout_s=2",
    ]  # fmt: skip
    assigned = [word for one in settings for word in ("--set", one)]
    code = main(["extract", *sources, "--lake", str(lake), *assigned])
    assert code == 4  # two of the four cannot be read
    assert main(["config", *assigned]) == 0
    assert main(["report", "--lake", str(lake), *assigned]) == 0
    assert main(["extract", f"file:///nowhere?token={CANARY}", "--lake", str(lake)]) != 0
    said = capfd.readouterr()
    assert CANARY not in said.out + said.err
    rows = Lake(str(lake)).rows("sources", ["source", "status", "error"])
    assert len(rows) == 4
    assert f"http://{signed}/a.warc.gz" in [row["source"] for row in rows]
    for table in TABLES:
        found = Lake(str(lake)).dataset(table)
        if found is not None:
            assert CANARY not in json.dumps(found.to_table().to_pylist(), default=str), table
    for path in lake.rglob("*"):
        if path.is_file() and path.suffix != ".parquet":
            assert CANARY.encode() not in path.read_bytes(), path
    # signed anew, it is the same source, and it was read
    again = [f"http://eve:{CANARY}2@{signed}/a.warc.gz?X-Amz-Credential={CANARY}3&X-Amz-Signature={CANARY}4"]
    assert main(["extract", *again, "--lake", str(lake), *assigned]) == 0
    assert "nothing to do" in capfd.readouterr().err
