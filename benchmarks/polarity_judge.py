"""The polarity judge on pairs that its lexicons did not make: recall and precision (issue 7, figure 3).

python benchmarks/polarity_judge.py                    the reported halves, beside their limits
python benchmarks/polarity_judge.py --tuning           the tuning halves, with every pair that is judged wrongly

Pairs written by hand for navab (benchmarks/data/polarity), the authors' statements and reversals, and NLI sets of
../shared/data. A pair belongs to the tuning half if the first byte of the SHA-256 of both texts is even; rules and
lexicons were tuned on those halves only.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from benchmarks.support.measure import line
from navab.conflict.polarity import judge
from navab.text.lexicon import load_lexicon

REPOSITORY = Path(__file__).resolve().parents[1]
OWN = REPOSITORY / "benchmarks" / "data" / "polarity"
SHARED = REPOSITORY.parent / "shared" / "data"
LANGUAGES = ("zh", "en", "fr", "de")
RECALL, FALSE_ALARMS = 0.85, 0.05
CONTRADICTING = ("reversal", "contradiction", "weakens")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two statements, and whether a person says that they contradict each other."""

    source: str
    language: str
    label: str
    left: str
    right: str

    @property
    def contradicts(self) -> bool:
        return self.label in CONTRADICTING

    @property
    def is_tuning(self) -> bool:
        return hashlib.sha256(f"{self.left}\t{self.right}".encode()).digest()[0] % 2 == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tuning", action="store_true", help="the tuning halves, and what is judged wrongly there")
    parser.add_argument("--language", choices=LANGUAGES)
    options = parser.parse_args()
    pairs = [pair for pair in [*own_pairs(), *shared_pairs()] if pair.is_tuning == options.tuning]
    judged = pl.DataFrame([judged_row(pair) for pair in pairs if options.language in (None, pair.language)])
    if options.tuning:
        _show_errors(judged.filter(pl.col("source") == "own"))
    for (language,), part in judged.filter(pl.col("source") == "own").group_by("language", maintain_order=True):
        recall, alarms, _ = rates(part)
        line(f"own pairs, {language}: recall of contradiction", recall, RECALL, least=True)
        line(f"own pairs, {language}: false alarms", alarms, FALSE_ALARMS)
    for (source, language), part in judged.group_by("source", "language", maintain_order=True):
        recall, alarms, precision = rates(part)
        missed = part.filter(pl.col("contradicts") & ~pl.col("found"))
        left = 1 - float(missed["decided"].to_numpy().mean()) if missed.height else 0.0
        print(
            f"{source:<28} {language}  pairs {part.height:>5}  contradictions {part['contradicts'].sum():>5}  "
            f"recall {recall:.3f}  precision {precision:.3f}  false alarms {alarms:.3f}  "
            f"of the missed, marked undecided {left:.3f}"
        )


def own_pairs() -> Iterator[Pair]:
    for language in LANGUAGES:
        with (OWN / f"{language}.tsv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                yield Pair("own", language, row["label"], row["left"], row["right"])


def shared_pairs() -> Iterator[Pair]:
    """The authors' statements with their reversals and restated questions, and the NLI sets, where they are there."""
    for path in sorted((SHARED / "navab").glob("*.jsonl.gz")):
        for row in _rows(path):
            left, right = row["statement"].strip(), row.get("generated_reverse_statement", "").strip()
            if left and right and left != right:
                language = "en" if left.isascii() else "zh"
                yield Pair("authors' reversals", language, "reversal", left, right)
    path = SHARED / "conflict" / "pairs.jsonl.gz"
    for row in _rows(path) if path.is_file() else ():
        if row["language"] in LANGUAGES:
            yield Pair(row["dataset"].partition(" (")[0], row["language"], row["label"], row["a"], row["b"])


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def judged_row(pair: Pair) -> dict[str, object]:
    found = judge(pair.left, pair.right, load_lexicon(pair.language))
    return {
        "source": pair.source,
        "language": pair.language,
        "contradicts": pair.contradicts,
        "found": found.verdict == "contradiction",
        "decided": found.decided,
        "verdict": found.verdict,
        "reason": found.reason,
        "left": pair.left,
        "right": pair.right,
    }


def rates(part: pl.DataFrame) -> tuple[float, float, float]:
    """Recall of contradictions, share of the others that are called contradictions, and precision."""
    true, found = part["contradicts"].to_numpy(), part["found"].to_numpy()
    hits, alarms = int((true & found).sum()), int((~true & found).sum())
    return hits / max(1, int(true.sum())), alarms / max(1, int((~true).sum())), hits / max(1, hits + alarms)


def _show_errors(judged: pl.DataFrame) -> None:
    for row in judged.filter(pl.col("contradicts") != pl.col("found")).iter_rows(named=True):
        kind = "missed" if row["contradicts"] else "FALSE "
        print(f"{row['language']} {kind} {row['left']} | {row['right']}   [{row['reason']}]")


if __name__ == "__main__":
    main()
