"""Quotations: who says what, in direct and in indirect speech, by the cues of an article's sentences."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass

from navab.models.rules.article import Article
from navab.models.rules.cues import Cue, antecedent, clause_ends, find_cue, speaker_behind, without_auxiliary
from navab.models.rules.names import find_full
from navab.text.lexicon import Lexicon
from navab.text.sentences import Span

_SHORTEST_QUOTE_WORDS = 4
_CLAUSE_REACH = 80  # characters between a reporting verb and the comma before its content


@dataclass(frozen=True, slots=True)
class Quotation:
    """A stretch of an article that somebody says.

    `verb_final` content needs its word order restored. Of `doubtful` ones no statement can be made: what tells the
    speaker is not sure enough, or part of the content.
    """

    content: Span
    evidence: Span
    speaker: Span
    direct: bool
    verb_final: bool = False
    doubtful: bool = False


def quotations(article: Article, index: int, lexicon: Lexicon) -> Iterator[Quotation]:
    """Find what is said in one sentence of an article, direct speech first."""
    sentence = article.sentences[index]
    spoken = [q for q in article.quotes_in(sentence) if _is_speech(article.text, q, lexicon)]
    cue = find_cue(article, index, lexicon)
    if spoken and cue is None and (inserted := _inserted(article, index, spoken[0], lexicon)):
        yield from inserted
        return
    if spoken and cue is None:
        cue = _continued(article, index, spoken, lexicon)
    if cue is None:
        if lexicon.attribution.continues and (speaker := _same_paragraph(article, index, lexicon)):
            yield Quotation(sentence, sentence, speaker, False)
        elif speaker := _source_inside(article, sentence, lexicon):
            yield Quotation(sentence, sentence, speaker, False, doubtful=True)
        elif speaker := _free_indirect(article, index, lexicon):
            yield Quotation(sentence, sentence, speaker, False, doubtful=not _is_full(article.text, speaker))
        return
    doubtful = cue.verb.of(article.text).lower() in lexicon.wider_set and not _is_full(article.text, cue.speaker)
    for quote in spoken:
        content = Span(quote.start + 1, quote.end - 1)
        yield Quotation(content, sentence, cue.speaker, True, doubtful=doubtful)
    if not spoken and (content_at := _indirect(article, sentence, cue, lexicon)):
        content, verb_final = content_at
        yield Quotation(content, sentence, cue.speaker, False, verb_final, doubtful)


def _is_full(text: str, speaker: Span) -> bool:
    """Tell a name of several words, which hardly anything else is taken for."""
    return speaker.of(text).count(" ") > 0


def _is_speech(text: str, quote: Span, lexicon: Lexicon) -> bool:
    """Tell speech from a term in quotation marks: it is long enough to be a sentence."""
    inner = text[quote.start + 1 : quote.end - 1]
    if lexicon.spaced:
        partial = inner[:1].islower() and text[max(0, quote.start - 2) : quote.start].strip()[-1:] not in (",", ":", "")
        return inner.count(" ") + 1 >= _SHORTEST_QUOTE_WORDS and not partial
    return text[quote.start - 1 : quote.start] in lexicon.attribution.separators and quote.start > 0


def _continued(article: Article, index: int, spoken: list[Span], lexicon: Lexicon) -> Cue | None:
    """A sentence that is nothing but a quotation goes on with the speaker of the quotation before it."""
    sentence = article.sentences[index]
    if index == 0 or spoken[0].start != sentence.start or sentence.end - spoken[-1].end > 1:
        return None
    for earlier in range(index - 1, max(-1, index - 5), -1):
        before = article.sentences[earlier]
        if cue := find_cue(article, earlier, lexicon):
            return cue
        if not _is_quote(article, before):
            return None
    return None


def _inserted(article: Article, index: int, quote: Span, lexicon: Lexicon) -> list[Quotation]:
    """Find a reporting clause inside the quotation marks ('«A, says X. B»'): what lies around it is said."""
    text, inside = article.text, Span(quote.start + 1, quote.end - 1)
    for match in lexicon.reporting_pattern.finditer(text, *inside):
        lead = without_auxiliary(text[inside.start : match.start()].rstrip(), lexicon)
        if not lead.endswith((",", "!", "?")):
            continue
        end = re.compile(r"[.,!?]|$").search(text, match.end(), inside.end)
        stop = end.start() if end else inside.end
        verb = Span(*match.span())
        alone = Article(text, article.sentences, [], text)
        named = verb.of(text).lower() in lexicon.inverted_set
        speaker = antecedent(article, index, lexicon) if named else speaker_behind(alone, index, verb, lexicon)
        if speaker is None:
            continue
        parts = (Span(inside.start, inside.start + len(lead)), Span(stop, inside.end))
        return [Quotation(part, article.sentences[index], speaker, True) for part in parts if part.end - part.start > 1]
    return []


def _is_quote(article: Article, sentence: Span) -> bool:
    """Tell whether a sentence is nothing but a quotation."""
    at = bisect.bisect_left(article.quotes, (sentence.start, 0))
    return at < len(article.quotes) and article.quotes[at].start == sentence.start


def _same_paragraph(article: Article, index: int, lexicon: Lexicon) -> Span | None:
    """A norm without a subject goes on with the reported speech before it, up to the line's beginning."""
    sentence = article.sentences[index]
    marker = lexicon.stance_pattern.match(article.text, *sentence)
    if not marker or marker.group() in lexicon.decoy_set:
        return None
    for earlier in range(index - 1, max(-1, index - 9), -1):
        if "\n" in article.text[article.sentences[earlier].end : sentence.start]:
            return None
        if cue := find_cue(article, earlier, lexicon):
            return cue.speaker
    return None


