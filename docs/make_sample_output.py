"""Write docs/sample-output.md, and the examples in README.md, from a release of the bundled sample.

python docs/make_sample_output.py build/demo/lake/releases/sample
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from navab import load_release

DOCS = Path(__file__).resolve().parent
README = DOCS.parent / "README.md"
PER_LANGUAGE = 10
LANGUAGES = {"zh": "Chinese", "en": "English", "fr": "French", "de": "German"}
_BLOCK = re.compile(r"(?<=<!-- examples -->\n).*?(?=<!-- end of examples -->)", re.S)

Row = dict[str, Any]


def sample_page(triples: pl.DataFrame, name: str) -> str:
    """Ten triples a language in the order of triple_id."""
    engines = ", ".join(sorted(triples["engine"].unique()))
    parts = [
        "# Sample output",
        "",
        "<!-- Made by docs/make_sample_output.py from a release; do not edit. -->",
        "",
        f"The first {PER_LANGUAGE} triples of each language in the subset `default` of the release `{name}`, engine",
        f"`{engines}`. They are not picked: they stand in the order of `triple_id`, which is a hash and says nothing",
        "about what is in a triple. Mistakes of the engine are shown as they are.",
        "",
        "The articles of the sample were written for navab (CC0-1.0). Persons, events and quotations are invented; no",
        "outlet published any of these texts.",
        "",
    ]
    for code, language in LANGUAGES.items():
        rows = first_triples(triples, code, PER_LANGUAGE)
        parts += [f"## {language}", ""]
        parts += [line for number, row in enumerate(rows, 1) for line in _entry(number, row)]
    return "\n".join(parts)


def examples(triples: pl.DataFrame) -> str:
    """The first triple of each language, for the README."""
    lines: list[str] = []
    for code, language in LANGUAGES.items():
        for row in first_triples(triples, code, 1):
            lines += [f"**{language}**", "", *_lines(row), ""]
    return "\n".join(lines)


def first_triples(triples: pl.DataFrame, language: str, count: int) -> Sequence[Row]:
    """The first triples of a language by triple_id."""
    return triples.filter(pl.col("language") == language).sort("triple_id").head(count).to_dicts()


def _entry(number: int, row: Row) -> Iterator[str]:
    yield f"**{number}.** `{row['triple_id']}`"
    yield ""
    yield from _lines(row)
    yield ""


def _lines(row: Row) -> Iterator[str]:
    speaker = row["speaker"] or "the outlet itself"
    yield f"- Q: {_plain(row['question'])}"
    yield f"- S: {_plain(row['statement'])}"
    yield f"- RS: {_plain(row['reversed_statement'])}"
    yield f"- {row['nation']}, {row['source_type']}; speaker: {_plain(speaker)} ({row['speaker_nation']}); " + (
        f"source: {_plain(row['source'] or 'not given')}"
    )


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_<>\[\]])", r"\\\1", " ".join(text.split()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("release", type=Path, help="folder of the release")
    folder: Path = parser.parse_args().release
    triples = load_release(str(folder))
    (DOCS / "sample-output.md").write_text(sample_page(triples, folder.name).rstrip("\n") + "\n", "utf-8")
    shown = examples(triples)
    readme = README.read_text("utf-8")
    README.write_text(_BLOCK.sub(lambda _: f"\n{shown}\n", readme), "utf-8")


if __name__ == "__main__":
    main()
