"""Records become rows: ids are unique, and are those of content, not of order."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from navab.nations.registry import Registry
from navab.options.articles import Source
from navab.readers.files import SourceFile
from navab.readers.records import RawRecord
from navab.record_parser import RecordParser
from tests.inprocess import article

REGISTRY = Registry.bundled()
RECORDS = st.lists(
    st.sampled_from([article(), article(id=1), article(title="Other"), article(text=None), article("xx")]), max_size=8
)


@given(RECORDS, st.randoms(use_true_random=False))
def test_ids_are_unique_and_do_not_depend_on_the_order_of_records(
    records: list[dict[str, object]], chance: random.Random
) -> None:
    ids = parse_ids(records)
    readable = [one for one in ids if one is not None]
    assert len(set(readable)) == len(readable)
    assert len(ids) - len(readable) == sum(record["text"] is None for record in records)
    shuffled = parse_ids(chance.sample(records, len(records)))
    assert set(shuffled) == set(ids)


def parse_ids(records: list[dict[str, object]]) -> list[int | None]:
    file = SourceFile("/crawl/a.jsonl", "etag", 1, "a.jsonl", "jsonl", Source(path="/crawl/a.jsonl"))
    parse = RecordParser(file, "a.jsonl", 1, REGISTRY)
    return [parse(RawRecord(number, record)).get("article_id") for number, record in enumerate(records)]
