"""Report data of two nations, one of them empty."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from navab.report.data import (
    AssignedArticles,
    Check,
    Conflict,
    ConflictSide,
    Funnel,
    JudgeShare,
    Rejection,
    ReportData,
    RunInformation,
    StageRun,
    TableState,
    Topic,
    TopicChange,
    TripleSample,
)

EMPTY = Funnel(
    nation="fr",
    name="France",
    articles=0,
    unreadable=0,
    rejected=0,
    accepted=0,
    duplicates=0,
    canonical=0,
    sensitive=0,
    extracted=0,
    statements=0,
    statements_rejected=0,
    merged=0,
    quoted=0,
    official=0,
    contradictions=0,
    retained=0,
    triples=0,
)
CHINA = replace(
    EMPTY,
    nation="cn",
    name="China",
    articles=1000,
    unreadable=10,
    rejected=90,
    accepted=900,
    duplicates=100,
    canonical=800,
    sensitive=200,
    extracted=200,
    statements=400,
    statements_rejected=100,
    merged=20,
    quoted=180,
    official=100,
    contradictions=7,
    retained=270,
    triples=252,
    triples_rejected=28,
)


@pytest.fixture
def data() -> ReportData:
    kept = ConflictSide(statement="应当减税。", evidence="他说应当减税。", retained=True, source="甲", support=3)
    lost = ConflictSide(statement="不应减税。", evidence="他说不应减税。", retained=False, source="乙")
    return ReportData(
        title="Two nations",
        lake="s3://bucket/lake",
        navab_version="0.1.0",
        made_at=datetime(2025, 1, 1, tzinfo=UTC),
        records=1013,
        funnels=(CHINA, EMPTY),
        rejections=(Rejection(stage="articles", reason="too_short", nation="cn", count=90),),
        topics=(
            Topic(
                nation="cn",
                topic_id=1,
                label="经济",
                keywords=("增长", "市场"),
                size=40,
                sensitive=True,
                sensitivity=0.5,
                decided_by="embedding",
                language="zh",
                articles=520,
                centroid=(1.0, 0.0, 0.0),
                headlines=("市场增长", "央行降息"),
            ),
            Topic(
                nation="cn",
                topic_id=2,
                label="Football",
                label_native="足球",
                keywords=("比赛",),
                size=20,
                sensitive=False,
                sensitivity=-0.9,
                decided_by="person",
                language="zh",
                articles=230,
                centroid=(0.0, 1.0, 0.0),
            ),
        ),
        assigned=(AssignedArticles(nation="cn", cluster=60, vector=640, tag=50, none=50),),
        topic_changes=(
            TopicChange(
                nation="cn", event="split", topic_id=2, label="Football", size=20, related=("Sport",), note="look"
            ),
            TopicChange(nation="cn", event="died", topic_id=4, label="Chess", size=0, related=("Chess",)),
        ),
        checks=(Check(name="articles", nation="cn", equation="a = b + c", left=1000, right=1000, holds=True),),
        triples=(
            TripleSample(
                nation="cn",
                language="zh",
                question="是否应当减税？",
                statement="应当减税。",
                reversed_statement="不应减税。",
                evidence="他说应当减税。",
                source_type="quoted",
                split="test",
                speaker="某人",
                source="甲",
                url="https://example.org/1?a=1&b=2",
                published_at=datetime(2024, 1, 1, tzinfo=UTC),
            ),
        ),
        triples_total=252,
        conflicts=(
            Conflict(
                nation="cn",
                language="zh",
                left=kept,
                right=lost,
                reason="3 outlets to 1",
                parties="two",
                judge="polarity",
                verdict="one flip",
            ),
        ),
        judges=(JudgeShare(judge="polarity", pairs=90, contradictions=7, entailments=3, undecided=20),),
        tables=(TableState(name="articles", version=4, rows=1000, live=900),),
        run=RunInformation(
            started=datetime(2025, 1, 1, tzinfo=UTC),
            seconds=75,
            engine="rules",
            configuration={"nations": ["cn", "fr"]},
            stages=(StageRun(stage="articles", rows=1000, seconds=4.0),),
        ),
        warnings=("engine: rules (baseline)",),
    )
