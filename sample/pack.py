"""Packs the sample web: `python sample/pack.py` writes lib/faquarry/sample/sample.warc.gz and expected.json.

The same sources give the same bytes each time (with the same zlib, brotli and zstd, whose versions expected.json names).

    python sample/pack.py              write both files
    python sample/pack.py --check      write nothing; exit 1 if the committed files are not what the sources give
    python sample/pack.py --to FOLDER  write elsewhere
    python sample/pack.py --html FOLDER  also write every page as a file, to look at
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sampleweb.expected import as_json, expected
from sampleweb.render import Rendered, render
from sampleweb.sources import SourceMistake, load
from sampleweb.storage import archive

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "lib" / "faquarry" / "sample"


def build(sources: Path = HERE / "sites") -> tuple[bytes, str, list[Rendered]]:
    """(archive, expected.json, the pages) from a folder of sources."""
    sites = load(sources)
    pages = [
        render(sites, site, page, language)
        for site in sites.values()
        for page in site.pages.values()
        for language in page.languages()
    ]
    addresses: set[str] = set()
    for page in pages:
        if page.url in addresses:
            raise SourceMistake(f"two pages have the address {page.url}")
        addresses.add(page.url)
    packed = archive(pages)
    return packed, as_json(expected(sites, pages, packed)), pages


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the committed files and write nothing")
    parser.add_argument("--to", type=Path, default=TARGET, help="folder for the two files")
    parser.add_argument("--html", type=Path, help="folder for the pages as files")
    options = parser.parse_args()
    try:
        packed, result, pages = build()
    except SourceMistake as mistake:
        print(mistake, file=sys.stderr)
        return 2
    files = {options.to / "sample.warc.gz": packed, options.to / "expected.json": result.encode()}
    if options.check:
        stale = [path for path, data in files.items() if not path.exists() or path.read_bytes() != data]
        print("\n".join(f"{path} is not what the sources give" for path in stale) or "as committed")
        return 1 if stale else 0
    for path, data in files.items():
        path.write_bytes(data)
    if options.html:
        for page in pages:
            name = page.url.split("//")[1].replace("/", "_").replace("?", "_") + ".html"
            options.html.mkdir(parents=True, exist_ok=True)
            (options.html / name).write_bytes(page.body)
    print(result[: result.index('"damaged"')].rstrip(" ,\n") + "\n}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
