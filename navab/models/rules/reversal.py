"""Reversal: the same sentence with its stance turned round, exactly one polarity flip away."""

from __future__ import annotations

import re
from functools import cache

from navab.models.rules.stance import Stance, clause_end, find_stance, word_pattern
from navab.models.rules.wordorder import is_fronted, leading_subject
from navab.text.lexicon import Lexicon
from navab.text.phrases import capitalise
from navab.text.stance_forms import split_gap

_VOWELS = frozenset("aeiouyàâéèêëîïôœh")


def reverse(statement: str, lexicon: Lexicon) -> str | None:
    """Reverse the stance of a statement; None if it takes none that can be turned round."""
    stance = find_stance(statement, lexicon)
    reversed_statement = turn(statement, stance, lexicon) if stance else None
    return None if reversed_statement == statement else reversed_statement


def turn(text: str, stance: Stance, lexicon: Lexicon) -> str | None:
    """Write a text with one of its stance markers reversed."""
    head, tail = split_gap(stance.target)
    plain = text[stance.end :] if stance.affirmative else _without_polar(text[stance.end :], lexicon)
    if plain is None:
        return None
    rest, last = plain, clause_end(plain, 0, lexicon)
    if stance.tail is not None and stance.tail[0] < stance.start:
        opening = lexicon.negation.subjects[text[slice(*stance.tail)]]
        return f"{text[: stance.tail[0]]}{opening}{text[stance.tail[1] : stance.start]}{head}{rest}"
    if stance.tail is not None:
        cut_start, cut_end = stance.tail[0] - stance.end, stance.tail[1] - stance.end
        removed_word = rest[cut_start:cut_end]
        kept = _restored(removed_word, rest[cut_end:], lexicon)
        if kept is None and removed_word in lexicon.negation.articles.values():
            return None
        if " " in tail or " " in removed_word:
            kept, tail = tail.removeprefix("~"), ""
        rest, removed = _cut(rest, cut_start, cut_end, kept or "")
        last -= removed
    if not stance.affirmative and re.match(lexicon.negation.remnant, rest):
        return None
    if tail.startswith("~"):
        rest = f"{rest[:last].rstrip()} {tail[1:]}{rest[last:]}"
    elif tail:
        negated = _negate(text[: stance.start], stance, rest, last=last, negator=tail, lexicon=lexicon)
        if negated is None:
            return None
        rest = negated
    head, rest = _adverb_first(stance, head, rest, lexicon)
    if not text[: stance.start].strip(" «“„\"'"):
        head = capitalise(head) if lexicon.spaced else head
    return _merge(text[: stance.start] + head, rest, lexicon)


def _negate(before: str, stance: Stance, rest: str, *, last: int, negator: str, lexicon: Lexicon) -> str | None:
    """Negate what follows a positive form, by an article or by a negator; None where that cannot be done well."""
    if lexicon.verb_second and word_pattern(lexicon.negators, True).search(rest, 0, last):
        return None
    if (nominal := _nominal(stance, rest, lexicon)) is not None:
        return nominal or None
    skipped = _behind_subject(before, rest, lexicon)
    if skipped is None:
        return None
    placed = place_negation(rest[skipped:], last - skipped, negator, lexicon)
    return None if placed is None else rest[:skipped] + placed


def _restored(negative: str, following: str, lexicon: Lexicon) -> str | None:
    """Choose what stands in for a negative article: by itself, or by the noun that follows; None if unsure."""
    rules = lexicon.negation
    if negative in rules.restored:
        return rules.restored[negative]
    for word, pattern, kept in rules.restored_where:
        if word == negative and re.match(pattern, following):
            return kept
    return None


def _without_polar(rest: str, lexicon: Lexicon) -> str | None:
    """Put plain words for those that only a negation allows ('any'); None if there is none."""
    words = lexicon.negation.polar
    if not words:
        return rest
    found = _words(tuple(words)).findall(rest)
    if any(not words[word] for word in found):
        return None
    return _words(tuple(words)).sub(lambda m: words[m.group()], rest)


@cache
def _words(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(words, key=len, reverse=True)))})\b")


def _cut(rest: str, start: int, end: int, kept: str) -> tuple[str, int]:
    """Take a word out together with the space before it, or put another in its place."""
    before = rest[:start] if kept else rest[:start].rstrip(" ")
    cut = before + kept + rest[end:]
    return cut, len(rest) - len(cut)


def _behind_subject(before: str, rest: str, lexicon: Lexicon) -> int | None:
    """Return where, behind a verb that follows an adverbial, the subject ends; None if that is unsure."""
    if not is_fronted(before, rest, lexicon):
        return 0
    spaces = len(rest) - len(rest.lstrip())
    end = leading_subject(rest.lstrip(), lexicon)
    return None if end is None else spaces + end


