"""Modules are loaded while the garbage collector rests, which is then as it was before."""

from __future__ import annotations

import gc

import pytest

from navab.execution.loading import collector_at_rest


@pytest.mark.parametrize("on", [True, False])
def test_the_collector_rests_meanwhile_and_is_left_as_it_was(on: bool) -> None:
    was_on = gc.isenabled()
    try:
        gc.enable() if on else gc.disable()
        with pytest.raises(ImportError), collector_at_rest():
            assert not gc.isenabled()
            raise ImportError
        assert gc.isenabled() is on
    finally:
        gc.enable() if was_on else gc.disable()
