"""The change summary of a refresh: one page of Markdown on what is new, withdrawn, changed and drifting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined

from navab.release.card import table_cell
from navab.release.changes import Changes
from navab.release.gates import Gate

EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class DecisionChanges:
    """Decisions of one kind that are others than at the last release.

    `rows` holds nation, id, before and after, one row a decision; `kind` names what was decided on.
    """

    kind: str
    rows: pl.DataFrame

    def examples(self) -> Sequence[Mapping[str, Any]]:
        return self.rows.sort("nation", "id").head(EXAMPLES).to_dicts()


@dataclass(frozen=True)
class Refreshed:
    """What a refresh found, made and decided, as the page tells it."""

    started_at: datetime
    seconds: float
    engine: str
    predecessor: str | None
    release: str | None
    files: Mapping[str, int]  # read in this run, by crawl
    broken: Sequence[tuple[str, str]]  # files of which something could not be read, and why
    rejected: Mapping[str, int]  # records of those files, by reason
    changes: Changes
    decisions: Sequence[DecisionChanges]
    gates: Sequence[Gate]
    removed: Sequence[str] = ()
    notes: Sequence[str] = field(default_factory=tuple)

    @property
    def failed(self) -> list[Gate]:
        return [gate for gate in self.gates if not gate.holds]

    @property
    def verdict(self) -> str:
        """The outcome in a few words."""
        if self.failed:
            return f"not released: {len(self.failed)} of {len(self.gates)} gates do not hold"
        return f"released as {self.release}" if self.release else "nothing new"


def change_summary(refreshed: Refreshed) -> str:
    """Write the page."""
    environment = Environment(
        loader=PackageLoader("navab.release"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["cell"] = table_cell
    changes = refreshed.changes
    return environment.get_template("changes.md.j2").render(
        refreshed=refreshed,
        changes=changes,
        new=_examples(changes.new),
        withdrawn=_examples(changes.withdrawn),
        decided=[one for one in refreshed.decisions if one.rows.height],
    )


def _examples(triples: pl.DataFrame) -> Sequence[Mapping[str, Any]]:
    """The first triples of each nation in turn, so that no nation fills the list alone."""
    if triples.is_empty():
        return []
    ordered = triples.with_columns(pl.int_range(pl.len()).over("nation").alias("place"))
    return ordered.sort("place", "nation").head(EXAMPLES).to_dicts()
