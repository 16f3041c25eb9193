"""A person's word on topics: rows that win over every machine's decision."""

from __future__ import annotations

import polars as pl

from navab.execution.units import write_output
from navab.lake.claim import Claim
from navab.lake.hashing import combine
from navab.lake.schema import load_schema
from navab.live import latest_words
from navab.stages.base import Output, conform
from navab.view import View


def import_decisions(decisions: dict[int, tuple[bool, str]], view: View, claim: Claim) -> int:
    """Commit decisions that differ from those in force, in word or note; returns how many there were.

    An export leaves notes empty: the same word with an empty note leaves the note that it has.

    The snapshot of the topics is brought in line with all decisions in force, also with those of an import that was
    interrupted before it did so.
    """
    in_force = {topic: (word, note or "") for topic, word, note in latest_words(view).iter_rows()}
    fresh = {topic: said for topic, said in decisions.items() if _is_new(said, in_force.get(topic))}
    topics = view.current("topics", *load_schema("topics").arrow.names).drop("_file")
    if fresh:
        said = view.rows("overrides", "sequence")["sequence"].to_list()
        start = max(said, default=-1) + 1
        _commit_overrides(fresh, topics, start, view, claim)
    _commit_topics(in_force | fresh, topics, view, claim)
    view.forget(("overrides", "topics"))
    return len(fresh)


def _is_new(said: tuple[bool, str], before: tuple[bool, str] | None) -> bool:
    word, note = said
    return before is None or word != before[0] or (bool(note) and note != before[1])


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
