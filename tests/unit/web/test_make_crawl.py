"""The generator of benchmark archives: the same bytes each time, valid for other readers, with a crawl's proportions."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from faquarry.web.archive import read_archive
from faquarry.web.record import ScanCounts

SOURCE = Path(__file__).parents[3] / "benchmarks" / "make_crawl.py"


@pytest.fixture(scope="module")
def generator():
    spec = importlib.util.spec_from_file_location("make_crawl", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["make_crawl"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["make_crawl"]


def test_a_small_crawl(generator, tmp_path):
    mixture = generator.Mixture(faq=0.2, blocks=12)
    path, again = tmp_path / "a.warc.gz", tmp_path / "b.warc.gz"
    size = generator.make_crawl(path, 2_000_000, mixture=mixture)
    assert size == path.stat().st_size
    assert 2_000_000 <= size < 3_000_000
    generator.make_crawl(again, 2_000_000, mixture=mixture)
    assert again.read_bytes() == path.read_bytes()
    generator.make_crawl(again, 2_000_000, mixture=mixture, seed=2)
    assert again.read_bytes() != path.read_bytes()

    with path.open("rb") as stream:
        read = [
            (record.rec_type, record.content_stream().read()) for record in ArchiveIterator(stream, verify_http=False)
        ]
    bodies = [body for kind, body in read if kind == "response"]
    assert len(bodies) > 20
    assert [kind for kind, _ in read[1:4]] == ["request", "response", "metadata"]
    assert len(set(bodies)) > 0.9 * len(bodies)
    counts = ScanCounts()
    found = [item.payload for item in read_archive(str(path), counts=counts)]
    assert found == [body for body in bodies if b"FAQPage" in body]
    assert counts.records == len(read)
    assert counts.problems == 0
    assert 0.05 < len(found) / len(bodies) < 0.5
