"""The CSV in which people decide on topics: all current topics out, filled-in decisions back."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import polars as pl

from navab.errors import ConfigurationError
from navab.live import decided_topics
from navab.view import View

_FIELDS = (
    "topic_id",
    "nation",
    "label",
    "keywords",
    "size",
    "sensitivity",
    "sensitive",
    "decided_by",
    "decision",
    "note",
)
_WORDS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_NUMBER = re.compile(r"[-+]?[0-9]+([.,][0-9]+)?([eE][-+]?[0-9]{1,2})?")
_SPREADSHEET_DIGITS = 15  # what Excel keeps of a number


def export_topics(view: View) -> str:
    """All current topics as CSV; people fill in the columns decision (yes or no) and note."""
    topics = decided_topics(view, *(name for name in _FIELDS[:8] if name not in ("topic_id", "nation")))
    out = io.StringIO()
    writer = csv.DictWriter(out, _FIELDS)
    writer.writeheader()
    for row in topics.sort(["nation", "size"], descending=[False, True]).iter_rows(named=True):
        known = {name: row[name] for name in _FIELDS if name in row}
        writer.writerow(known | {"keywords": " ".join(row["keywords"]), "decision": "", "note": ""})
    return out.getvalue()


def read_decisions(path: Path, view: View) -> dict[int, tuple[bool, str]]:
    """Decisions of a filled-in CSV by topic; raises ConfigurationError naming the line.

    Spreadsheets are taken as they save: separated by semicolons or tabs, and with ids that were rounded.
    """
    topics = view.current("topics", "label")
    decisions = {}
    for number, row in _lines(path):
        word = (row.get("decision") or "").strip().casefold()
        if not word:
            continue
        if word not in _WORDS:
            raise ConfigurationError(
                f"{path} line {number}: decision '{word[:40]}': write yes or no, or leave it empty"
            )
        topic = _topic(row, topics)
        if topic is None:
            raise ConfigurationError(
                f"{path} line {number}: no topic '{(row.get('topic_id') or '')[:40]}' in this lake; "
                "export the topics anew"
            )
        decisions[topic] = (_WORDS[word], (row.get("note") or "").strip())
    return decisions


def _lines(path: Path) -> Iterator[tuple[int, dict[str, str | None]]]:
    """Rows with the number of their last line."""
    try:
        content = path.read_text("utf-8-sig")
        header = content.partition("\n")[0]
        delimiter = max(",;\t", key=header.count)
        reader = csv.DictReader(io.StringIO(content, newline=""), delimiter=delimiter)
        lines = [(reader.line_num, row) for row in reader]
    except UnicodeDecodeError:
        raise ConfigurationError(f"topics file {path} is not UTF-8: save it as CSV UTF-8") from None
    except (OSError, csv.Error) as error:
        raise ConfigurationError(f"topics file {path} cannot be read: {error}") from None
    missing = [name for name in ("topic_id", "decision") if name not in (reader.fieldnames or ())]
    if missing:
        raise ConfigurationError(f"topics file {path} has no column {' or '.join(missing)}: keep its header and commas")
    yield from lines


def _topic(row: dict[str, str | None], topics: pl.DataFrame) -> int | None:
    """The topic that a line is about: that with its id, or the one of its nation and label whose id rounds to it."""
    written = (row.get("topic_id") or "").strip()
    if not _NUMBER.fullmatch(written):
        return None
    number = Decimal(written.replace(",", "."))
    if number in set(topics["topic_id"]):
        return int(number)
    digits = min(len(number.normalize().as_tuple().digits), _SPREADSHEET_DIGITS)
    unit = Decimal(1).scaleb(number.adjusted() - digits + 1)
    named = {name: row.get(name) or "" for name in ("nation", "label")}
    alike = topics.filter(**named)
    near = [topic for topic in alike["topic_id"] if abs(topic - number) < unit]
    return near[0] if len(near) == 1 else None
