"""Takedowns on lakes of a few rows: what matches, what stays out, what a crash or a release at the same time leaves."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from navab.alignment.training import PAIRS, save_training
from navab.errors import ConfigurationError, ReleaseWithdrawnError, StorageError
from navab.lake.lake import Lake
from navab.lake.schema import load_schema, table_names
from navab.maintenance import clean_releases, maintain
from navab.publish import publish, release_inputs
from navab.release.load import load_release
from navab.takedown.descent import WITHOUT_ARTICLES, descending_tables
from navab.takedown.forget import Forgotten, Request, complete, entomb, is_pending, search
from navab.view import View
from tests.alignment.test_training import TRAINING, record
from tests.inprocess import TEXTS, article, open_small, rows, run_until, write_jsonl
from tests.lakes import SAMPLE

STORY = TEXTS["en"] + " It was the third such call in a year."


def forget(view: View, *urls: str, ids: tuple[int, ...] = (), **options: Any) -> Forgotten:
    request = Request(urls, ids, **options)
    with view.lake.claim("forget") as claim:
        entomb(request, search(request, view), view, claim)
        return complete(view, claim, lambda: None)


def forgotten(view: View) -> list[str]:
    """Files and record numbers of the forgotten rows."""
    found = rows(view, "articles").filter(pl.col("rejected_reason") == "forgotten")
    return sorted(f"{Path(row['path']).name}:{row['record_no']}" for row in found.iter_rows(named=True))


def article_ids(view: View) -> list[int]:
    return rows(view, "articles").sort("path", "record_no")["article_id"].to_list()


@pytest.fixture
def small(tmp_path: Path) -> View:
    """Four records: one article, another one, a reprint of the first under another headline, and a short one."""
    records = [
        article(text=STORY, url="https://Example.org/story/"),
        article(text=TEXTS["fr"], nation="fr", url="https://example.org/other"),
        article(text=STORY.upper(), title="Another headline", url="https://elsewhere.org/a"),
        article(text="Watch the video.", url="https://example.org/video"),
    ]
    write_jsonl(tmp_path / "a.jsonl", records)
    view = open_small(tmp_path)
    run_until(view, "duplicates")
    return view


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/story",
        "http://www.example.org:80/story/#comments",
        "example.org/story?utm_source=letter",
    ],
)
def test_an_address_is_the_same_however_it_is_written(small: View, url: str) -> None:
    forget(small, url)
    assert forgotten(small) == ["a.jsonl:0", "a.jsonl:2"], "the reprint has the same text"


def test_an_article_is_forgotten_by_its_id(small: View) -> None:
    done = forget(small, ids=(article_ids(small)[1],))
    assert forgotten(small) == ["a.jsonl:1"]
    assert done.rows["signatures"] == 1


def test_a_short_text_that_others_may_have_is_kept_out_with_its_title_only(small: View, tmp_path: Path) -> None:
    forget(small, "https://example.org/video")
    same, other = (article(text="Watch the video.", title=title, url=None) for title in ("A title", "Another"))
    write_jsonl(tmp_path / "b.jsonl", [same, other])
    run_until(small, "articles")
    assert forgotten(small) == ["a.jsonl:3", "b.jsonl:0"]


def test_it_stays_out_of_later_crawls(small: View, tmp_path: Path) -> None:
    forget(small, "https://example.org/story")
    write_jsonl(
        tmp_path / "b.jsonl",
        [
            article(text=STORY, title="New headline", url="https://elsewhere.org/b"),
            article(text=TEXTS["en"] + " The text was changed since.", url="https://example.org/story"),
            article(text=TEXTS["en"] + " Quite another article.", url="https://example.org/another"),
        ],
    )
    run_until(small, "duplicates")
    assert forgotten(small) == ["a.jsonl:0", "a.jsonl:2", "b.jsonl:0", "b.jsonl:1"]
    assert STORY not in rows(small, "articles")["text"].to_list()


def test_reading_the_file_again_does_not_bring_it_back(small: View, tmp_path: Path) -> None:
    forget(small, "https://example.org/story")
    after = open_small(tmp_path, language={"min_chars": 41})
    assert run_until(after, "duplicates")["articles"] == 1, "the changed option has the file read again"
    found = after.current("articles", "rejected_reason", "text", "record_no").sort("record_no")
    assert found["rejected_reason"].to_list() == ["forgotten", None, "forgotten", "too_short"]
    assert found["text"].is_null().to_list() == [True, False, True, False]


def test_a_tombstone_alone_has_no_file_read_again(small: View, tmp_path: Path) -> None:
    forget(small, "https://example.org/nowhere")
    assert run_until(open_small(tmp_path), "duplicates") == {"articles": 0, "signatures": 0, "duplicates": 0}


def test_an_unknown_id_is_refused_and_an_unknown_address_is_kept(small: View) -> None:
    with pytest.raises(ConfigurationError, match="no article 17 in lake"):
        search(Request(article_ids=(17,)), small)
    assert search(Request(("https://example.org/nowhere",)), small).unknown == ("https://example.org/nowhere",)
    assert small.snapshot("takedowns").version == -1


def versions(view: View) -> dict[str, int]:
    """The latest versions of its tables."""
    view.forget()
    return view.versions()


def test_forgetting_twice_does_nothing(small: View) -> None:
    chosen = article_ids(small)[0]
    forget(small, ids=(chosen,))
    before = versions(small)
    assert forget(small, ids=(chosen,)) == Forgotten()
    assert versions(small) == before


def test_the_address_of_an_id_is_not_kept_out_if_other_articles_have_it(tmp_path: Path) -> None:
    """Crawls may give the address of the outlet's front page for every article."""
    write_jsonl(tmp_path / "a.jsonl", [article(), article("fr", TEXTS["fr"]), article("de", TEXTS["de"])])
    view = open_small(tmp_path)
    run_until(view, "duplicates")
    chosen = article_ids(view)[0]
    assert search(Request(article_ids=(chosen,)), view).shared == (chosen,)
    forget(view, ids=(chosen,))
    assert forgotten(view) == ["a.jsonl:0"]
    forget(view, "https://example.org/1")
    assert forgotten(view) == ["a.jsonl:0", "a.jsonl:1", "a.jsonl:2"]


