"""Ways in which real pages break their JSON-LD, each with the rung of the repair ladder that mends it."""

from __future__ import annotations

import html
import json
import re

__all__ = ["RUNG", "spoil"]

RUNG = {
    "control": "control", "tabs": "control",
    "bom": "unwrap", "cdata": "unwrap", "comment": "unwrap", "semicolon": "unwrap",
    "entities": "entities", "smart": "quotes", "string": "string",
    "json5": "json5", "trailing": "json5",
    "several": "several",
    "commas": "repair", "unclosed": "repair", "quotes": "repair",
    "comment+control": "unwrap+control",
}  # fmt: skip


def spoil(text: str, way: str) -> str:
    """`text` (valid JSON) with one thing wrong."""
    match way:
        case "":
            return text
        case "control":  # line breaks inside strings, where HTML does not mind them
            return re.sub(r"(<p>|<\\/p>|<li>)", "\\1\n", text)
        case "tabs":  # tabs inside strings, one before the text and one for its first blank
            return re.sub(r'("text": ")(\S+ )?', lambda m: m[1] + "\t" + (m[2] or " ").replace(" ", "\t"), text)
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
        case "smart":  # what a word processor makes of quotes
            return re.sub(r'"([^"]*)"', r"“\1”", text)
        case "string":
            return json.dumps(text, ensure_ascii=False)
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
