"""What the report shows: plain values, filled from a lake by whoever asks for a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # they load what only the page needs
    from navab.report.alignments import AlignmentBoard
    from navab.report.leaderboard import Board


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """How much of one nation is left after every stage; all counts are of live rows.

    The first block counts articles, the second statements, the last triples.
    """

    nation: str
    name: str  # as people read it: "China"

    articles: int  # records read, whatever became of them
    unreadable: int
    rejected: int
    accepted: int
    duplicates: int
    canonical: int
    sensitive: int
    extracted: int  # articles that an engine has read

    statements: int  # extracted, before checks
    statements_rejected: int
    merged: int
    quoted: int  # of the accepted, unmerged statements
    official: int
    contradictions: int  # pairs judged to contradict each other
    retained: int

    triples: int
    triples_rejected: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """How many rows of a stage were refused for one reason."""

    stage: str
    reason: str
    nation: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic of a nation; `language` is that of keywords, of `label_native`, and of a label made of keywords.

    `size` counts the sample's articles, `articles` all.
    """

    nation: str
    topic_id: int
    label: str
    keywords: tuple[str, ...]
    size: int
    sensitive: bool
    sensitivity: float
    decided_by: str
    language: str | None = None
    label_native: str | None = None
    articles: int = 0
    centroid: tuple[float, ...] = ()
    headlines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignedArticles:
    """How many articles of a nation came to their topic in which way."""

    nation: str
    cluster: int  # of the sample
    vector: int
    tag: int
    none: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicChange:
    """What a refit made of a topic; `related` are labels of earlier topics, `note` is what a person has to look at."""

    nation: str
    event: str
    topic_id: int
    label: str
    size: int
    related: tuple[str, ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One equation of conservation, with what stands on its two sides."""

    name: str
    nation: str
    equation: str
    left: int
    right: int
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TripleSample:
    """One triple, with everything that a reader needs to judge it."""

    nation: str
    language: str
    question: str
    statement: str
    reversed_statement: str
    evidence: str
    source_type: str
    split: str
    speaker: str | None = None
    speaker_nation: str = "unknown"
    source: str | None = None
    url: str | None = None
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictSide:
    """One of two statements that contradict each other."""

    statement: str
    evidence: str
    retained: bool
    source_type: str = "quoted"
    speaker: str | None = None
    source: str | None = None
    url: str | None = None
    published_at: datetime | None = None
    support: int = 1
    weight: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Statements connected by contradictions, and how they were resolved, by the contradiction that weighs most.

    `reason` says why one side is not retained, `judge` and `verdict` who found the contradiction and by what;
    `parties` is one (a changed mind), two (a dispute) or unknown.
    """

    nation: str
    language: str
    left: ConflictSide
    right: ConflictSide
    reason: str
    component_size: int = 2
    contradictions: int = 1
    parties: str | None = None
    judge: str | None = None
    verdict: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeShare:
    """How many candidate pairs a judge had the last word on; `undecided` ones are called neutral for want of one."""

    judge: str
    pairs: int
    contradictions: int
    entailments: int
    undecided: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TableState:
    """A table of the lake as the report read it; `live` is None where liveness says nothing."""

    name: str
    version: int
    rows: int
    live: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRun:
    """What one stage did in the last run."""

    stage: str
    rows: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInformation:
    """The last run; its configuration must hold no secrets."""

    started: datetime
    seconds: float
    engine: str
    configuration: Mapping[str, Any] = field(default_factory=dict)
    stages: tuple[StageRun, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportData:
    """Everything on the page; lists come in the order in which they are to be shown.

    A total says how many there are altogether where a list is only a sample; None means that it is complete.
    """

    title: str
    lake: str
    navab_version: str
    made_at: datetime
    records: int = 0  # read from all files, those of no known nation included
    funnels: tuple[Funnel, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    topics: tuple[Topic, ...] = ()
    assigned: tuple[AssignedArticles, ...] = ()
    topic_changes: tuple[TopicChange, ...] = ()
    checks: tuple[Check, ...] = ()
    triples: tuple[TripleSample, ...] = ()
    triples_total: int | None = None
    conflicts: tuple[Conflict, ...] = ()
    conflicts_total: int | None = None
    judges: tuple[JudgeShare, ...] = ()
    tables: tuple[TableState, ...] = ()
    run: RunInformation | None = None
    warnings: tuple[str, ...] = ()
    boards: tuple[Board, ...] = ()
    alignments: tuple[AlignmentBoard, ...] = ()
