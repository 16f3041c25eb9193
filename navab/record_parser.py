"""Records to rows of `articles`: which fields they have, whose they are, and an id of their own."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from navab.lake.hashing import text_hash, text_hashes
from navab.nations.registry import Nation, Registry, outlet_of
from navab.options.articles import Source
from navab.readers.files import SourceFile
from navab.readers.records import MISSING_TEXT, WRONG_TYPE, RawRecord, text_field
from navab.readers.times import parse_time
from navab.takedown.tombstones import NO_TOMBSTONES, Tombstones, redact
from navab.text.boilerplate import split_boilerplate
from navab.text.normalise import clean_lines, clean_text


class RecordParser:
    """Turns the raw records of one file into rows of `articles`, still without language.

    An article's id is a hash of crawl, file name, content and, for content that the file repeats, of how often it
    came before: so ids are unique and do not depend on the order of the records.
    """

    def __init__(
        self,
        file: SourceFile,
        name: str,
        fingerprint: int,
        registry: Registry,
        tombstones: Tombstones = NO_TOMBSTONES,
    ) -> None:
        self._file = file
        self._source: Source = file.source
        self._name = name
        self._fingerprint = fingerprint
        self._registry = registry
        self._tombstones = tombstones
        self._seen: dict[int, int] = defaultdict(int)
        names = file.source.columns
        self._names = (
            names.title,
            names.url,
            names.source,
            names.licence,
            names.id,
            names.published_at,
            names.nation,
        )

    def __call__(self, raw: RawRecord) -> dict[str, Any]:
        row: dict[str, Any] = {
            "record_id": text_hash(self._file.uri, str(raw.number)),
            "nation": self._source.nation,
            "fingerprint": self._fingerprint,
            "path": self._file.uri,
            "record_no": raw.number,
            "crawl": self._source.crawl,
            "rejected_reason": raw.unreadable,
        }
        if raw.unreadable is None:
            try:
                row |= self._read(raw)
            except TypeError:
                row["rejected_reason"] = WRONG_TYPE
        readable = row["rejected_reason"] is None
        return redact(row) if readable and self._tombstones.keep_out(row) else row

    def _read(self, raw: RawRecord) -> dict[str, Any]:
        text, boilerplate = self._text(raw)
        if text is None and raw.rejected is None:
            return {"rejected_reason": MISSING_TEXT}
        title, url, source, licence, own_id, published, code = (
            clean_text(value) if (value := text_field(raw.fields, name)) else None for name in self._names
        )
        source = self._source.source or source
        code = self._source.nation or code
        described = (self._source.crawl, self._name, code, own_id, url, source, published)
        identity, content = text_hashes(described, (title, text))
        nation = self._nation(code, url)
        row = {
            "nation": nation.code if nation else None,
            "article_id": self._article_id(identity),
            "content_hash": content,
            "source": source or (nation.official_outlet(url) if nation else None) or outlet_of(url),
            "source_id": own_id,
            "url": url,
            "title": title,
            "text": text,
            "boilerplate": boilerplate,
            "published_at": _published(published, nation),
            "licence": self._source.licence or licence,
            "official": nation.is_official(source, url) if nation else None,
        }
        return row | {"rejected_reason": raw.rejected}

    def _text(self, raw: RawRecord) -> tuple[str | None, str | None]:
        """The text without boilerplate, and the boilerplate."""
        text = raw.fields.get(self._source.columns.text)
        if text is None:
            return None, None
        if not isinstance(text, str):
            raise TypeError("text is not a string")
        return split_boilerplate(clean_lines(text))

    def _nation(self, code: str | None, url: str | None) -> Nation | None:
        """The nation that a record names; of one that names none, the nation of its url's domain."""
        return self._registry.nations.get(code.casefold()) if code else self._registry.nation_of(url)

    def _article_id(self, identity: int) -> int:
        occurrence = self._seen[identity]
        self._seen[identity] += 1
        return text_hash(str(identity), str(occurrence))


def _published(value: str | None, nation: Nation | None) -> datetime | None:
    return parse_time(value, nation.date_order, nation.languages) if nation else parse_time(value)
