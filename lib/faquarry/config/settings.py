"""Every setting there is: its name, type, default and meaning, declared once.

The command line, ``faquarry config`` and the run ledger are derived from these models. A domain gets its own section
handed in and never reads another's.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "AlignSettings",
    "BenchmarkSettings",
    "DedupSettings",
    "EmbedSettings",
    "ExportSettings",
    "ExtractSettings",
    "FilterSettings",
    "GraphSettings",
    "GroupSettings",
    "JudgeSettings",
    "LabelSettings",
    "LanguageSettings",
    "LogSettings",
    "MineSettings",
    "ModelSettings",
    "ReadingSettings",
    "ScoreSettings",
    "Settings",
    "SourceSettings",
    "SparkSettings",
    "TrainSettings",
]


class Section(BaseModel):
    """A frozen group of settings; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class SourceSettings(Section):
    """How files are found and fetched (domain `web`)."""

    retries: int = Field(6, ge=0, description="attempts after the first for a request that fails or breaks off")
    backoff_s: float = Field(0.5, ge=0, description="wait before the first retry, doubled each time, in seconds")
    timeout_s: float = Field(60.0, gt=0, description="seconds without a byte before a connection counts as dead")
    anonymous: bool | None = Field(
        None, description="s3 without credentials; unset: anonymous when the credentials chain finds none"
    )
    endpoint: str | None = Field(None, description="S3-compatible endpoint, as http(s)://host:port")
    region: str | None = Field(None, description="S3 region; unset: the environment's, else us-east-1")
    allow_private_addresses: bool = Field(
        True, description="whether https sources may point at private or loopback addresses"
    )
    merge_gap_bytes: int = Field(
        256 * 1024, ge=0, description="ranges of one file (columnar index) closer than this are fetched in one request"
    )
    where: str | None = Field(None, description="SQL condition that selects rows of a columnar index (--where)")


class FilterSettings(Section):
    """Which pairs are kept (domain `markup`); every drop is a row in `rejects`."""

    profile: Literal["default", "webfaq", "none"] = Field(
        "default", description="default: per script; webfaq: the published rules; none: keep all that is not empty"
    )
    min_question: int = Field(10, ge=0, description="characters a question needs (Latin letters; weighted by script)")
    min_answer: int = Field(30, ge=0, description="characters an answer needs (Latin letters; weighted by script)")
    max_answer_newlines: int = Field(10, ge=1, description="an answer with this many newlines or more is dropped")
    site_boilerplate_questions: int = Field(
        20, ge=2, description="an answer given to this many different questions of one site is boilerplate"
    )


class LanguageSettings(Section):
    """How the language of a pair is identified (domain `language`)."""

    rule: Literal["default", "webfaq"] | None = Field(
        None, description="webfaq: the published rule over fastText; unset: as filters.profile says"
    )
    detector: Literal["py3langid", "fasttext", "langdetect"] = Field("py3langid", description="the text classifier")
    hints: bool = Field(True, description="use URL, hreflang, html lang and country suffix as a prior")
    page_evidence: bool = Field(True, description="let the pairs of a page inform each other")
    max_chars: int = Field(160, ge=50, description="characters of a pair that are looked at")
    min_confidence: float = Field(0.0, ge=0, le=1, description="below this a pair becomes the reject `language`")


class ReadingSettings(Section):
    """How archives are read, whichever stage reads them."""

    max_record_bytes: int = Field(
        16 * 1024 * 1024, ge=1024, description="payload after decoding; a larger record becomes a reject"
    )
    max_page_s: float = Field(10.0, gt=0, description="seconds spent on one page before it becomes a reject")
    files_per_commit: int = Field(256, ge=1, description="sources committed together")
    split_bytes: int = Field(
        1024 * 1024 * 1024, ge=1024, description="a larger archive is split at member boundaries into this size"
    )
    group_bytes: int = Field(64 * 1024 * 1024, ge=1, description="small files are grouped into tasks of this size")


