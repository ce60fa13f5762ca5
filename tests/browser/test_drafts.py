"""Unsaved input is kept, and each message about it acts on its own draft."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import type_in, visit

pytestmark = pytest.mark.slow


def open_new(page: Page) -> None:
    page.get_by_role("button", name="New watchlist").click()


def expect_name(page: Page, name: str) -> None:
    expect(page.get_by_label("Name", exact=True)).to_have_value(name)


def test_a_toast_disappears_when_its_draft_is_continued(page: Page) -> None:
    visit(page)
    type_in(page, "First")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Discard")).to_be_visible()

    open_new(page)

    expect(page.locator(".toast")).to_have_count(0)


def test_discarding_one_draft_keeps_another(page: Page) -> None:
    page.clock.install()
    visit(page)
    type_in(page, "First")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Tech giants").click()
    page.get_by_label("Name", exact=True).fill("Second")
    page.keyboard.press("Escape")

    page.locator(".toast", has_text="First").get_by_role("button", name="Discard").click()
    expect(page.locator(".toast", has_text="First")).to_have_count(0)

    open_new(page)
    expect_name(page, "Second")


def test_a_starter_that_was_not_changed_does_not_replace_a_draft(page: Page) -> None:
    visit(page)
    type_in(page, "Mine")
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Tech giants").click()
    expect_name(page, "Tech giants")
    page.keyboard.press("Escape")

    expect(page.get_by_text("Kept your draft “Tech giants”")).to_have_count(0)
    open_new(page)
    expect_name(page, "Mine")


def test_drafts_of_new_watchlists_are_kept_side_by_side(page: Page) -> None:
    visit(page)
    type_in(page, "First")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Tech giants").click()
    page.get_by_label("Name", exact=True).fill("Second")
    page.keyboard.press("Escape")

    open_new(page)
    expect_name(page, "Second")
    page.get_by_role("button", name="Start over").click()
    page.keyboard.press("Escape")
    open_new(page)

    expect_name(page, "First")


def test_a_text_selection_that_ends_outside_does_not_close_the_dialog(page: Page) -> None:
    visit(page)
    type_in(page, "Selected")
    box = page.get_by_label("Name", exact=True).bounding_box()
    assert box is not None

    page.mouse.move(box["x"] + 60, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(5, box["y"] + 10)
    page.mouse.up()

    expect(page.get_by_label("Name", exact=True)).to_be_visible()
