"""The page shows what it knows at once and confirms it in the background; other windows follow."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.service import Server
from tests.browser.steps import Held, card, cards, edit, given, offline, ready, save, visit

pytestmark = pytest.mark.slow


def test_the_editor_opens_without_a_request(page: Page, server: Server) -> None:
    given(page, "Tech")

    with offline(page):
        edit(page, "Tech")

    assert server.count("GET /api/v2/configurations/") == 0


def test_a_save_is_confirmed_after_one_request(page: Page, server: Server) -> None:
    given(page, "Tech")
    page.wait_for_load_state("networkidle")
    lists = Held(page, "GET", "/configurations")
    edit(page, "Tech")
    server.requests.clear()
    page.get_by_label("Name", exact=True).fill("Technology")

    save(page)

    expect(card(page, "Technology")).to_be_visible()
    expect(page.get_by_text("Saved “Technology”")).to_be_visible()
    assert [each.split()[0] for each in server.requests if "/api/" in each] == ["PATCH"]
    lists.release()


def test_a_return_visit_shows_the_last_known_list_before_the_service_answers(page: Page) -> None:
    given(page, "Tech")
    held = Held(page, "GET", "/configurations")

    page.reload()

    expect(card(page, "Tech")).to_be_visible()
    expect(page.get_by_text("Updating your watchlists")).to_be_visible()
    expect(page.get_by_role("button", name="Edit Tech")).to_be_disabled()
    held.release()
    expect(page.get_by_role("button", name="Edit Tech")).to_be_enabled()
    expect(page.get_by_text("Updating your watchlists")).to_have_count(0)


COUNT_LOCALE = """
globalThis.localeCalls = 0;
for (const [owner, name] of [
  [Date.prototype, "toLocaleString"], [Date.prototype, "toLocaleDateString"], [String.prototype, "localeCompare"],
  [Intl, "DateTimeFormat"], [Intl, "RelativeTimeFormat"], [Intl, "Collator"],
])
  owner[name] = new Proxy(owner[name], {
    apply: (...call) => (localeCalls++, Reflect.apply(...call)),
    construct: (...call) => (localeCalls++, Reflect.construct(...call)),
  });
"""


@pytest.mark.parametrize("order", ["Newest", "Last changed"])
def test_a_return_visit_shows_the_last_known_list_before_it_loads_the_locale(page: Page, order: str) -> None:
    """The first use of the locale takes 20 ms."""
    given(page, "Tech", "Other")
    page.get_by_role("button", name=order).click()
    page.add_init_script(COUNT_LOCALE)
    held = Held(page, "GET", "/configurations")

    page.reload()

    changed = card(page, "Tech").get_by_role("time")
    expect(changed).to_be_visible()
    assert page.evaluate("localeCalls") == 0
    held.release()
    expect(changed).to_have_attribute("title", re.compile(r"20\d\d"))
    assert page.evaluate("localeCalls") > 0


def test_the_age_of_a_watchlist_is_shown_in_one_unit(page: Page) -> None:
    visit(page)
    ages = {44: "just now", 46: "1 minute ago", 7_100: "2 hours ago", 93 * 86_400: "93 days ago"}

    shown = page.evaluate(AGES, list(ages))

    assert shown == list(ages.values())


AGES = """async (ages) => {
  const { timeAgo } = await import(document.querySelector("link[href$='/messages.js']").href);
  const now = Date.now();
  Date.now = () => now;
  return ages.map((seconds) => timeAgo(new Date(now - seconds * 1000).toISOString()));
}"""


def test_a_return_visit_opens_the_stored_page_and_then_renews_it(page: Page, server: Server) -> None:
    given(page, "Tech")
    page.wait_for_load_state("networkidle")
    page.goto("/api/v2/health")
    page.wait_for_load_state("networkidle")
    server.requests.clear()

    with offline(page):
        page.goto("/")
        expect(card(page, "Tech")).to_be_visible()
        assert server.requests == []

    with page.expect_response(f"{server.url}/"):
        ready(page)
    assert "GET /" in server.requests


def test_a_page_that_is_outdated_offers_to_reload(page: Page, server: Server) -> None:
    page.route(
        f"{server.url}/",
        lambda route: (
            route.fulfill(body="<!doctype html>") if route.request.resource_type == "fetch" else route.continue_()
        ),
    )

    visit(page)

    expect(page.get_by_text("This page has been updated")).to_be_visible()
    expect(page.get_by_role("button", name="Reload")).to_be_visible()


def test_another_window_shows_a_change_without_being_focused(page: Page) -> None:
    given(page, "Tech")
    other = visit(page.context.new_page())

    edit(page, "Tech")
    page.get_by_label("Name", exact=True).fill("Technology")
    save(page)

    expect(card(other, "Technology")).to_be_visible()


def test_an_untouched_editor_follows_a_change_in_another_window(page: Page) -> None:
    given(page, "Tech")
    other = visit(page.context.new_page())
    edit(other, "Tech")

    edit(page, "Tech")
    page.get_by_label("Name", exact=True).fill("Technology")
    save(page)

    expect(other.get_by_label("Name", exact=True)).to_have_value("Technology")


def test_a_name_is_changed_in_its_card(page: Page) -> None:
    given(page, "Tech")

    card(page, "Tech").get_by_role("heading").get_by_role("button").click()
    page.get_by_label("New name of Tech").fill("Technology")
    page.keyboard.press("Enter")

    expect(card(page, "Technology")).to_be_visible()
    page.reload()
    expect(card(page, "Technology")).to_be_visible()


def test_escape_restores_a_name_that_is_edited_in_its_card(page: Page, server: Server) -> None:
    given(page, "Tech")

    card(page, "Tech").get_by_role("heading").get_by_role("button").click()
    page.get_by_label("New name of Tech").fill("Technology")
    page.keyboard.press("Escape")

    expect(card(page, "Tech").get_by_role("heading")).to_have_text("Tech")
    assert server.count("PATCH") == 0


def test_a_name_that_was_changed_elsewhere_is_not_overwritten_in_its_card(page: Page) -> None:
    given(page, "Tech")
    page.evaluate("globalThis.BroadcastChannel.prototype.postMessage = () => {}")
    other = visit(page.context.new_page())
    other.evaluate("globalThis.BroadcastChannel.prototype.postMessage = () => {}")
    card(page, "Tech").get_by_role("heading").get_by_role("button").click()
    edit(other, "Tech")
    other.get_by_label("Name", exact=True).fill("Theirs")
    save(other)
    expect(card(other, "Theirs")).to_be_visible()

    page.get_by_label("New name of Tech").fill("Mine")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Not renamed: it was changed elsewhere")).to_be_visible()
    expect(card(page, "Theirs")).to_be_visible()


def test_a_watchlist_is_duplicated(page: Page) -> None:
    given(page, "Tech", tickers=["AAPL", "KO"])

    page.get_by_role("button", name="Duplicate Tech").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Copy of Tech")
    save(page)

    expect(card(page, "Copy of Tech")).to_contain_text("Coca-Cola Co")


def test_watchlists_are_sorted_and_the_order_is_kept(page: Page) -> None:
    given(page, "Beta", "Alpha")
    expect(cards(page)).to_contain_text(["Alpha", "Beta"])

    page.get_by_role("button", name="My own order").click()
    page.get_by_role("button", name="Move later: Alpha").click()
    expect(cards(page)).to_contain_text(["Beta", "Alpha"])
    page.reload()
    expect(cards(page)).to_contain_text(["Beta", "Alpha"])

    page.get_by_role("button", name="Name", exact=True).click()
    expect(cards(page)).to_contain_text(["Alpha", "Beta"])
