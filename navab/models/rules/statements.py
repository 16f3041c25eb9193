"""Statements: from what is said to one clean sentence with a stance, or to nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from navab.models.rules.questions import ask
from navab.models.rules.reversal import turn
from navab.models.rules.stance import Stance, clause_start, find_stance, is_main, stances, word_pattern
from navab.models.rules.wordorder import without_adverb
from navab.text.lexicon import Lexicon
from navab.text.phrases import alternation, capitalise, phrase_pattern
from navab.text.sentences import find_quotes

_SHORT_STEM = 4
_RELATIVE_REACH = 24
_LEAST_LETTERS = 0.65
_LONE_QUOTE = re.compile(r"(?:^|\s)['‘]\w")
_INSERTION = re.compile(r" [–—] [^–—]+ [–—](?=[ ,;.])")
_ELLIPSIS = re.compile(r"[(\[]\s?(?:\.\.\.|…)\s?[)\]]")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A statement that can be understood by itself, and how strongly it takes a stance."""

    text: str
    stance: Stance
    score: float


def make_statement(content: str, lexicon: Lexicon) -> Candidate | None:
    """Clean what is said and keep it if it is one understandable sentence that takes a stance."""
    if not lexicon.may_take_stance(content):
        return None
    text = tidy(content, lexicon)
    if lexicon.clause_statements:
        text = _stance_clause(text, lexicon) or ""
    text = _first_clause(text, lexicon)
    shortest, longest = lexicon.statement_length
    if not shortest <= len(text) <= longest:
        return None
    stance = find_stance(text, lexicon)
    if stance is None or not _is_sentence(text, lexicon) or _is_inside_quotes(text, stance, lexicon):
        return None
    if not (_subject_is_clear(text, stance, lexicon) and turn(text, stance, lexicon)):
        return None
    if (score := _score(text, stance, lexicon)) < lexicon.least_score or _openers(lexicon.boilerplate).search(text):
        return None
    return Candidate(text, stance, score) if ask(text, lexicon) else None


def _first_clause(text: str, lexicon: Lexicon) -> str:
    """Leave out a clause before a marker that brings its own subject: 'They tried, we need ...'."""
    stance = find_stance(text, lexicon) if lexicon.relatives else None
    if stance is None:
        return text
    before = text[: stance.start].rstrip()
    if (contrast := _openers(lexicon.contrasts).match(before)) and len(before) > contrast.end():
        return _first_clause(capitalise(text[contrast.end() :]), lexicon)
    if not stance.group.names_subject:
        return text
    if not before.endswith(tuple(lexicon.clause_marks)) or _is_lead(before, lexicon):
        return text
    return capitalise(text[stance.start :])


def _is_lead(before: str, lexicon: Lexicon) -> bool:
    return before.split(" ", 1)[0].strip(lexicon.clause_marks).lower() in lexicon.leads


def _is_inside_quotes(text: str, stance: Stance, lexicon: Lexicon) -> bool:
    return any(quote.start < stance.start < quote.end for quote in find_quotes(text, lexicon))


def tidy(content: str, lexicon: Lexicon) -> str:
    """Write content as a sentence: no opening connector or 'I think that', a capital, a full stop."""
    whole = " ".join(_ELLIPSIS.sub(" ", content).split())
    text = _without_last_opening(whole.strip(' ,，:：;；-–—“”"«»„…'), whole, lexicon)
    text = _openers(lexicon.asides).sub("", text).lstrip(" ,") if lexicon.asides else text
    for pattern, plain in lexicon.rewriting:
        text = pattern.sub(plain, text)
    text = _after_colon(without_adverb(_bare(_without_coda(_bare(text, lexicon), lexicon), lexicon), lexicon), lexicon)
    if not text:
        return ""
    text = text.rstrip("… ").rstrip(
        lexicon.sentence_ends.replace("?", "").replace("？", "") + lexicon.clause_marks + " "
    )
    text = capitalise(text) if lexicon.spaced else text
    return text if text.endswith(("?", "？")) else text + lexicon.full_stop


def _without_last_opening(text: str, whole: str, lexicon: Lexicon) -> str:
    """Drop the mark that opens a quotation whose closing mark was dropped from the end."""
    for left, right in lexicon.quotes:
        missing = text.count(left) % 2 if left == right else text.count(left) == text.count(right) + 1
        if missing and whole.rstrip(" ,.").endswith(right):
            head, _, tail = text.rpartition(left)
            return head + tail.lstrip(" ")
    return text


