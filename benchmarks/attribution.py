"""Figure 1 of issue 6: the rules' statements and quotations against people's annotation of who says what.

python -m benchmarks.attribution               about 2 minutes; needs ../shared/data, and reports the reported half
python -m benchmarks.attribution --tuning      the other half, on which the rules' data files may be tuned

Articles are split in halves by a hash of their id. A *statement* (what the engine returns) overlaps an attribution if
its evidence shares characters with the attribution's content. Its speaker is right if the last word of one of the two
names is a word of the other; attributions to a pronoun ("he") tell nothing of that and are left out. For recall, a
*quotation* is whatever the rules take for speech in any sentence, value statement or not; an attribution with a named
source is found if such a quotation shares at least half of the shorter one's characters. A source is named if it holds
a word written large that is no pronoun, article or title alone; in German, where all nouns are written large, two such
words in a row, one without an article before it, or an acronym. Beside them textacy's direct quotations (English only).
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import xxhash

from benchmarks.support.measure import line
from benchmarks.support.textacy_peer import quotations_by_textacy
from navab.models.rules.article import Article
from navab.models.rules.engine import extract
from navab.models.rules.quotations import quotations
from navab.nations.registry import Registry
from navab.text.lexicon import Lexicon, load_lexicon
from navab.text.sentences import Span, find_quotes, split_sentences

DATA = Path("../shared/data/attribution/attributions.jsonl.gz")
LEAST_FOUND = {"de": 0.35, "en": 0.30}
NATIONS = {"de": "de", "en": "us"}
_WORD = re.compile(r"\w[\w'’.-]*")
_NO_NAMES = """
he she they it we i you who which that this these those his her their the a an some many others one mr mrs ms dr
er sie es wir ich man wer der die das dies dieser diese dem den des ein eine einer demnach so laut nach
"""
_UNNAMED = frozenset(_NO_NAMES.split())


@dataclass(frozen=True, slots=True)
class Said:
    """Some stretches of a text, and who says them."""

    spans: tuple[Span, ...]
    speaker: str

    @property
    def length(self) -> int:
        return sum(span.end - span.start for span in self.spans)

    def shares(self, other: Said) -> int:
        """Characters that both hold."""
        return sum(max(0, min(a.end, b.end) - max(a.start, b.start)) for a in self.spans for b in other.spans)


@dataclass(slots=True)
class Counts:
    """What was found in some articles."""

    statements: int = 0
    overlapping: int = 0
    judged: int = 0
    right: int = 0
    named: int = 0
    found: int = 0
    found_right: int = 0
    quotations: int = 0
    said: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tuning", action="store_true", help="the half on which data files may be tuned")
    parser.add_argument("--without-textacy", action="store_true")
    arguments = parser.parse_args()
    total = Counts()
    for language in ("de", "en"):
        articles = [row for row in _articles(language) if is_reported(row["id"]) != arguments.tuning]
        own = _measure(articles, language)
        print(f"{language}: {len(articles)} articles, {own.statements} statements, {own.named} attributions to a name")
        _add(total, own)
        line(f"{language}: attributions to a name found", own.found / own.named, LEAST_FOUND[language], least=True)
        print(f"    of these the speaker is right: {own.found_right / max(1, own.found):.3f}")
        print(f"    quotations that overlap an attribution: {own.said / own.quotations:.3f} of {own.quotations}")
        print(f"    statements: overlap {own.overlapping / own.statements:.3f}, speaker {own.right / own.judged:.3f}")
        if language == "en" and not arguments.without_textacy:
            _beside(articles)
    line("statements that overlap an attribution", total.overlapping / total.statements, 0.80, least=True)
    line("of these the speaker is right", total.right / total.judged, 0.85, least=True)


def is_reported(article_id: str) -> bool:
    """Whether an article is of the half that is reported."""
    return xxhash.xxh3_64_intdigest(article_id.encode()) % 2 == 1


def _articles(language: str) -> list[dict[str, Any]]:
    with gzip.open(DATA, "rt", encoding="utf-8") as lines:
        rows = [json.loads(one) for one in lines]
    return [row for row in rows if row["language"] == language]


def _measure(articles: Sequence[dict[str, Any]], language: str) -> Counts:
    nation, counts = Registry.bundled().get(NATIONS[language]), Counts()
    lexicon = load_lexicon(language)
    for row in articles:
        text, gold = row["raw_text"], list(_gold(row))
        for one in extract(text, nation, lexicon, official=False).statements:
            at = text.find(one.evidence)
            statement = Said((Span(at, at + len(one.evidence)),), one.speaker or "")
            _judge_statement(statement, gold, counts)
        _judge_recall(list(_quotations(text, lexicon)), gold, language, counts)
    return counts


def _gold(row: dict[str, Any]) -> Iterator[Said]:
    for one in row["attributions"]:
        spans = tuple(Span(*span) for part in one["content_spans"] for span in part)
        if spans:
            yield Said(spans, " ".join(one["source"]).strip())


def _quotations(text: str, lexicon: Lexicon) -> Iterator[Said]:
    """Whatever the rules take for speech, in every sentence."""
    quotes = find_quotes(text, lexicon)
    article = Article.of(text, split_sentences(text, lexicon, quotes), quotes)
    for index in range(len(article.sentences)):
        for one in quotations(article, index, lexicon):
            yield Said((one.content,), one.speaker.of(text))


def _judge_statement(statement: Said, gold: Sequence[Said], counts: Counts) -> None:
    counts.statements += 1
    shared = [(statement.shares(one), one) for one in gold]
    overlapping = [one for length, one in shared if length > 0]
    counts.overlapping += bool(overlapping)
    sources = [one.speaker for one in overlapping if _words(one.speaker)]
    if sources:
        counts.judged += 1
        counts.right += any(is_same(statement.speaker, source) for source in sources)


def _judge_recall(own: Sequence[Said], gold: Sequence[Said], language: str, counts: Counts) -> None:
    counts.quotations += len(own)
    counts.said += sum(any(said.shares(one) for one in gold) for said in own)
    for one in gold:
        if not is_named(one.speaker, language):
            continue
        counts.named += 1
        hits = [said for said in own if 2 * said.shares(one) >= min(said.length, one.length) > 0]
        counts.found += bool(hits)
        counts.found_right += any(is_same(said.speaker, one.speaker) for said in hits)


def is_same(name: str, other: str) -> bool:
    """Whether the last word of one name is a word of the other."""
    left, right = _words(name), _words(other)
    return bool(left and right) and (left[-1] in right or right[-1] in left)


def _words(name: str) -> list[str]:
    """Words of a name in small letters, without pronouns and articles."""
    words = (re.sub(r"['’]s$|\.$", "", word.casefold()) for word in _WORD.findall(name))
    return [word for word in words if word not in _UNNAMED]


def is_named(source: str, language: str) -> bool:
    """Whether a source is a name, not a pronoun or a description."""
    words = _WORD.findall(source)
    large = [word[:1].isupper() and word.casefold() not in _UNNAMED for word in words]
    if language != "de":
        return any(large)
    acronym = any(word.isupper() and len(word) > 1 for word in words)
    in_a_row = any(one and next_one for one, next_one in pairwise(large))
    return acronym or in_a_row or large == [True]


def _beside(articles: Sequence[dict[str, Any]]) -> None:
    """The same attributions against textacy's direct quotations."""
    found = quotations_by_textacy([row["raw_text"] for row in articles])
    counts = Counts()
    for row, own in zip(articles, found, strict=True):
        said = [Said((Span(start, end),), speaker) for start, end, speaker in own]
        gold = list(_gold(row))
        for one in said:
            _judge_statement(one, gold, counts)
        _judge_recall(said, gold, "en", counts)
    share = counts.overlapping / counts.statements
    print(f"    textacy: {counts.statements} direct quotations, of which {share:.3f} overlap an attribution;")
    print(f"    speaker right {counts.right / counts.judged:.3f}, found {counts.found / counts.named:.3f}")


def _add(total: Counts, own: Counts) -> None:
    for name in Counts.__slots__:
        setattr(total, name, getattr(total, name) + getattr(own, name))


if __name__ == "__main__":
    main()
