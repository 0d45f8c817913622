"""Archives behind a server that hangs, resets, truncates, refuses, redirects, ignores ranges and changes its mind."""

from __future__ import annotations

import gzip
import io
import itertools
import random
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from faquarry.config.settings import SourceSettings
from faquarry.errors import NothingToRead, SourceChanged, SourceError
from faquarry.web import address
from faquarry.web.archive import fetch, read_archive
from faquarry.web.files import open_random, open_range, stat
from faquarry.web.index import plan_index, read_plan
from faquarry.web.record import Record, ScanCounts
from faquarry.web.sources import resolve

FAST = SourceSettings(retries=4, backoff_s=0.01, timeout_s=0.5)
DATA = random.Random(5).randbytes(300_000)


def archive(pages: int = 40) -> bytes:
    rng, out = random.Random(6), []
    for n in range(pages):
        body = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>FAQPage " + rng.randbytes(4000).hex().encode()
        head = (
            f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://s{n}.example/\r\nContent-Length: {len(body)}"
        )
        out.append(gzip.compress(head.encode() + b"\r\n\r\n" + body + b"\r\n\r\n", mtime=0))
    return b"".join(out)


@dataclass
class Site:
    """One file behind the server, and how badly it is served. `trouble(n)` says what befalls the n-th request."""

    data: bytes
    etag: str | None = '"one"'
    modified: str | None = None
    ranges: bool = True
    lengths: bool = True
    trouble: Callable[[int], str] = lambda n: ""
    cut: int = 50_000  # bytes that a truncated, reset or hanging response still sends
    requests: list[dict[str, str]] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        site = self.server.sites.get(self.path.split("?")[0])
        if site is None:
            self.send_error(404)
            return
        site.requests.append({name.lower(): value for name, value in self.headers.items()})
        trouble = site.trouble(len(site.requests) - 1)
        if trouble.isdigit():
            self.send_response(int(trouble))
            self.send_header("Content-Length", "0")
            if trouble == "429":
                self.send_header("Retry-After", "0")
            self.end_headers()
        elif trouble.startswith("to:"):
            self.send_response(302)
            self.send_header("Location", trouble.removeprefix("to:"))
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._file(site, trouble)

    def _file(self, site: Site, trouble: str) -> None:
        start, stop, total = 0, len(site.data), len(site.data)
        asked = self.headers.get("Range", "")
        fresh = self.headers.get("If-Range") in (None, site.etag, site.modified)
        if asked and site.ranges and fresh:
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start, stop = int(first), min(int(last) + 1, total) if last else total
            if start >= total:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{total}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{total}")
        else:
            self.send_response(200)
        if site.etag:
            self.send_header("ETag", site.etag)
        if site.modified:
            self.send_header("Last-Modified", site.modified)
        if site.lengths:
            self.send_header("Content-Length", str(stop - start))
        else:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        body = site.data[start:stop]
        self.wfile.write(body[: site.cut] if trouble else body)
        if trouble == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
        elif trouble == "hang":
            self.server.released.wait(5)
            self.close_connection = True
        elif trouble:
            self.close_connection = True


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.sites: dict[str, Site] = {}
        self.released = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """Connections break here on purpose."""

    def add(self, path: str, site: Site) -> str:
        self.sites[path] = site
        return f"http://127.0.0.1:{self.server_port}{path}"


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.released.set()
    made.shutdown()
    thread.join()
    made.server_close()


def read_all(url: str, start: int = 0, end: int | None = None, **options: object) -> bytes:
    pieces = []
    with open_range(url, start, end, FAST, **options) as stream:  # type: ignore[arg-type]
        while piece := stream.read(20_000):
            pieces.append(piece)
    return b"".join(pieces)


@pytest.mark.parametrize(
    ("start", "end"), [(0, None), (0, 1), (7, 100_000), (299_999, None), (300_000, None), (5, 5), (1, 10**9)]
)
@pytest.mark.parametrize("ranges", [True, False])
def test_ranges(server, start, end, ranges):
    url = server.add("/a", Site(DATA, ranges=ranges))
    assert read_all(url, start, end) == DATA[start:end]


