"""Reasons: what positions weigh, what that is made of, and what decided between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

UNDISPUTED = "no statement of the nation contradicts it"
DOMINANT = "it belongs to the consistent set with the greatest weight"
ONLY_FOREIGN = "none but foreign speakers contradict it"
COMPATIBLE = "no retained statement contradicts it"
MINORITY = "retained statements that contradict it weigh more"
TIED = "retained statements that contradict it weigh as much, and one side must give way, which ids decide"
OUTWEIGHED = "the set that is retained weighs more as a whole"
FOREIGN = "it is a foreign speaker's, and retained statements of the nation's own contradict it"

_SAME = 1e-6


@dataclass(frozen=True, slots=True)
class Weight:
    """What a position weighs, and of what; `days` is its age against the newest one of the conflict."""

    total: float
    outlets: int
    official: float = 0.0
    home: float = 0.0
    recency: float = 0.0
    days: int | None = None

    def shown(self, digits: int) -> str:
        """The weight and its parts; those that are nothing are left out."""
        parts = [f"{self.outlets} outlet{'' if self.outlets == 1 else 's'}"]
        named = (("official", self.official), ("home", self.home), ("recency", self.recency))
        parts += [f"{name} {value:.{digits}g}" for name, value in named if value]
        return f"{self.total:.{digits}g} ({', '.join(parts)})"


def against(retained: Iterable[Weight], lost: Weight) -> str:
    """Why a position gives way to the retained ones that contradict it, with the parts of both weights."""
    others = list(retained)
    whole = _sum(others)
    why = MINORITY if whole.total > lost.total else OUTWEIGHED
    if abs(whole.total - lost.total) <= _SAME:
        why = TIED
    digits = next((some for some in range(4, 9) if f"{whole.total:.{some}g}" != f"{lost.total:.{some}g}"), 4)
    return f"{why}: {whole.shown(digits)} against {lost.shown(digits)}{_newer(others, lost)}"


def _sum(weights: list[Weight]) -> Weight:
    if len(weights) == 1:
        return weights[0]
    return Weight(
        sum(one.total for one in weights),
        sum(one.outlets for one in weights),
        sum(one.official for one in weights),
        sum(one.home for one in weights),
        sum(one.recency for one in weights),
    )


def _newer(retained: list[Weight], lost: Weight) -> str:
    """By how much the one that is retained is newer, where nothing else tells the two apart."""
    (one, *others) = retained
    if others or one.days is None or lost.days is None or one.days >= lost.days:
        return ""
    if (one.outlets, one.official, one.home) != (lost.outlets, lost.official, lost.home):
        return ""
    days = lost.days - one.days
    return f"; newer by {days:,} day{'' if days == 1 else 's'}"
