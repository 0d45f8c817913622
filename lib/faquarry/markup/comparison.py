"""extruct behind the same pairs, cleaning and filters, so that only the reading of markup is compared.

Set ``extract.parser = "extruct"``. The package is an extra; it is slow (tens of milliseconds a page) and knows no
repairs.
"""

from __future__ import annotations

from typing import Any

from faquarry.errors import MissingExtra

__all__ = ["extruct_nodes"]

_SYNTAXES = {"json-ld": "json-ld", "microdata": "microdata", "rdfa": "rdfa"}


def extruct_nodes(html: str, url: str) -> dict[str, list[dict[str, Any]]]:
    """The nodes that extruct finds, by syntax, as JSON-LD-like trees. Raises `MissingExtra`."""
    try:
        import extruct
    except ImportError as absent:
        raise MissingExtra("extruct", "extruct", "the parser 'extruct'") from absent
    found = extruct.extract(html, base_url=url, syntaxes=list(_SYNTAXES), uniform=True, errors="ignore")
    return {_SYNTAXES[name]: nodes for name, nodes in found.items() if isinstance(nodes, list)}
