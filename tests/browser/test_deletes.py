"""Delete with undo: nothing is sent before the deadline, and the deadline holds."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.service import Server
from tests.browser.steps import after, card, cards, delete, freeze, given

pytestmark = pytest.mark.slow


def test_the_deadline_holds_while_undo_has_the_focus(page: Page) -> None:
    page.clock.install()
    given(page, "Tech")
    freeze(page)

    delete(page, "Tech")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()

    assert after(page, 11, "DELETE") == 204
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)


def test_the_deadline_holds_while_a_dialog_is_open(page: Page) -> None:
    page.clock.install()
    given(page, "One", "Two")
    freeze(page)

    delete(page, "One")
    page.get_by_role("button", name="Edit Two").click()

    assert after(page, 11, "DELETE") == 204


def test_a_hidden_tab_sends_an_overdue_delete_when_it_is_shown(page: Page, server: Server) -> None:
    """Browsers delay the timers of hidden tabs: the clock jumps without running them."""
    page.clock.install()
    given(page, "Tech")
    freeze(page)
    delete(page, "Tech")

    page.evaluate(
        """() => {
          const now = Date.now() + 11_000;
          Date.now = () => now;
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )

    server.wait_for("DELETE")


def test_undo_by_keyboard_shortcut_restores_the_watchlist(page: Page, server: Server) -> None:
    given(page, "Tech")
    delete(page, "Tech")

    page.keyboard.press("Control+z")

    expect(card(page, "Tech")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    assert server.count("DELETE") == 0


def test_a_double_click_on_delete_does_not_delete_the_next_watchlist(page: Page) -> None:
    given(page, "One", "Two")

    page.get_by_role("button", name="Delete Two").dblclick()

    expect(card(page, "Two")).to_be_hidden()
    expect(cards(page)).to_have_count(1)
    expect(page.get_by_role("button", name="Undo")).to_have_count(1)


def test_a_double_click_on_edit_leaves_the_dialog_open(page: Page) -> None:
    given(page, "Tech")

    page.get_by_role("button", name="Edit Tech").dblclick()

    expect(page.get_by_label("Name", exact=True)).to_have_value("Tech")
