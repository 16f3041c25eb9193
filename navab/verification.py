"""Verification: what every engine's output must pass before it counts, whatever the engine was told or thinks.

Statements are held against their article, triples against their statement. Everything here is the same for all
engines and asks no model; the words that it needs of a language are data in the lexicons.
"""

from __future__ import annotations

from typing import Literal

from navab.conflict.polarity import judge
from navab.models.responses import ExtractedStatement, TripleText
from navab.text.language import identify
from navab.text.lexicon import Lexicon
from navab.text.normalise import clean_text, fold_statement, fold_text

# Why a statement is refused.
EVIDENCE_NOT_FOUND = "evidence_not_found"
SPEAKER_NOT_FOUND = "speaker_not_found"
NO_SPEAKER = "no_speaker"  # quoted, but of whom?
OFFICIAL_WITH_SPEAKER = "official_with_speaker"
NOT_IN_EVIDENCE = "not_in_evidence"  # it says what its evidence does not
# Why a triple is refused.
NOT_REVERSED = "not_reversed"
NOT_A_QUESTION = "not_a_question"
QUESTION_OF_SOMETHING_ELSE = "question_of_something_else"
LEADING_QUESTION = "leading_question"
# Why either is.
BAD_LENGTH = "bad_length"
WRONG_LANGUAGE = "wrong_language"

MIN_CHARS, MAX_CHARS = 4, 600
_GRAM = {True: 4, False: 2}  # characters of an n-gram, in languages with and without spaces
_LONGEST_AVERAGE_WORD = 15
_LEAST_SUPPORTED = 0.5  # share of a statement's n-grams that its evidence has
_LEAST_SHARED = 0.4  # share of a question's n-grams that statement or reversal have
_SURE, _LEAST_READABLE = 0.9, {True: 40, False: 12}  # of language identification; characters that it needs


def statement_refusal(statement: ExtractedStatement, article: str, language: str) -> str | None:
    """Why a statement is not grounded in its article; None if it is."""
    text = clean_text(article)
    if not statement.evidence.strip() or clean_text(statement.evidence) not in text:
        return EVIDENCE_NOT_FOUND
    speaker = statement.speaker
    if speaker is not None and (not fold_text(speaker) or clean_text(speaker) not in text):
        return SPEAKER_NOT_FOUND
    if (speaker is None) != (statement.source_type == "official"):
        return NO_SPEAKER if speaker is None else OFFICIAL_WITH_SPEAKER
    if not _has_length(statement.text):
        return BAD_LENGTH
    if _is_foreign(statement.text, language):
        return WRONG_LANGUAGE
    support = _share(statement.text, f"{statement.evidence}\n{speaker or ''}")
    return NOT_IN_EVIDENCE if support < _LEAST_SUPPORTED else None


def triple_refusal(statement: str, triple: TripleText, language: str, lexicon: Lexicon) -> str | None:
    """Why a triple is no triple; None if question, statement and reversal belong together."""
    question, reversed_statement = triple.question, triple.reversed_statement
    if not (_has_length(question) and _has_length(reversed_statement)):
        return BAD_LENGTH
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


def _is_foreign(text: str, language: str) -> bool:
    """Whether a text is surely in another language; of short ones nothing is sure."""
    if len(text) < _LEAST_READABLE[_is_spaced(text)]:
        return False
    [found] = identify([text])
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
