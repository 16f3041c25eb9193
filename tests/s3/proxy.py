"""A real HTTP proxy before a real S3 server that can lose answers or take conditions out of requests."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade"}


@dataclass
class Request:
    """What a client asked for."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def is_conditional(self) -> bool:
        return self.method == "PUT" and "if-none-match" in self.headers


@dataclass
class Proxy:
    """Runs for the duration of a `with` block; `endpoint` is its address.

    `before` is called with every request before the store gets it. `loses_answer` says of which requests the
    store's answer never reaches the client, although the store has done what it was asked. With `credentials`, every
    conditional write becomes an unconditional one, signed anew: a store that ignores If-None-Match. `seen` are all
    requests.
    """

    backend: str
    loses_answer: Callable[[Request], bool] = lambda _: False
    before: Callable[[Request], None] = lambda _: None
    credentials: Credentials | None = None
    seen: list[Request] = field(default_factory=list)

    def __enter__(self) -> Proxy:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def forward(self, request: Request) -> tuple[int, list[tuple[str, str]], bytes]:
        """Ask the store: status, headers and body of its answer."""
        connection = http.client.HTTPConnection(urlsplit(self.backend).netloc, timeout=60)
        try:
            connection.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():
                connection.putheader(name, value)
            connection.endheaders(request.body or None)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def unconditional(self, request: Request) -> Request:
        """The same request without its condition, signed anew."""
        headers = {
            name: value
            for name, value in request.headers.items()
            if name not in ("if-none-match", "authorization", "x-amz-date", "x-amz-content-sha256")
        }
        region = request.headers["authorization"].split("Credential=")[1].split("/")[2]
        fresh = AWSRequest(request.method, f"http://{headers['host']}{request.path}", headers, request.body)
        S3SigV4Auth(self.credentials, "s3", region).add_auth(fresh)
        return Request(
            request.method, request.path, {name.lower(): value for name, value in fresh.headers.items()}, request.body
        )

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(self.command, self.path, headers, body)
                proxy.seen.append(request)
                proxy.before(request)
                if proxy.credentials is not None and request.is_conditional:
                    request = proxy.unconditional(request)
                status, answer_headers, content = proxy.forward(request)
                if proxy.loses_answer(request):
                    self.close_connection = True
                    self.connection.close()
                    return
                self.send_response_only(status)
                for name, value in answer_headers:
                    if name.lower() not in _HOP_BY_HOP | {"content-length"}:
                        self.send_header(name, value)
                length = dict(answer_headers).get("Content-Length") if self.command == "HEAD" else str(len(content))
                self.send_header("Content-Length", length or "0")
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            do_PUT = do_POST = do_DELETE = do_HEAD = do_GET  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        return Handler
