"""From lake to release: gather the live triples with their topic, support and retention, and write them.

A release is never changed. When the configured name is taken by other content, the release becomes its next
revision: `name-2`, `name-3` and so on; the same content is released once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from navab.errors import NothingToReleaseError, ReleaseExistsError, StorageError
from navab.lake.hashing import set_digest
from navab.lake.schema import load_schema
from navab.live import canonical_articles
from navab.release.build import ReleaseInputs, ReleaseOptions, build_release
from navab.release.manifest import Manifest, find_manifest, read_manifest
from navab.takedown.tombstones import read_tombstones
from navab.takedown.withdrawal import withdraw_release
from navab.view import View


@dataclass(frozen=True, slots=True)
class Published:
    """A release, where it lies, and whether it was written now."""

    manifest: Manifest
    uri: str
    new: bool


def publish(view: View) -> Published:
    """Release what is live.

    Raises ConfigurationError if there is nothing to release, LakeHeldError while another process writes releases.
    """
    with view.lake.claim_releases("release"):
        return _publish(view)


def _publish(view: View) -> Published:
    options = view.configuration.release
    storage = view.lake.storage
    inputs = release_inputs(view)
    revision = _latest_revision(view)
    for name in (_name(view, revision), _name(view, revision + 1)):
        root = storage.path("releases", name)
        new = find_manifest(storage.filesystem, root) is None
        try:
            made = build_release(
                inputs,
                ReleaseOptions(
                    name=name,
                    version=options.version,
                    licence=options.licence,
                    contact=options.contact,
                    include_text=options.include_text,
                    without_conflict_reduction=options.without_conflict_reduction,
                ),
                storage.filesystem,
                root,
            )
        except ReleaseExistsError:
            continue
        return _checked(Published(made, storage.uri("releases", name), new), view)
    raise StorageError(
        f"release {_name(view, revision + 1)} appeared while it was being written; run the command again"
    )


def _checked(published: Published, view: View) -> Published:
    """Look for tombstones once the release exists: a takedown that came after this view was opened may not know of it.

    A takedown commits its tombstones before it looks for releases, so that at least one of the two sees the other.
    """
    view.forget(("takedowns", "articles"))
    withdrawn = withdraw_release(view, published.manifest.name) if read_tombstones(view) else None
    if withdrawn is None:
        return published
    if withdrawn.replaced_by is None:
        raise NothingToReleaseError("nothing to release: all that was live has been taken down meanwhile")
    storage = view.lake.storage
    successor = read_manifest(storage.filesystem, storage.path("releases", withdrawn.replaced_by))
    return Published(successor, storage.uri("releases", successor.name), True)


def next_name(view: View) -> str:
    """The name of the next release, if its content is a new one."""
    made = revisions(view)
    return _name(view, made[-1][0] + 1) if made else _name(view, 1)


def _name(view: View, revision: int) -> str:
    base = view.configuration.release.name
    return base if revision == 1 else f"{base}-{revision}"


def _latest_revision(view: View) -> int:
    """The latest revision of the configured name, 1 if there is none yet; earlier ones may have been deleted."""
    return max((revision for revision, _ in revisions(view)), default=1)


def revisions(view: View) -> list[tuple[int, Manifest]]:
    """All releases under the configured name, withdrawn ones too, by their revision."""
    storage, base = view.lake.storage, view.configuration.release.name
    found = []
    for folder in storage.list_folders(storage.path("releases")):
        revision = re.fullmatch(rf"{re.escape(base)}(?:-([1-9]\d*))?", folder.rsplit("/", 1)[1])
        manifest = find_manifest(storage.filesystem, folder) if revision else None
        if revision and manifest is not None:
            found.append((int(revision[1] or 1), manifest))
    return sorted(found, key=lambda one: one[0])


def release_inputs(view: View) -> ReleaseInputs:
    """Accepted current triples with all that a release says about them."""
    enabled = view.configuration.conflicts.enabled
    return ReleaseInputs(
        triples=_triples(view),
        nations=[nation.code for nation in view.nations],
        table_versions=view.versions(),
        fingerprints={name: set_digest(view.current(name)["fingerprint"]) for name in sorted(view.tracked)},
        configuration=view.configuration.model_dump(mode="json"),
        contradictions=contradictions(view) if enabled else (),
        notes=_notes(view),
    )


def contradictions(view: View) -> list[tuple[int, int]]:
    """Pairs of statements that contradict each other, as the lake is configured now."""
    judged = view.current("conflicts", "verdict").filter(pl.col("verdict") == "contradiction")
    return judged.select("left_id", "right_id").rows()


def _triples(view: View) -> pl.DataFrame:
    columns = load_schema("triples").arrow.names
    stored = view.snapshot("triples").read(columns).drop("_file")
    accepted = view.current("triples", "rejected_reason").filter(pl.col("rejected_reason").is_null())
    triples = stored.join(accepted, on=["statement_id", "fingerprint"], how="semi")
    decisions = _decisions(view)
    _check_decided(triples, decisions, view)
    topics = view.current("topics", "topic_id", "label").select("topic_id", pl.col("label").alias("topic"))
    assigned = view.live("article_topics", "topic_id").select("article_id", "topic_id")
    joined = (
        triples.join(assigned.join(topics, on="topic_id", how="left"), on="article_id", how="left")
        .join(decisions, on="statement_id", how="left")
        .with_columns(
            pl.col("support").fill_null(1), pl.col("retained").fill_null(True), pl.col("contested").fill_null(False)
        )
    )
    return joined.join(_texts(view), on="article_id", how="left") if view.configuration.release.include_text else joined


def _check_decided(triples: pl.DataFrame, decisions: pl.DataFrame, view: View) -> None:
    """Refuse to release as retained what Conflict Reduction has not decided on, or not as it is configured now."""
    undecided = triples.join(decisions, on="statement_id", how="anti")
    if view.configuration.conflicts.enabled and undecided.height:
        nations = ", ".join(sorted(undecided["nation"].unique()))
        raise NothingToReleaseError(
            f"Conflict Reduction has not decided on {undecided.height:,} statements of {nations} as it is configured: "
            "run `navab run` first, or release all with --set conflicts.enabled=false"
        )


def _decisions(view: View) -> pl.DataFrame:
    rows = view.current("resolutions", "support", "retained", "stance")
    return rows.select("statement_id", "support", "retained", (pl.col("stance") != "undisputed").alias("contested"))


def _texts(view: View) -> pl.DataFrame:
    wanted = canonical_articles(view).select("record_id", "fingerprint")
    stored = view.snapshot("articles").read(["record_id", "fingerprint", "article_id", "text"])
    return stored.join(wanted, on=["record_id", "fingerprint"], how="semi").select("article_id", "text")


def _notes(view: View) -> list[str]:
    notes = []
    if not view.configuration.conflicts.enabled:
        notes.append("conflicts: Conflict Reduction was switched off")
    share = unofficial_share(view)
    if share > 0:
        notes.append(f"sources: {100 * share:.0f} % of the articles come from outlets that are not official")
    return notes


def unofficial_share(view: View) -> float:
    """Share of canonical articles whose outlet is not on its nation's list of official sources."""
    official = canonical_articles(view, "official")["official"]
    return 1 - float(official.mean() or 0) if len(official) else 0.0  # type: ignore[arg-type]
