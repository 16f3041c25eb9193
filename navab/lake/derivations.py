"""What is derived from tables, kept until a table that it was derived from changes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from typing import TypeVar, cast

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class _Derived:
    value: object
    tables: frozenset[str]


class Derivations:
    """Values by name, each with the tables that were used while it was made, directly or through other values."""

    def __init__(self) -> None:
        self._known: dict[Hashable, _Derived] = {}
        self._used: list[set[str]] = []  # by the values that are being made, the innermost last

    def uses(self, table: str) -> None:
        """Say that what is being made uses a table."""
        if self._used:
            self._used[-1].add(table)

    def get(self, name: Hashable, make: Callable[[], Value]) -> Value:
        """The value of that name, which is made unless it is known."""
        if name not in self._known:
            self._used.append(set())
            try:
                value = make()
            finally:
                tables = frozenset(self._used.pop())
            self._known[name] = _Derived(value, tables)
        known = self._known[name]
        for table in known.tables:
            self.uses(table)
        return cast(Value, known.value)

    def forget(self, tables: Collection[str]) -> None:
        """Drop what was derived from one of the tables."""
        self._known = {name: one for name, one in self._known.items() if one.tables.isdisjoint(tables)}
