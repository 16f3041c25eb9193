"""Quality gates: what must hold before a refresh releases what it has made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from navab.options.refresh import GatesSection
from navab.release.changes import Changes, NationChanges


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: what was measured, and the limit on its right side."""

    name: str
    nation: str | None
    measured: float
    limit: float
    at_least: bool = False

    @property
    def holds(self) -> bool:
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit

    def describe(self) -> str:
        """The gate in one line: `fr triples 12, at least 100`."""
        where = f"{self.nation} " if self.nation else ""
        side = "at least" if self.at_least else "at most"
        return f"{where}{self.name} {_number(self.measured)}, {side} {_number(self.limit)}"


def judge(changes: Changes, options: GatesSection, *, violated: int, contradictions: int, first: bool) -> list[Gate]:
    """All gates of a release to be: `violated` conservation equations, pairs of retained `contradictions`.

    A first release has no predecessor to compare with: nothing is withdrawn from it, and nothing drifts.
    """
    gates = [Gate("violated conservation equations", None, violated, 0)]
    gates.append(Gate("retained contradictions", None, contradictions, 0))
    for nation in changes.nations:
        gates.append(Gate("triples", nation.nation, nation.after, options.min_triples, at_least=True))
        if not first:
            gates.extend(_against_predecessor(nation, options))
    return gates


def _against_predecessor(nation: NationChanges, options: GatesSection) -> Iterator[Gate]:
    yield Gate("share of triples withdrawn", nation.nation, nation.withdrawn_share, options.max_withdrawn)
    if min(nation.before, nation.after) < options.drift_from:
        return
    limits = {"topic_id": options.max_topic_drift, "source": options.max_source_drift}
    for column, measured in nation.drift.items():
        yield Gate(f"drift of {column.removesuffix('_id')}s", nation.nation, measured, limits[column])


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.3f}"
