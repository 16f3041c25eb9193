"""Methods: what is asked about a triple, and what the scores make of it.

Multiple choice shows both statements and reads the answer's letter. Protocol `paper` (NaVAB, arXiv 2504.12911) compares
the perplexity of the whole prompt with either letter, S standing as A for one half of the triples and as B for the
other. Protocol `debiased` shows every triple in both orders and reads the letters alone. Likelihood compares S and RS
as answers to the question, each by its length. Answer judgement has the model answer freely and a judge say whom the
answer stands with.

A condition changes what is shown, to find out what a result rests on: `choices_only` and `question_less` hide the
question, `answer_hidden` hides the answer from the judge. What is left of the correct rate then is not the model's
position on the question.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

from navab.errors import EngineError
from navab.evaluation.prompts import HIDDEN, load_prompts
from navab.evaluation.scorers.base import Choice, Free, Scored, Scorer
from navab.evaluation.triples import Triple

Order = Literal["S", "RS", "none"]  # which of the two stands first
Result = Literal["S", "RS", "tie", "refusal", "off_topic"]
Condition = Literal["full", "choices_only", "question_less", "answer_hidden", "rewritten"]

Item = TypeVar("Item")

ORDERS: tuple[Order, Order] = ("S", "RS")
RESULTS: tuple[Result, ...] = ("S", "RS", "refusal", "off_topic")  # in the order of `Outcome.scores`
TIE = 1e-6  # scores that differ by no more are equal
ANSWER_TOKENS = 64


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one triple in one order.

    `margin` is the score of S less that of RS: per token of the prompt (paper), between letters (debiased, answer
    judgement) or per character (likelihood). `scores` are log-probabilities of S, RS and, where there is a judge, of
    refusal and off_topic; `answer` is what the model said.
    """

    triple_id: int
    order: Order
    outcome: Result
    margin: float
    scores: tuple[float, ...] = ()
    answer: str | None = None

    @property
    def correct(self) -> bool:
        return self.outcome == "S"


class Method(Protocol):
    """Finds the outcomes of triples: one or two a triple, those of a triple together, triples in their order."""

    def outcomes(self, triples: Sequence[Triple], scorer: Scorer) -> list[Outcome]: ...


@dataclass(frozen=True, slots=True)
class MultipleChoice:
    """Both statements are shown, the model picks a letter."""

    protocol: Literal["paper", "debiased"] = "debiased"
    show_question: bool = True

    def outcomes(self, triples: Sequence[Triple], scorer: Scorer) -> list[Outcome]:
        asked = [(triple, order) for triple in triples for order in self._orders(triple)]
        scores = scorer.score([self._choice(triple, order) for triple, order in asked])
        return [self._outcome(*one, found) for one, found in zip(asked, scores, strict=True)]

    def _orders(self, triple: Triple) -> tuple[Order, ...]:
        """Ids are hashes: their parity puts S first for one half of the triples, wherever a triple occurs."""
        return ORDERS if self.protocol == "debiased" else (ORDERS[triple.triple_id % 2],)

    def _choice(self, triple: Triple, order: Order) -> Choice:
        templates = load_prompts().of(triple.language)
        template = templates.choose if self.show_question else templates.choose_without_question
        first, second = _in_order(order, triple.statement, triple.reversed_statement)
        prompt = template.format(question=triple.question, first=first, second=second)
        return Choice(prompt, _letters(2), chat=self.protocol == "debiased")

    def _outcome(self, triple: Triple, order: Order, scored: Sequence[Scored]) -> Outcome:
        statement, reversal = _in_order(order, *scored)
        margin = statement.log_probability - reversal.log_probability
        result = _preferred(margin)
        if self.protocol == "paper":
            if statement.tokens != reversal.tokens:
                raise EngineError(
                    "protocol paper: this model's tokenizer writes the letters with different numbers of tokens, so "
                    "that perplexities are not comparable: use protocol debiased"
                )
            # The prompt's own tokens are the same under both letters: their part of the perplexities cancels out.
            margin /= statement.prompt_tokens + statement.tokens
        scores = (statement.log_probability, reversal.log_probability)
        return Outcome(triple.triple_id, order, result, margin, scores)


