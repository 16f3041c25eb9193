"""datatrove in a virtual environment of its own, made if it is not there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from navab.text.language import BUNDLED_MODEL, model_path

ENVIRONMENT = Path(os.environ.get("DATATROVE_VENV", "/tmp/dedup/venv-datatrove"))


def run_datatrove(task: str, source: Path, out: Path) -> float:
    """Run one side (see datatrove_side.py) and return its seconds, the start of its interpreter included."""
    if not (ENVIRONMENT / "bin" / "python").exists():
        subprocess.run(["python3.11", "-m", "venv", str(ENVIRONMENT)], check=True)
        packages = ["datatrove[processing,io]==0.10.1", "spacy"]
        subprocess.run([str(ENVIRONMENT / "bin" / "pip"), "install", "--quiet", *packages], check=True)
    model = str(model_path(BUNDLED_MODEL))
    side = str(Path(__file__).with_name("datatrove_side.py"))
    started = time.monotonic()
    command = [str(ENVIRONMENT / "bin" / "python"), side, task, str(source), str(out), model]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"datatrove failed: {done.stderr[-2000:]}")
    return time.monotonic() - started
