"""The lake survives: three kills and a faulty network on a real S3 server, with the bundled sample.

The long rounds, on thousands of real articles, are run by hand: benchmarks/chaos.py and benchmarks/faulty_network.py.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from benchmarks import chaos, faulty_network
from benchmarks.support.stand import Reference, Stand, sample_stand

pytestmark = pytest.mark.slow
SEED = 11
FAULTY_SEED = 5  # loses the answer of one of the first conditional writes, the worst that can happen
LIMIT_S = 900.0


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with sample_stand(tmp_path_factory.mktemp("chaos")) as running:
        yield running


@pytest.fixture(scope="module")
def reference(stand: Stand) -> Reference:
    return stand.build_reference(LIMIT_S)


def test_three_kills(stand: Stand, reference: Reference) -> None:
    """Costs are printed and not asserted: units of a small sample are too few to measure them."""
    progress = chaos.Progress(reference, random.Random(SEED))
    chaos.chaos(stand, 3, ("driver", "worker", "raylet", "store"), progress)
    print(chaos.table(progress.builds, SEED))
    assert progress.rounds == 3
    for build in progress.builds:
        assert build.comparison.differing == ()
        assert build.problems == ()
        assert [made.failures for made in build.rounds] == [[] for _ in build.rounds]


def test_a_faulty_network(stand: Stand, reference: Reference) -> None:
    outcome = faulty_network.faulty_build(stand, reference, FAULTY_SEED, scale=0.7)
    print(faulty_network.table(outcome, reference, FAULTY_SEED))
    assert outcome.code == 0
    assert outcome.comparison.differing == ()
    assert outcome.same_release
    assert outcome.missing == 0
    assert outcome.proxy.faults["answer lost", "conditional PUT"] > 0
