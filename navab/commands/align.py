"""`navab align`: align a model with a release, and show what that changed on the test split."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from navab.align import align as align_model
from navab.alignment.artefacts import Artefacts
from navab.alignment.gains import Gain
from navab.alignment.summary import Summary
from navab.alignment.training import TrainingRecord
from navab.commands.arguments import configured
from navab.commands.console import new_table, show
from navab.commands.opening import open_view
from navab.configuration import with_changes
from navab.evaluation.statistics import Interval


@click.command()
@configured
@click.option("--model", metavar="M", help="Folder or hub id (default: alignment.model).")
@click.option("--release", metavar="R", help="Name or address (default: alignment.release, the lake's latest).")
@click.option("--method", metavar="T", help="Trainer of TRL: dpo, sft, kto, orpo, cpo (default: alignment.method).")
@click.option("--nation", "nations", multiple=True, metavar="N", help="Whose pairs are learned; repeatable.")
@click.option("--seed", "seeds", multiple=True, type=int, metavar="S", help="One training each; repeatable.")
@click.option("--control", is_flag=True, default=None, help="Train as well with labels flipped at random.")
@click.option("--ablation", is_flag=True, default=None, help="Train as well on data without Conflict Reduction.")
def align(
    config: Path | None,
    settings: tuple[str, ...],
    model: str | None,
    release: str | None,
    method: str | None,
    nations: tuple[str, ...],
    seeds: tuple[int, ...],
    control: bool | None,
    ablation: bool | None,
) -> None:
    """Align a model with a release, and evaluate it before and after.

    The model learns from the release's preference pairs, on Ray Train. Trainings are kept in the lake with their
    checkpoints: the same command goes on where it was stopped. Needs no claim of the lake.

    \b
    Examples:
      navab align --config navab.yaml --model models/smollm2 --control
      navab align --config navab.yaml --model models/smollm2 --nation fr --seed 0 --seed 1 --seed 2
      navab align --config navab.yaml --method sft --ablation
    """
    view = open_view(config, settings)
    given = {
        "model": model,
        "release": release,
        "method": method,
        "nations": nations,
        "seeds": seeds,
        "control": control,
        "ablation": ablation,
    }
    changes = {key: value for key, value in given.items() if value}
    options = with_changes(view.configuration.alignment, changes)
    aligned = align_model(view, options)
    _show_artefacts(aligned.artefacts)
    _show_gains(aligned.summaries)
    _show_general(aligned.records)


def _show_artefacts(artefacts: Sequence[Artefacts]) -> None:
    """How far cues alone tell chosen from rejected in what was learned."""
    table = new_table("nation", "pairs", "groups", "words", "negation", "length")
    for one in artefacts:
        shares = (f"{100 * share:.1f}" for share in (one.polarity, one.length))
        words = f"{100 * one.words.mean:.1f} ({_range(one.words)})" if one.words.count else "-"
        table.add_row(one.nation, f"{one.pairs:,}", f"{one.groups:,}", words, *shares)
    show(table)
    show("pairs that were learned: % told apart by words, by what is not negated, by the longer text; chance is 50")


def _show_gains(summaries: Sequence[Summary]) -> None:
    """One line a setting and part: rate before and after in percent, and the gain in points."""
    table = new_table("method", "arm", "learned", "measured by", "on", "before", "after", "gain", "seeds", "triples")
    for one in summaries:
        for gain in (*one.nations, *one.polarities[:-1]):
            named = (one.method, one.arm, "+".join(one.learned), one.measured_by, gain.part)
            seeds = " ".join(f"{100 * value:+.1f}" for value in gain.by_seed)
            table.add_row(*named, *gain_cells(gain), seeds, f"{gain.gain.count:,}")
    show(table)
    show("correct rate in %, gain in points with its 95 % interval clustered by leakage group; seeds: gain of each")


def gain_cells(gain: Gain) -> tuple[str, str, str]:
    """Before, after and gain, such as `61.5`, `66.0`, `+4.5 (+1.2 to +7.9)`."""
    low, high = 100 * gain.gain.low, 100 * gain.gain.high
    return (
        f"{100 * gain.before:.1f}",
        f"{100 * gain.after:.1f}",
        f"{100 * gain.gain.mean:+.1f} ({low:+.1f} to {high:+.1f})",
    )


def _show_general(records: Sequence[TrainingRecord]) -> None:
    for record in records:
        before, after = record.general_before, record.general_after
        if before is not None and after is not None:
            show(
                f"{record.name}: of {after.questions} general questions {before.right:.0%} right before, "
                f"{after.right:.0%} after; sound answers {before.answered:.0%} and {after.answered:.0%}"
            )


def _range(found: Interval) -> str:
    return f"{100 * found.low:.0f}-{100 * found.high:.0f}"
