"""Figure 2 of issue 6, first part: the rules on the articles of the authors' own data set.

python -m benchmarks.navab_rows            seconds; needs ../shared/data

Articles are Hong Kong press in traditional characters, partly Cantonese. A speaker agrees if one of the two names holds
the other. Articles with a statement and a named source of theirs are what agreement is counted over.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from navab.models.rules.engine import extract
from navab.nations.registry import Registry
from navab.text.normalise import clean_text, fold_text

DATA = Path("../shared/data/navab")
_NO_SOURCE = frozenset({"", "unknown"})


def main() -> None:
    print("file                              articles  with statement  with a named source  speaker agrees")
    for file in sorted(DATA.glob("*.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        speakers = [_speakers(row) for row in rows]
        named = [
            (fold_text(str(row.get("source") or "")), own)
            for row, own in zip(rows, speakers, strict=True)
            if own is not None and fold_text(str(row.get("source") or "")) not in _NO_SOURCE
        ]
        agree = sum(any(name and (name in source or source in name) for name in own) for source, own in named)
        with_statement = sum(own is not None for own in speakers)
        print(f"{file.name:<36} {len(rows):>5} {with_statement:>15} {len(named):>20} {agree:>15}")


def _speakers(row: dict[str, Any]) -> list[str] | None:
    """Speakers of the statements of an article; None if it has no statement."""
    nation = Registry.bundled().get("cn")
    found = extract(clean_text(row["raw_news"]), nation, nation.lexicon("zh"), official=False).statements
    return [fold_text(one.speaker or "") for one in found] if found else None


if __name__ == "__main__":
    main()
