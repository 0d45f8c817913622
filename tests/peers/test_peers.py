"""The tools that our exports are for read them: each in its own environment (`make peers`), with its own loader, on the
sample web. No hub is asked."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from faquarry.cli import main
from faquarry.export.formats import FORMATS
from faquarry.vectors.small import load, save_pretrained

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
READERS = Path(__file__).parent / "readers"
OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}


@pytest.fixture(scope="session")
def sample_lake(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample web, mined; $FAQUARRY_SAMPLE_LAKE names one that is there already."""
    if given := os.environ.get("FAQUARRY_SAMPLE_LAKE"):
        return Path(given)
    request.getfixturevalue("spark")
    folder = tmp_path_factory.mktemp("peers") / "lake"
    assert (
        main(["run", "sample", "--lake", str(folder), "--no-export", "--no-train", "--no-evaluate", "--no-report"]) == 0
    )
    return folder


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packaged encoder as a folder of sentence-transformers."""
    folder = tmp_path_factory.mktemp("model")
    save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def exported(sample_lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """``exported("beir")``: the folder of an export, made once."""
    folder = tmp_path_factory.mktemp("exports")
    few = ["export.min_bitexts=20", "export.teacher_negatives=4", "log.progress=none"]

    def run(format: str) -> Path:
        output = folder / format
        sets = [word for setting in few for word in ("--set", setting)]
        command = [
            "export",
            "--format",
            format,
            "--output",
            str(output),
            "--lake",
            str(sample_lake),
            "--release",
            *sets,
        ]
        assert main(command) == 0
        return output

    return run


def read(peer: str, reader: str, *arguments: object, tmp_path: Path) -> Any:
    """The last line that a reader prints, as JSON."""
    return json.loads(run(peer, READERS / reader, *arguments, tmp_path=tmp_path).strip().splitlines()[-1])


def run(peer: str, script: Path, *arguments: object, tmp_path: Path) -> str:
    """What a script prints, run by the interpreter of a peer's environment; skips where that was not made."""
    python = ROOT / ".peers" / peer / "bin" / "python"
    if not (python.parent.parent / ".ready").is_file():
        pytest.skip(f"needs the environment .peers/{peer}: make peers")
    environment = {
        **os.environ,
        **OFFLINE,
        "HF_HOME": str(tmp_path / "hub"),
        "HF_DATASETS_CACHE": str(tmp_path / "cache"),
    }
    environment.pop("PYTHONPATH", None)
    environment["MTEB_CACHE"] = str(tmp_path / "mteb")
    command = [str(python), str(script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=550)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


# What the lines of a card take for given.
MODEL = "from sentence_transformers import SentenceTransformer\nmodel = SentenceTransformer(MODEL, device='cpu')\n"
ALONE = "import torch.distributed as d\nd.init_process_group('gloo', init_method='tcp://127.0.0.1:0', rank=0, world_size=1)\n"
CARDS = {
    "mteb": ("mteb", MODEL),
    "mteb-bitext": ("mteb", MODEL),
    "beir": ("beir", ""),
    "sentence-transformers": ("sentence-transformers", MODEL),
    "flagembedding": ("flagembedding", f"{ALONE}tokenizer = None\n"),
    "huggingface": ("datasets", ""),
    "jsonl": ("datasets", ""),
    "csv": ("datasets", ""),
}


@pytest.mark.parametrize("format", sorted(CARDS))
def test_the_lines_of_the_card_run(exported: Any, model: Path, tmp_path: Path, format: str) -> None:
    """Every format's but Tevatron's: its current version is on no package index."""
    folder = exported(format)
    peer, before = CARDS[format]
    (lines,) = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    script = tmp_path / "lines.py"
    script.write_text(
        before.replace("MODEL", repr(str(model))) + lines.replace("FOLDER", str(folder)), encoding="utf-8"
    )
    run(peer, script, tmp_path=tmp_path)


def ndcg(folder: Path) -> float:
    """nDCG@10 of the packaged encoder over a language's files, computed here: one right answer a query, 1 / log2(rank + 1)."""
    corpus, queries, qrels = (
        pq.read_table(folder / f"{name}.parquet").to_pylist() for name in ("corpus", "queries", "qrels")
    )
    encoder = load()
    documents = encoder.encode([f"{row['title']} {row['text']}".strip() for row in corpus]).astype(np.float32)
    asked = encoder.encode([row["text"] for row in queries]).astype(np.float32)
    right = {row["query-id"]: row["corpus-id"] for row in qrels}
    place = {row["_id"]: number for number, row in enumerate(corpus)}
    gains = []
    for query, scores in zip(queries, asked @ documents.T, strict=True):
        rank = int((scores > scores[place[right[query["_id"]]]]).sum())
        gains.append(1 / np.log2(rank + 2) if rank < 10 else 0.0)
    return float(np.mean(gains))


def test_mteb_runs_a_retrieval_task(exported: Any, model: Path, tmp_path: Path) -> None:
    folder = exported("mteb")
    scores = read("mteb", "mteb_retrieval.py", folder, model, tmp_path / "results", tmp_path=tmp_path)
    assert scores.keys() == {"deu", "eng"}
    for language, score in scores.items():
        assert score == pytest.approx(ndcg(folder / language), abs=0.005), language


def test_mteb_runs_its_own_bitext_tasks(exported: Any, model: Path, tmp_path: Path) -> None:
    folder = exported("mteb-bitext")
    scores = read("mteb", "mteb_bitext.py", folder, model, tmp_path / "results", "deu-eng", tmp_path=tmp_path)
    assert scores.keys() == {"WebFAQBitextMiningQuestions", "WebFAQBitextMiningQAs"}
    assert scores["WebFAQBitextMiningQAs"] > scores["WebFAQBitextMiningQuestions"] > 0.2, scores  # chance: 1 in 123


def test_beir_loads_every_split(exported: Any, tmp_path: Path) -> None:
    for language in ("deu", "eng"):
        counts = read("beir", "beir_loader.py", exported("beir") / language, tmp_path=tmp_path)
        assert all(count > 0 for count in counts.values()), counts


def test_sentence_transformers_trains_with_each_loss(exported: Any, model: Path, tmp_path: Path) -> None:
    folder = exported("sentence-transformers")
    found = read("sentence-transformers", "trainer.py", folder, model, tmp_path / "out", tmp_path=tmp_path)
    assert len(found) == 5
    for config, told in found.items():
        assert told["steps"] == len(told["losses"]) == 3, config
        assert all(loss == loss and loss >= 0 for loss in told["losses"]), (config, told)


def test_flagembedding_reads_scores_and_passages(exported: Any, tmp_path: Path) -> None:
    folder = exported("flagembedding")
    lines = sum(len(path.read_text().splitlines()) for path in (folder / "train").glob("*.jsonl"))
    found = read("flagembedding", "flag_embedding.py", folder, tmp_path / "cache", tmp_path=tmp_path)
    assert found["rows"] == lines > 0


def test_tevatron_reads_passages(exported: Any, tmp_path: Path) -> None:
    file = exported("tevatron") / "passages" / "eng.jsonl"
    found = read("tevatron", "tevatron_old.py", file, tmp_path / "cache", tmp_path=tmp_path)
    assert found["rows"] == len(file.read_text().splitlines()) > 0


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_datasets_loads_every_configuration(exported: Any, tmp_path: Path, format: str) -> None:
    folder = exported(format)
    manifest = json.loads((folder / "export.json").read_text())
    found = read("datasets", "hub.py", folder, tmp_path=tmp_path)
    rows: dict[str, int] = {}
    for file in manifest["files"]:
        if file["config"] is not None:
            name = f"{file['config']}/{file['split']}"
            rows[name] = rows.get(name, 0) + file["rows"]
    assert {name: told["rows"] for name, told in found.items()} == rows
    for told in found.values():
        assert set(told["types"].values()) & {"null"} == set(), told
