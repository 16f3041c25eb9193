"""The configuration: declared once, checked by Pydantic, read from YAML and `--set key.sub=value`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from navab.errors import ConfigurationError

Code = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True)]  # of a nation

_USER_IN_ADDRESS = re.compile(r"://[^/@\s]+@")


class Section(BaseModel):
    """Base of all sections: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_credentials(cls, value: object) -> object:
        """Configurations are kept in run records and manifests, and error messages quote them."""
        if isinstance(value, str) and _USER_IN_ADDRESS.search(value):
            raise ValueError(
                "an address must not hold credentials: take 'user:password@' out; they come from the environment, a "
                "profile or a role"
            )
        return value


class StorageSection(Section):
    """Object storage; credentials come from environment, profile or instance role only."""

    endpoint_url: str | None = Field(
        None,
        pattern=r"^https?://[^/?#\s]+(/[^?#\s]*)?$",
        description="S3-compatible endpoint, e.g. http://127.0.0.1:8333",
    )
    region: str | None = Field(None, description="Region of the store")
    retry_s: float = Field(60.0, ge=0, description="Seconds for which a store that does not answer is asked again")


class Columns(Section):
    """Names of the source's fields."""

    text: str = Field("text", description="Field with the body")
    title: str = Field("title", description="Field with the headline")
    url: str = Field("url", description="Field with the address")
    published_at: str = Field("published_at", description="Field with the publication time")
    id: str = Field("id", description="Field with the record's own id")
    nation: str = Field("nation", description="Field with the nation's code")
    source: str = Field("source", description="Field with the outlet")
    licence: str = Field("licence", description="Field with the licence")


class Source(Section):
    """Files of articles: one path, glob or URI, and what is known of all its records."""

    path: str = Field(min_length=1, description="Path, glob or URI")
    format: Literal["jsonl", "parquet", "csv", "arrow", "warc"] | None = Field(
        None, description="Taken from the file's ending if absent; a file that is evidently another one is read as that"
    )
    nation: Code | None = Field(
        None, description="Nation of all records; absent: the record's own field, else the domain of its url"
    )
    source: str | None = Field(
        None, description="Outlet of all records; absent: the record's own field, else the domain of its url"
    )
    crawl: str = Field("default", description="Name of the crawl that the files belong to")
    licence: str | None = Field(None, description="Licence of all records; absent: the record's own field")
    columns: Columns = Columns()


class ArticlesSection(Section):
    """What is read of the sources."""

    strict: bool = Field(False, description="Keep articles of official sources only (rejected: unofficial_source)")
    max_chars: int = Field(1_000_000, ge=1, description="Longer texts are rejected (too_long)")
    max_record_mb: int = Field(64, ge=1, le=1024, description="Larger records are unreadable (too_large)")
    max_page_mb: int = Field(8, ge=1, le=1024, description="Larger pages, decompressed, are rejected (page_too_large)")


class LanguageSection(Section):
    """Language identification with fastText."""

    model: str = Field(
        "lid.176.ftz", description="Path of a fastText model (lid.176, GlotLID or other), or the bundled lid.176.ftz"
    )
    min_confidence: float | None = Field(
        None, ge=0, le=1, description="Below it an article's language is uncertain; absent: the nation's own, or 0.5"
    )
    max_foreign: float = Field(
        0.3, ge=0, le=1, description="Share of an article's passages in another language from which it is mixed"
    )
    min_chars: int = Field(40, ge=1, description="Shorter texts are rejected")


class DedupSection(Section):
    """Near-duplicates by MinHash LSH."""

    threshold: float = Field(0.7, ge=0.5, le=1, description="Estimated Jaccard similarity of character n-grams")
    ngram: int = Field(5, ge=2, le=10, description="Characters in an n-gram")


class EmbedderSection(Section):
    """Sentence embeddings."""

    kind: Literal["use", "sentence-transformers"] = Field("use", description="use needs no download")
    model: str | None = Field(None, description="Path or hub id, for sentence-transformers")
    lead_chars: int = Field(600, ge=50, description="Characters of title and lead that are embedded")


class TopicsSection(Section):
    """Topic model: UMAP and HDBSCAN on a sample, vector search for the rest."""

    sample: int = Field(20_000, ge=10, description="Articles a nation that the model is fitted on")
    min_cluster_size: int = Field(15, ge=2, description="Smallest topic in the sample")
    neighbors: int = Field(15, ge=2, description="UMAP neighbourhood")


class ScreeningSection(Section):
    """What is value-sensitive."""

    keep: Literal["sensitive", "all"] = Field("sensitive", description="all: screening decides nothing")
    threshold: float = Field(0.0, ge=-1, le=1, description="Sensitivity from which an article is kept")


class EngineSection(Section):
    """Who reads articles and writes triples."""

    kind: Literal["rules", "vllm", "http"] = Field("rules", description="rules needs no model")
    model: str | None = Field(None, description="Model of vllm or http")
    max_statements: int = Field(5, ge=1, le=50, description="Statements an article at most")


class ConflictsSection(Section):
    """Conflict Reduction."""

    enabled: bool = Field(True, description="false: all statements are retained")
    min_similarity: float = Field(0.7, ge=0, le=1, description="Cosine from which two statements are judged")
    neighbors: int = Field(200, ge=1, description="Candidates a statement at most, the most similar ones")
    official_weight: float = Field(0.5, ge=0, description="Weight added to official statements")
    home_weight: float = Field(0.25, ge=0, description="Weight added to speakers of the home nation")


