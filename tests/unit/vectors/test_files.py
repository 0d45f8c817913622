"""Folders of models: described without torch, and refused when they bring programs along."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.tiny import static_model, tiny_transformer

from faquarry.config.settings import EmbedSettings
from faquarry.errors import UsageError
from faquarry.vectors import revision
from faquarry.vectors.find import find_model
from faquarry.vectors.model import Thresholds

SETTINGS = EmbedSettings()


class Poison:
    """Unpickled, it writes a file."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.target,)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_transformer(tmp_path / "tiny")


def edit(file: Path, change: Callable[[Any], Any]) -> None:
    content = json.loads(file.read_text()) if file.exists() else {}
    changed = change(content)
    file.write_text(json.dumps(content if changed is None else changed))


# -- what a folder says --------------------------------------------------------------------------------------------


def test_a_transformer_is_described_by_its_files(folder: Path) -> None:
    info = find_model(str(folder), SETTINGS)
    assert (info.name, info.kind, info.dim, info.max_tokens, info.pooling) == (
        "tiny",
        "sentence-transformers",
        64,
        64,
        "mean",
    )
    assert info.folder == str(folder)
    assert info.prefixes == {}
    assert info.thresholds == Thresholds()


def test_a_static_model_has_the_columns_of_its_table(tmp_path: Path) -> None:
    assert find_model(str(static_model(tmp_path / "static", dim=48)), SETTINGS).dim == 48


def test_dense_layers_and_several_poolings_change_the_dimension(folder: Path) -> None:
    edit(
        folder / "1_Pooling" / "config.json",
        lambda c: {"word_embedding_dimension": 64, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True},
    )
    info = find_model(str(folder), SETTINGS)
    assert (info.dim, info.pooling) == (128, "cls+mean")
    (folder / "2_Dense").mkdir()
    edit(
        folder / "2_Dense" / "config.json",
        lambda c: {"out_features": 24, "activation_function": "torch.nn.modules.activation.Tanh"},
    )
    edit(folder / "modules.json", lambda c: [*c, {"path": "2_Dense", "type": "sentence_transformers.models.Dense"}])
    assert find_model(str(folder), SETTINGS).dim == 24
    edit(folder / "config_sentence_transformers.json", lambda c: {"truncate_dim": 16})
    assert find_model(str(folder), SETTINGS).dim == 16


def test_prompts_become_prefixes(folder: Path) -> None:
    prompts = {"query": "query: ", "passage": "passage: ", "plain": "text: "}
    edit(folder / "config_sentence_transformers.json", lambda c: {"prompts": prompts, "default_prompt_name": "plain"})
    info = find_model(str(folder), SETTINGS)
    assert info.prefixes == {"question": "query: ", "answer": "passage: ", "qa": "text: "}
    assert info.prefixed("Why?", "question") == "query: Why?"


def test_a_folder_brings_its_own_thresholds(folder: Path) -> None:
    edit(folder / "faquarry.json", lambda c: {"thresholds": {"keep": 0.4, "publish": 0.5}, "prefixes": {"qa": "x "}})
    info = find_model(str(folder), SETTINGS)
    assert info.thresholds == Thresholds(keep=0.4, publish=0.5)
    assert info.prefixes == {"qa": "x "}
    edit(folder / "faquarry.json", lambda c: {"thresholds": {"kept": 0.4}})
    with pytest.raises(UsageError, match=r"thresholds that are not known"):
        find_model(str(folder), SETTINGS)


def test_a_folder_called_like_a_known_model_has_its_prefixes(tmp_path: Path) -> None:
    info = find_model(str(tiny_transformer(tmp_path / "multilingual-e5-small")), SETTINGS)
    assert info.prefixes["answer"] == "passage: "
    assert info.thresholds.low == 0.8


# -- revisions -----------------------------------------------------------------------------------------------------


def test_the_revision_follows_the_content_not_the_place(tmp_path: Path, folder: Path) -> None:
    found = find_model(str(folder), SETTINGS).revision
    assert find_model(str(tiny_transformer(tmp_path / "elsewhere" / "copy")), SETTINGS).revision == found
    assert find_model(str(tiny_transformer(tmp_path / "other", seed=1)), SETTINGS).revision != found
    (folder / "README.md").write_text("words about the model")
    assert find_model(str(folder), SETTINGS).revision == found
    edit(folder / "1_Pooling" / "config.json", lambda c: c.update(pooling_mode="cls"))
    assert find_model(str(folder), SETTINGS).revision != found


