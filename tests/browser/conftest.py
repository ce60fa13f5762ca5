"""A real Chromium before a real server: the SQLite store behind the fault switch, on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from domain.sign_in import PublicClient
from entrypoints.settings import OpenIdConnect
from tests.browser.service import NewContext, Server, serve
from tools.browser import chromium
from verification.environment.authorization_server import CLIENT_ID, TOKEN
from verification.environment.issuer import AUDIENCE, Issuer, running_issuer

LAUNCH = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TIMEOUT = 30_000
"""Milliseconds until a test gives up. Only a failing test waits that long."""

expect.set_options(timeout=TIMEOUT)


@pytest.fixture
def mount() -> str:
    """The path below which the service is mounted, as a stage of API Gateway is."""
    return ""


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """The issuer at which members sign in. A test without it has a service that nobody can sign in to."""
    with running_issuer() as issuer:
        yield issuer


@pytest.fixture
def server(tmp_path: Path, mount: str, request: pytest.FixtureRequest) -> Iterator[Server]:
    if "issuer" not in request.fixturenames:
        with serve(tmp_path, mount=mount) as server:
            yield server
        return
    issuer: Issuer = request.getfixturevalue("issuer")
    client = PublicClient(CLIENT_ID, "openid offline_access")
    with serve(tmp_path, mount=mount, oidc=OpenIdConnect(issuer.url, AUDIENCE, client)) as server:
        issuer.clock = server.now
        issuer.server.redirect_uris = {f"{server.url}/"}
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = chromium()
        if path is None and not Path(playwright.chromium.executable_path).exists():
            pytest.fail(
                "No Chromium: `apt-get install chromium-headless-shell`, or `playwright install chromium`, "
                "or name one in CHROMIUM.",
                pytrace=False,
            )
        browser = playwright.chromium.launch(executable_path=path, args=LAUNCH)
        yield browser
        browser.close()


@pytest.fixture
def new_context(browser: Browser, server: Server) -> Iterator[NewContext]:
    with checked_contexts(browser, server) as make:
        yield make


@contextmanager
def checked_contexts(browser: Browser, server: Server) -> Iterator[NewContext]:
    """Makes browser profiles. A console message, an uncaught error or a foreign host fails the test."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(**({"base_url": f"{server.url}/", "reduced_motion": "reduce"} | options))
        context.set_default_timeout(TIMEOUT)
        context.on("console", lambda message: problems.extend(_complaints(message)))
        context.on("weberror", lambda error: problems.append(str(error.error)))
        context.on("request", lambda request: problems.append(request.url) if not _is_local(request.url) else None)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    assert not problems


@pytest.fixture
def page(new_context: NewContext) -> Page:
    return new_context().new_page()


def _complaints(message: ConsoleMessage) -> Iterator[str]:
    url = message.location["url"]
    # The browser logs each error response of the service and of the issuer, and a renewal of the stored page that
    # meets no connection. The page handles those.
    is_handled = "/api/v2/" in url or url.endswith((TOKEN, "/"))
    refused = message.text.startswith("Failed to load resource") and is_handled
    if message.type in {"error", "warning"} and not refused:
        yield f"{message.type}: {message.text}"


def _is_local(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "http://localhost:", "data:", "blob:"))
