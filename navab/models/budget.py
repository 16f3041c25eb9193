"""Budgets: what an engine may use in one run."""

from __future__ import annotations

from dataclasses import dataclass

from navab.options.engine import HttpSection

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens in and out."""

    prompt_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.prompt_tokens + other.prompt_tokens, self.output_tokens + other.output_tokens)


NOTHING_USED = Usage()


@dataclass
class Budget:
    """Tokens and money that requests may use; null is no limit. Requests on their way may overdraw it."""

    tokens: int | None = None
    money: float | None = None
    prompt_price: float = 0.0  # of a million tokens
    output_price: float = 0.0
    used: Usage = NOTHING_USED

    @classmethod
    def of(cls, options: HttpSection) -> Budget:
        return cls(options.budget_tokens, options.budget_money, options.prompt_price, options.output_price)

    def use(self, prompt_tokens: int, output_tokens: int) -> None:
        """Count the tokens of an answer."""
        self.used += Usage(prompt_tokens, output_tokens)

    def has_used(self, before: Usage) -> Usage:
        """Know of at least this much, which an engine that is gone has counted; returns what is used by now."""
        self.used = Usage(
            max(self.used.prompt_tokens, before.prompt_tokens), max(self.used.output_tokens, before.output_tokens)
        )
        return self.used

    @property
    def is_spent(self) -> bool:
        prompt, output = self.used.prompt_tokens, self.used.output_tokens
        cost = (prompt * self.prompt_price + output * self.output_price) / _MILLION
        tokens = self.tokens is not None and prompt + output >= self.tokens
        return tokens or (self.money is not None and cost >= self.money)
