"""Takedown: an article and all that descends from it leaves tables and releases, and stays out.

The tombstone is committed first. Everything after it follows from the tombstones and the tables alone, so that what a
crash has left undone is done by whoever writes to the lake next: `forget`, `run` or `maintain`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl
from polars import selectors

from navab.errors import ConfigurationError
from navab.execution.units import write_output
from navab.lake.claim import Claim
from navab.lake.hashing import combine, text_hash
from navab.lake.schema import load_schema
from navab.lake.snapshot import FILE
from navab.lake.table import DataFile
from navab.stages.base import Output, conform
from navab.takedown.descent import descending_tables, uprooted
from navab.takedown.lookup import matching_rows, near_duplicates
from navab.takedown.pages import redact_pages
from navab.takedown.tombstones import (
    Tombstones,
    folded_hash,
    forgotten_articles,
    read_tombstones,
    redact_rows,
    url_hash,
)
from navab.takedown.withdrawal import Withdrawn, affected_releases, withdraw_releases
from navab.view import View


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be forgotten, by address or id, and why."""

    urls: tuple[str, ...] = ()
    article_ids: tuple[int, ...] = ()
    note: str | None = None
    with_duplicates: bool = False


@dataclass(frozen=True)
class Search:
    """What a request finds in the lake, and the tombstones that it needs.

    `matching` are the rows of `articles` that go: those that the request names, and their exact copies. `near` are
    near-duplicates, which stay. `unknown` are addresses that no article has; `shared` are articles named by id whose
    address is not kept out, because other articles have it too.
    """

    stones: tuple[dict[str, Any], ...]
    matching: pl.DataFrame
    near: pl.DataFrame
    unknown: tuple[str, ...]
    shared: tuple[int, ...]


@dataclass
class Forgotten:
    """What was taken out: rows by table, and releases."""

    rows: dict[str, int] = field(default_factory=dict)
    releases: list[Withdrawn] = field(default_factory=list)


def search(request: Request, view: View) -> Search:
    """Find what a request names; raises ConfigurationError if an article id is unknown."""
    named = _named(request.article_ids, request.urls, view)
    unknown_ids = set(request.article_ids) - set(named["article_id"]) - forgotten_articles(view)
    if unknown_ids:
        raise ConfigurationError(
            f"no article {min(unknown_ids)} in lake {view.lake.storage.root}: ids are in the column article_id of "
            "tables and releases; nothing was forgotten"
        )
    while True:
        shared = _with_shared_address(named, request, view)
        stones = tuple(_stones(request, named, shared))
        matching = matching_rows(_tombstones(stones), view)
        near = near_duplicates(matching, view)
        if near.is_empty() or not request.with_duplicates:
            break
        named = pl.concat([named, _named(near["article_id"].to_list(), (), view)])
    addresses = {url_hash(url) for url in matching["url"]}
    unknown = tuple(url for url in dict.fromkeys(request.urls) if url_hash(url) not in addresses)
    return Search(stones, matching, near, unknown, shared)


def entomb(request: Request, found: Search, view: View, claim: Claim) -> int:
    """Commit the tombstones of a request that the lake does not have yet; returns how many there were."""
    rows = view.rows("takedowns", "sequence")
    start = int(rows["sequence"].max()) + 1 if rows.height else 0  # type: ignore[arg-type]
    known = set(rows["fingerprint"])
    made = [
        stone
        | {
            "takedown_id": int(combine(_fingerprint(stone), start + number)[0]),
            "fingerprint": _fingerprint(stone),
            "note": request.note,
            "sequence": start + number,
            "requested_at": datetime.now(UTC),
        }
        for number, stone in enumerate(one for one in found.stones if _fingerprint(one) not in known)
    ]
    if made:
        output = Output("takedowns", load_schema("takedowns").table(made))
        files = list(write_output(output, f"takedowns-{start:06d}", view.lake.storage, claim.epoch))
        view.lake.commit("takedowns", files, claim)
        view.forget(("takedowns",))
    return len(made)


def affected_by(found: Search, view: View) -> list[tuple[str, int]]:
    """Releases that would be withdrawn, with the number of their triples that would go."""
    return affected_releases(view, _tombstones(found.stones), frozenset(found.matching["article_id"]))


def is_pending(view: View) -> bool:
    """Whether there are tombstones that were not carried out to the end."""
    snapshot = view.snapshot("takedowns")
    return snapshot.version >= 0 and snapshot.takedowns < snapshot.rows


