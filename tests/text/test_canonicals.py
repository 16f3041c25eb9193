"""Decisions about duplicates: every new article is unique or repeats one, and what was canonical stays so."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from navab.lake.arrays import to_matrix
from navab.lake.hashing import Int64Array, text_hash
from navab.text.canonicals import group_articles, in_order_of_crawls
from navab.text.minhash import LENGTH, sign, sketch
from navab.text.normalise import fold_text

START = datetime(2024, 5, 1, tzinfo=UTC)
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "article_id": pl.Int64,
    "exact_hash": pl.Int64,
    "minhash": pl.List(pl.Int64),
    "published_at": pl.Datetime("us", "UTC"),
}


def sentence(seed: int) -> str:
    chance = random.Random(seed)
    return "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=40))


def text(*seeds: int) -> str:
    """A text of sentences: texts that share most of their seeds are near-duplicates."""
    return " ".join(sentence(seed) for seed in seeds)


STORY = tuple(range(10))


def signatures(*articles: tuple[int, str, int | None]) -> pl.DataFrame:
    """Rows of `signatures`: id, text, and the day of publication."""
    made = [
        {
            "article_id": one,
            "exact_hash": text_hash(fold_text(content)),
            "minhash": sign([fold_text(content)], 5)[0].tolist(),
            "published_at": None if day is None else START + timedelta(days=day),
        }
        for one, content, day in articles
    ]
    return pl.DataFrame(made, schema=SCHEMA)


def grouped(new: pl.DataFrame, known: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """Decisions for new articles, of one crawl unless they say otherwise."""
    rows = pl.concat([known, new], how="diagonal").with_columns(led=pl.lit(value=False)).sort("article_id")
    articles = in_order_of_crawls(rows if "crawl" in rows.columns else rows.with_columns(crawl=pl.lit("one")), ())
    texts = articles.unique("text", keep="first", maintain_order=True)
    signatures: Int64Array = to_matrix(texts["minhash"]).astype(np.int64).reshape(-1, LENGTH)
    return group_articles(articles, sketch(signatures), lambda numbers: signatures[numbers], threshold)


def group(new: pl.DataFrame, known: pl.DataFrame | None = None) -> dict[int, tuple[int, str]]:
    """Canonical article and kind of every new article; of known ones those without canonical_id are canonical."""
    found = grouped(new, canonical(new.clear() if known is None else known), 0.7)
    return {row["article_id"]: (row["canonical_id"], row["kind"]) for row in found.iter_rows(named=True)}


def canonical(known: pl.DataFrame, **others: int) -> pl.DataFrame:
    """Known articles, all canonical unless said otherwise (`a2=1`: 2 repeats 1)."""
    repeats = {int(name.removeprefix("a")): to for name, to in others.items()}
    ids = pl.Series([repeats.get(one, one) for one in known["article_id"]], dtype=pl.Int64)
    return known if "canonical_id" in known.columns else known.with_columns(canonical_id=ids)


def test_different_articles_are_unique() -> None:
    assert group(signatures((1, text(1, 2, 3), 0), (2, text(4, 5, 6), 0))) == {1: (1, "unique"), 2: (2, "unique")}


def test_the_same_words_in_another_dress_are_an_exact_duplicate() -> None:
    new = signatures((1, "One story, told.", 1), (2, "ONE STORY – told!", 0))
    assert group(new) == {1: (2, "exact"), 2: (2, "unique")}


def test_most_of_the_same_text_is_a_near_duplicate() -> None:
    found = grouped(signatures((1, text(*STORY), 0), (2, text(*STORY[:9], 77), 1)), canonical(signatures()), 0.7)
    near = found.row(by_predicate=pl.col("article_id") == 2, named=True)
    assert (near["canonical_id"], near["kind"]) == (1, "near")
    assert 0.7 <= near["similarity"] < 1


def test_less_than_the_threshold_is_unique() -> None:
    assert group(signatures((1, text(*STORY), 0), (2, text(*STORY[:5], *range(50, 55)), 1)))[2] == (2, "unique")


def test_the_earliest_publication_is_canonical_then_the_smallest_id_and_undated_ones_last() -> None:
    same = text(*STORY)
    assert {one[0] for one in group(signatures((1, same, 2), (2, same, 1), (3, same, None))).values()} == {2}
    assert {one[0] for one in group(signatures((5, same, 1), (4, same, 1))).values()} == {4}
    assert {one[0] for one in group(signatures((1, same, None), (4, same, 1))).values()} == {4}
    assert {one[0] for one in group(signatures((7, same, None), (6, same, None))).values()} == {6}


def test_groups_are_transitive() -> None:
    """A is near B and B near C: all three are one story, though A and C are not near."""
    chain = signatures((1, text(*range(12)), 0), (2, text(*range(2, 14)), 1), (3, text(*range(4, 16)), 2))
    nothing = canonical(chain.clear())
    assert grouped(chain, nothing, 0.65)["canonical_id"].to_list() == [1, 1, 1]
    ends = chain.filter(pl.col("article_id") != 2)
    assert grouped(ends, nothing, 0.65)["kind"].to_list() == ["unique", "unique"]


def test_an_article_joins_a_canonical_through_an_earlier_duplicate() -> None:
    """C is near B, which repeated A in an earlier crawl: C repeats A, though they are not near."""
    known = signatures((1, text(*range(12)), 0), (2, text(*range(2, 14)), 1))
    new = signatures((3, text(*range(4, 16)), 2))
    assert grouped(new, canonical(known, a2=1), 0.65)["canonical_id"].to_list() == [1]
    assert grouped(new, canonical(known.head(1)), 0.65)["canonical_id"].to_list() == [3]


def test_canonicals_stay_even_if_an_earlier_article_comes_later() -> None:
    known, new = signatures((5, text(*STORY), 9)), signatures((1, text(*STORY), 0), (2, text(*STORY[:9], 77), 1))
    assert group(new, known) == {1: (5, "exact"), 2: (5, "near")}


def test_an_article_that_joins_two_canonicals_goes_to_the_earlier_one() -> None:
    known = signatures((1, text(*range(12)), 5), (3, text(*range(4, 16)), 2))
    new = signatures((2, text(*range(2, 14)), 0))
    found = grouped(new, canonical(known), 0.65)
    assert found["article_id"].to_list() == [2]
    assert found["canonical_id"].to_list() == [3]


def test_a_known_article_comes_with_its_canonical() -> None:
    known = canonical(signatures((2, text(*STORY), 0)), a2=1)
    with pytest.raises(ValueError, match="canonical of a known article is not among"):
        grouped(signatures((3, text(*STORY), 0)), known, 0.7)


def test_no_articles_no_groups() -> None:
    assert grouped(signatures(), canonical(signatures()), 0.7).height == 0


STORIES = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 3), st.none() | st.integers(0, 2)), min_size=1, max_size=9
)


@settings(max_examples=25)
@given(STORIES, st.integers(0, 9), st.randoms(use_true_random=False))
def test_the_order_of_articles_does_not_matter(
    stories: list[tuple[int, int, int | None]], split: int, chance: random.Random
) -> None:
    """Of three stories in four versions each, some known before."""
    articles = signatures(
        *(
            (number * 7919 % 101, VERSIONS[story, version], day)
            for number, (story, version, day) in enumerate(stories, start=1)
        )
    )
    new, old = articles[split:], articles[:split]
    decided = group(old)
    repeated = pl.Series([decided[one][0] for one in old["article_id"]], dtype=pl.Int64)
    known = old.with_columns(canonical_id=repeated)
    expected = group(new, known)
    assert expected == group(_shuffled(new, chance), _shuffled(known, chance))
    assert set(expected) == set(new["article_id"])
    targets = {to for to, _ in expected.values()}
    assert targets <= set(known["canonical_id"]) | {one for one, (to, kind) in expected.items() if kind == "unique"}
    assert all((one == to) == (kind == "unique") for one, (to, kind) in expected.items())


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.sampled_from("abc")), min_size=1, max_size=9))
def test_crawls_that_come_together_are_decided_as_if_one_by_one(stories: list[tuple[int, int, str]]) -> None:
    articles = signatures(
        *((number * 7919 % 101, VERSIONS[story, version], 0) for number, (story, version, _) in enumerate(stories, 1))
    ).with_columns(crawl=pl.Series([crawl for _, _, crawl in stories]))
    together = grouped(articles, canonical(articles.clear()), 0.7)
    known = canonical(articles.clear())
    for crawl in "abc":
        own = articles.filter(pl.col("crawl") == crawl)
        decided = grouped(own, known, 0.7)
        assert decided.sort("article_id").equals(
            together.join(own.select("article_id"), on="article_id", how="semi").sort("article_id")
        )
        known = pl.concat([known, own.join(decided.select("article_id", "canonical_id"), on="article_id")])


VERSIONS = {
    (story, version): text(*range(100 * story, 100 * story + 11 - version), *range(1000, 1000 + version))
    for story in range(3)
    for version in range(4)
}


def _shuffled(frame: pl.DataFrame, chance: random.Random) -> pl.DataFrame:
    order = list(range(frame.height))
    chance.shuffle(order)
    return frame[order] if order else frame
