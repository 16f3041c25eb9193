"""The outlet's own voice: normative sentences of official outlets, outside all reported speech."""

from __future__ import annotations

import bisect
from itertools import takewhile

from navab.models.rules.article import Article
from navab.models.rules.cues import find_cue
from navab.models.rules.names import find_name
from navab.models.rules.stance import find_stance
from navab.models.rules.statements import Candidate
from navab.text.lexicon import Lexicon
from navab.text.sentences import Span

OWN_VOICE_SCORE = 1.0
_LONGEST_TITLE = 8
_SHORTEST_REST = 20
_LONGEST_GROUP = 5


def is_own_voice(article: Article, index: int, lexicon: Lexicon) -> bool:
    """Tell whether a sentence is the outlet's own: nobody speaks in it."""
    sentence = article.sentences[index]
    return find_cue(article, index, lexicon) is None and not _someone_speaks(article.text, sentence, lexicon)


def _someone_speaks(text: str, sentence: Span, lexicon: Lexicon) -> bool:
    """Tell whether a pronoun stands beside a reporting verb: somebody speaks whom the text does not name here."""
    if not lexicon.spaced:
        return False
    pronouns = lexicon.speakers.pronouns
    for verb in lexicon.reporting_pattern.finditer(text, *sentence):
        before = text[sentence.start : verb.start()].split()[-1:]
        after = text[verb.end() : sentence.end].split(None, 1)[:1]
        if any(word.strip(",.").lower() in pronouns for word in before + after):
            return True
    return False


def is_mostly_quoted(article: Article, sentence: Span) -> bool:
    """Tell whether quotations make up more than a third of a sentence."""
    at = bisect.bisect_left(article.quotes, (sentence.start, 0))
    inside = takewhile(lambda quote: quote.start < sentence.end, article.quotes[at:])
    return sum(q.end - q.start for q in inside) * 3 > sentence.end - sentence.start


def may_have_holder(text: str, sentence: Span, lexicon: Lexicon) -> bool:
    """Tell cheaply that a sentence reports nobody's position: most do not."""
    return (
        bool(lexicon.position_pattern.search(text, *sentence)) and find_stance(sentence.of(text), lexicon) is not None
    )


def holder(article: Article, sentence: Span, candidate: Candidate, lexicon: Lexicon) -> Span | None:
    """Find who holds a reported position: the subject of 'X supports ...', where it names somebody."""
    if candidate.stance.group.name not in lexicon.reported_positions:
        return None
    stance = find_stance(sentence.of(article.text), lexicon)
    if stance is None:
        return None
    end = sentence.start + stance.start
    if group := _group(article.text, sentence.start, end, lexicon):
        return group
    name = find_name(article.text, sentence.start, end, lexicon)
    if name and lexicon.speakers.large_nouns and not _is_surely_name(name.of(article.text), lexicon):
        return None
    if name is None or not lexicon.spaced:
        return name
    around = article.text[sentence.start : name.start].split()
    first = article.text[sentence.start : end].split(" ", 1)[0].lower()
    if first in lexicon.leads and (lexicon.verb_second or "," not in article.text[sentence.start : name.start]):
        return None
    if around and around[-1] in lexicon.attribution.scope_stops:
        return None
    rest = article.text[name.end : end]
    if len(around) <= _LONGEST_TITLE and not rest.strip(" ,"):
        return name
    return _institution(article.text, sentence.start, end, rest, lexicon)


def _group(text: str, start: int, end: int, lexicon: Lexicon) -> Span | None:
    """Take a plain plural subject ('The teachers') or an institution for the holder."""
    words = text[start:end].split()
    if not 2 <= len(words) <= _LONGEST_GROUP or words[0].lower() not in lexicon.speakers.plurals:
        return None
    small = all(word.islower() and word.isalpha() for word in words[1:])
    if not small or any(word in lexicon.finite_words or word in lexicon.speakers.vague_groups for word in words[1:]):
        return None
    return Span(text.index(words[1], start), start + len(text[start:end].rstrip()))


def _is_surely_name(name: str, lexicon: Lexicon) -> bool:
    """Tell a name where all nouns are written large: two words, an abbreviation, a country or an institution."""
    known = name in lexicon.countries or name in lexicon.speakers.bodies
    return known or " " in name or sum(map(str.isupper, name)) > 1


def is_slight(candidate: Candidate, lexicon: Lexicon) -> bool:
    """Tell a reported position that says too little by itself, or quotes only some words."""
    after = candidate.text[candidate.stance.end :]
    quoted = any(mark in candidate.text for pair in lexicon.quotes for mark in pair if mark not in "'’")
    return lexicon.spaced and (quoted or len(after.strip()) < _SHORTEST_REST)


def _institution(text: str, start: int, end: int, rest: str, lexicon: Lexicon) -> Span | None:
    """Take a whole subject as a name: an institution's, capitalised at its head and written small behind."""
    words = text[start:end].split()
    small = rest.split()
    if len(words) > _LONGEST_TITLE or "," in rest or not small or small[0] not in lexicon.speakers.particles:
        return None
    head = len(words) - len(small)
    if head > 2 or any(word in lexicon.finite_words for word in small):
        return None
    return Span(start, start + len(text[start:end].rstrip()))
