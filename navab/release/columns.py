"""Columns of a release: those of the table `triples`, and what a release adds to them."""

from __future__ import annotations

import pyarrow as pa

from navab.lake.schema import Column, load_schema

_ADDED = (
    Column(name="topic_id", type="int64", nullable=True, description="Topic; null where none fits"),
    Column(name="topic", type="string", nullable=True, description="Short name of the topic"),
    Column(name="support", type="int64", nullable=False, description="Distinct outlets behind the statement"),
    Column(
        name="retained",
        type="bool",
        nullable=False,
        description="Whether conflicts left it retained",
    ),
    Column(
        name="contested",
        type="bool",
        nullable=False,
        description="Whether another statement contradicts it",
    ),
)
_TEXT = Column(name="text", type="string", nullable=True, description="Body of the article")


def release_columns(*, include_text: bool) -> tuple[Column, ...]:
    """List the columns of every shard, in order."""
    triples = load_schema("triples").columns
    return (*triples, *_ADDED, _TEXT) if include_text else (*triples, *_ADDED)


def release_schema(*, include_text: bool) -> pa.Schema:
    """Derive the Arrow schema of every shard."""
    return pa.schema([column.arrow for column in release_columns(include_text=include_text)])
