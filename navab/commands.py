"""What the commands do; everything heavy is imported by the command that needs it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from navab.configuration import Configuration, load_configuration
from navab.errors import ConfigurationError, NavabError, NothingToReleaseError
from navab.nations.registry import Registry

if TYPE_CHECKING:
    from navab.lake.claim import Claim
    from navab.lake.lake import Lake
    from navab.takedown import Forgotten, Request, Search
    from navab.view import View

DEFAULT_FILE = Path("navab.yaml")
_REPORT = ("reports", "report.html")  # in a lake
_LEFT = frozenset({"nation", "languages", "official sources", "rejected because", "crawl", "source file", "kind"})


def run(config: Path | None, settings: Sequence[str], until: str | None) -> None:
    """Run all stages with pending work under the lake's claim, then release."""
    from navab import pipeline, runs  # noqa: PLC0415

    configuration, lake, view = _open(config, settings)
    _check_until(until)
    _check_models(configuration)
    record = runs.RunRecord(
        command="run" if until is None else f"run --until {until}",
        started_at=datetime.now(UTC),
        engine=_engine_name(configuration),
        configuration=configuration.model_dump(mode="json"),
    )
    if not configuration.sources:
        print("navab: warning: no `sources` are configured: nothing new will be read", file=sys.stderr)
    started = time.monotonic()
    with _writing(view, "run") as claim:
        _complete_takedowns(configuration, view, claim)
        try:
            pipeline.run_stages(view, claim, record, until)
            record.outcome = "done"
        except NavabError as error:
            record.outcome = f"failed: {error}"
            raise
        except (KeyboardInterrupt, SystemExit):
            record.outcome = "interrupted"
            raise
        finally:
            record.seconds = time.monotonic() - started
            runs.save_run(lake.storage, record)
    _print_summary(view)
    if until in (None, "release"):
        try:
            _publish(view)
        except NothingToReleaseError:
            _print("no release: the articles gave no live triple (see `navab status` for what was refused, and why)")
    _print(f"{'changed' if record.changed else 'nothing new'}, {record.seconds:.1f} s; lake {lake.storage.root}")


def plan(config: Path | None, settings: Sequence[str], until: str | None) -> None:
    """Show pending work."""
    from navab import pipeline, runs  # noqa: PLC0415

    _, lake, view = _open(config, settings)
    _check_until(until)
    rates = {}
    last = runs.last_run(lake.storage, changed=True)
    if last is not None:
        rates = {step.step: step.rate for step in last.steps if step.rows}
    table = _table("step", "units", "pending", "at the last rate")
    for name, units in pipeline.plan_all(view, until):
        rows = sum(unit.rows for unit in units)
        estimate = f"{rows / rates[name]:,.0f} s" if rates.get(name) and rows else ""
        table.add_row(name, f"{len(units):,}", f"{rows:,}{' files' if name == 'articles' else ''}", estimate)
    _print(table)
    _print("Later steps may have more to do once earlier ones have run. Engine tokens and money: 0 with engine rules.")


def status(config: Path | None, settings: Sequence[str], as_of: Sequence[str]) -> None:
    """Show the lake as it stands, or as it was."""
    from navab import runs, summary  # noqa: PLC0415

    _, lake, view = _open(config, settings)
    if as_of:
        _look_back(view, as_of)
    table = _table("table", "version", "rows", "live")
    states = summary.tables(view)
    for state in states:
        table.add_row(
            state.name, str(state.version), f"{state.rows:,}", "" if state.live is None else f"{state.live:,}"
        )
    if not states:
        _print(f"lake {lake.storage.root} holds no tables yet: start `navab run`")
        return
    _print(table)
    _print_summary(view)
    refused = _table("table", "nation", "rejected because", "rows")
    for one in summary.rejections(view):
        refused.add_row(one.stage, one.nation, one.reason, f"{one.count:,}")
    _print(refused)
    if as_of:
        return
    unfinished = _unfinished(view)
    if unfinished:
        _print(unfinished)
    last = runs.last_run(lake.storage)
    if last is not None:
        _print(
            f"last run: {last.command}, {last.started_at:%Y-%m-%d %H:%M:%S} UTC, {last.seconds:.1f} s, {last.outcome}"
        )


