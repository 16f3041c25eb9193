"""Articles: read source files, map outlets to nations, identify languages.

Reads the configured sources; writes one `articles` row per record (accepted, rejected or unreadable) and, when a
file has been read to its end, one `files` row. `files` gates reading: a file is read anew only if it, or the way of
reading it, has changed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pyarrow as pa
from fsspec.utils import glob_translate

from navab.configuration import Configuration
from navab.lake.hashing import signature, text_hash
from navab.lake.schema import load_schema
from navab.lake.storage import Storage, StorageOptions
from navab.nations.registry import Registry
from navab.options.articles import Source
from navab.readers.dated import as_glob
from navab.readers.files import SourceFile, list_source, open_source
from navab.readers.formats import encoding_of, read_records
from navab.readers.records import CORRUPT_FILE, Limits, RawRecord
from navab.record_parser import RecordParser
from navab.stages.base import Equation, Output, Stage, Step, Unit
from navab.takedown.tombstones import NO_TOMBSTONES, Tombstones, read_tombstones
from navab.text.language import Language, identify
from navab.view import View

VERSION = 6
BATCH_RECORDS = 10_000
BATCH_CHARACTERS = 16_000_000
# What is judged is written in larger pieces, since each makes a file a nation. Pages are not kept back: so much of them
# takes ten minutes, and what is not written is lost with a worker. A unit that is retried must make the same pieces.
OUTPUT_BYTES = 64 << 20

# Why a readable record is refused.
UNKNOWN_NATION = "unknown_nation"
UNOFFICIAL_SOURCE = "unofficial_source"
TOO_LONG = "too_long"
TOO_SHORT = "too_short"
OTHER_LANGUAGE = "other_language"
UNCERTAIN_LANGUAGE = "uncertain_language"
MIXED_LANGUAGE = "mixed_language"


def storage_options(configuration: Configuration) -> StorageOptions:
    return StorageOptions(**configuration.storage.model_dump())


def latest_files(view: View) -> pl.DataFrame:
    """The latest `files` row of every file that was ever read."""
    rows = view.rows("files", "etag", "size", "name", "crawl", "generation", "records", "error")
    return rows.sort("generation").unique("uri", keep="last", maintain_order=True)


def expected_articles(view: View) -> pl.DataFrame:
    """Articles are current if they come from the latest reading of their file."""
    return latest_files(view).select(pl.col("uri").alias("path"), "fingerprint")


def expected_files(view: View) -> pl.DataFrame:
    return latest_files(view).select("uri", "fingerprint")


def list_sources(configuration: Configuration, registry: Registry) -> list[SourceFile]:
    """All source files, each once, however its path is spelt: the first source that names a file wins."""
    files: dict[str, SourceFile] = {}
    for source in configuration.sources:
        if source.nation is not None:
            registry.get(source.nation)
        for file in list_source(source, storage_options(configuration)):
            files.setdefault(file.uri if "://" in file.uri else os.path.normpath(file.uri), file)
    return sorted(files.values(), key=lambda file: file.uri)


@dataclass(frozen=True, slots=True)
class Reading:
    """A file to read: the name that enters its articles' ids, how often it was read before, what makes its rows."""

    file: SourceFile
    name: str
    generation: int
    fingerprint: int


def plan(view: View) -> list[Unit]:
    """One unit for every file that is new or changed, the largest first."""
    readings = sorted(_readings(view), key=lambda reading: -reading.file.size)
    pending = pl.DataFrame(
        [(reading.file.uri, reading.fingerprint) for reading in readings],
        schema={"uri": pl.String, "fingerprint": pl.Int64},
        orient="row",
    )
    return [
        Unit(
            f"articles-{reading.fingerprint & (2**64 - 1):016x}",
            None,
            pending[place : place + 1],
            facts={
                "file": reading.file,
                "name": reading.name,
                "generation": reading.generation,
            },
        )
        for place, reading in enumerate(readings)
    ]


def complete(view: View, units: Sequence[Unit]) -> list[Unit]:
    """Units with the numbers of the records that an interrupted run has committed."""
    done = _records_done(view, pl.concat([unit.pending for unit in units])) if units else {}
    return [
        replace(unit, facts={**unit.facts, "done": done.get(unit.pending["uri"][0], frozenset())}) for unit in units
    ]