class ExtractSettings(ReadingSettings):
    """Archives in, tables out (verb `extract`)."""

    parser: Literal["faquarry", "extruct"] = Field("faquarry", description="extruct only for comparison")
    boilerplate: bool = Field(True, description="look for answers that repeat across a whole site")


class GraphSettings(ReadingSettings):
    """The web graph (verb `graph`)."""

    max_text_chars: int = Field(20_000, ge=100, description="main text of a document is cut here")
    max_url_chars: int = Field(2000, ge=100, description="longer addresses are not followed (reason long_url)")
    max_anchor_chars: int = Field(
        200, ge=10, description="a longer anchor is a whole teaser, not a name (reason long_anchor)"
    )
    max_links: int = Field(10_000, ge=1, description="links of one page that are looked at, from its beginning")
    nofollow: bool = Field(True, description="keep links that say rel=nofollow (sponsored and ugc are never kept)")
    dropped_links: bool = Field(True, description="write links that are not kept as well, with the reason")


class GroupSettings(Section):
    """Groups of documents for reweighted training (``graph --groups``)."""

    model: str = Field(
        "faquarry-small",
        min_length=1,
        description="encoder of the documents: a name or a folder, as of `train --recipe link`",
    )
    clusters: int = Field(500, ge=1, description="groups that K-Means looks for")
    min_size: int = Field(128, ge=1, description="smaller ones are merged into one that training does not reweight")
    sample: int = Field(256, ge=1, description="documents a cluster that the centres are fitted on")
    seed: int = Field(42, ge=0, description="of the centres")


class DedupSettings(Section):
    """Which pairs repeat (verb `deduplicate`)."""

    near_threshold: float = Field(
        0.8,
        ge=0.3,
        le=1,
        description="Jaccard similarity of question and answer from which two pairs are near duplicates",
    )
    near_question: float = Field(
        0.3, ge=0, le=1, description="and that of the questions alone: one answer to two questions is no duplicate"
    )
    semantic_threshold: float | None = Field(
        None, ge=-1, le=1, description="cosine from which two questions of a site say the same; unset: the model's own"
    )
    bucket_cap: int = Field(
        64,
        ge=2,
        description="texts of a MinHash bucket that all meet one another; in a larger one each meets 16 others",
    )
    driver_edges: int = Field(
        5_000_000, ge=0, description="similar pairs whose groups the driver finds by itself; more are left to Spark"
    )


class ModelSettings(Section):
    """How a neural model is run, whichever stage runs it."""

    section: ClassVar[str] = "embed"  # how sentences name a setting: embed.device

    trust_remote_code: bool = Field(False, description="run the Python code that a model brings along")
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="auto: the GPU that Spark gives the task, or finds on this machine, else the CPU"
    )
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        "auto", description="auto: 16 bits on a GPU where cosines or scores stay within 0.01 of 32 bits"
    )
    max_tokens: int | None = Field(None, ge=8, description="cut texts here; unset: the model's own maximum")
    batch_tokens: int | None = Field(
        None, ge=1, description="tokens of a batch, padding included; unset: 8,192 on a CPU, 65,536 on a GPU"
    )
    pool_bytes: int = Field(
        16 * 1024 * 1024, ge=1024, description="bytes of text that a task sorts by length at a time"
    )


class EmbedSettings(ModelSettings):
    """Which models make vectors, and how (verb `embed`)."""

    align_model: str = Field(
        "faquarry-small",
        min_length=1,
        description="encodes question + answer, for alignment: faquarry-small, a folder, or a name on a hub (NAME@REVISION)",
    )
    retrieval_model: str = Field(
        "faquarry-small", min_length=1, description="encodes questions and answers apart, for similarity and search"
    )
    task_chars: int = Field(20_000_000, ge=1000, description="characters of text that a task gets, about")
    commit_chars: int = Field(
        2_000_000_000, ge=1000, description="characters encoded between two commits: what a killed run loses at most"
    )


