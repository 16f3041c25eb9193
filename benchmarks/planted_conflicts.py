"""Planted test of Conflict Reduction: contradictions hidden among restatements in four languages (issue 7, figure 5).

python benchmarks/planted_conflicts.py          about 2 minutes

10,000 statements of four nations, made of benchmarks/data/planted.yaml: 300 things that somebody should do a nation,
each said by several outlets in different words. Against 75 of them a nation one outlet says the opposite, by negation
or by the opposite verb; the opposite is given in the file, not taken from the lexicons. The others are traps as well:
all statements of a nation share their subjects and what is to be done. Search, judge and resolution are the stage's.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import yaml

from benchmarks.support.measure import line
from navab.conflict.candidates import find_candidates
from navab.conflict.judgement import Pair
from navab.conflict.positions import Positions
from navab.conflict.rules_judge import RulesJudge
from navab.conflict.weighing import resolve, weigh
from navab.models.embedder import load_embedder
from navab.nations.registry import Registry
from navab.options.conflicts import ConflictsSection
from navab.options.topics import EmbedderSection

TEMPLATES = Path(__file__).parent / "data" / "planted.yaml"
STATEMENTS, PLANTED = 2_500, 75  # a nation
OUTLETS = 12
MOST_FOR = 12
FOUND, KEPT = 0.95, 0.95


@dataclass(frozen=True, slots=True)
class Templates:
    """What a nation's statements are made of: actions with their opposites, forms for and against."""

    language: str
    subjects: list[str]
    actions: list[tuple[str, str]]
    stances: list[str]
    reversals: list[str]


@dataclass(frozen=True, slots=True)
class Said:
    """A statement: what it is about, on which side it stands, and who carries it."""

    topic: int
    text: str
    opposes: bool
    outlet: str


def main() -> None:
    found, kept, wrongly, retained_pairs, planted, plain = 0, 0, 0, 0, 0, 0
    for nation, fields in yaml.safe_load(TEMPLATES.read_text("utf-8")).items():
        templates = Templates(**fields)
        said = make(templates, random.Random(nation))
        pairs, decided = reduce(nation, templates.language, said)
        sides = _sides(said)
        edges = {(said[a].topic, said[b].topic) for a, b in pairs if said[a].opposes != said[b].opposes}
        here = [topic for topic, (_, against) in sides.items() if against]
        hits = sum((topic, topic) in edges for topic in here)
        right = sum(
            all(decided[one] for one in sides[topic][0]) and not any(decided[one] for one in sides[topic][1])
            for topic in here
        )
        lost = sum(not decided[one] for topic, (for_it, _) in sides.items() for one in for_it)
        print(
            f"{nation}: {len(said):,} statements, {len(here)} planted; found {hits}, dominant stance kept and minority "
            f"not {right}; {lost} other statements lost; {len(pairs):,} contradicting pairs"
        )
        retained_pairs += sum(decided[a] and decided[b] for a, b in pairs)
        found, kept, planted = found + hits, kept + right, planted + len(here)
        wrongly, plain = wrongly + lost, plain + sum(len(for_it) for for_it, _ in sides.values())
    line(f"planted contradictions found, of {planted}", found / planted, FOUND, least=True)
    line("dominant stance kept, minority not", kept / planted, KEPT, least=True)
    line(f"statements of no minority lost, of {plain:,}", wrongly / plain, 0.01)
    line("contradicting pairs retained (+ 1)", 1 + retained_pairs, 1)


def make(templates: Templates, chance: random.Random) -> list[Said]:
    """All statements of a nation."""
    topics = [(subject, action) for subject in templates.subjects for action in templates.actions]
    contested = set(chance.sample(range(len(topics)), PLANTED))
    said = []
    for number, (subject, (action, opposite)) in enumerate(topics):
        outlets = chance.sample(range(OUTLETS), OUTLETS)
        forms = chance.sample(templates.stances, chance.randint(5, MOST_FOR))
        said += [
            Said(number, form.format(s=subject, a=action), False, f"outlet {outlet}")
            for form, outlet in zip(forms, outlets, strict=False)
        ]
        if number in contested:
            said.append(Said(number, _against(templates, subject, action, opposite, chance), True, "the other outlet"))
    while len(said) > STATEMENTS:
        said.remove(chance.choice([one for one in said[: STATEMENTS // 2] if not one.opposes]))
    return said


def _against(templates: Templates, subject: str, action: str, opposite: str, chance: random.Random) -> str:
    if chance.random() < 0.5:
        return chance.choice(templates.stances).format(s=subject, a=opposite)
    form = chance.choice(templates.reversals)
    inside = subject[:1].lower() + subject[1:] if not form.startswith("{s}") else subject
    return form.format(s=inside, a=action)


def reduce(nation: str, language: str, said: list[Said]) -> tuple[list[tuple[int, int]], list[bool]]:
    """Conflict Reduction of a nation's statements: contradicting pairs, and which statements are retained."""
    options = ConflictsSection()
    vectors = load_embedder(EmbedderSection()).encode([one.text for one in said])
    everything = np.ones(len(said), dtype=bool)
    rows, _ = find_candidates(vectors, everything, neighbors=options.neighbors, min_similarity=options.min_similarity)
    asked = [Pair(said[a].text, said[b].text, language, language, nation) for a, b in rows.tolist()]
    judged = RulesJudge(Registry.bundled()).judge(asked)
    pairs = pl.DataFrame({"left_id": rows[:, 0], "right_id": rows[:, 1]}).with_columns(
        pl.Series("verdict", [one.verdict for one in judged], dtype=pl.String),
        pl.Series("confidence", [one.confidence for one in judged], dtype=pl.Float32),
    )
    numbers = pl.Series("statement_id", range(len(said)), dtype=pl.Int64)
    statements = pl.DataFrame([numbers]).with_columns(
        pl.lit("quoted").alias("source_type"),
        pl.lit("unknown").alias("speaker_nation"),
        pl.lit(None, dtype=pl.Datetime("us", "UTC")).alias("published_at"),
    )
    backing = pl.DataFrame([numbers, pl.Series("source", [one.outlet for one in said])])
    positions = Positions.among(statements, pairs)
    weighed = weigh(statements, positions, backing, options)
    before = pl.DataFrame(
        schema={
            "statement_id": pl.Int64,
            "retained": pl.Boolean,
            "stance": pl.String,
            "reason": pl.String,
            "component_digest": pl.Int64,
        }
    )
    decided = resolve(weighed, positions, before).sort("statement_id")["retained"].to_list()
    edges = pairs.filter(pl.col("verdict") == "contradiction").select("left_id", "right_id").rows()
    return edges, decided


def _sides(said: list[Said]) -> dict[int, tuple[list[int], list[int]]]:
    """Places of the statements for and against every topic."""
    sides: dict[int, tuple[list[int], list[int]]] = {}
    for place, one in enumerate(said):
        sides.setdefault(one.topic, ([], []))[one.opposes].append(place)
    return sides


if __name__ == "__main__":
    main()
