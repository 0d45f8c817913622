"""The ladder: every rung by its name, no exception on any string, and JSON that is fine stays what it is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faquarry.markup.ladder import MAX_DEPTH, MAX_NODES, read_block

_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=6), _JSON, max_size=4) | st.lists(_JSON, max_size=4))
@settings(max_examples=200, deadline=None)
def test_good_json_is_read_as_it_is(value: object) -> None:
    block = read_block(json.dumps(value))
    assert (block.values, block.rungs, block.error) == ((value,), (), None)


@pytest.mark.parametrize(
    ("text", "values", "rungs"),
    [
        ('{"a": "x\ny"}', ({"a": "x\ny"},), ("control",)),
        ("// our data\n{\"a\": 1}", ({"a": 1},), ("unwrap",)),
        ("<![CDATA[{\"a\": 1}]]>", ({"a": 1},), ("unwrap",)),
        ('{"a": 1}</script>', ({"a": 1},), ("unwrap",)),
        ('window["data"] = [1];', ([1],), ("unwrap",)),
        ("{&#34;a&#34;: 1}", ({"a": 1},), ("entities",)),
        ('{"a": "&quot;x&quot;", }', ({"a": "&quot;x&quot;"},), ("json5",)),
        ("{“@type”: “A”}", ({"@type": "A"},), ("quotes",)),
        ('{\\"@type\\": \\"A\\"}', ({"@type": "A"},), ("string",)),
        ('"[1, 2]"', ([1, 2],), ("string",)),
        ("{a: 'b', /* c */ d: .5,}", ({"a": "b", "d": 0.5},), ("json5",)),
        ('{"a": 1} {"b": 2}\n[3]', ({"a": 1}, {"b": 2}, [3]), ("several",)),
        ('{"a": "he said "yes" to it"}', ({"a": 'he said "yes" to it'},), ("repair",)),
        ('{"a": [1, 2', ({"a": [1, 2]},), ("repair",)),
        ('{"mainEntity": 1, "mainEntity": [2, 3]}', ({"mainEntity": [1, 2, 3]},), ("duplicate-keys",)),
        ('{"a": 1, "a": 2}', ({"a": 2},), ()),
        ("<!-- {'a': 1,} -->", ({"a": 1},), ("unwrap", "json5")),
        (" \n{} ", ({},), ()),
    ],
)  # fmt: skip
def test_rungs(text: str, values: tuple[object, ...], rungs: tuple[str, ...]) -> None:
    block = read_block(text)
    assert (block.values, block.rungs, block.error) == (values, rungs, None)


@pytest.mark.parametrize("text", ["", "   ", "nothing of the kind", "}{", "undefined"])
def test_what_no_rung_can_read(text: str) -> None:
    block = read_block(text)
    assert block.error
    assert not block.values
    assert not block.too_deep


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 5000 + "1" + "}" * 5000,
        "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1),
        "[" + "[]," * MAX_NODES,
    ],
)
def test_what_is_too_deep_or_too_much(text: str) -> None:
    block = read_block(text)
    assert block.too_deep
    assert block.error
    assert not block.values


def test_brackets_in_strings_are_no_depth() -> None:
    text = json.dumps({"a": "[" * 1000, "b": [1]})
    assert read_block(text).values == (json.loads(text),)


def test_general_repair_is_rationed() -> None:
    broken = '{"a": [1, 2'
    assert read_block(broken, repairable=5).error
    assert read_block(broken, repairable=100).rungs == ("repair",)


_SCRAPS = st.sampled_from(
    ["{", "}", "[", "]", '"', "'", ":", ",", "\\", "\n", "a", "1", " ", "//", "/*", "*/", "<!--", "-->", "<![CDATA[", "]]>", "&quot;",
     ";", "“", "@type", "=", "null", "\ud800", "\x00", "</script>"]
)  # fmt: skip


@given(st.lists(_SCRAPS, max_size=40).map("".join))
@settings(max_examples=600, deadline=None)
def test_never_an_exception(text: str) -> None:
    block = read_block(text)
    assert (block.error is None) == bool(block.values)
