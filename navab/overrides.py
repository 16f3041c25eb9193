"""A person's word on topics: exported as a CSV to fill in, imported as rows that win over every machine's decision."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import polars as pl

from navab.carrier import write_output
from navab.errors import ConfigurationError
from navab.lake.claim import Claim
from navab.lake.hashing import combine
from navab.lake.schema import load_schema
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
    topics = view.current("topics", *(name for name in _FIELDS[:8] if name not in ("topic_id", "nation")))
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
            raise ConfigurationError(f"{path} line {number}: decision '{word}': write yes or no, or leave it empty")
        if not _TOPIC_ID.fullmatch(topic) or int(topic) not in known:
            raise ConfigurationError(f"{path} line {number}: no topic '{topic}' in this lake; export the topics anew")
        decisions[int(topic)] = (_WORDS[word], (row.get("note") or "").strip())
    return decisions


def import_decisions(decisions: dict[int, tuple[bool, str]], view: View, claim: Claim) -> int:
    """Commit decisions that differ from those in force; returns how many there were."""
    rows = view.rows("overrides", "topic_id", "sensitive", "sequence").sort("sequence")
    in_force = dict(rows.select("topic_id", "sensitive").iter_rows())
    fresh = {topic: word for topic, word in decisions.items() if in_force.get(topic) != word[0]}
    if not fresh:
        return 0
    start = int(rows["sequence"].max()) + 1 if rows.height else 0  # type: ignore[arg-type]
    topics = view.current("topics", *load_schema("topics").arrow.names).drop("_file")
    _commit_overrides(fresh, topics, start, view, claim)
    _commit_topics(fresh, topics, view, claim)
    view.forget(("overrides", "topics"))
    return len(fresh)


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
    files = list(write_output(Output("overrides", rows), f"overrides-{start:06d}", view.lake.storage))
    view.lake.commit("overrides", files, claim)


def _commit_topics(fresh: dict[int, tuple[bool, str]], topics: pl.DataFrame, view: View, claim: Claim) -> None:
    """Show the person's word in the snapshot of the topics; the model itself stays as it is."""
    word = {topic: sensitive for topic, (sensitive, _) in fresh.items()}
    decided = topics.with_columns(
        pl.col("topic_id")
        .replace_strict(word, default=pl.col("sensitive"), return_dtype=pl.Boolean)
        .alias("sensitive"),
        pl.when(pl.col("topic_id").is_in(list(word)))
        .then(pl.lit("person"))
        .otherwise("decided_by")
        .alias("decided_by"),
    )
    changed = decided.filter(pl.col("topic_id").is_in(list(word)))["nation"].unique().sort().to_list()
    for nation in changed:
        rows = conform(decided.filter(pl.col("nation") == nation), "topics")
        files = list(write_output(Output("topics", rows), "topics-person", view.lake.storage))
        view.lake.commit("topics", files, claim, replace=[nation])
