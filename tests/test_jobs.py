"""jobs/: every phase that works on a lake has a script that `ray job submit` can start, the same as its command."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from navab.cli import COMMANDS
from tests.lakes import REPOSITORY

JOBS = sorted((REPOSITORY / "jobs").glob("*.py"))
# What a person does beside a terminal, and what takes no time.
BY_HAND = {"status", "forget", "nations", "topics", "prompts", "import"}


@pytest.mark.parametrize("job", [pytest.param(job, id=job.stem) for job in JOBS])
def test_a_job_is_a_command(job: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", [str(job), "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(job), run_name="__main__")
    assert ended.value.code == 0
    command = capsys.readouterr().out.split()[2]
    assert command in COMMANDS
    docstring = (job.read_text("utf-8")).split('"""')[1]
    assert f"`navab {command}`" in docstring
    assert f"python jobs/{job.name} " in docstring


def test_every_phase_has_its_job() -> None:
    text = "".join(job.read_text("utf-8") for job in JOBS)
    assert {name for name in COMMANDS if f"`navab {name}`" not in text} <= BY_HAND
