"""Stored and received text never becomes markup, and other origins reach the API only where CORS allows it."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.service import NewContext, Server
from tests.browser.steps import card, choose, create, edit, save, visit

pytestmark = pytest.mark.slow

ATTACKS = ["<img src=x onerror=alert(1)>", '"><script>alert(1)</script>', "{{7*7}}${7*7}'--&lt;b&gt;"]


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_name_is_shown_as_text(page: Page, attack: str) -> None:
    page.on("dialog", lambda alert: pytest.fail(alert.message))
    visit(page)

    create(page, attack)
    page.reload()

    expect(card(page, attack).get_by_role("heading")).to_have_text(attack)
    edit(page, attack)
    expect(page.get_by_label("Name", exact=True)).to_have_value(attack)


def test_a_tampered_ticker_list_is_shown_as_text(page: Page) -> None:
    page.on("dialog", lambda alert: pytest.fail(alert.message))
    evil: dict[str, Any] = {"symbol": ATTACKS[0], "name": ATTACKS[1], "exchange": ATTACKS[0]}
    page.route("**/tickers/search?*", lambda route: route.fulfill(json={"results": [evil]}))
    visit(page)
    page.get_by_role("button", name="New watchlist").click()
    page.get_by_label("Name", exact=True).fill("Tech")

    page.get_by_role("combobox").fill("a")
    expect(page.get_by_role("option")).to_contain_text(ATTACKS[1])
    page.get_by_role("option").click()
    save(page)

    expect(page.get_by_role("list", name="Chosen tickers")).to_contain_text(ATTACKS[0])
    expect(page.locator("#ticker-error")).to_contain_text("symbol")


def test_a_message_of_the_service_is_shown_as_text(page: Page) -> None:
    page.on("dialog", lambda alert: pytest.fail(alert.message))
    visit(page)
    page.get_by_role("button", name="New watchlist").click()
    page.get_by_label("Name", exact=True).fill("Tech")
    choose(page, "AAPL")
    page.route(
        "**/api/v2/configurations",
        lambda route: route.fulfill(
            status=500, content_type="application/problem+json", json={"detail": ATTACKS[0], "request_id": ATTACKS[1]}
        ),
    )

    save(page)

    expect(page.locator("#editor-status")).to_contain_text(ATTACKS[0])
    expect(page.locator("#editor-status")).to_contain_text(ATTACKS[1])


@pytest.fixture
def foreign_site(server: Server, tmp_path: Path) -> Iterator[str]:
    """The URL of a page at an allowed origin (`localhost`); the same page at `127.0.0.1` is not allowed."""
    (tmp_path / "index.html").write_text("<!doctype html><link rel=icon href=data:,><title>Foreign site</title>")
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    handler.log_message = lambda *_: None  # type: ignore[attr-defined]
    with http.server.ThreadingHTTPServer(("127.0.0.1", server.foreign_port), handler) as site:
        thread = threading.Thread(target=site.serve_forever, daemon=True)
        thread.start()
        yield f"http://localhost:{server.foreign_port}"
        site.shutdown()
        thread.join()


USE = """async ([url, origin]) => {
    const { ConfigApi } = await import(`${url}/static/config-api.js`);
    const sessions = new ConfigApi({ baseUrl: `${url}/api/v2` });
    const { token } = await sessions.startSession();
    const api = new ConfigApi({ baseUrl: `${url}/api/v2`, getToken: () => token });
    const draft = { name: "Tech", tickers: ["AAPL"], timeframe_days: 7, include_extended_hours: false };
    const created = await api.create(draft);
    const renamed = await api.update(created.config_id, { name: "Technology" }, { ifMatch: created.revision });
    const error = await api.get("nothing").catch((error) => error);
    await api.remove(created.config_id, { ifMatch: renamed.revision });
    const { remaining } = await api.list();
    return [renamed.name, error.code, error.requestId?.length > 0, remaining];
}"""


def test_the_client_works_from_an_allowed_origin(new_context: NewContext, server: Server, foreign_site: str) -> None:
    page = new_context(base_url=foreign_site).new_page()
    page.goto("/")

    assert page.evaluate(USE, [server.url, foreign_site]) == ["Technology", "not_found", True, 2]


def test_the_client_gets_no_response_from_another_origin(browser: Browser, server: Server, foreign_site: str) -> None:
    with browser.new_page(base_url=foreign_site.replace("localhost", "127.0.0.1")) as page:
        page.goto("/")

        received = page.evaluate("url => fetch(`${url}/api/v2/health`).catch((error) => error.name)", server.url)

    assert received == "TypeError"
