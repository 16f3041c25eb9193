"""Scores through an OpenAI-compatible endpoint that returns log-probabilities.

Letters after a chat prompt come from the log-probabilities of the first token of `/chat/completions`; everything else
from `/completions` with `echo`, which vLLM and llama-cpp-python serve, llama-server and OpenAI do not.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import urllib3

from navab.errors import EngineError
from navab.evaluation.scorers.base import Choice, Free, Scored
from navab.evaluation.scorers.tokens import STILL_THINKING, WITHOUT_THINKING, cut_answer

KEY_VARIABLE = "OPENAI_API_KEY"
_TOP = 20  # as many as OpenAI gives
_UNSEEN = 1.0  # a letter that is not among them is taken to be so much less likely than the last of them
_RETRIES = 6


class HttpScorer:
    """A model behind an endpoint such as http://127.0.0.1:8000/v1; the key comes from OPENAI_API_KEY.

    Requests that find the server busy or away are repeated with growing pauses. Raises EngineError if it stays so, or
    if it gives no log-probabilities.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        name: str | None = None,
        concurrency: int = 16,
        timeout_s: float = 120.0,
        chat_template_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = name or model
        self._url = url.rstrip("/")
        self._model = model
        self._concurrency = concurrency
        self._chat_options = {"chat_template_kwargs": dict(chat_template_kwargs)} if chat_template_kwargs else {}
        retry = urllib3.Retry(
            total=_RETRIES,
            backoff_factor=0.5,
            backoff_jitter=0.5,
            status_forcelist=(408, 409, 425, 429, 500, 502, 503, 504),
            allowed_methods=None,
            raise_on_status=False,
        )
        self._pool = urllib3.PoolManager(maxsize=concurrency, retries=retry, timeout=timeout_s)

    def score(self, choices: Sequence[Choice]) -> list[tuple[Scored, ...]]:
        """Score choices side by side."""
        with ThreadPoolExecutor(self._concurrency) as threads:
            return list(threads.map(self._score, choices))

    def answer(self, prompts: Sequence[Free]) -> list[str]:
        """Have prompts answered side by side."""
        with ThreadPoolExecutor(self._concurrency) as threads:
            return list(threads.map(self._answer, prompts))

    def _score(self, choice: Choice) -> tuple[Scored, ...]:
        return self._letters(choice) if choice.chat else self._continuations(choice)

    def _letters(self, choice: Choice) -> tuple[Scored, ...]:
        """Score the letters with which the model may begin its turn."""
        answer = self._chat(choice.prompt, max_tokens=1, logprobs=True, top_logprobs=_TOP)
        content = (_first(answer).get("logprobs") or {}).get("content") or []
        if not content or not content[0].get("top_logprobs"):
            raise EngineError(
                f"{self._url} gives no log-probabilities for chats (`top_logprobs`): use another endpoint"
            )
        found: dict[str, float] = {}
        for entry in content[0]["top_logprobs"]:
            letter = str(entry["token"]).strip()
            found[letter] = max(found.get(letter, -float("inf")), float(entry["logprob"]))
        letters = [letter.strip() for letter in choice.answers]
        if found.keys().isdisjoint(letters):
            top = max(found, key=found.__getitem__)
            raise EngineError(
                f"{self.name} begins with '{top}' rather than with one of {', '.join(letters)}: if it thinks first, "
                f"{WITHOUT_THINKING}; if not, take method likelihood or another judge"
            )
        unseen = min(found.values()) - _UNSEEN
        tokens = int((answer.get("usage") or {}).get("prompt_tokens") or 1)
        return tuple(Scored(found.get(letter, unseen), 1, tokens) for letter in letters)

    def _continuations(self, choice: Choice) -> tuple[Scored, ...]:
        """Score answers that go on with the prompt, from where its own number of tokens ends, as Encoder does."""
        before = 0
        if choice.prompt:
            before = self._tokens(self._post("completions", prompt=choice.prompt, max_tokens=1, temperature=0))
        return tuple(self._continued(choice.prompt + answer, before) for answer in choice.answers)

    def _continued(self, text: str, before: int) -> Scored:
        """Score a text but for its first tokens.

        Servers do not agree on whether a model's first token (BOS) is listed, nor whether it has a length in
        `text_offset`; in counts of tokens it always is. So what is scored is counted from the end.
        """
        answer = self._post("completions", prompt=text, max_tokens=1, temperature=0, echo=True, logprobs=1)
        values = (_first(answer).get("logprobs") or {}).get("token_logprobs") or []
        end = len(values) - int((answer.get("usage") or {}).get("completion_tokens", 1))
        if end <= 0:
            raise EngineError(
                f"{self._url} gives no log-probabilities of prompts (`echo` of /completions): of the methods only mc "
                "with protocol debiased and aj can do without"
            )
        count = self._tokens(answer) - before
        if count <= 0:
            raise EngineError(f"{self.name} reads the end of '{text[-40:]}' as part of the token before it")
        scored = [float(value) for value in values[max(end - count, 0) : end] if value is not None]
        return Scored(sum(scored), len(scored), before)

    def _tokens(self, answer: dict[str, Any]) -> int:
        """How many tokens the prompt of an answer had."""
        count = (answer.get("usage") or {}).get("prompt_tokens")
        if count is None:
            raise EngineError(f"{self._url} does not count tokens (`usage.prompt_tokens`): use another endpoint")
        return int(count)

    def _answer(self, prompt: Free) -> str:
        if not prompt.chat:
            answer = self._post("completions", prompt=prompt.prompt, max_tokens=prompt.max_tokens, temperature=0)
            return cut_answer(str(_first(answer).get("text") or ""), templated=False)
        first = _first(self._chat(prompt.prompt, max_tokens=prompt.max_tokens))
        text = str((first.get("message") or {}).get("content") or "")
        if not text and first.get("finish_reason") == "length":
            raise EngineError(f"{self.name}: {STILL_THINKING}")
        return cut_answer(text, templated=True)

    def _chat(self, prompt: str, **options: object) -> dict[str, Any]:
        messages = [{"role": "user", "content": prompt}]
        return self._post("chat/completions", messages=messages, temperature=0, **options, **self._chat_options)

    def _post(self, path: str, **body: object) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        if key := os.environ.get(KEY_VARIABLE):
            headers["Authorization"] = f"Bearer {key}"
        address = f"{self._url}/{path}"
        try:
            content = json.dumps({"model": self._model, **body})
            response = self._pool.request("POST", address, body=content, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise EngineError(f"no answer from {address}: {type(error).__name__}; check evaluation's url") from error
        if response.status != 200:
            detail = " ".join(response.data.decode("utf-8", "replace").split())[:200]
            raise EngineError(f"{address} answers {response.status}: {detail}")
        try:
            parsed = json.loads(response.data)
        except ValueError as error:
            raise EngineError(f"{address} answers with something else than JSON") from error
        if not isinstance(parsed, dict) or not parsed.get("choices"):
            raise EngineError(f"{address} answers without `choices`: is it OpenAI-compatible?")
        return parsed


def _first(answer: dict[str, Any]) -> dict[str, Any]:
    return dict(answer["choices"][0])
