"""Stance: the marker in a sentence's main clause that says what ought to be, or who is for or against it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from navab.text.lexicon import Lexicon
from navab.text.lexicon_sections import StanceGroup
from navab.text.phrases import alternation
from navab.text.stance_forms import StanceForm

_SHORT_OPENING = 3
_SUBJECT = "^"


@dataclass(frozen=True, slots=True)
class Stance:
    """A stance marker in a text: its head, and its tail where the marker is split."""

    start: int
    end: int
    tail: tuple[int, int] | None
    form: str
    group: StanceGroup

    @property
    def affirmative(self) -> bool:
        """Tell whether the marker is a positive form of its group."""
        return self.form in self.group.affirmative

    @property
    def target(self) -> str:
        """The form that reverses the marker."""
        return self.group.affirmative[self.form] if self.affirmative else self.group.negative[self.form]


@lru_cache(maxsize=256)
def find_stance(text: str, lexicon: Lexicon) -> Stance | None:
    """Find the first stance marker of the main clause; a marker in a subordinate clause does not count.

    The same sentence is searched by every step that cleans, turns or asks it: the last few are remembered.
    """
    return next((s for s in stances(text, lexicon) if is_main(text, s, lexicon)), None)


def stances(text: str, lexicon: Lexicon) -> Iterator[Stance]:
    """Find all stance markers of a text, in reading order."""
    for match in lexicon.stance_pattern.finditer(text):
        found = match.group()
        head = found if found in lexicon.stance_forms else found[:1].lower() + found[1:]
        if found in lexicon.decoy_set or head in lexicon.decoy_set or lexicon.decoy_pattern.match(text, match.start()):
            continue
        if head != found and text[: match.start()].rstrip()[-1:].isalnum():
            continue
        form = lexicon.stance_forms.get(head)
        if form and (stance := _with_tail(text, match.start(), match.end(), form, lexicon)):
            yield stance


def _with_tail(text: str, start: int, end: int, form: StanceForm, lexicon: Lexicon) -> Stance | None:
    """Complete a head by its tail further on in the clause."""
    limit = clause_end(text, end, lexicon)
    for tail, written in form.tails.items():
        if not tail:
            continue
        word = tail.removeprefix("~")
        place = None
        for match in word_pattern(_tail_words(word, lexicon), lexicon.spaced).finditer(text, end, limit):
            if lexicon.explained_pattern.match(text, match.start()):
                continue
            place = match.span()
            if " " in word:
                break
        if place is None and (word in lexicon.negators or word.startswith(_SUBJECT)):
            place = _negated_subject(text, start, lexicon)
        if place and (not tail.startswith("~") or place[1] == limit):
            return Stance(start, end, place, written, form.group)
    written = form.tails.get("", "")
    return Stance(start, end, None, written, form.group) if written else None


def _negated_subject(text: str, end: int, lexicon: Lexicon) -> tuple[int, int] | None:
    """Find a subject that negates by itself ('no child may ...') at the head of the clause that ends at `end`."""
    start = clause_start(text, end, lexicon)
    start += len(text[start:end]) - len(text[start:end].lstrip())
    first = max((s for s in lexicon.negation.subjects if text.startswith(f"{s} ", start, end)), key=len, default="")
    return (start, start + len(first)) if first else None


def _tail_words(word: str, lexicon: Lexicon) -> tuple[str, ...]:
    """A negating tail may have merged with an article."""
    return (word, *lexicon.negation.articles.values()) if word in lexicon.negators else (word,)


@cache
def word_pattern(words: tuple[str, ...], spaced: bool) -> re.Pattern[str]:
    """Match any of some words, whole in a spaced script."""
    body = alternation(words)
    return re.compile(rf"\b{body}\b" if spaced else body)


@cache
def _marks(lexicon: Lexicon) -> re.Pattern[str]:
    """Match a mark, but no comma or point inside a number."""
    return re.compile(rf"[{re.escape(lexicon.clause_marks + lexicon.sentence_ends)}](?!(?<=\d.)\d)")


def clause_end(text: str, start: int, lexicon: Lexicon) -> int:
    """Return where the clause that holds `start` ends."""
    match = _marks(lexicon).search(text, start)
    return match.start() if match else len(text)


def clause_start(text: str, end: int, lexicon: Lexicon) -> int:
    """Return where the clause that holds `end` begins."""
    start = max((text.rfind(mark, 0, end) + 1 for mark in lexicon.clause_marks), default=0)
    inside_number = 1 < start < end and text[start - 2].isdigit() and text[start].isdigit()
    return clause_start(text, start - 1, lexicon) if inside_number else start


def is_main(text: str, stance: Stance, lexicon: Lexicon) -> bool:
    """Tell whether a marker stands in a main clause with a subject, as far as the words around it show."""
    before = text[: stance.start]
    local = before[clause_start(text, stance.start, lexicon) :]
    group = stance.group
    if group.kind != "judgement" and not text[stance.end : clause_end(text, stance.end, lexicon)].strip(" »”\"'"):
        return False
    if _is_subordinate(before, local, lexicon) or not _may_precede(stance, local, lexicon):
        return False
    return bool(before.strip()) or group.names_subject or not group.needs_subject


def _is_subordinate(before: str, local: str, lexicon: Lexicon) -> bool:
    """Tell whether the words before a marker, and those in its own clause, open a subordinate clause."""
    pattern = lexicon.subordinator_pattern
    if not lexicon.spaced:
        return not local.startswith(lexicon.free_openings) and pattern.match(local) is not None
    if _opens_clause(local, lexicon) or _earlier_clause(before[: len(before) - len(local)], local, lexicon):
        return True
    return pattern.match(before.lstrip()) is not None and not any(mark in before for mark in lexicon.clause_marks)


def _opens_clause(local: str, lexicon: Lexicon) -> bool:
    """Tell whether a subordinate clause is open where a clause has got to; one inside its subject is closed."""
    for match in lexicon.subordinator_pattern.finditer(local):
        if not local[match.end() :].strip() and match.group().lower() in lexicon.attribution.verbs:
            continue
        if not _is_closed_relative(local, match.span(), lexicon):
            return True
    return False


def _is_closed_relative(local: str, relative: tuple[int, int], lexicon: Lexicon) -> bool:
    """Tell 'companies that poison rivers [must]': a relative clause whose subject is the pronoun itself."""
    words, clause = local[: relative[0]].split(), local[relative[1] :].split()
    if not words or len(clause) < 2 or local[slice(*relative)].lower() not in lexicon.relatives:
        return False
    head, verb = words[-1].lower(), clause[0].lower()
    if head in lexicon.complement_nouns or verb in lexicon.clause_openers or clause[0][0].isupper():
        return False
    return not (head.endswith("s") and verb.endswith("s"))


def _may_precede(stance: Stance, local: str, lexicon: Lexicon) -> bool:
    """Tell whether the words before a marker in its clause leave it the main verb, and single negation."""
    group = stance.group
    if group.after and local.strip() and not local.rstrip().endswith(group.after):
        return False
    if word_pattern(group.not_after, lexicon.spaced).fullmatch(_last_word(local)):
        return False
    if not lexicon.spaced and local.endswith(group.not_after or ("\0",)):
        return False
    if word_pattern(lexicon.finite_words, lexicon.spaced).search(_outside_relative(local, lexicon)):
        return False
    return not (stance.affirmative and word_pattern(lexicon.negators, lexicon.spaced).search(local.lower()))


def _outside_relative(local: str, lexicon: Lexicon) -> str:
    """Leave out the relative clause of a subject, whose verb is not the sentence's."""
    pattern = word_pattern(lexicon.relatives, True)
    match = pattern.search(local) if lexicon.relatives else None
    return local[: match.start()] if match else local


def _last_word(text: str) -> str:
    words = text.split()
    return words[-1].lower() if words else ""


def _earlier_clause(earlier: str, local: str, lexicon: Lexicon) -> bool:
    """Tell whether what stands before the stance's clause is more than an opening adverbial or an apposition."""
    words = earlier.split()
    if not words or words[0].lower().strip(",") in lexicon.leads:
        return False
    if ":" in earlier or ";" in earlier:
        return True
    if not local.strip() and lexicon.attributives:
        openers = [clause.split(None, 1)[0].lower() for clause in earlier.split(",")[1:] if clause.strip()]
        if not any(opener in lexicon.attributives for opener in openers):
            return True
    if not local.strip():
        return word_pattern(lexicon.finite_words, lexicon.spaced).search(earlier) is not None
    return len(words) > _SHORT_OPENING
