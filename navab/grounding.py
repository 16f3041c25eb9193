"""Whether evidence carries a statement: nothing in it is turned round, and nothing of weight is added.

Both are read as sequences of meanings (`navab/text/polarity_words.py`) and compared where words stand side by side:
long evidence may hold negations of other things. What is said in words that the lexicon does not connect is left to the
share of the words that both have.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import chain

from navab.text.lexicon import Lexicon
from navab.text.polarity_words import Meaning

_NEGATING = ("negator", "exemption")
_NORMS = ("duty", "permission", "exemption")
_SUBSTANCE = ("content", "axis", "number")
_REACH = 2  # meanings between a negator and the word of an axis that it turns
_LONGEST_ADDITION = {True: 2, False: 5}  # words in a row, characters in scripts without spaces
_EDGE = ""  # of a sentence
_Pair = tuple[str, str]
_END = re.compile(r"[.:;!?…][\"'”’»)]*\s|[。！？；：]")


def is_turned(statement: str, evidence: str, lexicon: Lexicon) -> bool:
    """Whether a statement negates what its evidence does not, or the other way round, or takes the opposite side."""
    said, shown = _sentences(statement, lexicon), _sentences(evidence, lexicon)
    if _negates_anew(said, shown) or _negates_anew(shown, said):
        return True
    all_said, all_shown = list(chain(*said)), list(chain(*shown))
    if _negates(all_said) and not (_opposes(all_shown) or lexicon.negates(evidence)):
        return True
    return _changes_sides(all_said, all_shown)


def has_addition(statement: str, evidence: str, speaker: str, article: str, lexicon: Lexicon) -> bool:
    """Whether a statement demands or tells more than its evidence does.

    A name that stands in the article may take the place of a pronoun.
    """
    said = _read(statement, lexicon)
    known = {one.name for one in (*_read(evidence, lexicon), *_read(speaker, lexicon))}
    if any(_is_new(place, said, known) for place, one in enumerate(said) if one.kind in _NORMS):
        return True
    long = [run for run in _unknown_runs(said, known) if len(run) > _LONGEST_ADDITION[lexicon.spaced]]
    return any(not _is_named(run, article, lexicon) for run in long)


def _read(text: str, lexicon: Lexicon) -> list[Meaning]:
    return list(lexicon.polarity_reader.read(text))


def _sentences(text: str, lexicon: Lexicon) -> list[list[Meaning]]:
    """What the sentences of a text mean; those without any substance are left out."""
    read = (_read(part, lexicon) for part in _END.split(text))
    return [sentence for sentence in read if any(one.kind in _SUBSTANCE for one in sentence)]


def _negates_anew(one: Sequence[Sequence[Meaning]], other: Sequence[Sequence[Meaning]]) -> bool:
    """Whether words stand side by side only with a negation between them in one, and only without it in the other.

    It may also have moved: "I don't think it should" says that it should not.
    """
    (plain, negated), (other_plain, other_negated) = _neighbours(one), _neighbours(other)
    found = (negated.keys() - plain.keys()) & (other_plain.keys() - other_negated.keys())
    return any(negated[pair] > other_plain[pair] for pair in found)


def _neighbours(sentences: Sequence[Sequence[Meaning]]) -> tuple[dict[_Pair, int], dict[_Pair, int]]:
    """Neighbours with nothing between them, and those with a negation; of each how often its sentence negates."""
    plain: dict[_Pair, int] = {}
    negated: dict[_Pair, int] = {}
    for sentence in sentences:
        negations = sum(one.kind in _NEGATING for one in sentence)
        last, between = _EDGE, False
        for one in (*sentence, Meaning("content", _EDGE)):
            if one.kind in _NEGATING:
                between = True
            elif one.kind in _SUBSTANCE:
                name = f"{one.name}{one.sign:+d}"
                (negated if between else plain)[last, name] = negations
                last, between = name, False
    return plain, negated


def _negates(meanings: Sequence[Meaning]) -> bool:
    return any(one.kind in _NEGATING for one in meanings)


def _opposes(meanings: Sequence[Meaning]) -> bool:
    """Whether anything is negated, limited, or spoken against."""
    return _negates(meanings) or any(one.sign < 0 for one in meanings)


def _changes_sides(said: Sequence[Meaning], shown: Sequence[Meaning]) -> bool:
    """Whether there are only words for where the evidence has only words against, or the other way round."""
    sides = _sides(shown)
    return any(taken.isdisjoint(sides.get(axis, taken)) for axis, taken in _sides(said).items())


def _sides(meanings: Sequence[Meaning]) -> dict[str, set[int]]:
    """The sides of each axis on which a word is, as it is written or as the negations around it turn it."""
    found: dict[str, set[int]] = {}
    for place, one in enumerate(meanings):
        if one.kind == "axis":
            around = meanings[max(0, place - _REACH) : place + _REACH + 1]
            turned = sum(near.kind in _NEGATING for near in around) % 2
            found.setdefault(one.name, set()).update({one.sign, -one.sign if turned else one.sign})
    return found


def _is_new(place: int, said: Sequence[Meaning], known: Collection[str]) -> bool:
    """Whether neither what stands before a norm nor what stands behind it is known."""
    before = next((one for one in reversed(said[:place]) if one.kind in _SUBSTANCE), None)
    behind = next((one for one in said[place + 1 :] if one.kind in _SUBSTANCE), None)
    return before is not None and behind is not None and before.name not in known and behind.name not in known


def _unknown_runs(said: Sequence[Meaning], known: Collection[str]) -> Iterator[list[Meaning]]:
    """Words in a row that are not known, with the norms and negations between them."""
    run: list[Meaning] = []
    between: list[Meaning] = []
    for one in said:
        if one.kind not in _SUBSTANCE:
            between.append(one)
        elif one.name in known:
            yield run
            run, between = [], []
        else:
            run = [*run, *between, one] if run else [one]
            between = []
    yield run


def _is_named(run: Sequence[Meaning], article: str, lexicon: Lexicon) -> bool:
    """Whether a row of words stands in the article as it is, and takes no side."""
    names = [one.name for one in run]
    if any(one.kind != "content" for one in run):
        return False
    written = [one.name for one in _read(article, lexicon)]
    return any(written[at : at + len(names)] == names for at in range(len(written) - len(names) + 1))
