"""JSON as pages really have it: a ladder of repairs, cheapest first, that says which rung held.

    strict          it is JSON
    control         raw line breaks, tabs or lone surrogates inside strings
    unwrap          BOM, CDATA, HTML or JavaScript comments around it, <br> and <p> between its lines, `x = {…};`
    entities        &quot; for quotes
    quotes          “ ” for quotes
    string          JSON inside a JSON string, or escaped as if it were
    json5           comments, trailing commas, single quotes, \\' and other foreign escapes
    several         more than one value in the block
    repair          general repair: quotes inside strings, commas and brackets that are missing

One finding stands beside the rungs: `duplicate-keys`, a property stated twice. JSON readers let the last one win; here
both count.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

__all__ = ["MAX_DEPTH", "MAX_NODES", "Block", "read_block"]

MAX_DEPTH = 200  # real pages nest ten deep
MAX_NODES = 400_000  # brackets in a block: about 100 MB of Python objects
MAX_REPAIR_CHARS = 256 * 1024  # of a page: json_repair is Python and takes 4 to 10 µs a character
MAX_WRAPPERS = 20  # signs behind a block
MAX_SEVERAL = 10_000  # values in one block

_NOISE_BEFORE = re.compile(
    r"(?:[\s\ufeff\u200b\x00;]++|(?://|/\*)?\s*+<!\[CDATA\[(?:\s*+\*/)?+|/\*.*?\*/|//[^\n\[{]*+|<!--|-->|]]>"
    r"|</?(?:script|p|br|pre|code)\b[^>]*+>)*+",
    re.DOTALL | re.IGNORECASE,
)
_TAG_BEHIND = re.compile(r"</?(?:script|p|br|pre|code)\b[^<>]*+>\Z", re.IGNORECASE)
_BLANK_BEHIND = " \t\r\n\f\x00;,\u00a0\u200b\ufeff"
_LAYOUT_TAG = re.compile(r"</?(?:p|br)\s*/?>", re.IGNORECASE)
_ASSIGNED = re.compile(r"\A(?:var|let|const|window|self|this)?[\s.\w$\[\]'\"]{0,80}=\s*(?=[\[{])")
_BRACKETS = re.compile(r"[\[{]+|[\]}]+")
_ESCAPED_QUOTE = re.compile(r"[{\[,:]\s*&(?:amp;)?(?:quot|#0*34|#[xX]0*22);")
_STYLED_KEYWORD = re.compile("[“”„‟″]@(?:type|context|graph|id)[“”„‟″]")
_STYLED_QUOTE = re.compile("[“”„‟″]")
_SLASHED_KEYWORD = re.compile(r'[{,]\s*\\"@(?:type|context|graph|id)\\"')
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)  # also one that never ends
_REPEATABLE = ("mainEntity", "acceptedAnswer", "suggestedAnswer", "hasPart", "@graph")


@dataclass(frozen=True, slots=True)
class Block:
    """What one script block gave: its `values`, the `rungs` that mended it, or `error` (why nothing could)."""

    values: tuple[Any, ...] = ()
    rungs: tuple[str, ...] = ()
    error: str | None = None
    too_deep: bool = False


def read_block(text: str, repairable: int = MAX_REPAIR_CHARS) -> Block:
    """Parses the text of one script element. Never raises; never takes longer than linear in `text` (save `repair`,
    which is tried on blocks of at most `repairable` characters).

    >>> read_block('{"a": [1, /* two */ 2,],}').rungs
    ('json5',)
    """
    if text.count("[") + text.count("{") > MAX_NODES:
        return Block(error=f"more than {MAX_NODES} brackets", too_deep=True)
    if _depth(text) > MAX_DEPTH:
        return Block(error=f"nested more than {MAX_DEPTH} deep", too_deep=True)
    try:
        value, rungs = _climb(text, repairable)
    except _NoRung as failure:
        return Block(error=str(failure))
    inner = _unstrung(value)
    if inner is not None:
        value, rungs = inner, (*rungs, "string")
    return Block(value if "several" in rungs and isinstance(value, tuple) else (value,), rungs)


class _NoRung(ValueError):
    """No rung of the ladder could read the block."""


def _climb(text: str, repairable: int) -> tuple[Any, tuple[str, ...]]:
    error = "empty"
    if not text.strip():
        raise _NoRung(error)
    try:
        return _with_repeats(text, orjson.loads(text))
    except ValueError as problem:
        error = str(problem)
    text = text.strip()
    rungs: list[str] = []
    for name, change in (("", None), *_CHANGES):
        if change is not None:
            changed = change(text)
            if changed == text or not changed:
                continue
            text = changed
            rungs.append(name)
        value = _lenient(text)
        if value is not _FAILED:
            strict = _lenient(text, strict=True) is not _FAILED
            return value, tuple(rungs) if strict and rungs else (*rungs, "control")
    for name, parse in (("json5", _json5), ("several", _several), ("repair", _repaired)):
        value = parse(text) if name != "repair" or len(text) <= repairable else _FAILED
        if value is not _FAILED:
            return value, (*rungs, name)
    raise _NoRung(error)


_FAILED: Any = object()


def _lenient(text: str, *, strict: bool = False) -> Any:
    try:
        return json.loads(text, strict=strict, object_pairs_hook=_merged)
    except (ValueError, RecursionError):
        return _FAILED


def _merged(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose repeated properties add up instead of overwriting each other."""
    merged = dict(pairs)
    if len(merged) < len(pairs):
        for name in _REPEATABLE:
            values = [value for key, value in pairs if key == name]
            if len(values) > 1:
                merged[name] = [part for value in values for part in (value if isinstance(value, list) else [value])]
    return merged


