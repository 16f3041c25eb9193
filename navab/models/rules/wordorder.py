"""Word order: indirect speech written as the main clause that it stands for."""

from __future__ import annotations

import re
from functools import cache

from navab.models.rules.stance import clause_end
from navab.text.lexicon import UPPER, Lexicon


def main_clause(content: str, lexicon: Lexicon, verb_final: bool) -> str | None:
    """Write indirect speech in the plain mood, and its finite verb in second place; None if unsure."""
    plain = _plain_mood(content, lexicon)
    return _verb_second(plain, lexicon) if verb_final else plain


@cache
def _reported(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, words)) or '(?!)'})\b")


def _plain_mood(content: str, lexicon: Lexicon) -> str:
    forms = lexicon.attribution.reported
    if not forms:
        return content
    return _reported(tuple(forms)).sub(lambda m: forms[m.group()], content)


def leading_subject(text: str, lexicon: Lexicon) -> int | None:
    """Return where the subject that opens a clause surely ends: a pronoun, or determiner and noun."""
    rules = lexicon.negation
    match = _subject(lexicon.speakers.determiners, rules.skip, lexicon.noun_continuations).match(text)
    return match.end() if match else None


@cache
def _subject(determiners: tuple[str, ...], pronouns: tuple[str, ...], more: tuple[str, ...]) -> re.Pattern[str]:
    """Match a pronoun, or determiner, adjective and noun that no attribute follows."""
    det, pro = "|".join(determiners) or "(?!)", "|".join(pronouns) or "(?!)"
    noun = rf"(?:{det})(?: [a-zß-ÿ]+)? [{UPPER}][\w-]+"
    return re.compile(rf"(?:(?:{pro})|{noun})(?= [a-zß-ÿ])(?! (?:{'|'.join(more) or '(?!)'})\b)")


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
