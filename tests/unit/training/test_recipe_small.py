"""The recipe of the small encoder in miniature: its pieces by hand, and a run that is killed and goes on."""

from __future__ import annotations

import json
import lzma
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from faquarry.config.settings import LogSettings
from faquarry.errors import ConfigError, NothingToRead, UsageError
from faquarry.training.small import load_recipe, run
from faquarry.training.small.batches import Batches
from faquarry.training.small.finish import finished
from faquarry.training.small.measure import Judged, judge, thresholds
from faquarry.training.small.texts import Pair, clauses, read_pairs, tokenised
from faquarry.training.small.vocabulary import build_tokenizer, finer, tempered_counts
from faquarry.vectors import small

pytest.importorskip("torch")

QUIET = LogSettings(progress="none")
WORDS = {
    "eng": "red blue green big small old new house river bread horse window sings falls opens sleeps".split(),
    "aaa": "rubor azul verdal grano peku olda novu kasa fluvo panto kavalo fenestro kantas falaz abren dormas".split(),
    "bbb": "крас синь зелн велик мал стар нов дом река хлеб конь окно поет падат откр спит".split(),
}
TINY = ["vocabulary.size=400", "batch.size=64", "batch.longest=20", "dim=16", "fit.steps=40", "held_out=10", "bits=4"]


def phrases() -> list[Pair]:
    """Colour, size, age, thing, what it does: in three made-up languages, word by word."""
    found = []
    for picks in product(range(3), range(3, 7), range(7, 12), range(12, 16)):
        english, *others = (" ".join(words[pick] for pick in picks) for words in WORDS.values())
        found += [Pair(language, english, text, "made") for language, text in zip(("aaa", "bbb"), others, strict=True)]
    return found


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    return phrases()


@pytest.fixture
def data(tmp_path: Path, pairs: list[Pair]) -> Path:
    path = tmp_path / "pairs.tsv.xz"
    lines = ["\t".join(Pair._fields), *("\t".join(pair) for pair in pairs)]
    path.write_bytes(lzma.compress("\n".join(lines).encode()))
    return path


def test_pairs_of_a_file_and_of_a_folder(data: Path, pairs: list[Pair]) -> None:
    assert read_pairs(data) == pairs
    assert read_pairs(data.parent) == pairs


def test_other_columns_and_no_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("one\ttwo\n")
    with pytest.raises(UsageError, match="has the columns one, two"):
        read_pairs(tmp_path / "a.tsv")
    with pytest.raises(NothingToRead, match="no parallel text"):
        read_pairs(tmp_path / "absent.tsv")


@pytest.mark.parametrize(
    ("english", "text", "count"),
    [
        ("It costs 1,000 euros, all in all.", "Das kostet 1.000 Euro, alles in allem.", 2),  # numbers are not cut
        ("First this. Then that.", "最初これ。次にそれ。", 2),
        ("One thing only", "Nur eines", 0),
        (
            "A, b and everything else that there is to say",
            "Alles andere was es zu sagen gibt, und a",
            0,
        ),  # shares differ
    ],
)
def test_clauses(english: str, text: str, count: int) -> None:
    assert len(list(clauses(english, text))) == count


def test_counts_are_tempered_by_language() -> None:
    many = [Pair("aaa", f"e{i}", "kasa", "s") for i in range(100)] + [Pair("bbb", "e0", "kasa", "s")]
    counts, characters = tempered_counts(many, 0.5)
    assert counts["kasa"] == pytest.approx(10 + 1)
    assert characters["k"] == 101


def test_subwords_fold_marks_of_latin_only(pairs: list[Pair]) -> None:
    tokenizer = build_tokenizer(pairs, 300, 0.5, 64)
    assert tokenizer.get_vocab_size() <= 300
    assert tokenizer.encode("HÓUSE").ids == tokenizer.encode("house").ids
    assert tokenizer.normalizer.normalize_str("हिंदी が 한국") == "हिंदी が 한국"
    ids, offsets = finer(tokenizer)
    names = {number: name for name, number in tokenizer.get_vocab().items()}
    for number, name in names.items():
        written = "".join(names[part] for part in ids[offsets[number] : offsets[number + 1]])
        assert written == name or number == 0


def test_batches_are_translations_and_depend_on_their_number_only(pairs: list[Pair]) -> None:
    tokenizer = build_tokenizer(pairs, 400, 0.5, 64)
    texts = tokenised(pairs, tokenizer)
    recipe = load_recipe(assignments=[*TINY, "batch.dropped=0.0", "batch.split=0.0", "batch.joined=0.0"])
    batches = Batches(texts, finer(tokenizer), recipe.batch, seed=1)
    one, again, other = batches.batch(3), batches.batch(3), batches.batch(4)
    assert np.array_equal(one.left.ids, again.left.ids)
    assert np.array_equal(one.right.ids, again.right.ids)
    assert not np.array_equal(one.group, other.group)
    of_group = {}
    for number in range(len(texts)):
        key = tuple(texts.ids[texts.offsets[number] : texts.offsets[number + 1]])
        of_group.setdefault(key, int(texts.group[number]))
    for bags in (one.left, one.right):
        ends = [*bags.starts[1:], len(bags.ids)]
        found = [of_group[tuple(bags.ids[begin:end])] for begin, end in zip(bags.starts, ends, strict=True)]
        assert found == one.group.tolist()


