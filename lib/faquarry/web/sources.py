"""From what a user names to the files that will be read: what each is, how large, and which version.

An argument that matches nothing stops the job before it starts (`NothingToRead`). A file that is there and cannot be
read does not: it stays in the list with its `error`, and becomes a row that says so.
"""

from __future__ import annotations

import glob
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import translate
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa

from faquarry.config.settings import SourceSettings
from faquarry.errors import NothingToRead, SourceError, UsageError
from faquarry.redaction import scrubbed, shown
from faquarry.web.detect import Coding
from faquarry.web.files import SAMPLE_SCHEME, local_path, open_random, open_range, stat_and_head
from faquarry.web.sniff import SNIFF_BYTES, Kind, kind_of_parquet, sniff
from faquarry.web.stores import store_find

__all__ = ["SAMPLE", "Kind", "Source", "resolve", "sniff"]

SAMPLE = "sample"
SAMPLE_URI = SAMPLE_SCHEME + "sample.warc.gz"
SNIFF_THREADS = 32
MAX_MANIFEST_BYTES = 1 << 30
_MANIFEST = re.compile(r"\.paths(\.gz)?$")
_MANIFESTS = re.compile(r"\.paths(\.gz|[^/]*\*)?$")
_WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Source:
    """A file that holds records. `etag` tells its versions apart ("" where nothing does), `error` why it cannot be read.

    `explicit` is False for what was met in a folder, where a README is no one's mistake.
    """

    uri: str
    kind: Kind
    size: int | None
    etag: str
    coding: Coding | None = None
    error: str | None = None
    explicit: bool = True

    @property
    def name(self) -> str:
        """What it is called in tables and messages: the URI without the secrets that may be in it."""
        return shown(self.uri)

    @property
    def splittable(self) -> bool:
        """Whether byte ranges of it can be read by themselves."""
        return self.kind == "warc" and self.coding in ("gzip", "zstd")


def resolve(args: Sequence[str], settings: SourceSettings | None = None, prefix: str | None = None) -> list[Source]:
    """The sources that the arguments name, in their order (names within one argument sorted), each once.

    An argument is the word ``sample``, a file, a folder (all files below it), a glob, or a ``*.paths[.gz]`` manifest
    whose lines are put behind `prefix`; local, ``http(s)://``, ``s3://`` or ``hdfs://``. Raises `NothingToRead`, which
    names the argument that matches nothing.
    """
    settings = settings or SourceSettings()
    if not args:
        raise NothingToRead(
            "No source is named: give a file, a folder, a glob, a *.paths manifest, or the word sample."
        )
    found: dict[str, bool] = {}
    for arg in args:
        for uri, explicit in _expand(arg, settings, prefix):
            found[uri] = explicit or found.get(uri, False)
    _require_distinct(found)
    with ThreadPoolExecutor(SNIFF_THREADS) as pool:
        local = [uri for uri in found if local_path(uri) is not None]
        remote = pool.map(
            lambda uri: _look_at(uri, settings, found[uri]), (uri for uri in found if uri not in set(local))
        )
        sources = {source.uri: source for source in (_look_at(uri, settings, found[uri]) for uri in local)}
        sources |= {source.uri: source for source in remote}
    return [sources[uri] for uri in found]


def _require_distinct(uris: Iterable[str]) -> None:
    """Two addresses that differ in a secret only would be one source in the tables."""
    names: dict[str, str] = {}
    for uri in uris:
        if names.setdefault(shown(uri), uri) != uri:
            raise UsageError(
                f"{shown(uri)} is named twice, with different keys or signatures: name it once, or put what tells the "
                "two files apart into another parameter."
            )


def _expand(arg: str, settings: SourceSettings, prefix: str | None) -> Iterator[tuple[str, bool]]:
    """(URI, whether it was named) of every file that one argument stands for."""
    if arg in (SAMPLE, SAMPLE_URI):
        yield SAMPLE_URI, True
        return
    any_found = False
    manifests = _MANIFESTS.search(arg) is not None  # a manifest that some other glob happens to match is no archive
    for uri, explicit in _find(arg, settings):
        any_found = True
        if manifests and explicit and _MANIFEST.search(uri):
            yield from _manifest(uri, settings, prefix)
        else:
            yield uri, explicit
    if not any_found:
        raise NothingToRead(
            f"{arg} matches nothing: check the path, or quote a glob so that the shell leaves it alone."
        )


def _find(arg: str, settings: SourceSettings) -> Iterable[tuple[str, bool]]:
    if arg.startswith(("http://", "https://")):
        return [(arg, True)]
    path = local_path(arg)
    if path is not None:
        return _find_local(arg, path)
    return _find_in_store(arg, settings)


