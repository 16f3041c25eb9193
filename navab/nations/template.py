"""Commented templates of a nation's file and of a lexicon, filled with what CLDR and stopword lists know.

The user edits what remains: outlets, home terms, reporting verbs and stances cannot be known from outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap
from typing import get_origin

import stopwordsiso
import yaml
from babel import Locale, UnknownLocaleError
from babel.languages import get_official_languages
from babel.localedata import locale_identifiers
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from navab.errors import ConfigurationError
from navab.text.lexicon import Lexicon

_TERRITORIES = {"uk": "GB"}  # codes of nations that are no ISO 3166 codes
_DATE_ORDERS = {"d": "dmy", "M": "mdy", "y": "ymd", "G": "ymd"}
_WIDTH = 116
_EXAMPLE_STANCES = """\
# Markers of what ought to be, of being for or against, of right and wrong, each with its reversal, written out in
# every form that occurs. Fields of a group: name, kind (norm, position or judgement), weight, affirmative and negative
# (form: reversal), ask (form: question, where irregular); more in the documentation. In English it would begin:
#   - name: duty
#     kind: norm
#     weight: 1.0
#     affirmative: {must: must not, should: should not}
#     negative: {must not: must, should not: should}
"""


def nation_template(code: str, name: str | None, languages: Sequence[str]) -> str:
    """The file of a nation by its code; `name` and `languages` are asked for where CLDR does not know them."""
    territory = _TERRITORIES.get(code, code.upper())
    name = name or Locale("en").territories.get(territory)
    for language in languages:
        _locale(language)
    official = get_official_languages(territory, de_facto=True)
    languages = languages or [language for language in official if language in locale_identifiers()]
    if not name or not languages:
        raise ConfigurationError(
            f"'{code}' is no country code of ISO 3166 that tells name and languages: give --name and --language"
        )
    if len(code) not in (2, 3) or not code.isascii() or not code.isalpha() or not code.islower():
        raise ConfigurationError(f"nation code '{code}': two or three lower-case letters, such as es")
    home = "\n".join(f"  {_quoted(language)}: {_flow(_home_names(territory, language), 6)}" for language in languages)
    return f"""\
# {name}: what navab knows of the nation. Every field: docs/configuration.md, "A nation's data file".
# `navab nations check {code}` tells what is missing.
code: {_quoted(code)}  # the name of this file, and what records have in their field `nation`
name: {_scalar(name)}
# ISO 639-1 codes: an article in another language is rejected. A language without a lexicon gives no statements with
# the rules engine.
languages: {_flow(languages, 2)}
# Outlets that the state owns or that speak for it: only they can speak in their own voice. Be strict: a private
# newspaper is not official, however close to a government. One line each, such as:
#   - {{name: Public Radio, aliases: [PR, PR News], domains: [publicradio.example]}}
official_sources: []
# Domains of its other outlets and its country code: they place an article in this nation if its record names none.
domains: [{_quoted(code)}]
date_order: {_date_order(territory, languages[0])}  # how its people write 3 May 2024 in digits
# Words that place a speaker at home, by language: add adjectives and peoples in every form, the capital, parliament,
# government, parties.
home_terms:
{home}
# Offices that are at home unless a foreign country is named beside them: of head of state, ministers, members of
# parliament, as this nation calls them. By language, such as:
#   {_quoted(languages[0])}: [minister of]
home_titles: {{}}
# Confidence below which an article's language is uncertain.
# min_confidence: 0.5
# Which lexicon reads which language, where the names differ.
# lexicons: {{{_quoted(languages[0])}: {_quoted(languages[0])}}}
# models: {{embedder: null}}  # a sentence-transformers model of its own; null takes the configuration's embedder
"""


def lexicon_template(language: str) -> str:
    """The lexicon of a language: required fields to fill in, all others commented out with what they mean."""
    known = _known_words(language)
    lines = [
        f"# {_language_name(language)}: all that the rules engine and the judge of contradictions know of it.",
        '# Words are whole words unless the field says "beginnings". Quote words that YAML reads as something else.',
        "# Fill in what has no comment mark; take the mark away where a field is needed. Every field:",
        '# docs/configuration.md, "A lexicon". The lexicon of a near language shows how: navab/text/lexicons/.',
        *_fields(Lexicon, known, ""),
    ]
    return "\n".join(lines) + "\n"


def _fields(model: type[BaseModel], known: dict[str, str], path: str) -> Iterator[str]:
    """The lines of a model's fields; nested ones that are required are written out."""
    indent = "  " * path.count(".")
    for name, info in model.model_fields.items():
        place = f"{path}{name}"
        nested = (
            info.annotation if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel) else None
        )
        if nested and info.is_required():
            yield f"{indent}{name}:"
            yield from _fields(nested, known, f"{place}.")
            continue
        if name == "stances":
            yield _EXAMPLE_STANCES.rstrip("\n")
        elif info.description:
            yield from (f"{indent}# {line}" for line in wrap(info.description, _WIDTH - len(indent)))
        value = known.get(place)
        if value is not None or info.is_required():
            yield f"{indent}{name}: {value if value is not None else _empty(info)}"
        else:
            yield f"{indent}# {name}:"


