"""Where a speaker is from: at home, foreign or unknown, from the words that describe them."""

from __future__ import annotations

import re
from functools import cache

from navab.models.responses import SpeakerNation
from navab.nations.registry import Nation
from navab.text.lexicon import Lexicon
from navab.text.phrases import alternation
from navab.text.sentences import Span

_REACH = 70
_APPOSITION = re.compile(r"\s*(?:,\s*([^,.\n“”\"«»]+),|\(([^)]+)\)|（([^）]+)）)")


def speaker_nation(text: str, speaker: Span, nation: Nation, lexicon: Lexicon) -> SpeakerNation:
    """Judge a speaker's nation by the words around the name where it first occurs, and around this place."""
    home, titles = (
        lexicon.as_written(words.get(lexicon.language, ())) for words in (nation.home_terms, nation.home_titles)
    )
    for place in (speaker, _first_mention(speaker, text, lexicon)):
        verdict = _judge(_description(text, place.start, place.end, lexicon), home, titles, lexicon)
        if verdict != "unknown":
            return verdict
    return "unknown"


def _first_mention(speaker: Span, text: str, lexicon: Lexicon) -> Span:
    """Where a text first names a speaker, by the last name where words are separated."""
    name = speaker.of(text)
    pattern = rf"(?<!\w){re.escape(name.split()[-1])}(?!\w)" if lexicon.spaced else re.escape(name)
    found = re.search(pattern, text)
    return Span(*found.span()) if found else speaker


def _judge(description: str, home: tuple[str, ...], titles: tuple[str, ...], lexicon: Lexicon) -> SpeakerNation:
    own, foreign = _places(home, lexicon)
    at_home, abroad = own.search(description), foreign.search(description)
    if at_home and abroad and at_home.group() in lexicon.countries:
        return "home" if at_home.start() <= abroad.start() and at_home.end() >= abroad.end() else "unknown"
    if abroad:
        return "foreign"
    if at_home or _terms(titles, lexicon.spaced).search(description):
        return "home"
    return "unknown"


@cache
def _places(home: tuple[str, ...], lexicon: Lexicon) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Match what is at home, and what is abroad."""
    abroad = tuple(country for country in lexicon.countries if country not in home)
    return _terms(home, lexicon.spaced), _terms(abroad, lexicon.spaced)


@cache
def _terms(words: tuple[str, ...], spaced: bool) -> re.Pattern[str]:
    body = alternation(words)
    return re.compile(rf"(?<!\w){body}(?!\w)" if spaced else body)


@cache
def _marks(lexicon: Lexicon) -> re.Pattern[str]:
    return re.compile(rf"[{re.escape(lexicon.clause_marks + lexicon.sentence_ends)}\n“”\"«»]")


def _description(text: str, start: int, end: int, lexicon: Lexicon) -> str:
    """Take the words before a name back to a mark, the name, and an apposition behind it."""
    reach = text[max(0, start - _REACH) : start]
    parts = _marks(lexicon).split(reach)
    over_comma = len(parts) > 1 and not parts[-1].strip() and reach.rstrip()[-1:] in lexicon.clause_marks
    before = parts[-2] if over_comma else parts[-1]
    behind = text[end : end + _REACH]
    apposition = _APPOSITION.match(behind)
    return before + text[start:end] + (apposition.group() if apposition else "")
