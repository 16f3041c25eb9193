"""Secrets: neither shown nor stored, whatever holds them."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from navab import cli
from navab.execution.runs import RunRecord, last_run, save_run
from navab.lake.storage import Storage
from navab.secrets import masked, without_secrets

KEY = "sk-0123456789abcdef"


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "HF_TOKEN", "DB_PASSWORD"])
def test_secrets_of_the_environment_are_masked(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, KEY)
    assert masked(f"401 for Bearer {KEY}, said the server") == "401 for Bearer (masked), said the server"


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "HOME"])
def test_what_is_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "/var/run/its-value")
    assert masked("read /var/run/its-value") == "read /var/run/its-value"


def test_a_configuration_keeps_what_is_no_secret() -> None:
    document = {
        "engine": {"api_key": KEY, "api_key_env": "OPENAI_API_KEY", "max_tokens": 512, "token": None},
        "sources": [{"path": f"https://user:{KEY}@example.org/a.jsonl?signature={KEY}"}],
    }
    assert without_secrets(document) == {
        "engine": {"api_key": "(masked)", "api_key_env": "OPENAI_API_KEY", "max_tokens": 512, "token": None},
        "sources": [{"path": "https://example.org/a.jsonl"}],
    }


def test_the_record_of_a_run_is_masked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    storage = Storage(str(tmp_path))
    outcome = f"failed: the server refused {KEY}"
    save_run(storage, RunRecord(command="run", started_at=datetime.now(UTC), engine="http", outcome=outcome))
    record = last_run(storage)
    assert record is not None
    assert record.outcome == "failed: the server refused (masked)"


def test_a_traceback_is_masked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for arguments in (["navab", "run"], ["navab", "run", "--debug"]):
        monkeypatch.setattr(sys, "argv", arguments)
        try:
            raise RuntimeError(f"refused {KEY}")
        except RuntimeError as error:
            cli._report_defect(type(error), error, error.__traceback__)
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert said.count("refused (masked)") == 2
    assert KEY not in said