def release(config: Path | None, settings: Sequence[str]) -> None:
    """Release what is live."""
    _, _, view = _open(config, settings)
    _check_exists(view)
    _publish(view)


def report(config: Path | None, settings: Sequence[str], output: str | None) -> None:
    """Write the report."""
    configuration, lake, view = _open(config, settings)
    _check_exists(view)
    page = _report_page(configuration, view)
    if output is not None:
        Path(output).write_text(page, "utf-8")
    else:
        output = lake.storage.uri(*_REPORT)
        lake.storage.write_bytes(lake.storage.path(*_REPORT), page.encode())
    _print(f"report: {output}")


def _report_page(configuration: Configuration, view: View) -> str:
    from navab import pipeline, runs  # noqa: PLC0415
    from navab.report.collect import collect  # noqa: PLC0415
    from navab.report.page import render_report  # noqa: PLC0415

    last = runs.last_run(view.lake.storage, changed=True)
    equations = pipeline.check_conservation(view)
    return render_report(collect(view, equations, last, _warnings(configuration, view)))


def maintain(config: Path | None, settings: Sequence[str]) -> None:
    """Clean the lake up."""
    from navab.maintenance import clean_releases  # noqa: PLC0415
    from navab.maintenance import maintain as clean  # noqa: PLC0415

    configuration, _, view = _open(config, settings)
    with _writing(view, "maintain") as claim:
        _complete_takedowns(configuration, view, claim)
        done = clean(view, claim)
        releases = clean_releases(view, claim)
    table = _table("table", "rows removed", "files before", "files after", "old files deleted", "log files deleted")
    for one in done:
        counts = (one.rows_removed, one.files_before, one.files_after, one.files_deleted, one.log_files_deleted)
        table.add_row(one.table, *(f"{count:,}" for count in counts))
    _print(table)
    for name, count in releases.items():
        _print(f"release {name}: withdrawn or never finished, {count:,} files deleted")


def forget(request: Request, config: Path | None, settings: Sequence[str], *, dry_run: bool) -> None:
    """Take articles down, or only say what would go."""
    from navab import takedown  # noqa: PLC0415

    configuration, _, view = _open(config, settings)
    if not request.urls and not request.article_ids:
        raise ConfigurationError("nothing is named: give --url or --article-id, as often as needed")
    if dry_run:
        found = takedown.search(request, view)
        _print_found(found, view)
        _print_affected(found, view)
        _print("dry run: nothing was changed")
        return
    with _writing(view, "forget") as claim:
        _complete_takedowns(configuration, view, claim)
        found = takedown.search(request, view)
        count = takedown.entomb(request, found, view, claim)
        done = takedown.complete(view, claim, lambda: _renew_report(configuration, view))
    _print_found(found, view)
    _print_forgotten(done)
    _print(f"{count:,} tombstones written: later crawls leave it out" if count else "it had been forgotten before")
    _print("next: `navab run` decides anew what rested on it, then `navab maintain` deletes the old files that hold it")


def _complete_takedowns(configuration: Configuration, view: View, claim: Claim) -> None:
    """Carry out what an interrupted `forget` has left undone."""
    from navab import takedown  # noqa: PLC0415

    if takedown.is_pending(view):
        print("navab: completing an interrupted takedown", file=sys.stderr)
        _print_forgotten(takedown.complete(view, claim, lambda: _renew_report(configuration, view)))


def _renew_report(configuration: Configuration, view: View) -> None:
    """Write the lake's report again if it has one."""
    storage = view.lake.storage
    path = storage.path(*_REPORT)
    if storage.exists(path):
        storage.write_bytes(path, _report_page(configuration, view).encode())


