"""`navab forget`: takedown of articles."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from navab.commands.arguments import configured
from navab.commands.console import new_table, show
from navab.commands.opening import open_view, writing
from navab.errors import ConfigurationError
from navab.lake.claim import Claim
from navab.takedown import forget as takedown
from navab.takedown.forget import Forgotten, Request, Search
from navab.view import View


@click.command()
@configured
@click.option("--url", "urls", multiple=True, metavar="URL", help="Address of an article; repeatable.")
@click.option(
    "--article-id", "article_ids", multiple=True, type=int, metavar="ID", help="Id of an article; repeatable."
)
@click.option("--note", metavar="TEXT", help="Kept with the tombstone: who asked, a case number.")
@click.option("--with-duplicates", is_flag=True, help="Take its near-duplicates down as well.")
@click.option("--dry-run", is_flag=True, help="Show what would go without changing anything.")
def forget(
    config: Path | None,
    settings: tuple[str, ...],
    urls: tuple[str, ...],
    article_ids: tuple[int, ...],
    note: str | None,
    with_duplicates: bool,
    dry_run: bool,
) -> None:
    """Take an article down: it, its exact copies and all that descends from them leave tables and releases.

    Releases that hold something of it are withdrawn and reissued without it. A tombstone of hashes keeps it out of
    later crawls. Old files hold it until `navab maintain`; source files are yours and stay as they are.

    \b
    Examples:
      navab forget --config navab.yaml --url https://example.org/news/1 --dry-run
      navab forget --config navab.yaml --url https://example.org/news/1 --note "case 17"
      navab forget --config navab.yaml --article-id 4711 --article-id -98 --with-duplicates
    """
    view = open_view(config, settings, to_write=not dry_run)
    request = Request(urls, article_ids, note, with_duplicates)
    if not request.urls and not request.article_ids:
        raise ConfigurationError("nothing is named: give --url or --article-id, as often as needed")
    if dry_run:
        found = takedown.search(request, view)
        _print_found(found, view)
        _print_affected(found, view)
        show("dry run: nothing was changed")
        return
    with writing(view, "forget") as claim:
        complete_takedowns(view, claim)
        found = takedown.search(request, view)
        count = takedown.entomb(request, found, view, claim)
        done = takedown.complete(view, claim, lambda: _renew_report(view))
    _print_found(found, view)
    _print_forgotten(done)
    show(f"{count:,} tombstones written: later crawls leave it out" if count else "it had been forgotten before")
    show("next: `navab run` decides anew what rested on it, then `navab maintain` deletes the old files that hold it")


def complete_takedowns(view: View, claim: Claim) -> None:
    """Carry out what an interrupted `forget` has left undone."""
    if takedown.is_pending(view):
        print("navab: completing an interrupted takedown", file=sys.stderr)
        _print_forgotten(takedown.complete(view, claim, lambda: _renew_report(view)))


def _renew_report(view: View) -> None:
    from navab.commands.report import renew_report  # noqa: PLC0415  (half a second that only takedowns need)

    renew_report(view)


def _print_found(found: Search, view: View) -> None:
    table = new_table("article_id", "nation", "crawl", "source file", "record")
    for row in found.matching.sort("article_id", "path").iter_rows(named=True):
        table.add_row(str(row["article_id"]), row["nation"] or "", row["crawl"], row["path"], str(row["record_no"]))
    if found.matching.height:
        show(table)
        show("the source files are yours: they still hold these records")
    else:
        show("no article of the lake matches")
    for url in found.unknown:
        show(f"no article has the address {url} yet: its tombstone keeps out what comes")
    for article in found.shared:
        show(f"other articles have the address of {article} too: give --url if all of them are to go and stay out")
    near = new_table("near-duplicate, not forgotten", "kind", "similarity")
    for row in found.near.iter_rows(named=True):
        near.add_row(str(row["article_id"]), row["kind"], f"{row['similarity']:.2f}")
    if found.near.height:
        show(near)
        show("--with-duplicates takes them down as well")


def _print_affected(found: Search, view: View) -> None:
    for name, triples in takedown.affected_by(found, view):
        show(f"release {name} would be withdrawn: {triples:,} of its triples go")


def _print_forgotten(done: Forgotten) -> None:
    table = new_table("table", "rows taken out")
    for name, count in done.rows.items():
        if count:
            table.add_row(name, f"{count:,}")
    show(table)
    for release in done.releases:
        instead = f"{release.replaced_by} replaces it" if release.replaced_by else "nothing is left of it"
        show(f"release {release.name} is withdrawn ({release.triples:,} triples): {instead}")
        for model in release.learned_by:
            show(f"model {model} may have learned from it: its pairs are deleted, its adapter is yours to withdraw")
