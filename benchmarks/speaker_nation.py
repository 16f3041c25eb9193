"""Figure 2 of issue 6, second part: whether the rules tell speakers of the outlet's own nation from foreign ones.

python -m benchmarks.speaker_nation        some minutes; needs ../shared/data

Fifty quoted statements a language, the first in the order of a hash, of those that the rules find in real articles.
They were labelled by one reader, a session of the project, from what the article says where it names the speaker and
from what is commonly known: home, foreign, or unknown (a speaker of no nation, or none that can be told). The folder
`benchmarks/data/speaker_nation` holds hashes and labels, no texts; a statement that changed rules no longer find is
left out and counted. Nothing was tuned on it.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from benchmarks.support.quoted_sample import FILES, quoted_statements

LABELS = Path(__file__).parent / "data" / "speaker_nation"


def main() -> None:
    for language in FILES:
        labels = pl.read_csv(LABELS / f"{language}.tsv", separator="\t", schema_overrides={"key": pl.String})
        wanted = dict(labels.iter_rows())
        found = {one.key: one.statement.speaker_nation for one in quoted_statements(language) if one.key in wanted}
        right = sum(said == wanted[key] for key, said in found.items())
        decided = {key: said for key, said in found.items() if said != "unknown"}
        sure = sum(said == wanted[key] for key, said in decided.items())
        print(f"{language}: found {len(found)} of {len(wanted)}, right {right / len(found):.2f};", end=" ")
        print(f"decided {len(decided)}, of these right {sure / max(1, len(decided)):.2f}")


if __name__ == "__main__":
    main()
