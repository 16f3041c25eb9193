"""Quotations: who says what, in direct and in indirect speech.

The cues are those of rule-based attribution (Pouliquen et al. 2007; Krestel et al. 2008): a reporting verb,
a name beside it, and quotation marks or a connector that open the content.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from navab.models.rules.names import find_full, find_name, full_name, is_description, is_pronoun, person_in, unnamed
from navab.models.rules.stance import word_pattern
from navab.text.lexicon import Lexicon
from navab.text.sentences import Span

_MASK = "#"
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


@dataclass(frozen=True, slots=True)
class Cue:
    """A reporting verb with the speaker beside it; both lie in the same sentence."""

    verb: Span
    speaker: Span
    inverted: bool


def _end(quote: Span) -> int:
    return quote.end


@dataclass(frozen=True, slots=True)
class Article:
    """An article's text with its sentences, quotations and a copy in which the quotations are masked."""

    text: str
    sentences: list[Span]
    quotes: list[Span]
    masked: str

    @classmethod
    def of(cls, text: str, sentences: list[Span], quotes: list[Span]) -> Article:
        parts, at = [], 0
        for start, end in quotes:
            parts += [text[at : start + 1], _MASK * (end - start - 2)]
            at = end - 1
        return cls(text, sentences, quotes, "".join([*parts, text[at:]]))

    def quotes_in(self, sentence: Span) -> list[Span]:
        """The quotations that lie inside a sentence."""
        first = bisect.bisect_left(self.quotes, (sentence.start, 0))
        return self.quotes[first : bisect.bisect_right(self.quotes, sentence.end, first, key=_end)]


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


def find_cue(article: Article, index: int, lexicon: Lexicon) -> Cue | None:
    """Find the first reporting verb of a sentence that has a speaker beside it."""
    sentence = article.sentences[index]
    rules = lexicon.attribution
    for match in lexicon.reporting_pattern.finditer(article.masked, *sentence):
        verb = Span(*match.span())
        lowered = match.group().lower()
        if lowered in lexicon.inverted_set and (speaker := _antecedent(article, index, lexicon)):
            return Cue(verb, speaker, True)
        if speaker := _before(article, index, verb, lexicon):
            return Cue(verb, speaker, False)
        if lexicon.spaced and (speaker := _after(article, index, verb, lexicon)):
            return Cue(verb, speaker, True)
    if lexicon.spaced and (announced := _announced(article, sentence, lexicon)):
        return announced
    if rules.according_to:
        return _according_to(article, sentence, lexicon)
    return None


def _announced(article: Article, sentence: Span, lexicon: Lexicon) -> Cue | None:
    """Find 'X, member for Y: “...”', a speaker and a colon before a quotation, without a verb."""
    at = bisect.bisect_left(article.quotes, (sentence.start, 0))
    if at == len(article.quotes) or article.quotes[at].end > sentence.end:
        return None
    colon = len(article.masked[: article.quotes[at].start].rstrip()) - 1
    if colon <= sentence.start or article.masked[colon] != ":":
        return None
    comma = article.masked.find(",", sentence.start, colon)
    speaker = full_name(article.text, sentence.start, comma if comma > 0 else colon, lexicon)
    return Cue(Span(colon, colon), speaker, False) if speaker else None


@cache
def _marks(lexicon: Lexicon) -> re.Pattern[str]:
    ends = lexicon.sentence_ends.replace(".", "") if lexicon.spaced else lexicon.sentence_ends
    other = lexicon.clause_marks + "".join(a + b for a, b in lexicon.quotes if a not in "'’")
    return re.compile(rf"[{re.escape(other)}()—–#]|[{re.escape(ends)}](?=\s|$)")


def _before(article: Article, index: int, verb: Span, lexicon: Lexicon) -> Span | None:
    """Find the speaker before a verb, over an apposition between commas."""
    sentence, masked = article.sentences[index], article.masked
    end = verb.start
    head = masked[sentence.start : end].rstrip()
    head = _without_auxiliary(head, lexicon) if lexicon.spaced else head
    if lexicon.spaced and head.endswith(",") and (comma := head.rfind(",", 0, -1)) > 0:
        inner = Span(sentence.start + comma + 1, sentence.start + len(head) - 1)
        if named := full_name(article.text, *inner, lexicon):
            return named
        end = sentence.start + comma
    start = sentence.start
    for mark in _marks(lexicon).finditer(masked, sentence.start, end):
        start = mark.end()
    if lexicon.spaced and len(masked[start:end].split()) > 12:
        return None
    return _speaker(article, index, start, end, lexicon)


