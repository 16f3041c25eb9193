"""Cues: a reporting verb, or what stands for one, with the speaker beside it.

The cues are those of rule-based attribution (Pouliquen et al. 2007; Krestel et al. 2008): a reporting verb,
a name beside it, and quotation marks or a connector that open the content.
"""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass
from functools import cache

from navab.models.rules.article import Article
from navab.models.rules.names import find_full, find_name, full_name, is_description, is_pronoun, person_in, unnamed
from navab.models.rules.stance import word_pattern
from navab.text.lexicon import Lexicon
from navab.text.sentences import Span


@dataclass(frozen=True, slots=True)
class Cue:
    """A reporting verb with the speaker beside it; both lie in the same sentence."""

    verb: Span
    speaker: Span
    inverted: bool


def find_cue(article: Article, index: int, lexicon: Lexicon) -> Cue | None:
    """Find the first reporting verb of a sentence that has a speaker beside it."""
    sentence = article.sentences[index]
    rules = lexicon.attribution
    for match in lexicon.reporting_pattern.finditer(article.masked, *sentence):
        verb = Span(*match.span())
        lowered = match.group().lower()
        if lowered in lexicon.inverted_set and (speaker := antecedent(article, index, lexicon)):
            return Cue(verb, speaker, True)
        if speaker := _speaker_before(article, index, verb, lexicon):
            return Cue(verb, speaker, False)
        if lexicon.spaced and (speaker := speaker_behind(article, index, verb, lexicon)):
            return Cue(verb, speaker, True)
    if lexicon.spaced and (announced := _announced(article, sentence, lexicon)):
        return announced
    if rules.according_to:
        return _according_to(article, sentence, lexicon)
    return None


def antecedent(article: Article, index: int, lexicon: Lexicon) -> Span | None:
    """Resolve a pronoun to the speaker or the one full name of the sentences just before, or not at all."""
    for earlier in range(index - 1, max(-1, index - 5), -1):
        sentence = article.sentences[earlier]
        if cue := _own_cue(article, earlier, lexicon):
            return cue.speaker
        if person := person_in(article.text, *sentence, lexicon):
            return person
    return None


def speaker_behind(article: Article, index: int, verb: Span, lexicon: Lexicon) -> Span | None:
    """Find the speaker of an inverted reporting clause ('..., said X'), which follows its content."""
    sentence, masked = article.sentences[index], article.masked
    lead = without_auxiliary(masked[sentence.start : verb.start].rstrip(), lexicon)
    if not lead or (lead[-1] not in ",”“\"»'’!?" and lead[-1] not in lexicon.clause_marks):
        return None
    mark = clause_ends(lexicon).search(masked, verb.end, sentence.end)
    end = mark.start() if mark else sentence.end
    if mark and mark.group() == ",":
        after = clause_ends(lexicon).search(masked, mark.end(), sentence.end)
        stop = after.start() if after else len(masked[: sentence.end].rstrip(" ."))
        named = full_name(article.text, mark.end(), stop, lexicon)
        if named and find_full(article.text, verb.end, end, lexicon) is None:
            return named
    if speaker := _speaker(article, index, verb.end, end, lexicon):
        return speaker
    return find_full(article.text, verb.end, end, lexicon) or unnamed(article.text, verb.end, end, lexicon)


def without_auxiliary(lead: str, lexicon: Lexicon) -> str:
    """Drop the auxiliary of a reporting participle ('a déclaré') from the words before it."""
    words = lead.rsplit(None, 1)
    return words[0].rstrip() if len(words) == 2 and words[1] in lexicon.attribution.auxiliaries else lead


@cache
def clause_ends(lexicon: Lexicon) -> re.Pattern[str]:
    """Marks at which a clause ends, quotation marks included."""
    ends = lexicon.sentence_ends.replace(".", "") if lexicon.spaced else lexicon.sentence_ends
    other = lexicon.clause_marks + "".join(a + b for a, b in lexicon.quotes if a not in "'’")
    return re.compile(rf"[{re.escape(other)}()—–#]|[{re.escape(ends)}](?=\s|$)")


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


def _speaker_before(article: Article, index: int, verb: Span, lexicon: Lexicon) -> Span | None:
    """Find the speaker before a verb, over an apposition between commas."""
    sentence, masked = article.sentences[index], article.masked
    end = verb.start
    head = masked[sentence.start : end].rstrip()
    head = without_auxiliary(head, lexicon) if lexicon.spaced else head
    if lexicon.spaced and head.endswith(",") and (comma := head.rfind(",", 0, -1)) > 0:
        inner = Span(sentence.start + comma + 1, sentence.start + len(head) - 1)
        if named := full_name(article.text, *inner, lexicon):
            return named
        end = sentence.start + comma
    start = sentence.start
    for mark in clause_ends(lexicon).finditer(masked, sentence.start, end):
        start = mark.end()
    if lexicon.spaced and len(masked[start:end].split()) > 12:
        return None
    return _speaker(article, index, start, end, lexicon)


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
        return antecedent(article, index, lexicon)
    return find_name(text, start, end, lexicon)


def _over(words: re.Pattern[str], text: str, start: int, end: int) -> int:
    """Step over leading words of a kind."""
    while match := words.match(text, start, end):
        start = match.end() + len(text[match.end() : end]) - len(text[match.end() : end].lstrip())
    return start


def _own_cue(article: Article, index: int, lexicon: Lexicon) -> Cue | None:
    """Find a cue with a named speaker, without resolving pronouns further back."""
    alone = Article(article.text, [article.sentences[index]], [], article.masked)
    return find_cue(alone, 0, lexicon)


def _according_to(article: Article, sentence: Span, lexicon: Lexicon) -> Cue | None:
    """Find 'according to X, ...' at the head of a sentence."""
    match = lexicon.source_pattern.match(article.masked, *sentence)
    comma = article.masked.find(",", sentence.start, sentence.end)
    if not match or comma < 0:
        return None
    speaker = find_name(article.text, match.end(), comma, lexicon)
    return Cue(Span(match.start(), comma), speaker, False) if speaker else None
