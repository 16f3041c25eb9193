"""Prefix trees: every sequence can be read off its path, and no node sees another sequence's tokens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from navab.evaluation.scorers.prefix_tree import Pack, Sequent, packs

sequents = st.lists(st.integers(0, 3), min_size=2, max_size=8).flatmap(
    lambda tokens: st.builds(Sequent, st.just(tuple(tokens)), st.integers(1, len(tokens) - 1))
)
groups = st.lists(st.lists(sequents, min_size=1, max_size=4), max_size=6)


def packed(sequences: list[Sequent]) -> Pack:
    pack = Pack()
    for sequence in sequences:
        pack.add(sequence)
    return pack


@given(st.lists(sequents, min_size=1, max_size=8))
def test_a_node_sees_its_own_sequence_and_nothing_else(sequences: list[Sequent]) -> None:
    pack = packed(sequences)
    seen = pack.mask()
    for sequence, path in zip(sequences, pack.paths, strict=True):
        for depth, node in enumerate(path):
            visible = [at for at in range(len(pack.tokens)) if seen[node, at]]
            assert visible == path[: depth + 1]
            assert tuple(pack.tokens[at] for at in visible) == sequence.tokens[: depth + 1]
            assert pack.depths[node] == depth


@given(st.lists(sequents, min_size=1, max_size=8))
def test_every_beginning_is_read_once(sequences: list[Sequent]) -> None:
    beginnings = {one.tokens[: end + 1] for one in sequences for end in range(len(one.tokens) - 1)}
    assert len(packed(sequences).tokens) == len(beginnings)


@given(st.lists(sequents, min_size=1, max_size=8), st.integers(1, 5))
def test_a_window_hides_what_is_farther_away(sequences: list[Sequent], window: int) -> None:
    pack = packed(sequences)
    for node, row in enumerate(pack.mask(window)):
        path = next(path for path in pack.paths if node in path)
        assert [at for at, visible in enumerate(row) if visible] == path[: path.index(node) + 1][-window:]


@given(st.lists(sequents, min_size=1, max_size=8))
def test_scored_tokens_are_predicted_by_the_node_before_them(sequences: list[Sequent]) -> None:
    pack = packed(sequences)
    wanted = set(pack.predicting().tolist())
    expected = set()
    for sequence, path in zip(sequences, pack.paths, strict=True):
        expected |= {path[at - 1] for at in range(sequence.start, len(sequence.tokens))}
    assert wanted == expected


@given(groups, st.integers(1, 20))
def test_packs_hold_all_sequences_in_order_and_groups_whole(groups: list[list[Sequent]], most: int) -> None:
    made = list(packs(groups, most))
    read = [tuple(pack.tokens[node] for node in path) for pack in made for path in pack.paths]
    assert read == [one.tokens[:-1] for group in groups for one in group]
    for pack in made:
        assert len(pack.tokens) <= most or len(pack.paths) in {len(group) for group in groups}
