"""The polar signature of a statement: its content words, and all that turns it one way or the other."""

from __future__ import annotations

from dataclasses import dataclass

from navab.text.lexicon import Lexicon
from navab.text.polarity_words import Meaning

_QUESTION_MARKS = ("?", "？")
_NEGATING = ("negator", "exemption")
_MODALS = ("duty", "permission", "exemption")
_NEAR = 3  # words between a negator and the antonym that it negates


@dataclass(frozen=True, slots=True)
class PolarSignature:
    """What of a statement decides its polarity; made once, compared cheaply.

    `axes` holds the sides (1, -1) of every word of an axis; `implicit` names the axes whose words against oppose by
    themselves, `negated` those with a negator close by. `compared` is what stands before and behind the pivot of a
    comparison.
    """

    content: frozenset[str]
    axes: dict[str, tuple[int, ...]]
    implicit: frozenset[str]
    negated: frozenset[str]
    negations: int
    partial: frozenset[int]
    modal: str
    limit: int
    numbers: tuple[str, ...]
    compared: tuple[frozenset[str], frozenset[str]] | None
    prefixes: tuple[str, ...]
    asks: bool


def signature(text: str, lexicon: Lexicon) -> PolarSignature:
    """Reduce a statement to its content words and all that turns it one way or the other."""
    meanings = list(lexicon.polarity_reader.read(text))
    of = {kind: [one for one in meanings if one.kind == kind] for kind in ("axis", "content", "number", "limit")}
    sides: dict[str, list[int]] = {}
    for one in of["axis"]:
        sides.setdefault(one.name, []).append(one.sign)
    return PolarSignature(
        content=frozenset(one.name for one in of["content"]),
        axes={axis: tuple(sorted(signs)) for axis, signs in sides.items()},
        implicit=frozenset(one.name for one in of["axis"] if one.implicit),
        negated=_negated(meanings),
        negations=sum(one.kind in _NEGATING or (one.kind == "partial" and one.sign < 0) for one in meanings),
        partial=frozenset(one.sign for one in meanings if one.kind == "partial"),
        modal=next((one.kind for one in meanings if one.kind in _MODALS), ""),
        limit=sum(one.sign for one in of["limit"]),
        numbers=tuple(sorted(one.name for one in of["number"])),
        compared=_compared(meanings),
        prefixes=lexicon.polarity.negative_prefixes,
        asks=text.rstrip().endswith(_QUESTION_MARKS),
    )


def _negated(meanings: list[Meaning]) -> frozenset[str]:
    """Axes with a word that a negator stands close to."""
    places = [place for place, one in enumerate(meanings) if one.kind in _NEGATING]
    return frozenset(
        one.name
        for place, one in enumerate(meanings)
        if one.kind == "axis" and any(abs(place - negator) <= _NEAR for negator in places)
    )


def _compared(meanings: list[Meaning]) -> tuple[frozenset[str], frozenset[str]] | None:
    """What stands before and behind the pivot of a comparison."""
    place = next((place for place, one in enumerate(meanings) if one.kind == "pivot"), None)
    if place is None:
        return None
    before, behind = (
        frozenset(_item(one) for one in part if one.kind in ("content", "axis"))
        for part in (meanings[:place], meanings[place + 1 :])
    )
    return before, behind


def _item(meaning: Meaning) -> str:
    return f"{meaning.name}{meaning.sign:+d}" if meaning.kind == "axis" else meaning.name