@dataclass(frozen=True, slots=True)
class Likelihood:
    """S against RS as the answer to the question, by log-probability per character: for base models.

    The same as `acc_norm` of lm-evaluation-harness on the release's own tasks.
    """

    show_question: bool = True

    def outcomes(self, triples: Sequence[Triple], scorer: Scorer) -> list[Outcome]:
        scores = scorer.score([self._choice(triple) for triple in triples])
        return [self._outcome(*one) for one in zip(triples, scores, strict=True)]

    def _choice(self, triple: Triple) -> Choice:
        texts = (triple.statement, triple.reversed_statement)
        if self.show_question:
            return Choice(triple.question, tuple(f"\n{text}" for text in texts))
        return Choice("", texts)

    def _outcome(self, triple: Triple, scored: Sequence[Scored]) -> Outcome:
        texts = (triple.statement, triple.reversed_statement)
        statement, reversal = (one.log_probability / len(text) for one, text in zip(scored, texts, strict=True))
        margin = statement - reversal
        scores = (scored[0].log_probability, scored[1].log_probability)
        return Outcome(triple.triple_id, "none", _preferred(margin), margin, scores)


@dataclass(frozen=True, slots=True)
class AnswerJudgement:
    """The model answers in its own words, the judge says whom the answer stands with, shown both orders.

    The judge chooses between S, RS, a refusal and off-topic; an empty answer is a refusal without asking. With
    `show_answer` false the judge sees no answer: what it then says is its own leaning.
    """

    judge: Scorer
    show_answer: bool = True
    max_tokens: int = ANSWER_TOKENS
    known: Mapping[int, str] = field(default_factory=dict)  # answers that were given before, by triple

    def outcomes(self, triples: Sequence[Triple], scorer: Scorer) -> list[Outcome]:
        answers = self._answers(triples, scorer)
        asked = [
            (triple, order, answer)
            for triple, answer in zip(triples, answers, strict=True)
            if answer
            for order in ORDERS
        ]
        verdicts = iter(self.judge.score([self._choice(*one) for one in asked]))
        return [
            outcome
            for triple, answer in zip(triples, answers, strict=True)
            for outcome in self._judged(triple, answer, verdicts)
        ]

    def _answers(self, triples: Sequence[Triple], scorer: Scorer) -> list[str]:
        if not self.show_answer:
            return [HIDDEN] * len(triples)
        unknown = [triple for triple in triples if triple.triple_id not in self.known]
        prompts = [
            Free(load_prompts().of(triple.language).ask.format(question=triple.question), self.max_tokens)
            for triple in unknown
        ]
        given = {
            triple.triple_id: answer.strip()
            for triple, answer in zip(unknown, scorer.answer(prompts) if prompts else (), strict=True)
        }
        return [given.get(triple.triple_id) or self.known.get(triple.triple_id, "") for triple in triples]

    def _choice(self, triple: Triple, order: Order, answer: str) -> Choice:
        first, second = _in_order(order, triple.statement, triple.reversed_statement)
        template = load_prompts().of(triple.language).judge
        prompt = template.format(question=triple.question, answer=answer, first=first, second=second)
        return Choice(prompt, _letters(4), chat=True)

    def _judged(self, triple: Triple, answer: str, verdicts: Iterator[tuple[Scored, ...]]) -> Iterator[Outcome]:
        shown = answer if self.show_answer else None
        for order in ORDERS:
            if not answer:
                yield Outcome(triple.triple_id, order, "refusal", 0.0, (), shown)
                continue
            raw = [one.log_probability for one in next(verdicts)]
            scores = _normalised([*_in_order(order, raw[0], raw[1]), *raw[2:]])
            yield Outcome(triple.triple_id, order, best_result(scores), scores[0] - scores[1], scores, shown)


def best_result(scores: Sequence[float]) -> Result:
    """The likeliest of `RESULTS`; a tie if S and RS are likeliest together."""
    best = max(scores)
    found = [result for result, score in zip(RESULTS, scores, strict=False) if best - score <= TIE]
    return "tie" if "S" in found and "RS" in found else found[0]


def _preferred(margin: float) -> Result:
    if math.isnan(margin):
        raise EngineError("the model's scores are not numbers: try evaluation.dtype=float32")
    if abs(margin) <= TIE:
        return "tie"
    return "S" if margin > 0 else "RS"


def _in_order(order: Order, first: Item, second: Item) -> tuple[Item, Item]:
    """From (S, RS) to what stands first and second, and from there back again."""
    return (second, first) if order == "RS" else (first, second)


def _letters(count: int) -> tuple[str, ...]:
    return tuple(f" {letter}" for letter in load_prompts().letters[:count])


def _normalised(scores: Sequence[float]) -> tuple[float, ...]:
    """Log-probabilities among the given options alone."""
    best = max(scores)
    total = best + math.log(sum(math.exp(score - best) for score in scores))
    return tuple(score - total for score in scores)
