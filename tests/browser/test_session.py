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
