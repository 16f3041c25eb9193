"""The configuration: sections are declared in `navab/options`, put together here, read from YAML and `--set`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, Field, ValidationError

from navab.errors import ConfigurationError
from navab.options.alignment import AlignmentSection
from navab.options.articles import ArticlesSection, Code, DedupSection, LanguageSection, Source
from navab.options.conflicts import ConflictsSection
from navab.options.engine import EngineSection
from navab.options.evaluation import EvaluationSection
from navab.options.refresh import GatesSection, RefreshSection
from navab.options.release import ReleaseSection, TriplesSection
from navab.options.resources import ResourcesSection
from navab.options.section import Section
from navab.options.storage import MaintenanceSection, StorageSection
from navab.options.topics import EmbedderSection, ScreeningSection, TopicsSection
from navab.plain_yaml import RepeatedKeyError, parse_yaml

AnySection = TypeVar("AnySection", bound=Section)


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
    seed: int = Field(0, ge=0, lt=2**32, description="Of communities, UMAP and k-means")
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
    refresh: RefreshSection = RefreshSection()
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


def with_changes(section: AnySection, changes: Mapping[str, Any]) -> AnySection:
    """A section with some keys set from the command line; raises ConfigurationError in one line."""
    try:
        return type(section).model_validate(section.model_dump() | dict(changes))
    except ValidationError as error:
        raise ConfigurationError(_explain(error, None)) from None


def _read_document(path: Path) -> dict[str, Any]:
    try:
        document = parse_yaml(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"configuration {path} does not exist") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"configuration {path} cannot be read: {error}") from None
    except RepeatedKeyError as error:
        raise ConfigurationError(f"configuration {path}: {error}") from None
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
        target[last] = parse_yaml(value)
    except (yaml.YAMLError, ValueError):
        target[last] = value


# Pydantic's words for what people write in place of a list or a section.
_PLAINLY = {
    "tuple_type": "must be a list, as in [one, two]",
    "model_type": "must be a section: keys and values, indented below it",
    "model_attributes_type": "must be a section: keys and values, indented below it",
    "dict_type": "must be a section: keys and values, indented below it",
}


def _explain(error: ValidationError, path: Path | None) -> str:
    # A misspelt key is often the reason why another one is missing.
    first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    key = ".".join(str(part) for part in first["loc"])
    where = f"configuration {path}" if path else "settings"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    if first["type"] == "extra_forbidden":
        known = ", ".join(_siblings(first["loc"]))
        return f"{where}: unknown key '{key}': known keys there are {known}{more}"
    return f"{where}: {key}: {_PLAINLY.get(first['type'], first['msg'])}{more}"


def _siblings(location: tuple[int | str, ...]) -> list[str]:
    section: type[BaseModel] = Configuration
    for part in location[:-1]:
        if isinstance(part, str):
            section = _section(section.model_fields[part].annotation) or section
    return sorted(section.model_fields)


def _section(annotation: object) -> type[BaseModel] | None:
    """The section that an annotation names, be it in a tuple or beside None."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for one in get_args(annotation) if (found := _section(one)) is not None), None)
