"""After signing in, the page asks whether to move the watchlists of the browser to the account."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.service import NewContext, Server
from tests.browser.steps import (
    card,
    cards,
    countdown,
    create,
    delete,
    given,
    save,
    sign_in,
    type_in,
    visit,
)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("issuer")]

ADOPT = "POST /api/v2/configurations/adopt"


def move_button(page: Page, count: int) -> Locator:
    return page.get_by_role("button", name=re.compile(f"Move {count} watchlist"))


@pytest.mark.parametrize("mount", ["", "/dev"])
def test_the_watchlists_move_to_the_account_and_are_on_every_device(
    page: Page, new_context: NewContext, server: Server, mount: str
) -> None:
    given(page, "One", "Two")
    old = visit(page.context.new_page())
    sign_in(page)

    move_button(page, 2).click()

    expect(card(page, "One")).to_be_visible()
    expect(card(old, "One")).to_be_visible()
    assert page.evaluate("localStorage.getItem('config-api.session')") is None, "no tab restores it"
    expect(page.get_by_role("meter")).to_have_attribute("aria-valuetext", "2 of 5 used")
    other = visit(new_context().new_page())
    sign_in(other)
    expect(cards(other)).to_have_count(2)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Start your first watchlist")).to_be_visible()
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_enabled()
    assert server.count(f"POST {mount}/api/v2/auth/anonymous") == 3


def test_nothing_moves_without_an_answer_and_a_reload_asks_again(page: Page, server: Server) -> None:
    given(page, "One")
    sign_in(page)
    expect(move_button(page, 1)).to_be_visible()

    page.reload()
    expect(move_button(page, 1)).to_be_visible()
    # A user may leave the page before the browser sends this event.
    page.evaluate("addEventListener('close', (event) => event.stopImmediatePropagation(), { capture: true })")
    page.get_by_role("button", name="Not now").click()
    page.reload()

    expect(page.get_by_text("Faults", exact=True)).to_be_visible()  # which is shown after a question was answered
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("heading", name="Start your first watchlist")).to_be_visible()
    assert server.count(ADOPT) == 0


def test_the_user_chooses_what_moves_if_not_all_fits_and_the_rest_stays(page: Page, new_context: NewContext) -> None:
    member = visit(new_context().new_page())
    sign_in(member)
    for name in ("A", "B", "C", "D"):
        create(member, name)
    given(page, "One", "Two")
    sign_in(page)

    expect(page.get_by_text("Your account has room for 1 more")).to_be_visible()
    expect(page.get_by_role("checkbox", name="One")).to_be_disabled()
    page.get_by_role("checkbox", name="Two").uncheck()
    page.get_by_role("checkbox", name="One").check()
    move_button(page, 1).click()

    expect(card(page, "One")).to_be_visible()
    expect(cards(page)).to_have_count(5)
    page.get_by_role("button", name="Sign out").click()
    expect(card(page, "Two")).to_be_visible()
    expect(cards(page)).to_have_count(1)


def test_a_lost_response_and_a_repeat_move_each_watchlist_once(page: Page, server: Server) -> None:
    given(page, "One", "Two")
    sign_in(page)
    server.plan(lost_answers=1, methods=["adopt"], retry_after=1)

    move_button(page, 2).click()

    expect(cards(page)).to_have_count(2)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert server.count(ADOPT) == 2


def test_creates_of_unknown_result_and_pending_deletes_are_settled_before_the_question(
    page: Page, server: Server
) -> None:
    given(page, "Old")
    delete(page, "Old")
    type_in(page, "New")
    server.plan(lost_answers=1, methods=["add"], retry_after=30)
    save(page)
    expect(countdown(page)).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    page.keyboard.press("Escape")
    sign_in(page)

    expect(page.get_by_role("checkbox", name="New")).to_be_checked()
    expect(page.get_by_role("checkbox")).to_have_count(1)
    move_button(page, 1).click()

    expect(card(page, "New")).to_be_visible()
    page.get_by_role("button", name="New watchlist").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("")
