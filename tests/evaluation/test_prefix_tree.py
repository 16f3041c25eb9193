"""Prefix trees: every sequence can be read off its path, and no node sees another sequence's tokens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from navab.evaluation.scorers.prefix_tree import Pack, Sequent, packs

sequents = st.lists(st.integers(0, 3), min_size=2, max_size=8).flatmap(
    lambda tokens: st.builds(Sequent, st.just(tuple(tokens)), st.integers(1, len(tokens) - 1))
)
groups = st.lists(st.lists(sequents, min_size=1, max_size=4), max_size=6)


def packed(groups: list[list[Sequent]]) -> Pack:
    pack = Pack()
    for group in groups:
        pack.add(group)
    return pack


def visible(pack: Pack, window: int | None = None) -> dict[int, list[int]]:
    """What every node sees, by its block."""
    return {
        node: block.keys[row].tolist()
        for block in pack.blocks()
        for node, row in zip(block.nodes, block.within(window), strict=True)
    }


@given(groups)
def test_a_node_sees_its_own_sequence_and_nothing_else(groups: list[list[Sequent]]) -> None:
    pack = packed(groups)
    seen = visible(pack)
    assert sorted(seen) == list(range(len(pack.tokens)))
    for sequence, path in zip([one for group in groups for one in group], pack.paths, strict=True):
        for depth, node in enumerate(path):
            assert seen[node] == path[: depth + 1]
            assert tuple(pack.tokens[at] for at in seen[node]) == sequence.tokens[: depth + 1]
            assert pack.depths[node] == depth


@given(groups)
def test_every_beginning_is_read_once(groups: list[list[Sequent]]) -> None:
    beginnings = {one.tokens[: end + 1] for group in groups for one in group for end in range(len(one.tokens) - 1)}
    assert len(packed(groups).tokens) == len(beginnings)


@given(groups, st.integers(1, 5))
def test_a_window_hides_what_is_farther_away(groups: list[list[Sequent]], window: int) -> None:
    pack = packed(groups)
    for node, found in visible(pack, window).items():
        path = next(path for path in pack.paths if node in path)
        assert found == path[: path.index(node) + 1][-window:]


@given(groups)
def test_scored_tokens_are_predicted_by_the_node_before_them(groups: list[list[Sequent]]) -> None:
    pack = packed(groups)
    wanted = set(pack.predicting().tolist())
    expected = set()
    for sequence, path in zip([one for group in groups for one in group], pack.paths, strict=True):
        expected |= {path[at - 1] for at in range(sequence.start, len(sequence.tokens))}
    assert wanted == expected


@given(groups, st.integers(1, 20))
def test_packs_hold_all_sequences_in_order_and_groups_whole(groups: list[list[Sequent]], most: int) -> None:
    made = list(packs(groups, most))
    read = [tuple(pack.tokens[node] for node in path) for pack in made for path in pack.paths]
    assert read == [one.tokens[:-1] for group in groups for one in group]
    for pack in made:
        assert len(pack.tokens) <= most or len(pack.paths) in {len(group) for group in groups}
