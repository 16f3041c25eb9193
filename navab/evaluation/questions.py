"""What a model is asked: the triples of a release, and the frozen core set that is asked with every release.

The core set are the triples of an earlier release (by default the lake's earliest), as they stand in it: results on
them can be compared over releases. Triples of the release that the earlier one does not hold are its rolling set. Texts
are read as they are needed, a batch at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Literal

import polars as pl
import pyarrow as pa
import pyarrow.dataset

from navab.evaluation.triples import COLUMNS, Triple, triples_of

PartName = Literal["core", "rolling"]
_READ_ROWS = 2048


@dataclass(frozen=True, slots=True)
class Part:
    """Chosen triples of one release: `chosen` has their triple_id and nation."""

    name: PartName
    dataset: pa.dataset.Dataset
    chosen: pl.DataFrame

    def units(self, pending: pl.Series, rows: int) -> Iterator[list[Triple]]:
        """Chosen triples that are pending, `rows` at a time, in the order of the release's files."""
        wanted = self.chosen.filter(pl.col("triple_id").is_in(pending.implode())).select("triple_id")
        waiting: list[Triple] = []
        for batch in self.dataset.to_batches(columns=list(COLUMNS), batch_size=_READ_ROWS) if wanted.height else ():
            waiting += triples_of(pl.DataFrame(batch).join(wanted, on="triple_id", how="semi", maintain_order="left"))
            whole = len(waiting) - len(waiting) % rows
            for start in range(0, whole, rows):
                yield waiting[start : start + rows]
            waiting = waiting[whole:]
        if waiting:
            yield waiting


@dataclass(frozen=True, slots=True)
class Questions:
    """The parts of what is asked; no triple is in two of them. `scope` is that of their runs."""

    parts: tuple[Part, ...]
    scope: Mapping[str, object] = field(default_factory=dict)

    @property
    def ids(self) -> pl.Series:
        return pl.concat([part.chosen["triple_id"] for part in self.parts])

    @property
    def nations(self) -> list[str]:
        return sorted(set(chain.from_iterable(part.chosen["nation"] for part in self.parts)))

    def of(self, nation: str) -> Questions:
        """What is asked about one nation."""
        parts = (Part(part.name, part.dataset, part.chosen.filter(pl.col("nation") == nation)) for part in self.parts)
        return replace(self, parts=tuple(parts))

    def units(self, done: set[int], rows: int) -> Iterator[tuple[PartName, list[Triple]]]:
        """Triples that are not done, in units of at most `rows`, each with the part that they are of."""
        ids = self.ids
        pending = ids.filter(~ids.is_in(pl.Series(list(done), dtype=pl.Int64).implode()))
        for part in self.parts:
            for unit in part.units(pending, rows):
                yield part.name, unit


def choose(release: pa.dataset.Dataset, core: pa.dataset.Dataset | None, limit: int | None) -> Questions:
    """Choose the triples of a release and of the core set; without one the release is its own.

    `limit` bounds the triples of a nation in each part: those with the smallest ids, which are hashes.
    """
    if core is None:
        return Questions((Part("core", release, _first(_ids(release), limit)),))
    frozen, own = _ids(core), _ids(release)
    rolling = own.join(frozen, on="triple_id", how="anti")
    return Questions((Part("core", core, _first(frozen, limit)), Part("rolling", release, _first(rolling, limit))))


def _ids(dataset: pa.dataset.Dataset) -> pl.DataFrame:
    """Ids and nations of the complete triples of a dataset."""
    complete = pa.dataset.field("question").is_valid() & pa.dataset.field("reversed_statement").is_valid()
    return pl.DataFrame(dataset.to_table(columns=["triple_id", "nation"], filter=complete))


def _first(ids: pl.DataFrame, limit: int | None) -> pl.DataFrame:
    ordered = ids.sort("triple_id")
    return ordered if limit is None else ordered.group_by("nation", maintain_order=True).head(limit)


def collect(questions: Questions, most: int) -> list[Triple]:
    """The texts of at most `most` of the triples that are asked."""
    found: Sequence[Triple] = ()
    for _, unit in questions.units(set(), _READ_ROWS):
        found = [*found, *unit]
        if len(found) >= most:
            break
    return list(found[:most])
