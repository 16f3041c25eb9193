"""Spain, the sixth nation with a fifth language: its files, put in the place of templates."""

from __future__ import annotations

from pathlib import Path

import yaml

FILES = Path(__file__).parent / "es"
ARTICLES = FILES / "articles.jsonl"


def fill_in(folder: Path) -> None:
    """Fill the templates of a `nations_dir` in: what they hold stays unless our files say otherwise."""
    for name in ("es.yaml", "lexicons/es.yaml"):
        template = yaml.load((folder / name).read_text("utf-8"), yaml.BaseLoader)
        ours = yaml.load((FILES / name).read_text("utf-8"), yaml.BaseLoader)
        (folder / name).write_text(yaml.safe_dump(template | ours, allow_unicode=True, width=10**6), "utf-8")
