"""Made-up triples whose texts say which is which."""

from __future__ import annotations

from navab.evaluation.triples import Triple


def triples(count: int, *, group_size: int = 1, language: str = "en", nation: str = "uk") -> list[Triple]:
    """Triples numbered from 1, in groups of `group_size`; even numbers are quoted, odd ones official."""
    return [
        Triple(
            triple_id=number * 7919,
            nation=nation,
            language=language,
            source_type="official" if number % 2 else "quoted",
            group_id=number // group_size,
            question=f"Should rule #{number}. hold?",
            statement=f"It should hold #{number}.",
            reversed_statement=f"It should not hold #{number}.",
            topic="rules",
        )
        for number in range(1, count + 1)
    ]


def truths(made: list[Triple]) -> frozenset[str]:
    return frozenset(triple.statement for triple in made)
