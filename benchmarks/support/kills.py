"""Kills at random moments: who, when, what it cost, and how the job went on."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from benchmarks.support.lakes import DataObject, Lake
from benchmarks.support.runs import Run
from benchmarks.support.stand import STEP_TABLES, WORKERS, Reference, Stand

VICTIMS = ("driver", "worker", "raylet", "gcs", "store")
STEPS = ("start", *STEP_TABLES, "release")
_PROCESSES = {"worker": ("ray::MapBatches", "ray::IDLE"), "raylet": ("raylet",), "gcs": ("gcs_server",)}
_WITHOUT_RAY = ("start", "release")
_LEFT_BEHIND_S = 10.0
_DOWN_S = (1.0, 10.0)


@dataclass(frozen=True)
class Setting:
    """What all rounds share; a job that has not gone on after `limit_s` hangs."""

    stand: Stand
    reference: Reference
    chance: random.Random
    victims: tuple[str, ...]
    limit_s: float = 600.0
    hits: Counter[str] = field(default_factory=Counter)  # kills so far, by step


@dataclass
class Round:
    """One kill, and what came of it."""

    number: int
    build: int
    victim: str
    step: str  # in which it struck
    moment_s: float  # since that step began
    killed_at: datetime
    data: dict[tuple[str, str], DataObject]  # data files that units had written
    outcome: str = ""  # exit code, or that the run went on
    resumed_s: float | None = None  # from the kill to the first commit or step after it
    left_behind: list[str] = field(default_factory=list)  # processes that outlived an ended run
    failures: list[str] = field(default_factory=list)

    @property
    def workers_lost(self) -> int:
        """Workers whose running units began anew."""
        if self.outcome not in ("went on", "0"):
            return WORKERS
        return {"worker": 1, "store": 0}.get(self.victim, WORKERS)

    @property
    def fits_interrupted(self) -> int:
        """Topic fits that were running, at most: one at a time runs, and is committed before the next one begins."""
        return min(self.workers_lost, 1) if self.step == "topics" else 0


@dataclass
class Tracker:
    """Which step a run is in, as its claim says, and since when."""

    lake: Lake
    run: Run
    step: str = "start"
    since: float = field(default_factory=time.monotonic)

    def look(self) -> str:
        """The step now."""
        claim = self.lake.claim()
        if claim is None or claim["pid"] != self.run.process.pid:
            now = "start"
        elif claim["released"]:
            now = "release"
        else:
            now = claim["stage"] if claim["stage"] in STEPS else "start"
        if now != self.step:
            self.step, self.since = now, time.monotonic()
        return now

    @property
    def position(self) -> int:
        return STEPS.index(self.step)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.since


def draw(setting: Setting, position: int) -> tuple[str, str, float]:
    """Draw a victim, a step from the present one on, and a moment in it, in seconds.

    It is one of the next third of the steps that are left, so that a build is hit several times. Half of the draws
    take one of the steps that were hit least, so that short ones are hit; the others follow the time that steps take.
    """
    chance = setting.chance
    victim = chance.choice(setting.victims)
    steps = [step for step in STEPS[position:] if victim in ("driver", "store") or step not in _WITHOUT_RAY]
    if not steps:
        victim, steps = "driver", ["release"]
    steps = steps[: max(3, len(steps) // 3)]
    if chance.random() < 0.5:
        fewest = min(setting.hits[step] for step in steps)
        step = chance.choice([step for step in steps if setting.hits[step] == fewest])
    else:
        step = chance.choices(steps, [_length(step, setting.reference) for step in steps])[0]
    return victim, step, chance.uniform(0, _length(step, setting.reference))


def strike(victim: str, run: Run, setting: Setting) -> bool:
    """kill -9 the victim; False if there is none. The store is started again after some seconds."""
    if victim == "driver":
        run.family()  # to know what must be gone soon
        run.process.kill()
        run.process.wait()
        return True
    if victim == "store":
        setting.stand.server.kill()
        time.sleep(setting.chance.uniform(*_DOWN_S))
        setting.stand.server.start()
        return True
    names = _PROCESSES[victim]
    if not run.wait_until(lambda: bool(run.named(*names)), timeout_s=60):
        return False
    living = run.named(names[0]) or run.named(*names)
    if living:
        setting.chance.choice(living).kill()
    return bool(living)


def kill_round(number: int, build: int, tracker: Tracker, setting: Setting) -> tuple[Round | None, Tracker]:
    """Wait for a drawn moment, kill, and wait until the job has gone on; the run that now works on the lake.

    No round if the run ended before the moment came or the victim was there.
    """
    lake, run = tracker.lake, tracker.run
    tracker.look()
    victim, step, moment = draw(setting, tracker.position)
    if not run.wait_until(lambda: tracker.look() in STEPS[STEPS.index(step) :], setting.limit_s):
        return None, tracker
    run.wait_until(lambda: time.monotonic() - tracker.since >= moment, moment + 1)
    tracker.look()
    before = lake.made() if victim == "store" else {}
    commits = lake.commits() if victim == "store" else -1
    made = Round(number, build, victim, tracker.step, tracker.seconds, datetime.now(UTC), before)
    struck, rays = time.monotonic(), run.named("raylet")
    if run.code is not None or not strike(victim, run, setting):
        return None, tracker
    setting.hits[made.step] += 1
    if victim != "store":
        made.data = lake.made()
    if victim in ("raylet", "gcs"):  # what was finished is still committed; after that, another Ray has to come
        run.wait_until(lambda: any(one not in rays for one in run.named("raylet")), setting.limit_s)
    if victim != "store":
        commits = lake.commits()
    now = _go_on(made, run, Progress(lake, commits, STEPS.index(made.step)), setting)
    made.resumed_s = time.monotonic() - struck
    return made, tracker if now is run else Tracker(lake, now)


@dataclass(frozen=True)
class Progress:
    """Whether a lake has got beyond a point."""

    lake: Lake
    commits: int
    position: int

    def made_by(self, run: Run) -> bool:
        return Tracker(self.lake, run).look() in STEPS[self.position + 1 :] or self.lake.commits() > self.commits


def _go_on(made: Round, run: Run, progress: Progress, setting: Setting) -> Run:
    """Wait until the run, or the one that resumes it, has done something new or is done."""
    if made.victim != "driver":
        run.wait_until(lambda: progress.made_by(run), setting.limit_s)
    if run.code is None:
        made.outcome = "went on"
        if not progress.made_by(run):
            made.failures.append(f"hung for {setting.limit_s:.0f} s")
            run.end()
            return setting.stand.start(progress.lake)
        return run
    made.outcome = str(run.code)
    made.left_behind = run.left_behind(_LEFT_BEHIND_S)
    if run.code == 0:
        return run
    resumed = setting.stand.start(progress.lake)
    if not resumed.wait_until(lambda: progress.made_by(resumed), setting.limit_s) and resumed.code != 0:
        made.failures.append(f"resuming ended with {resumed.code}")
    return resumed


def _length(step: str, reference: Reference) -> float:
    return {"start": 3.0, "release": 2.0}.get(step) or max(reference.step_seconds.get(step, 0.0), 0.1)


@dataclass(frozen=True, slots=True)
class Cost:
    """Rows of one table that a kill made the job write again, and may have interrupted, beside what is allowed."""

    table: str
    written_twice: int
    in_flight: int
    limit: float
    fits: int  # topic models that were written twice or in vain, or whose fit was interrupted

    @property
    def share(self) -> float:
        return (self.written_twice + self.in_flight) / self.limit

    @property
    def allowed(self) -> bool:
        """Whether the kill cost at most two commit intervals and one topic fit."""
        return self.share <= 1 and self.fits <= 1


def count_costs(rounds: list[Round], lake: Lake, reference: Reference, interval_s: float) -> list[Cost]:
    """What each kill of one build cost, in the table that it hit hardest.

    A file that was there at a kill and is written again afterwards has another modification time; a file that was
    written and never committed was made in vain. Both count with all their rows, but for merged files, which hold rows
    that were made before. What running units had worked out and not yet written cannot be seen in files: it is at most
    the largest unit for every worker that was lost.
    Two commit intervals are allowed, at the rate of the undisturbed step or that of the intervals before the kill.
    """
    final, committed = lake.made(), lake.committed()
    vain = {key: one for key, one in final.items() if key not in committed}
    costs = []
    for index, made in enumerate(rounds):
        later = rounds[index + 1].data if index + 1 < len(rounds) else final
        again = {key: one for key, one in made.data.items() if key in later and later[key].modified != one.modified}
        begin = rounds[index - 1].killed_at if index else datetime.min.replace(tzinfo=UTC)
        end = made.killed_at if index + 1 < len(rounds) else datetime.max.replace(tzinfo=UTC)
        again |= {key: one for key, one in vain.items() if begin < one.modified <= end}
        twice: dict[str, int] = {}
        for one in again.values():
            twice[one.table] = twice.get(one.table, 0) + lake.rows_of(one)
        fits = max(made.fits_interrupted, sum(one.table == "topics" for one in again.values()))
        costs.append(_worst(made, twice, lake, reference, interval_s, fits))
    return costs


def _worst(made: Round, twice: dict[str, int], lake: Lake, reference: Reference, interval_s: float, fits: int) -> Cost:
    allowed = 2 * interval_s
    since = made.killed_at - timedelta(seconds=allowed)
    recent = Counter[str]()
    for one in made.data.values():
        if one.table in STEP_TABLES.get(made.step, ()) and one.modified >= since:
            recent[one.table] += lake.rows_of(one)
    in_flight = _in_flight(made, reference)
    costs = [
        Cost(
            table,
            twice.get(table, 0),
            in_flight.get(table, 0),
            max(allowed * reference.rate(table), recent[table]),
            fits,
        )
        for table in {*twice, *in_flight}
        if table not in ("files", "topics", "resolutions")  # not of rows
    ]
    return max(costs, key=lambda cost: cost.share, default=Cost("", 0, 0, 1.0, fits))


def _in_flight(made: Round, reference: Reference) -> dict[str, int]:
    tables = [table for table in STEP_TABLES.get(made.step, ()) if table in reference.tables]
    return {
        table: min(made.workers_lost * reference.largest_file.get(table, 0), reference.tables[table].height)
        for table in tables
    }
