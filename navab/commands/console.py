"""What commands print: tables and lines."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

_LEFT = frozenset(
    {
        "nation", "languages", "official sources", "rejected because", "crawl", "source file", "kind", "state", "what",
        "from",
    }
)  # fmt: skip


def new_table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(first)
    for name in others:
        table.add_column(
            name,
            justify="left" if name in _LEFT else "right",
        )
    return table


def show(what: str | Table) -> None:
    console = Console(soft_wrap=True, highlight=False, width=None if sys.stdout.isatty() else 160)
    if isinstance(what, str):
        console.print(what, markup=False)
    else:
        console.print(what)
