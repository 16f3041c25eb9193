"""Polarity: whether two statements contradict each other, by their words alone.

Two statements contradict when they say the same of the same thing with one polarity flip between them: an
antonym or a negation (the cues of de Marneffe, Rafferty and Manning 2008). The judge is conservative: what
is not nearly the same apart from its polarity is neutral.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Literal

from navab.models.rules.stance import Stance, find_stance
from navab.text.lexicon import Lexicon
from navab.text.phrases import phrase_pattern

Verdict = Literal["contradiction", "entailment", "neutral"]

_SAME = 0.85
_OPPOSED = 0.7
_FEWEST_WORDS = 2
_STEM = 8
_NEGATION = -1


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on an ordered pair of statements, and why."""

    verdict: Verdict
    confidence: float
    reason: str


@dataclass(frozen=True, slots=True)
class PolarSignature:
    """What of a statement decides its polarity; made once, compared cheaply.

    `marks` counts (axis, sign) of negators and antonyms; `stance` is the axis and sign of the main marker.
    """

    content: frozenset[str]
    rest: frozenset[str]
    marks: frozenset[tuple[int, int, int]]
    rest_marks: frozenset[tuple[int, int, int]]
    stance: tuple[str, int] | None
    quantities: frozenset[str]


def judge(left: str, right: str, lexicon: Lexicon) -> Judgement:
    """Judge whether two statements of one language contradict or restate each other."""
    return judge_signatures(signature(left, lexicon), signature(right, lexicon))


def signature(text: str, lexicon: Lexicon) -> PolarSignature:
    """Reduce a statement to its content words, its polarity marks and its stance."""
    lexicon = lexicon.for_text(text)
    stance = find_stance(text, lexicon)
    content, marks = _analyse(text, lexicon)
    rest, rest_marks = _analyse(_without(text, stance), lexicon) if stance else (content, marks)
    quantities = frozenset(re.findall(r"\d+(?:[.,]\d+)*", text)) | (content & _quantity_words(lexicon))
    axis = _axis(stance) if stance else None
    return PolarSignature(content, rest, marks, rest_marks, axis, quantities)


def judge_signatures(a: PolarSignature, b: PolarSignature) -> Judgement:
    """Judge a pair by signatures made with the same lexicon."""
    if a.stance and b.stance:
        if a.stance[0] != b.stance[0]:
            return Judgement("neutral", 0.5, "stances on different predicates")
        inner, matched = _flips(a.rest_marks, b.rest_marks)
        flips = inner + (a.stance[1] != b.stance[1])
        same_negations = _negations(a.rest_marks) == _negations(b.rest_marks)
        return _verdict(_similarity(a.rest, b.rest), flips, matched and same_negations and flips <= 1, a, b)
    flips, matched = _flips(a.marks, b.marks)
    return _verdict(_similarity(a.content, b.content), flips, matched and flips <= 1, a, b)


def _verdict(similarity: float, flips: int, comparable: bool, a: PolarSignature, b: PolarSignature) -> Judgement:
    """Turn similarity and the number of polarity flips into a verdict."""
    if similarity < (_OPPOSED if flips else _SAME) or min(len(a.content), len(b.content)) < _FEWEST_WORDS:
        return Judgement("neutral", 1 - similarity / 2, f"content overlap {similarity:.2f}")
    if not comparable:
        return Judgement("neutral", 0.5, "polarity differs elsewhere too")
    if a.quantities != b.quantities:
        return Judgement("neutral", 0.5, "quantities differ")
    if flips == 1:
        return Judgement("contradiction", similarity, f"one polarity flip, content overlap {similarity:.2f}")
    return Judgement("entailment", similarity, f"same polarity, content overlap {similarity:.2f}")


def _similarity(a: frozenset[str], b: frozenset[str]) -> float:
    """Jaccard similarity of two sets of content words."""
    common = len(a & b)
    return common / (len(a) + len(b) - common) if common else 0.0


