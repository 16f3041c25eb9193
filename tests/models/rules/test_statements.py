"""Statements: one clean sentence with a stance, to be understood by itself."""

from __future__ import annotations

import pytest

from navab.models.rules.statements import make_statement, tidy
from navab.text.lexicon import load_lexicon


@pytest.mark.parametrize(
    ("language", "content", "expected"),
    [
        ("en", "that the state must protect families", "The state must protect families."),
        ("en", "I think that we should defend free speech,", "We should defend free speech."),
        ("en", "But  we must\nprotect the poor", "We must protect the poor."),
        ("fr", "je pense que nous devons défendre la liberté", "Nous devons défendre la liberté."),
        ("de", "Ich glaube, wir müssen die Freiheit verteidigen", "Wir müssen die Freiheit verteidigen."),
        ("de", "Deshalb müssen wir die Freiheit verteidigen", "Wir müssen die Freiheit verteidigen."),
        ("zh", "我认为各国应当坚持多边主义", "各国应当坚持多边主义。"),
    ],
)
def test_content_becomes_a_sentence(language: str, content: str, expected: str) -> None:
    assert tidy(content, load_lexicon(language)) == expected


@pytest.mark.parametrize(
    ("language", "content"),
    [
        ("en", "The state must protect the freedom of the press."),
        ("en", "It is wrong to punish children for the crimes of their parents."),
        ("fr", "L'État doit garantir la liberté de la presse."),
        ("de", "Der Staat muss die Freiheit der Presse schützen."),
        ("zh", "各国应当尊重别国的主权和领土完整。"),
        ("zh", "各國應當尊重別國的主權和領土完整。"),
    ],
)
def test_norms_and_judgements_are_statements(language: str, content: str) -> None:
    candidate = make_statement(content, load_lexicon(language).for_text(content))
    assert candidate is not None
    assert candidate.text == content


@pytest.mark.parametrize(
    ("language", "content"),
    [
        ("en", "The parliament met in Oslo on Monday afternoon."),
        ("en", "Should the government protect the freedom of the press?"),
        ("en", "This must never be allowed to happen in our country again."),
        ("en", "He should respect the law and the constitution."),
        ("en", "I should have voted for the peace treaty in parliament."),
        ("en", "The team must win the cup and the league this season."),
        ("fr", "Il doit respecter la loi et la constitution."),
        ("fr", "Le ministre est arrivé à Oslo lundi dans la soirée."),
        ("de", "Er muss das Gesetz und die Verfassung achten."),
        ("de", "Dafür muss ich mich bei den Bürgern entschuldigen."),
        ("zh", "他应当尊重国家的法律。"),
        ("zh", "代表团昨天抵达北京访问。"),
    ],
)
def test_facts_questions_and_loose_references_are_not(language: str, content: str) -> None:
    assert make_statement(content, load_lexicon(language)) is None


def test_a_long_sentence_gives_its_stance_clause() -> None:
    content = "会议分析了当前形势，各方应当通过对话解决争端，与会代表参观了展览"
    candidate = make_statement(content, load_lexicon("zh"))
    assert candidate is not None
    assert candidate.text == "各方应当通过对话解决争端。"
