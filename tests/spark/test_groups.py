"""Groups of documents: made once, the same whatever the partitions, read by training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks.faq_lake import write
from tests.lakes import rows, versions

from faquarry.config.settings import GroupSettings, LogSettings, Settings
from faquarry.errors import NothingToRead
from faquarry.graph.groups.stage import GroupsStage
from faquarry.lake.tables import DOCUMENTS, LINKS
from faquarry.runner import run_stage
from faquarry.training.data import Examples

pytestmark = pytest.mark.spark

TOPICS = {
    "bread": "bread flour yeast oven dough bake loaf crust",
    "ships": "harbour ship sail captain anchor mast deck crew",
    "chess": "chess rook bishop queen pawn checkmate board opening",
}


PLACE = {"position": 0, "source": "made.warc.gz", "run_id": "r"}


def fill(lake: Path) -> None:
    """Thirty documents on three topics, five of a fourth kind; each links to the next of its topic."""
    draw = np.random.default_rng(0)
    documents, links = [], []
    for topic, words in {**TOPICS, "zebra": "stripes savanna zebra herd"}.items():
        urls = [f"https://{topic}{number}.example/" for number in range(10 if topic != "zebra" else 3)]
        for url, target in zip(urls, [*urls[1:], urls[0]], strict=True):
            text = " ".join(draw.choice(words.split(), 12))
            documents.append(
                {"url": url, "site": url, "title": topic, "text": text, "language": "eng", "offset": 0, **PLACE}
            )
            links.append({"src_url": url, "dst_url": target, "anchor": f"more {topic}", "kept": True, **PLACE})
    write(lake, DOCUMENTS, documents)
    write(lake, LINKS, links)


def grouped(lake: Path, **groups: Any) -> GroupsStage:
    wanted = GroupSettings(**{"clusters": 4, "min_size": 5, "sample": 100, **groups})
    stage = GroupsStage.of(Settings(lake=str(lake), groups=wanted, log=LogSettings(progress="none")))
    run_stage(stage, stage.settings)
    return stage


def test_documents_of_a_topic_share_a_group(spark: Any, tmp_path: Path) -> None:
    fill(tmp_path)
    stage = grouped(tmp_path)
    found = rows(tmp_path, "groups")
    assert len({row["url"] for row in found}) == len(found) == 33
    assert {row["method"] for row in found} == {stage.method}
    by_topic = {
        topic: {row["group_id"] for row in found if row["url"].startswith(f"https://{topic}")}
        for topic in (*TOPICS, "zebra")
    }
    assert all(len(groups) == 1 for groups in by_topic.values())
    assert by_topic["zebra"] == {"merged"}
    assert len(set.union(*by_topic.values())) == 4
    sizes = {row["group_id"]: row["size"] for row in found}
    assert sorted(sizes.values()) == [3, 10, 10, 10]

    before = versions(tmp_path)
    grouped(tmp_path)
    assert versions(tmp_path) == before

    links = Examples.from_lake(str(tmp_path), "links", cache=tmp_path / "cache", groups="cluster")
    assert sorted(links.group_names) == sorted(set(sizes) - {"merged"})
    assert int((links.groups == -1).sum()) == 3
    pairs = Examples.from_lake(str(tmp_path), "linked", cache=tmp_path / "linked")
    first = pairs.queries(np.array([0]))[0]
    assert first.startswith("https://")
    assert first.split()[1] in (*TOPICS, "zebra")


def test_another_method_stands_beside_the_first(spark: Any, tmp_path: Path) -> None:
    fill(tmp_path)
    grouped(tmp_path)
    first = {row["url"]: row["group_id"] for row in rows(tmp_path, "groups")}
    stage = grouped(tmp_path, min_size=20)
    found = rows(tmp_path, "groups")
    assert len(found) == 66
    assert {row["group_id"] for row in found if row["method"] == stage.method} == {"merged"}
    assert {row["url"]: row["group_id"] for row in found if row["method"] != stage.method} == first


def test_without_documents(tmp_path: Path) -> None:
    with pytest.raises(NothingToRead, match=r"faquarry graph SOURCE… finds some"):
        grouped(tmp_path)
