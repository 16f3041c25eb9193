"""Refresh: what has changed since the last release, whether it may be released, and which old releases go.

Reads the lake as it is and as the last release cites it, so that a refresh that was killed or held back by a gate is
made up for by the next one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import polars as pl

from navab.lake.as_of import TableHistory
from navab.lake.lake import Lake
from navab.lake.schema import load_schema, table_names
from navab.lake.snapshot import TableSnapshot
from navab.lake.storage import Storage
from navab.publish import release_inputs, revisions
from navab.release.build import ReleaseInputs
from navab.release.changelog import DecisionChanges, Refreshed
from navab.release.changes import compare
from navab.release.columns import release_schema
from navab.release.gates import judge
from navab.release.load import read_shards
from navab.release.manifest import Manifest
from navab.release.shards import prepare, take_subsets
from navab.release.storage import MANIFEST, own_files
from navab.release.verify import RETAINED_SUBSETS, contradicting
from navab.stages.articles import storage_options
from navab.stages.base import Equation
from navab.takedown.pages import PAGES
from navab.view import View

# What is decided again and again: name, table, key and the column that holds the decision.
_DECISIONS = (
    ("topics: sensitive", "topics", "topic_id", "sensitive"),
    ("articles: sensitive", "screening", "article_id", "sensitive"),
    ("articles: duplicate of", "duplicates", "article_id", "canonical_id"),
    ("statements: retained", "resolutions", "statement_id", "retained"),
    ("triples: split", "triples", "statement_id", "split"),
)


def waits_for_a_crawl(view: View) -> bool:
    """Whether no file was ever read: dated sources may have none before the first crawl."""
    return view.snapshot("files").version < 0


def patterns(view: View) -> list[str]:
    """Where the sources are looked for."""
    options = storage_options(view.configuration)
    return [Storage(source.path, options).path() for source in view.configuration.sources]


def predecessor(view: View) -> Manifest | None:
    """The latest release under the configured name that was not withdrawn."""
    standing = _standing(view)
    return standing[-1] if standing else None


def snapshots_of(lake: Lake, manifest: Manifest) -> dict[str, TableSnapshot] | None:
    """Every table as a release cites it; None if one of them cannot be read any more."""
    snapshots = {}
    for name in table_names():
        version = manifest.lineage.table_versions.get(name)
        history = TableHistory(lake.table(name))
        if version is not None and not history.has(version):
            return None
        snapshots[name] = history.open(version)
    return snapshots


def released(view: View, manifest: Manifest) -> pl.DataFrame:
    """The triples of a release, one row for every subset that a triple is in."""
    storage = view.lake.storage
    root = storage.path("releases", manifest.name)
    frames = []
    for subset in manifest.subsets():
        shards = [shard for shard in manifest.shards if shard.subset == subset]
        rows = read_shards(storage.filesystem, root, manifest.model_copy(update={"shards": shards}))
        frames.append(rows.with_columns(pl.lit(subset).alias("subset")))
    return pl.concat(frames)


def releasable(inputs: ReleaseInputs, view: View) -> pl.DataFrame:
    """The triples that a release would hold now, one row for every subset that a triple would be in."""
    options = view.configuration.release
    rows = prepare(inputs.triples, release_schema(include_text=options.include_text))
    subsets = take_subsets(rows, without_conflict_reduction=options.without_conflict_reduction)
    return pl.concat([frame.with_columns(pl.lit(name).alias("subset")) for name, frame in subsets.items()])


def examine(
    view: View,
    before: View | None,
    last: Manifest | None,
    equations: Sequence[Equation],
    *,
    started_at: datetime,
    engine: str,
) -> Refreshed:
    """Compare what a release would hold now with the last one, and judge it.

    `before` looks at the lake as the last release cites it; None if there is none or it cannot be read any more.
    """
    inputs = release_inputs(view)
    after = releasable(inputs, view)
    old = released(view, last) if last is not None else after.clear()
    wanted = _nations(view, old)
    changes = compare(old, after, [*wanted, *sorted({*old["nation"].unique()} - {*wanted})])
    retained = set(after.filter(pl.col("subset").is_in(RETAINED_SUBSETS))["statement_id"])
    gates = judge(
        dataclasses.replace(changes, nations=changes.nations[: len(wanted)]),  # what is no longer wanted need not pass
        view.configuration.gates,
        violated=sum(not equation.holds for equation in equations),
        contradictions=len(contradicting(retained, inputs.contradictions)),
        first=last is None,
    )
    files = _new_files(view, before)
    lost = last is not None and before is None
    return Refreshed(
        started_at=started_at,
        seconds=0.0,
        engine=engine,
        predecessor=last.name if last else None,
        release=None,
        files=dict(files.group_by("crawl").len().iter_rows()),
        broken=files.filter(pl.col("error").is_not_null()).select("uri", "error").sort("uri").rows(),
        rejected=_rejected(view, files),
        changes=changes,
        decisions=list(_changed_decisions(view, before)) if before is not None else [],
        gates=gates if changes.any or last is None else [],
        notes=("The tables that it cites cannot be read any more: decisions are not compared.",) if lost else (),
    )


def remove_old(view: View, keep: int | None) -> list[str]:
    """Delete all but the last `keep` revisions of the release, the manifest of each first; their names.

    The release that `evaluation.core` names stays.
    """
    storage, core = view.lake.storage, view.configuration.evaluation.core
    named = {core, (core or "").rstrip("/").rsplit("/", 1)[-1]}
    old = _standing(view)[:-keep] if keep is not None else []
    gone = [manifest.name for manifest in old if manifest.name not in named]
    for name in gone:
        root = storage.path("releases", name)
        files = own_files(storage.filesystem, root)
        storage.delete(f"{root}/{MANIFEST}")
        storage.delete_files([f"{root}/{path}" for path in files])
    return gone


def _standing(view: View) -> list[Manifest]:
    """Releases under the configured name that were not withdrawn, the oldest first."""
    return [manifest for _, manifest in revisions(view) if manifest.withdrawn is None]


def _nations(view: View, old: pl.DataFrame) -> list[str]:
    """Nations that a release must hold: those that are configured; else those with articles, or triples before."""
    if view.configuration.nations:
        return [nation.code for nation in view.nations]
    seen = {*view.live("articles")["nation"].unique(), *old["nation"].unique()}
    return [nation.code for nation in view.nations if nation.code in seen]


def _new_files(view: View, before: View | None) -> pl.DataFrame:
    """Files that were read since the last release: uri, fingerprint, crawl and error."""
    files = view.current("files", "crawl", "error").select("uri", "fingerprint", "crawl", "error")
    if before is None:
        return files
    known = before.rows("files").select("uri", "fingerprint")
    return files.join(known, on=["uri", "fingerprint"], how="anti")


def _rejected(view: View, files: pl.DataFrame) -> Mapping[str, int]:
    rows = view.current("articles", "path", "rejected_reason").filter(pl.col("rejected_reason").is_not_null())
    mine = rows.filter(pl.col("path").cast(pl.String).is_in(files["uri"].implode()))
    return dict(mine.group_by("rejected_reason").len().iter_rows())


def _changed_decisions(view: View, before: View) -> Iterator[DecisionChanges]:
    """Decisions that existed at the last release and are others now."""
    for kind, table, key, column in _DECISIONS:
        # A snapshot that was released was current then, whatever the configuration is now.
        rows = before.rows if load_schema(table).kind == "snapshot" else before.current
        old = rows(table, column).select(key, pl.col(column).alias("before"))
        now = view.current(table, column).select("nation", pl.col(key).alias("id"), pl.col(column).alias("after"))
        both = now.join(old.rename({key: "id"}), on="id", how="inner")
        yield DecisionChanges(kind, both.filter(pl.col("before").ne_missing(pl.col("after"))))


def page_of(refreshed: Refreshed) -> tuple[str, str]:
    """Where the lake keeps a change summary: under the release's name, or of none under the time."""
    return PAGES, f"{refreshed.release or refreshed.started_at.strftime('%Y%m%dT%H%M%S')}.md"
