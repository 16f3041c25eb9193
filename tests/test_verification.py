"""Verification of statements and triples that broke off: what nobody has said to its end is no statement."""

from __future__ import annotations

import pytest

from navab.models.responses import ExtractedStatement, TripleText
from navab.text.lexicon import load_lexicon
from navab.verification import statement_refusal, triple_refusal

ARTICLE = 'The debate lasted until midnight. "The government must protect river ports," said Ann Miller. It rained.'
EVIDENCE = '"The government must protect river ports," said Ann Miller.'


def refusal(**changes: str) -> str | None:
    said = {"evidence": EVIDENCE, "text": "The government must protect river ports.", "speaker": "Ann Miller"}
    statement = ExtractedStatement.model_validate({**said, "source_type": "quoted", **changes})
    return statement_refusal(statement, ARTICLE, "en", official=False, lexicon=load_lexicon("en"))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"text": "The government must protect…"}, "broken_off"),
        ({"text": "The government must protect river..."}, "broken_off"),
        ({"evidence": '"The government must protect river po…'}, "evidence_not_found"),
        ({"evidence": '"The government must protect river ports," said Ann'}, None),  # broken off, yet word for word
        ({"speaker": "Ann Mill…"}, "speaker_not_found"),
    ],
)
def test_a_statement_that_broke_off_is_refused(changes: dict[str, str], reason: str | None) -> None:
    assert refusal(**changes) == reason


@pytest.mark.parametrize(
    ("question", "reversed_statement", "reason"),
    [
        ("Must the government protect river ports?", "The government must not protect river ports.", None),
        ("Must the government protect river ports?", "The government must not protect river…", "broken_off"),
        ("Must the government protect…", "The government must not protect river ports.", "broken_off"),
    ],
)
def test_a_triple_that_broke_off_is_refused(question: str, reversed_statement: str, reason: str | None) -> None:
    triple = TripleText(question=question, reversed_statement=reversed_statement)
    assert triple_refusal("The government must protect river ports.", triple, "en", load_lexicon("en")) == reason