class AlignSettings(Section):
    """The same pair in other languages (verb `align`)."""

    profile: Literal["default", "webfaq"] = Field(
        "default",
        description="webfaq: the published rule, mutual neighbours by similarity alone, from 0.8, published 0.9",
    )
    scopes: tuple[Literal["page", "site"], ...] = Field(
        ("page", "site"),
        min_length=1,
        description="page: pairs on pages that hreflang links, settled first; site: the rest",
    )
    evidence: bool = Field(True, description="weigh texts, pages and neighbourhoods in one probability (confidence)")
    margin: bool = Field(True, description="without evidence: choose by the ratio margin, not by similarity")
    min_confidence: float = Field(0.35, ge=0, le=1, description="with evidence: a bitext is kept from this probability")
    publish_confidence: float = Field(0.9, ge=0, le=1, description="with evidence: and published from this one")
    min_text_confidence: float = Field(
        0.02, ge=0, le=1, description="with evidence: the texts alone must be worth this; pages cannot make a pair"
    )
    keep: float | None = Field(
        None,
        ge=-1,
        le=1,
        description="cosine a bitext needs; unset: the model's threshold, with evidence less (docs/alignment.md)",
    )
    publish: float | None = Field(
        None,
        ge=-1,
        le=1,
        description="cosine a published bitext needs; unset: the model's threshold, with evidence that for keeping",
    )
    neighbours: int = Field(4, ge=1, le=64, description="k: neighbours in either direction, of candidates and margin")
    equal_questions: bool = Field(False, description="allow bitexts of equal questions (letters and digits compared)")
    equal_answers: bool = Field(False, description="allow bitexts of equal answers")
    drop_low: bool | None = Field(
        None, description="leave out pairs whose question and answer are far apart; unset: in profile webfaq"
    )
    min_pairs: int = Field(100, ge=1, description="bitexts a language pair needs to be released")
    tiled_above: int = Field(
        20_000, ge=1, description="pairs of a site; one with more is cut into tiles that all workers share"
    )
    block_rows: int = Field(2048, ge=16, description="vectors of a block of a tiled site")
    task_comparisons: float = Field(1e9, gt=0, description="comparisons of a task, about")
    device: Literal["cpu", "cuda"] = Field("cpu", description="where tiles are multiplied; cuda needs torch")


class JudgeSettings(Section):
    """A language model that scores aligned pairs (verb `judge`)."""

    base_url: str | None = Field(
        None, pattern=r"^https?://", description="OpenAI-compatible endpoint, as http(s)://host[:port]/v1"
    )
    model: str | None = Field(None, description="name of the language model there")
    api_key_env: str = Field("OPENAI_API_KEY", description="environment variable that holds the key, if one is needed")
    per_stratum: int = Field(20, ge=1, description="pairs judged of each language pair and similarity step of 0.05")
    max_pairs: int = Field(2000, ge=1, description="pairs judged in all; the strata get their share in turn")
    good_from: float = Field(70.0, ge=0, le=100, description="a score from here counts as a translation")
    max_chars: int = Field(2000, ge=100, description="characters of a question with its answer that the judge sees")
    max_tokens: int = Field(64, ge=1, description="tokens the judge may answer with")
    concurrency: int = Field(8, ge=1, description="requests under way at a time")
    requests_per_minute: float = Field(0, ge=0, description="at most so many; 0: no limit")
    retries: int = Field(5, ge=0, description="attempts after the first for a request that fails")
    backoff_s: float = Field(1.0, ge=0, description="wait before the first retry, doubled each time, in seconds")
    timeout_s: float = Field(60.0, gt=0, description="seconds without an answer before a request counts as failed")


class BenchmarkSettings(Section):
    """Retrieval benchmarks (verb `benchmark`)."""

    min_sites: int = Field(10, ge=1, description="sites a language needs")
    min_pairs: int = Field(100, ge=1, description="pairs a language needs, repeats left out")
    test_share: float = Field(0.1, gt=0, lt=1, description="of the pairs of a language become test queries, one a site")
    max_test: int = Field(10_000, ge=1, description="test queries of a language")
    dev_share: float = Field(0.02, ge=0, lt=1, description="of the pairs of a language become dev queries, one a site")
    max_dev: int = Field(1_000, ge=0, description="dev queries of a language")


