"""Settings: where values come from, and the sentences for what cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from faquarry.config import Settings, load
from faquarry.errors import ConfigError


def write(folder: Path, text: str) -> str:
    path = folder / "my.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_file_over_defaults_set_over_file_option_over_set(tmp_path: Path) -> None:
    file = write(tmp_path, 'lake = "a"\n[extract]\nfiles_per_commit = 7\nsplit_bytes = 5000\n')
    configured = load(file, ["extract.files_per_commit=8", "lake=b"], lake="c")
    assert configured.settings.lake == "c"
    assert configured.settings.extract.files_per_commit == 8
    assert configured.settings.extract.split_bytes == 5000
    origins = {key: origin for key, _, origin in configured.listing()}
    assert origins["lake"] == "--lake"
    assert origins["extract.files_per_commit"] == "--set extract.files_per_commit"
    assert origins["extract.split_bytes"] == file
    assert origins["filters.profile"] == "default"


def test_an_option_that_was_not_given_changes_nothing() -> None:
    assert load(None, (), lake=None).settings == Settings()


def test_spark_settings_take_any_name(tmp_path: Path) -> None:
    file = write(tmp_path, '[spark.conf]\n"spark.executor.cores" = "4"\n')
    configured = load(file, ["spark.conf.spark.task.maxFailures=2"])
    assert configured.settings.spark.conf == {"spark.executor.cores": "4", "spark.task.maxFailures": "2"}


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        (
            "filters.profil=none",
            r"There is no setting filters\.profil \(from --set filters\.profil\)\. Did you mean filters\.profile\?",
        ),
        ("language.min_question=3", r"Did you mean filters\.min_question\?"),
        ("zzz=1", r"There is no setting zzz .* `faquarry config` lists all settings"),
        ("extract=1", r"extract .* is a group of settings: name one of them, as in extract\."),
        ("lake.more=1", r"There is no setting lake\.more"),
        (
            "filters.profile=other",
            r"filters\.profile cannot be 'other' \(from --set filters\.profile\): .*'webfaq' or 'none'",
        ),
        ("extract.files_per_commit=many", r"extract\.files_per_commit cannot be 'many'.*valid integer"),
        ("extract.files_per_commit=0", r"greater than or equal to 1"),
        ("filters.profile", r"--set wants KEY=VALUE"),
        ("=3", r"--set wants KEY=VALUE"),
    ],
)
def test_wrong_assignments_are_sentences(assignment: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        load(None, [assignment])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("lake = ", r"my\.toml is not TOML"),
        (
            "[extract]\nfile_per_commit = 3",
            r"no setting extract\.file_per_commit \(from .*my\.toml\)\. Did you mean extract\.files_per_commit",
        ),
        ("[extracts]\nparser = 'extruct'", r"no setting extracts\.parser"),
        ("[extract]\nparser = 5", r"extract\.parser cannot be 5 \(from .*my\.toml\)"),
    ],
)
def test_wrong_files_are_sentences(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        load(write(tmp_path, text))


def test_an_absent_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.toml cannot be read: No such file"):
        load(tmp_path / "nothing.toml")


def test_the_shipped_files_load() -> None:
    conf = Path(__file__).parents[3] / "conf"
    assert load(conf / "local.toml").settings.spark.master == "local[*]"
    assert load(conf / "cluster.toml").settings.log.progress == "plain"
