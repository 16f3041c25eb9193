"""The report in a real Chromium: it fits, sorts, filters and folds, and asks nobody for anything."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from navab.report.data import ReportData
from navab.report.page import render_report
from tests.lakes import navab, sample_configuration
from tests.report.test_page import HOSTILE, poisoned

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# The first is for root in a container; the others keep the browser from calling home.
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
WIDTHS = (390, 768, 1280)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: apt-get install chromium"),
]
Open = Callable[[str], Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens pages; in the end none of them has asked for anything but itself, or said anything on the console."""
    asked: list[str] = []
    said: list[str] = []

    def opened(html: str) -> Page:
        path = tmp_path / "report.html"
        path.write_text(html, "utf-8")
        page = browser.new_page(reduced_motion="reduce")
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.goto(path.as_uri())
        return page

    yield opened
    assert {url.partition("#")[0] for url in asked} == {(tmp_path / "report.html").as_uri()}
    assert said == []


@pytest.fixture(scope="module")
def sample(built: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of the bundled sample."""
    folder = tmp_path_factory.mktemp("reported")
    shutil.copytree(built, folder / "lake")
    navab("report", "--config", sample_configuration(folder))
    return (folder / "lake" / "reports" / "report.html").read_text("utf-8")


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_reaches_beyond_the_screen(sample: str, show: Open, width: int) -> None:
    page = show(sample)
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_every_section_of_the_menu_is_there(sample: str, show: Open) -> None:
    page = show(sample)
    links = page.locator("nav a").all()
    assert len(links) >= 8
    for link in links:
        link.click()
        target = link.get_attribute("href")
        assert target is not None
        assert page.evaluate("name => document.querySelector(name).getBoundingClientRect().top < innerHeight", target)


def test_a_column_is_sorted_and_turned_round(sample: str, show: Open) -> None:
    page = show(sample)
    head = page.locator("#topics th[data-sort]:visible").filter(has_text=re.compile(r"^\s*Topic\s*$")).first
    table = head.locator("xpath=ancestor::table")
    place = int(head.evaluate("cell => cell.cellIndex"))
    column = f"table => [...table.tBodies[0].rows].map(row => row.cells[{place}].textContent.trim().toLowerCase())"
    before = table.evaluate(column)
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    ascending = table.evaluate(column)
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert sorted(before) == ascending
    assert table.evaluate(column)[0] == ascending[-1]


def test_words_and_choices_narrow_the_triples(sample: str, show: Open) -> None:
    page = show(sample)
    form = page.locator("#triples form[data-filters]")
    items = page.locator(form.get_attribute("data-filters") or "")
    total = items.count()
    form.locator("select[name=nation]").select_option("fr")
    french = [item for item in items.all() if item.is_visible()]
    assert 0 < len(french) < total
    assert {item.get_attribute("data-nation") for item in french} == {"fr"}
    form.locator("input[name=words]").fill("no article has these words")
    assert not any(item.is_visible() for item in items.all())
    assert form.locator("output").text_content() == f"0 of {total} shown"


def test_what_is_folded_opens(sample: str, show: Open) -> None:
    page = show(sample)
    folded = page.locator("details").first
    content = folded.locator("> :not(summary)").first
    assert not content.is_visible()
    folded.locator("summary").click()
    assert content.is_visible()


def test_a_topic_on_the_map_says_what_it_is(sample: str, show: Open) -> None:
    page = show(sample)
    circle = page.locator("#topics circle").first
    circle.hover()
    assert "articles" in (circle.locator("title").text_content() or "")


@pytest.mark.parametrize("poison", HOSTILE)
def test_nothing_in_the_data_runs(data: ReportData, show: Open, poison: str) -> None:
    page = show(render_report(poisoned(data, poison)))
    assert page.locator("img[src=x]").count() == 0
    for element in page.locator("#triples *").all()[:40]:
        element.dispatch_event("mouseover")


def test_without_scripts_all_is_readable(browser: Browser, data: ReportData, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(render_report(data), "utf-8")
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(path.as_uri())
    assert page.locator("#triples").is_visible()
    assert not page.locator("form[data-filters]").first.is_visible()
