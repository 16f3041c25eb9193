"""News pages to articles: trafilatura finds text, title and date; what it leaves out or lets through is mended here.

Precision mode with comments left out; where that finds hardly anything, trafilatura's balanced mode. A lead that
stands on the page and in its description, but not in the text found, is put before the text; a first line that
repeats the title is taken out. benchmarks/html_extraction.py measures the result.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree
from trafilatura import bare_extraction
from trafilatura.utils import load_html

from navab.text.normalise import fold_text

_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_BLOCKS = frozenset({"p", "div", "h1", "h2", "h3", "h4", "section", "article", "header", "li", "td", "body", "summary"})
_DESCRIPTIONS = "//meta[@name='description' or @property='og:description' or @name='twitter:description']/@content"
_DESCRIPTIONS_READ = 8  # distinct ones of a page; it may have any number
_PROBE_CHARS = 30  # of a description, by which the lead is found on the page
_LEAD_CHARS = 1200
_TITLE_CHARS = 20  # a shorter line may begin like the title by chance
_POOR_CHARS = 500
_POOR_RATIO = 3
# What trafilatura and lxml raise on pages that they cannot cope with.
_EXTRACTOR_ERRORS = (
    ValueError, TypeError, AttributeError, LookupError, ArithmeticError, AssertionError, RecursionError,
    etree.LxmlError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """The article of a page; `published` as an ISO date."""

    text: str
    title: str | None
    published: str | None


def extract_page(html: str, url: str | None = None, captured: str | None = None) -> Page | None:
    """Extract the article of a page; null if it has none. `captured` is the ISO date after which it cannot be."""
    try:
        tree = load_html(_XML_DECLARATION.sub("", html))
        if tree is None:
            return None
        return _extract(tree, url, captured)
    except _EXTRACTOR_ERRORS:
        return None


def _extract(tree: Any, url: str | None, captured: str | None) -> Page | None:
    dates: dict[str, Any] = {"original_date": True, "extensive_search": False}
    if captured:
        dates["max_date"] = captured
    found = bare_extraction(
        tree, url=url, favor_precision=True, include_comments=False, with_metadata=True, date_extraction_params=dates
    )
    text = str(found.text or "") if found else ""
    title = found.title if found else None
    if len(text) < _POOR_CHARS:
        more = bare_extraction(tree, url=url, include_comments=False)
        balanced = str(more.text or "") if more else ""
        text = balanced if len(balanced) > _POOR_RATIO * len(text) else text
    if not text.strip():
        return None
    lines = _without_title(text.split("\n"), title)
    return Page(
        "\n".join([*_missing_lead(tree, "\n".join(lines), title), *lines]), title, found.date if found else None
    )


def _without_title(lines: list[str], title: str | None) -> list[str]:
    folded = fold_text(title or "")
    first = fold_text(lines[0]) if lines else ""
    repeats = first == folded or (len(first) >= _TITLE_CHARS and folded.startswith(first))
    return lines[1:] if len(lines) > 1 and repeats else lines


def _missing_lead(tree: Any, text: str, title: str | None) -> list[str]:
    """The paragraph of the page that its description begins with, if the text lacks it."""
    probes = _missing_descriptions(tree, text, title)
    leads: dict[str, str] = {}
    for block in _blocks(tree) if probes else ():
        lead = _short_text(block)
        folded = fold_text(lead)
        for probe in probes:
            if folded.startswith(probe):
                leads.setdefault(probe, lead)
        if probes[0] in leads:
            break
    return [leads[probe] for probe in probes if probe in leads][:1]


def _missing_descriptions(tree: Any, text: str, title: str | None) -> list[str]:
    """How the page's descriptions begin that neither text nor title holds."""
    known = (fold_text(text), fold_text(title or ""))
    descriptions = list(dict.fromkeys(tree.xpath(_DESCRIPTIONS)))[:_DESCRIPTIONS_READ]
    probes = dict.fromkeys(fold_text(description)[:_PROBE_CHARS] for description in descriptions)
    return [probe for probe in probes if len(probe) == _PROBE_CHARS and not any(probe in part for part in known)]


def _short_text(block: Any) -> str:
    """The text of an element as one line; nothing if it is longer than a lead."""
    pieces, size = [], 0
    for piece in block.itertext():
        pieces.append(piece)
        size += len("".join(piece.split()))
        if size > _LEAD_CHARS:
            return ""
    line = " ".join("".join(pieces).split())
    return line if len(line) <= _LEAD_CHARS else ""


def _blocks(tree: Any) -> Iterator[Any]:
    """Elements that hold text of their own, from the top of the page."""
    for element in tree.iter("p", "h2", "h3", "h4", "div", "span", "strong", "b", "section", "header", "li", "em"):
        if (element.text and element.text.strip()) or element.tag == "p":
            yield element
