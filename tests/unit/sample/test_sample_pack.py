"""The sample web is what its sources say, the same each time, and holds what it is for."""

import gzip
import json
import zlib

import pack
import pytest
from sampleweb.spoil import RUNG, spoil
from sampleweb.storage import encode, member
from sampleweb.words import LANGUAGES

from faquarry.markup.model import Reason, pair_id

LADDER = {"control", "unwrap", "entities", "quotes", "string", "json5", "several", "repair"}


def same_tools(expected):
    import brotli
    import zstandard

    here = {"zlib": zlib.ZLIB_RUNTIME_VERSION, "brotli": brotli.__version__}
    here["zstd"] = ".".join(map(str, zstandard.ZSTD_VERSION))
    return expected["archive"]["made_with"] == here


def test_sources_give_the_committed_files(built, committed, expected):
    archive, result, _ = built
    fresh = json.loads(result)
    if same_tools(expected):
        assert archive == committed[0]
        assert result == committed[1]
    fresh.pop("archive")
    assert fresh == {name: value for name, value in expected.items() if name != "archive"}


def test_packing_twice_gives_the_same_bytes(built):
    from sampleweb.storage import archive

    pages = [page for page in built[2] if page.page["damage"] != "bomb"][:40]
    assert archive(pages) == archive(reversed(pages))


def test_members_depend_on_their_data_alone():
    data = b"the same stone " * 100
    assert member(data) == member(data)
    assert member(data)[4:10] == b"\0\0\0\0\x02\xff"  # no time, no operating system
    assert gzip.decompress(member(data)) == data


def test_the_issue_asks_for_this_much(committed, expected):
    counts, rows = expected["counts"], expected["pages"]
    assert len(committed[0]) <= 2_000_000
    assert counts["sites_with_faq"] >= 24
    assert len(counts["languages"]) >= 12
    assert len({LANGUAGES[language].script for language in counts["languages"]}) >= 5
    assert counts["pairs"] >= 400
    assert counts["pairs_in_several_languages"] >= 400
    assert counts["keys_in_several_languages"] >= 150
    assert sum(not row["faq"] for row in rows) >= 40
    assert {rung for row in rows if row["repair"] for rung in row["repair"].split("+")} >= LADDER
    assert {"json-ld", "array", "graph", "graph-refs", "blocks", "nested", "microdata", "itemref", "rdfa"} <= set(
        counts["markup"]
    )


def test_english_and_german_have_enough_for_a_release_of_bitexts(expected):
    languages = {}
    for row in expected["pairs"]:
        languages.setdefault(row["key"], set()).add(row["language"])
    assert sum({"eng", "deu"} <= found for found in languages.values()) >= 100


def test_repeats_near_repeats_and_rival_answers_are_there(expected):
    places = {}
    for row in expected["pairs"]:
        places.setdefault(row["id"], set()).add(row["url"].split("/")[2])
    assert any(len(hosts) > 1 for hosts in places.values())
    assert len(expected["pairs"]) > len(places)
    assert len(expected["near_duplicates"]) >= 3
    assert any(row["answers"] >= 3 for row in expected["same_question"])
    assert len({row["question"] for row in expected["boilerplate"]}) >= 20


def test_opt_outs_charsets_codings_and_damage_are_there(built, expected):
    rows = expected["pages"]
    assert {"noai", "noimageai", "tdm-reservation"} <= {word for row in rows for word in row["opt_out"]}
    assert {"utf-8", "windows-1251", "windows-1252", "shift_jis"} <= {row["charset"] for row in rows}
    assert {"header", "meta", "bom"} <= {row["charset_by"] for row in rows}
    assert {row["damage"] for row in expected["damaged"]} >= {"corrupt", "truncated", "long-length", "bare"}
    codings = {word for page in built[2] for word in page.source.options.get("coding", page.language).split()}
    assert codings == {"gzip", "chunked", "br", "deflate", "raw-deflate", "zstd"}
    mentions = {page.source.options.get("mention") for page in built[2] if not page.page["faq"]}
    assert {"css", "script", "state", "comment", "prose"} <= mentions


def test_ids_and_reasons_are_the_package_s_own(expected):
    assert all(row["id"] == pair_id(row["question"], row["answer"]) for row in expected["pairs"])
    reasons = {row["reason"] for row in [*expected["rejects"], *expected["boilerplate"]]}
    assert reasons <= {str(reason) for reason in Reason}
    assert {"template", "short_question", "short_answer", "answer_is_question", "many_lines"} <= reasons


def test_every_written_link_leads_to_a_page_of_the_sample(expected):
    addresses = {row["url"] for row in expected["pages"]}
    assert {row["dst"] for row in expected["links"]} <= addresses
    plain = {row["url"] for row in expected["pages"] if not row["faq"]}
    leading = [row for row in expected["links"] if row["src"] in plain and row["dst"] not in plain]
    assert len(leading) >= 100
    assert {row["region"] for row in expected["links"]} == {"aside", "body", "footer", "nav"}


@pytest.mark.parametrize("way", [way for way in RUNG if way not in ("several", "comment+control")])
def test_spoiled_json_is_no_json(way):
    node = {
        "@context": "https://schema.org",
        "@type": "FAQPage",
        "mainEntity": [{"text": 'a "b" c'}, {"text": "<p>d</p>"}],
    }
    text = json.dumps(node, indent=2).replace("</", "<\\/")
    assert json.loads(text) == node
    if way == "string":
        assert isinstance(json.loads(spoil(text, way)), str)
        return
    with pytest.raises(ValueError, match=r"."):
        json.loads(spoil(text, way))


@pytest.mark.parametrize("coding", ["gzip", "deflate", "raw-deflate"])
def test_codings_can_be_undone(coding):
    wbits = {"gzip": 31, "deflate": 15, "raw-deflate": -15}[coding]
    assert zlib.decompress(encode(b"light" * 50, coding), wbits) == b"light" * 50


def test_a_mistake_in_a_source_names_its_line(tmp_path):
    from sampleweb.sources import SourceMistake, load

    (tmp_path / "one.txt").write_text("# a.example\nname: A\nlanguages: eng\n\n## home\ntitel: Home\n")
    with pytest.raises(SourceMistake, match=r"one\.txt:6: unknown option titel"):
        load(tmp_path)


def test_a_link_to_nowhere_is_a_mistake(tmp_path):
    from sampleweb.sources import SourceMistake

    text = "# a.example\nname: A\nlanguages: eng\n\n## home\ntitle: Home\n\nGo [there](b.example#home).\n"
    (tmp_path / "one.txt").write_text(text)
    with pytest.raises(SourceMistake, match=r"b\.example#home"):
        pack.build(tmp_path)
