"""A person's word on topics: exported as a CSV to fill in, imported as rows that win over every machine's decision."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import polars as pl

from navab.errors import ConfigurationError
from navab.execution.units import write_output
from navab.lake.claim import Claim
from navab.lake.hashing import combine
from navab.lake.schema import load_schema
from navab.live import decided_topics
from navab.stages.base import Output, conform
from navab.view import View

_FIELDS = (
    "topic_id",
    "nation",
    "label",
    "keywords",
    "size",
    "sensitivity",
    "sensitive",
    "decided_by",
    "decision",
    "note",
)
_TOPIC_ID = re.compile(r"-?[0-9]{1,19}")
_WORDS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def export_topics(view: View) -> str:
    """All current topics as CSV; people fill in the columns decision (yes or no) and note."""
    topics = decided_topics(view, *(name for name in _FIELDS[:8] if name not in ("topic_id", "nation")))
    out = io.StringIO()
    writer = csv.DictWriter(out, _FIELDS)
    writer.writeheader()
    for row in topics.sort(["nation", "size"], descending=[False, True]).iter_rows(named=True):
        known = {name: row[name] for name in _FIELDS if name in row}
        writer.writerow(known | {"keywords": " ".join(row["keywords"]), "decision": "", "note": ""})
    return out.getvalue()


def read_decisions(path: Path, view: View) -> dict[int, tuple[bool, str]]:
    """Decisions of a filled-in CSV by topic; raises ConfigurationError naming the line."""
    known = set(view.current("topics")["topic_id"])
    decisions = {}
    try:
        reader = csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline=""))
        lines = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"topics file {path} cannot be read: {error}") from None
    missing = [name for name in ("topic_id", "decision") if name not in (reader.fieldnames or ())]
    if missing:
        raise ConfigurationError(f"topics file {path} has no column {' or '.join(missing)}: keep its header and commas")
    for number, row in lines:
        word = (row.get("decision") or "").strip().casefold()
        if not word:
            continue
        topic = (row.get("topic_id") or "").strip()
        if word not in _WORDS:
            raise ConfigurationError(
                f"{path} line {number}: decision '{word[:40]}': write yes or no, or leave it empty"
            )
        if not _TOPIC_ID.fullmatch(topic) or int(topic) not in known:
            raise ConfigurationError(
                f"{path} line {number}: no topic '{topic[:40]}' in this lake; export the topics anew"
            )
        decisions[int(topic)] = (_WORDS[word], (row.get("note") or "").strip())
    return decisions


def import_decisions(decisions: dict[int, tuple[bool, str]], view: View, claim: Claim) -> int:
    """Commit decisions that differ from those in force, in word or note; returns how many there were.

    An export leaves notes empty: the same word with an empty note leaves the note that it has.

    The snapshot of the topics is brought in line with all decisions in force, also with those of an import that was
    interrupted before it did so.
    """
    rows = view.rows("overrides", "topic_id", "sensitive", "note", "sequence").sort("sequence")
    in_force = {topic: (word, note or "") for topic, word, note in _latest(rows).iter_rows()}
    fresh = {topic: said for topic, said in decisions.items() if _is_new(said, in_force.get(topic))}
    topics = view.current("topics", *load_schema("topics").arrow.names).drop("_file")
    if fresh:
        start = int(rows["sequence"].max()) + 1 if rows.height else 0  # type: ignore[arg-type]
        _commit_overrides(fresh, topics, start, view, claim)
    _commit_topics(in_force | fresh, topics, view, claim)
    view.forget(("overrides", "topics"))
    return len(fresh)


def _is_new(said: tuple[bool, str], before: tuple[bool, str] | None) -> bool:
    word, note = said
    return before is None or word != before[0] or (bool(note) and note != before[1])


def _latest(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.unique("topic_id", keep="last", maintain_order=True).select("topic_id", "sensitive", "note")


def _commit_overrides(
    fresh: dict[int, tuple[bool, str]], topics: pl.DataFrame, start: int, view: View, claim: Claim
) -> None:
    nations = dict(topics.select("topic_id", "nation").iter_rows())
    made = [
        {
            "override_id": int(combine(topic, start + number)[0]),
            "nation": nations[topic],
            "fingerprint": int(combine(topic, start + number, int(word))[0]),
            "topic_id": topic,
            "sensitive": word,
            "note": note or None,
            "sequence": start + number,
        }
        for number, (topic, (word, note)) in enumerate(sorted(fresh.items()))
    ]
    rows = load_schema("overrides").table(made)
    files = list(write_output(Output("overrides", rows), f"overrides-{start:06d}", view.lake.storage, claim.epoch))
    view.lake.commit("overrides", files, claim)


def _commit_topics(said: dict[int, tuple[bool, str]], topics: pl.DataFrame, view: View, claim: Claim) -> None:
    """Show the person's word in the snapshot of the topics; the model itself stays as it is."""
    word = pl.col("topic_id").replace_strict(
        {topic: sensitive for topic, (sensitive, _) in said.items()}, default=None, return_dtype=pl.Boolean
    )
    differs = word.is_not_null() & ((pl.col("sensitive") != word) | (pl.col("decided_by") != "person"))
    decided = topics.with_columns(
        pl.coalesce(word, "sensitive").alias("sensitive"),
        pl.when(word.is_not_null()).then(pl.lit("person")).otherwise("decided_by").alias("decided_by"),
    )
    for nation in topics.filter(differs)["nation"].unique().sort():
        rows = conform(decided.filter(pl.col("nation") == nation), "topics")
        files = list(write_output(Output("topics", rows), "topics-person", view.lake.storage, claim.epoch))
        view.lake.commit("topics", files, claim, replace=[nation])