def _without_coda(text: str, lexicon: Lexicon) -> str:
    """Leave out an insertion between dashes, and a further clause behind the one that takes the stance."""
    if not lexicon.codas:
        return text
    text = _INSERTION.sub("", text)
    for coda in lexicon.coda_pattern.finditer(text):
        head = text[: coda.start()]
        if coda.start() >= lexicon.statement_length[0] and find_stance(head, lexicon) is not None:
            return head
        opening = coda.group().strip(" ,").lower()
        if find_stance(head, lexicon) is None and (opening in lexicon.connectors or not any(map(str.isalpha, opening))):
            tail = text[coda.end() :].lstrip()
            if len(tail) >= lexicon.statement_length[0] and find_stance(tail, lexicon) is not None:
                return _without_coda(tail, lexicon)
    return text


def _after_colon(text: str, lexicon: Lexicon) -> str:
    """Take what an introduction announces ('One thing is clear: ...') if that takes the stance."""
    head, colon, rest = text.partition(": ")
    announced = colon and lexicon.spaced and find_stance(rest.strip(), lexicon) is not None
    wanted = announced and (lexicon.verb_second or find_stance(head, lexicon) is None)
    return _bare(rest.strip(), lexicon) if wanted else text


def _bare(text: str, lexicon: Lexicon) -> str:
    """Take off what opens a sentence without belonging to the statement."""
    previous = None
    while previous != text:
        previous = text
        for pattern in (_openers(lexicon.opinion_prefixes), lexicon.connector_pattern):
            match = pattern.match(text)
            if match and match.end() < len(text):
                text = text[match.end() :].lstrip(" ,，:：")
    return text


@cache
def _openers(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{p})" for p in patterns) or "(?!)", re.IGNORECASE)


@cache
def _clauses(marks: str) -> re.Pattern[str]:
    return re.compile(rf"[^{re.escape(marks)}]+")


def _stance_clause(text: str, lexicon: Lexicon) -> str | None:
    """Cut the clause that takes the stance out of a long sentence, with the next one if it goes on there."""
    body = text.rstrip(lexicon.sentence_ends)
    if not body or text.endswith(("?", "？")):
        return None
    clauses = [m.group() for m in _clauses(lexicon.clause_marks).finditer(body)]
    for index, clause in enumerate(clauses):
        taken = _bare(clause, lexicon)
        if find_stance(taken, lexicon) is None:
            continue
        for following in clauses[index + 1 :]:
            if not _goes_on(taken, lexicon):
                break
            taken += lexicon.clause_marks[0] + following
        if not _goes_on(taken, lexicon):
            return taken + lexicon.full_stop
    return None


def _goes_on(clause: str, lexicon: Lexicon) -> bool:
    balanced = all(clause.count(a) == clause.count(b) for a, b in lexicon.quotes if a != b)
    is_open = clause.endswith(lexicon.open_endings) and not clause.endswith(lexicon.closed_endings)
    return is_open or len(clause) + len(lexicon.full_stop) < lexicon.statement_length[0] or not balanced


@cache
def _outside(words: tuple[str, ...], spaced: bool) -> re.Pattern[str]:
    """Match words; one that the lexicon writes large counts only where it is large (German 'Ihr', not 'ihr')."""
    large = alternation(word for word in words if word[:1].isupper())
    other = alternation((word for word in words if not word[:1].isupper()), any_case=True)
    return re.compile(rf"(?:{large}|{other})(?:(?<=['’])|(?!\w))" if spaced else f"{large}|{other}")


def _is_sentence(text: str, lexicon: Lexicon) -> bool:
    """Refuse questions, fragments, lists and text with unmatched marks."""
    if "?" in text or "？" in text or "..." in text or "…" in text or "[" in text or "http" in text:
        return False
    if any(text.count(a) != text.count(b) if a != b else text.count(a) % 2 for a, b in lexicon.quotes):
        return False
    if _LONE_QUOTE.search(text):
        return False
    if text.count("(") != text.count(")"):
        return False
    if lexicon.spaced and (text[0].isdigit() or text.count(" ") < 3 or lexicon.question_pattern.match(text)):
        return False
    letters = sum(map(str.isalpha, text))
    return letters >= _LEAST_LETTERS * len(text)


