"""Questions: yes or no, of the positive form, in the word order of each language."""

from __future__ import annotations

import pytest

from navab.models.rules.questions import ask
from navab.text.lexicon import load_lexicon

CASES = [
    ("en", "The state should protect families.", "Should the state protect families?"),
    ("en", "The state must not read private letters.", "May the state read private letters?"),
    ("en", "In a democracy, judges must be independent.", "In a democracy, must judges be independent?"),
    ("en", "Norway opposes the arms deal.", "Does Norway support the arms deal?"),
    ("en", "But we support free trade.", "Do we support free trade?"),
    ("en", "Schools need to teach tolerance.", "Do schools need to teach tolerance?"),
    ("en", "No child should go hungry.", "May any child go hungry?"),
    ("en", "The bishops urged parliament to act.", "Did the bishops urge parliament to act?"),
    ("en", "It’s time to end the war.", "Is it time to end the war?"),
    ("fr", "Il faut baisser les impôts.", "Faut-il baisser les impôts ?"),
    ("fr", "Il ne faut pas baisser les impôts.", "Faut-il baisser les impôts ?"),
    ("fr", "Nous devons défendre la liberté.", "Devons-nous défendre la liberté ?"),
    ("fr", "Le Sénat doit voter la loi.", "Est-ce que le Sénat doit voter la loi ?"),
    ("fr", "Une république doit être laïque.", "Est-ce qu'une république doit être laïque ?"),
    ("de", "Der Staat muss die Familien schützen.", "Muss der Staat die Familien schützen?"),
    ("de", "Wir müssen in Bildung investieren.", "Müssen wir in Bildung investieren?"),
    ("de", "Die Partei lehnt höhere Steuern ab.", "Befürwortet die Partei höhere Steuern?"),
    ("zh", "各国应当坚持多边主义。", "各国是否应当坚持多边主义？"),
    ("zh", "中方坚决反对单边制裁。", "中方是否支持单边制裁？"),
    ("zh", "政府應當保護人權和自由。", "政府是否應當保護人權和自由？"),
]


@pytest.mark.parametrize(("language", "statement", "expected"), CASES)
def test_question(language: str, statement: str, expected: str) -> None:
    assert ask(statement, load_lexicon(language).for_text(statement)) == expected


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "The state should protect families.", "The state should not protect families."),
        ("fr", "Il faut baisser les impôts.", "Il ne faut pas baisser les impôts."),
        ("de", "Der Staat darf die Bürger nicht überwachen.", "Der Staat darf nicht die Bürger überwachen."),
        ("zh", "各国应当坚持多边主义。", "各国不应当坚持多边主义。"),
    ],
)
def test_both_sides_answer_the_same_question(language: str, one: str, other: str) -> None:
    lexicon = load_lexicon(language)
    assert ask(one, lexicon) == ask(other, lexicon)


def test_no_stance_no_question() -> None:
    assert ask("The minister arrived in Oslo on Monday.", load_lexicon("en")) is None
