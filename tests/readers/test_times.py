"""Times: whatever people write, read as UTC or not at all, by the conventions of the article's nation."""

from __future__ import annotations

import time
import warnings
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from navab.nations.registry import Registry
from navab.readers.times import parse_time

MAY_3 = datetime(2024, 5, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "nation", "expected"),
    [
        ("03/05/2024", "uk", MAY_3),
        ("03/05/2024", "fr", MAY_3),
        ("03.05.2024", "de", MAY_3),
        ("05/03/2024", "us", MAY_3),
        ("2024/05/03", "cn", MAY_3),
        ("13/05/2024", "us", MAY_3.replace(day=13)),  # there is no month 13
        ("2024-05-03", "uk", MAY_3),
        ("2024年5月3日", "cn", MAY_3),
        ("2024年05月03日 10:30", "cn", MAY_3.replace(hour=10, minute=30)),
        ("2024年5月3日 10时30分", "cn", MAY_3.replace(hour=10, minute=30)),
        ("2024年5月", "cn", MAY_3.replace(day=1)),
        ("3. Mai 2024", "de", MAY_3),
        ("Freitag, 3. März 2023, 14:30 Uhr", "de", datetime(2023, 3, 3, 14, 30, tzinfo=UTC)),
        ("3 mai 2024", "fr", MAY_3),
        ("vendredi 3 mai 2024 à 10h30", "fr", MAY_3.replace(hour=10, minute=30)),
        ("1er août 2024", "fr", datetime(2024, 8, 1, tzinfo=UTC)),
        ("3 févr. 2024", "fr", datetime(2024, 2, 3, tzinfo=UTC)),
        ("May 3, 2024", "us", MAY_3),
        ("3 May 2024 10:30 BST", "uk", MAY_3.replace(hour=9, minute=30)),
        ("1714732200", "us", MAY_3.replace(hour=10, minute=30)),
        ("1714732200.25", "us", MAY_3.replace(hour=10, minute=30)),
        ("1714732200000", "cn", MAY_3.replace(hour=10, minute=30)),
        ("202405031030", "cn", MAY_3.replace(hour=10, minute=30)),
    ],
)
def test_a_nation_writes_dates_its_own_way(value: str, nation: str, expected: datetime) -> None:
    known = Registry.bundled().get(nation)
    assert parse_time(value, known.date_order, known.languages) == expected


@pytest.mark.parametrize("value", ["hier", "gestern", "昨天", "il y a 2 heures", "vor 3 Tagen", "mai", "Mai", "14h30"])
def test_what_depends_on_the_day_of_reading_is_no_time(value: str) -> None:
    assert parse_time(value, "dmy", ("fr", "de", "zh")) is None


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
