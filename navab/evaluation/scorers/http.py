"""Scores through an OpenAI-compatible endpoint that returns log-probabilities.

Letters after a chat prompt come from the log-probabilities of the first token of `/chat/completions`; everything else
from `/completions` with `echo`, which vLLM and llama.cpp serve and OpenAI itself does not any more.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import urllib3

from navab.errors import EngineError
from navab.evaluation.scorers.base import Choice, Free, Scored
from navab.evaluation.scorers.tokens import cut_answer

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
        self, url: str, model: str, *, name: str | None = None, concurrency: int = 16, timeout_s: float = 120.0
    ) -> None:
        self.name = name or model
        self._url = url.rstrip("/")
        self._model = model
        self._concurrency = concurrency
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
        return self._letters(choice) if choice.chat else tuple(self._continued(choice, one) for one in choice.answers)

    def _letters(self, choice: Choice) -> tuple[Scored, ...]:
        answer = self._post(
            "chat/completions",
            messages=[{"role": "user", "content": choice.prompt}],
            max_tokens=1,
            temperature=0,
            logprobs=True,
            top_logprobs=_TOP,
        )
        content = (_first(answer).get("logprobs") or {}).get("content") or []
        if not content or not content[0].get("top_logprobs"):
            raise EngineError(
                f"{self._url} gives no log-probabilities for chats (`top_logprobs`): use another endpoint"
            )
        found: dict[str, float] = {}
        for entry in content[0]["top_logprobs"]:
            letter = str(entry["token"]).strip()
            found[letter] = max(found.get(letter, -float("inf")), float(entry["logprob"]))
        unseen = min(found.values()) - _UNSEEN
        tokens = int((answer.get("usage") or {}).get("prompt_tokens") or 1)
        return tuple(Scored(found.get(letter.strip(), unseen), 1, tokens) for letter in choice.answers)

    def _continued(self, choice: Choice, text: str) -> Scored:
        answer = self._post(
            "completions", prompt=choice.prompt + text, max_tokens=1, temperature=0, echo=True, logprobs=1
        )
        given = _first(answer).get("logprobs") or {}
        offsets, values = given.get("text_offset"), given.get("token_logprobs")
        if not offsets or not values or offsets[0] != 0:
            raise EngineError(
                f"{self._url} gives no log-probabilities of prompts (`echo` of /completions): of the methods only mc "
                "with protocol debiased and aj can do without"
            )
        begin, end = len(choice.prompt), len(choice.prompt) + len(text)
        scored = [
            float(value) for at, value in zip(offsets, values, strict=True) if begin <= at < end and value is not None
        ]
        return Scored(sum(scored), len(scored), sum(at < begin for at in offsets))

    def _answer(self, prompt: Free) -> str:
        if prompt.chat:
            messages = [{"role": "user", "content": prompt.prompt}]
            answer = self._post("chat/completions", messages=messages, max_tokens=prompt.max_tokens, temperature=0)
            return cut_answer(str((_first(answer).get("message") or {}).get("content") or ""), templated=True)
        answer = self._post("completions", prompt=prompt.prompt, max_tokens=prompt.max_tokens, temperature=0)
        return cut_answer(str(_first(answer).get("text") or ""), templated=False)

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