def _subject_is_clear(text: str, stance: Stance, lexicon: Lexicon) -> bool:
    """Refuse a statement that points outside itself ('this', 'he') or is about its speaker ('I')."""
    if _outside(lexicon.unclear, lexicon.spaced).match(text) and not _openers(lexicon.expletives).match(text):
        return False
    local = text[clause_start(text, stance.start, lexicon) : stance.start].strip(' “«„"')
    personal = _outside(lexicon.first_person, lexicon.spaced)
    vague = local and _outside(lexicon.unclear, lexicon.spaced).fullmatch(local)
    clause = text[clause_start(text, stance.start, lexicon) :].strip()
    if (personal.match(local) or vague) and not _openers(lexicon.expletives).match(clause):
        return False
    if _openers(lexicon.vague_complements).match(text, stance.end):
        return False
    return not (_points_outside(text, lexicon.unclear_inside, lexicon) or _lacks_antecedent(text, stance, lexicon))


def _points_outside(text: str, words: tuple[str, ...], lexicon: Lexicon) -> bool:
    found = (m for m in _outside(words, lexicon.spaced).finditer(text) if not _follows_letter(text, m, lexicon))
    unexplained = (m.start() for m in found if not lexicon.explained_pattern.match(text, m.start()))
    return any(not _follows_relative(text, at, lexicon) for at in unexplained)


def _follows_letter(text: str, match: re.Match[str], lexicon: Lexicon) -> bool:
    """Tell whether a match begins inside a word of a spaced script."""
    return lexicon.spaced and match.start() > 0 and text[match.start() - 1].isalpha()


def _follows_relative(text: str, at: int, lexicon: Lexicon) -> bool:
    """Tell 'a country and the people who live in it': inside a relative clause a pronoun has a noun before it."""
    relatives = word_pattern(lexicon.relatives, lexicon.spaced)
    return bool(lexicon.relatives) and relatives.search(text, max(0, at - _RELATIVE_REACH), at) is not None


def _lacks_antecedent(text: str, stance: Stance, lexicon: Lexicon) -> bool:
    """Find a pronoun that no subject of this statement can explain."""
    subject = text[: stance.start].strip()
    bound = len(text) if stance.group.names_subject or not subject else stance.start
    if lexicon.verb_second and _outside(lexicon.speakers.pronouns, True).match(text[stance.end :].lstrip()):
        return not _openers(lexicon.expletives).search(text[stance.end :].lstrip())
    opening = _openers(lexicon.expletives).match(text)
    skipped = opening.end() if opening else 0
    start = max(skipped, 0 if subject else stance.end)
    return any(
        start <= m.start() < bound
        and not _follows_letter(text, m, lexicon)
        and not _openers(lexicon.expletives).match(text, m.start())
        for m in _outside(lexicon.anaphora, lexicon.spaced).finditer(text)
    )


@cache
def _beginnings(words: tuple[str, ...], spaced: bool, compounds: bool = False) -> re.Pattern[str]:
    """Match beginnings of words; longer ones also inside the compounds of a language that writes these as one."""
    small = [word.lower() for word in words]
    if not spaced:
        return phrase_pattern(small, False)
    body = rf"\b{phrase_pattern(small, False).pattern}"
    long = phrase_pattern([word for word in small if len(word) > _SHORT_STEM], False).pattern
    return re.compile(rf"{body}|{long}" if compounds else body)


def _score(text: str, stance: Stance, lexicon: Lexicon) -> float:
    """Score a statement: its marker, its words of value, less its trivia and further markers."""
    beginnings = _beginnings(lexicon.value_words, lexicon.spaced, lexicon.speakers.large_nouns)
    small = text.lower()
    values = {m.group() for m in beginnings.finditer(small)}
    trivia = sum(1 for _ in _beginnings(lexicon.trivial_words, lexicon.spaced).finditer(small))
    markers = sum(1 for s in stances(text, lexicon) if is_main(text, s, lexicon))
    score = stance.group.weight + 0.5 * min(len(values), 3) - 1.5 * trivia - 0.25 * (markers - 1)
    middle = sum(lexicon.statement_length) / 2
    return score - 0.5 * max(0.0, len(text) / middle - 1)
