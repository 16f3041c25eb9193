"""Duplicates: every article points at one canonical article, and what was canonical stays so."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
import yaml

from navab.maintenance import maintain
from navab.takedown.forget import Request, complete, entomb, search
from navab.text.bands import BandFilter, Banding, band_keys
from navab.text.minhash import Bins, sign, similarity, sketch
from navab.text.normalise import fold_text
from navab.view import View
from tests.inprocess import article, open_small, rows, run_until, write_jsonl

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
    records = [
        article("us", texts[name], url=f"https://example.org/{name}", published_at=dates[name]) for name in texts
    ]
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
    texts = sample_texts()[:12]
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


def sample_texts() -> list[str]:
    """The texts of the sample's American articles."""
    lines = (Path(__file__).parents[2] / "examples" / "sample" / "crawl-1" / "us.jsonl").read_text("utf-8").splitlines()
    records = [json.loads(line) for line in lines if line.endswith("}")]
    return list(dict.fromkeys(record["text"] for record in records if isinstance(record.get("text"), str)))


def chained(number: int) -> str:
    """Twelve sentences, ten of them those of the number before."""
    sentences = [one for text in sample_texts() for one in re.split(r"(?<=[.!?])\s+", text) if 60 < len(one) < 110]
    return " ".join(list(dict.fromkeys(sentences))[2 * number : 2 * number + 12])


def test_an_article_joins_a_canonical_with_which_it_shares_no_band(tmp_path: Path) -> None:
    sources = []
    for crawl, numbers in (("spring", range(6)), ("summer", range(6, 7))):
        records = [
            article("us", chained(number), url=f"https://example.org/{number}", published_at=f"2024-05-{number + 1:02}")
            for number in numbers
        ]
        write_jsonl(tmp_path / f"{crawl}.jsonl", records)
        sources.append({"path": str(tmp_path / f"{crawl}.jsonl"), "crawl": crawl})
        view = open_small(tmp_path, sources=sources, dedup={"threshold": 0.65})
        run_until(view, "duplicates")
    assert canonical_urls(view) == {str(number): "0" for number in range(7)}
    first, last = (sketch(sign([fold_text(chained(number))], 5)) for number in (0, 6))
    assert not BandFilter(first, 0.65)(last).any()


@pytest.mark.parametrize("filtered", [True, False])
def test_decisions_do_not_depend_on_which_known_articles_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, filtered: bool
) -> None:
    """A was refused while two articles came that repeat B, one of them with the text of A; N is near B alone."""
    if not filtered:
        monkeypatch.setattr(BandFilter, "__call__", lambda self, sketches: np.ones(len(sketches), dtype=np.bool_))
    texts = {"a": chained(2), "b": chained(0), "z": chained(1), "q": chained(2), "n": f"{chained(0)} Nothing else."}
    texts["a"] += " " + "!" * max(map(len, texts.values()))
    crawls = {"one": "ab", "two": "zq", "three": "n"}
    sources = []
    for month, (crawl, names) in enumerate(crawls.items(), start=1):
        records = [
            article("us", texts[name], url=f"https://example.org/{name}", published_at=f"2024-0{month}-0{day}")
            for day, name in enumerate(names, start=1)
        ]
        write_jsonl(tmp_path / f"{crawl}.jsonl", records)
        sources.append({"path": str(tmp_path / f"{crawl}.jsonl"), "crawl": crawl})
    without_a = {"articles": {"max_chars": len(texts["a"]) - 1}}
    for count, options in ((1, {}), (2, without_a), (2, {}), (3, {})):
        view = open_small(tmp_path, sources=sources[:count], dedup={"threshold": 0.65}, **options)
        run_until(view, "duplicates")
    assert canonical_urls(view) == {"a": "a", "b": "b", "z": "b", "q": "b", "n": "b"}


def test_many_crawls_are_banded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    banded: list[int] = []

    def counted(sketches: Bins, banding: Banding) -> Iterator[npt.NDArray[np.uint64]]:
        banded.append(len(sketches))
        return band_keys(sketches, banding)

    monkeypatch.setattr("navab.text.bands.band_keys", counted)
    sources = []
    for crawl in range(4):
        path = write_jsonl(tmp_path / f"{crawl}.jsonl", [article(text=f"{REPORT} {LONG[: 40 * crawl]}")])
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
