"""A user's own nations: read from a folder, checked in one line, carried to workers with their lexicons."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from navab.errors import ConfigurationError
from navab.nations.files import read_registry
from navab.nations.registry import Registry

SPAIN = Path(__file__).parent / "es"


def write(folder: Path, name: str, content: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, "utf-8")
    return file


def test_a_folder_that_does_not_exist_adds_nothing(tmp_path: Path) -> None:
    assert read_registry(str(tmp_path / "absent")).nations == Registry.bundled().nations


def test_own_nations_stand_beside_the_bundled_ones() -> None:
    registry = read_registry(str(SPAIN))
    assert set(registry.nations) == {*Registry.bundled().nations, "es"}
    assert registry.get("es").is_official("Agencia EFE", None)
    assert registry.nation_of("https://www.elfarol.es/1") == registry.get("es")


def test_a_lexicon_of_ones_own_travels_with_its_nation_and_no_other() -> None:
    registry: Registry = pickle.loads(pickle.dumps(read_registry(str(SPAIN))))
    spain = registry.get("es")
    assert spain.lexicon("es").language == "es"
    assert spain.lexicon("es") is spain.lexicon("es"), "parsed once a process"
    assert list(spain.own_lexicons) == ["es"]
    assert not registry.get("fr").own_lexicons


def test_a_file_takes_the_place_of_the_bundled_one(tmp_path: Path) -> None:
    write(tmp_path, "fr.yaml", "{code: fr, name: France, languages: [fr, br], home_terms: {fr: [Bretagne]}}")
    write(tmp_path, "lexicons/fr.yaml", (SPAIN / "lexicons" / "es.yaml").read_text("utf-8"))
    france = read_registry(str(tmp_path)).get("fr")
    assert france.languages == ("fr", "br")
    assert france.lexicon("fr").language == "es"
    with pytest.raises(ConfigurationError, match="no lexicon for language 'br'"):
        france.lexicon("br")


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("es.yaml", "code: [", "nation file .*es.yaml is not YAML"),
        ("es.yaml", "{code: es, name: Spain}", "nation file .*es.yaml: languages: Field required"),
        ("es.yaml", "{code: es, name: Spain, languages: [es], capital: Madrid}", "nation file .*es.yaml: capital: "),
        ("sp.yaml", "{code: es, name: Spain, languages: [es]}", "nation file .*sp.yaml: code: .*es.yaml"),
        ("es.yaml", "", "nation file .*es.yaml: Input should be"),
        ("lexicons/es.yaml", "language: [", "lexicon .*es.yaml is not YAML"),
        ("lexicons/es.yaml", "language: es", "lexicon .*es.yaml, spaced: Field required"),
    ],
)
def test_a_wrong_file_is_named_with_its_field(tmp_path: Path, name: str, content: str, line: str) -> None:
    write(tmp_path, name, content)
    with pytest.raises(ConfigurationError, match=line) as raised:
        read_registry(str(tmp_path))
    assert "\n" not in str(raised.value)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "es.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match=r"es\.yaml cannot be read"):
        read_registry(str(tmp_path))