def complete(view: View, claim: Claim, renew_report: Callable[[], None]) -> Forgotten:
    """Carry out all tombstones to the end: tables, releases, pages, report. May be repeated at any time."""
    done = Forgotten()
    if not is_pending(view):
        return done
    claim.enter_stage("forget")
    count = view.snapshot("takedowns").rows
    for table in ("articles", *descending_tables()):
        snapshot = view.snapshot(table)
        if snapshot.version >= 0 and snapshot.takedowns < count:
            done.rows[table] = _take_out(table, count, view, claim)
    done.releases = withdraw_releases(view)
    redact_pages(view.lake.storage, forgotten_articles(view))
    renew_report()
    view.lake.commit("takedowns", (), claim, takedowns=count)
    view.forget(("takedowns",))
    return done


def _take_out(table: str, count: int, view: View, claim: Claim) -> int:
    """Rewrite the files of a table that hold what is to be forgotten, in one commit; returns the number of rows."""
    doomed = matching_rows(read_tombstones(view), view) if table == "articles" else uprooted(view, table)
    files: list[DataFile] = []
    replaced = []
    doomed = doomed.with_columns(selectors.categorical().cast(pl.String))
    for (index,), gone in doomed.sort(FILE).group_by(FILE, maintain_order=True):
        path = view.snapshot(table).files["path"][int(str(index))]
        rows = view.snapshot(table).read_files([path], load_schema(table).arrow.names)
        key = [*load_schema(table).key, "fingerprint"]
        left = redact_rows(rows, gone) if table == "articles" else rows.join(gone, on=key, how="anti")
        replaced.append(path)
        if left.height:
            name = f"takedown-{text_hash(path) & (2**64 - 1):016x}"
            files += write_output(Output(table, conform(left, table)), name, view.lake.storage, claim.epoch)
    view.lake.commit(table, files, claim, remove=replaced, takedowns=count)
    view.forget((table,))
    return doomed.height


def _named(article_ids: list[int] | tuple[int, ...], urls: tuple[str, ...], view: View) -> pl.DataFrame:
    hashes = frozenset(hashed for url in urls if (hashed := url_hash(url)) is not None)
    return matching_rows(Tombstones(article_ids=frozenset(article_ids), url_hashes=hashes), view)


def _with_shared_address(named: pl.DataFrame, request: Request, view: View) -> tuple[int, ...]:
    """Articles, not named by their address, whose address belongs to articles with quite another text as well."""
    asked = {url_hash(url) for url in request.urls}
    own = {
        row["article_id"]: address
        for row in named.iter_rows(named=True)
        if (address := url_hash(row["url"])) is not None and address not in asked
    }
    if not own:
        return ()
    neighbours = matching_rows(Tombstones(url_hashes=frozenset(own.values())), view)
    alike = set(near_duplicates(named, view)["article_id"]) | set(named["article_id"])
    copies = set(named["content_hash"])
    others = {
        url_hash(row["url"])
        for row in neighbours.iter_rows(named=True)
        if row["article_id"] not in alike and row["content_hash"] not in copies
    }
    return tuple(sorted(article for article, address in own.items() if address in others))


def _stones(request: Request, named: pl.DataFrame, shared: tuple[int, ...]) -> Iterator[dict[str, Any]]:
    """One tombstone for every address asked for, and one for every article that is named."""
    for url in dict.fromkeys(request.urls):
        yield {"nation": None, "article_id": None, "url_hash": url_hash(url), "content_hash": None, "text_hash": None}
    for row in named.unique(["article_id", "content_hash"], maintain_order=True).iter_rows(named=True):
        yield {
            "nation": row["nation"],
            "article_id": row["article_id"],
            "url_hash": None if row["article_id"] in shared else url_hash(row["url"]),
            "content_hash": row["content_hash"],
            "text_hash": folded_hash(row["text"]),
        }


def _tombstones(stones: tuple[dict[str, Any], ...]) -> Tombstones:
    names = ("article_id", "url_hash", "content_hash", "text_hash")
    return Tombstones(*(frozenset(stone[name] for stone in stones if stone[name] is not None) for name in names))


def _fingerprint(stone: dict[str, Any]) -> int:
    return text_hash("takedown", *(str(value) for value in stone.values()))
