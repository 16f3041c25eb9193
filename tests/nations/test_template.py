"""Templates: valid as they are written, filled with what CLDR knows."""

from __future__ import annotations

import pytest
import yaml
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from navab.errors import ConfigurationError
from navab.nations.registry import Nation, Registry
from navab.nations.template import lexicon_template, nation_template
from navab.text.lexicon import Lexicon, parse_lexicon

TERRITORIES = sorted(code.lower() for code in Locale("en").territories if len(code) == 2 and code.isalpha())


def nation_of(template: str) -> Nation:
    return Nation.model_validate(yaml.safe_load(template))


def test_a_country_is_known_by_its_code() -> None:
    spain = nation_of(nation_template("es", None, ()))
    assert (spain.code, spain.name, spain.languages, spain.date_order) == ("es", "Spain", ("es",), "dmy")
    assert spain.home_terms == {"es": ("España",)}
    assert spain.home_titles == {}
    assert spain.domains == ("es",)


def test_several_languages_in_one_nation() -> None:
    assert nation_of(nation_template("be", None, ())).languages == ("nl", "fr", "de")
    assert nation_of(nation_template("es", None, ("es", "ca"))).home_terms["ca"] == ("Espanya",)


@given(st.sampled_from(TERRITORIES))
def test_every_country_has_a_valid_template(code: str) -> None:
    try:
        template = nation_template(code, None, ())
    except ConfigurationError as error:
        assert "--language" in str(error)
        template = nation_template(code, "Nowhere: a 'name'", ("en",))
    assert nation_of(template).code == code


def test_a_code_that_yaml_takes_for_something_else() -> None:
    norway = nation_of(nation_template("no", None, ("no",)))
    assert (norway.code, norway.languages, norway.domains) == ("no", ("no",), ("no",))
    assert parse_lexicon("no.yaml", lexicon_template("no")).language == "no"


@pytest.mark.parametrize("code", ["xq", "ES", "spain", "e1"])
def test_what_is_no_country_needs_a_name(code: str) -> None:
    with pytest.raises(ConfigurationError, match=r"--name|two or three"):
        nation_template(code, None, ())


def test_the_bundled_nations_agree_with_cldr() -> None:
    for code, nation in Registry.bundled().nations.items():
        made = nation_of(nation_template(code, None, ()))
        assert (made.name, made.date_order) == (nation.name, nation.date_order)


@pytest.mark.parametrize("language", ["es", "it", "ja", "ar", "hi", "nb"])
def test_a_lexicon_template_is_valid_and_says_what_every_field_means(language: str) -> None:
    template = lexicon_template(language)
    lexicon = parse_lexicon(f"{language}.yaml", template)
    assert lexicon.language == language
    assert len(lexicon.countries) > 200
    assert not lexicon.stances
    for name, field in Lexicon.model_fields.items():
        assert f"{name}:" in template
        assert name == "stances" or not field.description or field.description.split()[0] in template


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="language 'xx'"):
        lexicon_template("xx")
