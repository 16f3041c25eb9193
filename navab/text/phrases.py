"""Phrase lists as compiled patterns: one scan finds every phrase, the longest first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache


def phrase_pattern(phrases: Iterable[str], spaced: bool) -> re.Pattern[str]:
    """Compile phrases to one alternation, as a prefix tree, so that its cost hardly grows with their number.

    In a `spaced` script a phrase matches whole words only; an empty list matches nothing.
    """
    body = alternation(phrases)
    return re.compile(rf"(?<![\w’'-]){body}(?:(?<=['’])|(?![\w-]))" if spaced else body)


def start_pattern(pattern: re.Pattern[str]) -> re.Pattern[str]:
    """Match what a phrase pattern of a spaced script does, with the character before: `re` skips words that way."""
    return re.compile(rf"[^{_word_characters()}’'-]{pattern.pattern}")


@cache
def _word_characters() -> str:
    """The characters of words as a set that `re` looks up in one step; beyond U+FFFF it would not be one."""
    flags = [char.isalnum() or char == "_" for char in map(chr, range(0x10000))]
    edges = [code for code in range(1, 0x10000) if flags[code] != flags[code - 1]]
    return "".join(f"{chr(first)}-{chr(beyond - 1)}" for first, beyond in zip(edges[::2], edges[1::2], strict=True))


def alternation(phrases: Iterable[str], any_case: bool = False) -> str:
    """Write phrases as one regular expression, a prefix tree that prefers longer matches; none match nothing.

    In `any_case` it does what the flag does, much faster: `re` sees which branches cannot match.
    """
    tree: dict[str, dict] = {}  # type: ignore[type-arg]
    for phrase in phrases:
        node = tree
        for char in phrase.lower() if any_case else phrase:
            node = node.setdefault(char, {})
        node[""] = {}
    return _branches(tree, _either_case if any_case else re.escape) or "(?!)"


def _branches(node: dict[str, dict], written: Callable[[str], str]) -> str:  # type: ignore[type-arg]
    branches = [written(char) + _branches(child, written) for char, child in node.items() if char]
    if not branches:
        return ""
    body = branches[0] if len(branches) == 1 and "" not in node else f"(?:{'|'.join(branches)})"
    return f"{body}?" if "" in node else body


def _either_case(char: str) -> str:
    large = char.upper()
    return f"[{char}{large}]" if large != char and len(large) == 1 else re.escape(char)


def capitalise(text: str) -> str:
    """Write the first letter large and leave the rest as it is."""
    return text[:1].upper() + text[1:]
