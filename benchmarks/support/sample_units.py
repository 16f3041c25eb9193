"""The bundled sample's articles as units of the extraction, without a lake: for benchmarks of engines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from navab.execution.carrier import Carrier
from navab.lake.hashing import text_hash
from navab.lake.schema import load_schema
from navab.nations.registry import Registry
from navab.options.engine import EngineSection
from navab.stages.base import Selection, Unit
from navab.stages.extraction import ExtractStatements

SAMPLE = Path(__file__).resolve().parents[2] / "examples" / "sample"
LANGUAGES = {"us": "en", "uk": "en", "fr": "fr", "de": "de"}


class Extractor:
    """Carries the extraction's work on Ray: units read articles from Parquet, ask the engine and write files."""

    def __init__(self, carrier: Carrier, folder: Path, options: EngineSection, unit_rows: int) -> None:
        self._carrier, self._folder, self._options, self._unit_rows = carrier, folder, options, unit_rows
        self._work = ExtractStatements(options, Registry.bundled())

    def extract(self, articles: pl.DataFrame) -> pl.DataFrame:
        """All rows of `extractions` that the units wrote."""
        starts = range(0, articles.height, self._unit_rows)
        units = [self._unit(articles.slice(start, self._unit_rows)) for start in starts]
        files = [one.file for one in self._carrier.carry(units, self._work, self._options) if one.file is not None]
        return pl.concat(pl.read_parquet(self._folder / "tables" / "extractions" / file.path) for file in files)

    def _unit(self, articles: pl.DataFrame) -> Unit:
        rows = articles.sort("record_id")
        name = f"unit-{rows['record_id'][0]}"
        path = self._folder / f"{name}.parquet"
        rows.write_parquet(path)
        part = (str(path), rows["record_id"].to_numpy(), rows["fingerprint"].to_numpy())
        selection = Selection("articles", tuple(rows.columns), "record_id", (part,))
        pending = rows.select("article_id", "nation", "fingerprint").sort("article_id")
        return Unit(name, str(rows["nation"][0]), pending, {"articles": selection})


def sample_articles(languages: Mapping[str, str] = LANGUAGES) -> pl.DataFrame:
    """The sample's articles of the nations that have a language here, as the table has them, mixed by their ids."""
    records = [one for path in sorted(SAMPLE.glob("crawl-*/*.jsonl")) for one in _records(path, languages)]
    rows = pl.DataFrame(load_schema("articles").table(records))
    return rows.unique("content_hash", keep="first", maintain_order=True).sort(pl.col("record_id").hash(0))


def _records(path: Path, languages: Mapping[str, str]) -> Iterator[dict[str, object]]:
    for number, text in enumerate(path.read_text("utf-8").splitlines()):
        try:
            record = json.loads(text)
        except json.JSONDecodeError:
            continue  # the sample holds broken lines on purpose
        if path.stem not in languages or not isinstance(record, dict) or not isinstance(record.get("text"), str):
            continue
        key = text_hash(path.parent.name, path.name, str(number))
        yield {
            "record_id": key,
            "article_id": key,
            "content_hash": text_hash(record["text"]),
            "fingerprint": 1,
            "nation": path.stem,
            "path": path.name,
            "record_no": number,
            "crawl": path.parent.name,
            "language": languages[path.stem],
            "title": record.get("title"),
            "text": record["text"],
            "source": record.get("source"),
            "official": False,
        }
