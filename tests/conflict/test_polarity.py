"""Polarity: contradiction needs the same words and one flip; everything doubtful is neutral."""

from __future__ import annotations

import polars as pl
import pytest

from benchmarks.polarity_judge import FALSE_ALARMS, RECALL, judged_row, own_pairs, rates
from navab.conflict.polarity import judge, judge_signatures
from navab.conflict.signature import signature
from navab.models.rules.reversal import reverse
from navab.text.lexicon import load_lexicon

CONTRADICTIONS = [
    ("en", "The state should protect poor families.", "The state should not protect poor families."),
    ("en", "Norway supports the new arms deal.", "Norway opposes the new arms deal."),
    ("en", "The government must raise taxes on energy.", "The government must cut taxes on energy."),
    ("en", "The state must not read private letters.", "The state may read private letters."),
    ("fr", "Il faut baisser les impôts des familles.", "Il ne faut pas baisser les impôts des familles."),
    ("de", "Der Staat muss die Familien schützen.", "Der Staat muss die Familien nicht schützen."),
    ("de", "Europa muss eine gemeinsame Antwort finden.", "Europa muss keine gemeinsame Antwort finden."),
    ("zh", "中方坚决反对单边制裁措施。", "中方坚决支持单边制裁措施。"),
    ("zh", "各國應當尊重別國的主權。", "各國不應當尊重別國的主權。"),
]

ENTAILMENTS = [
    ("en", "The state should protect poor families.", "The state must protect poor families."),
    ("en", "Norway supports the new arms deal.", "Norway supports the new arms deal!"),
    ("fr", "Il faut baisser les impôts des familles.", "Il faut baisser les impôts des familles !"),
    ("de", "Der Staat muss die Familien schützen.", "Der Staat sollte die Familien schützen."),
    ("zh", "各国应当尊重别国的主权。", "各国必须尊重别国的主权。"),
]

NEUTRALS = [
    ("en", "The state should protect poor families.", "The state should not tax large companies."),
    ("en", "The state should pay families 100 euros.", "The state should not pay families 200 euros."),
    ("en", "Schools should teach religion.", "Parents should not hit children."),
    ("fr", "Il faut baisser les impôts des familles.", "Il ne faut pas réformer les retraites."),
    ("de", "Der Staat muss die Familien schützen.", "Der Staat darf die Presse nicht zensieren."),
    ("zh", "中方坚决反对单边制裁措施。", "中方支持各国通过对话解决争端。"),
]


def verdict(left: str, right: str, language: str) -> str:
    return judge(left, right, load_lexicon(language)).verdict


@pytest.mark.parametrize(("language", "left", "right"), CONTRADICTIONS)
def test_contradiction(language: str, left: str, right: str) -> None:
    assert verdict(left, right, language) == "contradiction"


@pytest.mark.parametrize(("language", "left", "right"), ENTAILMENTS)
def test_entailment(language: str, left: str, right: str) -> None:
    assert verdict(left, right, language) == "entailment"


@pytest.mark.parametrize(("language", "left", "right"), NEUTRALS)
def test_neutral(language: str, left: str, right: str) -> None:
    assert verdict(left, right, language) == "neutral"


@pytest.mark.parametrize(("language", "left", "right"), CONTRADICTIONS + ENTAILMENTS + NEUTRALS)
def test_judging_is_symmetric_and_confidence_a_share(language: str, left: str, right: str) -> None:
    lexicon = load_lexicon(language)
    one = judge_signatures(signature(left, lexicon), signature(right, lexicon))
    assert one == judge_signatures(signature(right, lexicon), signature(left, lexicon))
    assert 0 <= one.confidence <= 1
    assert one.reason


@pytest.mark.parametrize(
    ("language", "statement"),
    [
        ("en", "In a democracy, judges must be independent of the government."),
        ("en", "We are committed to the defence of human rights."),
        ("en", "It is wrong to punish children for the crimes of their parents."),
        ("fr", "L'État doit garantir la liberté de la presse."),
        ("fr", "Les syndicats dénoncent la réforme des retraites."),
        ("de", "Wir brauchen mehr Geld für die Schulen."),
        ("de", "Die Partei lehnt höhere Steuern für Familien ab."),
        ("zh", "双方应当继续加强经贸领域的合作。"),
    ],
)
def test_a_statement_contradicts_its_reversal(language: str, statement: str) -> None:
    turned = reverse(statement, load_lexicon(language))
    assert turned is not None
    assert verdict(statement, turned, language) == "contradiction"


@pytest.mark.parametrize("language", ["zh", "en", "fr", "de"])
def test_pairs_written_before_the_lexicons_are_judged_well_enough(language: str) -> None:
    pairs = [pair for pair in own_pairs() if pair.language == language]
    assert len(pairs) == 200
    recall, alarms, _ = rates(pl.DataFrame([judged_row(pair) for pair in pairs if not pair.is_tuning]))
    assert recall >= RECALL
    assert alarms <= FALSE_ALARMS


CUES = [
    ("a quantity", "en", "The minimum wage must be 12 euros.", "The minimum wage must be 14 euros.", "contradiction"),
    ("a report", "en", "The town built 12 schools.", "The town built 14 schools.", "neutral"),
    ("exchanged", "en", "Health matters more than profit.", "Profit matters more than health.", "contradiction"),
    ("exchanged", "zh", "健康比利润重要。", "利润比健康重要。", "contradiction"),
    ("negated antonym", "en", "The tax is not unjust.", "The tax is just.", "entailment"),
    ("another subject", "en", "Spain should leave the pact.", "Italy should not leave the pact.", "neutral"),
    ("may, need not", "en", "Farmers may use the well.", "Farmers need not use the well.", "neutral"),
    ("may, may not", "en", "Farmers may use the well.", "Farmers may not use the well.", "contradiction"),
    ("some, not all", "en", "Some farmers need help.", "Not all farmers need help.", "neutral"),
    ("contrast", "en", "Water is a right, not a commodity.", "Water is not a commodity but a right.", "entailment"),
    ("both scripts", "zh", "政府應當補貼農民。", "政府不应当补贴农民。", "contradiction"),
    ("a name", "zh", "莫方支持该项倡议。", "韩方支持该项倡议。", "neutral"),
    ("separable verb", "de", "Die Partei nimmt den Vertrag an.", "Die Partei lehnt den Vertrag ab.", "contradiction"),
    ("no longer", "fr", "Le pays veut la guerre.", "Le pays ne veut plus la guerre.", "contradiction"),
    ("only", "fr", "Le pays ne veut que la paix.", "Le pays veut la paix.", "entailment"),
    ("a question", "en", "Should the state pay?", "The state should not pay.", "neutral"),
]


@pytest.mark.parametrize(("cue", "language", "left", "right", "expected"), CUES)
def test_cue(cue: str, language: str, left: str, right: str, expected: str) -> None:
    assert verdict(left, right, language) == expected, cue


def test_what_rules_cannot_tell_is_marked_for_a_judge_that_reads() -> None:
    lexicon = load_lexicon("en")
    unknown = judge("Schools should teach chess to children.", "Lessons about chess are a waste of time.", lexicon)
    alike = judge("The fleet should sail to the gulf.", "The navy should not sail to the gulf.", lexicon)
    unlike = judge("Schools should teach religion.", "Parents should not hit their children.", lexicon)
    assert (alike.verdict, alike.decided) == ("neutral", False)
    assert (unlike.verdict, unlike.decided) == ("neutral", True)
    assert unknown.verdict == "neutral"
