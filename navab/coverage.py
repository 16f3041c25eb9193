"""What is missing for a nation: its file, its lexicons, its embedder, and what a sample of its articles shows.

Reads the nation's data and the configured sources, not the lake: a new country is checked before its first run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from navab.configuration import Configuration
from navab.errors import ConfigurationError
from navab.lake.schema import load_schema
from navab.lake.storage import Storage
from navab.models.embedder import Embedders, covered_languages
from navab.models.rules.engine import extract, make_triple
from navab.nations.registry import Nation, Registry
from navab.options.topics import EmbedderSection
from navab.stages.articles import ReadFile, list_sources, storage_options
from navab.stages.base import Unit
from navab.stages.embeddings import lead
from navab.text.lexicon import Lexicon
from navab.text.sentences import find_quotes, split_sentences
from navab.topics.sensitivity import build_screen, value_areas

State = Literal["good", "weak", "missing"]
ESSENTIAL = ("stances", "attribution.verbs", "question", "value_words", "negators", "stopwords")
_ARTICLES = 200  # of the sample
_FILES = 40  # that are opened for it
_BATCHES = 5  # of records that are read of a file
_EMBEDDED = 40
_EXAMPLES = 3
_OUTLETS = 8
_FEW_STATEMENTS = 0.1  # share of articles with a statement below which a lexicon is weak
_ALIKE = 0.85  # mean cosine of different articles above which an embedder does not tell them apart


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, with examples."""

    subject: str
    state: State
    text: str
    examples: tuple[str, ...] = ()


def check_nation(code: str, configuration: Configuration, registry: Registry) -> list[Finding]:
    """Look at all that a nation needs; raises ConfigurationError if it is unknown."""
    nation = registry.get(code)
    findings = [*_data(nation), *_lexicons(nation), *_embedder(nation, configuration.embedder)]
    if not configuration.sources:
        return [*findings, Finding("articles", "missing", "no `sources` are configured: no article was looked at")]
    records = _sample(nation, configuration, registry)
    return [*findings, *_articles(nation, records), *_read_by(nation, records, configuration.embedder)]


