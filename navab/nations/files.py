"""A user's own nations: `<code>.yaml` in a folder beside the configuration, and lexicons in `lexicons/` below it.

An installed package cannot be written to, and what is written there is lost with the next upgrade. A file here takes
the place of the one that comes with navab under the same name.
"""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import ValidationError

from navab.errors import ConfigurationError
from navab.nations.registry import Nation, Registry
from navab.plain_yaml import RepeatedKeyError, parse_yaml
from navab.text.lexicon import parse_lexicon

LEXICONS = "lexicons"


def read_registry(folder: str) -> Registry:
    """The nations that come with navab and those of a folder, which need not exist.

    Raises ConfigurationError in one line that names the file and the field.
    """
    nations = dict(Registry.bundled().nations)
    own = Path(folder).expanduser()
    nations |= {file.stem: read_nation(file) for file in sorted(own.glob("*.yaml"))}
    lexicons = read_lexicons(own / LEXICONS)
    if lexicons:
        nations = {code: nation.with_lexicons(lexicons) for code, nation in nations.items()}
    return Registry(nations)


def read_nation(file: Path) -> Nation:
    """A nation from its file, which is named by its code."""
    try:
        nation = Nation.model_validate(parse_yaml(_read(file)))
    except RepeatedKeyError as error:
        raise ConfigurationError(f"nation file {file}: {error}") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"nation file {file} is not YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigurationError(f"nation file {file}: {where + ': ' if where else ''}{first['msg']}") from None
    if nation.code != file.stem:
        raise ConfigurationError(
            f"nation file {file}: code: it is '{nation.code}', so name the file {nation.code}.yaml"
        )
    return nation


def read_lexicons(folder: Path) -> dict[str, str]:
    """Contents of the lexicon files of a folder, by their names; all of them are checked."""
    contents = {file.stem: _read(file) for file in sorted(folder.glob("*.yaml"))}
    for code, content in contents.items():
        parse_lexicon(f"{folder / code}.yaml", content)
    return contents


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} cannot be read: {error}") from None