def records_in(view: View, units: Sequence[Unit]) -> int:
    """Records in the files of units that have been read."""
    prints = [fingerprint for unit in units for fingerprint in unit.pending["fingerprint"]]
    return int(view.current("files", "records").filter(pl.col("fingerprint").is_in(prints))["records"].sum())


def _readings(view: View) -> Iterator[Reading]:
    """A file keeps its name, unless another one of its crawl, which may be new to it, has that name already."""
    known = {row["uri"]: row for row in latest_files(view).iter_rows(named=True)}
    owners: dict[tuple[str, str], str] = {}
    for uri, row in known.items():
        owners.setdefault((row["crawl"], row["name"]), uri)
    signatures: dict[int, int] = {}
    for file in list_sources(view.configuration, view.registry):
        if id(file.source) not in signatures:
            signatures[id(file.source)] = _reading_signature(view, file.source)
        reading = text_hash(str(signatures[id(file.source)]), file.etag)
        before = known.get(file.uri)
        wanted = before["name"] if before else file.name
        name = wanted if owners.setdefault((file.source.crawl, wanted), file.uri) == file.uri else file.uri
        if before and before["name"] == name and before["fingerprint"] == _fingerprint(reading, before["generation"]):
            continue
        generation = before["generation"] + 1 if before else 0
        yield Reading(file, name, generation, _fingerprint(reading, generation))


def _records_done(view: View, pending: pl.DataFrame) -> dict[str, frozenset[int]]:
    """Numbers of the records that an interrupted run has committed, by file."""
    written = view.rows("articles")["fingerprint"].is_in(pending["fingerprint"].implode())
    if not written.any():
        return {}
    begun = view.rows("articles", "path", "record_no").filter(written)
    done = (
        begun.select(pl.col("path").cast(pl.String).alias("uri"), "fingerprint", "record_no")
        .join(pending, on=["uri", "fingerprint"], how="semi")
        .group_by("uri")
        .agg("record_no")
    )
    return {uri: frozenset(numbers) for uri, numbers in done.iter_rows()}


def _reading_signature(view: View, source: Source) -> int:
    settings = source.model_dump(exclude={"path"})
    nations = {
        code: nation.model_dump(include={"languages", "min_confidence", "official_sources", "domains", "date_order"})
        for code, nation in view.registry.nations.items()
        if source.nation in (None, code)
    }
    options = {name: getattr(view.configuration, name).model_dump() for name in ("articles", "language")}
    return signature("articles", VERSION, source=settings, nations=nations, **options)


def _fingerprint(reading: int, generation: int) -> int:
    return text_hash(str(reading), str(generation))


@dataclass
class _Tally:
    """What reading a file comes to."""

    format: str = ""
    records: int = 0
    error: str | None = None

    def count(self, raw: RawRecord) -> None:
        self.records += 1
        if raw.unreadable == CORRUPT_FILE:
            self.error = CORRUPT_FILE


