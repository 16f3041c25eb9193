"""Conflicts (Conflict Reduction): judge which candidates contradict each other and keep the dominant stance.

Reads `candidates` and the standing `statements` that they pair; writes `conflicts` (judged pairs) and the snapshot
`resolutions`. Polarity rules judge first, and a judge that reads what they leave open, if there is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from navab.configuration import Configuration
from navab.conflict.candidates import search_identity
from navab.conflict.judgement import Judged, Pair, judge_in_turn
from navab.conflict.judges import check_judge, judge_identity, load_judges
from navab.conflict.positions import Positions
from navab.conflict.weighing import resolve, weigh
from navab.lake.hashing import combine, set_digest, signature, text_hash
from navab.lake.storage import Storage
from navab.live import pair_fingerprints, standing_statements
from navab.nations.registry import Registry
from navab.options.conflicts import ConflictsSection
from navab.stages.base import (
    Equation,
    Output,
    Stage,
    Step,
    Unit,
    conform,
    equate,
    select,
    select_all,
    signatures_by_nation,
    unit_name,
)
from navab.text.normalise import fold_text
from navab.view import View

JUDGEMENT_VERSION = 2
RESOLUTION_VERSION = 5

PAIRS_PER_ROW = 16  # a pair costs a judge much less than a row costs other stages


def _judged_by(nation: str, view: View) -> int:
    identity = judge_identity(view.configuration, view.registry.get(nation))
    return signature("conflicts", JUDGEMENT_VERSION, **identity)


def expected_conflicts(view: View) -> pl.DataFrame:
    """A verdict is of the judge and of two statements; how the pair was found decides only whether it is wanted."""
    wanted = view.current("candidates").select("left_id", "right_id", "nation")
    pairs = pair_fingerprints(wanted, standing_statements(view)).join(wanted, on=["left_id", "right_id"])
    judged_by = signatures_by_nation(pairs["nation"], view, lambda nation: _judged_by(nation, view))
    prints = combine(judged_by, pairs["fingerprint"])
    return pairs.select("left_id", "right_id", "nation", pl.Series("fingerprint", prints))


def expected_resolutions(view: View) -> pl.DataFrame:
    """One fingerprint for every nation, of all that its resolution reads."""
    options = view.configuration.conflicts
    settings = options.model_dump(include={"enabled", *_WEIGHTS})
    made_by = signature("resolutions", RESOLUTION_VERSION, search=search_identity(options), **settings)
    statements, pairs, backing = standing_statements(view), view.current("conflicts"), _backing(view)
    prints = []
    for nation in statements["nation"].unique().sort():
        here = pl.col("nation") == nation
        own = [statements.filter(here)["statement_id"], statements.filter(here)["fingerprint"]]
        judged, backed = pairs.filter(here), backing.filter(here)
        digest = combine(
            made_by,
            text_hash(nation),
            set_digest(*own),
            set_digest(judged["left_id"], judged["right_id"], judged["fingerprint"]),
            set_digest(backed["statement_id"], backed["article_id"]),
        )
        prints.append({"nation": nation, "fingerprint": int(digest[0])})
    return pl.DataFrame(prints, schema={"nation": pl.String, "fingerprint": pl.Int64})


_WEIGHTS = {name for name in ConflictsSection.model_fields if name.endswith("_weight")} | {"recency_days"}


def _backing(view: View) -> pl.DataFrame:
    """Every article behind a standing statement, with its outlet: its own, those repeating it, and their reprints."""
    said = view.live("statements", "merged_into", "article_id").select(
        pl.coalesce("merged_into", "statement_id").alias("statement_id"), "nation", "article_id"
    )
    reprints = view.live("duplicates", "canonical_id", "kind").filter(pl.col("kind") != "unique")
    copies = reprints.select(pl.col("canonical_id").alias("article_id"), pl.col("article_id").alias("copy"))
    reprinted = said.join(copies, on="article_id").select("statement_id", "nation", pl.col("copy").alias("article_id"))
    outlets = view.live("articles", "article_id", "source").select("article_id", "source")
    return pl.concat([said, reprinted]).join(outlets, on="article_id", how="left", maintain_order="left")


def plan_judgements(view: View) -> list[Unit]:
    """Units of pairs that are not judged yet."""
    pending = view.pending("conflicts")
    if pending.is_empty():
        return []
    check_judge(view.configuration)
    similar = view.current("candidates", "similarity").select("left_id", "right_id", "similarity")
    pending = pending.join(similar, on=["left_id", "right_id"])
    columns = ("text", "language", "speaker", "source", "source_type")
    located, size = view.located("statements"), PAIRS_PER_ROW * _unit_rows(view)
    units = []
    ordered = pending.sort("nation", "left_id", "right_id")
    for (nation,), rows in ordered.group_by("nation", maintain_order=True):
        for start in range(0, rows.height, size):
            block = rows.slice(start, size)
            ids = pl.concat([block["left_id"], block["right_id"]])
            reads = {"statements": select(view, "statements", located, ids, columns)}
            units.append(Unit(unit_name("conflicts", block, "left_id"), str(nation), block, reads))
    return units


def _unit_rows(view: View) -> int:
    if view.configuration.conflicts.judge == "engine":
        return view.configuration.engine.unit_rows
    return view.configuration.resources.unit_rows


def plan_resolutions(view: View) -> list[Unit]:
    pending = view.pending("resolutions")
    if pending.is_empty():
        return []
    standing, located, backing = standing_statements(view), view.located("statements"), _backing(view)
    before, decision = view.rows("resolutions"), ("retained", "stance", "reason", "component_digest")
    pairs = view.current("conflicts", "verdict", "confidence").filter(pl.col("verdict") != "neutral")
    if not view.configuration.conflicts.enabled:
        pairs = pairs.clear()
    units = []
    for nation, fingerprint in pending.select("nation", "fingerprint").iter_rows():
        here = pl.col("nation") == nation
        rows = (
            standing.filter(here)
            .select("statement_id")
            .with_columns(pl.lit(nation).alias("nation"), pl.lit(fingerprint).alias("fingerprint"))
        )
        columns = ("source_type", "speaker_nation", "published_at")
        reads = {
            "statements": select(view, "statements", located, rows["statement_id"], columns),
            "resolutions": select_all(view, "resolutions", before.filter(here), decision, "statement_id"),
        }
        facts = {
            "pairs": pairs.filter(here).select("left_id", "right_id", "verdict", "confidence"),
            "backing": backing.filter(here).select("statement_id", "source"),
        }
        units.append(Unit(f"resolutions-{fingerprint & (2**64 - 1):016x}", nation, rows, reads, facts))
    return units


@dataclass(frozen=True)
class JudgePairs:
    """Judges candidate pairs: rules first, then the judge that reads; pairs without a verdict stay pending."""

    configuration: Configuration
    registry: Registry

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        said = {row["statement_id"]: row for row in unit.reads["statements"].read(storage).iter_rows(named=True)}
        sides = [(said[left], said[right]) for left, right in unit.pending.select("left_id", "right_id").iter_rows()]
        pairs = [
            Pair(left["text"], right["text"], left["language"], right["language"], str(unit.nation))
            for left, right in sides
        ]
        judged = judge_in_turn(pairs, *load_judges(self.configuration, self.registry))
        made = [(both, one) for both, one in zip(sides, judged, strict=True) if one is not None]
        answered = unit.pending.filter(pl.Series([one is not None for one in judged], dtype=pl.Boolean))
        rows = answered.with_columns(
            pl.Series("verdict", [one.judgement.verdict for _, one in made], dtype=pl.String),
            pl.Series("confidence", [one.judgement.confidence for _, one in made], dtype=pl.Float32),
            pl.Series("judge", [one.judge for _, one in made], dtype=pl.String),
            pl.Series("decided", [one.judgement.decided for _, one in made], dtype=pl.Boolean),
            pl.Series("reason", [one.judgement.reason for _, one in made], dtype=pl.String),
            pl.Series("parties", [_parties(*both, one) for both, one in made], dtype=pl.String),
        )
        yield Output("conflicts", conform(rows, "conflicts"))


def _parties(left: dict[str, str | None], right: dict[str, str | None], judged: Judged) -> str | None:
    """Whether a contradiction is one speaker's changed mind or a dispute of two."""
    if judged.judgement.verdict != "contradiction":
        return None
    one, other = _voice(left), _voice(right)
    if one is None or other is None:
        return "unknown"
    return "one" if one == other else "two"