def test_a_killed_run_goes_on_to_the_same_weights(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the command's own function; killed after a checkpoint and some steps more."""
    from faquarry.training.small.descent import Descent

    assignments = [*TINY, "fit.checkpoint_every=8"]
    whole = run(data, tmp_path / "whole", assignments=assignments, log=QUIET)

    advance, steps = Descent._advance, iter(range(21))

    def killed(self: Descent, batches: Batches) -> float:
        if next(steps, None) is None:
            raise KeyboardInterrupt
        return advance(self, batches)

    with monkeypatch.context() as patch:
        patch.setattr(Descent, "_advance", killed)
        with pytest.raises(KeyboardInterrupt):
            run(data, tmp_path / "killed", assignments=assignments, log=QUIET)
    assert not (tmp_path / "killed" / "model").exists()
    resumed = run(data, tmp_path / "killed", assignments=assignments, log=QUIET)
    assert small.info(resumed) == small.info(whole).__class__(**{**vars(small.info(whole)), "folder": str(resumed)})
    for name in ("vectors.safetensors", "model.json", "tokenizer.json.xz"):
        assert (resumed / name).read_bytes() == (whole / name).read_bytes()

    encoder = small.load(whole)
    assert json.loads((whole / "model.json").read_text())["held_out_f1"] > 0.9
    english, right, wrong = encoder.encode(["big red old horse", "rubor grano olda kavalo", "azul peku novu panto"])
    assert english @ right > english @ wrong


def test_a_folder_is_not_shared_by_two_recipes(data: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "work").mkdir(parents=True)
    (tmp_path / "out" / "work" / "claim.json").write_text("{}")
    with pytest.raises(UsageError, match="another recipe"):
        run(data, tmp_path / "out", assignments=TINY, log=QUIET)


@pytest.mark.parametrize("assignment", ["fit.stepz=3", "batch.size=none", "dim=3", "no equals"])
def test_wrong_settings_are_refused(assignment: str) -> None:
    with pytest.raises(ConfigError):
        load_recipe(assignments=[assignment])


def test_the_finish_evens_the_spread_and_quietens_punctuation(pairs: list[Pair]) -> None:
    tokenizer = build_tokenizer(pairs, 400, 0.5, 64)
    texts = tokenised(pairs, tokenizer)
    names = sorted(vocabulary := tokenizer.get_vocab(), key=vocabulary.__getitem__)
    vectors = np.random.default_rng(0).standard_normal((len(names), 8)).astype(np.float32) * np.arange(1, 9)
    vectors = vectors.astype(np.float32)

    def spread(table: np.ndarray) -> float:
        sums = np.add.reduceat(table[texts.ids[: texts.offsets[texts.whole]]], texts.offsets[: texts.whole], axis=0)
        values = np.linalg.eigvalsh(np.cov((sums / np.linalg.norm(sums, axis=1, keepdims=True)).T))
        return float(values[-1] / values[-4])

    same = finished(vectors, names, texts, punctuation=1.0, whitening=0.0)
    np.testing.assert_allclose(same[1:], vectors[1:], rtol=1e-3, atol=1e-3)
    assert not same[0].any()
    assert spread(finished(vectors, names, texts, 1.0, 0.3)) < spread(same)
    quiet = finished(vectors, names, texts, 0.0, 0.0)
    assert not quiet[names.index("▁")].any()


def test_thresholds_by_hand() -> None:
    """Right neighbours at 0.50 … 0.99, wrong ones at 0.40: precision is 50 of 50 down to 0.50, then falls."""
    right = np.linspace(0.5, 0.99, 50)
    judged = Judged(
        cosines=np.concatenate((right, np.full(10, 0.4))).astype(np.float32),
        right=np.arange(60) < 50,
        possible=60,
        unrelated=np.linspace(-0.2, 0.3, 1001).astype(np.float32),
    )
    found = thresholds(judged)
    assert (found.keep, found.semantic, found.low) == (0.52, 0.52, 0.2)
    assert found.publish == 0.52  # not below keep
    assert judged.f1() == pytest.approx(100 / 110)


def test_judging_with_a_perfect_model_finds_what_can_be_found(pairs: list[Pair]) -> None:
    places = {word: index for words in WORDS.values() for index, word in enumerate(words)}

    def encode(texts: list[str]) -> np.ndarray:
        found = np.zeros((len(texts), 16), np.float32)
        for row, text in enumerate(texts):
            for word in text.split():
                found[row, places[word]] += 1
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    judged = judge(pairs, encode, 0)
    assert judged.possible > 20
    assert judged.f1() > 0.5
