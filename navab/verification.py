"""Verification: what every engine's output must pass before it counts, whatever the engine was told or thinks.

Statements are held against their article, triples against their statement. Everything here is the same for all
engines and asks no model; the words that it needs of a language are data in the lexicons.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from navab.conflict.polarity import judge
from navab.grounding import has_addition, is_turned
from navab.models.responses import ExtractedStatement, TripleText
from navab.text.language import identify_one
from navab.text.lexicon import Lexicon
from navab.text.normalise import clean_text, fold_statement, fold_text
from navab.text.sentences import Span, find_quotes
from navab.text.windows import with_neighbours

# Why a statement is refused.
EVIDENCE_NOT_FOUND = "evidence_not_found"
SPEAKER_NOT_FOUND = "speaker_not_found"
NO_SPEAKER = "no_speaker"  # quoted, but of whom?
OFFICIAL_WITH_SPEAKER = "official_with_speaker"
NOT_OWN_VOICE = "not_own_voice"  # no official outlet, or it quotes what is said to be its own voice
ADDRESSED_TO_MODEL = "addressed_to_model"  # the passage is no news: it gives orders to its reader, or looks like JSON
NOT_IN_EVIDENCE = "not_in_evidence"  # it says what its evidence does not
TURNED_ROUND = "turned_round"  # it says the opposite of its evidence
# Why a triple is refused.
NOT_REVERSED = "not_reversed"
NOT_A_QUESTION = "not_a_question"
QUESTION_OF_SOMETHING_ELSE = "question_of_something_else"
LEADING_QUESTION = "leading_question"
# Why either is.
BAD_LENGTH = "bad_length"
BROKEN_OFF = "broken_off"  # it ends in an ellipsis: its speaker did not end it, or the model was stopped
WRONG_LANGUAGE = "wrong_language"

MIN_CHARS, MAX_CHARS = 4, 600
_GRAM = {True: 4, False: 2}  # characters of an n-gram, in languages with and without spaces
_LONGEST_AVERAGE_WORD = 15
_FIRST_UNSPACED = "\u2e80"  # from here on scripts of East Asia
_LEAST_SUPPORTED = 0.5  # share of a statement's n-grams that its evidence has
_LEAST_SHARED = 0.4  # share of a question's n-grams that statement or reversal have
_QUOTE_REACH = 160  # characters behind a passage in which a quotation that holds it may end
# What no news is written in, whatever its language: keys of JSON, turns of a chat.
_MACHINE_TEXT = re.compile(
    r"""["'{,]\s*["']?(?:statements?|evidence|speaker|source_type|speaker_nation|reversed_statement)["']\s*:"""
    r"""|<\|\w+\|>|\[/?INST\]|</?s>|(?:^|\n|\#)\s*(?:system|user|assistant)\s*:""",
    re.IGNORECASE,
)
_ELLIPSES = ("…", "...")
_SURE, _LEAST_READABLE = 0.9, {True: 40, False: 12}  # of language identification; characters that it needs


def statement_refusal(
    statement: ExtractedStatement, article: str, language: str, *, official: bool, lexicon: Lexicon | None
) -> str | None:
    """Why a statement is not grounded in its article; None if it is.

    `official` says whether the outlet is an official source. Without a lexicon of the language, orders to models are
    known by their form alone, and pronouns pass for speakers.
    """
    text = clean_text(article)
    places = list(_places(clean_text(statement.evidence), text))
    if not places:
        return EVIDENCE_NOT_FOUND
    speaker = statement.speaker
    if speaker is not None and (not fold_text(speaker) or next(_whole(clean_text(speaker), text), None) is None):
        return SPEAKER_NOT_FOUND
    if (speaker is None) != (statement.source_type == "official"):
        return NO_SPEAKER if speaker is None else OFFICIAL_WITH_SPEAKER
    if speaker is not None and lexicon is not None and speaker.strip().casefold() in lexicon.nobody:
        return NO_SPEAKER
    places = [place for place in places if not _is_order(place, text, lexicon)]
    if not places:
        return ADDRESSED_TO_MODEL
    if speaker is None and not (official and any(not _is_quoted(place, text, lexicon) for place in places)):
        return NOT_OWN_VOICE
    if not _has_length(statement.text):
        return BAD_LENGTH
    if _is_broken_off(statement.text):
        return BROKEN_OFF
    if _is_foreign(statement.text, language):
        return WRONG_LANGUAGE
    return _unsupported(statement, text, lexicon)


