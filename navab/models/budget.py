"""Budgets: what an engine may use in one run."""

from __future__ import annotations

from dataclasses import dataclass

from navab.options.engine import HttpSection

_MILLION = 1_000_000


@dataclass
class Budget:
    """Tokens and money that requests may use; null is no limit. Requests on their way may overdraw it."""

    tokens: int | None = None
    money: float | None = None
    prompt_price: float = 0.0  # of a million tokens
    output_price: float = 0.0
    used_tokens: int = 0
    used_money: float = 0.0

    @classmethod
    def of(cls, options: HttpSection) -> Budget:
        return cls(options.budget_tokens, options.budget_money, options.prompt_price, options.output_price)

    def use(self, prompt_tokens: int, output_tokens: int) -> None:
        """Count the tokens of an answer."""
        self.used_tokens += prompt_tokens + output_tokens
        self.used_money += (prompt_tokens * self.prompt_price + output_tokens * self.output_price) / _MILLION

    @property
    def is_spent(self) -> bool:
        tokens = self.tokens is not None and self.used_tokens >= self.tokens
        return tokens or (self.money is not None and self.used_money >= self.money)
