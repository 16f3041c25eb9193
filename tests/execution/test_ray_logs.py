"""What a lost Ray has to say, from the logs of its session."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from navab.execution.ray_logs import last_words, session_logs

RAYLET = """\
[2026-11-29 19:36:37,101 I 5559 5559] (raylet) main.cc:283: Setting cluster ID
[2026-11-29 19:36:37,841 C 5559 5559] (raylet) node_manager.cc:3576:  An unexpected system state has occurred. Check \
failed: port.has_value() Timed out waiting for file /tmp/ray/port
*** StackTrace Information ***
"""


def test_the_first_fatal_line_is_told_without_advice(tmp_path: Path) -> None:
    (tmp_path / "gcs_server.err").write_text(
        "[2026-11-29 19:36:38,000 F 1 1] (gcs_server) server.cc:1: lost the raylet"
    )
    assert last_words(tmp_path) == "(gcs_server) server.cc:1: lost the raylet"
    (tmp_path / "raylet.err").write_text(RAYLET)
    assert last_words(tmp_path) == "port.has_value() Timed out waiting for file /tmp/ray/port"
    (tmp_path / "raylet.err").write_text("a warning\n")
    (tmp_path / "gcs_server.err").unlink()
    assert last_words(tmp_path) is None


def test_a_session_is_found_by_the_process_that_began_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    logs = tmp_path / "ray" / "session_2026-11-29_19-35-59_689798_3826" / "logs"
    logs.mkdir(parents=True)
    assert session_logs(3826) == logs
    assert session_logs(826) is None
