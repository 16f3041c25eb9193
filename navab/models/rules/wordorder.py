"""Word order: indirect speech written as the main clause that it stands for."""

from __future__ import annotations

import re
from functools import cache

from navab.models.rules.stance import clause_end
from navab.text.lexicon import UPPER, Lexicon
from navab.text.phrases import alternation


def main_clause(content: str, lexicon: Lexicon, verb_final: bool) -> str | None:
    """Write indirect speech in the plain mood, and its finite verb in second place; None if unsure."""
    plain = _plain_mood(content, lexicon)
    return _verb_second(plain, lexicon) if verb_final else plain


@cache
def _reported(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\b{alternation(words)}\b")


def _plain_mood(content: str, lexicon: Lexicon) -> str:
    forms = lexicon.attribution.reported
    if not forms:
        return content
    return _reported(tuple(forms)).sub(lambda m: forms[m.group()], content)


def named_subject(content: str, speaker: str, lexicon: Lexicon) -> str:
    """Put the speaker's name for the pronoun that opens indirect speech, before one of the lexicon's verbs."""
    match = _own_subject(lexicon.attribution.own_subject).match(content)
    return f"{speaker}{content[match.end(1) :]}" if match else content


def in_third_person(said: str, speaker: str, lexicon: Lexicon) -> str:
    """Write 'I support ...' with the speaker's name."""
    match = lexicon.own_voice_pattern.match(said)
    return f"{speaker} {lexicon.attribution.own_voice[match.group()]}{said[match.end() :]}" if match else said


@cache
def _own_subject(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(patterns) or "((?!))", re.IGNORECASE)


def leading_subject(text: str, lexicon: Lexicon) -> int | None:
    """Return where the subject that opens a clause surely ends: a pronoun, or determiner and noun."""
    rules = lexicon.negation
    match = _subject(
        lexicon.speakers.determiners, rules.skip, lexicon.noun_continuations, lexicon.countries, lexicon.speakers.titles
    ).match(text)
    return match.end() if match else None


def is_fronted(before: str, after: str, lexicon: Lexicon) -> bool:
    """Tell whether something else than the subject opens a clause whose verb comes second."""
    if not lexicon.verb_second or not before.strip():
        return False
    if (after.split(None, 1) or [""])[0].strip(",") in lexicon.subject_pronouns:
        return True
    words = [word.lower().strip(",") for word in before.split()[:2]]
    behind = len(words) > 1 and words[0] in lexicon.inverting and words[1] in lexicon.leads
    return bool(words) and (words[0] in lexicon.leads or behind)


@cache
def _subject(
    determiners: tuple[str, ...],
    pronouns: tuple[str, ...],
    more: tuple[str, ...],
    countries: tuple[str, ...],
    titles: tuple[str, ...],
) -> re.Pattern[str]:
    """Match a pronoun, a lone noun or name, or determiner, adjective and noun that no attribute follows."""
    det, pro, land, office = ("|".join(words) or "(?!)" for words in (determiners, pronouns, countries, titles))
    noun = rf"(?:{det})(?: [a-zß-ÿ]+)? (?!\w*(?i:{office})\b)[{UPPER}][\w-]+(?! (?:{land})\b)"
    lone = rf"(?:(?:[a-zß-ÿ]+[er] )?[{UPPER}][\w-]+(?= [a-zß-ÿ])|(?:{land})(?= \w))"
    end = rf"(?! (?:{'|'.join(more) or '(?!)'})\b)"
    return re.compile(rf"(?:{pro})(?= \w)|(?:{noun}(?= \w)|{lone}){end}")


def without_adverb(text: str, lexicon: Lexicon) -> str:
    """Take off an opening adverb together with the inversion it caused: 'Deshalb muss X' becomes 'X muss'."""
    opening = lexicon.inverting_pattern.match(text)
    if not opening:
        return text
    rest = text[opening.end() :].lstrip()
    verb, _, clause = rest.partition(" ")
    end = leading_subject(clause, lexicon)
    if verb not in lexicon.stance_forms or end is None:
        return text
    return f"{clause[:end]} {verb}{clause[end:]}"


def _verb_second(content: str, lexicon: Lexicon) -> str | None:
    """Move the finite verb from the end of the clause behind its subject."""
    content = content.strip()
    end = leading_subject(content, lexicon)
    last = clause_end(content, 0, lexicon)
    words = content[:last].split(" ")
    if end is None or len(words) < 3 or last <= end:
        return None
    verb, middle = words[-1], content[end : content.rfind(" ", 0, last)]
    if verb not in lexicon.stance_forms:
        return None
    return f"{content[:end]} {verb}{middle}{content[last:]}"
