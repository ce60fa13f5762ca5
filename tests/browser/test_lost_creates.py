"""A create whose response is lost is carried out once, and never again after a delete."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.service import Server
from tests.browser.steps import card, cards, choose, countdown, delete_all, dialog, save, type_in, visit

pytestmark = pytest.mark.slow


def test_a_lost_answer_and_a_reload_leave_one_watchlist(page: Page, server: Server) -> None:
    visit(page)
    type_in(page, "Tech")
    server.plan(lost_answers=1, methods=["add"], retry_after=30)
    save(page)
    expect(countdown(page)).to_be_visible()

    page.reload()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Tech")
    save(page)

    expect(dialog(page)).to_be_hidden()
    expect(cards(page)).to_have_count(1)
    page.reload()
    expect(cards(page)).to_have_count(1)


def test_a_create_whose_watchlist_was_deleted_since_is_explained_and_can_be_saved_as_a_new_one(
    page: Page, server: Server
) -> None:
    visit(page)
    type_in(page, "Tech")
    server.plan(lost_answers=1, methods=["add"], retry_after=30)
    save(page)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("there will never be two")).to_be_visible()
    delete_all(page)

    save(page)
    expect(page.get_by_text("This watchlist was created, and deleted since")).to_be_visible()
    assert page.get_by_label("Name", exact=True).input_value() == "Tech"
    save(page)

    expect(card(page, "Tech")).to_be_visible()
    expect(cards(page)).to_have_count(1)


def test_changes_made_after_a_lost_answer_update_the_stored_watchlist(page: Page, server: Server) -> None:
    visit(page)
    type_in(page, "Tech")
    server.plan(lost_answers=1, methods=["add"], retry_after=30)
    save(page)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("there will never be two")).to_be_visible()

    page.get_by_label("Name", exact=True).fill("Technology")
    choose(page, "MSFT")
    save(page)

    expect(card(page, "Technology")).to_contain_text("Microsoft Corp")
    page.reload()
    expect(cards(page)).to_have_count(1)
