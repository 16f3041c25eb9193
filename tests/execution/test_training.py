"""Training on Ray Train before any worker starts: what can never come is refused, what may come is waited for aloud."""

from __future__ import annotations

import pytest

from navab.errors import ConfigurationError
from navab.execution.training import check_resources
from navab.options.alignment import AlignmentSection

TWO_GPUS = AlignmentSection(workers=2, use_gpu=True)


def test_what_is_there_is_not_spoken_of(capsys: pytest.CaptureFixture[str]) -> None:
    check_resources({"CPU": 8.0, "GPU": 2.0}, TWO_GPUS, may_grow=False)
    check_resources({"CPU": 1.0}, AlignmentSection(), may_grow=False)
    assert capsys.readouterr().err == ""


def test_a_machine_without_gpus_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"needs 2 GPUs of 0: set alignment\.workers and alignment\.use_gpu"):
        check_resources({"CPU": 8.0}, TWO_GPUS, may_grow=False)


def test_a_cluster_may_grow(capsys: pytest.CaptureFixture[str]) -> None:
    check_resources({"CPU": 1.0, "GPU": 1.0}, TWO_GPUS, may_grow=True)
    said = "navab: alignment needs 2 CPUs of 1 and 2 GPUs of 1: waiting for the cluster to grow\n"
    assert capsys.readouterr().err == said
