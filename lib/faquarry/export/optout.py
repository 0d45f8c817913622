"""Which pairs are closed: their pages opt out of mining, or somebody asked for them to be taken down.

Two rules, on purpose not the same:

* An **opt-out** is a page's word about itself. A pair is closed when every page it stands on opts out. One that also
  stands on an open page stays, as read from there: that page's publisher offers the text without reserve, and its address
  and title are the ones exported. (Whoever syndicates a text decides for each place where it stands.)
* A **takedown** is somebody's word about a text. A pair that stands on one page of the list is closed wherever else it
  stands: else a copy would undo the request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from faquarry.config.settings import ExportSettings
from faquarry.errors import UsageError
from faquarry.export.request import Request

if TYPE_CHECKING:
    import duckdb

__all__ = ["Closed", "Takedown", "close_pairs"]

_HOST = re.compile(r"[^\s/?#:@]+(\.[^\s/?#:@]+)+", re.UNICODE)


@dataclass(frozen=True)
class Closed:
    """`counts`: {why: pairs}; `takedown`: entries of the list, and those of them that no page matches."""

    counts: Mapping[str, int]
    entries: int = 0
    unmatched: tuple[str, ...] = ()


@dataclass(frozen=True)
class Takedown:
    """The entries of a list: addresses (host and path, as `_ADDRESS` cuts them) and hosts with all that is under them."""

    addresses: tuple[str, ...]
    hosts: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> Takedown:
        """One entry a line: a URL, or a site (a host; its subdomains count). Blank lines and ``#`` comments are skipped.

        Raises:
            UsageError: the file cannot be read, or a line is neither.
        """
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise UsageError(f"--takedown {path} cannot be read: {why}.") from error
        addresses: list[str] = []
        hosts: list[str] = []
        for number, line in enumerate(lines, 1):
            entry = re.sub(r"(^|\s)#.*", "", line).strip()
            if not entry:
                continue
            bare = re.sub(r"^[a-z][a-z0-9+.-]*://", "", entry, flags=re.IGNORECASE)
            host, slash, path_ = bare.partition("/")
            if not _HOST.fullmatch(host.partition(":")[0].rstrip(".")):
                raise UsageError(f"--takedown {path}, line {number}: {entry} is neither a URL nor a site.")
            host = host.partition(":")[0].rstrip(".").lower()
            if slash or "://" in entry:
                addresses += [f"{name}/{path_.partition('#')[0]}".rstrip("/") for name in _spellings(host)]
            else:
                hosts += _spellings(host)
        return cls(tuple(dict.fromkeys(addresses)), tuple(dict.fromkeys(hosts)))


def _spellings(host: str) -> Iterator[str]:
    """A host as written, and in the letters of the domain name system."""
    yield host
    try:
        encoded = host.encode("idna").decode()
    except UnicodeError:
        return
    if encoded != host:
        yield encoded


# host in lower case, port and user left out; and with the path and query, less the slash at its end
_PAGE_HOST = r"lower(regexp_extract({url}, '^[^:/?#]+://(?:[^/?#@]*@)?([^/?#:]*)', 1))"
_ADDRESS = _PAGE_HOST + r" || rtrim(regexp_extract({url}, '^[^:/?#]+://[^/?#]*([^#]*)', 1), '/')"


def close_pairs(
    connection: duckdb.DuckDBPyConnection, versions: Mapping[str, int], request: Request, settings: ExportSettings
) -> Closed:
    """Makes the tables `closed` (id) and `elsewhere` (what stands for a pair's page), empty where nothing is closed."""
    taken = Takedown.read(request.takedown) if request.takedown is not None else None
    run = connection.execute
    run("CREATE TEMP TABLE shut (page_id VARCHAR, taken BOOLEAN)")
    if request.release:
        run(f"INSERT INTO shut SELECT page_id, false FROM pages WHERE {_opted_out(settings.opt_out)}")
    unmatched = _take_down(connection, taken) if taken is not None else ()
    run("CREATE TEMP TABLE closed (id VARCHAR)")
    run("""CREATE TEMP TABLE elsewhere (id VARCHAR, url VARCHAR, site VARCHAR, origin VARCHAR, title VARCHAR,
                                        description VARCHAR, crawl VARCHAR, fetched_at TIMESTAMPTZ)""")
    if not run("SELECT EXISTS (SELECT 1 FROM shut)").fetchall()[0][0]:
        counts = {}
    else:
        counts = _close(connection)
    names = {"taken": "taken down", "opted_out": "every page of theirs opts out"}
    wanted = [("opted_out", request.release), ("taken", taken is not None)]
    entries = len(taken.addresses) + len(taken.hosts) if taken is not None else 0
    return Closed({names[key]: counts.get(key, 0) for key, asked in wanted if asked}, entries, unmatched)


def _opted_out(signals: tuple[str, ...]) -> str:
    """A condition on pages: one of the signals stands in `opt_out`, or as a word in `robots`."""
    listed = ", ".join(f"'{signal}'" for signal in signals)
    words = "|".join(re.escape(signal) for signal in signals)
    robots = rf"regexp_matches(coalesce(robots, ''), '(^|[^a-z0-9-])({words})([^a-z0-9-]|$)', 'i')"
    return f"(list_has_any(coalesce(opt_out, []), [{listed}]) OR {robots})" if signals else "false"


def _take_down(connection: duckdb.DuckDBPyConnection, taken: Takedown) -> tuple[str, ...]:
    run = connection.execute
    run("CREATE TEMP TABLE takedown (entry VARCHAR, host BOOLEAN)")
    rows = [*((entry, False) for entry in taken.addresses), *((entry, True) for entry in taken.hosts)]
    if rows:
        connection.executemany("INSERT INTO takedown VALUES (?, ?)", rows)
    labels = "string_split(host, '.')"
    run(f"""CREATE TEMP TABLE matched AS
        WITH named AS (SELECT page_id, unnest(list_filter([url, canonical], lambda u: u IS NOT NULL)) AS url FROM pages),
             cut AS (SELECT page_id, {_PAGE_HOST.format(url="url")} AS host, {_ADDRESS.format(url="url")} AS address
                     FROM named),
             under AS (SELECT page_id, unnest(list_transform(range(1, len({labels}) + 1),
                              lambda i: array_to_string({labels}[i:], '.'))) AS host
                       FROM cut WHERE EXISTS (SELECT 1 FROM takedown WHERE host))
        SELECT page_id, entry FROM cut JOIN takedown t ON t.entry = cut.address AND NOT t.host
        UNION SELECT page_id, entry FROM under JOIN takedown t ON t.entry = under.host AND t.host""")
    run("INSERT INTO shut SELECT DISTINCT page_id, true FROM matched")
    found = run("SELECT entry FROM takedown ANTI JOIN matched USING (entry) ORDER BY entry").fetchall()
    return tuple(entry for (entry,) in found)


def _close(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Fills `closed` and `elsewhere` from `shut`. -> pairs by why."""
    run = connection.execute
    # The representative page counts as a place too, should a lake hold pairs without occurrences.
    run("""CREATE TEMP VIEW places AS SELECT id, page_id FROM occurrences UNION ALL SELECT id, page_id FROM qa""")
    run("""CREATE TEMP TABLE touched AS
        SELECT p.id, bool_or(s.taken) AS taken FROM places p JOIN shut s USING (page_id) GROUP BY p.id""")
    run("""CREATE TEMP TABLE open AS
        SELECT DISTINCT id FROM places p ANTI JOIN shut USING (page_id) SEMI JOIN touched USING (id)""")
    run("INSERT INTO closed SELECT id FROM touched WHERE taken OR id NOT IN (SELECT id FROM open)")
    run("""INSERT INTO elsewhere
        WITH misplaced AS (SELECT q.id FROM qa q SEMI JOIN shut USING (page_id) ANTI JOIN closed USING (id)),
             others AS (SELECT o.id, o.page_id, o.position, o.url, o.crawl, o.fetched_at
                        FROM occurrences o SEMI JOIN misplaced USING (id) ANTI JOIN shut USING (page_id))
        SELECT o.id, o.url, p.site, p.origin, p.title, p.description, o.crawl, o.fetched_at
        FROM others o JOIN pages p USING (page_id)
        QUALIFY row_number() OVER (PARTITION BY o.id ORDER BY o.fetched_at NULLS LAST, length(o.url), o.url,
                                   o.page_id, o.position) = 1""")
    rows = run(
        "SELECT CASE WHEN taken THEN 'taken' ELSE 'opted_out' END, count(*) FROM touched SEMI JOIN closed "
        "USING (id) GROUP BY 1"
    ).fetchall()
    return {str(why): int(count) for why, count in rows}
