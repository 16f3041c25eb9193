"""kill -9 at random moments: every build must end with the tables and the release of an undisturbed one.

python benchmarks/chaos.py --rounds 30 --seed 1 --articles 3000
python benchmarks/chaos.py --builds 1     one build of several; the same command goes on where it was
python benchmarks/chaos.py --disk-full

Sources, lake and release lie on a real S3 server (SeaweedFS). Each round kills the driver, a Ray worker, the raylet,
Ray's control store (gcs) or the S3 server, which comes back after 1 to 10 seconds, and waits until the job has gone
on. A finished build is compared with the undisturbed one, and the next rounds begin a new lake. Needs the shared data
(../shared/data); `--disk-full` needs root.
"""

from __future__ import annotations

import argparse
import pickle
import random
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.support.disk import fill_disks, report
from benchmarks.support.kills import VICTIMS, Cost, Round, Setting, Tracker, count_costs, kill_round
from benchmarks.support.lakes import Comparison, compare
from benchmarks.support.stand import RELEASE, STEP_TABLES, Reference, Stand, real_stand

MISSES_LIMIT = 3  # rounds of one build that found their victim gone, before the build is left to end


@dataclass(frozen=True)
class Build:
    """A build with its kills, and how it compares with the undisturbed one."""

    rounds: list[Round]
    costs: list[Cost]
    missed: int
    comparison: Comparison
    problems: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return self.comparison.equal and not self.problems and not any(made.failures for made in self.rounds)


def disturbed_build(setting: Setting, number: int, first_round: int, rounds: int) -> Build:
    """Build a lake under up to `rounds` kills, and compare it."""
    stand, reference = setting.stand, setting.reference
    lake = stand.lake(f"build-{number}")
    tracker = Tracker(lake, stand.start(lake))
    made: list[Round] = []
    missed = 0
    while tracker.run.code is None and len(made) < rounds and missed < MISSES_LIMIT:
        one, tracker = kill_round(first_round + len(made), number, tracker, setting)
        if one is None:
            missed += 1
            print(f"build {number}: a kill was drawn that found no victim; not counted", flush=True)
            continue
        made.append(one)
        print(f"round {one.number}: {one.victim} in {one.step}, {one.outcome}, {one.failures or 'fine'}", flush=True)
    run = tracker.run
    code = run.wait(setting.limit_s)
    if code != 0:
        run.end()
        problem = f"the last run of build {number} ended with {code}: see {run.log}"
        return Build(made, [Cost("", 0, 0, 1.0, 0)] * len(made), missed, Comparison(0, 0, ()), (problem,))
    comparison = compare(reference.tables, lake.tables())
    problems = [f"{path} is missing" for path in lake.missing_files()]
    if lake.releases() != [RELEASE] or lake.release(RELEASE) != reference.release:
        problems.append(f"releases {lake.releases()} are not that of the undisturbed build")
    costs = count_costs(made, lake, reference, stand.interval_s)
    lake.filesystem.rm(lake.root, recursive=True)
    return Build(made, costs, missed, comparison, tuple(problems))


@dataclass
class Progress:
    """The rounds so far, and what the next ones go on from."""

    reference: Reference
    chance: random.Random
    hits: Counter[str] = field(default_factory=Counter)
    builds: list[Build] = field(default_factory=list)

    @property
    def rounds(self) -> int:
        return sum(len(build.rounds) for build in self.builds)


def chaos(stand: Stand, rounds: int, victims: tuple[str, ...], progress: Progress, builds: int | None = None) -> None:
    """Go on with the rounds, over as many builds as it takes, or over some of them."""
    print(f"undisturbed: {progress.reference.seconds:.0f} s; steps {_seconds(progress.reference)}", flush=True)
    setting = Setting(stand, progress.reference, progress.chance, victims, hits=progress.hits)
    last = None if builds is None else len(progress.builds) + builds
    while progress.rounds < rounds and len(progress.builds) != last:
        number = len(progress.builds) + 1
        build = disturbed_build(setting, number, progress.rounds + 1, rounds - progress.rounds)
        progress.builds.append(build)
        print(f"build {number}: {'equal' if build.passed else 'NOT EQUAL'} {build.problems or ''}", flush=True)