@dataclass(frozen=True)
class ReadFile:
    """Reads one file; records that an interrupted run has committed are passed over."""

    configuration: Configuration
    registry: Registry
    tombstones: Tombstones = NO_TOMBSTONES

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        file: Any = unit.facts["file"]
        tally = _Tally()
        waiting: list[pa.Table] = []
        for batch in self._batches(unit, tally):
            waiting.append(self._judge(batch))
            if tally.format == "warc" or sum(table.nbytes for table in waiting) >= OUTPUT_BYTES:
                yield Output("articles", pa.concat_tables(waiting))
                waiting = []
        if waiting:
            yield Output("articles", pa.concat_tables(waiting))
        row = {
            "uri": file.uri,
            "nation": file.source.nation,
            "fingerprint": int(unit.pending["fingerprint"][0]),
            "etag": file.etag,
            "size": file.size,
            "records": tally.records,
            "error": tally.error,
            "name": unit.facts["name"],
            "crawl": file.source.crawl,
            "generation": unit.facts["generation"],
            "read_at": datetime.now(UTC),
            "format": tally.format,
        }
        yield Output("files", load_schema("files").table([row]))

    def _batches(self, unit: Unit, tally: _Tally) -> Iterator[list[dict[str, Any]]]:
        """Rows of the file's records, without those that are done, so many at a time as are judged together."""
        file: Any = unit.facts["file"]
        done: Any = unit.facts["done"]
        fingerprint = int(unit.pending["fingerprint"][0])
        parse = RecordParser(file, str(unit.facts["name"]), fingerprint, self.registry, self.tombstones)
        batch: list[dict[str, Any]] = []
        characters = 0
        with open_source(file, storage_options(self.configuration)) as opened:
            encoding = encoding_of(opened, file.format)
            tally.format = encoding.format
            for raw in read_records(opened, encoding, file.source.columns, self._limits):
                tally.count(raw)
                row = parse(raw)  # before the skip: repeated content is numbered by all its occurrences
                if raw.number not in done:
                    batch.append(row)
                    characters += len(row.get("text") or "")
                if len(batch) >= BATCH_RECORDS or characters >= BATCH_CHARACTERS:
                    yield batch
                    batch, characters = [], 0
        if batch:
            yield batch

    @property
    def _limits(self) -> Limits:
        options = self.configuration.articles
        return Limits(options.max_record_mb << 20, options.max_page_mb << 20)

    def _judge(self, rows: list[dict[str, Any]]) -> pa.Table:
        options = self.configuration.language
        readable = [row for row in rows if row["rejected_reason"] is None]
        texts = [f"{row['title'] or ''}\n{row['text']}" for row in readable]
        for row, language in zip(readable, identify(texts, options.model), strict=True):
            row["language"], row["language_score"] = language.code, language.score
            row["script"] = language.script
            row["rejected_reason"] = self._refusal(row, language)
        return load_schema("articles").table(rows)

    def _refusal(self, row: dict[str, Any], language: Language) -> str | None:
        options = self.configuration.language
        if row["nation"] is None:
            return UNKNOWN_NATION
        if self.configuration.articles.strict and not row["official"]:
            return UNOFFICIAL_SOURCE
        if len(row["text"]) < options.min_chars:
            return TOO_SHORT
        if len(row["text"]) > self.configuration.articles.max_chars:
            return TOO_LONG
        if language.foreign > options.max_foreign:
            return MIXED_LANGUAGE
        nation = self.registry.get(row["nation"])
        if language.code not in nation.languages:
            return OTHER_LANGUAGE
        least = nation.min_confidence if options.min_confidence is None else options.min_confidence
        return UNCERTAIN_LANGUAGE if language.score < least else None


def conservation(view: View) -> list[Equation]:
    """Records in the files = accepted + rejected + unreadable."""
    records = int(latest_files(view)["records"].sum())
    rows = view.current("articles", "article_id", "rejected_reason")
    accepted = rows["rejected_reason"].null_count()
    unreadable = rows["article_id"].null_count()
    rejected = rows.height - accepted - unreadable
    unique = rows["article_id"].drop_nulls().n_unique()
    return [
        Equation(
            "records in files = accepted + rejected + unreadable", None, records, accepted + rejected + unreadable
        ),
        Equation("readable articles = distinct article ids", None, rows.height - unreadable, unique),
    ]


def configured_records(view: View) -> pl.DataFrame:
    """Records of the current files that the configuration names."""
    rows = view.current("articles", "article_id", "path", "record_no", "rejected_reason")
    options = storage_options(view.configuration)
    patterns = [Storage(as_glob(source.path), options).path() for source in view.configuration.sources]
    named = [path for path in rows["path"].unique() if any(_matches(path, pattern) for pattern in patterns)]
    return rows.filter(pl.col("path").is_in(named))


def worst_file(records: pl.DataFrame) -> str:
    """The file with most unreadable records, its first such record and the reason, for an error message."""
    bad = records.filter(pl.col("article_id").is_null()).sort("path", "record_no")
    worst = bad.group_by("path", maintain_order=True).len().sort("len", descending=True, maintain_order=True)["path"][0]
    first = bad.filter(pl.col("path") == worst).row(0, named=True)
    return f"most are in {worst}, the first is record {first['record_no']} ({first['rejected_reason']})"


def _matches(uri: str, pattern: str) -> bool:
    path = uri.partition("://")[2] or uri
    return path == pattern or re.fullmatch(glob_translate(pattern), path) is not None


def live_articles(view: View) -> pl.DataFrame:
    """Only articles of the configured nations are live."""
    return pl.DataFrame({"nation": [nation.code for nation in view.nations]}, schema={"nation": pl.String})


STAGE = Stage(
    name="articles",
    steps=(
        Step(
            name="articles",
            writes=("articles", "files"),
            expected={"articles": expected_articles, "files": expected_files},
            live={"articles": live_articles},
            plan=plan,
            complete=complete,
            work=lambda view: ReadFile(view.configuration, view.registry, read_tombstones(view)),
        ),
    ),
    conservation=conservation,
)