def _adverb_first(stance: Stance, head: str, rest: str, lexicon: Lexicon) -> tuple[str, str]:
    """Put a small adverb before the negation at a form's end, drop 'also', and make an indefinite article partitive."""
    rules, negator = lexicon.negation, head.rsplit(" ", 1)[-1]
    if not stance.affirmative or negator not in lexicon.negators or " " not in head:
        return head, rest
    while match := word_pattern((*rules.movable, *rules.dropped), True).match(rest, 1):
        if match.group() in rules.movable:
            head = f"{head[: -len(negator)]}{match.group()} {negator}"
        rest = rest[match.end() :]
    if stance.form in rules.partitive and (article := re.match(rules.indefinite, rest)):
        vowel = rest[article.end() : article.end() + 1].lower() in _VOWELS
        rest = rules.partitives[1 if vowel else 0] + rest[article.end() :]
    return head, rest


def _nominal(stance: Stance, rest: str, lexicon: Lexicon) -> str | None:
    """Negate a noun without article by an article; '' if unsure of it, None if the rules for verbs apply."""
    rules = lexicon.negation
    if split_gap(stance.form)[0] not in rules.nominal:
        return None
    words = [m.span() for m in re.finditer(r"\S+", rest)]
    index = 0
    while index < len(words) - 1 and rest[slice(*words[index])] in rules.skip:
        index += 1
    if not words or not re.match(r"[^\W\d_]", rest[words[index][0] :]):
        return None
    at = words[index][0]
    word = rest[slice(*words[index])]
    following = rest[words[index + 1][0]] if index + 1 < len(words) else ""
    if word[0].islower() and not (
        word.endswith("e") and following.isupper() and word not in lexicon.speakers.determiners
    ):
        return None
    end = at + len(word)
    for pattern, article, ending in rules.bare:
        if re.match(pattern, rest[at:]):
            return f"{rest[:at]}{article} {word}{ending}{rest[end:]}"
    return ""


def place_negation(rest: str, last: int, negator: str, lexicon: Lexicon) -> str | None:
    """Negate the clause that follows a finite verb.

    The negation follows pronouns and particles, merges with an indefinite article, precedes an opening
    preposition, and otherwise precedes the predicate at the clause's end: its last words written small.
    """
    if conjoined := re.search(lexicon.negation.conjoined, rest[:last]):
        last = conjoined.start()
    clause, beyond = rest[:last], rest[last:]
    words = [m.span() for m in re.finditer(r"\S+", clause)]
    rules = lexicon.negation
    index = 0
    while index < len(words) - 1 and clause[slice(*words[index])].rstrip(",") in rules.skip:
        index += 1
    if index >= len(words):
        return None
    for at, (start, end) in enumerate(words[index:-1], index):
        word = clause[start:end]
        if word in rules.articles and (at == index or clause[slice(*words[at - 1])] not in rules.before):
            return clause[:start] + rules.articles[word] + clause[end:] + beyond
        if word in rules.instead:
            return clause[:start] + rules.instead[word] + clause[end:] + beyond
        if word in rules.before and at == index:
            return f"{clause[:start]}{negator} {clause[start:]}{beyond}"
    start = words[_predicate(clause, words, index, rules.before)][0]
    return f"{clause[:start]}{negator} {clause[start:]}{beyond}"


def _predicate(clause: str, words: list[tuple[int, int]], first: int, prepositions: tuple[str, ...]) -> int:
    """Return the index of the first word written small at the clause's end; of the first word if there is none."""
    index = len(words) - 1
    if clause[words[index][0]].isupper():
        return first
    while index > first and clause[words[index - 1][0]].islower():
        index -= 1
    if index > first and clause[words[index - 1][0] : words[index - 1][1]] in prepositions:
        return index - 1
    return _complement(clause, words, index, first, prepositions)


def _complement(
    clause: str, words: list[tuple[int, int]], index: int, first: int, prepositions: tuple[str, ...]
) -> int:
    """Step back over a prepositional complement ('am Leben gehalten') that belongs to no noun before it."""
    for back in range(2, 4):
        at = index - back
        if at < first or clause[words[at + 1][0] : words[at + 1][1]] in prepositions:
            break
        if clause[slice(*words[at])] in prepositions:
            return at if at == first or clause[words[at - 1][0]].islower() else index
    return index


def _merge(before: str, after: str, lexicon: Lexicon) -> str:
    """Join two parts, merging the words that meet (à + le) as the lexicon says."""
    joined = before + after
    for pair, merged in lexicon.contractions.items():
        place = joined.find(pair, max(0, len(before) - len(pair)), len(before) + len(pair))
        if place >= 0:
            joined = joined[:place] + merged + joined[place + len(pair) :]
    return joined
