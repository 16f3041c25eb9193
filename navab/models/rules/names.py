"""Names: the person or body that a stretch of text before or after a reporting verb names."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from navab.models.rules.stance import word_pattern
from navab.text.lexicon import UPPER, Lexicon
from navab.text.phrases import alternation
from navab.text.sentences import Span

_LONGEST_PLAIN_NAME = 12
_LONGEST_NATIVE_NAME = 4
_LONGEST_TITLE = 8
_SHORT_TITLE = 3
_WORD = re.compile(r"\S+")
_INITIAL = re.compile(r"\b\w\.$")


def find_name(text: str, start: int, end: int, lexicon: Lexicon) -> Span | None:
    """Find who is named in text[start:end], titles left out; None if nobody is."""
    if lexicon.spaced:
        return _capitalised_name(text, start, end, lexicon)
    return _plain_name(text, start, end, lexicon)


def is_pronoun(text: str, lexicon: Lexicon) -> bool:
    """Tell whether a stretch of text is just a pronoun."""
    return text.strip(" ,，").lower() in lexicon.speakers.pronouns


def is_description(text: str, lexicon: Lexicon) -> bool:
    """Tell whether somebody is named by an office alone ('the minister')."""
    words = text.strip(" ,").split()
    if len(words) not in (2, 3) or words[0].lower() not in lexicon.determiner_set:
        return False
    return all(_is_title(word, lexicon) for word in words[1:])


def unnamed(text: str, start: int, end: int, lexicon: Lexicon) -> Span | None:
    """Find a speaker without a name, such as 'a young teacher': an indefinite article and what it introduces."""
    rules = lexicon.speakers
    start = end - len(text[start:end].lstrip())
    words = text[start:end].split()
    if not 2 <= len(words) <= _LONGEST_TITLE or words[0] not in rules.indefinites:
        return None
    stop = word_pattern((*lexicon.attribution.scope_stops, *rules.particles), True).search(
        text, start + len(words[0]), end
    )
    found = text[start : stop.start() if stop else end].rstrip(" .")
    return Span(start, start + len(found)) if 2 <= len(found.split()) <= 4 else None


def find_full(text: str, start: int, end: int, lexicon: Lexicon) -> Span | None:
    """Find a name of two words or more."""
    name = _capitalised_name(text, start, end, lexicon)
    return name if name and " " in name.of(text) else None


def full_name(text: str, start: int, end: int, lexicon: Lexicon) -> Span | None:
    """Find a name of two words or more that, but for titles and small words, is all of text[start:end]."""
    name = _capitalised_name(text, start, end, lexicon)
    if name is None or " " not in name.of(text) or text[name.end : end].strip(" ."):
        return None
    before = text[start : name.start].replace("’", "'").split()
    return name if len(before) <= _LONGEST_TITLE and not any(word.endswith((",", ";")) for word in before) else None


@cache
def _name_pattern(lexicon: Lexicon) -> re.Pattern[str]:
    short = "|".join(map(re.escape, lexicon.abbreviations)) or "(?!)"
    word = rf"(?:(?:{short}|[{UPPER}])\.|[{UPPER}][\w’'-]*)"
    link = rf"(?:(?:{'|'.join(map(re.escape, lexicon.speakers.particles)) or '(?!)'})\s+)*"
    return re.compile(rf"(?<![\w’'-]){word}(?:[ \u00a0]{link}{word})*")


@cache
def _title_pattern(titles: tuple[str, ...], spaced: bool) -> re.Pattern[str]:
    """Match a title; in a spaced script also as the last part of a compound (Finanzminister, SPD-Chef)."""
    if not spaced:
        return re.compile(alternation(titles))
    long = alternation((title for title in titles if len(title) > _SHORT_TITLE), any_case=True)
    return re.compile(rf"(?:{alternation(titles, any_case=True)}|[\w-]*{long})(?!\w)\.?")


def _capitalised_name(text: str, start: int, end: int, lexicon: Lexicon) -> Span | None:
    """Prefer the last name of several words, else the last single one, else an institution written small."""
    last = None
    for match in reversed(list(_name_pattern(lexicon).finditer(text, start, end))):
        name = _without_titles(text, Span(*match.span()), lexicon)
        if name and " " in name.of(text):
            return name
        last = last or name
    if last:
        return last
    body = word_pattern(lexicon.speakers.bodies, True).search(text, start, end)
    return Span(*body.span()) if body else None


def _without_titles(text: str, name: Span, lexicon: Lexicon) -> Span | None:
    """Drop leading titles, determiners and words that are no name; None if nothing is left."""
    start, end = name
    words = [m.span() for m in _WORD.finditer(text, start, end)]
    skip = 0
    for index, (left, right) in enumerate(words):
        word = text[left:right]
        if index > skip:
            dropped = word.strip(".").lower() in lexicon.title_set and _is_title(word, lexicon)
        else:
            dropped = _is_no_name(word, lexicon) or _is_title(word, lexicon)
            if not dropped and len(words) > 2:
                dropped = _is_elided_noun(word, lexicon) or (index == 0 and _is_occupation(text, start, word, lexicon))
        if dropped:
            skip = index + 1
    words = words[skip:]
    if not words:
        return None
    start, end = words[0][0], words[-1][1]
    if len(words) > 2 and _follows_particle(text, name.start, lexicon.speakers.particles):
        start = words[-2][0]
    return _checked(text, start, end, lexicon)


def _checked(text: str, start: int, end: int, lexicon: Lexicon) -> Span | None:
    """Refuse words that are no name by themselves."""
    found = text[start:end]
    lower, words = found.lower(), found.split()
    if words[-1] in lexicon.not_name_set or words[0] in lexicon.speakers.particles:
        return None
    common = lower in lexicon.common_set or lower.startswith(lexicon.elided_first_person)
    if len(found) < 2 or common or found.endswith(("'s", "’s")):
        return None
    return Span(start, end - 1 if found.endswith(".") and not _INITIAL.search(found) else end)


def _is_no_name(word: str, lexicon: Lexicon) -> bool:
    return word.lower() in lexicon.determiner_set or word.strip(".") in lexicon.not_name_set


@lru_cache(maxsize=4096)
def _is_title(word: str, lexicon: Lexicon) -> bool:
    """Tell a title, or a compound that ends in one (Finanzminister): only in front, since surnames look the same."""
    return _title_pattern(lexicon.speakers.titles, True).fullmatch(word) is not None


def _is_occupation(text: str, start: int, word: str, lexicon: Lexicon) -> bool:
    """Tell 'die Architektin Eva Brandt', where nouns are written large: the article shows that no name begins."""
    if not lexicon.speakers.large_nouns or word.endswith(("e", "en")):
        return False
    return (text[max(0, start - 24) : start].split() or [""])[-1].lower() in lexicon.determiner_set


def _is_elided_noun(word: str, lexicon: Lexicon) -> bool:
    """Tell a common noun behind a shortened article ('L'avocate')."""
    lower = word.lower().replace("’", "'")
    return any(lower.startswith(d) and word[len(d) : len(d) + 1].islower() for d in lexicon.elided_determiners)


def _follows_particle(text: str, at: int, particles: tuple[str, ...]) -> bool:
    """Tell 'ministre des Outre-mer Annick Girardin': what follows the particle begins with an office's name."""
    before = text[max(0, at - 12) : at].split()
    return bool(before) and before[-1] in particles


def _plain_name(text: str, start: int, end: int, lexicon: Lexicon) -> Span | None:
    """Cut a name out of a script without capitals: after the last title, before words that end a name."""
    rules = lexicon.speakers
    if titled := _name_at_end(text, start, end, lexicon):
        return titled
    stop = word_pattern(lexicon.attribution.scope_stops, False).search(text, start + 1, end)
    end = stop.start() if stop else end
    for match in _title_pattern(rules.titles, False).finditer(text, start, end):
        if match.end() < end:
            start = match.end()
    while start < end and text[start] in " 、”“）（　":
        start += 1
    for title in rules.titles:
        if text.endswith(title, start + 2, end) and end - len(title) - start <= 4 and text[start] in rules.surnames:
            end -= len(title)
    name = text[start:end]
    plain = re.fullmatch(r"[^\W\d_a-zA-Z]{2,}(?:[·－-][^\W\d_]+)*", name)
    if not plain or len(name) > _LONGEST_PLAIN_NAME or name.startswith(rules.not_names):
        return None
    return Span(start, end)


def _name_at_end(text: str, start: int, end: int, lexicon: Lexicon) -> Span | None:
    """Find a title and, between it and the end, nothing but a name that begins with a surname."""
    last = max(
        (m.end() for m in _title_pattern(lexicon.speakers.titles, False).finditer(text, start, end)), default=end
    )
    if not 2 <= end - last <= _LONGEST_NATIVE_NAME or text[last] not in lexicon.speakers.surnames:
        return None
    stopped = word_pattern(lexicon.attribution.scope_stops, False).search(text, last, end)
    return None if stopped else Span(last, end)


def person_in(text: str, start: int, end: int, lexicon: Lexicon) -> Span | None:
    """Find the first full name in a sentence, for a pronoun in the next; None unless it is certain."""
    if not lexicon.spaced:
        return _titled_person(text, start, end, lexicon)
    names = [
        name
        for match in _name_pattern(lexicon).finditer(text, start, end)
        if (name := _without_titles(text, Span(*match.span()), lexicon)) and " " in name.of(text)
    ]
    return names[0] if len({name.of(text) for name in names}) == 1 else None


def _titled_person(text: str, start: int, end: int, lexicon: Lexicon) -> Span | None:
    """Find a surname with one or two more characters behind a title."""
    rules = lexicon.speakers
    for match in _title_pattern(rules.titles, False).finditer(text, start, end):
        at = match.end()
        if at + 2 > end or text[at] not in rules.surnames:
            continue
        short, full = text[at : at + 2], text[at : at + 3]
        longer = at + 3 <= end and text.count(full) == text.count(short) and text.count(full) > 1
        if not longer and not word_pattern(lexicon.attribution.scope_stops, False).match(text, at + 2):
            longer = word_pattern(lexicon.attribution.scope_stops, False).match(text, at + 3) is not None
            if not longer:
                continue
        return Span(at, at + (3 if longer else 2))
    return None
