"""The leaderboard: models against nations, and the triples on which two models differ; filled from a lake."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from navab.evaluation.bag_of_words import NAME as BAG_OF_WORDS
from navab.evaluation.standings import ALL, breakdown, read_rows, standings
from navab.evaluation.statistics import decide
from navab.evaluation.table import EvaluationRecord, read_records
from navab.lake.lake import Lake
from navab.release.find import FoundRelease, lake_releases
from navab.report.comparisons import Pair, compare_models
from navab.report.rates import Cell, cell_of
from navab.report.threats import Negated, Parts, negations, parts

FEWEST_OF_A_TOPIC = 5
_METHODS = ("mc", "likelihood", "aj")  # in the order of the boards
_FULL = "full"


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
class Detail:
    """One model on one nation, source type and topic."""

    model: str
    nation: str
    source_type: str
    topic: str
    cell: Cell


@dataclass(frozen=True, slots=True)
class Board:
    """All models on one release by one method and protocol, asked the same triples and judged by the same judge.

    `pairs_total` counts the pairs that there are; not all are compared.
    """

    release: str
    method: str
    protocol: str
    split: str
    judge: str | None
    nations: tuple[str, ...]  # the last one is ALL
    rows: tuple[BoardRow, ...]
    pairs: tuple[Pair, ...]
    pairs_total: int
    details: tuple[Detail, ...]
    parts: tuple[Parts, ...]
    negated: tuple[Negated, ...]


def leaderboard(lake: Lake) -> tuple[Board, ...]:
    """The boards of all releases that were not withdrawn, the latest release first; empty if nothing was evaluated."""
    releases = {one.manifest.name: one for one in lake_releases(lake.storage)}
    known = [record for record in read_records(lake.storage) if record.release in releases]
    boards: dict[tuple[str, ...], list[EvaluationRecord]] = {}
    for record in known:
        if record.model != BAG_OF_WORDS:
            boards.setdefault(_place(record), []).append(record)
    latest_first = list(reversed(releases))
    ordered = sorted(boards, key=lambda key: (latest_first.index(key[0]), _METHODS.index(key[1]), key[2:]))
    found = (_board(lake, releases, _shown(boards[key]), known) for key in ordered)
    return tuple(board for board in found if board is not None)


def _place(record: EvaluationRecord) -> tuple[str, ...]:
    """Which board a run stands on: runs that differ in more than the model cannot be compared."""
    shared = {key: value for key, value in record.settings.items() if key != "model"}
    return (record.release, record.method, record.protocol, json.dumps(shared, sort_keys=True))


def _shown(records: Sequence[EvaluationRecord]) -> list[EvaluationRecord]:
    """Of every model its latest run, and the baselines with the very settings of that one."""
    full = {record.model: record.settings for record in records if record.condition == _FULL}
    latest = {(one.model, one.condition): one for one in records if one.settings == full.get(one.model)}
    return list(latest.values())


def _words(known: Sequence[EvaluationRecord], like: EvaluationRecord) -> list[EvaluationRecord]:
    """The latest baseline of words for what a run was asked."""
    asked = [
        record
        for record in known
        if record.model == BAG_OF_WORDS
        and record.release == like.release
        and all(record.settings.get(key) == like.settings.get(key) for key in ("split", "core"))
    ]
    return asked[-1:]


def _board(
    lake: Lake,
    releases: Mapping[str, FoundRelease],
    records: Sequence[EvaluationRecord],
    known: Sequence[EvaluationRecord],
) -> Board | None:
    """One board; None if nothing has been scored yet."""
    if not records:
        return None
    words = _words(known, records[0])
    rows = read_rows(lake, [*records, *words])
    scored = set(rows["run_id"])
    records = [record for record in records if record.run_id in scored]
    full = {record.model: record for record in records if record.condition == _FULL}
    if not full:
        return None
    found = standings(rows)
    nations = (*sorted(set(found["nation"]) - {ALL}), ALL)
    by_run = {(row["run_id"], row["nation"]): row for row in found.iter_rows(named=True)}
    shown = [*records, *(record for record in words if record.run_id in scored)]
    ranked = _ranked([_row(record, nations, by_run) for record in shown])
    best_first = [full[row.model] for row in ranked if not row.is_baseline]
    decided = {one.model: decide(rows.filter(pl.col("run_id") == one.run_id)) for one in best_first}
    own = rows.filter(pl.col("run_id").is_in([record.run_id for record in best_first]))
    first = best_first[0]
    release = releases[first.release]
    return Board(
        release=first.release,
        method=first.method,
        protocol=first.protocol,
        split=str(first.settings.get("split", "test")),
        judge=_judge(first),
        nations=nations,
        rows=tuple(ranked),
        pairs=compare_models(decided, release, _core(first, release, releases)),
        pairs_total=len(full) * (len(full) - 1) // 2,
        details=tuple(_details(own, best_first)),
        parts=parts(own, best_first, _ranks(known, best_first)),
        negated=negations(words),
    )


def _core(record: EvaluationRecord, release: FoundRelease, releases: Mapping[str, FoundRelease]) -> FoundRelease | None:
    """The release that a run's core set is of; None if it is no more in the lake."""
    fingerprints = {one.manifest.fingerprint: one for one in releases.values()}
    core = record.settings.get("core")
    return release if core is None else fingerprints.get(str(core))


def _judge(record: EvaluationRecord) -> str | None:
    judge = record.settings.get("judge")
    return str(judge["model"]) if isinstance(judge, dict) else None


def _ranks(known: Sequence[EvaluationRecord], records: Sequence[EvaluationRecord]) -> dict[str, int | None]:
    """The rank of the release's canary for each model, by whichever method the model was asked then."""
    measured = {_asked(one): one.canary_rank for one in known if one.canary_rank is not None}
    return {one.model: measured.get(_asked(one)) for one in records}


def _asked(record: EvaluationRecord) -> tuple[str, ...]:
    """Which model was asked about which release."""
    return (record.release, record.model, str(record.settings.get("model")))


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
        cells=tuple(cell_of(found.get((record.run_id, nation))) for nation in nations),
        bias=None if whole["position_bias"] is None else float(str(whole["position_bias"])),
        triples=int(str(whole["triples"])),
        finished=record.finished,
        **shares,
    )


def _details(rows: pl.DataFrame, records: Sequence[EvaluationRecord]) -> Iterator[Detail]:
    """Nation, source type and topic; topics of a few triples are left out."""
    models = {record.run_id: record.model for record in records}
    for topic in (False, True):
        by = ["nation", "source_type", *(["topic"] if topic else [])]
        for row in breakdown(rows, by, records).iter_rows(named=True):
            cell = cell_of(row)
            if cell is not None and (not topic or (row["topic"] and cell.triples >= FEWEST_OF_A_TOPIC)):
                name = str(row["topic"]) if topic else ALL
                yield Detail(models[row["run_id"]], row["nation"], row["source_type"], name, cell)