def _print_found(found: Search, view: View) -> None:
    table = _table("article_id", "nation", "crawl", "source file", "record")
    for row in found.matching.sort("article_id", "path").iter_rows(named=True):
        table.add_row(str(row["article_id"]), row["nation"] or "", row["crawl"], row["path"], str(row["record_no"]))
    if found.matching.height:
        _print(table)
        _print("the source files are yours: they still hold these records")
    else:
        _print("no article of the lake matches")
    for url in found.unknown:
        _print(f"no article has the address {url} yet: its tombstone keeps out what comes")
    for article in found.shared:
        _print(f"other articles have the address of {article} too: give --url if all of them are to go and stay out")
    near = _table("near-duplicate, not forgotten", "kind", "similarity")
    for row in found.near.iter_rows(named=True):
        near.add_row(str(row["article_id"]), row["kind"], f"{row['similarity']:.2f}")
    if found.near.height:
        _print(near)
        _print("--with-duplicates takes them down as well")


def _print_affected(found: Search, view: View) -> None:
    from navab.takedown import affected_by  # noqa: PLC0415

    for name, triples in affected_by(found, view):
        _print(f"release {name} would be withdrawn: {triples:,} of its triples go")


def _print_forgotten(done: Forgotten) -> None:
    table = _table("table", "rows taken out")
    for name, count in done.rows.items():
        if count:
            table.add_row(name, f"{count:,}")
    _print(table)
    for release in done.releases:
        instead = f"{release.replaced_by} replaces it" if release.replaced_by else "nothing is left of it"
        _print(f"release {release.name} is withdrawn ({release.triples:,} triples): {instead}")


def nations_list() -> None:
    """List the registry."""
    table = _table("code", "nation", "languages", "official sources")
    for nation in Registry.bundled().nations.values():
        outlets = ", ".join(outlet.name for outlet in nation.official_sources)
        table.add_row(nation.code, nation.name, ", ".join(nation.languages), outlets)
    _print(table)


def topics_export(file: Path, config: Path | None, settings: Sequence[str]) -> None:
    """Write topics to a CSV."""
    from navab.overrides import export_topics  # noqa: PLC0415

    _, _, view = _open(config, settings)
    _check_exists(view)
    content = export_topics(view)
    file.write_text(content, "utf-8")
    _print(
        f"{content.count(chr(10)) - 1:,} topics: {file}; fill in `decision` with yes or no, then `navab topics import`"
    )


def topics_import(file: Path, config: Path | None, settings: Sequence[str]) -> None:
    """Take people's decisions from a CSV."""
    from navab.overrides import import_decisions, read_decisions  # noqa: PLC0415

    _, _, view = _open(config, settings)
    _check_exists(view)
    with _writing(view, "topics import") as claim:
        count = import_decisions(read_decisions(file, view), view, claim)
    _print(f"{count:,} new decisions; the next `navab run` follows them")


def _open(config: Path | None, settings: Sequence[str]) -> tuple[Configuration, Lake, View]:
    if config is None and DEFAULT_FILE.exists():
        config = DEFAULT_FILE
    configuration = load_configuration(config, settings)
    from navab.lake.evolution import check_schema  # noqa: PLC0415
    from navab.lake.schema import table_names  # noqa: PLC0415
    from navab.pipeline import open_lake, open_view  # noqa: PLC0415

    lake = open_lake(configuration)
    lake.check_address()
    view = open_view(configuration, lake)
    check_schema(lake, [view.snapshot(name) for name in table_names()])
    return configuration, lake, view


def _look_back(view: View, as_of: Sequence[str]) -> None:
    """Pin the view to earlier versions of the tables."""
    from navab.lake.as_of import parse_as_of, snapshots_as_of  # noqa: PLC0415
    from navab.maintenance import cited_versions  # noqa: PLC0415

    view.pin(snapshots_as_of(view.lake, parse_as_of(as_of), cited_versions(view)))


@contextmanager
def _writing(view: View, command: str) -> Iterator[Claim]:
    """Claim the lake and bring its tables to the declared schemas before anything else is written."""
    from navab.lake.evolution import evolve  # noqa: PLC0415

    with view.lake.claim(command) as claim:
        for change in evolve(view.lake, claim):
            print(f"lake: table {change.table}: {change.text}", file=sys.stderr)
        view.forget()  # what was opened before the claim may have changed
        yield claim


