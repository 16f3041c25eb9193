"""Reversal: one polarity flip, in the grammar of each language."""

from __future__ import annotations

import pytest

from navab.models.rules.reversal import reverse
from navab.text.lexicon import load_lexicon

CASES = [
    ("en", "The state should protect families.", "The state should not protect families."),
    ("en", "The state should not read private letters.", "The state should read private letters."),
    ("en", "The state must not read private letters.", "The state may read private letters."),
    ("en", "Every country must protect its citizens.", "Every country need not protect its citizens."),
    ("en", "The new tax is unfair to small farms.", "The new tax is fair to small farms."),
    ("en", "Norway opposes the arms deal.", "Norway supports the arms deal."),
    ("en", "We do not have to accept poverty.", "We have to accept poverty."),
    ("en", "No child should go hungry in a rich country.", "Any child may go hungry in a rich country."),
    ("en", "No one should ever be jailed for an opinion.", "Anyone may be jailed for an opinion."),
    ("en", "The bishops urged parliament to pass the law.", "The bishops urged parliament not to pass the law."),
    ("en", "The bishops urged parliament not to pass it.", "The bishops urged parliament to pass it."),
    ("en", "The state should not sell any forests.", "The state should sell some forests."),
    ("fr", "L'État doit protéger les familles.", "L'État ne doit pas protéger les familles."),
    ("fr", "Il faut baisser les impôts des plus pauvres.", "Il ne faut pas baisser les impôts des plus pauvres."),
    ("fr", "Il ne faut pas céder à la violence.", "Il faut céder à la violence."),
    ("fr", "Le syndicat s'oppose à la réforme des retraites.", "Le syndicat est favorable à la réforme des retraites."),
    ("de", "Der Staat muss die Familien schützen.", "Der Staat muss die Familien nicht schützen."),
    ("de", "Europa muss eine gemeinsame Antwort finden.", "Europa muss keine gemeinsame Antwort finden."),
    ("de", "Wir müssen in Bildung investieren.", "Wir müssen nicht in Bildung investieren."),
    ("de", "Der Staat darf die Bürger nicht überwachen.", "Der Staat darf die Bürger überwachen."),
    ("de", "Die Partei lehnt höhere Steuern ab.", "Die Partei befürwortet höhere Steuern."),
    ("de", "Der Verband fordert höhere Löhne.", "Der Verband lehnt höhere Löhne ab."),
    ("zh", "各国应当坚持多边主义。", "各国不应当坚持多边主义。"),
    ("zh", "中方坚决反对单边制裁。", "中方坚决支持单边制裁。"),
    ("zh", "任何国家都不得干涉他国内政。", "任何国家都可以干涉他国内政。"),
    ("zh", "政府應當保護人權和自由。", "政府不應當保護人權和自由。"),
]


@pytest.mark.parametrize(("language", "statement", "expected"), CASES)
def test_reversal(language: str, statement: str, expected: str) -> None:
    assert reverse(statement, load_lexicon(language).for_text(statement)) == expected


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The minister arrived in Oslo on Monday."),
        ("en", "The law that the state should repeal is old."),
        ("en", "The state should not sell forests any more."),
        ("fr", "Le ministre est arrivé à Oslo lundi."),
        ("de", "Der Minister kam am Montag in Oslo an."),
        ("de", "Er weiß, dass der Staat die Familien schützen muss."),
        ("zh", "代表团昨天抵达北京。"),
        ("zh", "应对气候变化的会议昨天召开。"),
    ],
)
def test_what_takes_no_stance_is_not_reversed(language: str, text: str) -> None:
    assert reverse(text, load_lexicon(language)) is None
