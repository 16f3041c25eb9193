"""Processes of this machine as psutil sees them; one that is gone is no error."""

from __future__ import annotations

import psutil


def name_of(process: psutil.Process) -> str:
    """Its name; empty if it is gone."""
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return ""


def lives(process: psutil.Process) -> bool:
    """Whether it runs, as itself and not as a zombie."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
