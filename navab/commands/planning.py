"""`navab run --plan`: what is pending, and what it will take, by what earlier runs of the lake have taken."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import polars as pl

from navab import pipeline
from navab.commands.console import new_table, show
from navab.execution.progress import duration
from navab.execution.runs import RunRecord, latest_runs, recorded_engine
from navab.execution.sizing import Estimate, Forecast, StepCost, costs, estimate
from navab.lake.schema import load_schema
from navab.stages.base import Step
from navab.view import View

_RUNS = 20  # the latest ones, which are measured by
_TOKENS = ("prompt_tokens", "output_tokens")


def show_plan(view: View, until: str | None) -> None:
    """Show pending rows, rows that they will lead to, and estimates of time and tokens."""
    estimates = estimate(_forecasts(view, until))
    table = new_table("step", "pending", "coming", "time", "tokens in", "tokens out")
    for one in estimates:
        what = " files" if one.step == "articles" else ""
        table.add_row(
            one.step,
            f"{one.pending:,}{what}",
            "?" if one.coming is None else f"{one.coming:,}" if one.coming else "",
            "?" if one.seconds is None else duration(one.seconds) if one.seconds else "",
            *(
                "?" if count is None else f"{count:,}" if count else ""
                for count in (one.prompt_tokens, one.output_tokens)
            ),
        )
    show(table)
    show(_total(view, estimates))


def _total(view: View, estimates: list[Estimate]) -> str:
    """One line on the whole."""
    unknown = [one.step for one in estimates if one.seconds is None or one.coming is None]
    if not any(one.pending for one in estimates):
        return "Nothing is pending."
    seconds = sum(one.seconds or 0.0 for one in estimates)
    engine = view.configuration.engine
    tokens = sum((one.prompt_tokens or 0) + (one.output_tokens or 0) for one in estimates)
    counted = all(one.prompt_tokens is not None and one.output_tokens is not None for one in estimates)
    more = "" if counted else " + ?"
    untimed = any(one.seconds is None for one in estimates)
    time = f"About {duration(seconds)}{' + ?' if untimed else ''} on machines like those of the last runs"
    parts = [f"{time if seconds else 'The time is not known'}; {tokens:,}{more} tokens"]
    if engine.kind == "rules":
        parts[0] += " (the engine rules needs none, and no GPU)"
    elif engine.kind == "vllm" and engine.vllm.gpus:
        asking = _asking(view)
        hours = sum(one.seconds or 0.0 for one in estimates if one.step in asking) / 3600
        measured = all(one.seconds is not None for one in estimates if one.step in asking)
        gpu_hours = hours * engine.vllm.replicas * engine.vllm.gpus_of_engine
        parts.append(f"{gpu_hours:,.1f}{'' if measured else ' + ?'} GPU hours of engines")
    if unknown:
        parts.append(f"? is what no run of this lake has measured yet ({', '.join(unknown)}): run one crawl first")
    return "; ".join(parts) + "."


def _forecasts(view: View, until: str | None) -> list[Forecast]:
    """What the lake tells of every step."""
    records = list(islice(latest_runs(view.lake.storage), _RUNS))
    known = costs(records) | _costs_of_asking(view, records)
    idle = {step.step for record in records for step in record.steps} - known.keys()
    found = []
    before: int | None = None
    for step, units in pipeline.plan_steps(view, until):
        rows = view.current(step.writes[-1]).height
        nothing = StepCost(0.0, 0.0) if before and step.name in idle else None  # such as cells, of large nations only
        cost = known.get(step.name, nothing)
        found.append(_forecast(view, step, sum(unit.rows for unit in units), before, rows, cost))
        before = before if step.replaces else rows
    return found


def _costs_of_asking(view: View, records: Sequence[RunRecord]) -> dict[str, StepCost | None]:
    """Costs of the steps that ask the engine, by runs with the configured one only."""
    engine = recorded_engine(view.configuration.engine)
    same = costs([record for record in records if record.engine == engine])
    return {step: same.get(step) for step in _asking(view)}


def _asking(view: View) -> set[str]:
    """Steps that ask the engine."""
    return {step.name for stage in pipeline.STAGES for step in stage.steps if step.asks_engine(view)}


def _forecast(view: View, step: Step, pending: int, before: int | None, rows: int, cost: StepCost | None) -> Forecast:
    table = step.writes[-1]
    tokens = {}
    if set(_TOKENS) <= set(load_schema(table).arrow.names):
        means = view.current(table, *_TOKENS).select(pl.col(_TOKENS).mean())
        none = 0.0 if view.configuration.engine.kind == "rules" else None
        tokens = {name: none if means[name][0] is None else float(means[name][0]) for name in _TOKENS}
    each = rows / before if before else None
    return Forecast(step.name, pending, each, cost, step.replaces, **tokens)
