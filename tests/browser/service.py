"""The service that a browser test visits, and the switches that the test needs."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from domain.ticker_list import Freshness, TickerSource
from entrypoints.application import close
from entrypoints.bootstrap import create_app
from entrypoints.settings import OpenIdConnect, Settings, StoreKind
from tests.builders import AFixedList
from verification.environment.ministack import free_port

NewContext = Callable[..., BrowserContext]


@dataclass(slots=True)
class Server:
    """A running service with its own store, on loopback."""

    tickers: AFixedList
    foreign_port: int
    """The port of `localhost` whose origin the service allows (CORS)."""
    url: str = ""
    ahead: timedelta = timedelta()
    """How far the server's clock is ahead of the browser's."""
    requests: list[str] = field(default_factory=list)
    """Method and path of every request since the test began."""
    _answered: list[str] = field(default_factory=list)
    _change: threading.Condition = field(default_factory=threading.Condition)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def plan(self, **faults: Any) -> None:
        """Make the next calls to the store fail."""
        request = urllib.request.Request(
            f"{self.url}/api/v2/_faults",
            json.dumps(faults).encode(),
            {"Content-Type": "application/json"},
            method="PUT",
        )
        with urllib.request.urlopen(request, timeout=30):
            pass

    @contextmanager
    def record(self, request: str) -> Iterator[None]:
        """Record a request before its response is sent: a test that has the response finds it recorded."""
        self.requests.append(request)
        yield
        with self._change:
            self._answered.append(request)
            self._change.notify_all()

    def wait_for(self, request: str, *, count: int = 1) -> None:
        """Return when `count` requests with this method and path have been answered."""
        with self._change:
            answered = self._change.wait_for(
                lambda: sum(each.startswith(request) for each in self._answered) >= count, timeout=30
            )
            assert answered, f"fewer than {count} of {request}"

    def count(self, request: str) -> int:
        """The number of requests with this method and path."""
        return sum(each.startswith(request) for each in self.requests)


@contextmanager
def serve(folder: Path, *, oidc: OpenIdConnect | None = None, mount: str = "") -> Iterator[Server]:
    """Serve an application with an SQLite store in `folder`, below `mount`; close it and its connections afterwards."""
    server = Server(AFixedList(), foreign_port=free_port())
    settings = Settings(
        store=StoreKind.SQLITE,
        sqlite_path=folder / "store.sqlite3",
        faults=True,
        cors_origins=(f"http://localhost:{server.foreign_port}",),
        ticker_bucket="a-bucket",
        rate_address="",
        rate_user="",
        oidc=oidc,
    )
    server.tickers.freshness = freshness()
    app = create_app(settings, ticker_list=server.tickers, clock=server.now)
    application = DispatcherMiddleware(NotFound(), {mount: app}) if mount else app
    http = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_handler(server))
    http.daemon_threads = False  # type: ignore[attr-defined]  # closing the server then waits for its connections
    server.url = f"http://127.0.0.1:{http.server_port}{mount}"
    try:
        with _running(http):
            yield server
    finally:
        close(app)


@contextmanager
def _running(http: BaseWSGIServer) -> Iterator[None]:
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


def _handler(server: Server) -> type[WSGIRequestHandler]:
    class Handler(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log(self, *_: object) -> None:
            """Print nothing."""

        def run_wsgi(self) -> None:
            with server.record(f"{self.command} {self.path}"):
                super().run_wsgi()

    return Handler


def freshness(source: TickerSource = TickerSource.S3, age: timedelta = timedelta(minutes=1)) -> Freshness:
    return Freshness(source, "2026-11-01", 7, datetime.now(UTC) - age)
