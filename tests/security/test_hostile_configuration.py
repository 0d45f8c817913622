"""Configuration, manifests and queries are data: no shell, no templates, no way out of the lake or into other files."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from faquarry.cli import main
from faquarry.config import load
from faquarry.errors import ConfigError, FaquarryError, NothingToRead, UsageError
from faquarry.lake import Lake
from faquarry.sql import run_sql
from faquarry.web.index import plan_index
from faquarry.web.sources import resolve

import pyarrow as pa  # isort: skip
import pyarrow.parquet as pq  # isort: skip

EVIL = ["$(touch {0})", "`touch {0}`", "; touch {0}", "| touch {0}", "{{{{ cycler.__init__.__globals__.os.system('touch {0}') }}}}", "${{jndi:ldap://127.0.0.1/x}}",
        "__import__('os').system('touch {0}')", "!!python/object/apply:os.system ['touch {0}']", "%(x)s{0}", "f'{0}'"]  # fmt: skip


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """A file that must not come to be."""
    return tmp_path / "mark"


@pytest.mark.parametrize("text", EVIL)
def test_values_are_never_evaluated(text: str, mark: Path, tmp_path: Path) -> None:
    value = text.format(mark)
    assert load(None, [f"spark.conf.x={value}"]).settings.spark.conf == {"x": value}
    assert load(None, [f"sources.where={value}"]).settings.sources.where == value
    with pytest.raises(ConfigError):
        load(None, [f"filters.min_question={value}"])
    with pytest.raises(ConfigError):
        load(None, [f"{value}=1"])
    file = tmp_path / "c.toml"
    file.write_text(f"[spark.conf]\nx = '''{value}'''\n")
    assert load(file).settings.spark.conf == {"x": value}
    assert not mark.exists()


@pytest.mark.parametrize(
    "toml", ["a = " + "[" * 5000, "x" * 100_000, "[a." + "b." * 5000 + "c]", "lake = 1979-05-27", "lake = nan", "lake = 9" + "9" * 5000, "\x00", '[spark]\nconf = "x"', "[[lake]]", "lake.x = 1"]
)  # fmt: skip
def test_odd_files_are_sentences(toml: str, tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text(toml)
    with pytest.raises(FaquarryError):
        load(file)


def test_an_assignment_sets_one_key_only() -> None:
    """A value cannot bring other keys along."""
    for value in ('"x"\nlake = "/etc"', "1\n[spark]\nmaster = 'x'"):
        try:
            assert load(None, [f"sources.where={value}"]).settings.sources.where in (value, tomllib.loads('a="x"')["a"])
        except ConfigError:
            pass
        else:
            assert load(None, [f"sources.where={value}"]).settings.lake == load().settings.lake


@pytest.fixture
def lake(tmp_path: Path) -> str:
    """A lake whose folder has a name that would end a string of SQL."""
    uri = str(tmp_path / "la'ke \"; DROP TABLE qa; --")
    Lake(uri).upsert("takedown" if "takedown" in Lake(uri).tables() else "runs", [_run()])
    return uri


def _run() -> dict[str, object]:
    from datetime import UTC, datetime

    return {
        "run_id": "1'; DROP TABLE runs; --",
        "verb": "x",
        "version": "1",
        "fingerprint": "f",
        "status": "done",
        "started_at": datetime(2026, 1, 1, tzinfo=UTC),
    }


@pytest.mark.parametrize(
    "at",
    [
        "qa=3; DROP TABLE runs",
        "runs'--=1",
        "runs=-1",
        "runs=1e3",
        "../runs=0",
        "runs=٣",
        "runs=",
        "=1",
        "runs=0 OR 1=1",
        "runs=" + "9" * 5000,
    ],
)
def test_at_names_tables_and_versions_only(lake: str, at: str) -> None:
    with pytest.raises(FaquarryError):
        run_sql(lake, "SELECT 1", "json", None, [at])


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM '/etc/passwd'", "SELECT * FROM read_text('/etc/passwd')", "SELECT * FROM glob('/*')",
        "COPY (SELECT 1) TO '{0}'", "COPY runs TO '{0}' (FORMAT parquet)", "ATTACH '{0}' AS x", "INSTALL httpfs", "LOAD httpfs", "EXPORT DATABASE '{0}'",
        "SET enable_external_access = true", "SELECT getenv('HOME')", "CREATE SECRET (TYPE s3)", "IMPORT DATABASE '/etc'", "SELECT * FROM sniff_csv('/etc/passwd')",
    ],
)  # fmt: skip
def test_sql_reads_the_lake_and_nothing_else(lake: str, mark: Path, query: str) -> None:
    with pytest.raises(UsageError, match="cannot be answered"):
        run_sql(lake, query.format(mark), "json", None, [])
    assert not mark.exists()


def test_a_lake_with_quotes_in_its_name(lake: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sql", "SELECT run_id FROM runs", "--format", "json", "--lake", lake]) == 0
    assert "DROP TABLE runs" in capsys.readouterr().out
    Lake(lake).upsert("runs", [{**_run(), "status": "failed"}])
    assert [row["status"] for row in Lake(lake).rows("runs", ["status"])] == ["failed"]


@pytest.mark.parametrize(
    "where", ["1=1) UNION SELECT * FROM read_csv('/etc/passwd') --", "EXISTS (SELECT * FROM read_text('/etc/passwd'))", "1; COPY pages TO '{0}'", "getenv('HOME') <> ''", "(SELECT count(*) FROM glob('/*')) > 0"]
)  # fmt: skip
def test_a_condition_reads_the_index_and_nothing_else(tmp_path: Path, mark: Path, where: str) -> None:
    index = tmp_path / "index.parquet"
    pq.write_table(
        pa.table({"url": ["u"], "warc_filename": ["a.gz"], "warc_record_offset": [0], "warc_record_length": [9]}), index
    )
    with pytest.raises(UsageError, match="cannot be evaluated"):
        plan_index([index.as_uri()], where=where.format(mark))
    assert not mark.exists()


@pytest.mark.parametrize(
    "line",
    [
        *EVIL,
        "../../../../etc/passwd",
        "/etc/passwd",
        "file:///etc/passwd",
        "file://host/etc/passwd",
        "ftp://h/x",
        "jar:file:///x!/y",
        "data:,x",
        "javascript:x",
        "//etc/passwd",
        "\x00",
        "a\x00b",
        "x" * 5000,
    ],
)
def test_lines_of_a_manifest_are_names_of_files(tmp_path: Path, mark: Path, line: str) -> None:
    """Whoever writes a manifest says what is read, as whoever types the command does; what is no archive is an error row."""
    manifest = tmp_path / "a.paths"
    manifest.write_bytes(line.format(mark).encode() + b"\n")
    try:
        found = resolve([str(manifest)])
    except NothingToRead:
        found = []
    assert all(source.error and source.kind == "unknown" for source in found)
    assert "root:" not in repr(found)
    assert not mark.exists()
