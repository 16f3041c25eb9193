"""The report: one HTML page that needs nothing but itself.

Whatever comes from articles, engines or configuration is escaped by Jinja2. On top of that a content security
policy forbids every script but the page's own, which it knows by its hash, and every request to a network.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from navab.report.alignments import HEIGHT as CURVE_HEIGHT
from navab.report.alignments import WIDTH as CURVE_WIDTH
from navab.report.charts import funnel_steps, percent, rejection_stacks
from navab.report.data import ReportData, Topic
from navab.report.topic_map import HEIGHT, WIDTH, topic_maps

MOST_TOPICS = 300
MOST_CHANGES = 200
MOST_TRIPLES = 120
MOST_CONFLICTS = 60
MOST_REJECTIONS = 400
MOST_DETAILS = 400
LONGEST_TEXT = 900

# How the page calls what the table `evaluations` has codes for.
METHODS = {"mc": "Multiple choice", "likelihood": "Likelihood", "aj": "Free answers, judged"}
CONDITIONS = {
    "choices_only": "without the question",
    "question_less": "without the question",
    "answer_hidden": "judge without an answer",
    "rewritten": "S rewritten by the machine",
}
ARMS = {
    "aligned": "labels of the release",
    "flipped": "control: labels flipped at random",
    "unreduced": "without Conflict Reduction",
}
OUTCOMES = {"S": "statement", "RS": "reversed", "tie": "tie", "refusal": "refusal", "off_topic": "off topic"}

Row = TypeVar("Row")


def render_report(data: ReportData) -> str:
    """Render the page; long lists are cut, and the page says how much is left out."""
    environment = _environment()
    names = {funnel.nation: funnel.name for funnel in data.funnels}
    script = environment.get_template("report.js").render()
    return environment.get_template(
        "report.html.j2"
    ).render(
        data=data,
        script=Markup(script),  # the package's own file
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        steps={funnel.nation: funnel_steps(funnel) for funnel in data.funnels},
        stacks=rejection_stacks(data.rejections),
        rejections=data.rejections[:MOST_REJECTIONS],
        topics=_largest(data.topics),
        maps=topic_maps(data.topics),
        map_width=WIDTH,
        map_height=HEIGHT,
        topic_changes=data.topic_changes[:MOST_CHANGES],
        triples=data.triples[:MOST_TRIPLES],
        triples_total=_total(data.triples, data.triples_total),
        conflicts=data.conflicts[:MOST_CONFLICTS],
        conflicts_total=_total(data.conflicts, data.conflicts_total),
        judges=data.judges,
        broken=[check for check in data.checks if not check.holds],
        names=names,
        configuration=_configuration(data),
        boards=data.boards,
        alignments=data.alignments,
        arms=ARMS,
        curve_width=CURVE_WIDTH,
        curve_height=CURVE_HEIGHT,
        most_details=MOST_DETAILS,
        methods=METHODS,
        conditions=CONDITIONS,
        outcomes=OUTCOMES,
        nations_of=lambda board: [(code, names.get(code, code)) for code in board.nations[:-1]],
    )


def _largest(topics: Sequence[Topic]) -> list[Topic]:
    """The largest topics of every nation, which share the table evenly."""
    nations = {topic.nation for topic in topics}
    own = {nation: [topic for topic in topics if topic.nation == nation] for nation in sorted(nations)}
    most = MOST_TOPICS // max(len(nations), 1)
    return [topic for some in own.values() for topic in sorted(some, key=lambda one: -one.size)[:most]]


def number(value: float) -> str:
    """Write a number with thin spaces between the thousands, as every language reads it."""
    return f"{value:,}".replace(",", "\u202f")


def rate(rows: int, seconds: float) -> str:
    """Write rows per second with no more digits than it deserves."""
    if seconds <= 0:
        return "–"
    per_second = rows / seconds
    return number(round(per_second)) if per_second >= 10 else f"{per_second:.1f}"


def duration(seconds: float) -> str:
    """Write a duration as people say it."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s"
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {whole % 60:02d} s"


def clip(text: str, longest: int = LONGEST_TEXT) -> str:
    """Cut a text that no reader would finish."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def web_address(url: str | None) -> str | None:
    """Return an address if it may become a link: http or https, with a host."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("navab.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for function in (number, rate, duration, clip, web_address):
        environment.filters[function.__name__] = function
    environment.globals["percent"] = percent
    return environment


def _total(rows: Sequence[Row], total: int | None) -> int:
    return len(rows) if total is None else total


def _configuration(data: ReportData) -> str:
    plain: dict[str, Any] = dict(data.run.configuration) if data.run else {}
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True) if plain else ""
