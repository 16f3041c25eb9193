"""A sixth nation with a fifth language is data only: from template to triples, no line of code changed."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from navab import cli, load_release
from tests.inprocess import article, open_small, rows, run_until, write_jsonl
from tests.lakes import navab
from tests.nations.spain import ARTICLES, fill_in

# Written for navab: what the articles say, by their ids.
STATEMENTS = 18
CONTRADICTION = {"España debe cerrar las centrales nucleares.", "España no debe cerrar las centrales nucleares."}
REVERSED = "La escuela pública no debe enseñar el respeto a todas las lenguas del país."
SETTINGS = {
    "nations": ["es"],
    "sources": [{"path": str(ARTICLES), "crawl": "first"}],
    "screening": {"threshold": -0.04},
    "topics": {"min_cluster_size": 4},
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which the template of Spain was written and filled in."""
    monkeypatch.chdir(tmp_path)
    assert cli._run(["nations", "new", "es"]) == 0
    fill_in(tmp_path / "nations")
    return tmp_path


def test_from_template_to_triples(folder: Path) -> None:
    view = open_small(folder, nations_dir=str(folder / "nations"), **SETTINGS)
    run_until(view, "triples")
    articles = rows(view, "articles")
    assert articles["rejected_reason"].value_counts(sort=True).rows() == [(None, 21), ("other_language", 1)]
    assert rows(view, "duplicates").filter(pl.col("kind") == "exact").height == 1
    statements = rows(view, "statements").filter(pl.col("rejected_reason").is_null())
    assert statements.height == STATEMENTS
    assert statements.filter(pl.col("source_type") == "official").height == 2, "La Moncloa's own voice"
    assert statements.filter(pl.col("speaker_nation") == "foreign")["speaker"].to_list() == ["João Carvalho"]
    conflicts = rows(view, "conflicts").filter(pl.col("verdict") == "contradiction")
    texts = dict(statements.select("statement_id", "text").iter_rows())
    assert [{texts[left], texts[right]} for left, right in conflicts.select("left_id", "right_id").iter_rows()] == [
        CONTRADICTION
    ]
    triples = rows(view, "triples")
    assert triples["rejected_reason"].null_count() == STATEMENTS
    assert REVERSED in set(triples["reversed_statement"])
    assert all(question.startswith("¿") and question.endswith("?") for question in triples["question"])
    assert set(triples["language"]) == {"es"}


def test_a_changed_lexicon_makes_only_its_nation_anew(folder: Path) -> None:
    sources = [*SETTINGS["sources"], {"path": str(folder / "uk.jsonl")}]
    (folder / "uk.jsonl").write_text(
        '{"nation": "uk", "text": "The state must protect the right to strike, the minister said."}\n'
    )
    settings = SETTINGS | {"nations": ["es", "uk"], "sources": sources, "screening": {"keep": "all"}}
    view = open_small(folder, nations_dir=str(folder / "nations"), **settings)
    run_until(view, "extraction")
    lexicon = folder / "nations" / "lexicons" / "es.yaml"
    lexicon.write_text(lexicon.read_text("utf-8").replace("afirmó", "proclamó"), "utf-8")
    changed = open_small(folder, nations_dir=str(folder / "nations"), **settings)
    assert changed.pending("embeddings").is_empty()
    assert set(changed.pending("extractions")["nation"]) == {"es"}


def test_two_languages_in_one_nation_and_one_language_in_two(tmp_path: Path) -> None:
    (tmp_path / "nations").mkdir()
    (tmp_path / "nations" / "lu.yaml").write_text(
        "{code: lu, name: Luxembourg, languages: [fr, de], official_sources: [{name: Chambre}], "
        "home_terms: {fr: [luxembourgeois], de: [luxemburgisch]}}",
        "utf-8",
    )
    french = (
        "« L'État doit protéger les forêts du pays », a déclaré Marie Weber, ministre de l'Environnement, lundi soir."
    )
    german = (
        "„Der Staat muss die Wälder des Landes schützen“, sagte Marie Weber am Montag in der Sitzung des Parlaments."
    )
    records = [article("lu", french, url="u1"), article("lu", german, url="u2"), article("fr", french, url="u3")]
    write_jsonl(tmp_path / "a.jsonl", [*records, article("fr", german, url="u4")])
    own = {"nations_dir": str(tmp_path / "nations"), "nations": ["lu", "fr"], "screening": {"keep": "all"}}
    view = open_small(tmp_path, **own)
    run_until(view, "triples")
    triples = rows(view, "triples").filter(pl.col("rejected_reason").is_null())
    assert sorted(triples.select("nation", "language").rows()) == [("fr", "fr"), ("lu", "de"), ("lu", "fr")]
    refused = rows(view, "articles").filter(pl.col("rejected_reason") == "other_language")
    assert refused.select("nation", "url").rows() == [("fr", "u4")]


@pytest.mark.slow
def test_the_command_carries_the_lexicon_to_its_workers(folder: Path) -> None:
    arguments = [f"--set={key}={value}" for key, value in SETTINGS.items()]
    navab("run", "--set", f"lake={folder / 'lake'}", "--set", f"nations_dir={folder / 'nations'}", *arguments)
    release = load_release(str(folder / "lake" / "releases" / "benchmark"))
    assert set(release["nation"]) == {"es"}
    assert release.height == STATEMENTS - 2, "one foreign speaker, one side of the contradiction"
