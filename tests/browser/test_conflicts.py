"""Two tabs edit the same watchlist: neither overwrites the other's changes silently."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.service import Server
from tests.browser.steps import after, card, delete, dialog, edit, freeze, given, save, visit

pytestmark = pytest.mark.slow


@pytest.fixture
def tabs(page: Page) -> tuple[Page, Page]:
    """Two tabs in which `Tech` is being edited; in the first one its name is changed already."""
    given(page, "Tech")
    other = visit(page.context.new_page())
    edit(page, "Tech")
    page.get_by_label("Name", exact=True).fill("My name")
    edit(other, "Tech")
    return page, other


def rename(page: Page, name: str) -> None:
    page.get_by_label("Name", exact=True).fill(name)
    save(page)


def test_the_later_save_shows_both_versions(tabs: tuple[Page, Page]) -> None:
    mine, theirs = tabs
    theirs.get_by_role("button", name="90 days").click()
    rename(theirs, "Their name")
    expect(dialog(theirs)).to_be_hidden()

    rename(mine, "My name")

    expect(dialog(mine)).to_contain_text("Changed elsewhere")
    expect(mine.get_by_role("row", name="Name")).to_contain_text("My name")
    expect(mine.get_by_role("row", name="Name")).to_contain_text("Their name")
    expect(mine.get_by_role("row", name="Time frame")).to_contain_text("unchanged")
    expect(mine.get_by_role("row", name="Time frame")).to_contain_text("90 days")


def test_keeping_my_changes_preserves_fields_that_only_they_changed(tabs: tuple[Page, Page]) -> None:
    mine, theirs = tabs
    theirs.get_by_role("button", name="90 days").click()
    rename(theirs, "Their name")
    expect(dialog(theirs)).to_be_hidden()
    rename(mine, "My name")

    mine.get_by_role("button", name="Keep my changes").click()

    expect(card(mine, "My name")).to_contain_text("90 days")


def test_using_theirs_discards_my_changes(tabs: tuple[Page, Page]) -> None:
    mine, theirs = tabs
    rename(theirs, "Their name")
    expect(dialog(theirs)).to_be_hidden()
    rename(mine, "My name")

    mine.get_by_role("button", name="Use theirs").click()
    expect(mine.get_by_label("Name", exact=True)).to_have_value("Their name")
    save(mine)

    expect(card(mine, "Their name")).to_be_visible()


def test_a_watchlist_that_was_changed_elsewhere_is_not_deleted(page: Page) -> None:
    page.clock.install()
    given(page, "Tech")
    other = visit(page.context.new_page())
    edit(page, "Tech")
    freeze(other)
    delete(other, "Tech")
    rename(page, "Technology")
    expect(card(page, "Technology")).to_be_visible()

    assert after(other, 11, "DELETE") == 412

    expect(other.get_by_text("Not deleted: it was changed elsewhere")).to_be_visible()
    expect(card(other, "Technology")).to_be_visible()


def test_a_watchlist_that_was_deleted_elsewhere_can_be_saved_as_a_new_one(page: Page, server: Server) -> None:
    given(page, "Tech")
    other = visit(page.context.new_page())
    edit(other, "Tech")
    delete(page, "Tech")
    page.close()
    server.wait_for("DELETE")

    rename(other, "Technology")
    other.get_by_role("button", name="Save as new").click()
    save(other)

    expect(card(other, "Technology")).to_be_visible()
