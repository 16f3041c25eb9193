"""Sources, and what is read of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from navab.options.section import Section

Code = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True)]  # of a nation


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

    path: str = Field(
        min_length=1, description="Path, glob or URI; `{date}` in it stands for the date of each crawl that has arrived"
    )
    format: Literal["jsonl", "parquet", "csv", "arrow", "warc"] | None = Field(
        None, description="Taken from the file's ending if absent; a file that is evidently another one is read as that"
    )
    nation: Code | None = Field(
        None, description="Nation of all records; absent: the record's own field, else the domain of its url"
    )
    source: str | None = Field(
        None, description="Outlet of all records; absent: the record's own field, else the domain of its url"
    )
    crawl: str = Field(
        "default", description="Name of the crawl that the files belong to; with `{date}` in the path, the date"
    )
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
        0.3, ge=0, le=1, description="Share of an article's passages in another language above which it is mixed"
    )
    min_chars: int = Field(40, ge=1, description="Shorter texts are rejected")


class DedupSection(Section):
    """Near-duplicates by MinHash LSH."""

    threshold: float = Field(0.7, ge=0.5, le=1, description="Estimated Jaccard similarity of character n-grams")
    ngram: int = Field(5, ge=2, le=10, description="Characters in an n-gram")