def _find_local(arg: str, path: Path) -> Iterator[tuple[str, bool]]:
    if path.is_dir():
        for found in _walk(path):
            yield _uri_of(found), False
    elif path.exists() or not _WILD.search(arg):
        if not path.exists() and not path.is_symlink():
            raise NothingToRead(f"{path} is not there: check the path.")
        yield _uri_of(path), True
    else:
        for name in sorted(glob.glob(str(path), recursive=True)):  # noqa: PTH207 - absolute patterns, and ** as users know it
            match = Path(name)
            if match.is_dir():
                yield from ((_uri_of(found), False) for found in _walk(match))
            else:
                yield _uri_of(match), True


def _walk(folder: Path) -> Iterator[Path]:
    """All files below a folder, sorted, without those that are hidden or that jobs leave behind (``_SUCCESS``)."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        yield from (Path(place) / name for name in sorted(names) if not name.startswith((".", "_")))


def _uri_of(path: Path) -> str:
    return Path(os.path.abspath(path)).as_uri()  # noqa: PTH100 - links stay links: the key is the name that was given


def _find_in_store(arg: str, settings: SourceSettings) -> Iterator[tuple[str, bool]]:
    wild = _WILD.search(arg)
    if wild is None:
        found = store_find(arg, settings)
        yield from ((uri, uri == arg) for uri in found or () if uri == arg or _is_data(uri, arg))
        return
    base = arg[: wild.start()].rpartition("/")[0]
    matches = re.compile(_glob_pattern(arg)).fullmatch
    yield from ((uri, True) for uri in store_find(base, settings) or () if matches(uri) and _is_data(uri, base))


def _is_data(uri: str, base: str) -> bool:
    return not any(part.startswith((".", "_")) for part in uri[len(base) :].strip("/").split("/"))


def _glob_pattern(pattern: str) -> str:
    """A regular expression in which ``*`` stays inside a folder and ``**/`` does not.

    >>> bool(re.fullmatch(_glob_pattern("s3://b/*/x.gz"), "s3://b/a/x.gz")), bool(re.fullmatch(_glob_pattern("s3://b/*"), "s3://b/a/x"))
    (True, False)
    """
    parts = []
    for part in pattern.split("/"):
        if part == "**":
            parts.append("(?:[^/]+/)*")
        else:
            body = translate(part).removeprefix("(?s:").rpartition(")")[0]
            parts.append(body.replace(".*", "[^/]*") + "/")
    return "".join(parts).removesuffix("/")


def _manifest(uri: str, settings: SourceSettings, prefix: str | None) -> Iterator[tuple[str, bool]]:
    """The names in a manifest: whole URIs as they are, others behind the prefix, or beside the manifest without one."""
    lines = _read_manifest(uri, settings)
    base = prefix if prefix is not None else uri.rpartition("/")[0]
    if prefix is not None and "://" not in prefix and local_path(prefix) is not None:
        base = _uri_of(Path(prefix))
    names = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not names:
        raise NothingToRead(f"{uri} names no file.")
    for name in names:
        if "://" in name:
            yield name, True
        elif name.startswith("/") and prefix is None and urlsplit(uri).scheme == "file":
            yield _uri_of(Path(name)), True
        elif base.startswith("file:"):
            yield _uri_of((local_path(base) or Path()) / name.lstrip("/")), True
        else:
            yield f"{base.rstrip('/')}/{name.lstrip('/')}", True


def _read_manifest(uri: str, settings: SourceSettings) -> list[str]:
    pieces, total = [], 0
    with open_range(uri, 0, MAX_MANIFEST_BYTES, settings) as stream:
        while piece := stream.read(1 << 20):
            pieces.append(piece)
            total += len(piece)
    data = b"".join(pieces)
    if data.startswith(b"\x1f\x8b"):
        try:
            data = zlib.decompressobj(31).decompress(data, MAX_MANIFEST_BYTES)
        except zlib.error as error:
            raise SourceError(f"{uri} is a manifest whose gzip data are damaged: {error}.") from None
    return data.decode("utf-8", "replace").splitlines()


def _look_at(uri: str, settings: SourceSettings, explicit: bool) -> Source:
    """One request (two for Parquet) tells kind, size and version."""
    try:
        found, head = stat_and_head(uri, SNIFF_BYTES, settings)
    except SourceError as error:
        return Source(uri, "unknown", None, "", error=str(error), explicit=explicit)
    kind, coding = sniff(head)
    error_text = None
    if kind == "parquet":
        try:
            with open_random(uri, settings) as file:
                kind = kind_of_parquet(file)
        except (OSError, ValueError, pa.ArrowException, SourceError) as error:
            kind, error_text = (
                "unknown",
                f"{shown(uri)} is a damaged Parquet file: {scrubbed(str(error).splitlines()[0])}",
            )
    if kind == "unknown" and error_text is None:
        what = "is empty" if not head else "is neither WARC nor N-Quads nor Parquet with the columns that are known"
        error_text = f"{shown(uri)} {what}."
    return Source(uri, kind, found.size, found.etag, coding, error_text, explicit)
