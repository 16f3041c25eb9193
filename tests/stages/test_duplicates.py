"""Duplicates: every article points at one canonical article, and what was canonical stays so."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from navab.lake.arrays import to_matrix
from navab.lake.hashing import Int64Array, text_hash
from navab.maintenance import maintain
from navab.stages.duplicates import group_articles, in_order_of_crawls
from navab.takedown.forget import Request, complete, entomb, search
from navab.text.bands import Banding, band_keys
from navab.text.minhash import LENGTH, Bins, sign, similarity, sketch
from navab.text.normalise import fold_text
from navab.view import View
from tests.inprocess import article, open_small, rows, run_until, write_jsonl

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


LONG = "The minister said that the government would not accept the proposal, and that talks should go on. " * 3


REPORT = (
    "The minister told parliament that the new law on asylum would protect families who flee from war and hunger. "
    "Doctors in the northern hospitals warned that winter would be hard because many wards lack trained nurses. "
    "Engineers worked through the night to repair the old bridge whose cables had rusted in decades of storms. "
)


def test_nations_are_not_compared(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [article("uk", LONG), article("us", LONG)])
    view = open_small(tmp_path)
    run_until(view, "duplicates")
    assert rows(view, "duplicates")["kind"].to_list() == ["unique", "unique"]


@pytest.mark.parametrize("together", [True, False])
def test_a_later_crawl_joins_the_earlier_one_however_they_come(tmp_path: Path, together: bool) -> None:
    first = write_jsonl(tmp_path / "1.jsonl", [article(text=LONG, published_at="2024-06-01")])
    second = write_jsonl(
        tmp_path / "2.jsonl", [article(text=LONG, published_at="2024-01-01", id=number) for number in (1, 2)]
    )
    sources = [{"path": str(first), "crawl": "summer"}, {"path": str(second), "crawl": "autumn"}]
    if not together:
        run_until(open_small(tmp_path, sources=sources[:1]), "duplicates")
    view = open_small(tmp_path, sources=sources)
    run_until(view, "duplicates")
    crawls = view.live("articles", "article_id", "crawl").select("article_id", "crawl")
    found = rows(view, "duplicates").join(crawls, on="article_id")
    assert sorted(found.select("crawl", "kind").rows()) == [
        ("autumn", "exact"),
        ("autumn", "exact"),
        ("summer", "unique"),
    ]
    summer = found.filter(pl.col("crawl") == "summer")["article_id"][0]
    assert set(found["canonical_id"]) == {summer}
    assert run_until(open_small(tmp_path, sources=sources), "duplicates")["duplicates"] == 0


def test_an_exact_copy_of_a_near_duplicate_is_as_near_to_its_canonical(tmp_path: Path) -> None:
    """Its text is known already, and not that of the canonical, whose signature is needed all the same."""
    near = REPORT + "Farmers along the river asked for help."
    sources = []
    for crawl, content in (("spring", REPORT), ("summer", near), ("autumn", near)):
        write_jsonl(tmp_path / f"{crawl}.jsonl", [article(text=content, published_at="2024-06-01")])
        sources.append({"path": str(tmp_path / f"{crawl}.jsonl"), "crawl": crawl})
        view = open_small(tmp_path, sources=sources)
        run_until(view, "duplicates")
    found = {row["kind"]: row for row in rows(view, "duplicates").iter_rows(named=True)}
    repeats = rows(view, "duplicates").filter(pl.col("kind") == "near")
    assert repeats.height == 2
    assert set(repeats["canonical_id"]) == {found["unique"]["article_id"]}
    assert repeats["similarity"].n_unique() == 1
    assert repeats["similarity"][0] < 0.95


def test_a_group_whose_canonical_has_gone_gets_another_one(tmp_path: Path) -> None:
    records = [
        article(
            text=f"{LONG}{LONG}It was the {number} such call in a year.",
            url=f"https://example.org/{number}",
            published_at=f"2024-05-0{day}",
        )
        for day, number in enumerate(("third", "fourth", "fifth", "sixth"), start=1)
    ]
    first, second = write_jsonl(tmp_path / "1.jsonl", records[:3]), write_jsonl(tmp_path / "2.jsonl", records[3:])
    sources = [{"path": str(first), "crawl": "spring"}, {"path": str(second), "crawl": "summer"}]
    view = open_small(tmp_path, sources=sources)
    run_until(view, "duplicates")
    assert canonical_urls(view) == dict.fromkeys(("third", "fourth", "fifth", "sixth"), "third")
    for gone, left in (("third", "fourth"), ("fourth", "fifth")):
        request = Request((f"https://example.org/{gone}",), ())
        with view.lake.claim("forget") as claim:
            entomb(request, search(request, view), view, claim)
            complete(view, claim, lambda: None)
        view = open_small(tmp_path, sources=sources)
        run_until(view, "duplicates")
        assert set(canonical_urls(view).values()) == {left}
        assert run_until(open_small(tmp_path, sources=sources), "duplicates")["duplicates"] == 0
    with view.lake.claim("maintain") as claim:
        maintain(view, claim)
    view = open_small(tmp_path, sources=sources)
    assert rows(view, "duplicates").height == 2, "first decisions are removed"
    assert run_until(view, "duplicates")["duplicates"] == 0
    assert canonical_urls(view) == {"fifth": "fifth", "sixth": "fifth"}


def test_a_canonical_that_returns_is_canonical_again(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "1.jsonl", [LONGER, SHORTER])
    for options, expected in (({}, "a"), (WITHOUT_LONGER, "b"), ({}, "a")):
        view = open_small(tmp_path, **options)
        run_until(view, "duplicates")
        assert set(canonical_urls(view).values()) == {expected}


LONGER = article(text=LONG + "Talks.", url="https://example.org/a", published_at="2024-05-01")
SHORTER = article(text=LONG, url="https://example.org/b", published_at="2024-05-02")
WITHOUT_LONGER = {"articles": {"max_chars": len(LONG.strip())}}


def test_what_joined_an_article_that_then_is_a_duplicate_is_decided_anew(tmp_path: Path) -> None:
    """B stood in for A when V came; with A back, V repeats A as well."""
    first = write_jsonl(tmp_path / "1.jsonl", [LONGER, SHORTER])
    late = article(text=LONG, url="https://example.org/v", published_at="2024-06-02")
    second = write_jsonl(tmp_path / "2.jsonl", [late])
    one = [{"path": str(first), "crawl": "one"}]
    two = [*one, {"path": str(second), "crawl": "two"}]
    for sources, options, expected in (
        (one, {}, {"a": "a", "b": "a"}),
        (one, WITHOUT_LONGER, {"b": "b"}),
        (two, WITHOUT_LONGER, {"b": "b", "v": "b"}),
        (two, {}, {"a": "a", "b": "a", "v": "a"}),
        (two, WITHOUT_LONGER, {"b": "b", "v": "b"}),
    ):
        view = open_small(tmp_path, sources=sources, **options)
        run_until(view, "duplicates")
        assert canonical_urls(view) == expected
        assert run_until(open_small(tmp_path, sources=sources, **options), "duplicates")["duplicates"] == 0


def test_a_decision_that_comes_to_an_earlier_one_is_not_written_twice(tmp_path: Path) -> None:
    """C stood in for A when its date is read otherwise: it is decided anew with X, which repeats it as before."""
    texts = {"a": LONG + "Talks.", "c": LONG, "x": LONG}
    dates = {"a": "2024-01-01", "c": "02/03/2024", "x": "2024-06-01"}
    records = [article(text=texts[name], url=f"https://example.org/{name}", published_at=dates[name]) for name in texts]
    write_jsonl(tmp_path / "a.jsonl", records)
    for options, order, expected in (
        ({}, "dmy", "a"),
        (WITHOUT_LONGER, "dmy", "c"),
        (WITHOUT_LONGER, "mdy", "c"),
    ):
        nations = outlet_of("uk", tmp_path / "nations", date_order=order)
        view = open_small(tmp_path, **nations, **options)
        run_until(view, "duplicates")
        assert set(canonical_urls(view).values()) == {expected}
        assert run_until(open_small(tmp_path, **nations, **options), "duplicates")["duplicates"] == 0


@pytest.mark.parametrize("threshold", [0.65, 0.75])
def test_another_threshold_keeps_what_was_canonical(tmp_path: Path, threshold: float) -> None:
    """Of two crawls the later one came first."""
    for month, name in (("01", "a"), ("02", "b")):
        record = article(text=LONG, url=f"https://example.org/{name}", published_at=f"2024-{month}-01")
        write_jsonl(tmp_path / f"2024-{month}.jsonl", [record])
    late, both = (
        [{"path": str(tmp_path / "2024-02.jsonl"), "crawl": "2024-02"}],
        [{"path": f"{tmp_path}/{{date}}.jsonl"}],
    )
    for sources, options in ((late, {}), (both, {}), (both, {"dedup": {"threshold": threshold}})):
        view = open_small(tmp_path, sources=sources, **options)
        run_until(view, "duplicates")
        assert set(canonical_urls(view).values()) == {"b"}


def test_every_pair_in_doubt_is_told_by_its_own_signatures(tmp_path: Path) -> None:
    """The sample's American articles, and each with a part of another one in a later crawl, in two files a crawl."""
    lines = (Path(__file__).parents[2] / "examples" / "sample" / "crawl-1" / "us.jsonl").read_text("utf-8").splitlines()
    records = [json.loads(line) for line in lines if line.endswith("}")]
    texts = list(dict.fromkeys(record["text"] for record in records if record.get("text")))[:12]
    changed = [one + other[: len(one) // 4] for one, other in zip(texts, texts[1:] + texts[:1], strict=True)]
    sources = []
    for crawl, contents in (("first", texts), ("second", changed)):
        for part in range(2):
            write_jsonl(tmp_path / f"{crawl}-{part}.jsonl", [article("us", content) for content in contents[part::2]])
        sources.append({"path": str(tmp_path / f"{crawl}-*.jsonl"), "crawl": crawl})
        view = open_small(tmp_path, sources=sources)
        run_until(view, "duplicates")
    stored = dict(view.live("articles", "article_id", "text").select("article_id", "text").iter_rows())
    near = rows(view, "duplicates").filter(pl.col("kind") == "near")
    assert near.height > 8
    for row in near.iter_rows(named=True):
        one, other = (fold_text(stored[row[name]]) for name in ("article_id", "canonical_id"))
        exact = similarity(sign([one, other], 5), np.array([0]), np.array([1]))[0]
        assert one.startswith(other)
        assert 0.7 <= exact < 0.85
        assert row["similarity"] == exact


def test_many_crawls_are_banded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    banded: list[int] = []

    def counted(sketches: Bins, banding: Banding) -> Iterator[npt.NDArray[np.uint64]]:
        banded.append(len(sketches))
        return band_keys(sketches, banding)

    monkeypatch.setattr("navab.text.bands.band_keys", counted)
    sources = []
    for crawl in range(4):
        path = write_jsonl(tmp_path / f"{crawl}.jsonl", [article(text=f"{REPORT} {sentence(crawl)}")])
        sources.append({"path": str(path), "crawl": str(crawl)})
    view = open_small(tmp_path, sources=sources)
    run_until(view, "duplicates")
    assert rows(view, "duplicates").height == 4
    assert banded == [4]


def test_reprints_of_an_article_that_left_the_nation_are_decided_anew(tmp_path: Path) -> None:
    first = outlets_article(1, LONG, published_at="2024-01-01")
    write_jsonl(tmp_path / "a.jsonl", [first, article(text=LONG, url="https://example.org/2")])
    for nation, expected in (("uk", {"1": "1", "2": "1"}), ("us", {"1": "1", "2": "2"}), ("uk", {"1": "1", "2": "1"})):
        view = open_small(tmp_path, **outlet_of(nation, tmp_path / "nations"))
        run_until(view, "duplicates")
        assert canonical_urls(view) == expected


def outlet_of(nation: str, folder: Path, **fields: object) -> dict[str, object]:
    """Settings by which the outlet example-outlet.com is the nation's, one of `uk` and `us`."""
    for code in ("uk", "us"):
        data = yaml.safe_load(resources.files("navab.nations").joinpath(f"data/{code}.yaml").read_text("utf-8"))
        data |= fields
        data["domains"] = [*data.get("domains", []), *(["example-outlet.com"] if code == nation else [])]
        folder.mkdir(exist_ok=True)
        (folder / f"{code}.yaml").write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
    return {"nations_dir": str(folder), "nations": ["uk", "us"], "screening": {"keep": "all"}}


def outlets_article(number: int, text: str, **fields: object) -> dict[str, object]:
    return article(None, text, url=f"https://example-outlet.com/{number}", **fields)


def test_an_outlet_takes_its_articles_along_to_another_nation(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [outlets_article(1, REPORT), outlets_article(2, LONG), article("us", LONG)])
    for nation, reprints in (("uk", 0), ("us", 1), ("uk", 0)):
        view = open_small(tmp_path, **outlet_of(nation, tmp_path / "nations"))
        run_until(view, "extraction")
        articles = view.live("articles", "article_id").select("article_id", expected="nation")
        for table in ("signatures", "duplicates", "embeddings", "article_topics", "screening", "extractions"):
            joined = view.current(table).join(articles, on="article_id")
            assert joined.height == (3 if table in ("signatures", "duplicates") else 3 - reprints)
            assert joined["nation"].cast(pl.String).to_list() == joined["expected"].cast(pl.String).to_list()


def test_signatures_follow_a_changed_reading_of_dates(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [outlets_article(1, REPORT, published_at="03/04/2024")])
    found = []
    for order in ("dmy", "mdy"):
        view = open_small(tmp_path, **outlet_of("uk", tmp_path / "nations", date_order=order))
        run_until(view, "duplicates")
        found.append([str(day)[:10] for day in view.live("signatures", "published_at")["published_at"]])
    assert found == [["2024-04-03"], ["2024-03-04"]]


def canonical_urls(view: View) -> dict[str, str]:
    """The last part of every live article's address, and that of its canonical."""
    urls = view.live("articles", "article_id", "url").select(
        "article_id", pl.col("url").cast(pl.String).str.split("/").list.last()
    )
    names = dict(urls.iter_rows())
    decided = view.live("duplicates", "canonical_id").select("article_id", "canonical_id")
    return {names[one]: names[other] for one, other in decided.iter_rows()}
