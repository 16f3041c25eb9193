"""The sections of a lexicon's data file, each with what its fields mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

StanceKind = Literal["norm", "position", "judgement"]


class Section(BaseModel):
    """Part of a data file: no field but the declared ones, and none that changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StanceGroup(Section):
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


class Negation(Section):
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


class Attribution(Section):
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


class Speakers(Section):
    """How a speaker's name is told from what surrounds it."""

    titles: tuple[str, ...] = Field(description="titles and offices, kept out of the speaker")
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


class Script(Section):
    """A second script of the language: all terms are derived by replacing characters."""

    name: str
    base: str = Field(description="characters of the first script")
    other: str = Field(description="the same characters in the other script, in the same order")
