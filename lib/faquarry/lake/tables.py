"""The tables: name, columns with a comment each, key, clustering. Declared once.

Spark schemas, table creation, docs/tables.md and `faquarry.open` are derived from these declarations. Keys and short
columns come first, long text last: Delta keeps statistics of the leading columns only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa

__all__ = [
    "ALIGNED",
    "BENCHMARK_CORPUS",
    "BENCHMARK_QRELS",
    "BENCHMARK_QUERIES",
    "BITEXTS",
    "BLOCKS",
    "CANDIDATES",
    "DOCUMENTS",
    "DUPLICATES",
    "EMBEDDINGS",
    "EVALUATIONS",
    "GRAPH_SOURCES",
    "GROUPS",
    "JUDGEMENTS",
    "LABELS",
    "LINKS",
    "NEGATIVES",
    "OCCURRENCES",
    "PAGES",
    "PLACES",
    "QA",
    "REJECTS",
    "RUNS",
    "SETTLED",
    "SIGNATURES",
    "SIMILAR",
    "SIMILARITY",
    "SOURCES",
    "SUPERSEDED",
    "TABLES",
    "Table",
    "table_named",
]

TIME = pa.timestamp("us", tz="UTC")
TEXT = pa.string()
TEXTS = pa.list_(pa.field("element", TEXT))
SCORES = pa.list_(pa.field("element", pa.float32()))


@dataclass(frozen=True)
class Table:
    """A Delta table of the lake.

    `key` is what a merge matches on (None: rows are only appended, or replaced a source at a time). `cluster` is the
    liquid clustering. `indexed` is the number of leading columns that carry statistics.
    """

    name: str
    schema: pa.Schema
    key: tuple[str, ...] | None
    cluster: tuple[str, ...]
    comment: str
    indexed: int

    @property
    def internal(self) -> bool:
        """State that stages keep for themselves (names with an underscore in front): not part of the contract."""
        return self.name.startswith("_")

    @property
    def columns(self) -> list[str]:
        return list(self.schema.names)

    def comment_of(self, column: str) -> str:
        metadata = self.schema.field(column).metadata or {}
        return str(metadata[b"comment"].decode())


def _table(
    name: str,
    comment: str,
    columns: Sequence[tuple[str, pa.DataType, str]],
    *,
    key: tuple[str, ...] | None = None,
    cluster: tuple[str, ...] = (),
    long_text: Iterable[str] = (),
) -> Table:
    """Builds a declaration; columns named in `long_text` (and what follows the first of them) carry no statistics.

    Nor does what follows the first boolean: Delta writes no smallest and largest of those, which readers of deltalake's
    datasets (DuckDB, pyarrow) take for "no row has this value".
    """
    fields = [
        pa.field(column, dtype, nullable=column not in (key or ()), metadata={"comment": text})
        for column, dtype, text in columns
    ]
    names = [field.name for field in fields]
    bare = [*long_text, *(column for column, dtype, _ in columns if dtype == pa.bool_())]
    indexed = min([names.index(column) for column in bare], default=len(names))
    return Table(name, pa.schema(fields), key, cluster, comment, indexed)


SOURCES = _table(
    "sources",
    "One row an input file: what was read of it, and what could not be.",
    [
        ("source", TEXT, "URI of the file"),
        ("kind", TEXT, "warc, nquads, owi or index, found by content"),
        ("size", pa.int64(), "bytes as stored"),
        ("etag", TEXT, "fingerprint of the content; another one means: read again"),
        ("status", TEXT, "done; partial: read to its end with damage inside; failed: not read to its end"),
        ("records", pa.int64(), "records of any type"),
        ("responses", pa.int64(), "responses and resources among them"),
        ("pages", pa.int64(), "pages with FAQ markup"),
        ("pairs", pa.int64(), "places of pairs (rows in occurrences)"),
        ("rejects", pa.int64(), "rows in rejects"),
        ("run_id", TEXT, "the run that read it (table runs)"),
        ("finished_at", TIME, "when its rows were committed"),
        ("error", TEXT, "why it failed, as a sentence"),
    ],
    key=("source",),
    long_text=("error",),
)

PAGES = _table(
    "pages",
    "One row a page with FAQ markup.",
    [
        ("page_id", TEXT, "md5 of source, offset and URL"),
        ("site", TEXT, "registrable domain by the Public Suffix List"),
        ("origin", TEXT, "scheme://host"),
        ("crawl", TEXT, "name of the crawl, from the archive's path or its warcinfo"),
        ("fetched_at", TIME, "when the page was fetched"),
        ("source", TEXT, "file that holds the record"),
        ("offset", pa.int64(), "first byte of the stored record; first line or row for N-Quads and Parquet"),
        ("length", pa.int64(), "bytes of the stored record"),
        ("digest", TEXT, "SHA-1 of the stored payload, base32, as WARC writes it"),
        ("questions", pa.int32(), "questions that stand under a FAQPage, kept or rejected"),
        ("html_lang", TEXT, "lang of the html element"),
        ("charset", TEXT, "encoding the bytes were read with"),
        ("charset_by", TEXT, "bom, header, meta, detector or default"),
        ("replaced", pa.int32(), "U+FFFD put in for undecodable bytes"),
        ("repair", TEXT, "null, or the rungs of the repair ladder that mended a block"),
        ("extractor", TEXT, "version of the code that read the page"),
        ("run_id", TEXT, "the run that wrote the row"),
        ("url", TEXT, "address of the page"),
        ("canonical", TEXT, "absolute address of link rel=canonical"),
        ("robots", TEXT, "meta robots and X-Robots-Tag"),
        ("syntaxes", TEXTS, "json-ld, microdata, rdfa"),
        ("opt_out", TEXTS, "noai, noimageai, tdm-reservation"),
        ("title", TEXT, "title element"),
        ("description", TEXT, "meta description"),
        ("keywords", TEXT, "meta keywords"),
        ("author", TEXT, "meta author"),
        (
            "alternates",
            pa.list_(pa.field("element", pa.struct([("hreflang", TEXT), ("href", TEXT)]))),
            "link rel=alternate hreflang, absolute",
        ),
        ("markup", TEXT, "the FAQ nodes as JSON, after repair"),
    ],
    key=("page_id",),
    cluster=("site",),
    long_text=("url",),
)

QA = _table(
    "qa",
    "One row a distinct pair; its page is the earliest fetched, then the one with the shortest URL.",
    [
        ("id", TEXT, "md5 of question + ' ' + answer, newlines as spaces, stripped"),
        ("language", TEXT, "ISO 639-3, macro-languages folded"),
        ("site", TEXT, "registrable domain by the Public Suffix List"),
        ("language_confidence", pa.float32(), "calibrated probability that the language is right"),
        ("language_by", TEXT, "text, script, page, hint or declared: the evidence that decided"),
        ("origin", TEXT, "scheme://host"),
        ("page_id", TEXT, "the representative page"),
        ("position", pa.int32(), "place of the question on that page, from 0"),
        ("crawl", TEXT, "name of the crawl"),
        ("fetched_at", TIME, "when the page was fetched"),
        ("run_id", TEXT, "the run that wrote the row"),
        ("accepted", pa.bool_(), "false: the page gives suggested answers only, this is the best of them"),
        ("url", TEXT, "address of the page"),
        ("question", TEXT, "the question, cleaned"),
        ("answer", TEXT, "the answer, cleaned; newlines separate its blocks"),
        ("title", TEXT, "title of the page"),
        ("description", TEXT, "description of the page"),
    ],
    key=("id",),
    cluster=("language", "site"),
    long_text=("url",),
)

OCCURRENCES = _table(
    "occurrences",
    "One row a place a pair stands.",
    [
        ("id", TEXT, "the pair (qa.id)"),
        ("page_id", TEXT, "the page (pages.page_id)"),
        ("position", pa.int32(), "place of the question on the page, from 0"),
        ("source", TEXT, "file that holds the page"),
        ("crawl", TEXT, "name of the crawl"),
        ("fetched_at", TIME, "when the page was fetched"),
        ("url", TEXT, "address of the page"),
    ],
    key=("id", "page_id", "position"),
    cluster=("source",),
    long_text=("url",),
)

REJECTS = _table(
    "rejects",
    "What named a FAQ and did not become a pair, and pages that did not become a document (stage graph).",
    [
        ("stage", TEXT, "read, markup, pairs, filter, language, site or graph"),
        ("reason", TEXT, "why (an enumeration, see docs/tables.md)"),
        ("source", TEXT, "file that holds it"),
        ("offset", pa.int64(), "first byte of the stored record"),
        ("run_id", TEXT, "the run that wrote the row"),
        ("detail", TEXT, "the reason in a sentence"),
        ("url", TEXT, "address of the page"),
        ("question", TEXT, "the question, where there is one"),
        ("answer", TEXT, "the answer, where there is one"),
        ("excerpt", TEXT, "at most 4 KiB of what was found"),
    ],
    cluster=("source",),
    long_text=("detail",),
)

DOCUMENTS = _table(
    "documents",
    "One row a page of the archives, whatever markup it has: the latest that was fetched of an address.",
    [
        ("url", TEXT, "address, normalised (docs/graph.md)"),
        ("site", TEXT, "registrable domain by the Public Suffix List"),
        ("language", TEXT, "ISO 639-3, macro-languages folded; und: no letters"),
        ("source", TEXT, "file that holds the record"),
        ("offset", pa.int64(), "first byte of the stored record"),
        ("length", pa.int64(), "bytes of the stored record"),
        ("fetched_at", TIME, "when the page was fetched"),
        ("digest", TEXT, "SHA-1 of the stored payload, base32, as WARC writes it"),
        ("links_found", pa.int32(), "links on the page, kept or not"),
        ("links_kept", pa.int32(), "links that are kept"),
        ("run_id", TEXT, "the run that wrote the row"),
        ("title", TEXT, "title element"),
        ("text", TEXT, "main text: without navigation, header, footer, sidebars, forms and code"),
    ],
    key=("url",),
    cluster=("site",),
    long_text=("title",),
)

LINKS = _table(
    "links",
    "Every link of every document, with the first rule that speaks against it. Which lead to a document of the lake is asked "
    "when it is needed (docs/graph.md): an archive that comes later may bring the target.",
    [
        ("src_url", TEXT, "the page that links (documents.url)"),
        ("position", pa.int32(), "place among the links of the page that are written, from 0"),
        ("source", TEXT, "file that holds the page"),
        ("region", TEXT, "navigation, header, footer, sidebar or body: the innermost that it stands in"),
        ("reason", TEXT, "why it is not kept (an enumeration, see docs/graph.md); null: it is"),
        ("run_id", TEXT, "the run that wrote the row"),
        ("dst_url", TEXT, "the page it leads to, absolute and normalised"),
        ("kept", pa.bool_(), "no rule speaks against it"),
        ("same_site", pa.bool_(), "both pages are of one site"),
        ("anchor", TEXT, "its words, or those of an image in it; cut at graph.max_anchor_chars"),
    ],
    key=("src_url", "position"),
    cluster=("source",),
    long_text=("dst_url",),
)

GROUPS = _table(
    "groups",
    "Documents in groups, for reweighted training: one row a document and method.",
    [
        ("url", TEXT, "the document (documents.url)"),
        ("method", TEXT, "how the groups were made, with the settings that matter"),
        ("group_id", TEXT, "the group"),
        ("size", pa.int64(), "documents in it"),
        ("run_id", TEXT, "the run that wrote the row"),
    ],
    key=("url", "method"),
    cluster=("method",),
)

EVALUATIONS = _table(
    "evaluations",
    "How well a system answers a query, perturbed or not: one row a query, measure, perturbation and seed.",
    [
        ("model", TEXT, "the system: an encoder's name, bm25, hybrid-rrf:ENCODER …, or the name it was given"),
        ("task", TEXT, "xquad, xquad-r, xquad-disfl, lake, beir:FOLDER or mteb:NAME"),
        ("language", TEXT, "ISO 639-3"),
        ("perturbation", TEXT, "operation, worst-of-N, a set of queries people wrote, or clean"),
        ("strength", TEXT, "edits a query (1, 2) or a share of it (10%); empty where there is none to choose"),
        ("seed", pa.int32(), "of the perturbation; 0 for clean"),
        ("metric", TEXT, "ndcg@10, mrr@10, recall@1 or recall@100"),
        ("query_id", TEXT, "as in the task"),
        ("cluster_id", TEXT, "queries that rise and fall together: a paragraph (group#number), a site, shared answers"),
        ("revision", TEXT, "of the system: hash or commit of all that decides its rankings"),
        (
            "task_version",
            TEXT,
            "hash of the task's texts and judgements in this language, and of how they are measured",
        ),
        ("value", pa.float64(), "0 to 1, higher is better"),
        ("edits", pa.int32(), "edits done; null where people wrote the query"),
        ("run_id", TEXT, "the run that wrote the row"),
        ("changed", pa.bool_(), "false: the operation found no place in this query, which is left out of its averages"),
    ],
    key=("model", "task", "language", "perturbation", "strength", "seed", "metric", "query_id"),
    cluster=("model", "task", "language"),
)

RUNS = _table(
    "runs",
    "The ledger: one row a run that had something to do.",
    [
        ("run_id", TEXT, "time of the start and a random part"),
        ("verb", TEXT, "the command"),
        ("version", TEXT, "version of faquarry and of the stage"),
        ("fingerprint", TEXT, "hash of the stage's version and of the settings that shape its rows"),
        ("status", TEXT, "running, done, partial (some sources failed) or failed"),
        ("started_at", TIME, "start"),
        ("finished_at", TIME, "end; null while it runs, and for ever when it was killed"),
        ("seconds", pa.float64(), "time taken"),
        ("inputs", pa.map_(TEXT, pa.int64()), "tables read, with their version"),
        ("outputs", pa.map_(TEXT, pa.int64()), "tables written, with the version left behind"),
        ("counts", pa.map_(TEXT, pa.int64()), "rows written a table, sources done and failed"),
        ("config", TEXT, "the settings as JSON, secrets left out"),
        ("error", TEXT, "why it failed, as a sentence"),
    ],
    key=("run_id",),
    long_text=("config",),
)

DUPLICATES = _table(
    "duplicates",
    "Which pairs repeat. The survivors are the pairs of qa that no row here drops (keep = false).",
    [
        ("id", TEXT, "the pair (qa.id)"),
        ("kind", TEXT, "question, near or semantic"),
        ("group_id", TEXT, "the smallest id of the group"),
        ("keep", pa.bool_(), "true for the one row of the group that stands for it"),
        ("similarity", pa.float32(), "to the pair that stands for the group: 1 for question, Jaccard, or cosine"),
        ("method", TEXT, "how it was found, with the settings that matter"),
        ("run_id", TEXT, "the run that wrote the row"),
    ],
    key=("id", "kind"),
    cluster=("kind",),
    long_text=("keep",),  # statistics of a boolean hide rows from DuckDB (``keep = false``)
)

EMBEDDINGS = _table(
    "embeddings",
    "Vectors of texts, one row a pair, field and model.",
    [
        ("id", TEXT, "the pair (qa.id)"),
        ("field", TEXT, "question, answer or qa (question + ' ' + answer)"),
        ("model", TEXT, "name of the model"),
        ("revision", TEXT, "commit or hash of the model's files"),
        ("dim", pa.int32(), "length of the vector"),
        ("text_hash", TEXT, "hash of the text as the model was given it; equal texts are encoded once"),
        ("run_id", TEXT, "the run that wrote the row"),
        ("vector", pa.binary(), "float16, little-endian, unit length"),
    ],
    key=("id", "field", "model", "revision"),
    cluster=("model", "field"),
    long_text=("vector",),
)

SIMILARITY = _table(
    "similarity",
    "How close question and answer are: a low score marks a pair that needs its page to be understood.",
    [
        ("id", TEXT, "the pair (qa.id)"),
        ("model", TEXT, "name of the model"),
        ("revision", TEXT, "commit or hash of the model's files"),
        ("score", pa.float32(), "cosine of question and answer"),
        ("low", pa.bool_(), "the score is under the model's own threshold (0.5 where it has none)"),
        ("run_id", TEXT, "the run that wrote the row"),
    ],
    key=("id", "model", "revision"),
)

LABELS = _table(
    "labels",
    "What a pair is about, and what kind of question it asks; a row a pair, taxonomy and head.",
    [
        ("id", TEXT, "the pair (qa.id)"),
        ("taxonomy", TEXT, "topic or question_type"),
        ("label", TEXT, "one of the classes of the taxonomy (docs/labels.md)"),
        ("model", TEXT, "name of the head"),
        ("revision", TEXT, "hash of the head, its encoder's revision included"),
        ("run_id", TEXT, "the run that wrote the row"),
        ("score", pa.float32(), "calibrated probability that the label is right"),
    ],
    key=("id", "taxonomy", "model", "revision"),
    cluster=("taxonomy", "label"),
)

BITEXTS = _table(
    "bitexts",
    "The same pair in two languages.",
    [
        ("language1", TEXT, "ISO 639-3; comes before language2 in the alphabet"),
        ("language2", TEXT, "ISO 639-3"),
        ("id1", TEXT, "the pair in language1 (qa.id)"),
        ("id2", TEXT, "the pair in language2 (qa.id)"),
        ("site1", TEXT, "registrable domain of the first"),
        ("site2", TEXT, "registrable domain of the second"),
        ("scope", TEXT, "page (linked by hreflang), site or global: where the two were compared"),
        ("similarity", pa.float32(), "cosine of the two vectors of question and answer"),
        ("margin", pa.float32(), "similarity over the mean similarity of both neighbourhoods"),
        ("confidence", pa.float32(), "calibrated probability that one translates the other, all evidence together"),
        ("mutual", pa.bool_(), "each is the other's nearest neighbour by similarity"),
        ("hreflang", pa.bool_(), "their pages name each other as alternates"),
        ("same_position", pa.bool_(), "they stand at the same place of their pages"),
        ("published", pa.bool_(), "good enough to release, by the model's threshold"),
        ("model", TEXT, "name of the model"),
        ("revision", TEXT, "commit or hash of the model's files"),
        ("run_id", TEXT, "the run that wrote the row"),
        ("question1", TEXT, "question of the first"),
        ("answer1", TEXT, "answer of the first"),
        ("question2", TEXT, "question of the second"),
        ("answer2", TEXT, "answer of the second"),
    ],
    key=("id1", "id2", "model", "revision"),
    cluster=("language1", "language2"),
    long_text=("question1",),
)

JUDGEMENTS = _table(
    "judgements",
    "What a language model said of aligned pairs.",
    [
        ("id1", TEXT, "the pair in language1 (qa.id)"),
        ("id2", TEXT, "the pair in language2 (qa.id)"),
        ("judge", TEXT, "name of the language model"),
        ("prompt_version", TEXT, "version of the prompt"),
        ("score", pa.float32(), "0 to 100; null when no number could be read in the answer"),
        ("run_id", TEXT, "the run that wrote the row"),
        ("raw", TEXT, "the answer as it came"),
    ],
    key=("id1", "id2", "judge", "prompt_version"),
    long_text=("raw",),
)

BENCHMARK_CORPUS = _table(
    "benchmark_corpus",
    "What is searched: every distinct answer of a language that has a benchmark.",
    [
        ("language", TEXT, "ISO 639-3"),
        ("id", TEXT, "the pair whose answer it is (qa.id); of pairs with the same answer the one with the smallest id"),
        ("site", TEXT, "registrable domain by the Public Suffix List"),
        ("run_id", TEXT, "the run that wrote the row"),
        ("title", TEXT, "title of the page"),
        ("text", TEXT, "the answer"),
    ],
    key=("language", "id"),
    cluster=("language",),
    long_text=("title",),
)

BENCHMARK_QUERIES = _table(
    "benchmark_queries",
    "What is asked: the questions of a language, each in one split. What tells of a test query stands in no other split.",
    [
        ("language", TEXT, "ISO 639-3"),
        ("id", TEXT, "the pair whose question it is (qa.id)"),
        ("split", TEXT, "train, dev or test; a test query stays one when the lake grows"),
        ("site", TEXT, "registrable domain by the Public Suffix List"),
        ("run_id", TEXT, "the run that wrote the row"),
        ("text", TEXT, "the question"),
    ],
    key=("language", "id"),
    cluster=("language", "split"),
    long_text=("text",),
)

BENCHMARK_QRELS = _table(
    "benchmark_qrels",
    "The one relevant answer of each query.",
    [
        ("language", TEXT, "ISO 639-3"),
        ("query_id", TEXT, "benchmark_queries.id"),
        ("corpus_id", TEXT, "benchmark_corpus.id"),
        ("score", pa.int32(), "1: relevant"),
        ("split", TEXT, "of the query"),
        ("run_id", TEXT, "the run that wrote the row"),
    ],
    key=("language", "query_id", "corpus_id"),
    cluster=("language", "split"),
)

NEGATIVES = _table(
    "negatives",
    "A question, its answer, and wrong answers that look right. The arrays are parallel, best first.",
    [
        ("language", TEXT, "ISO 639-3"),
        ("query_id", TEXT, "benchmark_queries.id"),
        ("positive_id", TEXT, "benchmark_corpus.id"),
        ("pos_score", pa.float32(), "of the scorer, for query and positive"),
        ("scorer", TEXT, "name of the model that scored"),
        ("revision", TEXT, "commit or hash of its files"),
        ("activation", TEXT, "what a score is: logit or sigmoid"),
        ("run_id", TEXT, "the run that wrote the row"),
        ("negative_ids", TEXTS, "benchmark_corpus.id"),
        ("neg_scores", SCORES, "of the scorer"),
        ("bm25_scores", SCORES, "of the search that found them"),
        ("query", TEXT, "the question"),
        ("positive", TEXT, "its answer"),
        ("negatives", TEXTS, "the wrong answers"),
    ],
    key=("query_id",),
    cluster=("language",),
    long_text=("negative_ids",),
)

BLOCKS = _table(
    "_blocks",
    "State of `mine`: the answers of a language, indexed for BM25. Counts only, so that a block stays good when others come.",
    [
        ("language", TEXT, "ISO 639-3"),
        ("block", TEXT, "name of the block: the run that made it and a number"),
        ("made_with", TEXT, "fingerprint of the analyzer; blocks of another one are made again"),
        ("run_id", TEXT, "the run that wrote the row"),
        ("documents", pa.int32(), "answers in it"),
        ("tokens", pa.int64(), "their tokens together"),
        ("ids", pa.binary(), "16 bytes a document, ascending: benchmark_corpus.id"),
        ("lengths", pa.binary(), "int32 a document: its tokens"),
        ("terms", TEXTS, "the terms"),
        ("frequencies", pa.list_(pa.field("element", pa.int32())), "documents that a term stands in"),
        ("postings", pa.binary(), "int32 a posting, term after term: the number of a document"),
        ("counts", pa.binary(), "uint16 a posting: how often the term stands there"),
    ],
    key=("language", "block"),
    long_text=("ids",),
)

CANDIDATES = _table(
    "_candidates",
    "State of `mine`: what BM25 found for a query, what was ruled out and why, how the rest scored. The arrays are parallel.",
    [
        ("language", TEXT, "ISO 639-3"),
        ("query_id", TEXT, "benchmark_queries.id"),
        ("scorer", TEXT, "name of the model that scored"),
        ("revision", TEXT, "commit or hash of its files, with the activation"),
        ("searched", TEXT, "fingerprint of the search"),
        ("settled", TEXT, "fingerprint of the rules that chose the negatives"),
        ("outcome", TEXT, "mined; suspect: the positive scores too low; none: no candidate was left"),
        ("run_id", TEXT, "the run that wrote the row"),
        ("pos_score", pa.float32(), "of the scorer, for query and positive"),
        ("ids", TEXTS, "benchmark_corpus.id, best of BM25 first"),
        ("bm25_scores", SCORES, "of the search"),
        ("ruled_out", TEXTS, "the guard that spoke against a candidate; null: none did"),
        ("scores", SCORES, "of the scorer; null where a guard spoke first"),
    ],
    key=("query_id", "scorer", "revision"),
    cluster=("language",),
    long_text=("ids",),
)

SIGNATURES = _table(
    "_signatures",
    "State of `deduplicate`: what the texts of pairs are found by, so that old texts are not read again; packed.",
    [
        ("pack", TEXT, "name of the pack: the run that made it and the first id"),
        ("made_with", TEXT, "fingerprint of the rule; packs of another one are made again"),
        ("run_id", TEXT, "the run that wrote the row"),
        ("pairs", pa.int32(), "pairs in it"),
        ("ids", pa.binary(), "16 bytes a pair: qa.id"),
        ("places", pa.binary(), "8 bytes a pair: hash of site and language"),
        (
            "questions",
            pa.binary(),
            "8 bytes a pair: hash of place and normalised question; 0: a question without words",
        ),
        ("sketches", pa.binary(), "8 bytes a pair: a bit of each of 64 permutations"),
        ("bands", pa.binary(), "8 bytes a pair and band: its hash; 0: a text without words"),
    ],
    key=("pack",),
    long_text=("ids",),
)

SIMILAR = _table(
    "_similar",
    "State of `deduplicate`: pairs of texts that were compared, so that none is compared twice.",
    [
        ("id1", TEXT, "the smaller id"),
        ("id2", TEXT, "the larger id"),
        ("made_with", TEXT, "fingerprint of the rule"),
        ("run_id", TEXT, "the run that wrote the row"),
        ("linked", pa.bool_(), "whether a shared band led to it; else only measured for a group's representative"),
        (
            "similarity",
            pa.float32(),
            "Jaccard of question and answer: of words, or of character 5-grams if that is larger",
        ),
        ("asked", pa.float32(), "Jaccard of the questions"),
    ],
    key=("id1", "id2", "linked"),
    long_text=("linked",),
)

PLACES = _table(
    "_places",
    "State of `deduplicate`: the sites and languages whose semantic duplicates are settled.",
    [
        ("place", pa.int64(), "hash of site and language"),
        ("size", pa.int64(), "pairs with a vector"),
        ("content", TEXT, "sum of hashes of what its rows follow from; another one means: look again"),
        ("made_with", TEXT, "fingerprint of the rule"),
        ("run_id", TEXT, "the run that wrote the row"),
    ],
    key=("place",),
)

SETTLED = _table(
    "_settled",
    "State of `deduplicate`: what each kind of duplicates was last found in.",
    [
        ("kind", TEXT, "question, near or semantic"),
        ("fingerprint", TEXT, "hash of the rule; null while a run is at work, and for ever when it was killed"),
        ("qa", pa.int64(), "version of qa"),
        ("embeddings", pa.int64(), "version of embeddings"),
        ("hot", pa.int64(), "buckets beyond dedup.bucket_cap"),
        ("run_id", TEXT, "the run that wrote the row"),
    ],
    key=("kind",),
)

ALIGNED = _table(
    "_aligned",
    "Which sites were aligned, as they were then: one that is so still is not aligned again.",
    [
        ("site", TEXT, "registrable domain"),
        ("model", TEXT, "name of the model"),
        ("revision", TEXT, "commit or hash of the model's files"),
        ("rows", pa.int64(), "pairs that took part"),
        ("comparisons", pa.int64(), "over every two languages, the product of their pairs"),
        ("digest", TEXT, "hash of the settings, the pairs, their pages and vectors"),
        ("run_id", TEXT, "the run that wrote the row"),
    ],
    key=("site", "model", "revision"),
)

GRAPH_SOURCES = _table(
    "_graph_sources",
    "State of `graph`: what it has read, a row an archive (the table `sources` says it of `extract`).",
    [
        ("source", TEXT, "URI of the file"),
        ("kind", TEXT, "warc or index, found by content"),
        ("size", pa.int64(), "bytes as stored"),
        ("etag", TEXT, "fingerprint of the content; another one means: read again"),
        ("status", TEXT, "done; partial: read to its end with damage inside; failed: not read to its end"),
        ("records", pa.int64(), "records of any type"),
        ("responses", pa.int64(), "responses and resources among them"),
        ("documents", pa.int64(), "pages read, those included of which the lake has a later one"),
        ("links", pa.int64(), "links on them"),
        ("kept", pa.int64(), "links that are kept"),
        ("rejects", pa.int64(), "rows in rejects of stage graph"),
        ("run_id", TEXT, "the run that read it (table runs)"),
        ("finished_at", TIME, "when its rows were committed"),
        ("error", TEXT, "why it failed, as a sentence"),
    ],
    key=("source",),
    long_text=("error",),
)

SUPERSEDED = _table(
    "_superseded",
    "State of `graph`: pages of which `documents` holds a later one. They take its place when its source is read again "
    "without it.",
    [
        ("url", TEXT, "as in documents"),
        ("source", TEXT, "as in documents"),
        ("offset", pa.int64(), "as in documents"),
        (
            "document",
            pa.struct([pa.field(field.name, field.type) for field in DOCUMENTS.schema]),
            "its row in documents to be",
        ),
        (
            "links",
            pa.list_(pa.field("element", pa.struct([pa.field(field.name, field.type) for field in LINKS.schema]))),
            "its rows in links to be",
        ),
    ],
    key=("url", "source", "offset"),
    cluster=("source",),
    long_text=("document",),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        SOURCES,
        PAGES,
        QA,
        OCCURRENCES,
        REJECTS,
        DUPLICATES,
        EMBEDDINGS,
        SIMILARITY,
        LABELS,
        BITEXTS,
        JUDGEMENTS,
        BENCHMARK_CORPUS,
        BENCHMARK_QUERIES,
        BENCHMARK_QRELS,
        NEGATIVES,
        DOCUMENTS,
        LINKS,
        GROUPS,
        EVALUATIONS,
        RUNS,
        ALIGNED,
        BLOCKS,
        CANDIDATES,
        SIGNATURES,
        SIMILAR,
        PLACES,
        SETTLED,
        GRAPH_SOURCES,
        SUPERSEDED,
    )
}


def table_named(name: str) -> Table:
    """The declaration of a table; KeyError when the lake has no such table."""
    return TABLES[name]
