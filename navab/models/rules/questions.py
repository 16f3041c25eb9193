"""Questions that a statement and its reversal both answer, and that give neither away."""

from __future__ import annotations

from navab.models.rules.reversal import turn
from navab.models.rules.stance import Stance, find_stance
from navab.models.rules.wordorder import is_fronted, leading_subject
from navab.text.lexicon import Lexicon
from navab.text.phrases import capitalise
from navab.text.stance_forms import split_gap


def ask(statement: str, lexicon: Lexicon) -> str | None:
    """Ask the yes-or-no question that a statement answers, always of its positive form."""
    stance = find_stance(statement, lexicon)
    if stance is None:
        return None
    if stance.affirmative:
        return _ask(statement, stance, stance.form, lexicon)
    positive = turn(statement, stance, lexicon)
    return _ask(positive, stance, stance.target, lexicon) if positive else None


def _ask(positive: str, stance: Stance, form: str, lexicon: Lexicon) -> str | None:
    head, _ = split_gap(form)
    start = stance.start
    if stance.tail and stance.tail[0] < start and not stance.affirmative:
        start = positive.index(head, stance.tail[0])
    before, after = positive[:start], positive[start + len(head) :]
    group = stance.group
    template = group.ask.get(form) or group.question or lexicon.question
    first, _, rest = head.partition(" ")
    template = template.format(form=head, first=first, rest=rest)
    before, after = _strip_openers(before, lexicon), _first_sentence(after, lexicon)
    if is_fronted(before, after, lexicon):
        fronted = _subject_second(template, before.strip(), after.strip(), lexicon)
        return capitalise(fronted) + lexicon.question_mark if fronted else None
    if "…" in template and lexicon.spaced and not split_lead(before, lexicon)[1].strip():
        return None
    question = _arrange(template, before, after, group.names_subject, lexicon)
    return capitalise(question) + lexicon.question_mark


def _subject_second(template: str, before: str, after: str, lexicon: Lexicon) -> str | None:
    """Ask 'must we do X, if Y' of 'if Y, must we do X': the subject follows the verb; None if it is unknown."""
    end = leading_subject(after, lexicon)
    front, gap, back = template.partition("…")
    if (not gap and "…" in lexicon.question) or end is None:
        return None
    lead = _inside(before.rstrip(" ,"), lexicon)
    if "," in before:
        return _join(lexicon, front, after[:end], back, after[end:]) + f", {lead}"
    return _join(lexicon, front, after[:end], lead, back, after[end:])


def _arrange(template: str, before: str, after: str, names_subject: bool, lexicon: Lexicon) -> str:
    """Put subject, marker and the rest of the sentence into the order that a template gives."""
    if "…" not in template:
        return _join(lexicon, before, template, after)
    front, back = template.split("…", 1)
    lead, subject = ("", before) if not lexicon.spaced else split_lead(before, lexicon)
    if lexicon.verb_second and (adverb := lexicon.inverting_pattern.fullmatch(subject.strip())):
        subject = subject.strip()[adverb.end() :]
    return _join(lexicon, lead, _elided(front.strip(), subject, lexicon), _inside(subject, lexicon), back, after)


def _join(lexicon: Lexicon, *parts: str) -> str:
    glue = " " if lexicon.spaced else ""
    joined = ""
    for part in (part.strip() for part in parts):
        if part:
            joined += part if not joined or joined.endswith(("'", "’")) or part[0] in ",;" else glue + part
    return joined


def split_lead(before: str, lexicon: Lexicon) -> tuple[str, str]:
    """Split an opening adverbial ('In a democracy,') from the subject."""
    opening = before.split(" ", 1)[0].lower()
    place = f"{before.rstrip()} ".rfind(", ")
    if before.rstrip().endswith(","):
        place = before.find(", ")
    if place < 0 or opening not in lexicon.leads:
        return "", before
    return before[: place + 1], before[place + 2 :]


def _inside(subject: str, lexicon: Lexicon) -> str:
    """Write a subject as it stands inside a sentence."""
    first = subject.split(" ", 1)[0]
    lower = first[:1].lower() + first[1:]
    known = lower in lexicon.uncapitalised or any(lower.startswith(w) for w in lexicon.uncapitalised if w[-1] in "'’")
    known = known or _is_common(first, subject[len(first) :].split(), lexicon)
    return lower + subject[len(first) :] if known else subject


def _is_common(first: str, following: list[str], lexicon: Lexicon) -> bool:
    """Guess that a capitalised first word is no name: a word written small goes on with it."""
    if not lexicon.name_followers or not following or not following[0][:1].islower() or not first.isalpha():
        return False
    if first in lexicon.capitalised or first in lexicon.countries or first.isupper():
        return False
    return following[0] not in lexicon.name_followers


def _elided(front: str, following: str, lexicon: Lexicon) -> str:
    """Shorten a word before a vowel, as the lexicon says."""
    if following[:1].lower() in "aeiouyàâéèêëîïôœ" and following:
        for full, short in lexicon.elisions.items():
            if front.endswith(full):
                return front[: -len(full)] + short
    return front


def _strip_openers(before: str, lexicon: Lexicon) -> str:
    """Leave out an opening connector, which a question does without."""
    match = lexicon.connector_pattern.match(before)
    return before[match.end() :].lstrip(" ,，") if match else before


def _first_sentence(after: str, lexicon: Lexicon) -> str:
    """Cut what follows the marker at the end of its sentence."""
    end = len(after.rstrip())
    while end and after[end - 1] in lexicon.sentence_ends + lexicon.full_stop + " ":
        end -= 1
    return after[:end]
