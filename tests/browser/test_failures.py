"""The page while the service is throttled, unavailable, slow or unreachable, or responses are lost."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from domain.ticker_list import TickerSource
from tests.browser.service import Server, freshness
from tests.browser.steps import (
    Held,
    after,
    card,
    countdown,
    delete,
    dialog,
    freeze,
    given,
    offline,
    ready,
    save,
    type_in,
    visit,
)

pytestmark = pytest.mark.slow

CREATE = "POST /api/v2/configurations"


@pytest.mark.parametrize(
    ("fault", "status", "says"),
    [("throttled", 429, "The service is busy"), ("unavailable", 503, "reach its storage")],
)
def test_a_refused_save_counts_down_and_is_repeated(
    page: Page, server: Server, fault: str, status: int, says: str
) -> None:
    page.clock.install()
    visit(page)
    type_in(page, "Tech")
    server.plan(**{fault: 2}, methods=["add"], retry_after=20)
    freeze(page)

    save(page)
    expect(dialog(page)).to_contain_text(says)
    expect(countdown(page)).to_have_text(re.compile("Trying again in 2[0-9] s"))
    assert after(page, 30) == status
    expect(countdown(page)).to_be_visible()
    assert after(page, 30) == 201

    expect(card(page, "Tech")).to_be_visible()
    assert server.count(CREATE) == 3


def test_a_wait_can_be_stopped_and_started_again(page: Page, server: Server) -> None:
    server.plan(unavailable=1, methods=["list"], retry_after=30)
    page.goto("/")

    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("heading", name="Your watchlists are not loaded")).to_be_visible()
    expect(countdown(page)).to_have_count(0)
    page.get_by_role("button", name="Try again").click()

    expect(page.get_by_role("heading", name="Start your first watchlist")).to_be_visible()


def test_a_wait_can_be_cut_short(page: Page, server: Server) -> None:
    """The clock is frozen: only the button can start the next attempt."""
    page.clock.install()
    visit(page)
    server.plan(unavailable=1, methods=["list"], retry_after=30)
    freeze(page)
    page.reload()

    page.get_by_role("button", name="Try now").click()

    expect(page.get_by_role("heading", name="Start your first watchlist")).to_be_visible()
    expect(countdown(page)).to_have_count(0)


def test_a_service_that_stays_down_ends_in_a_message_and_a_button(page: Page, server: Server) -> None:
    page.clock.install()
    visit(page)
    server.plan(unavailable=9, methods=["list"], retry_after=50)
    freeze(page)
    page.reload()

    for _ in range(2):
        expect(countdown(page)).to_be_visible()
        assert after(page, 60, "GET") == 503

    expect(page.get_by_role("heading", name="reach its storage")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


@pytest.mark.parametrize("fault", ["lost_answers", "unavailable"])
def test_a_failed_delete_is_repeated(page: Page, server: Server, fault: str) -> None:
    page.clock.install()
    given(page, "Tech")
    server.plan(**{fault: 1}, methods=["remove"], retry_after=9)
    freeze(page)
    delete(page, "Tech")

    assert after(page, 11, "DELETE") == 503
    expect(countdown(page)).to_be_visible()
    assert after(page, 15, "DELETE") == (404 if fault == "lost_answers" else 204)

    expect(countdown(page)).to_be_hidden()
    page.reload()
    expect(page.get_by_role("heading", name="Start your first watchlist")).to_be_visible()


def test_a_create_that_waits_for_a_pending_delete_shows_the_countdown(page: Page, server: Server) -> None:
    page.clock.install()
    given(page, "One", "Two")
    server.plan(throttled=1, methods=["remove"], retry_after=20)
    freeze(page)
    delete(page, "One")
    page.get_by_role("button", name="New watchlist").click()
    page.get_by_label("Name", exact=True).fill("Three")
    page.get_by_role("combobox").fill("AAPL")
    page.keyboard.press("Enter")

    save(page)

    expect(dialog(page).locator(".countdown")).to_be_visible()
    assert after(page, 30, "DELETE") == 204
    expect(card(page, "Three")).to_be_visible()


def test_a_slow_save_marks_the_form_as_busy(page: Page) -> None:
    visit(page)
    type_in(page, "Tech")
    held = Held(page, "POST", "/configurations")

    save(page)

    expect(page.locator("form[aria-busy=true]")).to_be_visible()
    held.release()
    expect(card(page, "Tech")).to_be_visible()


def test_an_offline_save_waits_for_the_connection(page: Page, server: Server) -> None:
    visit(page)
    type_in(page, "Tech")

    with offline(page):
        save(page)
        expect(dialog(page)).to_contain_text("This continues when you are back online.")
        assert server.count(CREATE) == 0

    expect(card(page, "Tech")).to_be_visible()
    expect(page.get_by_text("You are offline")).to_have_count(0)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (TickerSource.STALE, "The list in use is 5 hours old."),
        (TickerSource.BUNDLED, "The list that came with the service is in use."),
    ],
)
def test_an_outdated_ticker_list_is_announced(page: Page, server: Server, source: TickerSource, says: str) -> None:
    server.tickers.freshness = freshness(source, timedelta(hours=5))

    visit(page)

    expect(page.get_by_text(says)).to_be_visible()


def test_a_fresh_ticker_list_is_not_announced(page: Page) -> None:
    with page.expect_response("**/health/ready"):
        visit(page)

    expect(page.get_by_text("The ticker list")).to_have_count(0)


def test_the_fault_panel_plans_and_clears_faults(page: Page) -> None:
    visit(page)
    page.get_by_text("Faults", exact=True).click()

    page.get_by_role("button", name="Throttle").click()
    expect(page.get_by_text("Throttle: 2")).to_be_visible()
    page.get_by_role("button", name="Clear").click()

    expect(page.get_by_text("None planned")).to_be_visible()
    ready(page)
