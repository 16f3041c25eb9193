"""Descent: rows that rest on no article of the lake, because it was forgotten or its record has another text now.

Every row names its article or its statements; a statement rests on its article. What is lost here is derived again by
the next run where it rests on other articles as well.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from navab.lake.schema import load_schema, table_names
from navab.lake.snapshot import FILE
from navab.stages.triples import SPLIT_BRIDGE, triple_id
from navab.takedown.tombstones import FORGOTTEN
from navab.view import View

# Tables with nothing of a single article: models and people's words on them, files, and the tombstones themselves.
WITHOUT_ARTICLES = frozenset({"cells", "files", "overrides", "takedowns", "topic_changes", "topic_drift", "topics"})
_ARTICLE_COLUMNS = ("article_id", "canonical_id")
_STATEMENT_COLUMNS = ("left_id", "right_id", "merged_into")
_ORDER = {"evaluations": 0, "triples": 1, "statements": 4}


def descending_tables() -> tuple[str, ...]:
    """Tables whose rows descend from articles, in the order in which their rows must go.

    What rests on statements alone is found by way of `statements`, which goes last; bridges by way of `conflicts`,
    outcomes by way of `triples`.
    """
    names = [name for name in table_names() if name not in WITHOUT_ARTICLES | {"articles"}]
    return tuple(sorted(names, key=lambda name: (_ORDER.get(name, 3 if _names_articles(name) else 2), name)))


def uprooted(view: View, table: str) -> pl.DataFrame:
    """Rows of a table that rest on no article of the lake: their key, fingerprint and `_file`."""
    if table in WITHOUT_ARTICLES or table == "articles":
        return _located(view, table).clear()
    special: dict[str, Callable[[View], pl.DataFrame]] = {
        "duplicates": _uprooted_duplicates,
        "evaluations": _uprooted_evaluations,
        "triples": _uprooted_triples,
    }
    return special[table](view) if table in special else _uprooted(view, table)


def _located(view: View, table: str, *columns: str) -> pl.DataFrame:
    schema = load_schema(table)
    return view.rows(table, *columns).select(*schema.key, "fingerprint", FILE, *columns)


def _names_articles(table: str) -> bool:
    return "article_id" in load_schema(table).arrow.names


def _uprooted(view: View, table: str) -> pl.DataFrame:
    names = load_schema(table).arrow.names
    by_article = [name for name in _ARTICLE_COLUMNS if name in names]
    own = [] if by_article else ["statement_id"]
    by_statement = [name for name in (*own, *_STATEMENT_COLUMNS) if name in names]
    rows = view.rows(table, *by_article, *by_statement)
    gone = [_is_missing(name, _articles(view)) for name in by_article]
    gone += [_is_missing(name, _statements(view)) for name in by_statement]
    key = load_schema(table).key
    return rows.filter(pl.any_horizontal(gone)).select(*key, "fingerprint", FILE)


def _is_missing(column: str, present: pl.Series) -> pl.Expr:
    return pl.col(column).is_not_null() & ~pl.col(column).is_in(present.implode())


def _articles(view: View) -> pl.Series:
    """Ids of the articles that the lake holds, current or not."""
    rows = view.rows("articles", "article_id", "rejected_reason")
    return rows.filter(pl.col("rejected_reason").ne_missing(FORGOTTEN))["article_id"].drop_nulls().unique()


def _statements(view: View) -> pl.Series:
    """Ids of the statements of those articles."""
    rows = view.rows("statements", "article_id")
    return rows.filter(pl.col("article_id").is_in(_articles(view).implode()))["statement_id"].unique()


def _lost_statements(view: View) -> pl.Series:
    """Ids of statements whose article is gone."""
    rows = view.rows("statements", "article_id")
    return rows.filter(_is_missing("article_id", _articles(view)))["statement_id"].unique()


def _uprooted_duplicates(view: View) -> pl.DataFrame:
    """Rows of articles that are gone, and of all that were joined to one or by way of one: they are compared anew."""
    rows = view.rows("duplicates", "article_id", "canonical_id")
    gone = rows.filter(pl.any_horizontal(_is_missing(name, _articles(view)) for name in _ARTICLE_COLUMNS))
    groups = gone["canonical_id"].unique()
    joined = pl.col("canonical_id").is_in(groups.implode()) & (pl.col("article_id") != pl.col("canonical_id"))
    touched = joined | pl.col("article_id").is_in(gone["article_id"].implode())
    return rows.filter(touched).select("article_id", "fingerprint", FILE)


def _uprooted_triples(view: View) -> pl.DataFrame:
    """Triples of articles that are gone, and those left out that one of these may have connected with both splits."""
    rows = view.rows("triples", "article_id", "rejected_reason")
    lost = _lost_statements(view).implode()
    pairs = view.rows("conflicts")
    repeated = view.rows("statements", "merged_into").filter(pl.col("statement_id").is_in(lost))["merged_into"]
    beside = pl.concat(
        [
            pairs.filter(pl.col("right_id").is_in(lost))["left_id"],
            pairs.filter(pl.col("left_id").is_in(lost))["right_id"],
            repeated.drop_nulls(),
        ]
    )
    bridge = (pl.col("rejected_reason") == SPLIT_BRIDGE) & pl.col("statement_id").is_in(beside.implode())
    gone = _is_missing("article_id", _articles(view)) | bridge.fill_null(False)
    return rows.filter(gone).select("statement_id", "fingerprint", FILE)


def _uprooted_evaluations(view: View) -> pl.DataFrame:
    """Outcomes on triples of articles that are gone; triples that the lake never had may come from elsewhere."""
    triples = view.rows("triples", "triple_id", "article_id").filter(_is_missing("article_id", _articles(view)))
    derived = [triple_id(statement) for statement in _lost_statements(view)]
    gone = pl.concat([triples["triple_id"], pl.Series("triple_id", derived, dtype=pl.Int64)])
    return _located(view, "evaluations").filter(pl.col("triple_id").is_in(gone.implode()))