def _sample(nation: Nation, configuration: Configuration, registry: Registry) -> pl.DataFrame:
    """Records of a nation from the beginnings of configured files, evenly, judged as the stage `articles` does."""
    read = ReadFile(configuration, registry)
    storage = Storage(configuration.lake, storage_options(configuration))
    files = [file for file in list_sources(configuration, registry) if file.source.nation in (None, nation.code)]
    found = [load_schema("articles").arrow.empty_table()]
    some = files[:: -(-len(files) // _FILES) or 1]
    share = -(-_ARTICLES // max(len(some), 1))
    for file in some:
        pending = pl.DataFrame({"uri": [file.uri], "fingerprint": [0]})
        facts = {"file": file, "name": file.name, "generation": 0, "done": frozenset()}
        wanted = share
        for output in islice(read(Unit("sample", None, pending, facts=facts), storage), _BATCHES):
            if output.table == "articles":
                own = output.rows.filter(pc.equal(output.rows["nation"], nation.code)).slice(0, wanted)
                found.append(own)
                wanted -= own.num_rows
            if not wanted:
                break
    return pl.DataFrame(pa.concat_tables(found).slice(0, _ARTICLES))


def _data(nation: Nation) -> Iterator[Finding]:
    outlets = ", ".join(outlet.name for outlet in nation.official_sources)
    if outlets:
        yield Finding("official sources", "good", outlets)
    else:
        yield Finding(
            "official sources", "missing", "`official_sources` is empty: nobody speaks in the outlet's own voice"
        )
    without = [language for language in nation.languages if not nation.home_terms.get(language)]
    if without:
        text = f"`home_terms` has no words for {', '.join(without)}: speakers' nations stay unknown there"
        yield Finding("home terms", "missing", text)
    else:
        yield Finding(
            "home terms", "good", ", ".join(f"{key} {len(terms)}" for key, terms in nation.home_terms.items())
        )


def _lexicons(nation: Nation) -> Iterator[Finding]:
    for language in nation.languages:
        subject = f"lexicon {language}"
        try:
            lexicon = nation.lexicon(language)
        except ConfigurationError as error:
            yield Finding(subject, "missing", f"{error}; `navab nations new {nation.code}` writes a template")
            continue
        empty = [name for name in ESSENTIAL if not _field(lexicon, name)]
        forms = sum(len(group.affirmative) + len(group.negative) for group in lexicon.stances)
        text = f"{forms:,} stance forms, {len(lexicon.attribution.verbs):,} reporting verbs"
        clash = sorted(set(lexicon.stopwords) & set(lexicon.negators))
        if empty:
            yield Finding(subject, "missing", f"nothing in {', '.join(f'`{name}`' for name in empty)}")
        elif clash:
            yield Finding(subject, "weak", "words in `stopwords` and in `negators`: they do not negate", tuple(clash))
        else:
            yield Finding(subject, "good", text)


def _field(lexicon: Lexicon, path: str) -> Any:
    value: Any = lexicon
    for name in path.split("."):
        value = getattr(value, name)
    return value


def _embedder(nation: Nation, default: EmbedderSection) -> Iterator[Finding]:
    options = Embedders.configured(default, [nation]).of(nation.code)
    name = options.model or options.kind
    known = covered_languages(options)
    if known is None:
        yield Finding("embedder", "good", f"{name}: its languages are not declared, see the examples below")
        return
    unknown = [language for language in nation.languages if language not in known]
    if unknown:
        advice = "set `embedder.kind: sentence-transformers` and a model, or the nation's `models.embedder`"
        yield Finding("embedder", "missing", f"{name} does not know {', '.join(unknown)}: {advice}")
    else:
        yield Finding("embedder", "good", f"{name} knows {', '.join(nation.languages)}")


def _articles(nation: Nation, records: pl.DataFrame) -> Iterator[Finding]:
    """What the crawl holds of the nation, and from whom."""
    if records.is_empty():
        yield Finding("articles", "missing", "no record of the configured sources belongs to this nation")
        return
    accepted = records.filter(pl.col("rejected_reason").is_null())
    reasons = _counts(records["rejected_reason"].drop_nulls())
    text = f"{accepted.height:,} of {records.height:,} records accepted"
    yield Finding("articles", "good" if accepted.height else "missing", text, tuple(reasons))
    foreign = records.filter(pl.col("rejected_reason") == "other_language")
    if foreign.height:
        yield Finding(
            "languages",
            "weak",
            "articles in languages that the nation does not list",
            tuple(_counts(foreign["language"])),
        )
    official = accepted.filter(pl.col("official"))
    seen = set(official["source"].drop_nulls())
    outlets = Counter(accepted["source"].drop_nulls().to_list()).most_common(_OUTLETS)
    yield Finding(
        "outlets",
        "good" if official.height else "weak",
        f"{official.height:,} articles of official sources",
        tuple(f"{name} {count:,}{' (official)' if name in seen else ''}" for name, count in outlets),
    )
    heard = {name.casefold() for name in seen}
    unheard = tuple(
        outlet.name
        for outlet in nation.official_sources
        if heard.isdisjoint(name.casefold() for name in (outlet.name, *outlet.aliases))
    )
    if unheard:
        yield Finding("outlets", "weak", "official sources without an article in this sample", unheard)


def _read_by(nation: Nation, records: pl.DataFrame, default: EmbedderSection) -> Iterator[Finding]:
    """How well lexicons and embedder read the accepted articles."""
    if records.is_empty():
        return
    accepted = records.filter(pl.col("rejected_reason").is_null())
    for language in nation.languages:
        rows = accepted.filter(pl.col("language") == language)
        if rows.is_empty():
            yield Finding(f"articles in {language}", "weak", "none in this sample")
            continue
        try:
            lexicon = nation.lexicon(language)
        except ConfigurationError:
            continue
        yield from _read_by_lexicon(nation, language, lexicon, rows)
        yield from _told_apart(nation, language, rows, Embedders.configured(default, [nation]))


def _read_by_lexicon(nation: Nation, language: str, lexicon: Lexicon, rows: pl.DataFrame) -> Iterator[Finding]:
    texts = rows["text"].to_list()
    marked = sum(bool(lexicon.promising_pattern.search(text)) for text in texts)
    reported = sum(bool(lexicon.reporting_pattern.search(text)) for text in texts)
    found = [
        extract(text, nation, lexicon, bool(official)).statements
        for text, official in rows.select("text", "official").iter_rows()
    ]
    with_statement = sum(bool(statements) for statements in found)
    statements = [statement.text for group in found for statement in group]
    triples = {text: make_triple(text, lexicon) for text in statements}
    made = {text: triple for text, triple in triples.items() if triple is not None}
    share = with_statement / len(texts)
    yield Finding(
        f"statements in {language}",
        "good" if share >= _FEW_STATEMENTS else "weak",
        f"{with_statement:,} of {len(texts):,} articles give one ({marked:,} hold a stance marker, {reported:,} a "
        f"reporting verb); {len(made):,} of {len(triples):,} statements become triples",
        tuple(
            f"{triple.question} {text} | {triple.reversed_statement}" for text, triple in list(made.items())[:_EXAMPLES]
        ),
    )
    unknown = _counts(pl.Series(list(_unknown_verbs(texts, lexicon)), dtype=pl.String))
    if unknown:
        yield Finding(
            f"reporting verbs in {language}",
            "weak",
            "words behind quotations that the lexicon does not have",
            tuple(unknown),
        )


def _unknown_verbs(texts: Iterable[str], lexicon: Lexicon) -> Iterator[str]:
    """Words right behind a quotation in sentences without a reporting verb."""
    for text in texts:
        quotes = find_quotes(text, lexicon)
        for sentence in split_sentences(text, lexicon, quotes):
            ends = [quote.end for quote in quotes if sentence.start <= quote.start and quote.end < sentence.end]
            if not ends or lexicon.reporting_pattern.search(text, *sentence):
                continue
            behind = (
                text[ends[-1] : sentence.end].strip(lexicon.clause_marks + lexicon.sentence_ends + " –—-").split(" ")
            )
            if behind[0].isalpha() and behind[0].islower():
                yield behind[0]


def _told_apart(nation: Nation, language: str, rows: pl.DataFrame, embedders: Embedders) -> Iterator[Finding]:
    """Whether the embedder tells articles of the language apart, and which value area it finds for some."""
    chosen = rows.unique("content_hash", maintain_order=True).head(_EMBEDDED)
    if chosen.height < 2:
        return
    chars = embedders.of(nation.code).lead_chars
    embedder = embedders.load(nation.code)
    vectors = embedder.encode([lead(title, text, chars) for title, text in chosen.select("title", "text").iter_rows()])
    alike = float((np.square(vectors.sum(axis=0)).sum() - len(vectors)) / (len(vectors) * (len(vectors) - 1)))
    sensitivity, areas = build_screen(value_areas(), embedder).score(vectors)
    order = np.argsort(-sensitivity)[:_EXAMPLES].tolist()
    examples = tuple(
        f"{chosen['title'][i] or chosen['text'][i][:60]} | {areas[i]} {sensitivity[i]:+.2f}" for i in order
    )
    state: State = "good" if alike < _ALIKE else "weak"
    yield Finding(
        f"vectors in {language}", state, f"mean cosine of {len(vectors)} different articles {alike:.2f}", examples
    )


def _counts(values: pl.Series) -> list[str]:
    """The most frequent values with their counts."""
    return [f"{value} {count:,}" for value, count in Counter(values.to_list()).most_common(_OUTLETS)]
