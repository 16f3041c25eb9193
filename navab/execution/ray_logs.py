"""What a local Ray wrote before it ended: Ray keeps logs by session, in folders named by the process that began it."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

_WRITTEN_BY = ("raylet.err", "gcs_server.err", "raylet.out", "gcs_server.out")
_FATAL = re.compile(r"^\[[^\]]* [CF] [^\]]*\](?P<said>.*)$", re.MULTILINE)  # C: critical, F: fatal
_ADVICE = re.compile(r".*Check failed: ")  # before it Ray asks for a report to its own project
_LONGEST = 200


def session_logs(pid: int) -> Path | None:
    """The folder of logs of the latest session that a process began; null if there is none."""
    found = sorted(Path(tempfile.gettempdir(), "ray").glob(f"session_*_{pid}/logs"))
    return found[-1] if found else None


def last_words(logs: Path) -> str | None:
    """The first fatal line of Ray's own processes, null if none of them wrote one."""
    for name in _WRITTEN_BY:
        file = logs / name
        fatal = _FATAL.search(file.read_text("utf-8", "replace")) if file.is_file() else None
        if fatal is not None:
            return " ".join(_ADVICE.sub("", fatal["said"]).split())[:_LONGEST]
    return None
