"""Nothing that anybody stores or sends becomes markup, and other pages reach the API only where they may."""

from __future__ import annotations

import http.server
import re
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
def test_a_name_is_shown_as_it_was_typed_and_nothing_more(page: Page, attack: str) -> None:
    page.on("dialog", lambda alert: pytest.fail(alert.message))
    visit(page)

    create(page, attack)
    page.reload()

    expect(card(page, attack).get_by_role("heading")).to_have_text(attack)
    edit(page, attack)
    expect(page.get_by_label("Name", exact=True)).to_have_value(attack)


def test_a_ticker_list_that_was_tampered_with_is_shown_as_text(page: Page) -> None:
    page.on("dialog", lambda alert: pytest.fail(alert.message))
    evil: dict[str, Any] = {"symbol": ATTACKS[0], "name": ATTACKS[1], "exchange": ATTACKS[0]}
    page.route("**/tickers/search?*", lambda route: route.fulfill(json={"results": [evil]}))
    visit(page)
    page.get_by_role("button", name="New watchlist").click()
    page.get_by_label("Name", exact=True).fill("Tech")

    page.get_by_role("combobox").fill("a")
    expect(page.get_by_role("option")).to_contain_text(ATTACKS[1])
    page.keyboard.press("Enter")
    save(page)

    expect(page.get_by_role("list", name="Chosen tickers")).to_contain_text(ATTACKS[0])
    expect(page.locator("#ticker-error")).to_contain_text("A symbol looks like AAPL or BRK.B.")


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


def test_the_page_allows_no_inline_code_no_markup_from_text_and_no_frame(page: Page) -> None:
    answer = page.goto("/")
    assert answer is not None
    policy = answer.headers["content-security-policy"]

    for directive in (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ):
        assert directive in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! [^>]*src=)", answer.text())


@pytest.fixture
def elsewhere(running: Server, tmp_path: Path) -> Iterator[str]:
    """A page of somebody else, at the one origin that the service is set to allow, and at one that it is not."""
    (tmp_path / "index.html").write_text("<!doctype html><link rel=icon href=data:,><title>Elsewhere</title>")
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    handler.log_message = lambda *_: None  # type: ignore[attr-defined]  # the log of a test server tells nothing
    with http.server.ThreadingHTTPServer(("127.0.0.1", running.foreign_port), handler) as site:
        thread = threading.Thread(target=site.serve_forever, daemon=True)
        thread.start()
        yield f"http://localhost:{running.foreign_port}"
        site.shutdown()
        thread.join()


USE = """async ([url, origin]) => {
    const { ConfigApi } = await import(`${url}/static/config-api.js`);
    const sessions = new ConfigApi({ baseUrl: `${url}/api/v2` });
    const { token } = await sessions.startSession();
    const api = new ConfigApi({ baseUrl: `${url}/api/v2`, getToken: () => token });
    const draft = { name: "Tech", tickers: ["AAPL"], timeframe_days: 7, include_extended_hours: false };
    const created = await api.create(draft);
    const renamed = await api.update(created.config_id, { name: "Technology" }, { ifMatch: created.etag });
    const error = await api.get("nothing").catch((error) => error);
    await api.remove(created.config_id, { ifMatch: renamed.etag });
    const { remaining } = await api.list();
    return [renamed.name, error.code, error.requestId?.length > 0, remaining];
}"""


def test_the_client_works_from_an_origin_that_is_allowed(
    new_context: NewContext, server: Server, elsewhere: str
) -> None:
    page = new_context(base_url=elsewhere).new_page()
    page.goto("/")

    assert page.evaluate(USE, [server.url, elsewhere]) == ["Technology", "not_found", True, 2]


def test_the_client_gets_nothing_from_an_origin_that_is_not(browser: Browser, server: Server, elsewhere: str) -> None:
    page = browser.new_page(base_url=elsewhere.replace("localhost", "127.0.0.1"))
    page.goto("/")

    asked = page.evaluate("url => fetch(`${url}/api/v2/health`).catch((error) => error.name)", server.url)

    page.close()
    assert asked == "TypeError"