def _source_inside(article: Article, sentence: Span, lexicon: Lexicon) -> Span | None:
    """Find a source that a sentence names by the way ('..., laut X', 'X zufolge ...')."""
    masked, text = article.masked, article.text
    rules = lexicon.attribution
    for before in lexicon.source_pattern.finditer(masked, *sentence) if rules.sources_inside else ():
        mark = clause_ends(lexicon).search(masked, before.end(), sentence.end)
        if speaker := find_full(text, before.end(), mark.start() if mark else sentence.end, lexicon):
            return speaker
    for behind in lexicon.source_behind_pattern.finditer(masked, *sentence) if rules.according_behind else ():
        start = max(
            (mark.end() for mark in clause_ends(lexicon).finditer(masked, sentence.start, behind.start())), default=0
        )
        if speaker := find_full(text, max(start, sentence.start), behind.start(), lexicon):
            return speaker
    return None


def _free_indirect(article: Article, index: int, lexicon: Lexicon) -> Span | None:
    """A sentence in reported mood without a speaker of its own goes on with that of the sentences before it."""
    if not lexicon.mood_pattern.search(article.masked, *article.sentences[index]):
        return None
    for earlier in range(index - 1, max(-1, index - 6), -1):
        if cue := find_cue(article, earlier, lexicon):
            return cue.speaker
        if not lexicon.mood_pattern.search(article.masked, *article.sentences[earlier]):
            return None
    return None


def _indirect(article: Article, sentence: Span, cue: Cue, lexicon: Lexicon) -> tuple[Span, bool] | None:
    """Find the content of indirect speech: behind the verb, or before an inverted reporting clause."""
    rules, text = lexicon.attribution, article.text
    if cue.inverted:
        content = Span(sentence.start, cue.verb.start)
        return (content, False) if rules.trailing and content.of(text).strip(" ,") else None
    at = cue.verb.end
    connector = lexicon.content_pattern.search(text, at, min(at + 80, sentence.end))
    if connector:
        return Span(connector.end(), sentence.end), rules.verb_final
    head = text[at : at + 2].lstrip(" ")
    if head.startswith(rules.separators):
        return Span(at + len(text[at : at + 2]) - len(head) + 1, sentence.end), False
    clause = _next_clause(article, at, sentence.end, lexicon)
    if clause is not None:
        return clause, False
    trailing = article.masked[sentence.start : cue.speaker.start].rstrip()
    if rules.trailing and trailing.endswith(",") and not text[at : sentence.end].strip(" ."):
        return Span(sentence.start, sentence.start + len(trailing) - 1), False
    return (Span(at, sentence.end), False) if rules.bare or cue.verb.of(text).endswith(",") else None


def _next_clause(article: Article, start: int, end: int, lexicon: Lexicon) -> Span | None:
    """Content behind the next comma, if it stands in reported mood ('sagte am Montag, das Land müsse ...')."""
    comma = article.masked.find(",", start, min(start + _CLAUSE_REACH, end))
    if comma < 0 or not lexicon.mood_pattern.search(article.masked, comma, end):
        return None
    return Span(comma + 1, end)