def _after(article: Article, index: int, verb: Span, lexicon: Lexicon) -> Span | None:
    """Find the speaker of an inverted reporting clause ('..., said X'), which follows its content."""
    sentence, masked = article.sentences[index], article.masked
    lead = _without_auxiliary(masked[sentence.start : verb.start].rstrip(), lexicon)
    if not lead or (lead[-1] not in ",”“\"»'’!?" and lead[-1] not in lexicon.clause_marks):
        return None
    mark = _marks(lexicon).search(masked, verb.end, sentence.end)
    end = mark.start() if mark else sentence.end
    if mark and mark.group() == ",":
        after = _marks(lexicon).search(masked, mark.end(), sentence.end)
        stop = after.start() if after else len(masked[: sentence.end].rstrip(" ."))
        named = full_name(article.text, mark.end(), stop, lexicon)
        if named and find_full(article.text, verb.end, end, lexicon) is None:
            return named
    if speaker := _speaker(article, index, verb.end, end, lexicon):
        return speaker
    return find_full(article.text, verb.end, end, lexicon) or unnamed(article.text, verb.end, end, lexicon)


def _without_auxiliary(lead: str, lexicon: Lexicon) -> str:
    """Drop the auxiliary of a reporting participle ('a déclaré') from the words before it."""
    words = lead.rsplit(None, 1)
    return words[0].rstrip() if len(words) == 2 and words[1] in lexicon.attribution.auxiliaries else lead


def _speaker(article: Article, index: int, start: int, end: int, lexicon: Lexicon) -> Span | None:
    text = article.text
    if lexicon.spaced:
        start += len(text[start:end]) - len(text[start:end].lstrip())
        connector = lexicon.connector_pattern.match(text, start)
        start = connector.end() if connector and connector.end() < end else start
        start = _over(word_pattern(lexicon.attribution.skips, True), text, start, end)
        stop = word_pattern(lexicon.attribution.scope_stops, True).search(text, start, end)
        end = stop.start() if stop else end
    words = text[start:end].split() if lexicon.spaced else [text[start:end]]
    if words and (is_pronoun(words[0], lexicon) or is_description(text[start:end], lexicon)):
        return _antecedent(article, index, lexicon)
    return find_name(text, start, end, lexicon)


def _over(words: re.Pattern[str], text: str, start: int, end: int) -> int:
    """Step over leading words of a kind."""
    while match := words.match(text, start, end):
        start = match.end() + len(text[match.end() : end]) - len(text[match.end() : end].lstrip())
    return start


def _antecedent(article: Article, index: int, lexicon: Lexicon) -> Span | None:
    """Resolve a pronoun to the speaker or the one full name of the sentences just before, or not at all."""
    for earlier in range(index - 1, max(-1, index - 5), -1):
        sentence = article.sentences[earlier]
        if cue := _own_cue(article, earlier, lexicon):
            return cue.speaker
        if person := person_in(article.text, *sentence, lexicon):
            return person
    return None


def _own_cue(article: Article, index: int, lexicon: Lexicon) -> Cue | None:
    """Find a cue with a named speaker, without resolving pronouns further back."""
    alone = Article(article.text, [article.sentences[index]], [], article.masked)
    return find_cue(alone, 0, lexicon)


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
        lead = _without_auxiliary(text[inside.start : match.start()].rstrip(), lexicon)
        if not lead.endswith((",", "!", "?")):
            continue
        end = re.compile(r"[.,!?]|$").search(text, match.end(), inside.end)
        stop = end.start() if end else inside.end
        verb = Span(*match.span())
        alone = Article(text, article.sentences, [], text)
        named = verb.of(text).lower() in lexicon.inverted_set
        speaker = _antecedent(article, index, lexicon) if named else _after(alone, index, verb, lexicon)
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
        mark = _marks(lexicon).search(masked, before.end(), sentence.end)
        if speaker := find_full(text, before.end(), mark.start() if mark else sentence.end, lexicon):
            return speaker
    for behind in lexicon.source_behind_pattern.finditer(masked, *sentence) if rules.according_behind else ():
        start = max(
            (mark.end() for mark in _marks(lexicon).finditer(masked, sentence.start, behind.start())), default=0
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


def _according_to(article: Article, sentence: Span, lexicon: Lexicon) -> Cue | None:
    """Find 'according to X, ...' at the head of a sentence."""
    match = lexicon.source_pattern.match(article.masked, *sentence)
    comma = article.masked.find(",", sentence.start, sentence.end)
    if not match or comma < 0:
        return None
    speaker = find_name(article.text, match.end(), comma, lexicon)
    return Cue(Span(match.start(), comma), speaker, False) if speaker else None


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
