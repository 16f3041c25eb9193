"""Where a speaker is from: at home, foreign or unknown, from the words that describe them."""

from __future__ import annotations

import re
from functools import cache

from navab.models.responses import SpeakerNation
from navab.nations.registry import Nation
from navab.text.lexicon import Lexicon
from navab.text.sentences import Span

_REACH = 70


def speaker_nation(text: str, speaker: Span, nation: Nation, lexicon: Lexicon) -> SpeakerNation:
    """Judge a speaker's nation by the words around the name where it first occurs, and around this place."""
    home = nation.home_terms.get(lexicon.language, ())
    name = speaker.of(text)
    first = text.find(name.split()[-1] if lexicon.spaced else name)
    places = (speaker.start,) if first in (-1, speaker.start) else (speaker.start, first)
    for place in places:
        description = _description(text, place, place + len(name), lexicon)
        verdict = _judge(description, home, lexicon)
        if verdict != "unknown":
            return verdict
    return "unknown"


def _judge(description: str, home: tuple[str, ...], lexicon: Lexicon) -> SpeakerNation:
    at_home = _terms(home, lexicon.spaced).search(description)
    abroad = _terms(tuple(c for c in lexicon.countries if c not in home), lexicon.spaced).search(description)
    if at_home and abroad and at_home.group() in lexicon.countries:
        return "home" if at_home.start() <= abroad.start() and at_home.end() >= abroad.end() else "unknown"
    if abroad:
        return "foreign"
    if at_home or _terms(lexicon.speakers.national_titles, lexicon.spaced).search(description):
        return "home"
    return "unknown"


@cache
def _terms(words: tuple[str, ...], spaced: bool) -> re.Pattern[str]:
    body = "|".join(map(re.escape, sorted(words, key=len, reverse=True))) or "(?!)"
    return re.compile(rf"(?<!\w)(?:{body})(?!\w)" if spaced else body)


def _description(text: str, start: int, end: int, lexicon: Lexicon) -> str:
    """Take the words before a name back to a mark, the name, and an apposition behind it."""
    marks = re.escape(lexicon.clause_marks + lexicon.sentence_ends)
    reach = text[max(0, start - _REACH) : start]
    parts = re.split(rf"[{marks}\n“”\"«»]", reach)
    over_comma = len(parts) > 1 and not parts[-1].strip() and reach.rstrip()[-1:] in lexicon.clause_marks
    before = parts[-2] if over_comma else parts[-1]
    behind = text[end : end + _REACH]
    apposition = re.match(r"\s*(?:,\s*([^,.\n“”\"«»]+),|\(([^)]+)\)|（([^）]+)）)", behind)
    return before + text[start:end] + (apposition.group() if apposition else "")
