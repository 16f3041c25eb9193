"""The leaderboard: models against nations, and the triples on which two models differ; filled from a lake."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import polars as pl
import pyarrow as pa
import pyarrow.dataset as pads

from navab.evaluation.bag_of_words import NAME as BAG_OF_WORDS
from navab.evaluation.standings import ALL, breakdown, read_rows, standings
from navab.evaluation.statistics import Comparison, compare, decide
from navab.evaluation.table import EvaluationRecord, read_records
from navab.lake.lake import Lake
from navab.release.find import FoundRelease, lake_releases

MOST_PAIRS = 6  # of a board
MOST_DIFFERENCES = 24  # of a pair
FEWEST_OF_A_TOPIC = 5
_METHODS = ("mc", "likelihood", "aj")  # in the order of the boards
_FULL = "full"
_SIDES = ("question", "statement", "reversed_statement")


@dataclass(frozen=True, slots=True)
class Cell:
    """Correct rate of one model on one nation with its interval; all are shares."""

    rate: float
    low: float
    high: float
    triples: int


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One run: a model, a baseline of it, or words alone.

    Cells are in the order of the board's nations, None where nothing was decided.
    """

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

    @property
    def needs_model(self) -> bool:
        return self.model != BAG_OF_WORDS


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
    latest_first = list(reversed(releases))
    ordered = sorted(boards, key=lambda key: (latest_first.index(key[0]), _METHODS.index(key[1]), key[2]))
    found = (
        _board(lake, releases[key[0]], [*boards[key], *(one for one in words if one.release == key[0])], key)
        for key in ordered
    )
    return tuple(board for board in found if board is not None)


def _board(
    lake: Lake, release: FoundRelease, records: list[EvaluationRecord], key: tuple[str, str, str]
) -> Board | None:
    """One board; None if nothing has been scored yet."""
    rows = read_rows(lake, records)
    scored = set(rows["run_id"])
    records = [record for record in records if record.run_id in scored]
    full = [record for record in records if record.condition == _FULL]
    if not full:
        return None
    found = standings(rows)
    nations = (*sorted(set(found["nation"]) - {ALL}), ALL)
    by_run = {(row["run_id"], row["nation"]): row for row in found.iter_rows(named=True)}
    decided = {record.model: decide(rows.filter(pl.col("run_id") == record.run_id)) for record in full}
    return Board(
        release.manifest.name,
        key[1],
        key[2],
        nations,
        tuple(_ranked([_row(record, nations, by_run) for record in records])),
        tuple(_pairs(decided, release)),
        tuple(_details(rows, full)),
    )


def _ranked(rows: Sequence[BoardRow]) -> list[BoardRow]:
    """The best model first, each before its baselines; what needs no model comes last."""
    own = {row.model: row.cells[-1] for row in rows if not row.is_baseline}
    rates = {model: -1.0 if cell is None else cell.rate for model, cell in own.items()}
    return sorted(rows, key=lambda row: (-rates.get(row.model, -2.0), row.model, row.is_baseline, row.condition))


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


def _pairs(decided: dict[str, pl.DataFrame], release: FoundRelease) -> Iterator[Pair]:
    """Compare every two models that have triples in common, and show those on which they are surest to differ."""
    found: list[tuple[str, str, int, pl.DataFrame]] = []
    for first, second in combinations(sorted(decided), 2):
        joined = decided[first].join(decided[second], on="triple_id", suffix="_2")
        if joined.height and len(found) < MOST_PAIRS:
            apart = joined.filter(pl.col("outcome") != pl.col("outcome_2")).with_columns(
                (pl.col("margin") - pl.col("margin_2")).abs().alias("apart")
            )
            shown = apart.sort("apart", "triple_id", descending=[True, False]).head(MOST_DIFFERENCES)
            found.append((first, second, apart.height, shown))
    texts = _texts(release, {triple for *_, shown in found for triple in shown["triple_id"]})
    for first, second, total, shown in found:
        rows = shown.join(texts, on="triple_id", maintain_order="left")
        differences = tuple(_difference(row) for row in rows.iter_rows(named=True))
        yield Pair(first, second, compare(decided[first], decided[second]), differences, total)


def _difference(row: dict[str, object]) -> Difference:
    texts = {name: str(row[name]) for name in ("nation", "language", "source_type", *_SIDES)}
    picks = (
        Pick(str(row[f"outcome{end}"]), float(str(row[f"margin{end}"])), _given(row[f"answer{end}"]))
        for end in ("", "_2")
    )
    return Difference(**texts, first=next(picks), second=next(picks))


def _given(answer: object) -> str | None:
    return None if answer is None else str(answer)


def _texts(release: FoundRelease, triples: set[int]) -> pl.DataFrame:
    """Language and texts of some triples of a release."""
    wanted = pads.field("triple_id").isin(pa.array(sorted(triples), pa.int64()))
    return pl.DataFrame(release.dataset(None).to_table(columns=["triple_id", "language", *_SIDES], filter=wanted))


def _details(rows: pl.DataFrame, full: Sequence[EvaluationRecord]) -> Iterator[Detail]:
    """Nation, source type and topic; topics of a few triples are left out."""
    own = rows.filter(pl.col("run_id").is_in([record.run_id for record in full]))
    models = {record.run_id: record.model for record in full}
    for topic in (False, True):
        by = ["nation", "source_type", *(["topic"] if topic else [])]
        for row in breakdown(own, by, full).iter_rows(named=True):
            cell = _cell(row)
            if cell is not None and (not topic or (row["topic"] and cell.triples >= FEWEST_OF_A_TOPIC)):
                name = str(row["topic"]) if topic else ALL
                yield Detail(models[row["run_id"]], row["nation"], row["source_type"], name, cell)
