"""Derivations: what is derived from tables stays until one of these changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from navab.lake.derivations import Derivations


class Totals:
    """Sums over tables of numbers, one of them over another sum."""

    def __init__(self) -> None:
        self.tables = {"a": 1, "b": 2, "c": 4}
        self.made: list[str] = []
        self._derivations = Derivations()

    def change(self, table: str) -> None:
        self.tables[table] += 10
        self._derivations.forget([table])

    def ab(self) -> int:
        return self._sum("ab", lambda: self._read("a") + self._read("b"))

    def abc(self) -> int:
        return self._sum("abc", lambda: self.ab() + self._read("c"))

    def _read(self, table: str) -> int:
        self._derivations.uses(table)
        return self.tables[table]

    def _sum(self, name: str, make: Callable[[], int]) -> int:
        def noted() -> int:
            self.made.append(name)
            return make()

        return self._derivations.get(name, noted)


def test_what_is_known_is_not_made_again() -> None:
    totals = Totals()
    assert [totals.abc(), totals.abc(), totals.ab()] == [7, 7, 3]
    assert totals.made == ["abc", "ab"]


@pytest.mark.parametrize(("table", "again"), [("a", ["abc", "ab"]), ("c", ["abc"]), ("other", [])])
def test_what_was_derived_from_a_table_follows_it(table: str, again: list[str]) -> None:
    totals = Totals()
    totals.tables["other"] = 0
    totals.abc()
    totals.made.clear()
    totals.change(table)
    assert totals.abc() == sum(totals.tables[name] for name in "abc")
    assert totals.made == again


def test_what_was_known_before_counts_as_used() -> None:
    """The inner sum is known when the outer one is made."""
    totals = Totals()
    totals.ab()
    totals.abc()
    totals.change("b")
    assert totals.abc() == 17


def test_what_failed_is_tried_again() -> None:
    derivations, answers = Derivations(), iter([None, 5])

    def fail_once() -> int:
        answer = next(answers)
        if answer is None:
            raise KeyError
        return answer

    with pytest.raises(KeyError):
        derivations.get("x", fail_once)
    assert derivations.get("x", fail_once) == 5
