"""Dated crawls of a few articles, each of which holds one statement."""

from __future__ import annotations

from pathlib import Path

from tests.inprocess import article, write_jsonl

SUBJECTS = ("state", "government", "ministry", "parliament", "council", "union", "court", "police", "army", "church")
OBJECTS = ("right to strike", "public hospitals", "small farmers", "free press", "old forests", "rural schools")


def crawl(folder: Path, date: str, first: int, count: int = 3) -> None:
    """A dated crawl: each article holds one statement."""
    numbers = range(first, first + count)
    write_jsonl(
        folder / date / "uk.jsonl",
        [
            article(
                "uk",
                f'Report {number} of the day. "The {SUBJECTS[number % 10]} must protect the {OBJECTS[number // 10]}," '
                f"said Anna Smith{number}, a member of the committee, on Monday in the city.",
                url=f"https://example.org/{number}",
                title=f"Article {number}",
                source=f"Outlet {number % 3}",
            )
            for number in numbers
        ],
    )