@pytest.mark.parametrize("trouble", ["reset", "hang", "truncate", "503", "429", "500"])
@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("lengths", [True, False])
def test_it_goes_on_where_the_connection_broke(server, trouble, ranges, lengths):
    if not lengths and trouble == "truncate":
        lengths = True  # without a length, an end that comes early cannot be told from the true one
    site = Site(DATA, ranges=ranges, lengths=lengths, trouble=lambda n: trouble if n < 3 else "")
    if not ranges:
        site.cut = 50_000
    url = server.add("/a", site)
    assert read_all(url) == DATA
    assert len(site.requests) == 4
    if ranges and trouble in ("reset", "truncate"):
        assert site.requests[1]["range"] == "bytes=50000-" or int(site.requests[1]["range"][6:-1]) <= 50_000
        assert site.requests[1]["if-range"] == '"one"'


def test_progress_forgives_earlier_failures(server):
    site = Site(DATA, trouble=lambda n: "truncate" if n < 5 else "", cut=1)
    with pytest.raises(SourceError, match="after 5 attempts"):
        read_all(server.add("/slow", site))
    site = Site(bytes(10) * 100_000, trouble=lambda n: "truncate", cut=70_000)
    assert read_all(server.add("/a", site)) == bytes(1_000_000)
    assert len(site.requests) > 2 * FAST.retries


@pytest.mark.parametrize("trouble", ["reset", "hang", "503"])
def test_it_gives_up_with_a_sentence(server, trouble):
    site = Site(DATA, trouble=lambda n: trouble, cut=0)
    url = server.add("/a", site)
    with pytest.raises(SourceError) as caught:
        read_all(url)
    assert str(caught.value).startswith(f"{url} could not be read beyond byte 0, after 5 attempts: ")
    assert len(site.requests) == 5


def test_no_server_at_all():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}/a"
        with pytest.raises(SourceError, match="after 5 attempts"):
            read_all(url)


@pytest.mark.parametrize(
    ("status", "said"), [("404", "--prefix"), ("403", "permission"), ("401", "permission"), ("418", "418")]
)
def test_refusals_are_sentences_at_once(server, status, said):
    site = Site(DATA, trouble=lambda n: status)
    with pytest.raises(SourceError, match=said):
        read_all(server.add("/a", site))
    assert len(site.requests) == 1


def test_redirects(server):
    target = server.add("/there", Site(DATA))
    url = server.add("/here", Site(b"", trouble=lambda n: "to:/over"))
    server.add("/over", Site(b"", trouble=lambda n: f"to:{target}"))
    assert read_all(url, 10, 5000) == DATA[10:5000]
    around = server.add("/around", Site(b"", trouble=lambda n: "to:/around"))
    with pytest.raises(SourceError, match="redirects more than"):
        read_all(around)
    astray = server.add("/astray", Site(b"", trouble=lambda n: "to:file:///etc/passwd"))
    with pytest.raises(SourceError, match="no http"):
        read_all(astray)


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("how", ["etag", "modified", "size", "weak"])
def test_a_file_that_changes_midway_is_never_mixed(server, ranges, how):
    first = {"etag": None, "modified": None}
    second: dict[str, str | None] = {}
    data = DATA
    if how == "etag":
        first["etag"], second["etag"] = '"one"', '"two"'
    elif how == "weak":
        first["etag"], second["etag"] = 'W/"one"', 'W/"two"'
    elif how == "modified":
        first["modified"], second["modified"] = "Mon, 05 Jan 2026 00:00:00 GMT", "Tue, 06 Jan 2026 00:00:00 GMT"
    else:
        data = DATA + b"more"
    site = Site(DATA, ranges=ranges, **first)

    def change(n: int) -> str:
        if n == 0:
            return "truncate"
        site.data = data
        for name, value in second.items():
            setattr(site, name, value)
        return ""

    site.trouble = change
    with pytest.raises(SourceChanged, match="changed while it was read"):
        read_all(server.add("/a", site))


