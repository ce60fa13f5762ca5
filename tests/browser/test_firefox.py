"""The main paths, in Firefox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.firefox import CONTROL, ENTER, TAB, Firefox, firefox, running
from tests.browser.service import Server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("firefox"),
    pytest.mark.skipif(firefox() is None, reason="No Firefox: apt-get install firefox-esr, or name one in FIREFOX"),
]

NAMES = "[...document.querySelectorAll('article h2')].map((name) => name.textContent).join()"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    with running(tmp_path_factory.mktemp("firefox") / "profile") as browser:
        yield browser


@pytest.fixture
def page(browser: Firefox, server: Server) -> Firefox:
    """The page of a new user, who has created the watchlist `Tech` with the keyboard."""
    browser.open(server.url)
    browser.wait_until("document.querySelector('#create:enabled')")
    browser.press("n", *"Tech", TAB, *"AA")
    browser.wait_until("document.querySelector('[role=option] mark')?.textContent === 'AA'")
    browser.press(ENTER, CONTROL + ENTER)
    browser.wait_until(f"{NAMES} === 'Tech' && !document.querySelector('dialog[open]')")
    return browser


def test_a_watchlist_is_renamed_edited_deleted_and_restored(page: Firefox, server: Server) -> None:
    page.click("article h2 button")
    page.press(CONTROL + "a", *"Chips", ENTER)
    page.wait_until(f"{NAMES} === 'Chips'")
    page.click("[aria-label='Edit Chips']")
    page.click("[aria-label='90 days']")
    page.click("#save")
    page.wait_until("document.querySelector('article footer').textContent.includes('90 days')")
    page.click("[aria-label='Delete Chips']")
    page.wait_until(f"{NAMES} === ''")
    page.press(CONTROL + "z")

    page.wait_until(f"{NAMES} === 'Chips'")
    assert server.count("DELETE") == 0


def test_another_window_shows_a_change_without_being_focused(page: Firefox, server: Server) -> None:
    first = page.open_tab(server.url)
    page.click("article h2 button")
    page.press(CONTROL + "a", *"Chips", ENTER)
    page.wait_until(f"{NAMES} === 'Chips'")

    page.switch(first)

    page.wait_until(f"{NAMES} === 'Chips'")


def test_a_create_whose_response_was_lost_is_repeated_and_counts_once(page: Firefox, server: Server) -> None:
    server.plan(lost_answers=1, methods=["add"], retry_after=60)
    page.press("n", *"Lost", TAB, *"MSFT", CONTROL + ENTER)
    page.wait_until("document.querySelector('.countdown')")

    page.click("#editor-status button")

    page.wait_until(f"{NAMES} === 'Lost,Tech'")


def test_the_documentation_sends_requests_with_the_session_of_the_browser(page: Firefox, server: Server) -> None:
    page.open(f"{server.url}/docs")
    page.click("#listConfigurations [type=submit]")

    page.wait_until("document.querySelector('#listConfigurations .answer').textContent.includes('Tech')")