class TriplesSection(Section):
    """Triples and their split."""

    test_share: float = Field(0.2, ge=0, le=1, description="Share of leakage groups in the test split")


class ReleaseSection(Section):
    """The released benchmark."""

    name: str = Field("benchmark", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="Folder below LAKE/releases")
    version: str = Field("1.0", description="Version of the benchmark")
    licence: str = Field("other", description="Licence of the release, as the dataset card states it")
    contact: str | None = Field(None, description="Whom to ask for a takedown")
    include_text: bool = Field(False, description="Release the articles' texts as well")
    without_conflict_reduction: bool = Field(False, description="Add the subset of all statements")


class ResourcesSection(Section):
    """What a run may use."""

    num_cpus: int | None = Field(None, ge=1, description="Logical CPUs of a local Ray; absent: the machine's")
    address: str | None = Field(None, description="Ray cluster; absent: RAY_ADDRESS or a local Ray")
    shared_filesystem: bool = Field(False, description="All nodes of the cluster see a local lake's folder")
    commit_interval_s: float = Field(5.0, gt=0, description="Seconds between commits of finished files")
    unit_rows: int = Field(512, ge=1, description="Rows of one unit of work")


class MaintenanceSection(Section):
    """What `navab maintain` keeps and how large it makes files."""

    retention_hours: int = Field(168, ge=0, description="Old versions stay readable for so long")
    merge_mb: int = Field(4, ge=0, description="Runs merge files smaller than this, sixteen at a time; 0: never")
    target_mb: int = Field(128, ge=1, description="Small files are merged up to this size")


class EvaluationSection(Section):
    """Evaluation of models; its keys come with the evaluation itself."""


class AlignmentSection(Section):
    """Alignment of models; its keys come with the alignment itself."""


class GatesSection(Section):
    """Quality gates of a refresh; their keys come with the refresh itself."""


class Configuration(Section):
    """A whole job."""

    lake: str = Field(min_length=1, description="Path or s3:// URI of the lake")
    storage: StorageSection = StorageSection()
    nations: tuple[Code, ...] = Field(default=(), description="Codes of the nations; empty: all that navab knows")
    nations_dir: str = Field(
        "nations", description="Folder of your own nation files, and lexicons in `lexicons/` below it; may be absent"
    )
    sources: tuple[Source, ...] = Field((), description="Where articles come from")
    tolerance: float = Field(0.05, ge=0, le=1, description="Share of bad records that is tolerated")
    seed: int = Field(0, description="Of UMAP and FAISS")
    articles: ArticlesSection = ArticlesSection()
    language: LanguageSection = LanguageSection()
    dedup: DedupSection = DedupSection()
    embedder: EmbedderSection = EmbedderSection()
    topics: TopicsSection = TopicsSection()
    screening: ScreeningSection = ScreeningSection()
    engine: EngineSection = EngineSection()
    conflicts: ConflictsSection = ConflictsSection()
    triples: TriplesSection = TriplesSection()
    release: ReleaseSection = ReleaseSection()
    evaluation: EvaluationSection = EvaluationSection()
    alignment: AlignmentSection = AlignmentSection()
    gates: GatesSection = GatesSection()
    resources: ResourcesSection = ResourcesSection()
    maintenance: MaintenanceSection = MaintenanceSection()


def load_configuration(path: Path | None, settings: Sequence[str] = ()) -> Configuration:
    """Read a YAML file and apply `key.sub=value` settings; raises ConfigurationError in one line."""
    document = _read_document(path) if path is not None else {}
    for setting in settings:
        _apply(document, setting)
    if "lake" not in document:
        raise ConfigurationError("no lake is named: add 'lake: PATH' to the configuration or --set lake=PATH")
    try:
        return Configuration.model_validate(document)
    except ValidationError as error:
        raise ConfigurationError(_explain(error, path)) from None


def _read_document(path: Path) -> dict[str, Any]:
    try:
        document = _parse(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"configuration {path} does not exist") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"configuration {path} cannot be read: {error}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigurationError(f"configuration {path} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(document, dict):
        raise ConfigurationError(f"configuration {path} must be a mapping of keys to values")
    return document


def _apply(document: dict[str, Any], setting: str) -> None:
    key, separator, value = setting.partition("=")
    if not separator or not key:
        raise ConfigurationError(f"--set {setting}: write key.sub=value")
    *parents, last = key.split(".")
    target = document
    for parent in parents:
        target = target.setdefault(parent, {})
        if not isinstance(target, dict):
            raise ConfigurationError(f"--set {setting}: '{parent}' is not a section")
    try:
        target[last] = _parse(value)
    except (yaml.YAMLError, ValueError):
        target[last] = value


class _Loader(yaml.SafeLoader):
    """YAML without dates: a crawl or release may be named 2026-11-05."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _parse(content: str) -> Any:
    return yaml.load(content, _Loader)


def _explain(error: ValidationError, path: Path | None) -> str:
    # A misspelt key is often the reason why another one is missing.
    first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    key = ".".join(str(part) for part in first["loc"])
    where = f"configuration {path}" if path else "settings"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    if first["type"] == "extra_forbidden":
        known = ", ".join(_siblings(first["loc"]))
        return f"{where}: unknown key '{key}': known keys there are {known}{more}"
    return f"{where}: {key}: {first['msg']}{more}"


def _siblings(location: tuple[int | str, ...]) -> list[str]:
    model: Any = Configuration
    for part in location[:-1]:
        if isinstance(part, int):
            continue
        annotation = model.model_fields[part].annotation
        model = Source if part == "sources" else annotation
    return sorted(model.model_fields)
