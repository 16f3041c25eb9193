"""A real endpoint with known answers: an OpenAI-compatible server on this machine, for one test."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import accumulate
from typing import Any

_OPTION = re.compile(r"^([A-D])\. (.*)$", re.M)
BOS = "<|begin_of_text|>"


class Endpoint(ThreadingHTTPServer):
    """Sides with the texts in `truths`; counts what it is asked, and is busy or away as it is told.

    Tokens are words, after a first one that stands for no word but has a length in `text_offset`, as vLLM has it. A
    word of the prompt costs 1 nat for a truth and else 2; the word that is made 9.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, truths: frozenset[str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.truths = truths
        self.requests = 0
        self.busy = 0  # so many requests are answered with 503 first
        self.pause_s = 0.0
        self.echoes = True
        self.thinks = False  # before each answer, unless its chat template is told not to
        self.thoughts = "<think>Is it so?</think>"
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Endpoint

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.requests += 1
            busy, self.server.busy = self.server.busy > 0, max(0, self.server.busy - 1)
        time.sleep(self.server.pause_s)
        if busy:
            self._send(503, {"error": "busy"})
        elif self.path.endswith("/chat/completions"):
            enabled = body.get("chat_template_kwargs", {}).get("enable_thinking", True)
            self._send(200, self._chat(body["messages"][0]["content"], self.server.thinks and enabled))
        else:
            self._send(200, self._completion(body["prompt"], body.get("echo", False)))

    def _chat(self, prompt: str, thinks: bool) -> dict[str, Any]:
        options = dict(_OPTION.findall(prompt))
        true = next((letter for letter, text in options.items() if _said(text) in self.server.truths), "A")
        top = [{"token": one, "logprob": -0.1 if one == true else -3.0} for one in options]
        said = "Yes, it is so."
        if thinks:
            said = self.server.thoughts + said
            top = [{"token": "<think>", "logprob": -0.1}, {"token": "Yes", "logprob": -3.0}]
        message = {"message": {"content": said}, "logprobs": {"content": [{"top_logprobs": top}]}}
        return {"choices": [message], "usage": {"prompt_tokens": 20, "completion_tokens": 1}}

    def _completion(self, prompt: str, echo: bool) -> dict[str, Any]:
        words = re.findall(r"\s*\S+", prompt)
        logprobs = self._logprobs(prompt, words) if echo and self.server.echoes else None
        usage = {"prompt_tokens": 1 + len(words), "completion_tokens": 1}
        return {"choices": [{"text": "x", "logprobs": logprobs}], "usage": usage}

    def _logprobs(self, prompt: str, words: list[str]) -> dict[str, Any]:
        true = any(prompt.endswith(one) for one in self.server.truths) or self._letter_is_true(prompt)
        offsets = list(accumulate((len(word) for word in [BOS, *words]), initial=0))
        return {"text_offset": offsets, "token_logprobs": [None, *[-1.0 if true else -2.0] * len(words), -9.0]}

    def _letter_is_true(self, prompt: str) -> bool:
        options = dict(_OPTION.findall(prompt))
        return options.get(prompt.rstrip()[-1:], "") in self.server.truths

    def _send(self, status: int, content: dict[str, Any]) -> None:
        payload = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _said(option: str) -> str:
    """The statement that an option names, with or without words before it."""
    return re.split(r"： ?| ?: ", option, maxsplit=1)[-1]


@contextmanager
def serving(truths: frozenset[str]) -> Iterator[Endpoint]:
    endpoint = Endpoint(truths)
    thread = threading.Thread(target=endpoint.serve_forever, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        endpoint.shutdown()
        endpoint.server_close()
        thread.join()
