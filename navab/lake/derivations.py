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
    """Values by name, each with the tables that were looked at while it was made, directly or through other values."""

    def __init__(self) -> None:
        self._known: dict[Hashable, _Derived] = {}
        self._looked_at: list[set[str]] = []  # by the values that are being made, the innermost last

    def look_at(self, table: str) -> None:
        """Say that a table is looked at."""
        if self._looked_at:
            self._looked_at[-1].add(table)

    def get(self, name: Hashable, make: Callable[[], Value]) -> Value:
        """The value of that name, which is made unless it is known."""
        if name not in self._known:
            self._looked_at.append(set())
            try:
                value = make()
            finally:
                tables = frozenset(self._looked_at.pop())
            self._known[name] = _Derived(value, tables)
        known = self._known[name]
        for table in known.tables:
            self.look_at(table)
        return cast(Value, known.value)

    def forget(self, tables: Collection[str]) -> None:
        """Drop what was derived from one of the tables."""
        self._known = {name: one for name, one in self._known.items() if one.tables.isdisjoint(tables)}