def _unsupported(statement: ExtractedStatement, article: str, lexicon: Lexicon | None) -> str | None:
    """Why the evidence does not carry a statement; None if it does, as far as can be told."""
    said, evidence, speaker = statement.text, statement.evidence, statement.speaker or ""
    if _share(said, f"{evidence}\n{speaker}") < _LEAST_SUPPORTED:
        return NOT_IN_EVIDENCE
    if lexicon is None:
        return None
    if is_turned(said, evidence, lexicon):
        return TURNED_ROUND
    return NOT_IN_EVIDENCE if has_addition(said, evidence, speaker, article, lexicon) else None


def _places(passage: str, text: str) -> Iterator[Span]:
    """Where a passage stands in a text."""
    at = text.find(passage) if passage else -1
    while at >= 0:
        yield Span(at, at + len(passage))
        at = text.find(passage, at + 1)


def _whole(name: str, text: str) -> Iterator[Span]:
    """Where a name stands in a text by itself: 'Ann' is not in 'Anna', in scripts that separate words."""
    for place in _places(name, text):
        before, behind = text[max(0, place.start - 1) : place.start + 1], text[place.end - 1 : place.end + 1]
        if not (_goes_through(before) or _goes_through(behind)):
            yield place


def _goes_through(pair: str) -> bool:
    """Whether two characters belong to one word of a script that separates words."""
    return len(pair) == 2 and pair.isalpha() and all(char < _FIRST_UNSPACED for char in pair)


def _is_order(place: Span, text: str, lexicon: Lexicon | None) -> bool:
    """Whether the sentences around a passage, in its paragraph, speak to a model instead of telling news."""
    around = with_neighbours(place, text).of(text)
    if _MACHINE_TEXT.search(around):
        return True
    return lexicon is not None and lexicon.order_pattern.search(around) is not None


def _is_quoted(place: Span, text: str, lexicon: Lexicon | None) -> bool:
    """Whether most of a passage stands in quotation marks."""
    if lexicon is None:
        return False
    start = text.rfind("\n", 0, place.start) + 1
    quotes = find_quotes(text[start : place.end + _QUOTE_REACH], lexicon)
    inside = sum(max(0, min(q.end + start, place.end) - max(q.start + start, place.start)) for q in quotes)
    return inside * 2 > place.end - place.start


def triple_refusal(statement: str, triple: TripleText, language: str, lexicon: Lexicon) -> str | None:
    """Why a triple is no triple; None if question, statement and reversal belong together."""
    question, reversed_statement = triple.question, triple.reversed_statement
    if not (_has_length(question) and _has_length(reversed_statement)):
        return BAD_LENGTH
    if _is_broken_off(question) or _is_broken_off(reversed_statement):
        return BROKEN_OFF
    if any(_is_foreign(text, language) for text in (question, reversed_statement)):
        return WRONG_LANGUAGE
    if not question.rstrip().endswith(("?", "？")):
        return NOT_A_QUESTION
    if _is_leading(question, statement, lexicon):
        return LEADING_QUESTION
    if _share(question, f"{statement}\n{reversed_statement}") < _LEAST_SHARED:
        return QUESTION_OF_SOMETHING_ELSE
    return None if _judged(statement, reversed_statement, lexicon) == "contradiction" else NOT_REVERSED


def _is_leading(question: str, statement: str, lexicon: Lexicon) -> bool:
    """Whether a question gives its answer away: by its wording, or as the statement with a question mark."""
    repeats = fold_statement(question) == fold_statement(statement) and not lexicon.question_keeps_order
    return repeats or lexicon.leading_pattern.search(question) is not None


def _judged(
    statement: str, reversed_statement: str, lexicon: Lexicon
) -> Literal["contradiction", "entailment", "neutral"]:
    if fold_statement(statement) == fold_statement(reversed_statement):
        return "entailment"
    return judge(statement, reversed_statement, lexicon).verdict


def _has_length(text: str) -> bool:
    return len(fold_text(text)) >= MIN_CHARS and len(text) <= MAX_CHARS


def _is_broken_off(text: str) -> bool:
    return text.rstrip().endswith(_ELLIPSES)


def _is_foreign(text: str, language: str) -> bool:
    """Whether a text is surely in another language; of short ones nothing is sure."""
    if len(text) < _LEAST_READABLE[_is_spaced(text)]:
        return False
    found = identify_one(text)
    return found.code != language and found.score >= _SURE


def _is_spaced(text: str) -> bool:
    """Whether words are separated by blanks."""
    return text.count(" ") * _LONGEST_AVERAGE_WORD >= len(text)


def _share(text: str, other: str) -> float:
    """Share of a text's character n-grams that another one has too; 1 for a text too short to have any."""
    size = _GRAM[_is_spaced(text)]
    own, others = _grams(text, size), _grams(other, size)
    return len(own & others) / len(own) if own else 1.0


def _grams(text: str, size: int) -> set[str]:
    folded = fold_text(text)
    return {folded[start : start + size] for start in range(len(folded) - size + 1)}
