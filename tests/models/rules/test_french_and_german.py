"""French and German in the rules engine: a case for every class of sentence that once came out wrong."""

from __future__ import annotations

import pytest

from navab.conflict.polarity import judge
from navab.models.responses import ExtractedStatement
from navab.models.rules.engine import extract, make_triple
from navab.models.rules.statements import make_statement
from navab.nations.registry import Registry
from navab.text.lexicon import load_lexicon
from navab.text.sentences import split_sentences

REGISTRY = Registry.bundled()


def statements(code: str, text: str, official: bool = False) -> list[ExtractedStatement]:
    return extract(text, REGISTRY.get(code), load_lexicon(code), official).statements


@pytest.mark.parametrize(
    ("code", "text", "statement", "speaker"),
    [
        (
            "fr",
            "Mme Odette Rouvray, députée du Gers : « L'hôpital public doit rester gratuit. » La séance est levée.",
            "L'hôpital public doit rester gratuit.",
            "Odette Rouvray",
        ),
        (
            "fr",
            "La présidente du réseau Lire ensemble, Zoé Marchal, soutient que l'école doit former des citoyens.",
            "L'école doit former des citoyens.",
            "Zoé Marchal",
        ),
        (
            "fr",
            "Paul Ferrand, maire de Brive, a répété : « L'État doit protéger les services publics. »",
            "L'État doit protéger les services publics.",
            "Paul Ferrand",
        ),
        (
            "fr",
            "« La police doit protéger les manifestants », a déclaré la défenseure des usagers, Judith Guillaume.",
            "La police doit protéger les manifestants.",
            "Judith Guillaume",
        ),
        (
            "fr",
            "Paul Ferrand affirme qu'il faut augmenter les salaires.",
            "Il faut augmenter les salaires.",
            "Paul Ferrand",
        ),
        (
            "fr",
            "« Il est urgent d'agir contre la pauvreté des enfants », a-t-il insisté pour sa part Paul Ferrand.",
            "Il est urgent d'agir contre la pauvreté des enfants.",
            "Paul Ferrand",
        ),
        (
            "fr",
            "« Il faut augmenter les petits salaires », confie une jeune infirmière.",
            "Il faut augmenter les petits salaires.",
            "une jeune infirmière",
        ),
        (
            "de",
            "Eva Brandt forderte, dass die Kommunen mehr Sozialwohnungen bauen müssten.",
            "Die Kommunen müssen mehr Sozialwohnungen bauen.",
            "Eva Brandt",
        ),
        (
            "de",
            "Eva Brandt erklärte, dass Europa seine Grenzen gemeinsam schützen solle.",
            "Europa soll seine Grenzen gemeinsam schützen.",
            "Eva Brandt",
        ),
        (
            "de",
            "„Der Staat soll kein Tempolimit einführen“, sagte die Lokführerin Eva Brandt.",
            "Der Staat soll kein Tempolimit einführen.",
            "Eva Brandt",
        ),
        (
            "de",
            "„Die Länder müssen ihre Schulen besser ausstatten“, sagte Verbandschef Ulrich Hofmeister.",
            "Die Länder müssen ihre Schulen besser ausstatten.",
            "Ulrich Hofmeister",
        ),
    ],
)
def test_who_says_what(code: str, text: str, statement: str, speaker: str) -> None:
    assert [(s.text, s.speaker) for s in statements(code, text)] == [(statement, speaker)]


def test_an_office_alone_stands_for_the_person_named_before() -> None:
    text = (
        "« L'État doit taxer les grandes fortunes », a déclaré Odette Rouvray, rapporteure du texte. "
        "La rapporteure a ajouté que les communes doivent garder leurs écoles."
    )
    assert [s.speaker for s in statements("fr", text)] == ["Odette Rouvray", "Odette Rouvray"]


def test_an_apposition_in_front_tells_where_a_speaker_is_from() -> None:
    text = "« L'Europe doit protéger ses frontières », a déclaré la ministre espagnole de la Mer, Lucía Robles."
    [statement] = statements("fr", text)
    assert (statement.speaker, statement.speaker_nation) == ("Lucía Robles", "foreign")


def test_a_quotation_ends_its_sentence_before_a_spaced_mark() -> None:
    text = "Elle a dit : « Il faut agir. » La salle a applaudi."
    parts = [span.of(text) for span in split_sentences(text, load_lexicon("fr"))]
    assert parts == ["Elle a dit : « Il faut agir. »", "La salle a applaudi."]


