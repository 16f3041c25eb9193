"""Topic ids on real articles that arrive in two parts: kept without a refit, and kept through one.

python -m benchmarks.topic_stability        about 10 minutes; needs ../shared/data

Of each nation the first 80 % of the articles by date are a first crawl, the rest a second one; articles without a date
go to the first. Without a refit: the share of the first crawl's articles that have the same topic after the second.
Through a refit: the same, with limits of drift so low that every model is fitted anew. Articles that had no topic count
as kept if they still have none.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import tempfile
from pathlib import Path

import polars as pl

from benchmarks.support.articles import NATIONS
from benchmarks.support.crawls import measure_run, real_records, write_configuration
from benchmarks.support.measure import line
from navab.commands.opening import open_view

LEAST_KEPT, LEAST_THROUGH_REFIT = 0.97, 0.85
FIRST = 0.8
ALWAYS = {"growth": 0.01, "articles": 1, "outlier_share": 1e-9, "movement": 1e-9}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, help="of a nation at most")
    limit = parser.parse_args().articles
    folder = Path(tempfile.mkdtemp(prefix="navab-topics-"))
    try:
        _write(folder, limit)
        both = {"first": folder / "first", "second": folder / "second"}
        first = {"first": folder / "first"}
        before = _topics(write_configuration(folder, first))
        shutil.copytree(folder / "lake", folder / "kept")
        after = _topics(write_configuration(folder, both))
        shutil.rmtree(folder / "lake")
        (folder / "kept").rename(folder / "lake")
        refitted = _topics(write_configuration(folder, both, topics={"drift": ALWAYS}))
        drift = pl.read_delta(str(folder / "lake" / "tables" / "topic_drift"))
        changes = pl.read_delta(str(folder / "lake" / "tables" / "topic_changes"))
    finally:
        shutil.rmtree(folder)
    for name, rows, least in (
        ("without a refit", after, LEAST_KEPT),
        ("through a refit", refitted, LEAST_THROUGH_REFIT),
    ):
        pairs = before.join(rows, on="article_id", suffix="_after")
        same = pairs.select("nation", pl.col("topic_id").eq_missing(pl.col("topic_id_after")).alias("same"))
        shares = dict(same.group_by("nation").agg(pl.col("same").mean()).sort("nation").iter_rows())
        print(f"{name}: " + ", ".join(f"{nation} {100 * share:.1f} %" for nation, share in shares.items()))
        line(f"old articles with the same topic, {name}", float(same["same"].mean()), least, least=True)  # type: ignore[arg-type]
    print(f"refits: {drift['refit'].sum()} of {drift.height}; {dict(changes['event'].value_counts().iter_rows())}")


def _write(folder: Path, limit: int | None) -> None:
    for nation in NATIONS:
        records = list(real_records(nation))[:limit]
        dates = sorted(str(record["published_at"])[:10] for record in records if record["published_at"])
        border = dates[int(FIRST * len(dates))]
        for crawl in ("first", "second"):
            path = folder / crawl / f"{nation}.jsonl.gz"
            path.parent.mkdir(exist_ok=True)
            with gzip.open(path, "wt", encoding="utf-8") as file:
                for record in records:
                    is_new = bool(record["published_at"]) and str(record["published_at"])[:10] >= border
                    if is_new == (crawl == "second"):
                        file.write(json.dumps(record, ensure_ascii=False) + "\n")


def _topics(configuration: Path) -> pl.DataFrame:
    """Run as far as topics; the topic of every article."""
    measure_run(configuration, "topics")
    return (
        open_view(configuration, ()).live("article_topics", "topic_id").with_columns(pl.col("nation").cast(pl.String))
    )


if __name__ == "__main__":
    main()
