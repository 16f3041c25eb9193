"""Real trainings by TRL on Ray Train, of a tiny model with a real tokenizer: it learns, goes on after a kill, and two
workers make the steps of one.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from navab.align import align
from navab.alignment.learning import ADAPTER, learn
from navab.alignment.methods import TRAINERS
from navab.alignment.training import Point
from navab.commands.opening import open_view
from navab.evaluation.methods import Likelihood
from navab.evaluation.scorers.transformers import TransformersScorer
from navab.execution.training import Place, read_curve
from navab.lake.storage import Storage
from navab.options.alignment import AlignmentSection
from tests.alignment.training_process import lesson
from tests.evaluation.made import triples

pytestmark = [pytest.mark.slow, pytest.mark.models]
TOKENIZER = "build/models/smollm2"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Llama of two layers with random weights."""
    import torch  # noqa: PLC0415  (only where `make models` was)
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("tiny")
    tokenizer = AutoTokenizer.from_pretrained(TOKENIZER)
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **sizes)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def start(*arguments: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.alignment.training_process", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def train(*arguments: object) -> None:
    assert start(*arguments).wait(timeout=900) == 0


def curve(lake: Path, training_id: str) -> list[Point]:
    return list(read_curve(Place(Storage(str(lake)), training_id)))


def losses(points: list[Point]) -> list[float]:
    return [point.loss for point in points]


@pytest.fixture(scope="module")
def trained(tiny: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with an undisturbed training, `whole`."""
    lake = tmp_path_factory.mktemp("trained")
    train(tiny, lake, "whole")
    return lake


def test_training_moves_the_loss_and_leaves_an_adapter_that_scores(tiny: str, trained: Path) -> None:
    points = curve(trained, "whole")
    assert [point.step for point in points] == list(range(1, 13))
    assert points[-1].loss < points[0].loss - 0.1
    assert points[-1].accuracy == 1.0
    adapter = Place(Storage(str(trained)), "whole").path(ADAPTER)
    before, after = (Likelihood().outcomes(triples(8), TransformersScorer(model)) for model in (tiny, adapter))
    gains = [late.margin - early.margin for early, late in zip(before, after, strict=True)]
    assert min(gains) > 0


def test_a_killed_training_goes_on_and_ends_with_the_same_curve(tiny: str, trained: Path) -> None:
    checkpoints = trained / "alignments" / "killed" / "checkpoints"
    process = start(tiny, trained, "killed")
    while process.poll() is None and not list(checkpoints.glob("*/complete")):
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (trained / "alignments" / "killed" / ADAPTER / "complete").exists(), "killed too late to tell"
    train(tiny, trained, "killed")
    assert losses(curve(trained, "killed")) == pytest.approx(losses(curve(trained, "whole")), abs=1e-5)


def test_two_workers_make_the_steps_of_one_with_twice_the_batch(tiny: str, trained: Path) -> None:
    train(tiny, trained, "two", "batch=2", "workers=2")
    assert losses(curve(trained, "two")) == pytest.approx(losses(curve(trained, "whole")), abs=1e-4)


def test_a_model_is_trained_and_measured_and_more_of_it_is_measured_later(
    tiny: str, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole command on the sample's release: again it has nothing to do, and with a larger limit no training."""
    shutil.copytree(built, tmp_path / "lake")
    view = open_view(None, [f"lake={tmp_path / 'lake'}"])
    few = {"model": tiny, "balance": False, "control": True, "steps": 3, "batch": 4, "checkpoint_steps": 2, "limit": 2}
    done = align(view, AlignmentSection.model_validate(few))
    assert [(one.arm, one.pairs) for one in done.records] == [("aligned", 12), ("flipped", 12)]
    assert all(one.general_before and one.general_after and one.cues for one in done.records)
    assert {one.arm for one in done.summaries} == {"aligned", "flipped"}
    counts = [summary.nations[-1].gain.count for summary in done.summaries]
    monkeypatch.setattr("navab.align.train_on_ray", None)  # nothing is trained again
    monkeypatch.setattr("navab.align.ask_general", None)
    again = align(view, AlignmentSection.model_validate(few))
    assert again.records == done.records
    more = align(view, AlignmentSection.model_validate(few | {"limit": 4}))
    assert [summary.nations[-1].gain.count for summary in more.summaries] > counts


def learned(folder: Path, *command: object) -> dict[str, float]:
    """The loss by step after a process of `learning_process`."""
    folder.mkdir(exist_ok=True)
    subprocess.run([sys.executable, *map(str, command)], timeout=900, check=False)
    return json.loads((folder / "curve.json").read_text())


def test_without_ray_too_a_kill_and_a_second_process_change_no_step(tiny: str, tmp_path: Path) -> None:
    own = ("-m", "tests.alignment.learning_process")
    pair = ("-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone")
    whole = learned(tmp_path / "whole", *own, tiny, tmp_path / "whole", 4)
    assert list(whole) == [str(step) for step in range(1, 13)]
    cut = learned(tmp_path / "cut", *own, tiny, tmp_path / "cut", 4, 6)
    assert list(cut) == [str(step) for step in range(1, 7)]
    assert learned(tmp_path / "cut", *own, tiny, tmp_path / "cut", 4) == pytest.approx(whole, abs=1e-5)
    assert learned(tmp_path / "two", *pair, *own, tiny, tmp_path / "two", 2) == pytest.approx(whole, abs=1e-5)


@pytest.mark.parametrize("method", TRAINERS)
def test_every_trainer_of_trl_learns(method: str, tiny: str, tmp_path: Path) -> None:
    points: list[Point] = []
    learn(lesson(tiny, method=method, steps=2), tmp_path, None, lambda step, folder: None, points.append)
    assert [point.step for point in points] == [1, 2]
    assert (tmp_path / ADAPTER / "adapter_model.safetensors").exists()
