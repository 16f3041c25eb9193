"""Phrase lists as compiled patterns: one scan finds every phrase, the longest first."""

from __future__ import annotations

import re
from collections.abc import Iterable


def phrase_pattern(phrases: Iterable[str], spaced: bool) -> re.Pattern[str]:
    """Compile phrases to one alternation, as a prefix tree, so that its cost hardly grows with their number.

    In a `spaced` script a phrase matches whole words only; an empty list matches nothing.
    """
    tree: dict[str, dict] = {}  # type: ignore[type-arg]
    for phrase in phrases:
        node = tree
        for char in phrase:
            node = node.setdefault(char, {})
        node[""] = {}
    if not tree:
        return re.compile(r"(?!)")
    body = _alternation(tree)
    return re.compile(rf"(?<![\w’'-]){body}(?:(?<=['’])|(?![\w-]))" if spaced else body)


def _alternation(node: dict[str, dict]) -> str:  # type: ignore[type-arg]
    """Write a prefix tree as a regular expression that prefers longer matches."""
    branches = [re.escape(char) + _alternation(child) for char, child in node.items() if char]
    if not branches:
        return ""
    body = branches[0] if len(branches) == 1 and "" not in node else f"(?:{'|'.join(branches)})"
    return f"{body}?" if "" in node else body


def capitalise(text: str) -> str:
    """Write the first letter large and leave the rest as it is."""
    return text[:1].upper() + text[1:]
