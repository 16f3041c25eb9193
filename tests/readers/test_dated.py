"""Sources with a date in their address."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from navab.lake.storage import StorageOptions
from navab.options.articles import Source
from navab.readers.dated import as_glob, crawl_of, date_of
from navab.readers.files import list_source

FORMS = ["%Y-%m-%d", "%Y%m%d", "%Y-%m", "%Y%m", "%Y-%m-%dT%H", "%Y%m%d%H%M%S"]


def listed(source: Source) -> list[tuple[str, str]]:
    """Crawl and name of every file."""
    return [(file.source.crawl, file.name) for file in list_source(source, StorageOptions())]


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}\n", "utf-8")


@given(st.datetimes(datetime(1990, 1, 1), datetime(2099, 12, 31)), st.sampled_from(FORMS))
def test_every_date_is_found_where_it_stands(moment: datetime, form: str) -> None:
    date = moment.strftime(form)
    assert date_of(f"crawls/news-{date}/a/x.warc.gz", "crawls/news-{date}/**/*.warc.gz") == date
    assert date_of(f"{date}/{date}.jsonl", "{date}/{date}.jsonl") == date
    assert date_of(f"{date}/1999-01.jsonl", "{date}/{date}.jsonl") is None


@pytest.mark.parametrize("path", ["crawls/latest/x.jsonl", "crawls/2026-13/x.jsonl", "crawls/2026-11-25/y/x.jsonl"])
def test_what_is_no_date_is_no_crawl(path: str) -> None:
    assert date_of(path, "crawls/{date}/*.jsonl") is None


def test_every_date_is_a_crawl_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, "2026-11-01/uk.jsonl", "2026-11-02/uk.jsonl", "2026-11-02/fr.jsonl", "latest/uk.jsonl", "README")
    source = Source(path=f"{tmp_path}/{{date}}/*.jsonl")
    assert listed(source) == [
        ("2026-11-01", "2026-11-01/uk.jsonl"),
        ("2026-11-02", "2026-11-02/fr.jsonl"),
        ("2026-11-02", "2026-11-02/uk.jsonl"),
    ]
    named = Source(path=f"{tmp_path}/{{date}}/uk.jsonl", crawl="news {date}")
    assert [crawl for crawl, _ in listed(named)] == ["news 2026-11-01", "news 2026-11-02"]


def test_a_crawl_may_not_have_arrived_yet(tmp_path: Path) -> None:
    assert listed(Source(path=f"{tmp_path}/{{date}}/*.jsonl")) == []


def test_the_crawls_name() -> None:
    assert crawl_of("default", "2026-11") == "2026-11"
    assert crawl_of("weekly", "2026-11") == "weekly"
    assert as_glob("a/{date}/b-{date}.csv") == "a/*/b-*.csv"
