"""Weights and retention: who counts for how much, and decisions that stand while nothing of theirs has changed."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from navab.conflict import weighing
from navab.conflict.weighing import Contradictions, resolve, weigh
from navab.options.conflicts import ConflictsSection

PLAIN = ConflictsSection(recency_weight=0.0)
NOTHING = pl.DataFrame(
    schema={
        "statement_id": pl.Int64,
        "retained": pl.Boolean,
        "stance": pl.String,
        "reason": pl.String,
        "component_digest": pl.Int64,
    }
)


def statements(count: int, **columns: list[object]) -> pl.DataFrame:
    rows: dict[str, object] = {
        "statement_id": list(range(1, count + 1)),
        "source_type": ["quoted"] * count,
        "speaker_nation": ["unknown"] * count,
        "published_at": [None] * count,
    }
    return pl.DataFrame(rows | columns, schema_overrides={"published_at": pl.Datetime("us", "UTC")})


def judged(*pairs: tuple[int, int, str]) -> pl.DataFrame:
    return pl.DataFrame(pairs, schema=["left_id", "right_id", "verdict"], orient="row")


def backing(*outlets: tuple[int, str | None]) -> pl.DataFrame:
    return pl.DataFrame(outlets, schema={"statement_id": pl.Int64, "source": pl.String}, orient="row")


def weights(rows: pl.DataFrame, pairs: pl.DataFrame, outlets: pl.DataFrame, options: ConflictsSection) -> list[float]:
    weighed = weigh(rows, pairs, outlets, Contradictions.among(pairs), options).sort("statement_id")
    return weighed["weight"].to_list()


def test_support_counts_outlets_once_and_those_of_restatements() -> None:
    pairs = judged((1, 2, "entailment"), (2, 3, "contradiction"))
    outlets = backing((1, "A"), (1, "A"), (1, "B"), (2, "A"), (2, "C"), (3, "D"))
    assert weights(statements(3), pairs, outlets, PLAIN) == [3, 3, 1]


def test_official_and_home_weigh_more_as_configured() -> None:
    rows = statements(3, source_type=["official", "quoted", "quoted"], speaker_nation=["unknown", "home", "foreign"])
    outlets = backing((1, "A"), (2, "A"), (3, "A"))
    options = ConflictsSection(recency_weight=0, support_weight=2, official_weight=0.75, home_weight=0.5)
    assert weights(rows, judged((1, 2, "neutral")), outlets, options) == [2.75, 2.5, 2]


def test_recency_halves_with_age_from_the_newest_of_a_conflict() -> None:
    dates = [datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), None, datetime(2020, 1, 1, tzinfo=UTC)]
    rows = statements(4, published_at=dates)
    pairs = judged((1, 2, "contradiction"), (2, 3, "contradiction"))
    outlets = backing((1, "A"), (2, "A"), (3, "A"), (4, "A"))
    options = ConflictsSection(recency_weight=1, recency_days=365)
    assert weights(rows, pairs, outlets, options) == pytest.approx([1.5, 2, 1, 2])


def decide(pairs: pl.DataFrame, outlets: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    found = Contradictions.among(pairs)
    return resolve(weigh(statements(4), pairs, outlets, found, PLAIN), found, before).sort("statement_id")


def test_the_weightier_side_is_retained_and_reasons_say_what_decided() -> None:
    decided = decide(
        judged((1, 2, "contradiction")), backing((1, "A"), (2, "A"), (2, "B"), (3, "A"), (4, "A")), NOTHING
    )
    assert decided["retained"].to_list() == [False, True, True, True]
    assert decided["stance"].to_list() == ["minority", "dominant", "undisputed", "undisputed"]
    assert decided["component_id"].to_list() == [1, 1, 3, 4]
    assert decided["reason"][0].endswith("2 against 1")


def test_a_tie_is_called_a_tie() -> None:
    decided = decide(judged((1, 2, "contradiction")), backing((1, "A"), (2, "B"), (3, "A"), (4, "A")), NOTHING)
    assert decided["retained"].to_list() == [True, False, True, True]
    assert decided["reason"][1] == f"{weighing.TIED}: 1 against 1"


def test_another_way_of_deciding_decides_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs, outlets = judged((1, 2, "contradiction")), backing((1, "A"), (2, "B"), (3, "A"), (4, "A"))
    first = decide(pairs, outlets, NOTHING)
    monkeypatch.setattr(weighing, "DECISION_VERSION", weighing.DECISION_VERSION + 1)
    monkeypatch.setattr(weighing, "TIED", "another reason")
    again = decide(pairs, outlets, first.select(NOTHING.columns))
    assert again["reason"][1] == "another reason: 1 against 1"


def test_an_untouched_conflict_is_not_solved_again(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = judged((1, 2, "contradiction"))
    outlets = backing((1, "A"), (2, "A"), (2, "B"), (3, "A"), (4, "A"))
    first = decide(pairs, outlets, NOTHING)
    solved: list[int] = []
    monkeypatch.setattr(weighing, "_decide", lambda component, *_: solved.append(component[0]))
    again = decide(pairs, outlets, first.select(NOTHING.columns))
    assert solved == []
    assert again.drop("stance_before").equals(first.drop("stance_before"))
    assert again["stance_before"].to_list() == first["stance"].to_list()


def test_a_touched_conflict_is_decided_anew_and_its_change_is_told() -> None:
    pairs = judged((1, 2, "contradiction"))
    few = backing((1, "A"), (2, "A"), (2, "B"), (3, "A"), (4, "A"))
    first = decide(pairs, few, NOTHING)
    more = pl.concat([few, backing((1, "C"), (1, "D"))])
    second = decide(pairs, more, first.select(NOTHING.columns))
    changed = second.filter(pl.col("stance") != pl.col("stance_before"))
    assert changed.select("statement_id", "stance_before", "stance").rows() == [
        (1, "minority", "dominant"),
        (2, "dominant", "minority"),
    ]


@given(
    st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)).filter(lambda pair: pair[0] < pair[1]), max_size=30),
    st.randoms(),
)
def test_no_two_retained_statements_contradict_each_other_whatever_the_order(
    edges: list[tuple[int, int]], chance: object
) -> None:
    edges = sorted(set(edges))
    rows, outlets = statements(12), backing(*((one, f"outlet {one % 3}") for one in range(1, 13)))
    shuffled = list(edges)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    results = []
    for order in (edges, shuffled):
        pairs = pl.DataFrame(
            [(a, b, "contradiction") for a, b in order],
            schema={"left_id": pl.Int64, "right_id": pl.Int64, "verdict": pl.String},
            orient="row",
        )
        found = Contradictions.among(pairs)
        results.append(resolve(weigh(rows, pairs, outlets, found, PLAIN), found, NOTHING).sort("statement_id"))
    assert results[0].equals(results[1])
    retained = set(results[0].filter("retained")["statement_id"])
    assert not any(a in retained and b in retained for a, b in edges)
