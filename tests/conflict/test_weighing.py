"""Weights and retention: who counts for how much, and decisions that stand while nothing of theirs has changed."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from navab.conflict import reasons, weighing
from navab.conflict.positions import Positions
from navab.conflict.weighing import resolve, weigh
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
    schema = {"left_id": pl.Int64, "right_id": pl.Int64, "verdict": pl.String}
    return pl.DataFrame(pairs, schema=schema, orient="row").with_columns(confidence=pl.lit(1.0))


def backing(*outlets: tuple[int, str | None]) -> pl.DataFrame:
    return pl.DataFrame(outlets, schema={"statement_id": pl.Int64, "source": pl.String}, orient="row")


def weights(rows: pl.DataFrame, pairs: pl.DataFrame, outlets: pl.DataFrame, options: ConflictsSection) -> list[float]:
    weighed = weigh(rows, Positions.among(rows, pairs), outlets, options).sort("statement_id")
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


def decide(
    pairs: pl.DataFrame,
    outlets: pl.DataFrame,
    before: pl.DataFrame = NOTHING,
    rows: pl.DataFrame | None = None,
    options: ConflictsSection = PLAIN,
) -> pl.DataFrame:
    rows = statements(4) if rows is None else rows
    positions = Positions.among(rows, pairs)
    return resolve(weigh(rows, positions, outlets, options), positions, before).sort("statement_id")


def retained(decided: pl.DataFrame) -> list[int]:
    return decided.filter("retained")["statement_id"].to_list()


def test_the_weightier_side_is_retained_and_reasons_say_what_decided() -> None:
    decided = decide(
        judged((1, 2, "contradiction")), backing((1, "A"), (2, "A"), (2, "B"), (3, "A"), (4, "A")), NOTHING
    )
    assert decided["retained"].to_list() == [False, True, True, True]
    assert decided["stance"].to_list() == ["minority", "dominant", "undisputed", "undisputed"]
    assert decided["component_id"].to_list() == [1, 1, 3, 4]
    assert decided["reason"][0] == f"{reasons.MINORITY}: 2 (2 outlets) against 1 (1 outlet)"
    assert decided["reason"][1] == f"{reasons.DOMINANT}: 2 (2 outlets)"


def test_a_tie_is_called_a_tie() -> None:
    decided = decide(judged((1, 2, "contradiction")), backing((1, "A"), (2, "B"), (3, "A"), (4, "A")), NOTHING)
    assert decided["retained"].to_list() == [True, False, True, True]
    assert decided["reason"][1] == f"{reasons.TIED}: 1 (1 outlet) against 1 (1 outlet)"


def test_another_way_of_deciding_decides_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs, outlets = judged((1, 2, "contradiction")), backing((1, "A"), (2, "B"), (3, "A"), (4, "A"))
    first = decide(pairs, outlets, NOTHING)
    monkeypatch.setattr(weighing, "DECISION_VERSION", weighing.DECISION_VERSION + 1)
    monkeypatch.setattr(reasons, "TIED", "another reason")
    again = decide(pairs, outlets, first.select(NOTHING.columns))
    assert again["reason"][1].startswith("another reason: ")


def test_an_untouched_conflict_is_not_solved_again(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = judged((1, 2, "contradiction"))
    outlets = backing((1, "A"), (2, "A"), (2, "B"), (3, "A"), (4, "A"))
    first = decide(pairs, outlets, NOTHING)
    solved: list[int] = []
    monkeypatch.setattr(weighing, "_decide", lambda rows, *_: solved.append(rows.height))
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


def test_paraphrases_count_the_outlets_behind_them_once() -> None:
    said = judged((1, 2, "entailment"), (1, 3, "entailment"), (2, 3, "entailment"), (3, 4, "contradiction"))
    five = [(4, outlet) for outlet in "defgh"]
    assert retained(decide(said, backing((1, "a"), (2, "b"), (3, "c"), *five))) == [4]
    assert retained(decide(said, backing((1, "a"), (2, "a"), (3, "a"), (4, "d"), (4, "e")))) == [4]
    assert retained(decide(said, backing((1, "a"), (2, "b"), (3, "c"), (4, "d"), (4, "e")))) == [1, 2, 3]


def test_a_bonus_is_added_once_for_all_that_say_the_same() -> None:
    rows = statements(3, source_type=["official", "official", "quoted"], speaker_nation=["home", "home", "unknown"])
    outlets = backing((1, "a"), (2, "a"), (3, "b"), (3, "c"))
    assert weights(rows, judged((1, 2, "entailment")), outlets, PLAIN) == [1.75, 1.75, 2]


def test_what_says_the_same_as_a_minority_goes_with_it() -> None:
    decided = decide(
        judged((1, 2, "entailment"), (1, 3, "contradiction")),
        backing((1, "a"), (2, "b"), (3, "c"), (3, "d"), (3, "e"), (4, "f")),
    )
    assert retained(decided) == [3, 4]
    assert decided["reason"][1] == decided["reason"][0]
    assert decided["component_id"].to_list() == [1, 1, 1, 4]


def test_statements_that_contradict_each_other_do_not_become_one_by_what_restates_both() -> None:
    pairs = judged((1, 2, "entailment"), (2, 3, "entailment"), (1, 3, "contradiction"))
    surer = pairs.with_columns(confidence=pl.Series([0.6, 0.9, 1.0]))
    outlets = backing((1, "a"), (2, "b"), (3, "c"), (4, "d"))
    assert retained(decide(surer, outlets)) == [2, 3, 4]
    assert retained(decide(pairs, outlets)) == [1, 2, 4], "equally sure: the smaller ids first"


def speakers(*nations: str) -> pl.DataFrame:
    return statements(len(nations), speaker_nation=list(nations))


def test_a_foreigner_does_not_remove_what_is_said_at_home() -> None:
    outlets = backing((1, "a"), (2, "b"), (2, "c"))
    for nation in ("home", "unknown"):
        decided = decide(judged((1, 2, "contradiction")), outlets, rows=speakers(nation, "foreign"))
        assert retained(decided) == [1]
        assert decided["reason"].to_list() == [reasons.ONLY_FOREIGN, reasons.FOREIGN]


def test_a_foreigner_is_no_support_and_goes_with_what_it_restates() -> None:
    rows = speakers("home", "home", "foreign")
    pairs = judged((1, 2, "contradiction"), (2, 3, "entailment"))
    outlets = backing((1, "a"), (1, "b"), (2, "c"), (3, "d"), (3, "e"))
    decided = decide(pairs, outlets, rows=rows)
    assert retained(decided) == [1]
    assert decided["support"].to_list() == [2, 1, 2]
    assert decided["reason"][2] == reasons.FOREIGN


def test_foreigners_are_resolved_among_themselves_beside_what_is_retained_at_home() -> None:
    rows = speakers("home", "foreign", "foreign", "foreign")
    pairs = judged((1, 2, "contradiction"), (2, 3, "contradiction"), (3, 4, "contradiction"))
    outlets = backing((1, "a"), (2, "b"), (2, "c"), (2, "d"), (3, "e"), (4, "f"), (4, "g"))
    assert retained(decide(pairs, outlets, rows=rows)) == [1, 4]


def test_foreigners_change_nothing_of_what_is_decided_at_home() -> None:
    """Two conflicts at home that a foreigner connects, and two statements that one restates, stay what they were."""
    dates = [datetime(2024, 1, day, tzinfo=UTC) for day in (1, 2, 3, 4)]
    home = statements(4, speaker_nation=["home"] * 4, published_at=dates)
    at_home = [(1, 2, "contradiction"), (3, 4, "contradiction")]
    outlets = [(1, "a"), (2, "b"), (3, "c"), (4, "d")]
    foreign = statements(
        5, speaker_nation=["home"] * 4 + ["foreign"], published_at=[*dates, datetime(2026, 1, 1, tzinfo=UTC)]
    )
    options = ConflictsSection()
    alone = decide(judged(*at_home), backing(*outlets), rows=home, options=options)
    for said in ("contradiction", "entailment"):
        pairs = judged(*at_home, (1, 5, said), (3, 5, said))
        both = decide(pairs, backing(*outlets, (5, "e"), (5, "f")), rows=foreign, options=options)
        same = ["statement_id", "support", "weight", "retained", "reason"]
        assert both.head(4).select(same).equals(alone.select(same))


def test_reasons_name_the_parts_of_both_weights() -> None:
    rows = statements(2, source_type=["quoted", "official"], speaker_nation=["home", "unknown"])
    decided = decide(judged((1, 2, "contradiction")), backing((1, "a"), (2, "b")), rows=rows)
    assert decided["reason"][0] == (
        f"{reasons.MINORITY}: 1.5 (1 outlet, official 0.5) against 1.25 (1 outlet, home 0.25)"
    )


@pytest.mark.parametrize(
    ("older", "said"),
    [
        (
            datetime(2025, 12, 31, tzinfo=UTC),
            "1.25 (1 outlet, recency 0.25) against 1.2495 (1 outlet, recency 0.24953)",
        ),
        (datetime(2025, 12, 31, tzinfo=UTC), "; newer by 1 day"),
        (datetime(2015, 1, 1, tzinfo=UTC), "; newer by 4,018 days"),
        (datetime(2026, 1, 1, 9, 30, tzinfo=UTC), reasons.TIED),
    ],
)
def test_a_newer_statement_is_said_to_be_newer_and_hours_decide_nothing(older: datetime, said: str) -> None:
    rows = statements(2, published_at=[older, datetime(2026, 1, 1, 10, tzinfo=UTC)])
    decided = decide(
        judged((1, 2, "contradiction")), backing((1, "a"), (2, "b")), rows=rows, options=ConflictsSection()
    )
    assert said in decided.filter(~pl.col("retained"))["reason"].item()


VERDICTS = st.sampled_from(["contradiction", "entailment"])
EDGES = st.dictionaries(
    st.tuples(st.integers(1, 12), st.integers(1, 12)).filter(lambda pair: pair[0] < pair[1]), VERDICTS, max_size=30
)


@given(EDGES, st.lists(st.sampled_from(["home", "unknown", "foreign"]), min_size=12, max_size=12), st.randoms())
def test_no_two_retained_statements_contradict_each_other_whatever_the_order(
    verdicts: dict[tuple[int, int], str], nations: list[str], chance: object
) -> None:
    rows, outlets = speakers(*nations), backing(*((one, f"outlet {one % 3}") for one in range(1, 13)))
    edges = [(left, right, verdict) for (left, right), verdict in sorted(verdicts.items())]
    shuffled = list(edges)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    results = [decide(judged(*order), outlets, rows=rows) for order in (edges, shuffled)]
    assert results[0].equals(results[1])
    kept = retained(results[0])
    assert not any(verdict == "contradiction" and {left, right} <= set(kept) for left, right, verdict in edges)


@given(EDGES, st.lists(st.sampled_from(["home", "unknown", "foreign"]), min_size=12, max_size=12))
def test_what_is_decided_at_home_does_not_depend_on_foreigners(
    verdicts: dict[tuple[int, int], str], nations: list[str]
) -> None:
    rows, outlets = speakers(*nations), backing(*((one, f"outlet {one % 3}") for one in range(1, 13)))
    pairs = judged(*((left, right, verdict) for (left, right), verdict in sorted(verdicts.items())))
    home = rows.filter(pl.col("speaker_nation") != "foreign")
    own = home["statement_id"].implode()
    among = pairs.filter(pl.col("left_id").is_in(own) & pl.col("right_id").is_in(own))
    together = decide(pairs, outlets, rows=rows).filter(pl.col("statement_id").is_in(own))
    alone = decide(among, outlets.filter(pl.col("statement_id").is_in(own)), rows=home)
    assert together.select("support", "weight", "retained").equals(alone.select("support", "weight", "retained"))
