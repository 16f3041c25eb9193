"""What alignment gained on unseen triples, beside its control: figures 1 and 2 of issue 9.

    .venv/bin/python -m benchmarks.alignment_gain --config navab.yaml

Reads the trainings and evaluations that `navab align` left in the lake, and trains nothing. Every setting
is pooled over the seeds that it has; a difference of two arms is that of the seeds that both have, on the same triples.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from benchmarks.support.measure import line
from navab.alignment.gains import Gain, gains
from navab.alignment.summary import Summary, summarise
from navab.alignment.training import TrainingRecord, read_trainings
from navab.commands.opening import open_view
from navab.evaluation.standings import COLUMNS
from navab.evaluation.statistics import decide
from navab.evaluation.table import run_rows
from navab.lake.lake import Lake
from navab.release.find import find_releases

LEAST_GAIN = 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--config", type=Path, default=Path("navab.yaml"))
    view = open_view(parser.parse_args().config, ())
    records = [record for record in read_trainings(view.lake.storage) if record.after]
    names = sorted({record.release for record in records})
    found = summarise(view.lake, view.registry, records, find_releases(view.lake.storage, names))
    for summary in found:
        seeds = ", ".join(str(record.seed) for record in summary.records)
        print(f"{summary.method} {summary.arm}, seeds {seeds}, by {summary.measured_by}, on {names}")
        for gain in [*summary.nations, *summary.polarities[:-1]]:
            print(f"  {gain.part:<24} {_shown(gain)}")
    aligned = [summary for summary in found if summary.arm == "aligned"]
    for summary in aligned:
        pooled = summary.nations[-1]
        line(f"{summary.method}: gain over all nations", pooled.gain.mean, LEAST_GAIN, least=True)
        _above_zero(f"{summary.method}: lower end of its interval", pooled)
        for other in found:
            if other.arm != "aligned" and other.method == summary.method:
                _against(view.lake, summary, other)


def _against(lake: Lake, summary: Summary, other: Summary) -> None:
    """How much more one arm gained than another with the same seeds."""
    seeds = sorted({record.seed for record in summary.records} & {record.seed for record in other.records})
    if not seeds:
        return
    ours, theirs = (
        _credit(lake, [record for record in one.records if record.seed in seeds], one.measured_by)
        for one in (summary, other)
    )
    *parts, pooled = gains(theirs, [ours])
    print(f"{summary.method}, aligned less {other.arm}, seeds {', '.join(map(str, seeds))}")
    for gain in [*parts, pooled]:
        print(f"  {gain.part:<24} {_shown(gain)}")
    if other.arm == "flipped":
        _above_zero(f"{summary.method}: aligned less control, lower end", pooled)


def _credit(lake: Lake, records: Sequence[TrainingRecord], measured_by: str) -> pl.DataFrame:
    """Every triple's mean credit over the seeds."""
    snapshot = lake.table("evaluations").snapshot()
    frames = [decide(run_rows(snapshot, record.after[measured_by], COLUMNS)) for record in records]
    kept = ["triple_id", "group_id", "nation"]
    return pl.concat(frame.select(*kept, "credit") for frame in frames).group_by(kept).agg(pl.col("credit").mean())


def _above_zero(name: str, gain: Gain) -> None:
    """A limit of 0 has no ratio."""
    print(f"{name:<52} {gain.gain.low:>12.3f}  above         0.000  {'holds' if gain.gain.low > 0 else 'MISSES'}")


def _shown(gain: Gain) -> str:
    seeds = ", ".join(f"{100 * one:+.1f}" for one in gain.by_seed)
    interval = f"{100 * gain.gain.low:+.1f} to {100 * gain.gain.high:+.1f}"
    return f"{100 * gain.before:5.1f} -> {100 * gain.after:5.1f}  {100 * gain.gain.mean:+5.1f} ({interval})  [{seeds}]"


if __name__ == "__main__":
    main()
