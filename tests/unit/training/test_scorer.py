"""The recipe of the small scorer in miniature: pairs, guards, measures by hand, and a scorer that beats the cosine."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from faquarry.config.settings import LogSettings, ScoreSettings
from faquarry.errors import ConfigError, NothingToRead, UsageError
from faquarry.training.recipe_files import read_recipe
from faquarry.training.scorer import ScorerRecipe, run
from faquarry.training.scorer.faqs import Faq, read_faqs
from faquarry.training.scorer.groups import Asked, grouped, unseen
from faquarry.training.scorer.measure import auc, calibrated, pairs_of, quality
from faquarry.vectors import small
from faquarry.vectors.scoring import find_scorer, load_scorer

QUIET = LogSettings(progress="none")
RECIPE = read_recipe(ScorerRecipe, "small-scorer")
THINGS = "boat tent lamp kettle ladder drill bicycle piano saddle camera".split()
TOWNS = "Lisbon Oslo Turin Ghent Riga Cork".split()
KINDS = {
    "How much does the {thing} from {town} cost?": "You pay {number} euros for the {thing}, delivery from {town} included.",
    "How long is the {thing} from {town} guaranteed?": "For the {thing} we are liable {number} years; ask our shop in {town}.",
    "Who repairs the {thing} in {town}?": "Our workshop in {town} mends your {thing} while you wait.",
    "Can I send back the {thing} to {town}?": "Within two weeks {town} takes the {thing}, if it is not used.",
}


def faqs() -> list[Faq]:
    found = []
    for place, thing in enumerate(THINGS):
        for town in TOWNS:
            page = f"https://{town}.example/{thing}"
            for number, (question, answer) in enumerate(KINDS.items()):
                told = {"thing": thing, "town": town, "number": place + number + 2}
                found.append(Faq("eng", question.format(**told), answer.format(**told), page))
    return found


def lines(path: Path, rows: list[Faq]) -> Path:
    content = "\n".join(
        json.dumps({"question": row.question, "answer": row.answer, "lang": "en", "url": row.page}) for row in rows
    )
    path.write_bytes(gzip.compress(content.encode()) if path.suffix == ".gz" else content.encode())
    return path


def nothing(texts: object) -> npt.NDArray[np.float32]:
    return np.zeros((len(list(texts)), 4), np.float32)  # type: ignore[call-overload]


# -- pairs -----------------------------------------------------------------------------------------------------------


def test_pairs_of_files_and_folders(tmp_path: Path) -> None:
    rows = faqs()[:6]
    lines(tmp_path / "a.jsonl", rows[:3])
    lines(tmp_path / "b.jsonl.gz", rows[2:])
    assert read_faqs(None, [tmp_path]) == rows
    (tmp_path / "c.jsonl").write_text('{"question": "x"}')
    with pytest.raises(UsageError, match=r"c.jsonl, line 1"):
        read_faqs(None, [tmp_path])
    with pytest.raises(NothingToRead):
        read_faqs(None, [])


def test_languages_are_told_in_two_or_three_letters(tmp_path: Path) -> None:
    rows = [{"question": "q", "answer": "a", "lang": code} for code in ("de", "deu", "en-GB", "?", "", None)]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps({**row, "question": f"q{number}"}) for number, row in enumerate(rows)))
    assert [faq.language for faq in read_faqs(None, [path])] == ["deu", "deu", "eng", "und", "und", "und"]


# -- right and wrong answers -----------------------------------------------------------------------------------------


def test_wrong_answers_are_neither_right_nor_like_a_right_one() -> None:
    right = "Bring the parcel to any post office within fourteen days and keep the receipt."
    rows = [
        Faq("eng", "How do I return a parcel?", right, "a"),
        Faq("eng", "How do I return a parcel?", "Returns of parcels are free at every shop.", "b"),
        Faq("eng", "A parcel: how do I return a parcel?", "Call us, and we fetch the parcel that you return.", "c"),
        Faq("eng", "Where are parcels left?", f"{right} Thank you for your parcel.", "d"),
        Faq("eng", "May I return a parcel unopened?", "Do not open a parcel that you want to return.", "e"),
        Faq("eng", "When are you open?", "From nine to five.", "f"),
        Faq("deu", "Wie sende ich ein Paket zurück?", "Mit dem Aufkleber, parcel return.", "g"),
    ]
    settings = RECIPE.negatives.model_copy(update={"random": 0, "encoder": 0})
    groups = grouped(rows, settings, nothing, 0)
    asked = next(one for one in groups.asked if one.question == "How do I return a parcel?")
    assert {groups.texts[text] for text in asked.right} == {rows[0].answer, rows[1].answer}
    assert [groups.texts[text] for text in asked.wrong] == [rows[4].answer]
    assert asked.lexical[-1] > 0
    assert len(asked.lexical) == len(asked.right) + 1


def test_what_is_held_out_shares_neither_page_nor_question_nor_answer_with_training() -> None:
    rows = faqs()
    rows += [Faq("eng", rows[0].question, f"Answer {page}, of its own.", f"page {page}") for page in range(40)]
    groups = grouped(rows, RECIPE.negatives, nothing, 0)
    seen, kept = unseen(groups, 5)
    assert len(kept) > 25
    assert not {one.page for one in seen} & {one.page for one in kept}
    assert not {one.question for one in seen} & {one.question for one in kept}
    assert not {text for one in seen for text in one.right} & {text for one in kept for text in one.right}


def test_groups_do_not_depend_on_what_other_languages_there_are() -> None:
    one = grouped(faqs(), RECIPE.negatives, nothing, 0)
    other = grouped([Faq("deu", "Was kostet das?", "Nichts.", "x"), *faqs()], RECIPE.negatives, nothing, 0)
    assert [asked.question for asked in one.asked] == [asked.question for asked in other.asked]
    assert [one.texts[asked.wrong[0]] for asked in one.asked] == [other.texts[asked.wrong[0]] for asked in other.asked]


# -- measures --------------------------------------------------------------------------------------------------------


def asked(page: str, right: int) -> Asked:
    return Asked("q", "eng", page, tuple(range(right)), (9,), 1, (), ())


def test_pair_accuracy_counts_a_question_once_and_equal_scores_half() -> None:
    found = quality([asked("a", 2), asked("b", 1), asked("c", 1)], [0.9, 0.1, 0.5, 0.7, 0.7, 0.2, 0.6])
    assert found.questions == 3
    assert found.accuracy == pytest.approx((0.5 + 0.5 + 0) / 3)
    assert found.low <= found.accuracy <= found.high
    assert found.auc == pytest.approx(auc(np.array([0.9, 0.1, 0.7, 0.2]), np.array([0.5, 0.7, 0.6])))


def test_intervals_are_wider_when_questions_share_pages() -> None:
    draw = np.random.default_rng(0)
    scores = np.repeat(draw.random(40) > 0.5, 10)[:, None] * np.array([[1.0, 0.0]]) + np.array([[0.0, 0.5]])
    apart = quality([asked(str(number), 1) for number in range(400)], scores.ravel())
    together = quality([asked(str(number // 10), 1) for number in range(400)], scores.ravel())
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_calibrated_logits_are_log_odds() -> None:
    draw = np.random.default_rng(0)
    right, wrong = draw.normal(1.0, 1, 20_000), draw.normal(-1.0, 1, 5_000)  # log-odds of x are 2 x
    slope, bias = calibrated(right / 3 + 5, wrong / 3 + 5)
    assert slope == pytest.approx(6, rel=0.05)
    assert bias == pytest.approx(-30, rel=0.05)


# -- the whole recipe ------------------------------------------------------------------------------------------------

TINY = [
    "fit.epochs=3",
    "fit.batch=16",
    "fit.text_tokens=24",
    "fit.wrong=4",
    "network.hidden=8",
    "network.matched=8",
    "network.summed=8",
]
TINY += ["fit.rate=0.01", "negatives.bm25=6", "negatives.encoder=2"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    pytest.importorskip("torch")
    folder = tmp_path_factory.mktemp("scorer")
    data = lines(folder / "faqs.jsonl", faqs())
    return data, run(None, folder / "made", data=[data], assignments=TINY, log=QUIET)


def test_the_scorer_beats_bm25_and_the_cosine_on_pages_it_has_not_seen(made: tuple[Path, Path]) -> None:
    data, folder = made
    groups = grouped(read_faqs(None, [data]), RECIPE.negatives, small.load().encode, RECIPE.seed)
    _, kept = unseen(groups, RECIPE.held_out)
    settings = ScoreSettings(model=str(folder))
    scores = load_scorer(find_scorer(settings)).score(*pairs_of(groups, kept))
    ours = quality(kept, scores)
    assert ours.accuracy > 0.9
    assert ours.accuracy > quality(kept, [score for one in kept for score in one.lexical]).accuracy
    assert ours.accuracy > quality(kept, [score for one in kept for score in one.cosines]).accuracy
    told = json.loads((folder / "scorer.json").read_text())["held_out"]
    assert told["pair_accuracy"] == pytest.approx(ours.accuracy, abs=0.01)


def test_the_same_command_makes_the_same_scorer(made: tuple[Path, Path], tmp_path: Path) -> None:
    data, folder = made
    again = run(None, tmp_path / "again", data=[data], assignments=TINY, log=QUIET)
    assert (again / "scorer.safetensors").read_bytes() == (folder / "scorer.safetensors").read_bytes()


def test_what_is_trained_is_what_is_scored() -> None:
    """The network in torch, and the kernel over its weights in whole numbers."""
    torch = pytest.importorskip("torch")
    from faquarry.training.scorer.descent import _padded, lexical_features
    from faquarry.training.scorer.net import Net
    from faquarry.vectors.scoring.model import ScorerInfo
    from faquarry.vectors.scoring.small import SmallScorer
    from faquarry.vectors.scoring.small.scorer import Reader
    from faquarry.vectors.scoring.small.tokens import MOST_QUERY, MOST_TEXT

    groups = grouped(faqs()[:80], RECIPE.negatives, nothing, 0)
    reader = Reader.read()
    lexical, starts = lexical_features(groups, groups.asked, reader)
    torch.manual_seed(3)
    net = Net(reader.subwords, RECIPE.network, lexical.mean(axis=0), lexical.std(axis=0) + 1e-6)
    with torch.no_grad():
        net.tell.add_(0.2 * torch.randn_like(net.tell))
        net.ask_gate.add_(0.5 * torch.randn_like(net.ask_gate))
        net.straight.copy_(0.3 * torch.randn_like(net.straight))
    weights = net.weights()
    scorer = SmallScorer(ScorerInfo("x", "", "packaged", "logit", 0), reader, weights)
    for number, one in enumerate(groups.asked[:20]):
        texts = [groups.texts[text] for text in one.candidates]
        with torch.no_grad():
            theirs = net(
                _padded([reader.words.ids(one.question, MOST_QUERY)], net.pad),
                _padded([reader.words.ids(text, MOST_TEXT) for text in texts], net.pad)[None],
                torch.from_numpy(lexical[starts[number] : starts[number + 1]])[None],
            )[0].numpy()
        ours = scorer.logits(reader.matched([one.question] * len(texts), texts))
        np.testing.assert_allclose(ours, theirs, atol=0.03)


def test_too_few_pairs_and_wrong_values_end_with_a_sentence(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    data = lines(tmp_path / "few.jsonl", faqs()[:12])
    with pytest.raises(UsageError, match="too few"):
        run(None, tmp_path / "out", data=[data], log=QUIET)
    with pytest.raises(ConfigError, match=r"small-scorer does not take fit.epochs"):
        run(None, tmp_path / "out", data=[data], assignments=["fit.epochs=0"], log=QUIET)
    assert not (tmp_path / "out").exists()
