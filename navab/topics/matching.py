"""Which topic of a new model is which of the old one, so that ids, and people's words on them, survive a refit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# A topic is continued, or comes from another one, if they share at least this part of the smaller or of its own.
_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a topic in a refit.

    `topic` is the position of a new topic (None for one that died) and `kept` the old id that it keeps; `related` are
    the old ids that it has articles of, most first.
    """

    event: str  # kept, born, merged (of several), split (off another one), died
    topic: int | None
    kept: int | None
    related: tuple[int, ...]


def match_topics(before: Sequence[int | None], after: npt.NDArray[np.int64], count: int) -> list[Change]:
    """Compare two partitions of the same articles: their old topic ids, and their positions among `count` new topics.

    One change for every new topic, in their order, then one for every old topic that died. -1 and None are no topic.
    """
    old = sorted({topic for topic in before if topic is not None})
    place = {topic: column for column, topic in enumerate(old)}
    shared = np.zeros((count, len(old)), dtype=np.int64)
    for topic, row in zip(before, after.tolist(), strict=True):
        if topic is not None and row >= 0:
            shared[row, place[topic]] += 1
    counts = Counter(before)
    sizes = np.array([counts[topic] for topic in old], dtype=np.int64)
    known = shared.sum(axis=1)
    kept = _continued(shared, known, sizes)
    changes = [_change(row, shared[row], known[row], sizes, kept.get(row), old) for row in range(count)]
    followed = set(kept.values()) | {place[one] for change in changes for one in change.related}
    died = [Change("died", None, None, (topic,)) for topic in old if place[topic] not in followed]
    return changes + died


def lineage(topic: int, change: Change, before: Mapping[int, Sequence[int] | None]) -> list[int]:
    """Old topics that most of a topic's articles came from, and theirs; not those that it merely took in.

    `before` has the lineage of every old topic.
    """
    sources = change.related[:1] if change.event in ("split", "kept", "merged") else ()
    every = [one for source in (topic, *sources) for one in (source, *(before.get(source) or ()))]
    return [one for one in dict.fromkeys(every) if one != topic]


def _continued(
    shared: npt.NDArray[np.int64], known: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]
) -> dict[int, int]:
    """New topics that continue an old one, so that as many articles as possible keep their id.

    A topic may continue the one that it has most articles of, or half of its own: not one that it merely took in.
    """
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415  (half a second to load)

    most = shared == shared.max(axis=1, keepdims=True, initial=0)
    allowed = np.where(most | (shared >= _SHARE * known[:, None]), shared, 0)
    rows, columns = linear_sum_assignment(allowed, maximize=True)
    return {
        int(row): int(column)
        for row, column in zip(rows, columns, strict=True)
        if allowed[row, column] > 0 and shared[row, column] >= _SHARE * min(known[row], sizes[column])
    }


def _change(
    row: int,
    shared: npt.NDArray[np.int64],
    known: int,
    sizes: npt.NDArray[np.int64],
    kept: int | None,
    old: Sequence[int],
) -> Change:
    some: list[int] = np.flatnonzero(shared).tolist()
    taken = [column for column in some if shared[column] >= _SHARE * sizes[column]]
    source = [column for column in some if shared[column] >= _SHARE * known]
    own = [] if kept is None else [kept]
    origins: list[int] = sorted({*taken, *source, *own}, key=lambda one: (-int(shared[one]), one))
    related = tuple(old[column] for column in origins)
    if kept is None:
        return Change("split" if related else "born", row, None, related)
    return Change("merged" if len({*taken, kept}) > 1 else "kept", row, old[kept], related)
