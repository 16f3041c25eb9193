"""Fields: what a record may hold, and what becomes of it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from navab.readers.records import text_field


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("", ""),
        ("a", "a"),
        (17, "17"),
        (1.5, "1.5"),
        (date(2024, 5, 1), "2024-05-01"),
        (datetime(2024, 5, 1, 12, tzinfo=UTC), "2024-05-01T12:00:00+00:00"),
    ],
)
def test_numbers_and_dates_are_text(value: object, text: str | None) -> None:
    assert text_field({"id": value}, "id") == text


@pytest.mark.parametrize("value", [True, [], ["a"], {}, b"a"])
def test_other_types_are_refused_by_name(value: object) -> None:
    with pytest.raises(TypeError, match="id is a "):
        text_field({"id": value}, "id")


def test_an_absent_field_is_none() -> None:
    assert text_field({}, "id") is None
