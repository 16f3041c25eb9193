"""What the report says of topics: the topics with headlines, how articles came to them, what the last fit changed."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from navab.live import decided_topics
from navab.report.data import AssignedArticles, Topic, TopicChange
from navab.stages.base import select
from navab.view import View

HEADLINES = 3  # of a topic
_SHOWN = 300  # topics of a nation that have headlines
_KEPT = "kept"


def topics(view: View) -> tuple[Topic, ...]:
    """All current topics, the largest of each nation first."""
    columns = ("label", "label_native", "keywords", "size", "sensitive", "sensitivity", "decided_by", "centroid")
    language = {nation.code: nation.languages[0] for nation in view.nations}
    rows = decided_topics(view, *columns).sort(["nation", "size"], descending=[False, True])
    assigned = view.live("article_topics", "topic_id").drop_nulls("topic_id")
    counts = dict(assigned.group_by("topic_id").len().iter_rows())
    shown = rows.group_by("nation", maintain_order=True).head(_SHOWN)
    headlines = _headlines(view, assigned, shown["topic_id"])
    return tuple(
        Topic(
            nation=row["nation"],
            topic_id=row["topic_id"],
            label=row["label"],
            label_native=row["label_native"],
            keywords=tuple(row["keywords"]),
            size=row["size"],
            articles=counts.get(row["topic_id"], 0),
            sensitive=row["sensitive"],
            sensitivity=row["sensitivity"],
            decided_by=row["decided_by"],
            language=language.get(row["nation"]),
            centroid=tuple(row["centroid"]),
            headlines=headlines.get(row["topic_id"], ()),
        )
        for row in rows.iter_rows(named=True)
    )


def _headlines(view: View, assigned: pl.DataFrame, wanted: pl.Series) -> Mapping[int, tuple[str, ...]]:
    """Titles of each topic's first articles by id, which is a hash; only their rows are read."""
    own = assigned.filter(pl.col("topic_id").is_in(wanted.implode())).sort("article_id")
    some = own.group_by("topic_id", maintain_order=True).head(HEADLINES).select("topic_id", "article_id")
    records = view.live("articles", "article_id").join(some, on="article_id")
    located = view.located("articles")
    titles = select(view, "articles", located, records["record_id"], ("article_id", "title")).read(view.lake.storage)
    named = some.join(titles, on="article_id").filter(pl.col("title").is_not_null()).sort("topic_id", "article_id")
    grouped = named.group_by("topic_id", maintain_order=True).agg("title")
    return {topic: tuple(found) for topic, found in grouped.iter_rows()}


def assigned_articles(view: View) -> tuple[AssignedArticles, ...]:
    """How the articles of each nation came to their topics."""
    counts = view.live("article_topics", "assigned_by").group_by("nation", "assigned_by").len()
    by = {(nation, way): count for nation, way, count in counts.iter_rows()}
    ways = ("cluster", "vector", "tag", "none")
    return tuple(
        AssignedArticles(nation=nation.code, **{way: by.get((nation.code, way), 0) for way in ways})
        for nation in view.nations
    )


def topic_changes(view: View) -> tuple[TopicChange, ...]:
    """What the last fit of each nation changed, where there was an earlier one: all but what simply went on."""
    columns = ("event", "label", "size", "related", "related_labels", "note")
    rows = view.current("topic_changes", *columns).sort("nation", "event", "topic_id")
    refitted = rows.filter(pl.col("related").list.len() > 0)["nation"].unique()
    shown = rows.filter(pl.col("nation").is_in(refitted.implode()) & (pl.col("event") != _KEPT))
    return tuple(
        TopicChange(
            nation=row["nation"],
            event=row["event"],
            topic_id=row["topic_id"],
            label=row["label"],
            size=row["size"],
            related=tuple(row["related_labels"] or map(str, row["related"])),
            note=row["note"],
        )
        for row in shown.iter_rows(named=True)
    )
