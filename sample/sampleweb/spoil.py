"""Ways in which real pages break their JSON-LD, each with the rung of the repair ladder that mends it."""

from __future__ import annotations

import html
import re

__all__ = ["RUNG", "spoil"]

RUNG = {
    "control": "control", "tabs": "control",
    "bom": "unwrap", "cdata": "unwrap", "comment": "unwrap", "semicolon": "unwrap",
    "entities": "entities",
    "json5": "json5", "trailing": "json5",
    "several": "several",
    "commas": "general", "unclosed": "general", "quotes": "general",
    "comment+control": "control+unwrap",
}  # fmt: skip


def spoil(text: str, way: str) -> str:
    """`text` (valid JSON) with one thing wrong."""
    match way:
        case "":
            return text
        case "control":  # a line break inside a string, between two elements or after a sentence's space
            return re.sub(r"(<\\?/p>)(<p>|<ul>)", "\\1\n\\2", text).replace("<li>", "\n<li>")
        case "tabs":
            return re.sub(r'("text": "\S+) ', "\\1\t", text)
        case "bom":
            return "\ufeff" + text
        case "cdata":
            return f"\n//<![CDATA[\n{text}\n//]]>\n"
        case "comment":
            return f"\n<!--\n{text}\n-->\n"
        case "semicolon":
            return text + ";"
        case "entities":
            return html.escape(text)
        case "json5":
            return re.sub(r'"@type": "FAQPage",', '"@type": "FAQPage", // generated, do not edit', text).replace(
                '"mainEntity"', '/* the questions */ "mainEntity"'
            )
        case "trailing":
            return re.sub(r"(\n\s*[}\]])", r",\1", text)
        case "several":
            return text
        case "commas":
            return re.sub(r"\},(\s*)\{", r"}\1{", text)
        case "unclosed":
            return re.sub(r"[\s\]}]+$", "\n", text)
        case "quotes":
            return text.replace('\\"', '"')
        case "comment+control":
            return spoil(spoil(text, "tabs"), "comment")
    raise ValueError(f"no way to spoil JSON is called {way!r}")
