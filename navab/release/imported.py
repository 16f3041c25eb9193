"""The data set of NaVAB's authors (arXiv 2504.12911): its rows become triples of a release.

Rows are JSON: lines or one list, plain or gzip. Their fields are those of the authors' pipeline (`statement`,
`generated Q`, `generated reverse statement`, `source`, `raw news`); spaces may be underscores. A row without a known
source is of the outlet's own voice, which the authors call official. Everything is in split `test`.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from navab.conflict.leakage import assign_groups
from navab.errors import ConfigurationError, StorageError
from navab.lake.hashing import text_hash
from navab.release.columns import release_schema
from navab.text.language import identify
from navab.text.normalise import fold_text

ENGINE = "navab-authors"
# Why a row is refused.
NOT_JSON = "not_json"
NO_STATEMENT = "no_statement"
NO_QUESTION = "no_question"
NO_REVERSAL = "no_reversed_statement"
NOT_REVERSED = "not_reversed"
REPEATED = "repeated"
_UNKNOWN = frozenset({"", "unknown", "none"})
_SAMPLE = 200  # statements that tell the language of all

Row = Mapping[str, Any]


@dataclass
class Imported:
    """Triples of a release, and how many rows were refused, by reason."""

    triples: pl.DataFrame
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        return self.triples.height + self.refused.total()


def read_rows(path: Path) -> Iterator[Row | None]:
    """Rows of one file with underscores in their fields' names; None for what is no JSON object."""
    try:
        content = path.read_bytes()
        text = (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigurationError(f"file {path} does not exist") from None
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise StorageError(f"file {path} cannot be read: {error}") from None
    for row in _parsed(text):
        yield {str(key).replace(" ", "_"): value for key, value in row.items()} if isinstance(row, dict) else None


def _parsed(text: str) -> Iterator[object]:
    if text.lstrip().startswith("["):
        try:
            yield from json.loads(text)
            return
        except ValueError:
            yield None
            return
    for line in text.splitlines():
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError:
                yield None


def import_rows(rows: Iterable[Row | None], nation: str) -> Imported:
    """Make triples of the authors' rows; rows that make none are counted by reason."""
    refused: Counter[str] = Counter()
    made: dict[int, dict[str, Any]] = {}
    for row in rows:
        reason = _reason(row)
        triple = _triple(row, nation) if row is not None and reason is None else None
        if triple is None:
            refused[reason or NOT_JSON] += 1
        elif triple["triple_id"] in made:
            refused[REPEATED] += 1
        else:
            made[triple["triple_id"]] = triple
    found = list(made.values())
    _add_languages(found)
    _add_groups(found)
    schema = pl.DataFrame(release_schema(include_text=False).empty_table()).schema
    return Imported(pl.DataFrame(found, schema=schema, orient="row"), refused)


def main_language(rows: Sequence[Row | None]) -> str:
    """The language of most rows, by their first statements."""
    statements = (_text(row, "statement") for row in rows if row is not None)
    found = identify(list(islice(filter(None, statements), _SAMPLE)))
    most = Counter(one.code for one in found).most_common(1)
    return most[0][0] if most else "und"


def _reason(row: Row | None) -> str | None:
    if row is None:
        return NOT_JSON
    wanted = {"statement": NO_STATEMENT, "generated_Q": NO_QUESTION, "generated_reverse_statement": NO_REVERSAL}
    lacking = next((reason for name, reason in wanted.items() if not _text(row, name)), None)
    same = fold_text(_text(row, "statement")) == fold_text(_text(row, "generated_reverse_statement"))
    return lacking or (NOT_REVERSED if same else None)


def _triple(row: Row, nation: str) -> dict[str, Any]:
    statement, source = _text(row, "statement"), _text(row, "source")
    article = text_hash("navab-authors", _text(row, "raw_news") or statement)
    statement_id = text_hash(str(article), statement)
    quoted = source.casefold() not in _UNKNOWN
    return {
        "triple_id": text_hash("triple", str(statement_id)),
        "nation": nation,
        "fingerprint": text_hash(statement, _text(row, "generated_Q"), _text(row, "generated_reverse_statement")),
        "statement_id": statement_id,
        "article_id": article,
        "source_type": "quoted" if quoted else "official",
        "speaker": source if quoted else None,
        "speaker_nation": "unknown",
        "question": _text(row, "generated_Q"),
        "statement": statement,
        "reversed_statement": _text(row, "generated_reverse_statement"),
        "evidence": "",
        "split": "test",
        "engine": ENGINE,
        "support": 1,
        "retained": True,
        "contested": False,
    }


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    return value.strip() if isinstance(value, str) else ""


def _add_languages(triples: list[dict[str, Any]]) -> None:
    """The language of each statement: the authors' rows do not say it."""
    for triple, language in zip(triples, identify([one["statement"] for one in triples]), strict=True):
        triple["language"] = language.code


def _add_groups(triples: list[dict[str, Any]]) -> None:
    """Leakage groups: what is of one article or says the same belongs together."""
    links = {one["statement_id"]: [one["article_id"], text_hash(fold_text(one["statement"]))] for one in triples}
    groups = assign_groups(list(links), links, {}, (), 1.0)
    for one in triples:
        one["group_id"] = groups[one["statement_id"]].group_id
