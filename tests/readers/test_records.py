"""Fields and times: what a record may hold, and what becomes of it."""

from __future__ import annotations

import time
import warnings
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from navab.readers.records import parse_time, text_field


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


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-05-01", datetime(2024, 5, 1)),
        ("20240501", datetime(2024, 5, 1)),
        ("2024-05", datetime(2024, 5, 1)),
        ("2024", datetime(2024, 1, 1)),
        (" 2024-05-01 10:30 ", datetime(2024, 5, 1, 10, 30)),
        ("2024-05-01T10:30:00Z", datetime(2024, 5, 1, 10, 30)),
        ("2024-05-01T10:30:00+08:00", datetime(2024, 5, 1, 2, 30)),
        ("Wed, 01 May 2024 10:30:00 GMT", datetime(2024, 5, 1, 10, 30)),
        ("Wed, 01 May 2024 10:30:00 EDT", datetime(2024, 5, 1, 14, 30)),
        ("2024-05-01 10:30 CEST", datetime(2024, 5, 1, 8, 30)),
        ("2024-05-01 10:30 CST", datetime(2024, 5, 1, 10, 30)),
        ("May 1, 2024", datetime(2024, 5, 1)),
    ],
)
def test_times_are_read_as_utc(value: str, expected: datetime) -> None:
    assert parse_time(value) == expected.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [None, "", "  ", "yesterday", "10:30", "May", "2024-13-45", "2024-02-30", "2024-05-01T10:30+99:99", "0001-01-01"],
)
def test_what_is_no_time_is_none(value: str | None) -> None:
    assert parse_time(value) is None


def test_no_time_zone_depends_on_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        for zone in ("UTC", "Asia/Shanghai", "America/Chicago"):
            monkeypatch.setenv("TZ", zone)
            time.tzset()
            assert parse_time("2024-05-01 10:30 CST") == datetime(2024, 5, 1, 10, 30, tzinfo=UTC)
    finally:
        monkeypatch.undo()
        time.tzset()


DATE_LIKE = st.text("0123456789-/:. TZ+,", max_size=30) | st.lists(
    st.sampled_from(
        [*"0123456789", "2024", "31", "May", "Mon", "am", "pm", "Z", "UTC", "CST", "+", "-", ":", "/", ".", " "]
    ),
    max_size=12,
).map("".join)


@given(st.text() | DATE_LIKE)
@example("9999-12-31T23:59:59-12:00")
@example("1" * 5000)
@example("\0")
@example("१२ मई २०२४")
def test_parsing_never_raises_and_never_warns(value: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parsed = parse_time(value)
    assert parsed is None or (parsed.tzinfo == UTC and parsed.year >= 999)


OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(min_value=datetime(1000, 1, 2), max_value=datetime(9999, 12, 30), timezones=OFFSETS))
def test_what_python_writes_is_read_back(moment: datetime) -> None:
    assert parse_time(moment.isoformat()) == moment