def _check_exists(view: View) -> None:
    if view.snapshot("articles").version < 0:
        raise ConfigurationError(f"lake {view.lake.storage.root} holds no tables yet: start `navab run`")


def _check_until(until: str | None) -> None:
    from navab.pipeline import STAGE_NAMES  # noqa: PLC0415

    if until is not None and until not in (*STAGE_NAMES, "release"):
        raise ConfigurationError(f"unknown stage '{until}': stages are {', '.join((*STAGE_NAMES, 'release'))}")


def _check_models(configuration: Configuration) -> None:
    from navab.models.embedder import check_embedder  # noqa: PLC0415
    from navab.models.engines import check_engine  # noqa: PLC0415

    check_engine(configuration.engine)
    check_embedder(configuration.embedder)


def _engine_name(configuration: Configuration) -> str:
    engine = configuration.engine
    return "rules (baseline)" if engine.kind == "rules" else f"{engine.kind} {engine.model}"


def _warnings(configuration: Configuration, view: View) -> list[str]:
    from navab.publish import unofficial_share  # noqa: PLC0415

    warnings = []
    if configuration.engine.kind == "rules":
        warnings.append(
            "engine: rules (baseline): statements and reversals were made by lexicons, not by a language model"
        )
    warnings.append(
        "A quoted speaker is not a nation: who is cited by an outlet does not thereby speak for its country."
    )
    unfinished = _unfinished(view)
    if unfinished:
        warnings.append(unfinished)
    share = unofficial_share(view)
    if share > 0:
        warnings.append(f"{100 * share:.0f} % of the articles come from outlets that are not official sources.")
    return warnings


def _unfinished(view: View) -> str | None:
    """A sentence on what is pending, if anything is."""
    from navab.pipeline import pending_rows  # noqa: PLC0415

    pending = {stage: rows for stage, rows in pending_rows(view).items() if rows}
    if not pending:
        return None
    stages = ", ".join(f"{stage} ({rows:,})" for stage, rows in pending.items())
    return f"Work is pending in {stages}: counts and releases are of what is live until `navab run` has finished."


def _publish(view: View) -> None:
    from navab.publish import publish  # noqa: PLC0415

    unfinished = _unfinished(view)
    if unfinished:
        print(f"navab: warning: {unfinished}", file=sys.stderr)
    published = publish(view)
    rows: dict[str, int] = {}
    for shard in published.manifest.shards:
        rows[shard.subset] = rows.get(shard.subset, 0) + shard.rows
    subsets = ", ".join(f"{name} {count:,}" for name, count in rows.items())
    state = "new" if published.new else "unchanged"
    _print(f"release {published.manifest.name} ({state}): {published.uri}; triples by subset: {subsets}")


def _print_summary(view: View) -> None:
    from navab.summary import funnels, unknown_nation_records  # noqa: PLC0415

    table = _table(
        "nation",
        "articles",
        "accepted",
        "duplicates",
        "sensitive",
        "quoted",
        "official",
        "contradictions",
        "removed",
        "triples",
    )
    for one in funnels(view):
        counts = (
            one.articles,
            one.accepted,
            one.duplicates,
            one.sensitive,
            one.quoted,
            one.official,
            one.contradictions,
            one.quoted + one.official - one.retained,
            one.triples,
        )
        table.add_row(one.nation, *(f"{count:,}" for count in counts))
    _print(table)
    unknown = unknown_nation_records(view)
    if unknown:
        _print(
            f"{unknown:,} readable records belong to no nation that navab knows: set `nation` of their source, or "
            "`columns.nation` to the field that names it"
        )


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(first)
    for name in others:
        table.add_column(
            name,
            justify="left" if name in _LEFT else "right",
        )
    return table


def _print(what: str | Table) -> None:
    console = Console(soft_wrap=True, highlight=False, width=None if sys.stdout.isatty() else 160)
    if isinstance(what, str):
        console.print(what, markup=False)
    else:
        console.print(what)
