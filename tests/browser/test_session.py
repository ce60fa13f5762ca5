"""The anonymous session: it is shared by tabs, and never replaced silently."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.service import Server
from tests.browser.steps import Held, card, cards, create, edit, given, ready, save, type_in, visit

pytestmark = pytest.mark.slow

START = "POST /api/v2/auth/anonymous"
SPOIL = """() => {
    const session = JSON.parse(localStorage.getItem("config-api.session"));
    localStorage.setItem("config-api.session", JSON.stringify({ ...session, token: session.token + "x" }));
}"""


def test_a_first_visit_starts_a_session_that_a_reload_keeps(page: Page, server: Server) -> None:
    visit(page)
    expect(page.get_by_role("heading", name="Start your first watchlist")).to_be_visible()

    page.reload()
    ready(page)

    assert server.count(START) == 1


def test_an_expired_session_is_replaced_and_the_input_is_saved(page: Page, server: Server) -> None:
    given(page, "Old")
    type_in(page, "New")
    server.ahead = timedelta(days=31)

    save(page)

    expect(card(page, "New")).to_be_visible()
    expect(page.get_by_text("Your session has expired, and its watchlists can no longer be reached")).to_be_visible()
    expect(cards(page)).to_have_count(1)
    assert server.count(START) == 2


def test_a_list_that_is_older_than_a_create_does_not_hide_the_new_watchlist(page: Page, server: Server) -> None:
    """The new session loads its empty list while the create is under way."""
    given(page, "Old")
    type_in(page, "New")
    server.ahead = timedelta(days=31)
    held = Held(page, "GET", "/configurations")

    save(page)
    expect(card(page, "New")).to_be_visible()
    held.answer({"configurations": [], "max_allowed": 2, "remaining": 2})

    expect(card(page, "Old")).to_have_count(0)
    expect(card(page, "New")).to_be_visible()


def test_an_edit_in_an_expired_session_can_be_saved_as_a_new_watchlist(page: Page, server: Server) -> None:
    given(page, "Old")
    edit(page, "Old")
    page.get_by_label("Name", exact=True).fill("Older and better")
    server.ahead = timedelta(days=31)

    save(page)
    page.get_by_role("button", name="Save as new").click()
    save(page)

    expect(card(page, "Older and better")).to_be_visible()
    expect(cards(page)).to_have_count(1)


def test_a_refused_session_is_kept_until_the_user_starts_another(page: Page, server: Server) -> None:
    given(page, "Tech")
    page.evaluate(SPOIL)

    page.reload()

    expect(page.get_by_text("This may be temporary")).to_be_visible()
    assert server.count(START) == 1
    page.get_by_role("button", name="Start a new session").click()
    expect(page.get_by_role("heading", name="Start your first watchlist")).to_be_visible()
    assert server.count(START) == 2


def test_a_clock_that_is_set_back_ends_no_session(page: Page, server: Server) -> None:
    given(page, "Tech")
    server.ahead = timedelta(minutes=-10)

    page.reload()
    expect(page.get_by_text("be verified right now")).to_be_visible()
    server.ahead = timedelta()
    page.get_by_role("button", name="Try now").click()

    expect(card(page, "Tech")).to_be_visible()
    assert server.count(START) == 1


def test_clearing_the_storage_does_not_change_the_user_of_an_open_page(page: Page, server: Server) -> None:
    given(page, "One")
    page.evaluate("localStorage.clear()")

    create(page, "Two")

    page.reload()
    expect(cards(page)).to_have_count(2)
    assert server.count(START) == 1


def test_without_a_client_nobody_is_offered_to_sign_in(page: Page) -> None:
    given(page, "One", "Two")

    expect(page.get_by_role("button", name="Sign in")).to_have_count(0)
    expect(page.get_by_text("Delete one to create another")).to_be_visible()


RENEW = "POST /api/v2/auth/renew"


def days_later(page: Page, server: Server, days: int) -> None:
    """Open the page again after some days, for the browser and the service."""
    server.ahead = timedelta(days=days)
    page.clock.set_system_time(server.now())
    page.goto("./")
    ready(page)


def test_tabs_renew_the_session_once_when_a_third_of_it_has_passed(page: Page, server: Server) -> None:
    given(page, "Tech")
    days_later(page, server, 9)
    assert server.count(RENEW) == 0

    days_later(page, server, 11)
    server.wait_for(RENEW)
    other = page.context.new_page()
    other.clock.set_system_time(server.now())
    visit(other)
    expect(other.get_by_role("contentinfo")).to_contain_text("Each visit renews it.")

    days_later(page, server, 29)
    server.wait_for(RENEW, count=2)
    days_later(page, server, 58)
    server.wait_for(RENEW, count=3)
    expect(card(page, "Tech")).to_be_visible()
    assert server.count(RENEW) == 3


def test_a_session_that_cannot_be_renewed_is_announced_seven_days_before_its_end(page: Page, server: Server) -> None:
    given(page, "Tech")
    page.route("**/auth/renew", lambda route: route.fulfill(status=503, json={"code": "store_unavailable"}))

    days_later(page, server, 22)
    expect(page.get_by_text("will be lost")).to_have_count(0)
    days_later(page, server, 24)

    expect(page.locator("#notices")).to_contain_text("Your watchlists will be lost on")
    page.locator("#notices").get_by_role("button", name="Download my watchlists").click()
    expect(page.get_by_role("dialog")).to_contain_text("Tech")
    page.keyboard.press("Escape")
    page.unroute("**/auth/renew")
    page.reload()
    expect(page.locator("#notices")).to_be_empty()


def test_what_is_lost_is_named_until_it_is_dismissed_and_can_be_created_again(page: Page, server: Server) -> None:
    given(page, "Tech", tickers=["AAPL", "MSFT"])
    days_later(page, server, 31)
    page.reload()

    expect(page.locator("#notices")).to_contain_text("Gone: “Tech” (AAPL, MSFT).")
    page.get_by_role("button", name="Create them again").click()
    page.get_by_role("button", name="Import 1 watchlist").click()

    expect(card(page, "Tech")).to_be_visible()
    expect(page.locator("#notices")).to_be_empty()


def test_a_session_that_the_browser_has_lost_is_reported(page: Page) -> None:
    given(page, "Tech")
    page.evaluate("localStorage.removeItem('config-api.session')")
    page.goto("./api/v2/health")
    page.evaluate("localStorage.removeItem('config-api.session')")

    visit(page)

    expect(page.locator("#notices")).to_contain_text("Your earlier session is lost")
    expect(page.locator("#notices")).to_contain_text("Tech")
