"""The rules engine: answers extraction and triples without a model, from the lexicons alone."""

from __future__ import annotations

import bisect
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from navab.errors import ConfigurationError
from navab.models.engine import Request, Response
from navab.models.responses import (
    LONGEST_EVIDENCE,
    LONGEST_SPEAKER,
    LONGEST_STATEMENT,
    ExtractedStatement,
    Extraction,
    TripleText,
)
from navab.models.rules.article import Article
from navab.models.rules.normative import (
    OWN_VOICE_SCORE,
    holder,
    is_mostly_quoted,
    is_own_voice,
    is_slight,
    may_have_holder,
)
from navab.models.rules.questions import ask
from navab.models.rules.quotations import Quotation, quotations
from navab.models.rules.reversal import reverse
from navab.models.rules.speakers import speaker_nation
from navab.models.rules.statements import Candidate, make_statement
from navab.models.rules.tags import tag_article
from navab.models.rules.wordorder import in_third_person, main_clause, named_subject
from navab.nations.registry import Nation, Registry
from navab.text.lexicon import Lexicon
from navab.text.sentences import Span, find_quotes, split_sentences

_LONG_EVIDENCE = 600  # from here on only the sentence of a quotation is its evidence
# Why there is no answer.
NO_LEXICON = "no_lexicon"
NO_REVERSAL = "no_reversal"
UNKNOWN_NATION = "unknown_nation"
UNKNOWN_TASK = "unknown_task"
_LONG_QUOTE = 40


@dataclass(frozen=True, slots=True)
class _Ranked:
    score: float
    place: int
    statement: ExtractedStatement


