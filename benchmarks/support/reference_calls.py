"""What the paper's published scripts ask a model about one article: four calls, each with its own instructions.

Read off the repository DoinJ/NVA-Pipeline, scripts `get_statement.py`, `filter_statement.py`, `classify_statement.py`
and `statement_extract.py` with their templates, of which only lengths are kept here. The first call reads the
beginning of the article; the others read the statement that it gave.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

READ_CHARACTERS = 1920  # `d[:1920]` in get_statement.py


@dataclass(frozen=True, slots=True)
class Call:
    """One call: tokens of its instructions by tokenizer, chat markup apart, and whether it reads the article."""

    name: str
    instructions: Mapping[str, int]
    reads_article: bool = False


CALLS = (
    Call("statement", {"SmolLM2": 2296, "Tekken": 1245}, reads_article=True),
    Call("sensitive or not", {"SmolLM2": 762, "Tekken": 466}),
    Call("source", {"SmolLM2": 1101, "Tekken": 733}),
    Call("question and reversal", {"SmolLM2": 2178, "Tekken": 1164}),
)


def reference_tokens(
    tokenizer: str, count: Callable[[str], int], text: str, statement: str, answer_tokens: int, *, instructions: bool
) -> int:
    """Tokens of the four calls about an article, answers included; with or without the instructions."""
    read = [count(text[:READ_CHARACTERS]) if call.reads_article else count(statement) for call in CALLS]
    instructed = sum(call.instructions[tokenizer] for call in CALLS) if instructions else 0
    return instructed + sum(read) + answer_tokens * len(CALLS)
