"""Articles: every record becomes a row with the right reason, and an id of its own that is there to stay."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from navab.configuration import Configuration
from navab.errors import ConfigurationError, ToleranceError
from navab.execution.units import run_unit
from navab.lake.storage import Storage
from navab.nations.registry import Registry
from navab.options.articles import Source
from navab.pipeline import check_tolerance
from navab.readers.files import SourceFile
from navab.stages import articles
from navab.stages.articles import BATCH_RECORDS, ReadFile, complete, latest_files, plan
from navab.stages.base import Output, Unit
from navab.view import View
from tests.inprocess import TEXTS, article, open_small, rows, run_until, write_jsonl
from tests.readers.pages import Capture, page, warc

REGISTRY = Registry.bundled()


def reasons(view: View) -> list[str | None]:
    """Rejection reasons in the order of the records."""
    return rows(view, "articles").sort("path", "record_no")["rejected_reason"].to_list()


def accepted(view: View) -> pl.DataFrame:
    return view.live("articles", "article_id", "title", "text", "official", "published_at", "script", "path")


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (article(), None),
        (article("cn", TEXTS["zh"]), None),
        ("{'text': 'not json'}", "invalid_json"),
        ('["a list"]', "not_an_object"),
        ({"nation": "uk", "title": "No text"}, "missing_text"),
        (article(text=None), "missing_text"),
        (article(text=17), "wrong_type"),
        (article(text=["a", "b"]), "wrong_type"),
        (article(title={"en": "A title"}), "wrong_type"),
        (article(url=True), "wrong_type"),
        (article("xx"), "unknown_nation"),
        (article(None), "unknown_nation"),
        (article(text="Too short."), "too_short"),
        (article(text=" " * 100), "too_short"),
        (article(text=TEXTS["fr"], title=""), "other_language"),
        (article("fr", TEXTS["de"], title=""), "other_language"),
    ],
)
def test_why_a_record_is_refused(tmp_path: Path, record: dict[str, object] | str, reason: str | None) -> None:
    write_jsonl(tmp_path / "a.jsonl", [record])
    view = open_small(tmp_path)
    run_until(view, "articles")
    (found,) = reasons(view)
    assert found == reason


def test_what_is_read(tmp_path: Path) -> None:
    record = article("cn", TEXTS["zh"] + "\r\n\r\n  " + TEXTS["zh"], title=" 标题\u3000一 ", id=17, licence="CC-BY")
    record |= {"url": "https://www.xinhuanet.com/1", "published_at": "2024-05-01T10:00:00+08:00", "source": "新华网"}
    write_jsonl(tmp_path / "a.jsonl", [record])
    view = open_small(tmp_path, sources=[{"path": str(tmp_path / "a.jsonl"), "crawl": "2024-05-01"}])
    run_until(view, "articles")
    (row,) = rows(view, "articles").iter_rows(named=True)
    assert row["title"] == "标题 一"
    assert row["text"] == TEXTS["zh"] + "\n" + TEXTS["zh"]
    assert row["published_at"].isoformat() == "2024-05-01T02:00:00+00:00"
    assert (row["nation"], row["source"], row["source_id"], row["licence"]) == ("cn", "新华网", "17", "CC-BY")
    assert (row["language"], row["script"], row["official"], row["crawl"]) == ("zh", "Hans", True, "2024-05-01")


def test_the_source_may_say_what_its_records_do_not(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [{"body": TEXTS["en"], "headline": "T", "nation": "us"}])
    source = {"path": str(path), "nation": "uk", "source": "BBC", "licence": "own", "columns": {"text": "body"}}
    view = open_small(tmp_path, sources=[source])
    run_until(view, "articles")
    (row,) = rows(view, "articles").iter_rows(named=True)
    assert (row["nation"], row["source"], row["official"], row["licence"], row["title"]) == (
        "uk", "BBC", True, "own", None,
    )  # fmt: skip


@pytest.mark.parametrize("code", ["UK", " uk ", "Uk"])
def test_the_case_of_nation_codes_does_not_matter(tmp_path: Path, code: str) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [article(code)])
    for source in ({"path": str(path)}, {"path": str(path), "nation": code}):
        view = open_small(tmp_path, nations=[code], sources=[source])
        run_until(view, "articles")
        assert accepted(view)["nation"].to_list() == ["uk"]


@pytest.mark.parametrize(
    ("url", "nation", "source", "official"),
    [
        ("https://www.bbc.co.uk/news/1", "uk", "BBC", True),
        ("https://blogs.theguardian.com/1", "uk", "theguardian.com", False),
        ("https://news.example.co.uk/1", "uk", "example.co.uk", False),
        ("https://www.voanews.com/a/1.html", "us", "Voice of America", True),
        ("https://example.org/1", None, "example.org", None),
        ("http://[broken", None, None, None),
        (None, None, None, None),
    ],
)
def test_outlet_and_nation_follow_from_the_address_if_the_record_names_none(
    tmp_path: Path, url: str | None, nation: str | None, source: str | None, official: bool | None
) -> None:
    write_jsonl(tmp_path / "a.jsonl", [article(None, url=url)])
    view = open_small(tmp_path)
    run_until(view, "articles")
    (row,) = rows(view, "articles").iter_rows(named=True)
    assert (row["nation"], row["source"], row["official"]) == (nation, source, official)


def test_strict_keeps_official_sources_only(tmp_path: Path) -> None:
    urls = ["https://www.bbc.co.uk/1", "https://www.theguardian.com/1", "https://example.org/1"]
    write_jsonl(tmp_path / "a.jsonl", [article(None, url=url) for url in urls])
    view = open_small(tmp_path, articles={"strict": True})
    run_until(view, "articles")
    assert reasons(view) == [None, "unofficial_source", "unknown_nation"]


def test_lines_of_the_outlet_are_taken_out_and_kept(tmp_path: Path) -> None:
    lines = [TEXTS["en"], "Read more: Another article", TEXTS["en"] + " Read more: he said.", "Share this article"]
    write_jsonl(tmp_path / "a.jsonl", [article(text="\n".join(lines)), article()])
    view = open_small(tmp_path)
    run_until(view, "articles")
    first, second = rows(view, "articles").sort("record_no").iter_rows(named=True)
    assert first["text"] == "\n".join([lines[0], lines[2]])
    assert first["boilerplate"] == "\n".join([lines[1], lines[3]])
    assert second["boilerplate"] is None


def test_an_endless_article_is_refused_and_kept(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [article(text=TEXTS["en"] * 20_000), article()])
    view = open_small(tmp_path)
    run_until(view, "articles")
    assert reasons(view) == ["too_long", None]
    assert len(rows(view, "articles").sort("record_no")["text"][0]) == len(TEXTS["en"]) * 20_000


def test_pages_of_a_crawl(tmp_path: Path) -> None:
    """A WARC file gives articles, rejections with the nation of their address, and no unreadable record."""
    captures = [
        Capture(),
        Capture(page("fr").encode(), "https://www.francetvinfo.fr/1"),
        Capture(b"", "https://www.bbc.co.uk/2", "301 Moved"),
        Capture(b"%PDF", "https://www.bbc.co.uk/3", content_type="application/pdf"),
        Capture(b"", "https://www.bbc.co.uk/4", "404 Not Found"),
        Capture(b"", "https://www.bbc.co.uk/4", "404 Not Found"),
        Capture(page().encode(), "https://example.org/5"),
        Capture(page("de").encode(), "https://www.bbc.co.uk/6"),
    ]
    (tmp_path / "crawl.warc.gz").write_bytes(warc(captures))
    view = open_small(tmp_path, sources=[{"path": str(tmp_path / "*.warc.gz")}])
    run_until(view, "articles")
    assert reasons(view) == [
        None, None, "redirect", "not_html", "http_error", "http_error", "unknown_nation", "other_language",
    ]  # fmt: skip
    found = rows(view, "articles").sort("record_no")
    assert found["nation"].to_list() == ["uk", "fr", "uk", "uk", "uk", "uk", None, "uk"]
    assert found["source"].to_list()[:2] == ["BBC", "franceinfo"]
    assert found["article_id"].null_count() == 0
    assert [str(day)[:10] for day in found["published_at"].to_list()[:2]] == ["2024-05-03"] * 2
    assert rows(view, "files")["format"].to_list() == ["warc"]


def test_an_uncertain_language_is_refused(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [article()])
    view = open_small(tmp_path, language={"min_confidence": 1.0})
    run_until(view, "articles")
    assert reasons(view) == ["uncertain_language"]


def test_a_nation_has_a_threshold_of_its_own_and_the_configuration_overrides_it(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [article()])
    strict = Registry(REGISTRY.nations | {"uk": REGISTRY.get("uk").model_copy(update={"min_confidence": 1.0})})
    file = SourceFile(str(tmp_path / "a.jsonl"), "etag", 1, "a.jsonl", "jsonl", Source(path="a.jsonl"))
    facts = {"file": file, "name": "a.jsonl", "generation": 0, "done": frozenset()}
    unit = Unit("articles-1", None, pl.DataFrame({"uri": [file.uri], "fingerprint": [1]}), facts=facts)
    for language, reason in (({}, "uncertain_language"), ({"min_confidence": 0.5}, None)):
        configuration = Configuration.model_validate({"lake": "lake", "language": language})
        first = next(iter(ReadFile(configuration, strict)(unit, Storage(str(tmp_path)))))
        assert first.rows["rejected_reason"].to_pylist() == [reason]


@pytest.mark.parametrize("nation", ["uk", "cn"])
def test_a_mixed_article_is_refused_whatever_its_first_half_is(tmp_path: Path, nation: str) -> None:
    halves = [TEXTS["en"]] * 5 + [TEXTS["zh"]] * 5
    write_jsonl(tmp_path / "a.jsonl", [article(nation, "\n".join(half)) for half in (halves, halves[::-1])])
    view = open_small(tmp_path)
    run_until(view, "articles")
    assert reasons(view) == ["mixed_language", "mixed_language"]


def test_a_broken_address_refuses_nothing(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [article(url="http://[broken"), article(url="http://[broken", id=2)])
    view = open_small(tmp_path)
    run_until(view, "articles")
    assert reasons(view) == [None, None]


def test_repeated_records_have_ids_of_their_own(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [article()] * 3)
    write_jsonl(tmp_path / "b.jsonl", [article()])
    view = open_small(tmp_path)
    run_until(view, "articles")
    assert accepted(view)["article_id"].n_unique() == 4


def test_ids_do_not_depend_on_where_the_crawl_lies(tmp_path: Path) -> None:
    found = []
    for folder in (tmp_path / "here", tmp_path / "there"):
        write_jsonl(folder / "a.jsonl", [article(), article(id=2)])
        view = open_small(folder)
        run_until(view, "articles")
        found.append(accepted(view)["article_id"].sort().to_list())
    assert found[0] == found[1]


def test_two_files_of_one_name_in_one_crawl_do_not_collide(tmp_path: Path) -> None:
    paths = [write_jsonl(tmp_path / folder / "a.jsonl", [article()]) for folder in ("x", "y")]
    view = open_small(tmp_path, sources=[{"path": str(path)} for path in paths])
    run_until(view, "articles")
    assert accepted(view)["article_id"].n_unique() == 2


def test_a_file_that_comes_into_a_crawl_with_a_file_of_its_name_does_not_collide(tmp_path: Path) -> None:
    paths = [write_jsonl(tmp_path / folder / "a.jsonl", [article()]) for folder in ("x", "y")]
    for crawl in ("one", "two"):
        sources = [{"path": str(paths[0]), "crawl": crawl}, {"path": str(paths[1]), "crawl": "two"}]
        view = open_small(tmp_path, sources=sources)
        run_until(view, "articles")
        assert accepted(view)["article_id"].n_unique() == 2
    assert names(view) == [str(paths[0]), "a.jsonl"]
    assert run_until(open_small(tmp_path, sources=sources), "articles")["articles"] == 0


def test_a_file_that_moves_to_another_crawl_keeps_its_name_if_it_is_free(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [article()])
    for crawl in ("one", "two"):
        view = open_small(tmp_path, sources=[{"path": str(path), "crawl": crawl}])
        run_until(view, "articles")
        assert names(view) == ["a.jsonl"]


def names(view: View) -> list[str]:
    """The names of the files in the order of their addresses, as they were read last."""
    return latest_files(view).sort("uri")["name"].to_list()


def test_records_that_are_committed_already_are_passed_over(tmp_path: Path) -> None:
    """An interrupted run goes on in the middle of a file, and ends with the same rows."""
    records: list[dict[str, object] | str] = [article(), "broken", article(), article(id=3), article()]
    path = write_jsonl(tmp_path / "a.jsonl", records)
    whole = read_file(path, frozenset())
    rest = read_file(path, frozenset({0, 1, 3}))
    assert rest["record_no"].to_list() == [2, 4]
    assert rest.equals(whole.filter(pl.col("record_no").is_in([2, 4])))


def read_file(path: Path, done: frozenset[int]) -> pl.DataFrame:
    file = SourceFile(str(path), "etag", 1, "a.jsonl", "jsonl", Source(path=str(path)))
    facts = {"file": file, "name": "a.jsonl", "generation": 0, "done": done}
    unit = Unit("articles-1", None, pl.DataFrame({"uri": [str(path)], "fingerprint": [1]}), facts=facts)
    outputs = list(ReadFile(Configuration(lake="lake"), REGISTRY)(unit, Storage(str(path.parent))))
    assert outputs[-1].table == "files"
    assert outputs[-1].rows["records"].to_pylist() == [5]
    return pl.concat([pl.DataFrame(output.rows) for output in outputs if output.table == "articles"])


def test_a_file_is_read_once_and_again_only_if_it_changed(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [article(), article(id=2)])
    view = open_small(tmp_path)
    assert run_until(view, "articles")["articles"] == 1
    assert run_until(open_small(tmp_path), "articles")["articles"] == 0
    before = set(accepted(view)["article_id"])
    write_jsonl(path, [article(id=2), article(), article(id=3)])
    view = open_small(tmp_path)
    assert run_until(view, "articles")["articles"] == 1
    after = set(accepted(view)["article_id"])
    assert len(after) == 3
    assert before < after
    assert run_until(open_small(tmp_path), "articles")["articles"] == 0


def test_a_changed_option_reads_again_and_a_changed_tolerance_does_not(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [article()])
    run_until(open_small(tmp_path), "articles")
    assert run_until(open_small(tmp_path, tolerance=0.5), "articles")["articles"] == 0
    view = open_small(tmp_path, language={"min_chars": 1000})
    assert run_until(view, "articles")["articles"] == 1
    assert accepted(view).height == 0


def test_a_file_that_breaks_off_is_told_in_files(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"no parquet")
    view = open_small(tmp_path, sources=[{"path": str(path)}])
    run_until(view, "articles")
    assert rows(view, "files").select("records", "error").rows() == [(1, "corrupt_file")]
    assert reasons(view) == ["corrupt_file"]


def test_a_file_that_two_sources_spell_differently_is_read_once(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [article()])
    sources = [{"path": str(path)}, {"path": f"{tmp_path}/none/../*.jsonl"}]
    (tmp_path / "none").mkdir()
    view = open_small(tmp_path, sources=sources)
    run_until(view, "articles")
    assert rows(view, "files")["uri"].to_list() == [str(path)]


def test_a_source_of_an_unknown_nation_is_refused(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [article()])
    with pytest.raises(ConfigurationError, match="unknown nation 'xx'"):
        run_until(open_small(tmp_path, sources=[{"path": str(path), "nation": "xx"}]), "articles")


def test_articles_of_other_nations_than_the_configured_are_not_live(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [article(), article("fr", TEXTS["fr"])])
    view = open_small(tmp_path, nations=["fr"])
    run_until(view, "articles")
    assert accepted(view)["nation"].to_list() == ["fr"]


def test_a_unit_that_is_run_twice_writes_the_same_article_files(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [article(), "broken"])
    view = open_small(tmp_path)
    (unit,) = complete(view, plan(view))
    work = ReadFile(view.configuration, view.registry)
    runs = [
        [
            done.file
            for done in run_unit(unit, work, view.lake.storage, 1)
            if done.file and done.file.table == "articles"
        ]
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    assert len(runs[0]) == 2  # one nation each


@pytest.mark.parametrize(
    ("at_least", "sizes"),
    [
        (articles.OUTPUT_BYTES, [2 * BATCH_RECORDS + 100]),
        (5_000_000, [2 * BATCH_RECORDS, 100]),
        (1, [BATCH_RECORDS, BATCH_RECORDS, 100]),
    ],
)
def test_outputs_are_batches_of_bounded_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_least: int, sizes: list[int]
) -> None:
    monkeypatch.setattr(articles, "OUTPUT_BYTES", at_least)
    path = write_jsonl(tmp_path / "a.jsonl", [article(id=number) for number in range(2 * BATCH_RECORDS + 100)])
    assert output_rows(path, "jsonl") == [*sizes, 1]


def test_what_is_read_slowly_is_not_kept_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(articles, "BATCH_RECORDS", 2)
    path = tmp_path / "a.warc"
    path.write_bytes(warc([Capture(url=f"https://www.bbc.co.uk/news/{number}") for number in range(5)]))
    assert output_rows(path, "warc") == [2, 2, 1, 1]


def output_rows(path: Path, format_: str) -> list[int]:
    """Rows of every output of reading a file; the last one is the file's own row."""
    file = SourceFile(str(path), "etag", 1, path.name, format_, Source(path=str(path)))
    facts = {"file": file, "name": path.name, "generation": 0, "done": frozenset()}
    unit = Unit("articles-1", None, pl.DataFrame({"uri": [str(path)], "fingerprint": [1]}), facts=facts)
    outputs: list[Output] = list(ReadFile(Configuration(lake="l"), REGISTRY)(unit, Storage(str(path.parent))))
    return [output.rows.num_rows for output in outputs]


@pytest.mark.parametrize("pattern", ["*.jsonl", "**/*.jsonl", "a.jsonl", "[a-c].jsonl"])
def test_bad_records_count_however_their_source_is_written(tmp_path: Path, pattern: str) -> None:
    write_jsonl(tmp_path / "a.jsonl", [article(), "broken"])
    write_jsonl(tmp_path / "good" / "a.jsonl", [article()])
    view = open_small(tmp_path, sources=[{"path": str(tmp_path / pattern)}])
    run_until(view, "articles")
    with pytest.raises(ToleranceError, match=r"record 1 \(invalid_json\)"):
        check_tolerance(view)
    view = open_small(tmp_path, sources=[{"path": str(tmp_path / "good" / "*.jsonl")}])
    run_until(view, "articles")
    check_tolerance(view)
