"""Pages of earlier refreshes: rows that quote a forgotten article leave them.

A row of a change summary names its article in a comment (release/templates/changes.md.j2), which no reader sees.
"""

from __future__ import annotations

import re
from collections.abc import Set

from navab.lake.storage import Storage

PAGES = "refreshes"
_ARTICLE = re.compile(r"<!-- article (-?\d+) -->")


def redact_pages(storage: Storage, forgotten: Set[int]) -> int:
    """Take the rows of forgotten articles out of all pages; returns how many pages were changed."""
    changed = 0
    for path in storage.list_files(storage.path(PAGES)):
        page = storage.read_bytes(path).decode()
        redacted = redact(page, forgotten)
        if redacted != page:
            storage.write_bytes(path, redacted.encode())
            changed += 1
    return changed


def redact(page: str, forgotten: Set[int]) -> str:
    """A page without the rows that quote forgotten articles."""
    lines = page.splitlines(keepends=True)
    return "".join(line for line in lines if not any(int(one) in forgotten for one in _ARTICLE.findall(line)))