class LabelSettings(ModelSettings):
    """Topics and question types of pairs (verb `label`)."""

    section: ClassVar[str] = "label"

    taxonomies: tuple[Literal["topic", "question_type"], ...] = Field(
        ("topic", "question_type"), min_length=1, description="what is labelled (--taxonomy)"
    )
    head: str | None = Field(
        None,
        description="folder of a head, or of one a taxonomy (--head); unset: the packaged ones, for faquarry-small",
    )
    words: bool = Field(True, description="training: the head looks at words beside the vectors")
    prior: float = Field(
        0.0, ge=0, le=1, description="training: how far to go from the shares of classes in the examples to WebFAQ's"
    )
    folds: int = Field(5, ge=2, description="training: folds of the cross-validation")
    epochs: int = Field(5, ge=1, description="training a transformer: times that every pair is seen")
    learning_rate: float = Field(2e-5, gt=0, description="training a transformer: the highest learning rate")
    batch_rows: int = Field(16, ge=1, description="training a transformer: pairs of a step")
    sample: int = Field(
        2000, ge=1, description="pairs that a language model is asked about (--ask), a site one at first"
    )


class ScoreSettings(ModelSettings):
    """Which model scores a question and an answer together, and how (verb `mine`)."""

    section: ClassVar[str] = "score"

    model: str = Field(
        "faquarry-small-scorer",
        min_length=1,
        description="faquarry-small-scorer, a folder of a cross-encoder, or its name on a hub (BAAI/bge-reranker-v2-m3)",
    )
    activation: Literal["auto", "logit", "sigmoid"] = Field(
        "auto", description="what a score is: the model's logit, or a number from 0 to 1; auto: as the model says"
    )


class MineSettings(Section):
    """Hard negatives (verb `mine`)."""

    profile: Literal["default", "webfaq"] = Field(
        "default", description="webfaq: all of the 200, ruled out by identity alone, as published"
    )
    splits: tuple[Literal["train", "dev", "test"], ...] = Field(
        ("train",), min_length=1, description="queries of these splits of the benchmark"
    )
    max_queries: int | None = Field(
        None,
        ge=1,
        description="queries of a language, about: those with the smallest ids, a sample that stays; unset: all",
    )
    depth: int = Field(200, ge=1, le=10_000, description="answers that BM25 finds for a query")
    k1: float = Field(0.9, ge=0, description="BM25: how soon repeats of a term stop counting")
    b: float = Field(0.4, ge=0, le=1, description="BM25: how much the length of an answer counts")
    keep: int | None = Field(10, ge=1, description="negatives of a query, the highest scores; unset: all that are left")
    duplicates: bool = Field(True, description="guard: duplicates of the query's pair, of any kind, are no negatives")
    same_question: bool = Field(True, description="guard: nor answers to the same question")
    similar_question: bool = Field(True, description="guard: nor answers to a question whose vector says the same")
    similar_question_from: float | None = Field(
        None, ge=-1, le=1, description="cosine from which it does; unset: the retrieval model's own (semantic)"
    )
    same_page: bool = Field(True, description="guard: nor answers of a page that the pair stands on")
    same_site: bool = Field(False, description="guard: nor answers of its site")
    max_score: float | None = Field(None, description="guard: a negative scores at most this")
    min_score: float | None = Field(None, description="guard: and at least this")
    absolute_margin: float | None = Field(None, ge=0, description="guard: it scores this much less than the positive")
    relative_margin: float | None = Field(
        0.2, ge=0, le=1, description="guard: it scores less than the positive by this share of the positive's score"
    )
    percentile: float | None = Field(
        None, gt=0, le=100, description="guard: it is not above this percentile of the query's candidates' scores"
    )
    min_positive: float | None = Field(
        None, description="a positive that scores less is a suspect: reported in rejects, no negatives mined for it"
    )
    block_documents: int = Field(100_000, ge=1, description="answers of a block of the index, about")
    task_queries: int = Field(20_000, ge=1, description="queries that a task searches for, at most")
    commit_queries: int = Field(
        200_000, ge=1, description="queries between two commits: what a killed run loses at most"
    )
    pool_bytes: int = Field(16 * 1024 * 1024, ge=1024, description="bytes of text that a task scores at a time")