class RulesEngine:
    """Baseline engine: reporting verbs, stance markers and their opposites, per language."""

    name = "rules"

    def __init__(self, max_statements: int = 5, registry: Registry | None = None) -> None:
        self.max_statements = max_statements
        self.registry = registry or Registry.bundled()

    def generate(self, requests: Sequence[Request]) -> list[Response]:
        """Answer requests in order; what cannot be answered becomes an error, never an exception."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: Request) -> Response:
        started = time.perf_counter()
        answer = self._dispatch(request)
        if isinstance(answer, str):
            return Response(parsed=None, error=answer)
        return Response(parsed=answer, latency_s=time.perf_counter() - started)

    def _dispatch(self, request: Request) -> BaseModel | str:
        """The response, or the reason why there is none."""
        nation = self.registry.nations.get(request.nation)
        if nation is None:
            return UNKNOWN_NATION
        if request.task == "tags":
            return tag_article(request.inputs.get("title", ""), request.inputs.get("text", ""), request.language)
        try:
            lexicon = nation.lexicon(request.language)
        except ConfigurationError:
            return NO_LEXICON
        if request.task == "triples":
            return make_triple(request.inputs.get("statement", ""), lexicon) or NO_REVERSAL
        if request.task == "extraction":
            official = request.inputs.get("official") == "true"
            return extract(request.inputs.get("text", ""), nation, lexicon, official, self.max_statements)
        return UNKNOWN_TASK


def make_triple(statement: str, lexicon: Lexicon) -> TripleText | None:
    """Turn a statement round and ask what both answer; None if that cannot be done well."""
    lexicon = lexicon.for_text(statement)
    reversed_statement, question = reverse(statement, lexicon), ask(statement, lexicon)
    if not reversed_statement or not question:
        return None
    return TripleText(question=question, reversed_statement=reversed_statement)


def extract(text: str, nation: Nation, lexicon: Lexicon, official: bool, limit: int = 5) -> Extraction:
    """Extract the `limit` best value statements of an article, in reading order."""
    lexicon = lexicon.for_text(text)
    best: dict[str, _Ranked] = {}
    for ranked in _statements(text, nation, lexicon, official):
        best.setdefault(ranked.statement.text, ranked)
    chosen = sorted(best.values(), key=lambda r: (-r.score, r.place))[:limit]
    return Extraction(statements=[r.statement for r in sorted(chosen, key=lambda r: r.place)])


def _statements(text: str, nation: Nation, lexicon: Lexicon, official: bool) -> Iterator[_Ranked]:
    hits = lexicon.promising_places(text)
    if not hits:
        return
    quotes = find_quotes(text, lexicon)
    article = Article.of(text, split_sentences(text, lexicon, quotes), quotes)
    if lexicon.has_quiet_forms:
        hits += [quote.start for quote in quotes if quote.end - quote.start > _LONG_QUOTE]
    for index in _promising(article, hits):
        found = False
        for quotation in quotations(article, index, lexicon):
            if quotation.doubtful:
                continue
            found = True
            yield from _quoted(article, quotation, nation, lexicon)
        if not found:
            yield from _reported(article, index, nation, lexicon, official)


def _promising(article: Article, hits: list[int]) -> list[int]:
    """Return the sentences with a stance marker: one scan of the text spares looking at all others."""
    starts = [sentence.start for sentence in article.sentences]
    return sorted({max(0, bisect.bisect_right(starts, hit) - 1) for hit in hits})


def _quoted(article: Article, quotation: Quotation, nation: Nation, lexicon: Lexicon) -> Iterator[_Ranked]:
    text = article.text
    content = quotation.content.of(text)
    parts = split_sentences(content, lexicon, [])
    for part in parts:
        said = part.of(content)
        if not quotation.direct:
            plain = main_clause(said, lexicon, quotation.verb_final)
            if plain is None:
                continue
            said = named_subject(plain, quotation.speaker.of(text), lexicon)
        else:
            said = in_third_person(said, quotation.speaker.of(text), lexicon)
        candidate = make_statement(said, lexicon)
        if candidate is None or (quotation.direct and _is_cut_off(said, candidate, lexicon)):
            continue
        at = quotation.content.start + part.start
        evidence = quotation.evidence
        if evidence.end - evidence.start > _LONG_EVIDENCE:
            evidence = Span(at, quotation.content.start + part.end)
        statement = _statement(candidate, evidence, quotation.speaker, text=text, nation=nation, lexicon=lexicon)
        if statement is not None:
            yield _Ranked(candidate.score + 0.5, at, statement)


def _is_cut_off(said: str, candidate: Candidate, lexicon: Lexicon) -> bool:
    """Tell a quotation that begins inside a phrase ('the “ministry must act”'): written small, without article."""
    first = said.strip().split(" ", 1)[0]
    if not lexicon.spaced or not first[:1].islower() or candidate.stance.group.names_subject:
        return False
    known = any(first.startswith(w) if w[-1] in "'’" else first == w for w in lexicon.uncapitalised)
    return not known and first not in lexicon.connectors


def _reported(article: Article, index: int, nation: Nation, lexicon: Lexicon, official: bool) -> Iterator[_Ranked]:
    """A sentence outside speech: somebody's position that it reports, or the outlet's own norm."""
    text, sentence = article.text, article.sentences[index]
    if not official and not may_have_holder(text, sentence, lexicon):
        return
    if is_mostly_quoted(article, sentence):
        return
    candidate = make_statement(sentence.of(text), lexicon)
    if candidate is None:
        return
    speaker = holder(article, sentence, candidate, lexicon)
    if speaker and is_slight(candidate, lexicon):
        return
    if speaker:
        said = _statement(candidate, sentence, speaker, text=text, nation=nation, lexicon=lexicon)
    elif official and _is_own_norm(candidate, lexicon) and is_own_voice(article, index, lexicon):
        said = _statement(candidate, sentence, None, text=text, nation=nation, lexicon=lexicon)
    else:
        return
    if said is not None:
        yield _Ranked(candidate.score, sentence.start, said)


def _is_own_norm(candidate: Candidate, lexicon: Lexicon) -> bool:
    """Tell whether a candidate is strong enough for the outlet's own voice."""
    weak = (*lexicon.reported_positions, *lexicon.speech_only)
    if not lexicon.spaced and lexicon.reporting_pattern.search(candidate.text, 0, candidate.stance.start):
        return False
    return candidate.score >= OWN_VOICE_SCORE and candidate.stance.group.name not in weak


def _statement(
    candidate: Candidate, evidence: Span, speaker: Span | None, *, text: str, nation: Nation, lexicon: Lexicon
) -> ExtractedStatement | None:
    """The statement, or nothing if a part of it is longer than any answer may be."""
    said_by = speaker.of(text) if speaker else None
    if (
        len(candidate.text) > LONGEST_STATEMENT
        or evidence.end - evidence.start > LONGEST_EVIDENCE
        or len(said_by or "") > LONGEST_SPEAKER
    ):
        return None
    return ExtractedStatement(
        text=candidate.text,
        evidence=evidence.of(text),
        speaker=said_by,
        source_type="quoted" if speaker else "official",
        speaker_nation=speaker_nation(text, speaker, nation, lexicon) if speaker else "home",
    )