def _empty(info: FieldInfo) -> str:
    return "[]" if get_origin(info.annotation) is tuple else "''"


def _known_words(language: str) -> dict[str, str]:
    """Values of fields by their paths, from CLDR and stopword lists; general ones for the rest."""
    locale = _locale(language)
    names = [text for key, text in locale.territories.items() if len(key) == 2 and key.isalpha()]
    calendar = [*locale.months["format"]["wide"].values(), *locale.days["format"]["wide"].values()]
    spaced = language not in {"zh", "ja", "th", "lo", "km", "my"}
    return {
        "language": _quoted(language),
        "spaced": str(spaced).lower(),
        "sentence_ends": "'.!?…'" if spaced else "'。！？…'",
        "clause_marks": "',;:'" if spaced else "'，；：、'",
        "quotes": """[['«', '»'], ['“', '”'], ['"', '"']]""",
        "statement_length": "[22, 260]" if spaced else "[8, 90]",
        "least_score": "0.5",
        "countries": _flow(sorted(set(names)), 2),
        "stopwords": _flow(sorted(stopwordsiso.stopwords(language)), 2),
        "speakers.not_names": _flow(sorted({word[:1].upper() + word[1:] for word in calendar}), 4),
    }


def _home_names(territory: str, language: str) -> list[str]:
    try:
        name = Locale.parse(language).territories.get(territory)
    except (UnknownLocaleError, ValueError):
        return []
    return [name] if name else []


def _date_order(territory: str, language: str) -> str:
    """How dates are written in a territory; year first where CLDR does not know."""
    try:
        pattern = Locale.parse(f"{language}_{territory}").date_formats["short"].pattern
    except (UnknownLocaleError, ValueError):
        return "ymd"
    return next((_DATE_ORDERS[letter] for letter in pattern if letter in _DATE_ORDERS), "ymd")


def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        raise ConfigurationError(f"language '{language}' is no ISO 639 code that CLDR knows, such as es") from None


def _language_name(language: str) -> str:
    return _locale(language).get_language_name("en") or language


def _scalar(text: str) -> str:
    """A text as YAML writes it in one line."""
    return yaml.safe_dump(text, allow_unicode=True, width=10**6).removesuffix("...\n").strip()


def _flow(words: Iterable[str], indent: int) -> str:
    """A YAML list in brackets, wrapped."""
    text = ", ".join(_quoted(word) for word in words)
    return (
        "["
        + f"\n{' ' * indent}".join(wrap(text, _WIDTH - indent, break_long_words=False, break_on_hyphens=False))
        + "]"
    )


def _quoted(word: str) -> str:
    """A word as it stands in a list in brackets."""
    plain = yaml.safe_load(f"[{word}]") == [word] if word and not set(word) & set("[]{},:#&*'\"") else False
    return word if plain else "'" + word.replace("'", "''") + "'"
