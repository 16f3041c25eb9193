"""Lexicons: all that navab's rules know of a language, one data file a language.

No code names a language: what differs in grammar is an option that the lexicon declares.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from importlib import resources
from typing import Any

import yaml
from pydantic import Field, PrivateAttr, ValidationError

from navab.errors import ConfigurationError
from navab.plain_yaml import parse_words
from navab.text.lexicon_sections import Attribution, Negation, Script, Section, Speakers, StanceGroup
from navab.text.phrases import capitalise, phrase_pattern, start_pattern
from navab.text.polarity_words import Polarity, PolarityReader
from navab.text.stance_forms import StanceForm, forms_by_head, invertible

_WORD = re.compile(r"\w+")
UPPER = "A-ZÀ-ÖØ-ÞŒŠŽĐĆČŁ"


class Lexicon(Section):
    """All language data of the rules engine and the polarity judge."""

    language: str
    spaced: bool = Field(description="words are separated by spaces")
    sentence_ends: str
    clause_marks: str = Field(description="characters that separate clauses")
    quotes: tuple[tuple[str, str], ...]
    abbreviations: tuple[str, ...] = ()
    ordinal_nouns: tuple[str, ...] = Field((), description="words before which '3.' is an ordinal, not an end")
    statement_length: tuple[int, int] = Field(description="shortest and longest statement, in characters")
    least_score: float = Field(1.0, description="score from which a sentence is kept as a statement")
    clause_statements: bool = Field(False, description="a statement is one clause, not the whole sentence")
    open_endings: tuple[str, ...] = Field((), description="a clause that ends so goes on in the next")
    question: str = Field(description="question template of stance forms that declare none")
    question_mark: str = "?"
    full_stop: str = "."
    question_openers: tuple[str, ...] = Field((), description="words that make a sentence a question")
    leading_questions: tuple[str, ...] = Field((), description="regular expressions: questions that suggest an answer")
    question_keeps_order: bool = Field(False, description="a question may have the statement's words in their order")
    verb_second: bool = Field(False, description="whatever opens a clause is followed by its finite verb")
    stances: tuple[StanceGroup, ...]
    reported_positions: tuple[str, ...] = Field((), description="stance groups whose subject is the speaker")
    speech_only: tuple[str, ...] = Field((), description="stance groups too weak for the outlet's own voice")
    decoys: tuple[str, ...] = Field((), description="phrases that hold a stance form but take no stance")
    decoy_patterns: tuple[str, ...] = Field((), description="the same as regular expressions, matched at the form")
    free_openings: tuple[str, ...] = Field((), description="nouns that begin like a subordinator and are none")
    closed_endings: tuple[str, ...] = Field((), description="open endings that may yet end a sentence")
    contrasts: tuple[str, ...] = Field((), description="a clause and its connector before the stance's own clause")
    relatives: tuple[str, ...] = Field((), description="relative pronouns; such a clause may belong to the subject")
    complement_nouns: tuple[str, ...] = Field((), description="nouns whose 'that' opens no relative clause (idea)")
    clause_openers: tuple[str, ...] = Field((), description="words that, behind a relative pronoun, are its subject")
    vague_complements: tuple[str, ...] = Field((), description="regular expressions of what, behind a stance, is vague")
    negation: Negation = Negation()
    contractions: Mapping[str, str] = Field(default_factory=dict, description="word pairs that merge: 'à le ' -> 'au '")
    elisions: Mapping[str, str] = Field(default_factory=dict, description="endings shortened before a vowel")
    subordinators: tuple[str, ...] = Field((), description="words that open a subordinate clause")
    connectors: tuple[str, ...] = Field((), description="openings such as 'but' that a statement does without")
    asides: tuple[str, ...] = Field((), description="forms of address inside a sentence, regular expressions")
    noun_continuations: tuple[str, ...] = Field((), description="small words that lengthen a subject behind its noun")
    subject_pronouns: tuple[str, ...] = Field((), description="pronouns that are the subject wherever they stand")
    attributives: tuple[str, ...] = Field((), description="words that open an attribute behind a subject's comma")
    inverting: tuple[str, ...] = Field((), description="adverbs that a statement does without, followed by its verb")
    rewrites: tuple[tuple[str, str], ...] = Field((), description="regular expression -> what a statement says instead")
    opinion_prefixes: tuple[str, ...] = Field((), description="'I think that' and the like, regular expressions")
    first_person: tuple[str, ...] = Field((), description="subjects too personal for a statement")
    unclear: tuple[str, ...] = Field(description="openings that point outside the statement")
    unclear_inside: tuple[str, ...] = Field((), description="words that point outside unless somebody is named before")
    anaphora: tuple[str, ...] = Field((), description="pronouns that need a noun before them in the statement")
    explained: tuple[str, ...] = Field((), description="patterns of what looks unclear, but is explained further on")
    codas: tuple[str, ...] = Field((), description="openings, as patterns, of a further clause that a statement omits")
    expletives: tuple[str, ...] = Field((), description="openings that look like an unclear one but are none")
    finite_words: tuple[str, ...] = Field((), description="verbs that, before the stance, show another main verb")
    capitalised: tuple[str, ...] = Field((), description="adjectives written large inside a sentence")
    name_followers: tuple[str, ...] = Field((), description="small words that may follow a name in a subject")
    leads: tuple[str, ...] = Field((), description="words that open an adverbial before the subject (in, if, with)")
    uncapitalised: tuple[str, ...] = Field((), description="words written small inside a sentence")
    value_words: tuple[str, ...] = Field(description="beginnings of words that speak of values and public affairs")
    trivial_words: tuple[str, ...] = Field(description="beginnings of words of sport, show business, weather, markets")
    boilerplate: tuple[str, ...] = Field((), description="regular expressions of text that is no article")
    orders: tuple[str, ...] = Field((), description="regular expressions of orders to a model that reads the article")
    attribution: Attribution
    speakers: Speakers
    countries: tuple[str, ...] = Field(description="countries, peoples and adjectives of the world, incl. home")
    stopwords: tuple[str, ...] = Field(description="words without content for comparing statements")
    negators: tuple[str, ...] = Field(description="words and phrases that negate")
    polarity: Polarity = Polarity()
    script: Script | None = None
    _characters: Mapping[int, int] = PrivateAttr(default_factory=dict)  # of the file's script -> of this one

    # By identity, as a key of caches: hashing all its words would cost more than what is kept.
    __hash__ = object.__hash__
    __eq__ = object.__eq__

    def for_text(self, text: str) -> Lexicon:
        """Choose the lexicon of the script that a text is written in."""
        if self.script is None or not self._other_script.search(text):
            return self
        return self._in_other_script

    @cached_property
    def _other_script(self) -> re.Pattern[str]:
        assert self.script is not None
        return re.compile(f"[{self.script.other}]")

    @cached_property
    def _in_other_script(self) -> Lexicon:
        assert self.script is not None
        table = str.maketrans(self.script.base, self.script.other)
        data = _translated(self.model_dump(mode="json", exclude={"script", "polarity"}), table)
        lexicon = Lexicon.model_validate(data | {"polarity": self.polarity})
        lexicon._characters = table
        return lexicon

    def as_written(self, words: Sequence[str]) -> tuple[str, ...]:
        """Words in the script of the lexicon's file, as they are written in that of this lexicon."""
        return tuple(word.translate(self._characters) for word in words)

    @cached_property
    def polarity_reader(self) -> PolarityReader:
        """Reads what turns a statement round; texts in another script are converted to that of the lexicon's file."""
        return PolarityReader(self.polarity, self.negators, self.stopwords, spaced=self.spaced)

    def negates(self, text: str) -> bool:
        """Whether a text holds one of the lexicon's negators."""
        return bool(self._negator_pattern.search(text.casefold()))

    @cached_property
    def _negator_pattern(self) -> re.Pattern[str]:
        return phrase_pattern(self.negators, self.spaced)

    def _pattern(self, phrases: tuple[str, ...]) -> re.Pattern[str]:
        """Compile a list of this lexicon's phrases, in small and capitalised writing."""
        if not self.spaced:
            return phrase_pattern(phrases, False)
        return phrase_pattern([*phrases, *map(capitalise, phrases)], True)

    @cached_property
    def order_pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(f"(?:{p})" for p in self.orders) or "(?!)", re.IGNORECASE)

    @cached_property
    def nobody(self) -> frozenset[str]:
        """Who cannot be cited, casefolded."""
        return frozenset(word.casefold() for word in (*self.speakers.nobody, *self.speakers.pronouns))

    @cached_property
    def stance_forms(self) -> Mapping[str, StanceForm]:
        """All stance forms by what stands before their gap: the longest match wins."""
        return forms_by_head(invertible(self.stances))

    def may_take_stance(self, text: str) -> bool:
        """Whether a text holds a word of a stance form: none that is made of it can have a form if not."""
        return not self.spaced or not self._stance_words.isdisjoint(_WORD.findall(text))

    @cached_property
    def _stance_words(self) -> frozenset[str]:
        """The longest word of each form, and all words that rewriting adds."""
        longest = {max(_WORD.findall(head), key=len, default="") for head in self.stance_forms}
        added = {word for _, plain in self.rewrites for word in _WORD.findall(plain)}
        return frozenset(written for word in longest | added for written in (word, capitalise(word)))

    @cached_property
    def decoy_set(self) -> frozenset[str]:
        return frozenset(self.decoys)

    @cached_property
    def decoy_pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(f"(?:{p})" for p in self.decoy_patterns) or "(?!)", re.IGNORECASE)

    @cached_property
    def stance_pattern(self) -> re.Pattern[str]:
        return self._pattern((*self.stance_forms, *self.decoys))

    @cached_property
    def promising_pattern(self) -> re.Pattern[str]:
        """Match what a sentence with a stance holds, in plain or in reported mood."""
        elided = [c for c in self.attribution.connectors if c.endswith(("'", "’"))]
        forms = tuple(head for head, form in self.stance_forms.items() if not form.group.quiet)
        behind = [c + form for c in elided for form in forms if form[0] in "aeiouyéè"]
        return self._pattern((*forms, *behind, *self.attribution.reported))

    def promising_places(self, text: str) -> list[int]:
        """Where a text holds what `promising_pattern` matches."""
        if not self.spaced:
            return [match.start() for match in self.promising_pattern.finditer(text)]
        opening = self.promising_pattern.match(text)
        behind = self._promising_starts.finditer(text, opening.end() if opening else 0)
        return [0] * bool(opening) + [match.start() + 1 for match in behind]

    @cached_property
    def _promising_starts(self) -> re.Pattern[str]:
        return start_pattern(self.promising_pattern)

    @cached_property
    def has_quiet_forms(self) -> bool:
        return any(group.quiet for group in self.stances)

    @cached_property
    def position_pattern(self) -> re.Pattern[str]:
        """Match the forms of positions that may be reported."""
        groups = tuple(g for g in invertible(self.stances) if g.name in self.reported_positions)
        return self._pattern(tuple(forms_by_head(groups)))

    @cached_property
    def reporting_pattern(self) -> re.Pattern[str]:
        rules = self.attribution
        return self._pattern((*rules.verbs, *rules.wider_verbs, *self.inverted_set))

    @cached_property
    def wider_set(self) -> frozenset[str]:
        return frozenset(self.attribution.wider_verbs)

    @cached_property
    def inverted_set(self) -> frozenset[str]:
        """All verb forms that carry their own pronoun."""
        rules = self.attribution
        return frozenset(rules.inverted) | {verb + pronoun for verb in rules.verbs for pronoun in rules.inversions}

    @cached_property
    def determiner_set(self) -> frozenset[str]:
        return frozenset(self.speakers.determiners)

    @cached_property
    def elided_determiners(self) -> tuple[str, ...]:
        return tuple(word for word in self.speakers.determiners if word.endswith("'"))

    @cached_property
    def title_set(self) -> frozenset[str]:
        return frozenset(self.speakers.titles)

    @cached_property
    def not_name_set(self) -> frozenset[str]:
        return frozenset(self.speakers.not_names)

    @cached_property
    def common_set(self) -> frozenset[str]:
        """Words that by themselves are no name."""
        return frozenset((*self.speakers.pronouns, *self.uncapitalised))

    @cached_property
    def elided_first_person(self) -> tuple[str, ...]:
        return tuple(word for word in self.first_person if word.endswith(("'", "’")))

    @cached_property
    def content_pattern(self) -> re.Pattern[str]:
        return self._pattern(self.attribution.connectors)

    @cached_property
    def source_pattern(self) -> re.Pattern[str]:
        return self._pattern(self.attribution.according_to)

    @cached_property
    def source_behind_pattern(self) -> re.Pattern[str]:
        return self._pattern(self.attribution.according_behind)

    @cached_property
    def mood_pattern(self) -> re.Pattern[str]:
        return re.compile(self.attribution.moods)

    @cached_property
    def own_voice_pattern(self) -> re.Pattern[str]:
        return phrase_pattern(self.attribution.own_voice, self.spaced)

    @cached_property
    def subordinator_pattern(self) -> re.Pattern[str]:
        return self._pattern(self.subordinators)

    @cached_property
    def connector_pattern(self) -> re.Pattern[str]:
        return self._pattern(self.connectors)

    @cached_property
    def inverting_pattern(self) -> re.Pattern[str]:
        return self._pattern(self.inverting)

    @cached_property
    def rewriting(self) -> list[tuple[re.Pattern[str], str]]:
        return [(re.compile(pattern), plain) for pattern, plain in self.rewrites]

    @cached_property
    def explained_pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(self.explained) or "(?!)")

    @cached_property
    def coda_pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(self.codas) or "(?!)")

    @cached_property
    def question_pattern(self) -> re.Pattern[str]:
        return self._pattern(self.question_openers)

    @cached_property
    def leading_pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(self.leading_questions) or "(?!)", re.IGNORECASE)


@cache
def load_lexicon(code: str) -> Lexicon:
    """Read a bundled lexicon once; raises ConfigurationError naming the known codes."""
    folder = resources.files("navab.text") / "lexicons"
    file = folder / f"{code}.yaml"
    if not code.isalnum() or not file.is_file():
        known = ", ".join(sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml")))
        raise ConfigurationError(f"no lexicon for language '{code}': known languages are {known}")
    return parse_lexicon(f"{code}.yaml", file.read_text("utf-8"))


@cache
def parse_lexicon(name: str, content: str) -> Lexicon:
    """A lexicon from its YAML, once a process; raises ConfigurationError naming `name` and the field that is wrong."""
    try:
        data = parse_words(content)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"lexicon {name} is not YAML: {' '.join(str(error).split())}") from None
    try:
        return Lexicon.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigurationError(f"lexicon {name}, {where}: {first['msg']}") from None


def _translated(value: Any, table: Mapping[int, int]) -> Any:
    """Replace the characters of every string in nested data, keys of word maps included."""
    if isinstance(value, str):
        return value.translate(table)
    if isinstance(value, list):
        return [_translated(item, table) for item in value]
    if isinstance(value, dict):
        return {key.translate(table): _translated(item, table) for key, item in value.items()}
    return value
