"""Lexicons: all that navab's rules know of a language, one data file a language.

No code names a language: what differs in grammar is an option that the lexicon declares.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, cached_property
from importlib import resources
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from navab.errors import ConfigurationError
from navab.text.phrases import capitalise, phrase_pattern, start_pattern
from navab.text.polarity_words import Polarity, PolarityReader

StanceKind = Literal["norm", "position", "judgement"]
_WORD = re.compile(r"\w+")
UPPER = "A-ZÀ-ÖØ-ÞŒŠŽĐĆČŁ"


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StanceGroup(_Data):
    """Stance markers that are reversed and asked about in the same way.

    A form may hold one gap: `…` is where negation goes, `~` is the end of the clause (a separable particle).
    A tail that begins with `^` stands for a negated subject before the form (negation.subjects).
    """

    name: str
    kind: StanceKind = Field(description="norm: what ought to be; position: for or against; judgement: right or wrong")
    weight: float = Field(description="how strongly the marker alone speaks for a value statement")
    affirmative: Mapping[str, str] = Field(default_factory=dict, description="positive form -> its reversal")
    negative: Mapping[str, str] = Field(default_factory=dict, description="negative form -> its reversal")
    question: str = Field(
        "", description="of the positive form: {form}, {first}, {rest}; … holds the subject; empty: the lexicon's"
    )
    ask: Mapping[str, str] = Field(default_factory=dict, description="positive form -> question, where irregular")
    names_subject: bool = Field(False, description="the form begins with its own subject, as in 'we support'")
    after: tuple[str, ...] = Field((), description="endings that the words before the form must have, if there are any")
    not_after: tuple[str, ...] = Field((), description="words that, right before the form, make it something else")
    quiet: bool = Field(False, description="too frequent to look for: found where somebody is quoted")
    needs_subject: bool = Field(True, description="without a subject before the form the clause is no statement")


class Negation(_Data):
    """Where negation goes in a clause whose reversed form has a gap."""

    skip: tuple[str, ...] = Field((), description="words that stay between the finite verb and the negation")
    before: tuple[str, ...] = Field((), description="prepositions: opening a complement, they follow the negation")
    articles: Mapping[str, str] = Field(default_factory=dict, description="indefinite -> negative article")
    restored: Mapping[str, str] = Field(default_factory=dict, description="negative -> indefinite article, where sure")
    polar: Mapping[str, str] = Field(default_factory=dict, description="word of negative clauses -> plain; '' for none")
    instead: Mapping[str, str] = Field(default_factory=dict, description="word -> opposite that replaces negation")
    restored_where: tuple[tuple[str, str, str], ...] = Field(
        (), description="negative article, what follows it (regular expression) -> indefinite article or nothing"
    )
    movable: tuple[str, ...] = Field((), description="adverbs that stand before the negation at a form's end")
    dropped: tuple[str, ...] = Field((), description="adverbs that the negated clause does without")
    partitive: tuple[str, ...] = Field((), description="forms whose negated object has no indefinite article")
    indefinite: str = Field("(?!)", description="that article, as a pattern")
    partitives: tuple[str, str] = Field(("", ""), description="what replaces it, before a consonant and a vowel")
    conjoined: str = Field("(?!)", description="where a first predicate ends and a second begins, as a pattern")
    nominal: tuple[str, ...] = Field((), description="forms that take a noun: what follows is negated by an article")
    bare: tuple[tuple[str, str, str], ...] = Field(
        (), description="noun without article (pattern) -> negative article, and ending that its adjective takes"
    )
    remnant: str = Field("(?!)", description="what, behind a removed negation, shows that more than it must change")
    subjects: Mapping[str, str] = Field(default_factory=dict, description="negated opening of a subject -> positive")


class Attribution(_Data):
    """Who says what."""

    verbs: tuple[str, ...] = Field(description="reporting verbs, in every form that occurs")
    wider_verbs: tuple[str, ...] = Field(
        (), description="verbs that also mean other things: trusted only where a full name stands beside them"
    )
    inverted: tuple[str, ...] = Field((), description="verb forms that carry their own pronoun (dit-il, sagte er)")
    inversions: tuple[str, ...] = Field((), description="pronouns that a reporting verb may carry (-il, -t-elle)")
    connectors: tuple[str, ...] = Field((), description="words that open the content of indirect speech")
    separators: tuple[str, ...] = Field((), description="marks between verb and content that do without a connector")
    bare: bool = Field(False, description="content may follow the verb without connector or separator")
    according_to: tuple[str, ...] = Field((), description="prepositions that name the source first")
    sources_inside: bool = Field(False, description="they occur inside a sentence too, and no comma follows the source")
    according_behind: tuple[str, ...] = Field((), description="postpositions that name the source before them")
    moods: str = Field("(?!)", description="verb form of reported speech (sei, würde), as a pattern")
    verb_final: bool = Field(False, description="the finite verb of a connected clause stands at its end")
    trailing: bool = Field(True, description="'content, said X' without quotation marks occurs")
    continues: bool = Field(False, description="subjectless norms after reported speech belong to the same speaker")
    reported: Mapping[str, str] = Field(default_factory=dict, description="reported mood -> plain mood of a verb")
    auxiliaries: tuple[str, ...] = Field((), description="verbs that may stand before a reporting participle")
    skips: tuple[str, ...] = Field((), description="adverbs between a reporting verb and the name behind it")
    own_voice: Mapping[str, str] = Field(default_factory=dict, description="'I ...' -> the verb behind a name")
    own_subject: tuple[str, ...] = Field((), description="regular expression: (pronoun) for the speaker, and a verb")
    scope_stops: tuple[str, ...] = Field((), description="words that end a speaker's name (in, at, on the phone)")


class Speakers(_Data):
    """How a speaker's name is told from what surrounds it."""

    titles: tuple[str, ...] = Field(description="titles and offices, kept out of the speaker")
    national_titles: tuple[str, ...] = Field((), description="offices that, without a foreign country, are at home")
    bodies: tuple[str, ...] = Field(description="institutions written small, or as common nouns, that speak")
    particles: tuple[str, ...] = Field((), description="small words inside a name (van, de la)")
    plurals: tuple[str, ...] = Field((), description="articles of a plural subject that may hold a position")
    vague_groups: tuple[str, ...] = Field((), description="nouns that name no group (others, measures)")
    indefinites: tuple[str, ...] = Field((), description="articles of a speaker who has no name (a teacher)")
    nobody: tuple[str, ...] = Field((), description="words that are no speaker, beside the pronouns")
    large_nouns: bool = Field(False, description="all nouns are written large")
    pronouns: tuple[str, ...] = Field(description="pronouns that stand for a speaker")
    determiners: tuple[str, ...] = ()
    surnames: str = Field("", description="characters that begin a name, in scripts without capitals")
    not_names: tuple[str, ...] = Field((), description="capitalised words that are no name (weekdays, months, ...)")


