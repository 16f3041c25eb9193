"""A small release of three nations, one of them empty, over hand-made triples."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fsspec
import polars as pl
import pytest

from navab.lake.schema import load_schema
from navab.release.build import ReleaseInputs, ReleaseOptions, build_release

QUESTIONS = {"zh": "是否应当减税？", "en": "Should taxes be cut?"}
STATEMENTS = {
    "zh": ("应当减税。", "不应当减税。"),
    "en": ("Taxes should be cut.", "Taxes should not be cut."),
}


def triple(number: int, nation: str, **changes: object) -> dict[str, object]:
    """One accepted, retained triple; ids are spread so that their order is not that of the numbers."""
    language = {"cn": "zh", "uk": "en"}[nation]
    statement, reversed_statement = STATEMENTS[language]
    row: dict[str, object] = {
        "triple_id": (number * 7919) % 1009 - 500,
        "nation": nation,
        "fingerprint": 1,
        "statement_id": number,
        "article_id": number,
        "group_id": number,
        "language": language,
        "source_type": "quoted",
        "speaker": "Mo Ling",
        "speaker_nation": "home",
        "question": QUESTIONS[language],
        "statement": f"{statement} ({number})",
        "reversed_statement": f"{reversed_statement} ({number})",
        "evidence": "he said so",
        "source": "The Paper",
        "url": f"https://example.org/{number}",
        "published_at": datetime(2024, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
        "split": "train",
        "engine": "rules",
        "rejected_reason": None,
        "topic_id": number % 3,
        "topic": "taxes",
        "support": 1,
        "retained": True,
        "contested": False,
        "text": f"The article {number}.",
    }
    return row | changes


def frame(rows: list[dict[str, object]]) -> pl.DataFrame:
    """Rows as the lead's join hands them over: exact types, whatever the values."""
    schema: dict[str, Any] = {
        **{field.name: pl.String for field in load_schema("triples").arrow},
        **dict.fromkeys(("triple_id", "fingerprint", "statement_id", "article_id", "group_id"), pl.Int64),
        "published_at": pl.Datetime("us", "UTC"),
        "topic_id": pl.Int64,
        "topic": pl.String,
        "support": pl.Int64,
        "retained": pl.Boolean,
        "contested": pl.Boolean,
        "text": pl.String,
    }
    return pl.DataFrame(rows, schema=schema)


@pytest.fixture
def triples() -> pl.DataFrame:
    """27 triples: 18 in `default`, 3 in `foreign`; 6 lost a conflict; 9 are contested."""
    rows = []
    for number in range(27):
        minority = number % 9 in (0, 4)
        rows.append(
            triple(
                number,
                "cn" if number % 2 else "uk",
                split="test" if number % 5 == 0 else "train",
                source_type="official" if number % 4 == 0 else "quoted",
                speaker=None if number % 4 == 0 else "Mo Ling",
                speaker_nation="foreign" if number % 9 == 5 else "home",
                retained=not minority,
                contested=minority or number % 9 == 1,
                topic_id=None if number % 3 == 0 else number,
                published_at=None if number % 4 == 1 else datetime(2024, 1, 2, tzinfo=UTC),
            )
        )
    return frame(rows)


@pytest.fixture
def inputs(triples: pl.DataFrame) -> ReleaseInputs:
    """Inputs with a nation (fr) that has no triple, and a configuration with things to be masked."""
    return ReleaseInputs(
        triples=triples,
        nations=["uk", "cn", "fr"],
        table_versions={"triples": 3},
        configuration={
            "storage": {"endpoint_url": "https://me:hunter2@store.example/x?X-Signature=abc", "region": "eu"},
            "engine": {"kind": "rules", "api_key": "sk-verysecret"},
        },
        contradictions=[(0, 1), (9, 10), (18, 19)],
    )


@pytest.fixture
def options() -> ReleaseOptions:
    return ReleaseOptions(name="small", created_at=datetime(2025, 1, 1, tzinfo=UTC))


@pytest.fixture
def filesystem() -> fsspec.AbstractFileSystem:
    return fsspec.filesystem("file")


@pytest.fixture
def root(inputs: ReleaseInputs, options: ReleaseOptions, filesystem: fsspec.AbstractFileSystem, tmp_path: Path) -> Path:
    """A written release."""
    build_release(inputs, options, filesystem, str(tmp_path / "small"))
    return tmp_path / "small"
