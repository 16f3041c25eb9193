"""From prompts to token sequences, with the boundaries that lm-evaluation-harness draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from navab.errors import EngineError
from navab.evaluation.scorers.base import Choice
from navab.evaluation.scorers.prefix_tree import Sequent, Tokens

WITHOUT_THINKING = "set its chat_template_kwargs, e.g. {enable_thinking: false}"
STILL_THINKING = f"an answer was cut off while the model thought: {WITHOUT_THINKING}, or raise evaluation.answer_tokens"
_THOUGHT, _END_OF_THOUGHT = "<think>", "</think>"


class Encoder:
    """Encodes choices with a Hugging Face tokenizer.

    `most_tokens` is what the model can read, `chat_template_kwargs` what its chat template is told.
    """

    def __init__(self, tokenizer: Any, most_tokens: int, chat_template_kwargs: Mapping[str, Any] | None = None) -> None:
        self._tokenizer = tokenizer
        self._most_tokens = most_tokens
        self._template = {**(chat_template_kwargs or {}), "tokenize": False, "add_generation_prompt": True}

    def has_template(self) -> bool:
        return bool(getattr(self._tokenizer, "chat_template", None))

    def encode(self, choice: Choice) -> list[Sequent]:
        """One sequence an answer: prompt and answer are encoded together, and parted at the prompt's own length.

        Raises EngineError if a sequence is longer than the model can read.
        """
        prompt, answers = choice.prompt, choice.answers
        templated = choice.chat and self.has_template()
        if templated:
            prompt = self.turn(prompt)
            answers = tuple(answer.lstrip() for answer in answers)
        if not prompt:
            return [self._checked((self._first(), *self._tokens(answer, special=False)), 1) for answer in answers]
        start = len(self._tokens(prompt, special=not templated))
        return [self._checked(self._tokens(prompt + answer, special=not templated), start) for answer in answers]

    def prompt(self, prompt: str, *, chat: bool) -> tuple[Tokens, bool]:
        """A prompt to be continued, and whether it is in the chat template."""
        templated = chat and self.has_template()
        tokens = self._tokens(self.turn(prompt) if templated else prompt, special=not templated)
        return self._checked(tokens, 1).tokens, templated

    def turn(self, prompt: str) -> str:
        """The prompt as the user's turn, up to where the model's turn begins."""
        messages = [{"role": "user", "content": prompt}]
        return str(self._tokenizer.apply_chat_template(messages, **self._template))

    def _tokens(self, text: str, *, special: bool) -> Tokens:
        return tuple(self._tokenizer.encode(text, add_special_tokens=special))

    def _first(self) -> int:
        """What stands before a text without a prompt."""
        for token in (self._tokenizer.bos_token_id, self._tokenizer.eos_token_id):
            if token is not None:
                return int(token)
        raise EngineError("the tokenizer has neither a first nor a last token: baselines without a question need one")

    def _checked(self, tokens: Tokens, start: int) -> Sequent:
        if len(tokens) > self._most_tokens:
            raise EngineError(
                f"a prompt of {len(tokens):,} tokens is longer than the model reads ({self._most_tokens:,}): "
                f"{self._tokenizer.decode(tokens[:40])}"
            )
        return Sequent(tokens, max(start, 1))


def single_tokens(group: Sequence[Sequent]) -> list[int]:
    """The tokens of a choice's answers, if each is a single one after the same prompt; else none."""
    same = len({one.tokens[:-1] for one in group}) == 1
    return [one.tokens[-1] for one in group] if same and len(group[0].tokens) == group[0].start + 1 else []


def cut_answer(text: str, *, templated: bool) -> str:
    """A model's free answer without the thoughts before it.

    Without a chat template it ends with its line, for base models go on with other things. Raises EngineError if it
    consists of nothing but thoughts that were cut off.
    """
    answer = text.rpartition(_END_OF_THOUGHT)[2].strip()
    if answer.startswith(_THOUGHT):
        raise EngineError(STILL_THINKING)
    return answer if templated else answer.partition("\n")[0].strip()