def _voice(statement: dict[str, str | None]) -> tuple[str, str] | None:
    """Who speaks: the named speaker, or the outlet in its own voice."""
    if statement["speaker"]:
        return "speaker", fold_text(statement["speaker"])
    outlet = statement["source"] if statement["source_type"] == "official" else None
    return ("outlet", fold_text(outlet)) if outlet else None


@dataclass(frozen=True)
class ResolveConflicts:
    """Keeps the dominant stance of every conflict of a nation."""

    options: ConflictsSection

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        statements = unit.reads["statements"].read(storage).drop("fingerprint")
        before = unit.reads["resolutions"].read(storage)
        pairs: pl.DataFrame = unit.facts["pairs"]  # type: ignore[assignment]
        backing: pl.DataFrame = unit.facts["backing"]  # type: ignore[assignment]
        positions = Positions.among(statements, pairs)
        resolved = resolve(weigh(statements, positions, backing, self.options), positions, before)
        decided = unit.pending.join(resolved, on="statement_id").sort("statement_id")
        yield Output("resolutions", conform(decided, "resolutions"))


def conservation(view: View) -> list[Equation]:
    if not view.configuration.conflicts.enabled:
        return []
    standing = standing_statements(view)
    return [
        *equate("candidates = judged pairs", view, view.current("candidates"), view.current("conflicts")),
        *equate("accepted statements = resolutions", view, standing, view.current("resolutions")),
    ]


STAGE = Stage(
    name="conflicts",
    steps=(
        Step(
            name="conflicts",
            writes=("conflicts",),
            expected={"conflicts": expected_conflicts},
            plan=plan_judgements,
            work=lambda view: JudgePairs(view.configuration, view.registry),
            asks_engine=lambda view: view.configuration.conflicts.judge == "engine",
        ),
        Step(
            name="resolutions",
            writes=("resolutions",),
            expected={"resolutions": expected_resolutions},
            plan=plan_resolutions,
            work=lambda view: ResolveConflicts(view.configuration.conflicts),
            replaces=True,
        ),
    ),
    conservation=conservation,
)