def test_texts_cut_elsewhere_have_another_revision(folder: Path) -> None:
    info, shorter = (find_model(str(folder), EmbedSettings(max_tokens=n)) for n in (None, 16))
    assert (shorter.max_tokens, shorter.revision) == (16, f"{info.revision}-16")
    assert find_model(str(folder), EmbedSettings(max_tokens=500)) == info


def test_large_files_are_hashed_once(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(revision, "_LARGE", 1024)
    found = find_model(str(folder), SETTINGS).revision
    hashed = revision._hashed
    seen: list[str] = []
    monkeypatch.setattr(revision, "_hashed", lambda path: seen.append(path.name) or hashed(path))
    assert find_model(str(folder), SETTINGS).revision == found
    assert "model.safetensors" not in seen
    tiny_transformer(tmp_path / "new", seed=5).joinpath("model.safetensors").replace(folder / "model.safetensors")
    assert find_model(str(folder), SETTINGS).revision != found
    assert "model.safetensors" in seen


# -- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "weights.pkl", "model.ckpt"])
def test_pickled_weights_are_refused_unread(folder: Path, tmp_path: Path, name: str) -> None:
    (folder / "model.safetensors").unlink()
    (folder / name).write_bytes(pickle.dumps(Poison(tmp_path / "harm")))
    with pytest.raises(UsageError, match=rf"tiny is refused: its weights are a pickle \({name}\)"):
        find_model(str(folder), SETTINGS)
    assert not (tmp_path / "harm").exists()


def test_a_pickle_in_a_later_module_is_refused(folder: Path) -> None:
    (folder / "2_Dense").mkdir()
    (folder / "2_Dense" / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    edit(folder / "2_Dense" / "config.json", lambda c: {"out_features": 24})
    edit(folder / "modules.json", lambda c: [*c, {"path": "2_Dense", "type": "sentence_transformers.models.Dense"}])
    with pytest.raises(UsageError, match=r"pickle \(2_Dense/pytorch_model.bin\)"):
        find_model(str(folder), SETTINGS)


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("config.json", lambda c: c.update(auto_map={"AutoModel": "harm.Model"})),
        ("tokenizer_config.json", lambda c: c.update(auto_map={"AutoTokenizer": ["harm.Words", None]})),
        ("config.json", lambda c: c.update(text_config={"auto_map": {"AutoConfig": "harm.Config"}})),
        ("sentence_bert_config.json", lambda c: {"model_args": {"trust_remote_code": True}}),
        ("modules.json", lambda c: [{**c[0], "type": "harm.Transformer"}, *c[1:]]),
        ("modules.json", lambda c: [*c, {"path": "", "type": "sentence_transformers.harm.Nothing"}]),
        ("modules.json", lambda c: [*c, {"path": "", "type": "os.path.sentence_transformers.Pooling"}]),
        ("1_Pooling/config.json", lambda c: c.update(activation_function="os.getcwd")),
    ],
)
def test_code_of_a_model_is_refused_unless_it_is_trusted(
    folder: Path, tmp_path: Path, file: str, change: Callable[[Any], Any]
) -> None:
    (folder / "harm.py").write_text(f"import pathlib; pathlib.Path({str(tmp_path / 'harm')!r}).touch()")
    edit(folder / file, change)
    with pytest.raises(UsageError, match=r"tiny brings its own code .* embed.trust_remote_code=true"):
        find_model(str(folder), SETTINGS)
    assert find_model(str(folder), EmbedSettings(trust_remote_code=True)).dim == 64
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("path", ["/etc", "../other", "a/../../b", "..\\b"])
def test_modules_outside_the_folder_are_refused(folder: Path, path: str) -> None:
    edit(folder / "modules.json", lambda c: [c[0], {**c[1], "path": path}])
    with pytest.raises(UsageError, match="points outside"):
        find_model(str(folder), EmbedSettings(trust_remote_code=True))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda f: (f / "model.safetensors").unlink(), "has no weights"),
        (lambda f: (f / "config.json").write_text("{"), r"damaged: config.json"),
        (lambda f: (f / "modules.json").write_text("{}"), r"damaged: modules.json"),
        (lambda f: (f / "adapter_config.json").write_text("{}"), "adapter"),
        (lambda f: [(f / name).unlink() for name in ("config.json", "modules.json")], "is no model"),
        (lambda f: [(f / "config.json").write_text("{}"), (f / "1_Pooling/config.json").unlink()], "dimensions"),
    ],
)
def test_damaged_folders_are_named(folder: Path, spoil: Callable[[Path], object], said: str) -> None:
    spoil(folder)
    with pytest.raises(UsageError, match=said):
        find_model(str(folder), SETTINGS)