def test_another_version_than_planned(server):
    site = Site(DATA)
    url = server.add("/a", site)
    found = stat(url, FAST)
    assert (found.size, found.etag) == (300_000, '"one"')
    assert read_all(url, 5, 10, etag=found.etag) == DATA[5:10]
    site.etag = '"two"'
    for start in (0, 5):
        with pytest.raises(SourceChanged):
            read_all(url, start, start + 5, etag=found.etag)


def test_versions_without_etag(server):
    assert stat(server.add("/a", Site(DATA, etag=None, modified="today")), FAST).etag == "today"
    plain = server.add("/b", Site(DATA, etag=None))
    assert stat(plain, FAST).etag == "300000 bytes"
    assert read_all(plain, etag="300000 bytes") == DATA
    with pytest.raises(SourceChanged):
        read_all(plain, etag="300001 bytes")


def test_parquet_can_seek(server):
    with open_random(server.add("/a", Site(DATA)), FAST) as file:
        assert file.size() == len(DATA)
        file.seek(1000)
        assert file.read(10) == DATA[1000:1010]
        assert file.read_at(5, 299_995) == DATA[-5:]


class TestPrivateAddresses:
    closed = FAST.model_copy(update={"allow_private_addresses": False})

    def test_by_address_and_by_name(self, server):
        server.add("/a", Site(DATA))
        for host in ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.1.2.3", "0.0.0.0"):
            with pytest.raises(SourceError, match="private address"):
                open_range(f"http://{host}:{server.server_port}/a", 0, None, self.closed)
        assert server.sites["/a"].requests == []

    def test_after_a_redirect(self, server, monkeypatch):
        """The first host counts as public; it sends the reader to one that is not."""
        secret = Site(DATA)
        server.add("/secret", secret)
        url = server.add("/a", Site(b"", trouble=lambda n: f"to:http://127.0.0.2:{server.server_port}/secret"))
        monkeypatch.setattr(address, "is_public", lambda ip: ip == "127.0.0.1")
        with pytest.raises(SourceError, match=r"127\.0\.0\.2 is the private address"):
            open_range(url, 0, None, self.closed)
        assert secret.requests == []

    def test_a_name_that_resolves_differently_the_second_time(self, server, monkeypatch):
        """The address that was checked is the one that is connected to: there is no second look-up."""
        site = Site(DATA)
        server.add("/a", site)
        answers = iter([[("93.184.216.34", 80)], [("127.0.0.1", server.server_port)]])
        asked = []

        def resolve_name(host, port, **options):
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in next(answers)]

        connected = []

        class Socket(socket.socket):
            def connect(self, place):
                connected.append(place)
                raise OSError("refused")

        monkeypatch.setattr(address.socket, "getaddrinfo", resolve_name)
        monkeypatch.setattr(address.socket, "socket", Socket)
        with pytest.raises(SourceError):
            open_range("http://rebind.example/a", 0, None, self.closed.model_copy(update={"retries": 0}))
        assert asked == ["rebind.example"]
        assert connected == [("93.184.216.34", 80)]
        with pytest.raises(SourceError, match="private address"):
            open_range("http://rebind.example/a", 0, None, self.closed)
        assert connected == [("93.184.216.34", 80)]
        assert site.requests == []

    def test_public_hosts_are_served(self, server, monkeypatch):
        url = server.add("/a", Site(DATA))
        monkeypatch.setattr(address, "is_public", lambda ip: True)
        with open_range(url, 5, 10, self.closed) as stream:
            assert stream.read(100) == DATA[5:10]