def test_near_duplicates_are_listed_and_go_if_asked(tmp_path: Path) -> None:
    text = TEXTS["en"] * 3
    near = text.replace("Monday", "Tuesday", 1)
    urls = [f"https://example.org/{name}" for name in "abc"]
    write_jsonl(
        tmp_path / "a.jsonl",
        [article(text=text, url=urls[0]), article(text=near, url=urls[1]), article("fr", TEXTS["fr"], url=urls[2])],
    )
    view = open_small(tmp_path)
    run_until(view, "duplicates")
    assert search(Request((urls[0],)), view).near["article_id"].to_list() == [article_ids(view)[1]]
    forget(view, urls[0], with_duplicates=True)
    assert forgotten(view) == ["a.jsonl:0", "a.jsonl:1"]


def test_every_table_descends_from_articles_or_holds_nothing_of_one() -> None:
    """A new table needs an article_id, a statement_id, or a reason to be left alone."""
    assert set(descending_tables()) | WITHOUT_ARTICLES | {"articles"} == set(table_names())
    for name in descending_tables():
        names = set(load_schema(name).arrow.names)
        assert names & {"article_id", "statement_id", "left_id"} or name == "evaluations", name


# What follows is about a lake with triples and releases: the French articles of the sample.


@pytest.fixture(scope="module")
def french(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a lake from one file of the sample, all stages run, one release; read only."""
    folder = tmp_path_factory.mktemp("french")
    shutil.copy(SAMPLE / "crawl-1" / "fr.jsonl", folder / "fr.jsonl")
    run_until(open_french(folder), "triples")
    publish(open_french(folder))
    return folder


@pytest.fixture
def copy(french: Path, tmp_path: Path) -> View:
    shutil.copytree(french / "lake", tmp_path / "lake")
    return open_french(french, lake=str(tmp_path / "lake"))


def open_french(folder: Path, **settings: Any) -> View:
    options: dict[str, Any] = {"nations": ["fr"], "tolerance": 1, "release": {"name": "fr"}}
    options |= {"screening": {"keep": "all"}, "topics": {"min_cluster_size": 4}} | settings
    return open_small(folder, **options)


def with_triples(view: View) -> str:
    """Address of an article that has triples."""
    released = rows(view, "triples").filter(pl.col("rejected_reason").is_null() & pl.col("url").is_not_null())
    return str(released.sort("triple_id")["url"][0])


class CrashError(Exception):
    """Stands for kill -9 at a commit."""


def crash_at(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the commit with this number, from 0, never happen."""
    original: Callable[..., int] = Lake.commit
    count = iter(range(1000))

    def commit(self: Lake, *arguments: Any, **options: Any) -> int:
        if next(count) == number:
            raise CrashError
        return original(self, *arguments, **options)

    monkeypatch.setattr(Lake, "commit", commit)


@pytest.mark.parametrize("number", [1, 2, 5, 9, 13, 14])
def test_what_a_crash_left_undone_is_completed(copy: View, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    url = with_triples(copy)
    with monkeypatch.context() as patch, pytest.raises(CrashError):
        crash_at(number, patch)
        forget(copy, url)
    copy.forget()
    assert is_pending(copy)
    with copy.lake.claim("run") as claim:
        complete(copy, claim, lambda: None)
    assert not is_pending(copy)
    assert url not in rows(copy, "triples")["url"].to_list()
    left = set(rows(copy, "articles").filter(pl.col("text").is_not_null())["article_id"])
    for table in descending_tables():
        if copy.snapshot(table).version >= 0 and "article_id" in copy.snapshot(table).schema.arrow.names:
            assert set(rows(copy, table)["article_id"]) <= left, table
    with pytest.raises(ReleaseWithdrawnError, match="fr-2"):
        load_release(copy.lake.storage.path("releases", "fr"))


def test_before_the_tombstone_a_crash_changes_nothing(copy: View, monkeypatch: pytest.MonkeyPatch) -> None:
    before = versions(copy)
    with monkeypatch.context() as patch, pytest.raises(CrashError):
        crash_at(0, patch)
        forget(copy, with_triples(copy))
    copy.forget()
    assert not is_pending(copy)
    assert versions(copy) == before


def test_a_release_that_is_written_during_a_takedown_does_not_slip_through(copy: View, french: Path) -> None:
    """The release was begun before: it reads the old versions, and looks again when it is there."""
    url = with_triples(copy)
    late = open_french(french, lake=copy.lake.storage.root, release={"name": "late"})
    release_inputs(late)
    forget(copy, url)
    published = publish(late)
    assert published.manifest.name == "late-2"
    assert url not in load_release(published.uri)["url"].to_list()
    with pytest.raises(ReleaseWithdrawnError, match="late-2"):
        load_release(copy.lake.storage.path("releases", "late"))


def test_a_release_of_which_nothing_is_left_has_no_successor(copy: View) -> None:
    forget(copy, *rows(copy, "articles")["url"].drop_nulls().to_list(), ids=tuple(rows(copy, "triples")["article_id"]))
    with pytest.raises(ReleaseWithdrawnError, match="nothing replaces it"):
        load_release(copy.lake.storage.path("releases", "fr"))
    assert rows(copy, "triples").is_empty()


def test_the_pairs_that_a_model_learned_from_go_with_their_release(copy: View) -> None:
    trainings = [replace(TRAINING, release=release) for release in ("fr", "other")]
    paths = []
    for training in trainings:
        save_training(copy.lake.storage, record(training, training_id=training.release))
        paths.append(copy.lake.storage.path("alignments", training.release, PAIRS))
        copy.lake.storage.write_bytes(paths[-1], b"{}")
    (withdrawn,) = forget(copy, with_triples(copy)).releases
    assert [Path(path).exists() for path in paths] == [False, True]
    assert withdrawn.learned_by == (trainings[0].name,)


def test_a_withdrawn_release_can_be_read_until_maintenance(copy: View) -> None:
    root = copy.lake.storage.path("releases", "fr")
    whole = load_release(root)
    forget(copy, with_triples(copy))
    assert load_release(root, accept_withdrawn=True).equals(whole)
    with copy.lake.claim("maintain") as claim:
        assert clean_releases(copy, claim)["fr"] > 0
        assert clean_releases(copy, claim) == {}
    with pytest.raises(StorageError):
        load_release(root, accept_withdrawn=True)


def test_a_release_that_is_being_written_is_left_alone(copy: View) -> None:
    shard = Path(copy.lake.storage.path("releases", "new", "data", "default", "fr", "quoted", "test"))
    shard.mkdir(parents=True)
    (shard / "part-00000.arrow").write_bytes(b"half")
    with copy.lake.claim("maintain") as claim:
        assert clean_releases(copy, claim) == {}


def test_maintenance_removes_what_rests_on_a_text_that_is_gone(tmp_path: Path) -> None:
    """The record was mended: the old text goes with its row, and what was made of it goes too."""
    write_jsonl(tmp_path / "a.jsonl", [article(text=STORY), article("fr", TEXTS["fr"])])
    run_until(open_small(tmp_path), "duplicates")
    write_jsonl(tmp_path / "a.jsonl", [article(text=TEXTS["en"] + " Mended."), article("fr", TEXTS["fr"])])
    view = open_small(tmp_path)
    run_until(view, "duplicates")
    assert rows(view, "signatures").height == 3
    with view.lake.claim("maintain") as claim:
        maintain(view, claim)
    assert rows(view, "articles").height == 2
    assert rows(view, "signatures").height == 2
    assert set(run_until(view, "duplicates").values()) == {0}
