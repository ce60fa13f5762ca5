"""The client and the page behind proxies that change responses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.intermediary import (
    Change,
    Intermediary,
    answer_html,
    change_case,
    compress,
    drop_headers,
    intermediary,
    repeat_headers,
    truncate,
)
from tests.browser.service import NewContext, Server
from tests.browser.steps import card, create, dialog, edit, ready, save, visit

pytestmark = pytest.mark.slow

CHANGES = pytest.mark.parametrize(
    ("change", "every"),
    [(compress, 1), (drop_headers, 1), (change_case, 1), (repeat_headers, 1), (truncate, 2), (answer_html, 2)],
)

ALL_CALLS = """async (baseUrl) => {
  const { ConfigApi } = await import("/static/config-api.js");
  let token = null;
  const api = new ConfigApi({ baseUrl, getToken: () => token, random: () => 0 });
  token = (await api.startSession()).token;
  const created = await api.create({ name: "One", tickers: ["AAPL"] });
  const updated = await api.update(created.config_id, { name: "Two" }, { ifMatch: created.etag });
  const three = { name: "Three", tickers: ["MSFT"] };
  const replaced = await api.replace(created.config_id, three, { ifMatch: updated.revision });
  const failed = (call) => call.then(() => null, (error) => error);
  const conflict = await failed(api.update(created.config_id, { name: "Mine" }, { ifMatch: created.etag }));
  const other = await api.create({ name: "Other", tickers: ["AAPL"] });
  const refused = await failed(api.create({ name: "Third", tickers: ["AAPL"] }));
  const listed = await api.list();
  await api.remove(created.config_id, { ifMatch: replaced.etag });
  const read = await api.get(other.config_id);
  return [
    updated.name, replaced.name, conflict.theirs.name, refused.maxAllowed, read.name,
    listed.configurations.map(({ name }) => name), (await api.list()).remaining, (await api.me()).is_anonymous,
    (await api.validateTicker("AAPL")).valid, (await api.ticker("aapl")).symbol,
  ];
}"""
RESULTS = ["Two", "Three", "Three", 2, "Other", ["Other", "Three"], 1, True, True, "AAPL"]


@pytest.fixture
def proxy(server: Server) -> Iterator[Intermediary]:
    with intermediary(server.url) as proxy:
        yield proxy


@pytest.fixture
def page(new_context: NewContext, proxy: Intermediary) -> Page:
    return new_context(base_url=proxy.url, bypass_csp=True).new_page()


@CHANGES
def test_every_call_of_the_client_works(page: Page, proxy: Intermediary, change: Change, every: int) -> None:
    page.route("**/empty", lambda route: route.fulfill(content_type="text/html", body="<link rel=icon href=data:,>"))
    page.goto("/empty")
    proxy.prefix, proxy.change, proxy.every = "/gateway", change, every

    assert page.evaluate(ALL_CALLS, "/gateway/api/v2") == RESULTS


@CHANGES
def test_a_conflict_of_two_windows_is_resolved(page: Page, proxy: Intermediary, change: Change, every: int) -> None:
    proxy.change, proxy.every = change, every
    visit(page)
    create(page, "Tech")
    other = visit(page.context.new_page())
    for window, name in ((other, "Old tech"), (page, "Big tech")):
        edit(window, "Tech")
        window.get_by_label("Name", exact=True).fill(name)
    save(page)
    expect(dialog(page)).to_be_hidden()

    save(other)
    other.get_by_role("button", name="Keep my changes").click()

    expect(card(other, "Old tech")).to_be_visible()


def test_the_page_waits_for_a_delayed_response(page: Page, proxy: Intermediary) -> None:
    visit(page)
    create(page, "Tech")
    proxy.open.clear()

    page.reload()
    expect(page.locator("#configurations[aria-busy]")).to_be_visible()
    proxy.open.set()

    expect(card(ready(page), "Tech")).to_be_visible()
