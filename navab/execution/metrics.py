"""What a run says of itself while it goes on, for Prometheus: rows, rejections, tokens, commits, pending work.

The driver counts what it commits, so that the numbers are those of the tables; Ray's own metrics tell the rest of the
cluster. Ray's agents cannot carry these: the driver is no process of Ray's (see ray_process.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from navab.errors import ConfigurationError
from navab.lake.table import DataFile

_COMMIT_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The metrics of one run, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._rows = Counter("navab_rows", "Rows committed", ["table", "nation"], registry=self.registry)
        self._rejections = Counter(
            "navab_rejections", "Rows committed as rejected", ["table", "reason"], registry=self.registry
        )
        self._tokens = Counter("navab_tokens", "Tokens of the engine", ["table", "kind"], registry=self.registry)
        self._commits = Histogram(
            "navab_commit_seconds", "Time of a commit", ["table"], buckets=_COMMIT_SECONDS, registry=self.registry
        )
        self._pending = Gauge("navab_pending_rows", "Rows that a step lacks", ["step"], registry=self.registry)
        self._running = Gauge("navab_step_running", "1 while a step is running", ["step"], registry=self.registry)
        self._seconds = Counter("navab_step_seconds", "Time spent in a step", ["step"], registry=self.registry)

    def begin(self, step: str, pending: int) -> None:
        """A step begins with so many rows to make."""
        self._running.labels(step).set(1)
        self._pending.labels(step).set(pending)

    def advance(self, step: str, rows: int) -> None:
        """Rows of a step are done."""
        self._pending.labels(step).dec(rows)

    def end(self, step: str, seconds: float) -> None:
        """A step ends."""
        self._running.labels(step).set(0)
        self._pending.labels(step).set(0)
        self._seconds.labels(step).inc(seconds)

    def committed(self, files: Sequence[DataFile], seconds: float) -> None:
        """Files of one table became part of it."""
        for file in files:
            self._rows.labels(file.table, file.nation or "").inc(file.rows)
            for reason, rows in file.rejected:
                self._rejections.labels(file.table, reason).inc(rows)
            for kind, tokens in file.tokens:
                self._tokens.labels(file.table, kind).inc(tokens)
        if files:
            self._commits.labels(files[0].table).observe(seconds)

    @contextmanager
    def served(self, port: int | None) -> Iterator[None]:
        """Answer Prometheus at http://HOST:port/metrics for the duration of a `with` block; None: do not.

        Raises ConfigurationError if the port is taken.
        """
        if port is None:
            yield
            return
        try:
            server, thread = start_http_server(port, registry=self.registry)
        except OSError as error:
            raise ConfigurationError(f"resources.metrics_port: port {port} cannot be opened: {error}") from error
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