def _flips(a: frozenset[tuple[int, int, int]], b: frozenset[tuple[int, int, int]]) -> tuple[int, bool]:
    """Count the polarity flips between two sets of marks, and tell whether every other mark is matched."""
    if a == b:
        return 0, True
    net: Counter[int] = Counter()
    size: Counter[int] = Counter()
    for marks, side in ((a, 1), (b, -1)):
        for axis, sign, count in marks:
            net[axis] += sign * count * side
            size[axis] += count * side
    flips, matched = 0, True
    for axis in net:
        if axis == _NEGATION:
            flips += abs(net[axis])
        elif size[axis]:
            matched = False
        else:
            flips += abs(net[axis]) // 2
    return flips, matched


def _negations(marks: frozenset[tuple[int, int, int]]) -> int:
    return sum(count for axis, _, count in marks if axis == _NEGATION)


def _axis(stance: Stance) -> tuple[str, int]:
    """Name what a stance is about and which side it takes: judgements differ by predicate, norms do not."""
    sign = 1 if stance.affirmative else -1
    if stance.group.kind != "judgement":
        return stance.group.kind, sign
    return (stance.form if stance.affirmative else stance.target), sign


def _without(text: str, stance: Stance) -> str:
    """Cut a stance marker out of its sentence."""
    for start, end in sorted({(stance.start, stance.end), stance.tail or (0, 0)}, reverse=True):
        text = text[:start] + text[end:]
    return text


@dataclass(frozen=True, slots=True)
class _Words:
    pattern: re.Pattern[str]
    axes: dict[str, tuple[int, int]]
    skipped: frozenset[str]


def _analyse(text: str, lexicon: Lexicon) -> tuple[frozenset[str], frozenset[tuple[int, int, int]]]:
    """Split a text into content words and counted polarity marks."""
    words = _words(lexicon)
    marks: Counter[tuple[int, int]] = Counter()
    lowered = text.lower()
    for match in words.pattern.finditer(lowered):
        if axis := words.axes.get(match.group()):
            marks[axis] += 1
    plain = words.pattern.sub(" " if lexicon.spaced else "", lowered)
    return _content(plain, lexicon, words), frozenset((axis, sign, n) for (axis, sign), n in marks.items())


def _content(plain: str, lexicon: Lexicon, words: _Words) -> frozenset[str]:
    """Content words cut to a stem, or the character pairs of a script without spaces."""
    if lexicon.spaced:
        return frozenset(w[:_STEM] for w in re.findall(r"\w+", plain) if w not in words.skipped)
    runs = re.findall(r"\w+", "".join(c for c in plain if c not in words.skipped))
    return frozenset(run[i : i + 2] for run in runs for i in range(max(1, len(run) - 1)))


def _words(lexicon: Lexicon) -> _Words:
    return _compiled(lexicon.negators, lexicon.antonyms, lexicon.neutral_stances, lexicon.stopwords, lexicon.spaced)


@cache
def _compiled(
    negators: tuple[str, ...],
    antonyms: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...],
    neutral: tuple[str, ...],
    stopwords: tuple[str, ...],
    spaced: bool,
) -> _Words:
    """Compile the polarity words; a word keeps the first axis that names it."""
    axes: dict[str, tuple[int, int]] = dict.fromkeys(negators, (_NEGATION, 1))
    for index, pair in enumerate(antonyms):
        for words, sign in zip(pair, (1, -1), strict=True):
            for word in words:
                axes.setdefault(word.lower(), (index, sign))
    pattern = phrase_pattern([*axes, *neutral], spaced)
    return _Words(pattern, axes, frozenset(stopwords))


@cache
def _quantities(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word.lower()[:_STEM] for word in words)


def _quantity_words(lexicon: Lexicon) -> frozenset[str]:
    return _quantities(lexicon.quantities) if lexicon.spaced else frozenset()
