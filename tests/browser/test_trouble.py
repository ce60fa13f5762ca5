"""What the page does when the service is busy, down, slow, unheard, or out of reach."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from domain.tickers import TickerSource
from tests.browser.service import Server, fresh
from tests.browser.steps import (
    card,
    cards,
    choose,
    countdown,
    delete,
    dialog,
    edit,
    given,
    offline,
    ready,
    save,
    type_in,
    visit,
)

pytestmark = pytest.mark.slow

CREATE = "POST /api/v2/configurations"


def after(page: Page, seconds: int, method: str = "POST", path: str = "/configurations") -> int:
    """Let so much time pass, and tell the status of the answer that comes of it."""
    with page.expect_response(
        lambda answer: answer.request.method == method and answer.url.split("/api/v2")[-1].startswith(path)
    ) as response:
        page.clock.run_for(seconds * 1000)
    return response.value.status


@pytest.mark.parametrize(
    ("fault", "status", "says"),
    [("throttled", 429, "The service is busy"), ("unavailable", 503, "reach its storage")],
)
def test_a_save_that_is_put_off_counts_down_and_goes_on_by_itself(
    page: Page, server: Server, fault: str, status: int, says: str
) -> None:
    page.clock.install()
    visit(page)
    type_in(page, "Tech")
    server.plan(**{fault: 2}, methods=["add"], retry_after=20)

    save(page)
    expect(dialog(page)).to_contain_text(says)
    expect(countdown(page)).to_have_text("Trying again in 20 s")  # ticks while we look: 21 and 22 come first at times
    assert after(page, 23) == status
    assert after(page, 23) == 201

    expect(card(page, "Tech")).to_be_visible()
    assert server.sent(CREATE) == 3


@pytest.mark.parametrize("fault", ["throttled", "unavailable"])
def test_a_list_that_is_put_off_counts_down_and_comes_by_itself(page: Page, server: Server, fault: str) -> None:
    given(page, "Tech")
    server.plan(**{fault: 1}, methods=["list"], retry_after=1)

    page.reload()

    expect(countdown(page)).to_be_visible()
    expect(card(page, "Tech")).to_be_visible()
    expect(countdown(page)).to_be_hidden()


def test_a_wait_can_be_stopped_and_taken_up_again(page: Page, server: Server) -> None:
    server.plan(unavailable=1, methods=["list"], retry_after=30)
    page.goto("/")

    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("heading", name="Your watchlists are not loaded")).to_be_visible()
    page.get_by_role("button", name="Try again").click()

    expect(page.get_by_role("heading", name="Start your first watchlist")).to_be_visible()


def test_a_service_that_stays_down_ends_in_words_and_a_button(page: Page, server: Server) -> None:
    server.plan(unavailable=9, methods=["list"], retry_after=50)
    page.clock.install()
    page.goto("/")

    for _ in range(2):
        expect(countdown(page)).to_be_visible()
        assert after(page, 56, "GET") == 503

    expect(page.get_by_role("heading", name="reach its storage")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_a_lost_answer_leaves_one_watchlist(page: Page, server: Server) -> None:
    visit(page)
    type_in(page, "Tech")
    server.plan(lost_answers=2, methods=["add"], retry_after=1)

    save(page)

    expect(card(page, "Tech")).to_be_visible()
    assert server.sent(CREATE) == 3
    page.reload()
    expect(cards(page)).to_have_count(1)


def test_an_answer_that_is_lost_over_a_reload_leaves_one_watchlist(page: Page, server: Server) -> None:
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


def test_what_is_typed_after_a_lost_answer_changes_the_one_watchlist(page: Page, server: Server) -> None:
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


@pytest.mark.parametrize("fault", ["lost_answers", "throttled"])
def test_a_change_whose_first_try_failed_is_no_conflict_with_itself(page: Page, server: Server, fault: str) -> None:
    given(page, "Tech")
    edit(page, "Tech")
    page.get_by_label("Name", exact=True).fill("Technology")
    server.plan(**{fault: 1}, methods=["update"], retry_after=1)

    save(page)

    expect(card(page, "Technology")).to_be_visible()


@pytest.mark.parametrize("fault", ["lost_answers", "unavailable"])
def test_a_deletion_whose_first_try_failed_is_repeated_and_done(page: Page, server: Server, fault: str) -> None:
    page.clock.install()
    given(page, "Tech")
    server.plan(**{fault: 1}, methods=["remove"], retry_after=9)
    delete(page, "Tech")
    page.mouse.move(1, 1)

    assert after(page, 9, "DELETE") == 503
    expect(countdown(page)).to_be_visible()
    assert after(page, 11, "DELETE") == (404 if fault == "lost_answers" else 204)

    expect(countdown(page)).to_be_hidden()
    page.reload()
    expect(page.get_by_role("heading", name="Start your first watchlist")).to_be_visible()


def test_a_save_that_waits_for_a_place_to_become_free_says_so(page: Page, server: Server) -> None:
    given(page, "One", "Two")
    delete(page, "One")
    type_in(page, "Three")
    server.plan(throttled=1, methods=["remove"], retry_after=1)

    save(page)

    expect(dialog(page).locator(".countdown")).to_be_visible()
    expect(card(page, "Three")).to_be_visible()


def test_a_slow_save_shows_that_it_is_under_way(page: Page, server: Server) -> None:
    visit(page)
    type_in(page, "Tech")
    server.plan(slow=1, methods=["add"], delay=0.5)

    save(page)

    expect(page.locator("form[aria-busy=true]")).to_be_visible()
    expect(card(page, "Tech")).to_be_visible()


def test_without_a_connection_a_save_waits_for_it(page: Page, server: Server) -> None:
    visit(page)
    type_in(page, "Tech")

    with offline(page):
        save(page)
        expect(dialog(page)).to_contain_text("This goes on as soon as you are back.")
        assert server.sent(CREATE) == 0

    expect(card(page, "Tech")).to_be_visible()
    expect(page.get_by_text("You are offline")).to_have_count(0)


def test_a_lost_connection_is_seen_on_the_page(page: Page) -> None:
    visit(page)

    with offline(page):
        expect(page.get_by_text("You are offline")).to_be_visible()

    expect(page.get_by_text("You are offline")).to_be_hidden()


def test_an_expired_session_is_renewed_and_what_was_typed_is_saved(page: Page, server: Server) -> None:
    given(page, "Old")
    type_in(page, "New")
    server.ahead = timedelta(days=31)

    save(page)

    expect(card(page, "New")).to_be_visible()
    expect(page.get_by_text("Your session had ended, so a new one has begun")).to_be_visible()
    expect(cards(page)).to_have_count(1)
    assert server.sent("POST /api/v2/auth/anonymous") == 2


def test_what_was_edited_in_an_ended_session_becomes_a_new_watchlist(page: Page, server: Server) -> None:
    given(page, "Old")
    edit(page, "Old")
    page.get_by_label("Name", exact=True).fill("Older and better")
    server.ahead = timedelta(days=31)

    save(page)
    page.get_by_role("button", name="Make it a new one").click()
    save(page)

    expect(card(page, "Older and better")).to_be_visible()
    expect(cards(page)).to_have_count(1)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (TickerSource.STALE, "The list in use is 5 hours old."),
        (TickerSource.BUNDLED, "The list that came with the service is in use."),
    ],
)
def test_a_ticker_list_that_is_not_the_newest_is_announced(
    page: Page, server: Server, source: TickerSource, says: str
) -> None:
    server.tickers.freshness = fresh(source, timedelta(hours=5))

    visit(page)

    expect(page.get_by_text(says)).to_be_visible()


def test_a_fresh_ticker_list_is_nothing_to_talk_about(page: Page) -> None:
    with page.expect_response("**/health/ready"):
        visit(page)

    expect(page.get_by_text("The ticker list")).to_have_count(0)


def test_without_suggestions_a_symbol_can_still_be_typed(page: Page) -> None:
    visit(page)
    page.route("**/tickers/search?*", lambda route: route.abort())
    page.get_by_role("button", name="New watchlist").click()
    page.get_by_label("Name", exact=True).fill("Tech")
    page.get_by_role("combobox").fill("msft")
    expect(page.get_by_role("option")).to_contain_text("Suggestions are not available")
    page.keyboard.press("Enter")

    save(page)

    expect(card(page, "Tech")).to_contain_text("Microsoft Corp")


def test_the_panel_makes_the_store_misbehave(page: Page) -> None:
    visit(page)
    page.get_by_text("Faults", exact=True).click()

    page.get_by_role("button", name="Throttle").click()
    expect(page.get_by_text("Throttle: 2")).to_be_visible()
    page.get_by_role("button", name="Clear").click()

    expect(page.get_by_text("None planned")).to_be_visible()
    ready(page)
