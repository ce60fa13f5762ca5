"""A real Chromium before a real server: the SQLite store behind the fault switch, on loopback."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.service import NewContext, Server, serve

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
def server(tmp_path: Path) -> Iterator[Server]:
    with serve(tmp_path) as server:
        yield server


def chromium() -> str | None:
    """The path of the browser: CHROMIUM, the system's, or None for the one that Playwright installs."""
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
    """Makes browser profiles. A console message, an uncaught error or a foreign host fails the test."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(**({"base_url": server.url, "reduced_motion": "reduce"} | options))
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
    refused = message.text.startswith("Failed to load resource") and "/api/v2/" in message.location["url"]
    # The browser logs each error response; the page handles those.
    if message.type in {"error", "warning"} and not refused:
        yield f"{message.type}: {message.text}"


def _is_local(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "http://localhost:", "data:", "blob:"))