def table(builds: list[Build], seed: int) -> str:
    """The rounds as a Markdown table, and a summary line."""
    lines = [
        f"| seed {seed}, round | build | victim | step | at s | exit | s to resume | lost | doubled "
        "| rows written twice | + in flight at most | limit | fits | left behind | verdict |",
        "|---:|---:|---|---|---:|---|---:|---:|---:|---|---:|---:|---:|---:|---|",
    ]
    for build in builds:
        for made, cost in zip(build.rounds, build.costs, strict=True):
            twice = f"{cost.table} {cost.written_twice:,}" if cost.table else "0"
            resumed = "" if made.resumed_s is None else f"{made.resumed_s:.0f}"
            left = ", ".join(made.left_behind) or "0"
            fails = made.failures + ([] if build.passed else ["build differs"]) + ([] if cost.allowed else ["cost"])
            lines.append(
                f"| {made.number} | {made.build} | {made.victim} | {made.step} | {made.moment_s:.1f} | {made.outcome} "
                f"| {resumed} | {build.comparison.lost} | {build.comparison.doubled} | {twice} | {cost.in_flight:,} "
                f"| {cost.limit:,.0f} | {cost.fits} | {left} | {'; '.join(fails) or 'holds'} |"
            )
    return "\n".join([*lines, "", _summary(builds)])


def _summary(builds: list[Build]) -> str:
    rounds = [made for build in builds for made in build.rounds]
    costs = [cost for build in builds for cost in build.costs]
    lost, doubled = (sum(getattr(build.comparison, name) for build in builds) for name in ("lost", "doubled"))
    steps = {made.step for made in rounds} & set(STEP_TABLES)
    return (
        f"{len(rounds)} kills in {len(builds)} builds, {sum(build.passed for build in builds)} of them equal to the "
        f"undisturbed one; rows lost {lost}, doubled {doubled}; steps hit {len(steps)} of {len(STEP_TABLES)}; "
        f"{sum(cost.allowed for cost in costs)} of {len(costs)} kills cost at most two commit intervals and one fit; "
        f"longest time to go on {max((made.resumed_s or 0) for made in rounds):.0f} s; processes left behind "
        f"{sum(len(made.left_behind) for made in rounds)}; "
        f"draws without a victim {sum(build.missed for build in builds)}"
    )


def _seconds(reference: Reference) -> str:
    return ", ".join(f"{step} {seconds:.1f}" for step, seconds in reference.step_seconds.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--articles", type=int, default=3000)
    parser.add_argument("--victims", default=",".join(VICTIMS), help="Comma-separated (default: all).")
    parser.add_argument("--folder", type=Path, default=Path("/tmp/navab-chaos"), help="For the store and the logs.")
    parser.add_argument("--builds", type=int, help="Stop after so many builds (default: when all rounds are done).")
    parser.add_argument("--disk-full", action="store_true", help="Fill a small file system instead; needs root.")
    options = parser.parse_args()
    victims = tuple(options.victims.split(","))
    if unknown := set(victims) - set(VICTIMS):
        parser.error(f"unknown victims {sorted(unknown)}: known ones are {', '.join(VICTIMS)}")
    if options.disk_full:
        full = fill_disks(options.folder, options.articles)
        print(report(full))
        sys.exit(0 if all(one.passed for one in full) else 1)
    saved = options.folder / f"seed-{options.seed}.pickle"
    with real_stand(options.folder, options.articles) as stand:
        if saved.exists():
            progress: Progress = pickle.loads(saved.read_bytes())
        else:
            progress = Progress(stand.build_reference(timeout_s=3600), random.Random(options.seed))
        chaos(stand, options.rounds, victims, progress, options.builds)
    saved.write_bytes(pickle.dumps(progress))
    print(table(progress.builds, options.seed))
    if progress.rounds >= options.rounds:
        saved.unlink()
    if not all(build.passed and all(cost.allowed for cost in build.costs) for build in progress.builds):
        sys.exit(1)


if __name__ == "__main__":
    main()
