"""The page of a lake with everything in it: its sections, its texts as text, the same bytes each time, what it says of nothing."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from tests.everything import HOSTILE, fill_lake, write_run, write_table

from faquarry.cli import main
from faquarry.config.settings import LogSettings, ReportSettings
from faquarry.errors import NothingToRead, UsageError
from faquarry.lake import Lake
from faquarry.progress import Progress
from faquarry.report.page import write_page
from faquarry.report.page.build import rendered, runs_of
from faquarry.report.page.reader import reading
from faquarry.report.page.sections import CHAPTERS

QUIET = Progress(LogSettings(progress="none"))
NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report") / "lake"
    fill_lake(folder, 160)
    write_run(folder / "_training" / "dro")
    return folder


@pytest.fixture(scope="module")
def page(lake: Path) -> str:
    return made(lake)


def made(lake: Path) -> str:
    with reading(Lake(str(lake)), "500MB", runs_of(Lake(str(lake)), [])) as reader:
        return rendered(reader, now=NOW)


class Outline(HTMLParser):
    """What stands in a page: elements with their attributes, headings, ids; and whether all that opens closes."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.data: dict[str, object] = {}
        self._held = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in ("br", "hr", "img", "input", "link", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag
        last = next((attrs for name, attrs in reversed(self.seen) if name == "script"), {})
        if tag == "script" and last.get("type") == "application/json":
            self.data[str(last["id"])] = json.loads(self._held)
        self._held = ""

    def handle_data(self, data: str) -> None:
        self._held += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.seen if name == tag]


def test_every_section_shows_something(page: str) -> None:
    outline = Outline(page)
    assert outline.open == []
    sections = outline.all("section")
    assert [one["id"] for one in sections] == [chapter.anchor for chapter in CHAPTERS]
    assert not [one["id"] for one in sections if one.get("class") == "empty"]
    assert {
        "data-bitexts",
        "data-negatives",
        "data-heat",
        "data-loss-0",
        "data-score-0",
        "data-groups-0",
    } <= outline.data.keys()