class TestArchives:
    @pytest.mark.parametrize("trouble", ["reset", "truncate", "hang"])
    def test_an_archive_over_a_bad_line(self, server, trouble):
        stored = archive()
        site = Site(stored, trouble=lambda n: trouble if n % 2 else "", cut=60_000)
        url = server.add("/a.warc.gz", site)
        (source,) = resolve([url], FAST)
        assert (source.kind, source.coding, source.size, source.etag) == ("warc", "gzip", len(stored), '"one"')
        counts = ScanCounts()
        items = list(read_archive(url, FAST, counts=counts, etag=source.etag))
        assert [item.url for item in items] == [f"https://s{n}.example/" for n in range(40)]
        assert counts.bytes_in == len(stored)

    def test_parts_and_single_records(self, server):
        stored = archive()
        url = server.add("/a.warc.gz", Site(stored))
        whole = list(read_archive(url, FAST, counts=ScanCounts()))
        points = [0, 33_333, 100_000, len(stored)]
        parts = [
            item
            for start, end in itertools.pairwise(points)
            for item in read_archive(url, FAST, counts=ScanCounts(), start=start, end=end)
        ]
        assert parts == whole
        record = whole[17]
        assert isinstance(record, Record)
        assert fetch(url, record.offset, record.length, record.digest, FAST) == record
        assert fetch(url, record.offset, record.length, "sha1:OTHER", FAST) is None

    def test_a_server_that_goes_away_keeps_what_was_read(self, server):
        site = Site(archive(), trouble=lambda n: "truncate" if n == 0 else "503", cut=90_000)
        url = server.add("/a.warc.gz", site)
        reader = read_archive(url, FAST, counts=ScanCounts())
        seen = [item.url for item in itertools.islice(reader, 10)]
        assert seen == [f"https://s{n}.example/" for n in range(10)]
        with pytest.raises(SourceError, match="could not be read beyond byte 90000"):
            list(reader)

    def test_manifests(self, server):
        names = [f"crawl/segment/{n}.warc.gz" for n in range(3)]
        for name in names:
            server.add("/" + name, Site(archive(2)))
        base = f"http://127.0.0.1:{server.server_port}"
        text = "# a comment\n" + "\n".join(names) + "\n\n"
        packed = server.add("/x/warc.paths.gz", Site(gzip.compress(text.encode())))
        plain = server.add("/warc.paths", Site(text.encode()))
        for found in (resolve([packed], FAST, prefix=base + "/"), resolve([plain], FAST)):
            assert [source.uri for source in found] == [f"{base}/{name}" for name in names]
            assert all(source.kind == "warc" and source.error is None for source in found)
        lost = resolve([packed], FAST)
        assert all("--prefix" in (source.error or "") for source in lost)
        empty = server.add("/empty.paths", Site(b"\n"))
        with pytest.raises(NothingToRead, match="names no file"):
            resolve([empty], FAST)

    def test_a_columnar_index(self, server):
        stored = archive()
        whole = list(read_archive(server.add("/crawl/a.warc.gz", Site(stored)), FAST, counts=ScanCounts()))
        rows = [(item.url, "crawl/a.warc.gz", item.offset, item.length) for item in whole]
        names = ["url", "warc_filename", "warc_record_offset", "warc_record_length"]
        table = pa.table({name: [row[n] for row in rows] for n, name in enumerate(names)})
        file = io.BytesIO()
        pq.write_table(table, file, row_group_size=9)
        site = server.sites["/crawl/a.warc.gz"]
        for ranges in (True, False):
            url = server.add("/index.parquet", Site(file.getvalue(), ranges=ranges))
            (source,) = resolve([url], FAST)
            assert source.kind == "index"
            (plan,) = plan_index([url], FAST, where="url LIKE '%s1_.example%'")
            site.requests.clear()
            assert list(read_plan(plan, FAST, counts=ScanCounts())) == whole[10:20]
            assert len(site.requests) == 1
        near = FAST.model_copy(update={"merge_gap_bytes": 0})
        (plan,) = plan_index([url], near, where="url IN ('https://s3.example/', 'https://s30.example/')")
        site.requests.clear()
        assert list(read_plan(plan, near, counts=ScanCounts())) == [whole[3], whole[30]]
        assert len(site.requests) == 2

    def test_one_bad_file_among_good_ones(self, server):
        good = server.add("/good.warc.gz", Site(archive(1)))
        bad = server.add("/bad.warc.gz", Site(b"", trouble=lambda n: "403"))
        found = resolve([bad, good], FAST)
        assert [source.uri for source in found] == [bad, good]
        assert "permission" in (found[0].error or "")
        assert found[1].error is None
