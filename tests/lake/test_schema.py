"""Declarations: every table of the contract is declared, with the columns that others build on."""

from __future__ import annotations

import pyarrow as pa
import pytest

from navab.lake.schema import load_schema, schema_version, table_names

# The contract's tables and columns (DESIGN.md, "Tables"); more may be added, none renamed.
CONTRACT = {
    "files": "uri etag size records error",
    "articles": "record_id path record_no article_id crawl source source_id url title text published_at language "
    "language_score script licence rejected_reason",
    "duplicates": "article_id canonical_id kind similarity",
    "embeddings": "article_id vector",
    "topics": "topic_id label keywords size sensitive sensitivity decided_by",
    "article_topics": "article_id topic_id probability assigned_by",
    "screening": "article_id topic_id sensitive sensitivity decided_by reason",
    "extractions": "article_id statements engine prompt_tokens output_tokens rejected_reason",
    "statements": "statement_id article_id language text evidence speaker speaker_nation source_type merged_into "
    "vector rejected_reason",
    "searches": "statement_id candidates",
    "conflicts": "left_id right_id similarity verdict confidence judge",
    "resolutions": "statement_id component_id retained support weight stance reason",
    "triples": "triple_id statement_id article_id group_id language source_type speaker speaker_nation question "
    "statement reversed_statement evidence source url published_at split engine rejected_reason",
    "evaluations": "run_id release model method protocol triple_id source_type order outcome correct margin",
}
SNAPSHOTS = {"topics", "resolutions"}


@pytest.mark.parametrize("name", sorted(CONTRACT))
def test_the_contracts_columns_are_there(name: str) -> None:
    schema = load_schema(name)
    assert set(CONTRACT[name].split()) | {"nation", "fingerprint"} <= set(schema.arrow.names)
    assert schema.kind == ("snapshot" if name in SNAPSHOTS else "row")
    assert not schema.internal


@pytest.mark.parametrize("name", table_names())
def test_every_declaration_is_sound(name: str) -> None:
    schema = load_schema(name)
    assert schema.name == name
    assert set(schema.key) <= set(schema.arrow.names)
    assert len(set(schema.arrow.names)) == len(schema.arrow.names)
    assert schema.arrow.field("fingerprint").type == pa.int64()
    assert schema.arrow.field("nation").type == pa.string()
    ids = [field for field in schema.arrow if field.name.endswith("_id") and field.name not in ("source_id", "run_id")]
    assert {field.type for field in ids} <= {pa.int64()}
    assert all(column.description for column in schema.columns)


def test_vectors_and_statements_have_the_contracts_types() -> None:
    assert load_schema("embeddings").arrow.field("vector").type == pa.list_(pa.float32())
    struct = load_schema("extractions").arrow.field("statements").type.value_type
    assert {"statement_id", "text", "evidence", "speaker"} <= {field.name for field in struct}


def test_a_table_is_built_from_rows() -> None:
    row = {"article_id": 1, "nation": "cn", "fingerprint": 2, "canonical_id": 1, "kind": "unique", "similarity": 1.0}
    table = load_schema("duplicates").table([row])
    assert table.schema == load_schema("duplicates").arrow
    assert table.to_pylist() == [row]


def test_absent_nullable_columns_are_null() -> None:
    table = load_schema("overrides").table([{"override_id": 1, "nation": "cn", "topic_id": 3}])
    assert table["note"].to_pylist() == [None]


def test_there_is_a_version_of_the_whole() -> None:
    assert schema_version() >= 1