@pytest.mark.parametrize(
    ("code", "statement", "reversed_statement", "question"),
    [
        ("de", "Kein Kind darf in Armut leben.", "Ein Kind darf in Armut leben.", "Darf ein Kind in Armut leben?"),
        (
            "de",
            "Deutschland darf keine Waffen an Diktatoren liefern.",
            "Deutschland darf Waffen an Diktatoren liefern.",
            "Darf Deutschland Waffen an Diktatoren liefern?",
        ),
        (
            "de",
            "Wenn wir die Freiheit lieben, müssen wir die Presse schützen.",
            "Wenn wir die Freiheit lieben, müssen wir die Presse nicht schützen.",
            "Müssen wir die Presse schützen, wenn wir die Freiheit lieben?",
        ),
        (
            "de",
            "In jeder Stadt muss der Staat die Schulen erhalten.",
            "In jeder Stadt muss der Staat die Schulen nicht erhalten.",
            "Muss der Staat in jeder Stadt die Schulen erhalten?",
        ),
        (
            "de",
            "Große Monopole muss man entmachten.",
            "Große Monopole muss man nicht entmachten.",
            "Muss man große Monopole entmachten?",
        ),
        ("de", "Wir brauchen Gerechtigkeit.", "Wir brauchen keine Gerechtigkeit.", "Brauchen wir Gerechtigkeit?"),
        (
            "de",
            "Wir brauchen neue Schulen.",
            "Wir brauchen keine neuen Schulen.",
            "Brauchen wir neue Schulen?",
        ),
        (
            "de",
            "Die Ämter müssen die Bürger beraten und unterstützen.",
            "Die Ämter müssen die Bürger nicht beraten und unterstützen.",
            "Müssen die Ämter die Bürger beraten und unterstützen?",
        ),
        (
            "de",
            "Das Abkommen muss am Leben gehalten werden.",
            "Das Abkommen muss nicht am Leben gehalten werden.",
            "Muss das Abkommen am Leben gehalten werden?",
        ),
        (
            "fr",
            "Il faut donc une réforme fiscale juste.",
            "Il ne faut donc pas de réforme fiscale juste.",
            "Faut-il donc une réforme fiscale juste ?",
        ),
        (
            "fr",
            "Il faut aussi lutter contre les fraudes.",
            "Il ne faut pas lutter contre les fraudes.",
            "Faut-il aussi lutter contre les fraudes ?",
        ),
        (
            "fr",
            "C'est à l'État de protéger les plus faibles.",
            "Ce n'est pas à l'État de protéger les plus faibles.",
            "Est-ce à l'État de protéger les plus faibles ?",
        ),
        (
            "fr",
            "Il est inacceptable que des enfants dorment dehors.",
            "Il est acceptable que des enfants dorment dehors.",
            "Est-il acceptable que des enfants dorment dehors ?",
        ),
    ],
)
def test_triples(code: str, statement: str, reversed_statement: str, question: str) -> None:
    triple = make_triple(statement, load_lexicon(code))
    assert triple is not None
    assert (triple.reversed_statement, triple.question) == (reversed_statement, question)


@pytest.mark.parametrize(
    ("code", "content"),
    [
        ("fr", "Il ne faut pas rajouter de difficulté aux familles pauvres"),
        ("fr", "Il ne faut pas hésiter à défendre les services publics"),
        ("fr", "Il faut en tenir compte dans la loi sur les écoles"),
        ("fr", "Il faut que ça change pour les familles pauvres"),
        ("fr", "Nous ne voulons ni violence ni haine dans ce pays"),
        ("fr", "Le carburant est juste la taxe de trop pour les familles"),
        ("fr", "Le ministre est arrivé mardi dans les écoles de la République"),
        ("fr", "Tout le mérite de la réforme revient aux enseignants"),
        ("de", "Man muss sich vorstellen, was der Staat den Familien zumutet"),
        ("de", "Man darf auch nicht vergessen, dass die Bürger die Steuern bezahlen"),
        ("de", "Auch das muss der Staat den Familien bezahlen"),
        ("de", "Wir müssen nicht nur die Bürger, sondern auch die Familien schützen"),
        ("de", "Der Staat darf weder Familien noch Kinder vergessen"),
    ],
)
def test_what_cannot_be_said_well_is_refused(code: str, content: str) -> None:
    assert make_statement(content, load_lexicon(code)) is None


@pytest.mark.parametrize(
    ("code", "content", "text"),
    [
        ("de", "Wir müssen die Familien schützen; denn sie sind arm", "Wir müssen die Familien schützen."),
        (
            "de",
            "Der Staat muss – das ist richtig – die Familien schützen",
            "Der Staat muss die Familien schützen.",
        ),
        ("de", "Wir müssen die Kinder schützen, und da machen wir mit", "Wir müssen die Kinder schützen."),
        ("fr", "Il faut protéger les enfants, mais rien n'est fait", "Il faut protéger les enfants."),
        ("fr", "Rien n'est simple, mais il faut protéger les enfants", "Il faut protéger les enfants."),
    ],
)
def test_only_the_clause_with_the_stance_is_kept(code: str, content: str, text: str) -> None:
    candidate = make_statement(content, load_lexicon(code))
    assert candidate is not None
    assert candidate.text == text


def test_a_small_you_is_not_the_formal_you() -> None:
    assert make_statement("Die Nachbarn müssen ihre Flüsse gemeinsam schützen", load_lexicon("de")) is not None


@pytest.mark.parametrize(
    ("code", "left", "right", "verdict"),
    [
        ("de", "Der Staat soll ein Gesetz einführen.", "Der Staat soll kein Gesetz einführen.", "contradiction"),
        ("de", "Der Bund soll die Steuer senken.", "Der Bund soll die Steuer nicht senken.", "contradiction"),
        ("de", "Richter müssen frei urteilen.", "Alle Richter müssen frei urteilen.", "entailment"),
        ("fr", "L'État doit taxer les avions.", "L'État ne doit pas taxer les avions.", "contradiction"),
    ],
)
def test_polarity(code: str, left: str, right: str, verdict: str) -> None:
    assert judge(left, right, load_lexicon(code)).verdict == verdict


def test_a_capitalised_noun_alone_holds_no_position() -> None:
    assert statements("de", "Die großen Krisen unserer Zeit fordern mehr Gerechtigkeit und Freiheit.") == []


def test_forecasts_are_not_the_outlets_own_norms() -> None:
    assert statements("fr", "Un fonds de solidarité publique devrait voir le jour en 2031.", official=True) == []
