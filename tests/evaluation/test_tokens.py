"""From prompts to tokens, with a tokenizer of words."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from navab.errors import EngineError
from navab.evaluation.scorers.base import Choice
from navab.evaluation.scorers.tokens import Encoder, cut_answer, single_tokens


class Words:
    """What an Encoder wants of a tokenizer: a word is a token, the template opens the model's turn with a thought."""

    chat_template = "made of code"
    bos_token_id = 0

    def encode(self, text: str, add_special_tokens: bool) -> list[int]:
        return [*([0] if add_special_tokens else []), *(len(word) for word in text.split())]

    def apply_chat_template(
        self, messages: Sequence[dict[str, str]], *, enable_thinking: bool = True, **_: object
    ) -> str:
        return f"{messages[0]['content']} " + ("<think>" if enable_thinking else "")


def test_a_chat_template_is_told_what_the_configuration_says() -> None:
    choice = Choice("Is it?", (" A",), chat=True)
    (thinking,) = Encoder(Words(), 100).encode(choice)
    (plain,) = Encoder(Words(), 100, {"enable_thinking": False}).encode(choice)
    assert (thinking.start, plain.start) == (3, 2)


def test_letters_after_one_prompt_are_single_tokens() -> None:
    encoder = Encoder(Words(), 100)
    assert single_tokens(encoder.encode(Choice("Is it?", (" A", " BB")))) == [1, 2]
    assert single_tokens(encoder.encode(Choice("Is it?", ("\nIt is.", "\nNo.")))) == []


@pytest.mark.parametrize("templated", [True, False])
@pytest.mark.parametrize("text", ["<think>Well.</think>\n\nYes.", "Well.\n</think> Yes.", " Yes. "])
def test_thoughts_are_cut(text: str, templated: bool) -> None:
    assert cut_answer(text, templated=templated) == "Yes."


def test_only_a_base_models_answer_ends_with_its_line() -> None:
    assert cut_answer("Yes.\nQuestion: no?", templated=False) == "Yes."
    assert cut_answer("Yes.\nIt is.", templated=True) == "Yes.\nIt is."


def test_a_thought_that_was_cut_off_is_no_answer() -> None:
    with pytest.raises(EngineError, match="enable_thinking"):
        cut_answer("<think>Well, let me", templated=True)
