"""A small lake in which every table has rows, some of them written by somebody who wants to break a page; and a training run."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import md5
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa

from faquarry.lake.tables import TABLES

__all__ = ["HOSTILE", "fill_lake", "write_run", "write_table"]

HOSTILE = (
    "Is <script>alert('HOSTILE')</script> safe?",
    "</script></style></textarea><img src=x onerror=alert('HOSTILE')>",
    "quotes \" ' ` and ${HOSTILE} and {{HOSTILE}} and &lt;b&gt; &amp;",
    "line\u2028separator\u2029and <!-- HOSTILE --> ]]> and \u202eright to left",
    "nul\x00, escape\x1b[31m, bell\x07, \ufffe HOSTILE",
    "javascript:alert('HOSTILE')",
    "x" * 3000 + "HOSTILE",
    "כמה זה עולה? HOSTILE 12 ₪",
)
LANGUAGES = ("eng", "deu", "fra", "ara", "jpn", "hin", "rus", "spa", "zho", "tha")
WHEN = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
QUESTIONS = {
    "eng": "How do I return a parcel?", "deu": "Wie schicke ich ein Paket zurück?", "fra": "Comment renvoyer un colis ?",
    "ara": "كيف أعيد طردًا؟", "jpn": "荷物を返送するにはどうすればよいですか?", "hin": "मैं पार्सल कैसे लौटाऊँ?",
    "rus": "Как вернуть посылку?", "spa": "¿Cómo devuelvo un paquete?", "zho": "如何退回包裹?", "tha": "ฉันจะส่งคืนพัสดุได้อย่างไร",
}  # fmt: skip


def hashed(*parts: object) -> str:
    return md5(" ".join(map(str, parts)).encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def drawn(*parts: object) -> float:
    """From 0 to 1, the same for the same parts."""
    return int(hashed(*parts)[:12], 16) / 16**12


def write_table(lake: Path, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    from deltalake import write_deltalake

    declared = TABLES[table]
    made = [{name: row.get(name) for name in declared.columns} for row in rows]
    write_deltalake(
        str(lake / table),
        pa.Table.from_pylist(made, declared.schema),
        mode="append",
        configuration={"delta.dataSkippingNumIndexedCols": str(declared.indexed)},
    )


def fill_lake(lake: Path, pairs: int = 400) -> list[dict[str, Any]]:
    """Writes every table that the page looks at. -> the rows of qa"""
    qa = [_pair(number) for number in range(pairs)]
    run = {"run_id": "20260302T120000-00000000"}
    write_table(lake, "sources", [{"source": "a.warc.gz", "kind": "warc", "size": 123456789, "status": "done",
                                  "records": 9 * pairs, "responses": 3 * pairs, "pages": pairs // 4, **run}])  # fmt: skip
    write_table(lake, "pages", [_page(number) for number in range(pairs // 4)])
    write_table(lake, "qa", qa)
    write_table(lake, "occurrences", [{**row, "source": "a.warc.gz"} for row in qa] + [{**qa[0], "position": 99}])
    write_table(lake, "rejects", [_reject(number) for number in range(60)])
    write_table(lake, "duplicates", _duplicates(qa))
    write_table(lake, "similarity", [{"id": row["id"], "model": "m", "revision": "1", "score": _near(row), "low": _near(row) < 0.3,
                                     **run} for row in qa])  # fmt: skip
    write_table(lake, "labels", [{"id": row["id"], "taxonomy": taxonomy, "label": label, "model": "h", "revision": "1",
                                 "score": 0.8} for row in qa for taxonomy, label in _labels(row)])  # fmt: skip
    write_table(lake, "bitexts", _bitexts(qa))
    write_table(lake, "benchmark_corpus", [{**row, "text": row["answer"]} for row in qa])
    write_table(lake, "benchmark_queries", [{**row, "text": row["question"], "split": _split(place)}
                                           for place, row in enumerate(qa)])  # fmt: skip
    write_table(lake, "negatives", [_negative(row, qa) for row in qa[::3]])
    write_table(lake, "_candidates", [{"language": row["language"], "query_id": row["id"], "scorer": "s", "revision": "1",
                                      "ruled_out": ["same_page", None, "margin", None]} for row in qa[::3]])  # fmt: skip
    write_table(lake, "documents", [{**row, "url": f"https://{row['site']}/{place}", "links_found": place % 90,
                                    "links_kept": place % 7} for place, row in enumerate(qa)])  # fmt: skip
    write_table(lake, "links", [_link(number) for number in range(3 * pairs)])
    write_table(lake, "groups", [{"url": f"https://x/{n}", "method": "k-means 8", "group_id": str(n % 8), "size": pairs // 8}
                                for n in range(pairs)])  # fmt: skip
    write_table(lake, "evaluations", list(_evaluations(qa)))
    write_table(lake, "runs", [_run(number) for number in range(12)])
    return qa


def _pair(number: int) -> dict[str, Any]:
    language = LANGUAGES[min(int(drawn("language", number) ** 1.7 * len(LANGUAGES)), len(LANGUAGES) - 1)]
    hostile = number < 3 * len(HOSTILE)
    question = HOSTILE[number % len(HOSTILE)] if hostile else f"{QUESTIONS[language]} {number}"
    answer = HOSTILE[(number + 1) % len(HOSTILE)] if hostile else f"{QUESTIONS[language].rstrip('?؟')}: {number}. " * 3
    site = "<b>HOSTILE</b>.example" if number == 1 else f"site-{int(drawn('site', number) ** 3 * 60)}.example"
    return {
        "id": hashed(question, answer, number), "language": language, "site": site, "question": question, "answer": answer,
        "language_confidence": 1 - drawn("sure", number) ** 4 * 0.7, "language_by": ("text", "script", "page", "hint")[number % 4],
        "url": f"https://{site}/{number}", "page_id": hashed("page", number // 4), "position": number % 4, "fetched_at": WHEN,
        "run_id": "20260302T120000-00000000", "crawl": "A", "title": HOSTILE[0],
    }  # fmt: skip


def _page(number: int) -> dict[str, Any]:
    return {
        "page_id": hashed("page", number), "site": "a.example", "questions": 5, "charset": ("utf-8", "windows-1251")[number % 5 == 0],
        "charset_by": "header", "repair": None if number % 6 else "trailing comma", "extractor": "1",
        "syntaxes": ["json-ld"] if number % 3 else ["microdata", "json-ld"], "opt_out": ["noai"] if number % 9 == 0 else [],
    }  # fmt: skip


def _reject(number: int) -> dict[str, Any]:
    stage, reason = (("site", "boilerplate"), ("filter", "short_answer"), ("read", "damaged"), ("pairs", "no_answer"))[
        int(drawn("reject", number) ** 2 * 4)
    ]
    text = HOSTILE[number % len(HOSTILE)]
    return {"stage": stage, "reason": reason, "source": "a.warc.gz", "offset": number, "detail": text, "question": text,
            "url": "https://a.example/<b>"}  # fmt: skip


def _duplicates(qa: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for kind, step, size in (("question", 40, 2), ("near", 50, 3), ("semantic", 30, 5)):
        for first in range(0, len(qa) - size, step):
            members = qa[first : first + size]
            found += [{"id": row["id"], "kind": kind, "group_id": members[0]["id"], "keep": place == 0,
                       "similarity": 1 - place / 10, "run_id": "r"} for place, row in enumerate(members)]  # fmt: skip
    return found


def _near(row: Mapping[str, Any]) -> float:
    return 0.2 + 0.7 * math.sin(drawn("near", row["id"]) * 1.5)


def _labels(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    from faquarry.labels.taxonomy import TAXONOMIES

    return [
        (name, taxonomy.labels[int(drawn(name, row["id"]) ** 2 * len(taxonomy.labels))])
        for name, taxonomy in TAXONOMIES.items()
    ]


def _bitexts(qa: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for one, other in pairwise(qa):
        a, b = sorted((one, other), key=lambda row: row["language"])
        if a["language"] == b["language"]:
            continue
        near = 0.6 + 0.4 * drawn("bitext", a["id"])
        found.append(
            {"language1": a["language"], "language2": b["language"], "id1": a["id"], "id2": b["id"], "site1": a["site"],
             "site2": b["site"], "scope": "page" if near > 0.8 else "site", "similarity": near, "margin": 1.1, "confidence": near,
             "mutual": True, "hreflang": near > 0.8, "same_position": near > 0.7, "published": near > 0.75, "model": "m",
             "revision": "1", "question1": a["question"], "answer1": a["answer"], "question2": b["question"],
             "answer2": b["answer"]}
        )  # fmt: skip
    return found


def _split(place: int) -> str:
    return "test" if place % 8 == 0 else "dev" if place % 31 == 0 else "train"


def _negative(row: Mapping[str, Any], qa: list[dict[str, Any]]) -> dict[str, Any]:
    others = [one for one in qa if one["language"] == row["language"] and one["id"] != row["id"]][:8]
    scores = sorted((round(drawn(row["id"], one["id"]) * 4 - 3, 4) for one in others), reverse=True)
    return {"language": row["language"], "query_id": row["id"], "positive_id": row["id"], "pos_score": 2 + drawn("p", row["id"]),
            "scorer": "s", "revision": "1", "activation": "logit", "negative_ids": [one["id"] for one in others],
            "neg_scores": scores, "bm25_scores": [10.0 - at for at in range(len(others))], "query": row["question"],
            "positive": row["answer"], "negatives": [one["answer"] for one in others]}  # fmt: skip


def _link(number: int) -> dict[str, Any]:
    kept = number % 5 == 0
    reason = (
        None if kept else ("same_site", "region", "uninformative_anchor", "nofollow")[int(drawn("l", number) ** 2 * 4)]
    )
    region = "body" if kept else ("body", "navigation", "footer", "header")[number % 4]
    return {"src_url": f"https://a/{number}", "position": 0, "source": "a.warc.gz", "region": region, "reason": reason,
            "dst_url": "https://b/", "kept": kept, "same_site": False, "anchor": HOSTILE[1]}  # fmt: skip


def _evaluations(qa: list[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    asked = [row for place, row in enumerate(qa) if _split(place) == "test"]
    kinds = [
        ("clean", ""),
        *((name, strength) for name in ("swap", "keyboard", "word_drop") for strength in ("1", "10%")),
    ]
    for model, power in (("faquarry-small", 0.7), ("bm25", 0.6)):
        for name, strength in kinds:
            for seed in (0,) if name == "clean" else (0, 1):
                for row in asked:
                    value = round(power + 0.3 * drawn(row["id"], model), 4)
                    if name != "clean" and drawn(row["id"], name, seed) < (0.5 if strength == "10%" else 0.25):
                        value = 0.0
                    yield {"model": model, "task": "lake", "language": row["language"], "perturbation": name, "strength": strength,
                           "seed": seed, "metric": "ndcg@10", "query_id": row["id"], "cluster_id": row["site"], "value": value,
                           "edits": 0 if name == "clean" else 1, "changed": name != "clean"}  # fmt: skip


def _run(number: int) -> dict[str, Any]:
    return {"run_id": f"20260302T1200{number:02}-00000000", "verb": ("extract", "align")[number % 2], "version": "0.1 extract/1",
            "fingerprint": "f" * 16, "status": ("done", "failed", "running", "partial")[number % 4], "started_at": WHEN,
            "seconds": 12.5, "outputs": [("qa", 1)], "counts": [("pairs", 1234)],
            "error": HOSTILE[0] if number % 4 == 1 else None}  # fmt: skip


def write_run(folder: Path, groups: int = 14, steps: int = 600) -> None:
    """What a training run by GroupDRO leaves behind, and a landscape of its model."""
    (folder / "logs").mkdir(parents=True)
    recipe = {"seed": 42, "model": {"start": "faquarry-small"}, "tasks": {"pairs": {"loss": "contrastive"}}}
    (folder / "run.json").write_text(json.dumps({"recipe": recipe}), encoding="utf-8")
    told = {"mean": 0.031, "low": 0.012, "high": 0.05, "p": 0.001, "smallest": 0.02, "queries": 250, "clusters": 90,
            "start": 0.61, "now": 0.641}  # fmt: skip
    worse = {**told, "mean": -0.002, "low": -0.02, "high": 0.016, "p": 0.8}
    scores = {"test": {"eng": {"ndcg@10": told, "mrr@10": told}, "deu": {"ndcg@10": worse}, "all": {"ndcg@10": told}}}
    (folder / "scores.json").write_text(json.dumps(scores), encoding="utf-8")
    (folder / "end.json").write_text(json.dumps({"dev": {"eng": {"ndcg@10": [0.6, 0.7]}}}), encoding="utf-8")
    at = range(0, steps + 1, 10)
    _log(folder, "steps", [{"step": step, "task": "pairs", "loss": 2 * math.exp(-step / 200) + 0.3 * drawn("s", step)}
                           for step in at[1:]])  # fmt: skip
    _log(folder, "evaluations", [{"step": step, "split": "dev", "language": language, "measure": "ndcg@10",
                                  "value": 0.6 + 0.1 * (1 - math.exp(-step / 150)) - 0.03 * place}
                                 for step in at[::10] for place, language in enumerate(("eng", "deu"))])  # fmt: skip
    rows = []
    for step in range(50, steps + 1, 50):
        raw = [math.exp((place - groups / 2) * step / steps / 4) for place in range(groups)]
        rows += [{"step": step, "group": HOSTILE[1] if place == 0 else f"group {place}", "size": 10 * place + 5,
                  "weight": one / sum(raw), "loss": 1 + place / 10, "shown": 3} for place, one in enumerate(raw)]  # fmt: skip
    _log(folder, "groups", rows)
    side = [round(-0.3 + 0.06 * place, 2) for place in range(11)]
    bowl = [[0.2 + 4 * (a * a + 2 * b * b) + 0.1 * drawn(a, b) for b in side] for a in side]
    (folder / "landscape.json").write_text(
        json.dumps({"rn": {"across": side, "along": side, "loss": bowl}}), encoding="utf-8"
    )


def _log(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    with (folder / "logs" / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