class Script(_Data):
    """A second script of the language: all terms are derived by replacing characters."""

    name: str
    base: str = Field(description="characters of the first script")
    other: str = Field(description="the same characters in the other script, in the same order")


class Lexicon(_Data):
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
        return Lexicon.model_validate(data | {"polarity": self.polarity})

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
        return _stance_forms(_invertible(self.stances))

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
        groups = tuple(g for g in _invertible(self.stances) if g.name in self.reported_positions)
        return self._pattern(tuple(_stance_forms(groups)))

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


class StanceForm(_Data):
    """One stance form of a group: `head`, then perhaps `tail` behind a gap."""

    head: str
    tails: Mapping[str, str] = Field(description="tail behind the gap ('' for none) -> the form as written")
    group: StanceGroup


def _invertible(groups: tuple[StanceGroup, ...]) -> tuple[StanceGroup, ...]:
    """Let every reversal be reversed back: what a positive form becomes is a negative form of its group."""
    known = {form for group in groups for form in (*group.affirmative, *group.negative)}
    completed = []
    for group in map(_with_curly, groups):
        new = {b: a for a, b in group.affirmative.items() if b not in known and "…" not in b and "~" not in b}
        completed.append(group.model_copy(update={"negative": {**group.negative, **new}}))
    return tuple(completed)


def _with_curly(group: StanceGroup) -> StanceGroup:
    """Add every form that holds a straight apostrophe with a typographic one."""
    sides = {name: getattr(group, name) for name in ("affirmative", "negative", "ask")}
    curly = {
        name: {a.replace("'", "’"): b.replace("'", "’") for a, b in forms.items() if "'" in a}
        for name, forms in sides.items()
    }
    return group.model_copy(update={name: {**curly[name], **forms} for name, forms in sides.items()})


def _stance_forms(groups: tuple[StanceGroup, ...]) -> dict[str, StanceForm]:
    found: dict[str, tuple[StanceGroup, dict[str, str]]] = {}
    for group in groups:
        for form in (*group.affirmative, *group.negative):
            head, tail = split_gap(form)
            found.setdefault(head, (group, {}))[1].setdefault(tail, form)
    ordered = {head: (group, dict(sorted(tails.items(), key=_longest))) for head, (group, tails) in found.items()}
    return {head: StanceForm(head=head, tails=tails, group=group) for head, (group, tails) in ordered.items()}


def _longest(item: tuple[str, str]) -> int:
    return -item[0].count(" ")


def split_gap(form: str) -> tuple[str, str]:
    """Split a form at its gap; the tail keeps the mark of a clause-final gap."""
    if "…" in form:
        head, tail = form.split("…", 1)
        return head.strip(), tail.strip()
    if "~" in form:
        head, tail = form.split("~", 1)
        return head.strip(), "~" + tail.strip()
    return form, ""


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
        data = yaml.load(content, Loader=yaml.BaseLoader)  # no word becomes a boolean
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
