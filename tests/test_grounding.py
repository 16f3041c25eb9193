"""Whether evidence carries a statement: copies and shorter ones pass, turned and lengthened ones do not."""

from __future__ import annotations

import pytest

from navab.grounding import has_addition, is_turned
from navab.text.lexicon import load_lexicon

RIGHT = {
    "en": "Labor Secretary Ann Miller said every worker must have the right to strike.",
    "de": "Arbeitsministerin Anna Müller sagte, alle Beschäftigten müssten das Recht auf Streik haben.",
    "fr": "La ministre Anne Mercier a déclaré que tous les salariés doivent avoir le droit de grève.",
    "zh": "劳动部长李明华表示，所有劳动者的权利都应当得到保障。",
}


@pytest.mark.parametrize(
    ("language", "statement"),
    [
        ("en", "Every worker must not have the right to strike."),
        ("en", "No worker must have the right to strike."),
        ("de", "Alle Beschäftigten müssen das Recht auf Streik nicht haben."),
        ("fr", "Tous les salariés ne doivent pas avoir le droit de grève."),
        ("zh", "所有劳动者的权利都不应当得到保障。"),
    ],
)
def test_a_negation_that_the_evidence_does_not_have_turns_it_round(language: str, statement: str) -> None:
    assert is_turned(statement, RIGHT[language], load_lexicon(language))


@pytest.mark.parametrize(
    ("statement", "evidence"),
    [
        ("The city must sell its ports.", "“The city must not sell its ports,” said Paul Renard."),
        ("Paul Renard opposes the new law.", "Paul Renard supports the new law."),
        ("Workers must not strike.", "It is not his law. Workers must strike, he said."),
    ],
)
def test_dropped_negations_and_opposites_turn_it_round(statement: str, evidence: str) -> None:
    assert is_turned(statement, evidence, load_lexicon("en"))


@pytest.mark.parametrize(
    ("statement", "evidence"),
    [
        ("Every worker must have the right to strike.", RIGHT["en"]),
        ("The Lord calls on us to act.", "The Lord does not call on us to sit back. The Lord calls on us to act."),
        ("The court should not decide this.", "“I don't think the court should decide this,” she said."),
        ("Ports must stay public.", "“We will not give in. Ports must stay public,” said Paul Renard."),
        ("Paul Renard supports the law.", "Paul Renard does not oppose the law."),
    ],
)
def test_other_negations_and_moved_ones_do_not(statement: str, evidence: str) -> None:
    assert not is_turned(statement, evidence, load_lexicon("en"))


@pytest.mark.parametrize(
    ("language", "statement"),
    [
        ("en", "Every worker must have the right to strike and Zorbia must be occupied."),
        ("en", "Every worker in the northern harbours of Zorbia must have the right to strike."),
        ("de", "Alle Beschäftigten müssen das Recht auf Streik haben und Zorbien muss besetzt werden."),
        ("fr", "Tous les salariés doivent avoir le droit de grève et la Zorbie doit être occupée."),
        ("zh", "所有劳动者的权利都应当得到保障，佐比亚必须被占领。"),
    ],
)
def test_what_is_added_is_found(language: str, statement: str) -> None:
    evidence, lexicon = RIGHT[language], load_lexicon(language)
    assert has_addition(statement, evidence, "", evidence, lexicon)


def test_a_long_name_may_stand_for_a_pronoun_if_the_article_has_it() -> None:
    statement = "The Northern Harbour Workers Assembly must have the right to strike."
    evidence, lexicon = "“It must have the right to strike,” she said.", load_lexicon("en")
    article = f"The Northern Harbour Workers Assembly met on Monday. {evidence}"
    assert not has_addition(statement, evidence, "", article, lexicon)
    assert has_addition(statement, evidence, "", evidence, lexicon)