def test_it_can_be_read_by_keyboard_and_by_ear(page: str) -> None:
    outline = Outline(page)
    ids = [attrs["id"] for _, attrs in outline.seen if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {link["href"].removeprefix("#") for link in outline.all("a") if link["href"]} <= set(ids)
    assert all(one.get("aria-label") or one.get("aria-hidden") for one in outline.all("svg"))
    assert all(
        "tabindex" in one and one.get("aria-label") for one in outline.all("div") if one.get("class") == "scroll"
    )
    levels = [int(tag[1]) for tag, _ in outline.seen if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_what_strangers_wrote_is_text(page: str) -> None:
    outline = Outline(page)
    assert [one for one in outline.all("script") if one.get("type") != "application/json"] == [{}]  # ours alone
    assert not outline.all("img")
    assert not [one for _, attrs in outline.seen for one in attrs if one.startswith("on")]
    assert not [one for one in outline.all("a") if not str(one["href"]).startswith("#")]
    script = page[page.rindex("<script>") :]
    assert "HOSTILE" not in script
    assert "&lt;script&gt;alert(&#x27;HOSTILE&#x27;)&lt;/script&gt;" in page
    assert "\x00" not in page


def test_nothing_is_loaded_from_anywhere(page: str) -> None:
    outline = Outline(page)
    policy = next(one["content"] for one in outline.all("meta") if one.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert [one["href"] for one in outline.all("link")] == ["data:,"]
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|<iframe|src=", page[: page.index("</style>")])


def test_texts_say_their_direction(page: str) -> None:
    assert re.search(r'<strong dir="auto" lang="[a-z]+">', page)


def test_the_same_lake_gives_the_same_bytes(lake: Path, page: str) -> None:
    assert made(lake) == page


def test_only_the_date_differs_a_day_later(lake: Path, page: str) -> None:
    with reading(Lake(str(lake)), "500MB", runs_of(Lake(str(lake)), [])) as reader:
        later = rendered(reader, now=datetime(2027, 1, 1, tzinfo=UTC)).splitlines()
    differing = [(a, b) for a, b in zip(page.splitlines(), later, strict=True) if a != b]
    assert len(differing) == 1
    assert differing[0][0].replace("2026-03-02", "2027-01-01") == differing[0][1]


def test_numbers_are_those_of_the_lake(lake: Path, page: str) -> None:
    heat = Outline(page).data["data-heat"]
    assert isinstance(heat, dict)
    rows = Lake(str(lake)).rows("evaluations")
    wanted = [row for row in rows if row["model"] == "bm25" and row["language"] == "eng"]
    clean = {row["query_id"]: row["value"] for row in wanted if row["perturbation"] == "clean"}
    swapped = [row for row in wanted if (row["perturbation"], row["strength"]) == ("swap", "1")]
    cell = heat["models"]["bm25"]["lake"]["1"]["swap"]["eng"]
    assert cell[0] == pytest.approx(sum(clean.values()) / len(clean), abs=1e-4)
    assert cell[1] == pytest.approx(sum(row["value"] for row in swapped) / len(swapped), abs=1e-4)
    assert cell[2] == len(clean)
    bitexts = Outline(page).data["data-bitexts"]
    assert isinstance(bitexts, dict)
    counted = [row for row in Lake(str(lake)).rows("bitexts") if (row["language1"], row["language2"]) == ("deu", "eng")]
    assert bitexts["deu-eng"]["kept"] == len(counted)
    assert bitexts["deu-eng"]["published"] == sum(row["published"] for row in counted)


def test_a_lake_with_little_says_which_verbs_make_the_rest(tmp_path: Path) -> None:
    write_table(tmp_path, "qa", [{"id": "1", "language": "deu", "site": "a", "question": HOSTILE[0], "answer": "x"}])
    write_table(tmp_path, "negatives", [])
    page = made(tmp_path)
    assert "There is no table <code>bitexts</code> yet. <code>faquarry align --lake " in page
    assert "The table <code>negatives</code> has no rows. <code>faquarry mine --lake " in page
    assert Outline(page).open == []


@pytest.mark.parametrize(
    "table", ["qa", "bitexts", "negatives", "links", "evaluations", "runs", "duplicates", "similarity"]
)
def test_any_table_alone_with_nulls_is_a_page(table: str, tmp_path: Path) -> None:
    """Rows of nothing but their key: what an older version or another tool may have written."""
    from faquarry.lake.tables import TABLES

    rows = [{name: "1" for name in TABLES[table].key or () if name not in ("seed", "position", "offset")}]
    if table == "evaluations":
        rows[0] |= {"seed": 0}  # type: ignore[dict-item]
    if table == "links":
        rows[0] |= {"position": 0}  # type: ignore[dict-item]
        write_table(tmp_path, "documents", [{"url": "1"}])
    write_table(tmp_path, table, rows)
    assert Outline(made(tmp_path)).open == []


def test_an_older_lake_lacks_columns(tmp_path: Path) -> None:
    import pyarrow as pa
    from deltalake import write_deltalake

    write_deltalake(
        str(tmp_path / "qa"), pa.table({"id": ["1"], "language": ["deu"], "site": ["a"], "question": ["Was?"]})
    )
    assert Outline(made(tmp_path)).open == []


def test_a_loss_that_burst_is_left_out(tmp_path: Path) -> None:
    write_table(tmp_path, "qa", [{"id": "1", "language": "deu", "site": "a"}])
    run = tmp_path / "_training" / "burst"
    write_run(run, groups=3, steps=100)
    steps = (run / "logs" / "steps.csv").read_text(encoding="utf-8").splitlines()
    burst = [steps[0], *(line.rsplit(",", 1)[0] + ",nan" for line in steps[1:4]), *steps[4:], "900,pairs,"]
    (run / "logs" / "steps.csv").write_text("\n".join(burst), encoding="utf-8")
    surface = {"across": [0, 1], "along": [0, 1], "loss": [[1.0, math.nan], [2.0, math.inf]]}
    (run / "landscape.json").write_text(json.dumps({"burst": surface}), encoding="utf-8")
    page = made(tmp_path)
    assert "nan" not in str(Outline(page).data["data-loss-0"])
    assert page.count('class="cell"') == 4


def test_runs_that_are_not_finished_or_damaged(tmp_path: Path) -> None:
    write_table(tmp_path / "lake", "qa", [{"id": "1", "language": "deu", "site": "a"}])
    for name in ("bare", "cut"):
        (tmp_path / "lake" / "_training" / name).mkdir(parents=True)
        (tmp_path / "lake" / "_training" / name / "run.json").write_text(
            "{}" if name == "bare" else "{", encoding="utf-8"
        )
    page = made(tmp_path / "lake")
    assert page.count("It has not logged a step yet.") == 2


def test_the_verb_writes_it(lake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "deep" / "page.html"
    assert main(["report", "--lake", str(lake), "--output", str(target), "--set", "log.progress=none"]) == 0
    assert capsys.readouterr().out.strip() == str(target)
    assert target.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert list(target.parent.iterdir()) == [target]
    assert main(["report", "--lake", str(lake), "--dry-run"]) == 0


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--lake", "nowhere"], 3, "There is no table in"),
        (["--run", "nowhere"], 3, "nowhere holds no training run"),
        (["--output", "."], 2, "is a folder"),
        (["--lake", "s3a://bucket/lake"], 2, "--output FILE says where"),
        (["--set", "report.memory=much"], 2, "report.memory"),
    ],
)
def test_mistakes_are_sentences(
    arguments: list[str], code: int, sentence: str, lake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given_lake = [] if "--lake" in arguments else ["--lake", str(lake)]
    assert main(["report", *given_lake, *arguments]) == code
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said


def test_the_default_place_is_in_the_lake(lake: Path) -> None:
    assert write_page(Lake(str(lake)), None, ReportSettings(), QUIET) == lake / "_report" / "index.html"


def test_named_runs_come_first_and_each_once(lake: Path) -> None:
    run = lake / "_training" / "dro"
    assert runs_of(Lake(str(lake)), [str(run)]) == [run]
    with pytest.raises(NothingToRead):
        runs_of(Lake(str(lake)), [str(lake)])
    with pytest.raises(UsageError):
        write_page(Lake(str(lake)), str(lake), ReportSettings(), QUIET)
