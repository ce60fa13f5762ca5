"""A real Chromium before a real server: the SQLite store behind the fault switch, on loopback."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from entrypoints.bootstrap import create_app
from entrypoints.settings import Settings, StoreKind
from tests.browser.service import NewContext, Server, fresh
from tests.builders import AFixedList

LAUNCH = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


expect.set_options(timeout=15_000)  # patience costs nothing while all is well


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("service")
    server = Server("", AFixedList(), foreign_port=_free_port())
    settings = Settings(
        store=StoreKind.SQLITE,
        sqlite_path=folder / "store.sqlite3",
        faults=True,
        cors_origins=(f"http://localhost:{server.foreign_port}",),
        ticker_bucket="a-bucket",
        rate_address="",
    )
    app = create_app(settings, ticker_list=server.tickers, clock=server.now)

    class Quiet(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log(self, *_: object) -> None:
            """The server's own log tells nothing here."""

        def run_wsgi(self) -> None:
            with server.noted(f"{self.command} {self.path}"):
                super().run_wsgi()

    http = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    server.url = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    yield server
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    running.requests.clear()
    yield running
    running.plan()
    running.ahead = timedelta()
    running.tickers.freshness = fresh()


def chromium() -> str | None:
    """Where the browser is: CHROMIUM, the system's, or None for the one that Playwright installs."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = chromium()
        if path is None and not Path(playwright.chromium.executable_path).exists():
            pytest.fail(
                "No Chromium: `apt-get install chromium`, or `playwright install chromium`, or name one in CHROMIUM.",
                pytrace=False,
            )
        browser = playwright.chromium.launch(executable_path=path, args=LAUNCH)
        yield browser
        browser.close()


@pytest.fixture
def new_context(browser: Browser, server: Server) -> Iterator[NewContext]:
    """Makes a browser of its own for each person; afterwards none may have met an error or asked a foreign host."""
    contexts: list[BrowserContext] = []
    trouble: list[str] = []

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(**({"base_url": server.url, "reduced_motion": "reduce"} | options))
        context.set_default_timeout(15_000)
        context.on("console", lambda message: trouble.extend(_complaints(message)))
        context.on("weberror", lambda error: trouble.append(str(error.error)))
        context.on("request", lambda request: trouble.append(request.url) if not _is_local(request.url) else None)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    assert not trouble


@pytest.fixture
def page(new_context: NewContext) -> Page:
    return new_context().new_page()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _complaints(message: ConsoleMessage) -> Iterator[str]:
    refused = message.text.startswith("Failed to load resource") and "/api/v2/" in message.location["url"]
    if message.type in {"error", "warning"} and not refused:  # a refusal is an answer that the page deals with
        yield f"{message.type}: {message.text}"


def _is_local(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "http://localhost:", "data:", "blob:"))
