"""Polarity: whether two statements contradict each other, by their words alone.

Two statements contradict when they say the same of the same thing with one polarity flip between them: a negation, an
antonym, a quantity or the two sides of a comparison exchanged (the cues of de Marneffe, Rafferty and Manning 2008).
Where both hold content that the other lacks, they speak of different things, or say it in words that rules do not
know: such pairs are neutral and marked as undecided. A judge that reads, if there is one, is asked about all neutral
pairs but questions.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from navab.conflict.judgement import Judgement
from navab.conflict.signature import PolarSignature, signature
from navab.text.lexicon import Lexicon

_SHARED_START = 5
_START_SHARE = 0.6
_SHORTEST_NEGATED = 4
_UNLIKE = 0.15  # pairs that share less of their content are neutral beyond doubt
_SAME = 0.8  # what restatements share of their content at least
_MOST_EXTRA = 0.5  # of what is common, what one of two statements may say beyond it


def judge(left: str, right: str, lexicon: Lexicon) -> Judgement:
    """Judge whether two statements of one language contradict or restate each other."""
    return judge_signatures(signature(left, lexicon), signature(right, lexicon))


@dataclass(slots=True)
class _Comparison:
    """What two statements have in common, what each has alone, and the flips between them."""

    common: int
    left: set[str]
    right: set[str]
    flips: int = 0
    negations: int = 0
    implied: bool = False
    near: bool = True
    doubtful: bool = False


def judge_signatures(a: PolarSignature, b: PolarSignature) -> Judgement:
    """Judge a pair by signatures made in the same language."""
    if a.asks or b.asks:
        return Judgement("neutral", 0.5, "a question says nothing", decided=False, readable=False)
    found = _compare(a, b)
    size = found.common + len(found.left) + len(found.right)
    similarity = found.common / size if size else 0.0
    if not found.common:
        return Judgement("neutral", 1.0, "no content in common")
    if found.left and found.right:
        return Judgement("neutral", 1 - similarity / 2, "each says something of its own", decided=similarity < _UNLIKE)
    extra = len(found.left) + len(found.right)
    if extra > (0 if found.implied else max(1, found.common * _MOST_EXTRA)):
        return Judgement("neutral", 1 - similarity / 2, "one says much more", decided=similarity < _UNLIKE)
    confidence = similarity if extra else 1.0
    if a.numbers != b.numbers:
        return _by_numbers(a, b, found, confidence)
    flips = found.flips + found.negations + _exchanged(a, b) + (a.limit * b.limit < 0)
    if found.doubtful or flips > 2:
        return Judgement("neutral", 0.5, "polarity differs in several places", decided=False)
    if flips == 0 and similarity < _SAME:
        return Judgement("neutral", 0.5, "one says more", decided=False)
    if flips == 0:
        return Judgement("entailment", confidence, "the same words, the same polarity")
    if flips == 2:
        if found.flips == 1 and found.negations == 1 and found.near:
            return Judgement("entailment", confidence, "a negated antonym")
        return Judgement("neutral", 0.5, "polarity differs twice", decided=False)
    if reason := _compatible(a, b, found):
        return Judgement("neutral", 0.5, reason)
    return Judgement("contradiction", confidence, "the same words, one polarity flip")


def _compare(a: PolarSignature, b: PolarSignature) -> _Comparison:
    left, right = set(a.content - b.content), set(b.content - a.content)
    found = _Comparison(len(a.content & b.content), left, right)
    praised_left: set[str] = set()
    praised_right: set[str] = set()
    negations = a.negations - b.negations
    for axis in sorted(a.axes.keys() | b.axes.keys()):
        one, other = a.axes.get(axis), b.axes.get(axis)
        if one and other:
            found.common += 1
            if set(one) == set(other) and (len(set(one)) == 1 or one == other):
                continue
            if len(one) == len(other) or len(set(one)) == len(set(other)) == 1:
                found.flips += abs(sum(one) - sum(other)) // 2 if len(one) == len(other) else 1
                found.near = found.near and axis in a.negated ^ b.negated
            else:
                found.doubtful = True
        elif axis in a.implicit or axis in b.implicit:
            opposed = sum(sign < 0 for sign in one or other or ())
            if not opposed:
                (praised_left if one else praised_right).add(axis)
            negations += opposed if one else -opposed
            found.implied = found.implied or opposed > 0
        else:
            (left if one else right).add(axis)
    found.negations = abs(negations)
    _match_alike(found, a.prefixes)
    # A word for stands for content of its own if the other statement has such content too.
    if found.right:
        found.left |= praised_left
    if found.left:
        found.right |= praised_right
    return found


def _match_alike(found: _Comparison, prefixes: tuple[str, ...]) -> None:
    """Match words of one family that their stems tell apart, and words that a prefix turns round."""
    for one in sorted(found.left):
        for other in sorted(found.right):
            turned = _turned(one, other, prefixes) or _turned(other, one, prefixes)
            if turned or _alike(one, other):
                found.left.discard(one)
                found.right.discard(other)
                found.common += 1
                found.flips += turned
                found.near = found.near and turned
                break


def _turned(word: str, base: str, prefixes: tuple[str, ...]) -> bool:
    return len(base) >= _SHORTEST_NEGATED and any(
        word.startswith(prefix) and _alike(word.removeprefix(prefix), base) for prefix in prefixes
    )


def _alike(one: str, other: str) -> bool:
    """Tell whether two stems begin alike for the greater part."""
    longer = max(len(one), len(other))
    shared = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one == other or (shared >= _SHARED_START and shared >= _START_SHARE * longer)


def _exchanged(a: PolarSignature, b: PolarSignature) -> bool:
    """Tell whether the two sides of a comparison have changed places."""
    if a.compared is None or b.compared is None:
        return False
    (before_a, behind_a), (before_b, behind_b) = a.compared, b.compared
    by_end = behind_a <= before_b and behind_b <= before_a and not behind_a & behind_b
    by_start = before_a <= behind_b and before_b <= behind_a and not before_a & before_b
    return bool((behind_a and behind_b and by_end) or (before_a and before_b and by_start))


def _by_numbers(a: PolarSignature, b: PolarSignature, found: _Comparison, confidence: float) -> Judgement:
    """Norms that agree in all but one number contradict each other; reports that do are of different things."""
    alone = len((Counter(a.numbers) - Counter(b.numbers)) + (Counter(b.numbers) - Counter(a.numbers)))
    same = not (found.flips or found.negations or found.doubtful or found.left or found.right)
    if same and len(a.numbers) == len(b.numbers) and alone == 2 and a.modal == b.modal == "duty":
        return Judgement("contradiction", confidence * 0.9, "the same words, another quantity")
    return Judgement("neutral", 0.7, "quantities differ")


def _compatible(a: PolarSignature, b: PolarSignature, found: _Comparison) -> str:
    """Why statements with one flip between them may yet both hold; empty if they may not."""
    modals = {a.modal, b.modal}
    if modals == {"permission", "exemption"}:
        return "what may be need not be"
    if modals == {"permission"} and found.flips:
        return "both may be"
    if a.partial != b.partial and a.partial and b.partial:
        return "both are said of a part"
    return ""
