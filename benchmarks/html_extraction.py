"""Articles from real pages, beside trafilatura's own defaults and Resiliparse, in one run over the same bytes.

python benchmarks/html_extraction.py             needs ../shared/data and `pip install resiliparse warcio`

Pages are split into halves by a hash of their id. Settings and patterns were chosen on the tuning half alone
(--tuning shows it); what is reported is the other half. Token F1 counts words, of Chinese characters. Texts, gold and
phrases are compared without soft hyphens and with single blanks, for all extractors alike. Time is CPU time.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import logging
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

import trafilatura
from warcio.archiveiterator import ArchiveIterator

from navab.readers.charset import decode_page
from navab.readers.html import extract_page
from navab.text.boilerplate import split_boilerplate
from navab.text.normalise import clean_lines

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "html"
LIMITS = {"must_contain, %": 95.0, "must_not_contain, %": 5.0, "date right or absent, %": 90.0}
_TOKEN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]|[^\W\u3400-\u9fff\uf900-\ufaff]+")


@dataclass(frozen=True)
class Sample:
    """A page with what is known of it."""

    body: bytes
    row: dict[str, Any]

    @property
    def tuning(self) -> bool:
        return hashlib.sha256(self.row["id"].encode()).digest()[0] % 2 == 0


@dataclass
class Score:
    """What an extractor made of the pages."""

    f1: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    contained: list[bool] = field(default_factory=list)
    leaked: list[bool] = field(default_factory=list)
    dates: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


Extractor = Callable[[Sample], tuple[str, str | None]]


def by_navab(sample: Sample) -> tuple[str, str | None]:
    """What the articles stage keeps of a page."""
    page = extract_page(decode_page(sample.body, sample.row["http_charset"]) or "", sample.row["url"])
    return (split_boilerplate(clean_lines(page.text))[0], page.published) if page else ("", None)


def by_trafilatura(sample: Sample) -> tuple[str, str | None]:
    """trafilatura as it comes, with metadata."""
    found = trafilatura.bare_extraction(sample.body, url=sample.row["url"], with_metadata=True)
    return (found.text or "", found.date) if found else ("", None)


def by_resiliparse(sample: Sample) -> tuple[str, str | None]:
    """Resiliparse's main content; it has no dates."""
    from resiliparse.extract.html2text import extract_plain_text  # noqa: PLC0415  not a dependency of navab

    html = decode_page(sample.body, sample.row["http_charset"]) or ""
    return extract_plain_text(html, main_content=True, alt_texts=False), None


EXTRACTORS: dict[str, Extractor] = {
    "navab": by_navab, "trafilatura defaults": by_trafilatura, "Resiliparse": by_resiliparse,
}  # fmt: skip


def samples() -> Iterator[Sample]:
    """All pages with their row of the index, which has the order of the files."""
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with gzip.open(DATA / "index.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            rows[row["warc"]].append(row)
    for name, known in sorted(rows.items()):
        following = iter(known)
        with (DATA / name).open("rb") as file:
            for record in ArchiveIterator(file):
                if record.rec_type != "response":
                    continue
                row = next(following)
                if record.rec_headers.get_header("WARC-Target-URI") != row["url"].strip():
                    sys.exit(f"{name} and its index do not go together at {row['url']}")
                yield Sample(record.content_stream().read(), row)


def plain(text: str) -> str:
    return " ".join(text.replace("\u00ad", "").split())


def token_f1(text: str, gold: str) -> float:
    found, wanted = (Counter(_TOKEN.findall(one.casefold())) for one in (text, gold))
    shared = (found & wanted).total()
    return 2 * shared / (found.total() + wanted.total()) if shared else 0.0


def judge(score: Score, sample: Sample, text: str, date: str | None) -> None:
    row = sample.row
    if row["gold_text"]:
        score.f1[row["nation"] or "other"].append(token_f1(text, plain(row["gold_text"])))
    score.contained += [plain(phrase) in text for phrase in row["must_contain"] or ()]
    score.leaked += [plain(phrase) in text for phrase in row["must_not_contain"] or ()]
    if row["gold_date"]:
        score.dates["absent" if date is None else "right" if date[:10] == row["gold_date"][:10] else "wrong"] += 1


def report(name: str, score: Score, pages: int) -> None:
    f1 = {nation: f"{mean(values):.3f} ({len(values)})" for nation, values in sorted(score.f1.items())}
    dates = score.dates.total()
    figures = {
        "must_contain, %": 100 * mean(score.contained),
        "must_not_contain, %": 100 * mean(score.leaked),
        "date right or absent, %": 100 * (dates - score.dates["wrong"]) / dates,
    }
    print(f"\n{name}: {pages / score.seconds:.1f} pages/s a core")
    print(f"  token F1 {mean(v for values in score.f1.values() for v in values):.3f}; by nation {f1}")
    for figure, value in figures.items():
        limit = LIMITS[figure]
        bound = "at most" if figure.startswith("must_not") else "at least"
        print(f"  {figure:<26} {value:6.1f}  {bound} {limit:g}, ratio {value / limit:.2f}")
    print(f"  phrases: {len(score.contained)} and {len(score.leaked)}; dates: {dict(score.dates)}")


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--tuning", action="store_true", help="show the half that settings were chosen on")
    tuning = arguments.parse_args().tuning
    if not DATA.is_dir():
        sys.exit(f"real pages are not at {DATA}: this benchmark needs the shared data")
    logging.disable(logging.CRITICAL)
    chosen = [sample for sample in samples() if sample.tuning == tuning]
    print(f"{'tuning' if tuning else 'reported'} half: {len(chosen)} pages")
    for name, extract in EXTRACTORS.items():
        score = Score()
        for sample in chosen:
            started = time.process_time()
            text, date = extract(sample)
            score.seconds += time.process_time() - started
            judge(score, sample, plain(text), date)
        report(name, score, len(chosen))


if __name__ == "__main__":
    main()
