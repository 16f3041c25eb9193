"""The leaderboard: models against nations, and the triples on which two models differ; filled from a lake."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import polars as pl

from navab.evaluation.bag_of_words import NAME as BAG_OF_WORDS
from navab.evaluation.standings import ALL, breakdown, read_rows, standings
from navab.evaluation.statistics import Comparison, compare, decide
from navab.evaluation.table import EvaluationRecord, read_records
from navab.lake.lake import Lake
from navab.release.find import FoundRelease, lake_releases

MOST_PAIRS = 6  # of a board
MOST_DIFFERENCES = 24  # of a pair
FEWEST_OF_A_TOPIC = 5
_FULL = "full"


@dataclass(frozen=True, slots=True)
class Cell:
    """Correct rate of one model on one nation with its interval; all are shares."""

    rate: float
    low: float
    high: float
    triples: int


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One run: a model or a baseline of it; cells in the order of the board's nations, None where nothing was asked."""

    model: str
    condition: str
    cells: tuple[Cell | None, ...]
    bias: float | None
    ties: float
    refusals: float
    off_topic: float
    triples: int
    finished: bool

    @property
    def is_baseline(self) -> bool:
        return self.condition != _FULL


@dataclass(frozen=True, slots=True)
class Pick:
    """What one model made of a triple."""

    outcome: str
    margin: float
    answer: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """A triple on which two models differ."""

    nation: str
    language: str
    source_type: str
    question: str
    statement: str
    reversed_statement: str
    first: Pick
    second: Pick


@dataclass(frozen=True, slots=True)
class Pair:
    """Two models on the same triples; `total` counts all on which they differ."""

    first: str
    second: str
    comparison: Comparison
    differences: tuple[Difference, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Detail:
    """One model on one nation, source type and topic."""

    model: str
    nation: str
    source_type: str
    topic: str
    cell: Cell


@dataclass(frozen=True, slots=True)
class Board:
    """All models on one release by one method and protocol."""

    release: str
    method: str
    protocol: str
    nations: tuple[str, ...]  # the last one is ALL
    rows: tuple[BoardRow, ...]
    pairs: tuple[Pair, ...]
    details: tuple[Detail, ...]


def leaderboard(lake: Lake) -> tuple[Board, ...]:
    """The boards of all releases that were not withdrawn, the latest release first; empty if nothing was evaluated."""
    releases = {one.manifest.name: one for one in lake_releases(lake.storage)}
    latest: dict[tuple[str, ...], EvaluationRecord] = {}
    for record in read_records(lake.storage):
        key = (record.release, record.method, record.protocol, record.model, record.condition)
        if record.release in releases:
            latest[key] = record  # of another precision or prompt, the last one
    boards: dict[tuple[str, str, str], list[EvaluationRecord]] = {}
    for record in latest.values():
        if record.model != BAG_OF_WORDS:
            boards.setdefault((record.release, record.method, record.protocol), []).append(record)
    words = [record for record in latest.values() if record.model == BAG_OF_WORDS]
    order = list(reversed(releases))
    return tuple(
        _board(lake, releases[key[0]], [*records, *(one for one in words if one.release == key[0])], key)
        for key, records in sorted(boards.items(), key=lambda item: (order.index(item[0][0]), item[0][1:]))
    )


def _board(lake: Lake, release: FoundRelease, records: list[EvaluationRecord], key: tuple[str, str, str]) -> Board:
    rows = read_rows(lake, records)
    found = standings(rows)
    nations = (*sorted(set(found["nation"]) - {ALL}), ALL)
    by_run = {(row["run_id"], row["nation"]): row for row in found.iter_rows(named=True)}
    lines = [_row(record, nations, by_run) for record in records if (record.run_id, ALL) in by_run]
    full = [record for record in records if record.condition == _FULL]
    decided = {record.model: decide(rows.filter(pl.col("run_id") == record.run_id)) for record in full}
    return Board(
        release.manifest.name,
        key[1],
        key[2],
        nations,
        tuple(sorted(lines, key=lambda row: (row.model == BAG_OF_WORDS, row.model, row.is_baseline, row.condition))),
        tuple(_pairs(decided, _texts(release, decided))),
        tuple(_details(rows, full)),
    )


def _row(record: EvaluationRecord, nations: Sequence[str], found: dict[tuple[str, str], dict[str, object]]) -> BoardRow:
    whole = found[record.run_id, ALL]
    shares = {name: float(str(whole[name])) for name in ("ties", "refusals", "off_topic")}
    return BoardRow(
        model=record.model,
        condition=record.condition,
        cells=tuple(_cell(found.get((record.run_id, nation))) for nation in nations),
        bias=None if whole["position_bias"] is None else float(str(whole["position_bias"])),
        triples=int(str(whole["triples"])),
        finished=record.finished,
        **shares,
    )


def _cell(row: dict[str, object] | None) -> Cell | None:
    if row is None or not row["decided"]:
        return None
    rate, low, high = (float(str(row[name])) for name in ("correct_rate", "low", "high"))
    return Cell(rate, low, high, int(str(row["triples"])))


def _pairs(decided: dict[str, pl.DataFrame], texts: pl.DataFrame) -> Iterator[Pair]:
    """Compare every two models, and show the triples on which they are surest to differ."""
    for first, second in list(combinations(sorted(decided), 2))[:MOST_PAIRS]:
        joined = decided[first].join(decided[second], on="triple_id", suffix="_2")
        apart = joined.filter(pl.col("outcome") != pl.col("outcome_2")).with_columns(
            (pl.col("margin") - pl.col("margin_2")).abs().alias("apart")
        )
        shown = apart.sort("apart", "triple_id", descending=[True, False]).join(
            texts, on="triple_id", suffix="_text", maintain_order="left"
        )
        differences = [_difference(row) for row in shown.head(MOST_DIFFERENCES).iter_rows(named=True)]
        yield Pair(first, second, compare(decided[first], decided[second]), tuple(differences), apart.height)


def _difference(row: dict[str, object]) -> Difference:
    texts = {name: str(row[name]) for name in ("nation", "language", "source_type", *_SIDES)}
    picks = (
        Pick(str(row[f"outcome{end}"]), float(str(row[f"margin{end}"])), _given(row[f"answer{end}"]))
        for end in ("", "_2")
    )
    return Difference(**texts, first=next(picks), second=next(picks))


_SIDES = ("question", "statement", "reversed_statement")


def _given(answer: object) -> str | None:
    return None if answer is None else str(answer)


def _texts(release: FoundRelease, decided: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Texts of the triples that at least two models were asked about."""
    columns = ["triple_id", "language", *_SIDES]
    if len(decided) < 2:
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String) | {"triple_id": pl.Int64})
    return pl.DataFrame(release.dataset(None).to_table(columns=columns))


def _details(rows: pl.DataFrame, full: Sequence[EvaluationRecord]) -> Iterator[Detail]:
    """Nation, source type and topic; topics of a few triples are left out."""
    own = rows.filter(pl.col("run_id").is_in([record.run_id for record in full]))
    if own.is_empty():
        return
    models = {record.run_id: record.model for record in full}
    for topic in (False, True):
        by = ["nation", "source_type", *(["topic"] if topic else [])]
        for row in breakdown(own, by, full).iter_rows(named=True):
            cell = _cell(row)
            if cell is not None and (not topic or (row["topic"] and cell.triples >= FEWEST_OF_A_TOPIC)):
                name = str(row["topic"]) if topic else ALL
                yield Detail(models[row["run_id"]], row["nation"], row["source_type"], name, cell)