def _with_repeats(text: str, value: Any) -> tuple[Any, tuple[str, ...]]:
    """Strict JSON, read once more when it may state a property of an object twice."""
    if text.count('"mainEntity"') > 1 and text.count('"mainEntity"') > _count_key(value, "mainEntity"):
        again = _lenient(text)
        if again is not _FAILED and again != value:
            return again, ("duplicate-keys",)
    return value, ()


def _count_key(value: Any, name: str) -> int:
    """In how many objects near the top the key stands; only a lower bound is needed."""
    total, stack, budget = 0, [value], 2000
    while stack and budget:
        budget -= 1
        node = stack.pop()
        if isinstance(node, dict):
            total += name in node
            stack.extend(child for child in node.values() if isinstance(child, (dict, list)))
        elif isinstance(node, list):
            stack.extend(child for child in node if isinstance(child, (dict, list)))
    return total


def _depth(text: str) -> int:
    """The deepest nesting of brackets, strings included (an upper bound is what is wanted)."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return 0
    bound = _running_depth(text)
    return bound if bound <= MAX_DEPTH else _running_depth(_STRING.sub("", text))


def _running_depth(text: str) -> int:
    depth = deepest = 0
    for match in _BRACKETS.finditer(text):
        run = match.end() - match.start()
        if match.group()[0] in "[{":
            depth += run
            if depth > deepest:
                deepest = depth
        else:
            depth = max(0, depth - run)
    return deepest


def _unwrapped(text: str) -> str:
    body = _without_noise_behind(text[_NOISE_BEFORE.match(text).end() :])  # type: ignore[union-attr]
    if assigned := _ASSIGNED.match(body):
        body = body[assigned.end() :]
    if body[:1] not in ("[", "{"):
        starts = [at for at in (body.find("{"), body.find("[")) if at >= 0]
        body = body[min(starts) :] if starts else body
    if body[-1:] not in ("]", "}"):
        end = max(body.rfind("}"), body.rfind("]"))
        # A block that was cut off ends anywhere: only noise behind the last bracket is dropped, never half a value.
        body = body[: end + 1] if end >= 0 and '"' not in body[end:] else body
    if "<" in body and _LAYOUT_TAG.search(_STRING.sub("", body)):
        body = _outside_strings(body, lambda part: _LAYOUT_TAG.sub(" ", part))
    return body


def _without_noise_behind(text: str) -> str:
    for _ in range(MAX_WRAPPERS):
        text = text.rstrip(_BLANK_BEHIND)
        if text.endswith("]]>") or text.endswith("-->"):
            text = text[:-3]
        elif text.endswith("*/") and (start := text.rfind("/*")) >= 0:
            text = text[:start]
        elif text.endswith("//"):
            text = text[:-2]
        elif text.endswith(">") and (tag := _TAG_BEHIND.search(text, text.rfind("<"))):
            text = text[: tag.start()]
        else:
            break
    return text


def _outside_strings(text: str, change: Callable[[str], str]) -> str:
    parts, last = [], 0
    for match in _STRING.finditer(text):
        parts.append(change(text[last : match.start()]))
        parts.append(match.group())
        last = match.end()
    parts.append(change(text[last:]))
    return "".join(parts)


def _unescaped(text: str) -> str:
    for _ in range(3):
        if not _ESCAPED_QUOTE.search(text):
            break
        text = html.unescape(text)
    return text


def _unstyled(text: str) -> str:
    """Typographic quotes back to straight ones, where they stand around keywords (a text editor's work)."""
    return _STYLED_QUOTE.sub('"', text) if _STYLED_KEYWORD.search(text) else text


def _unslashed(text: str) -> str:
    """One level of string escapes off, where even the quotes around keywords are escaped."""
    if not _SLASHED_KEYWORD.search(text):
        return text
    inner = _lenient(f'"{text}"')
    return inner if isinstance(inner, str) else text


_CHANGES: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("unwrap", _unwrapped),
    ("entities", _unescaped),
    ("quotes", _unstyled),
    ("string", _unslashed),
)


def _json5(text: str) -> Any:
    import pyjson5

    for candidate in (text, _STRING.sub(_escaped_controls, text)):
        try:
            return pyjson5.loads(candidate)
        except (pyjson5.Json5Exception, ValueError, RecursionError):
            continue
    return _FAILED


def _escaped_controls(match: re.Match[str]) -> str:
    return match.group().replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")


def _several(text: str) -> Any:
    """A tuple of the values that stand one behind the other; all of the block must be values."""
    decoder = json.JSONDecoder(strict=False, object_pairs_hook=_merged)
    values: list[Any] = []
    place = 0
    while len(values) < MAX_SEVERAL:
        while place < len(text) and text[place] in " \t\r\n,;\ufeff":
            place += 1
        if place >= len(text):
            return tuple(values) if values else _FAILED
        if text[place] not in "[{":
            return _FAILED
        try:
            value, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            return _FAILED
        values.append(value)
    return _FAILED


def _repaired(text: str) -> Any:
    if text[:1] not in "[{":
        return _FAILED
    import json_repair

    try:
        value = json_repair.loads(text, skip_json_loads=True)
    except (ValueError, RecursionError):
        return _FAILED
    return value if isinstance(value, (dict, list)) and value else _FAILED


def _unstrung(value: Any) -> Any | None:
    """The value inside a JSON string that holds JSON, None when it is none."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        inner = _lenient(value)
        return None if inner is _FAILED else inner
    return None
