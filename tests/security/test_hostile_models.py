"""Models are data: what would run is refused unread, what lies about its size is a sentence."""

from __future__ import annotations

import json
import lzma
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from faquarry.config.settings import EmbedSettings
from faquarry.errors import FaquarryError
from faquarry.vectors import small
from faquarry.vectors.files import LocalFiles, check, described
from faquarry.vectors.small.files import read_info, read_table, read_tokenizer

STATIC = [{"type": "sentence_transformers.models.StaticEmbedding", "path": ""}]


def _folder(tmp_path: Path, *, weights: bytes | None = None, **files: object) -> Path:
    """A static model; `weights` in place of its own."""
    folder = tmp_path / "model"
    folder.mkdir()
    for name, content in {"modules": STATIC, "config": {}, **files}.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    if weights is None:
        save_file({"embedding.weight": np.zeros((4, 8), np.float32)}, folder / "model.safetensors")
    else:
        (folder / "model.safetensors").write_bytes(weights)
    return folder


def _look(folder: Path) -> object:
    files = LocalFiles(folder)
    check("m", files.names, files.json, EmbedSettings())
    return described("m", files)


def test_the_folder_is_good_as_it_is(tmp_path: Path) -> None:
    assert _look(_folder(tmp_path)).dim == 8  # type: ignore[attr-defined]


def _header(text: bytes, length: int | None = None) -> bytes:
    return struct.pack("<Q", len(text) if length is None else length) + text


@pytest.mark.parametrize(
    "weights",
    [
        b"", b"\x80\x04\x95", _header(b"{}", 2**63), _header(b"{}", 2**40), _header(b"{"), _header(b"[" * 50_000),
        _header(b'{"embedding.weight":{"dtype":"F32","shape":[1000000000,1000000000],"data_offsets":[0,4]}}') + b"\0" * 4,
        _header(b'{"embedding.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,99999999999]}}'),
        _header(b'{"embedding.weight":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}') + b"\0" * 4,
        _header(b'{"other":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}') + b"\0" * 4,
    ],
)  # fmt: skip
def test_weights_that_lie(tmp_path: Path, weights: bytes) -> None:
    with pytest.raises(FaquarryError, match="The model m "):
        _look(_folder(tmp_path, weights=weights))


@pytest.mark.parametrize(
    "files",
    [
        {"config": "[" * 200_000}, {"config": '{"a":' * 100_000}, {"config": "\ufeff\x00"}, {"config": "[]"}, {"config": '"x"'}, {"config": "9" * 10_000},
        {"config": {"auto_map": {"AutoModel": "evil.Model"}}}, {"config": {"nested": [{"auto_map": "evil.Model"}]}},
        {"modules": [{"type": "os.system", "path": ""}]}, {"modules": [{"type": "sentence_transformers.models.Transformer", "path": "../../etc"}]},
        {"modules": [{"type": "sentence_transformers.models.StaticEmbedding", "path": "/etc"}]}, {"modules": {}}, {"modules": [[]]},
        {"modules": [{"type": 1, "path": []}]}, {"config_sentence_transformers": {"truncate_dim": "os.system('x')"}}, {"faquarry": "[]"},
        {"config_sentence_transformers": "[1]"},
    ],
)  # fmt: skip
def test_configurations_that_lie(tmp_path: Path, files: dict[str, object]) -> None:
    """Each is refused with a sentence, or read as the plain data that it is."""
    folder = _folder(tmp_path, **files)
    try:
        assert _look(folder).dim == 8  # type: ignore[attr-defined]
        assert set(files) == {"config"}  # of a static model it is not needed
        assert "auto_map" not in json.dumps(files)
    except FaquarryError as told:
        assert "model m" in str(told) or "model " in str(told)  # noqa: PT017


def _packaged(tmp_path: Path) -> Path:
    folder = tmp_path / "small"
    shutil.copytree(Path(small.info().folder), folder)
    return folder


@pytest.mark.parametrize(
    "meta",
    ["", "[]", "{}", "[" * 100_000, '{"format":1}', '{"format":1,"name":"x","dim":"a","max_tokens":1,"thresholds":{}}'],
)
def test_a_small_encoder_that_lies_about_itself(tmp_path: Path, meta: str) -> None:
    folder = _packaged(tmp_path)
    (folder / "model.json").write_text(meta)
    with pytest.raises(FaquarryError, match="small"):
        read_info(folder)


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"no xz",
        lzma.compress(b"{}"),
        lzma.compress(b"[" * 100_000),
        lzma.compress(b"\x00" * (600 << 20), preset=0),
        lzma.compress(b"\xff\xfe"),
    ],
)
def test_a_tokeniser_that_is_none(tmp_path: Path, packed: bytes) -> None:
    folder = _packaged(tmp_path)
    (folder / "tokenizer.json.xz").write_bytes(packed)
    with pytest.raises(FaquarryError, match="damaged"):
        read_tokenizer(folder)


@pytest.mark.parametrize(
    "weights",
    [b"", _header(b"{}", 2**40), _header(b'{"codes":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}') + b"\0"],
)
def test_a_table_that_lies(tmp_path: Path, weights: bytes) -> None:
    folder = _packaged(tmp_path)
    (folder / "vectors.safetensors").write_bytes(weights)
    with pytest.raises(FaquarryError, match="damaged"):
        read_table(folder)