class TrainSettings(Section):
    """What ``run`` trains at its end."""

    recipe: str = Field(
        "rn", min_length=1, description="name of a packaged recipe for dense retrievers, or a TOML file"
    )
    assignments: tuple[str, ...] = Field((), description='settings of the recipe, as in "fit.epochs=2"')


class ExportSettings(Section):
    """Files for other tools (verb `export`)."""

    license: str = Field("other", min_length=1, description="license of the card, as a hub names it")
    title: str | None = Field(None, description="title of the card; unset: one made of the format")
    opt_out: tuple[str, ...] = Field(
        ("noai", "noimageai", "tdm-reservation", "noindex", "none", "noarchive", "nocache", "nosnippet"),
        description="with --release: signals of a page (opt_out, robots) that close it",
    )
    mask: tuple[Literal["key", "email", "iban", "card", "phone"], ...] = Field(
        ("key", "email", "iban", "card", "phone"), description="with --release: what is hidden in texts"
    )
    negatives: int = Field(4, ge=1, description="hard negatives of a triplet or n-tuple, best first")
    teacher_negatives: int = Field(10, ge=1, description="hard negatives with the scores of a teacher")
    min_bitexts: int = Field(100, ge=1, description="pairs a language pair needs to be exported as bitexts")
    prompt: str | None = Field(None, description="what FlagEmbedding puts before queries; unset: as its trainer says")
    memory: str = Field("2GB", pattern=r"^[0-9.]+ ?[KMGT]i?B$", description="what DuckDB may take; it spills beyond")
    threads: int | None = Field(None, ge=1, description="threads of DuckDB; unset: one a core")
    temp_folder: str | None = Field(None, description="where DuckDB spills; unset: beside the output")


class ReportSettings(Section):
    """One page about the lake (verb `report`)."""

    memory: str = Field("1GB", pattern=r"^[0-9.]+ ?[KMGT]i?B$", description="what DuckDB may take; it spills beyond")


class SparkSettings(Section):
    """The session that faquarry makes when none is running (a running one is used as it is)."""

    master: str | None = Field(
        None,
        pattern=r"^(local(\[[^\]]+\])?|local-cluster\[[^\]]+\]|(spark|k8s)://.+|yarn)$",
        description="unset: what spark-submit set, else local[*]",
    )
    driver_memory: str = Field(
        "2g", pattern=r"^[0-9]+[kmgtKMGT]$", description="heap of the driver's JVM when faquarry starts it"
    )
    shuffle_partitions: int = Field(4, ge=1, description="spark.sql.shuffle.partitions in local mode")
    conf: dict[str, str] = Field(default_factory=dict, description="further Spark settings, as in spark-defaults.conf")


class LogSettings(Section):
    """What is printed while work runs."""

    progress: Literal["auto", "bar", "plain", "none"] = Field("auto", description="auto: a bar on a terminal")
    interval_s: float = Field(10.0, gt=0, description="seconds between plain progress lines")


class Settings(Section):
    """All sections."""

    lake: str = Field("./lake", min_length=1, description="where the tables live (--lake)")
    sources: SourceSettings = SourceSettings()
    extract: ExtractSettings = ExtractSettings()
    filters: FilterSettings = FilterSettings()
    language: LanguageSettings = LanguageSettings()
    dedup: DedupSettings = DedupSettings()
    embed: EmbedSettings = EmbedSettings()
    align: AlignSettings = AlignSettings()
    judge: JudgeSettings = JudgeSettings()
    benchmark: BenchmarkSettings = BenchmarkSettings()
    label: LabelSettings = LabelSettings()
    score: ScoreSettings = ScoreSettings()
    mine: MineSettings = MineSettings()
    graph: GraphSettings = GraphSettings()
    groups: GroupSettings = GroupSettings()
    export: ExportSettings = ExportSettings()
    report: ReportSettings = ReportSettings()
    train: TrainSettings = TrainSettings()
    spark: SparkSettings = SparkSettings()
    log: LogSettings = LogSettings()
