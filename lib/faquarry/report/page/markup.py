"""HTML that cannot be written wrongly: whatever is not HTML already is escaped where it enters.

A lake holds what strangers wrote. `Html` marks what was made here; every other value becomes text, in elements, in
attributes and in the JSON that the page's script reads.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from html import escape
from typing import TypeAlias

__all__ = ["Child", "Html", "cut", "embedded", "h", "join", "said", "tag_of"]


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


Child: TypeAlias = "str | int | float | Iterable[Child] | None"
Attribute: TypeAlias = "str | int | float | bool | None"

_VOID = frozenset(("br", "hr", "img", "input", "link", "meta"))
# What HTML forbids as characters, or shows as nothing; a tab and an end of line stay.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")


def h(name: str, /, *children: Child, **attributes: Attribute) -> Html:
    """An element; `class_` and `data_tip` become ``class`` and ``data-tip``, None and False leave an attribute out.

    >>> h("p", "a < b", h("b", 3), class_="x", hidden=True, title='"')
    '<p class="x" hidden title="&quot;">a &lt; b<b>3</b></p>'
    """
    written = []
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        key = key.rstrip("_").replace("_", "-")
        written.append(f" {key}" if value is True else f' {key}="{escape(_CONTROLS.sub("�", str(value)))}"')
    start = f"<{name}{''.join(written)}>"
    return Html(start if name in _VOID else f"{start}{join(*children)}</{name}>")


def join(*children: Child) -> Html:
    """Children one after the other, each escaped unless it is HTML.

    >>> join("<", [Html("<b></b>"), None, 1])
    '&lt;<b></b>1'
    """
    found = []
    for child in children:
        if isinstance(child, Html):
            found.append(str(child))
        elif isinstance(child, str):
            found.append(escape(_CONTROLS.sub("�", child)))
        elif isinstance(child, int | float):
            found.append(str(child))
        elif child is not None:
            found.append(str(join(*child)))
    return Html("".join(found))


def said(text: str | None, language: str | None = None, *, name: str = "span", most: int | None = None) -> Html:
    """A text of the web: in its own direction and language, cut at `most` characters."""
    return h(
        name, cut(text or "", most) if most else text or "", dir="auto", lang=tag_of(language) if language else None
    )


def cut(text: str, most: int) -> str:
    """At most so many characters; an ellipsis says that there were more.

    >>> cut("abcdef", 4), cut("abcd", 4)
    ('abc…', 'abcd')
    """
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def embedded(name: str, data: object) -> Html:
    """Data for the page's script, as JSON in an element that browsers do not run; read by ``data(name)`` there.

    Nothing in it can end the element, start a comment or break a line, whatever the texts hold.

    >>> embedded("x", ["</script>"])
    '<script type="application/json" id="data-x">["\\\\u003c/script\\\\u003e"]</script>'
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Html(f'<script type="application/json" id="data-{escape(name)}">{_CONTROLS.sub("�", text)}</script>')


@lru_cache(maxsize=4096)
def tag_of(language: str) -> str:
    """A language as the attribute ``lang`` wants it: the shortest code.

    >>> tag_of("deu"), tag_of("zho"), tag_of("no language")
    ('de', 'zh', 'und')
    """
    import langcodes
    from langcodes.tag_parser import LanguageTagError

    try:
        return langcodes.standardize_tag(language)
    except (LanguageTagError, ValueError):
        return "und"
