"""Made-up sites in several languages, with vectors whose translations are near each other."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from faquarry.bitext.side import Page, Side
from faquarry.lake import Lake
from faquarry.markup.model import pair_id
from faquarry.vectors.halves import binary_column
from faquarry.vectors.model import ModelInfo, Thresholds

__all__ = ["MODEL", "add_site", "site_side", "unit_vector"]

MODEL = ModelInfo("made-up", "r1", 32, 64, "packaged", thresholds=Thresholds(keep=0.5, publish=0.7))


def unit_vector(text: str, near: str | None = None, noise: float = 0.6, dim: int = 32) -> np.ndarray:
    """A direction that the text alone decides; `near`: that of another text, with noise."""

    def direction(of: str) -> np.ndarray:
        seed = int.from_bytes(hashlib.sha256(of.encode()).digest()[:8], "big")
        found = np.random.default_rng(seed).standard_normal(dim)
        return np.asarray(found / np.linalg.norm(found))

    vector = direction(text) if near is None else direction(near) + noise * direction(text)
    return np.asarray(vector / np.linalg.norm(vector)).astype(np.float16)


def texts(site: str, language: str, key: str) -> tuple[str, str]:
    """A question and an answer that no other language has a word of."""
    word = hashlib.sha256(f"{site} {language} {key}".encode()).hexdigest()
    name = "".join(chr(ord("a") + int(c, 16)) for c in word)
    return f"{name[:9]} {name[9:15]} {name[15:24]}?", f"{name[24:31]} {name[31:40]} {name[40:52]} {name[52:]}."


def site_side(
    site: str, language: str, keys: Sequence[str], *, page: str = "faq", alternates: Sequence[str] = ()
) -> Side:
    """The pairs of a language on one page, in the order of their ids."""
    found = []
    for position, key in enumerate(keys):
        question, answer = texts(site, language, key)
        vectors = [unit_vector(f"{field}{question}{answer}", f"{field}{site}{key}") for field in ("", "q", "a")]
        found.append((pair_id(question, answer), position, question, answer, *vectors))
    found.sort(key=lambda row: row[0])
    columns = list(zip(*found, strict=True)) if found else [()] * 7
    url = f"https://{site}/{language[:2]}/{page}"
    return Side(
        language=language,
        ids=list(columns[0]),
        sites=[site] * len(found),
        pages=[Page(url, url, None, tuple(alternates), len(found))],
        page=np.zeros(len(found), dtype=np.int64),
        position=np.array(columns[1], dtype=np.int64),
        questions=list(columns[2]),
        answers=list(columns[3]),
        vectors=np.array(columns[4], dtype=np.float16).reshape(-1, 32),
        question_vectors=np.array(columns[5], dtype=np.float16).reshape(-1, 32),
        answer_vectors=np.array(columns[6], dtype=np.float16).reshape(-1, 32),
    )


def add_site(lake: Path, site: str, languages: dict[str, Sequence[str]], *, linked: bool = True) -> None:
    """Puts a site into a lake (qa, pages, embeddings), one page a language; pages name each other where `linked`."""
    store = Lake(str(lake))
    urls = [f"https://{site}/{language[:2]}/faq" for language in languages]
    qa: list[dict[str, Any]] = []
    pages: list[dict[str, Any]] = []
    embeddings: list[dict[str, Any]] = []
    for language, keys in languages.items():
        side = site_side(site, language, keys, alternates=urls if linked else ())
        [page] = side.pages
        named = [{"hreflang": "x", "href": href} for href in page.alternates]
        pages.append(
            {"page_id": page.page_id, "site": site, "url": page.url, "alternates": named, "questions": page.questions}
        )
        for row, id_ in enumerate(side.ids):
            place = {"id": id_, "language": language, "site": site, "page_id": page.page_id, "url": page.url}
            text = {"question": side.questions[row], "answer": side.answers[row]}
            qa.append({**place, **text, "position": int(side.position[row])})
            for field, vectors in (
                ("qa", side.vectors), ("question", side.question_vectors), ("answer", side.answer_vectors),
            ):  # fmt: skip
                assert vectors is not None
                vector = binary_column(vectors[row : row + 1])[0].as_py()
                key = {"id": id_, "field": field, "model": MODEL.name, "revision": MODEL.revision}
                embeddings.append({**key, "dim": 32, "text_hash": f"{field}-{id_}", "vector": vector})
    store.upsert("qa", qa)
    store.upsert("pages", pages)
    store.upsert("embeddings", embeddings)
