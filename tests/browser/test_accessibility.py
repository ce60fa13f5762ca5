"""axe-core reports no violation in any state and theme; forced colours, the keyboard and the locale work."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from domain.ticker_list import TickerSource
from tests.browser.service import NewContext, Server, freshness
from tests.browser.steps import (
    AXE,
    VIOLATIONS,
    Held,
    card,
    choose,
    countdown,
    create,
    delete,
    dialog,
    edit,
    given,
    offline,
    ready,
    save,
    sign_in,
    type_in,
    visit,
)

pytestmark = pytest.mark.slow


@pytest.fixture
def page(new_context: NewContext) -> Page:
    """A page with axe-core loaded."""
    context = new_context()
    context.add_init_script(path=AXE)
    return context.new_page()


@pytest.fixture
def audit(page: Page) -> Callable[[str], None]:
    def run(state: str) -> None:
        assert page.evaluate(VIOLATIONS) == [], state

    return run


def test_normal_states_have_no_violations(page: Page, audit: Callable[[str], None]) -> None:
    held = Held(page, "GET", "/configurations")
    page.goto("/")
    audit("loading")
    held.release()
    ready(page)
    audit("empty")
    page.get_by_role("button", name="New watchlist").click()
    audit("the dialog")
    page.get_by_role("combobox").fill("A")
    expect(page.get_by_role("option")).to_be_visible()
    audit("suggestions")
    searches = Held(page, "GET", "/tickers/search?*")
    page.get_by_role("combobox").fill("no such company")
    expect(page.locator("#ticker-list[aria-busy]")).to_be_visible()
    audit("suggestions of an older text")
    searches.release()
    expect(page.get_by_role("option", name="No ticker matches")).to_be_visible()
    audit("no suggestions")
    page.get_by_role("combobox").fill("")
    choose(page, "AAPL", "BRK.B")
    page.get_by_label("Name", exact=True).fill("Tech")
    audit("a full dialog")
    save(page)
    expect(card(page, "Tech")).to_be_visible()
    audit("one of two, and a message")
    create(page, "Other")
    audit("at the limit")
    delete(page, "Other")
    audit("undo")


def test_failure_states_have_no_violations(page: Page, server: Server, audit: Callable[[str], None]) -> None:
    given(page, "Tech")
    type_in(page, "x" * 51, "KO")
    for unknown in ("ZZZZ", "FB"):
        page.get_by_role("combobox").fill(unknown)
        page.keyboard.press("Enter")
    save(page)
    expect(page.get_by_text("Use META")).to_be_visible()
    audit("field errors")
    page.keyboard.press("Escape")

    edit(page, "Tech")
    page.get_by_label("Name", exact=True).fill("Mine")
    server.plan(unavailable=1, methods=["update"], retry_after=30)
    save(page)
    expect(countdown(page)).to_be_visible()
    audit("a countdown in the dialog")
    page.get_by_role("button", name="Stop").click()
    audit("stopped")
    other = visit(page.context.new_page())
    edit(other, "Tech")
    other.get_by_label("Name", exact=True).fill("Theirs")
    save(other)
    expect(card(other, "Theirs")).to_be_visible()
    other.close()
    save(page)
    expect(page.get_by_text("Changed elsewhere")).to_be_visible()
    audit("a conflict")
    page.keyboard.press("Escape")

    server.tickers.freshness = freshness(TickerSource.STALE, timedelta(hours=5))
    server.plan(throttled=1, methods=["list"], retry_after=30)
    page.reload()
    expect(countdown(page)).to_be_visible()
    audit("a countdown on the page")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("The list in use")).to_be_visible()
    audit("not loaded, a stale ticker list")
    server.ahead = timedelta(days=31)
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("Your session has expired")).to_be_visible()
    page.get_by_text("Faults", exact=True).click()
    audit("a new session, the fault panel")
    with offline(page):
        expect(page.get_by_text("You are offline")).to_be_visible()
        audit("offline")


@pytest.mark.usefixtures("issuer")
def test_the_states_of_members_have_no_violations(page: Page, audit: Callable[[str], None]) -> None:
    given(page, "Tech", "Other")
    audit("at the limit, with sign-in")
    for button in ("Download my watchlists", "Import", "Delete everything"):
        page.get_by_role("button", name=button, exact=True).click()
        expect(page.get_by_role("dialog").get_by_role("button", name="Cancel")).to_be_visible()
        audit(button)
        page.keyboard.press("Escape")
    page.get_by_role("button", name="Import", exact=True).click()
    content = b"name,tickers\nGood,KO\nTech,AAPL\nBad,ZZZZ"
    page.get_by_label("File").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": content})
    expect(page.get_by_text("Found 3 watchlists.")).to_be_visible()
    audit("the preview of an import")
    page.keyboard.press("Escape")
    page.evaluate("localStorage.setItem('config-api.loss', localStorage.getItem('config-api.list'))")
    unavailable = {"code": "identity_unavailable"}
    later = {"Retry-After": "61"}  # too long for the page to wait
    page.route("**/auth/sign-in", lambda route: route.fulfill(status=503, headers=later, json=unavailable))
    page.reload()
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("You are not signed in")).to_be_visible()
    audit("a loss, and a failed sign-in")
    page.unroute("**/auth/sign-in")
    sign_in(page)
    expect(page.get_by_role("button", name="Move 2 watchlists")).to_be_visible()
    audit("moving watchlists")
    page.get_by_role("button", name="Move 2 watchlists").click()
    expect(card(page, "Tech")).to_be_visible()
    audit("a member")


def test_reduced_motion_disables_animations(new_context: NewContext) -> None:
    page = visit(new_context(reduced_motion="reduce").new_page())
    page.get_by_role("button", name="New watchlist").click()

    durations = page.evaluate(
        "document.getAnimations().map(({effect}) => effect.getComputedTiming().activeDuration).filter((ms) => ms > 10)"
    )

    assert durations == []


def test_states_are_visible_in_forced_colours(new_context: NewContext) -> None:
    page = visit(new_context(forced_colors="active").new_page())
    page.get_by_role("button", name="New watchlist").click()
    look = """(element) => {
      const { backgroundColor, borderTopStyle, borderTopWidth } = getComputedStyle(element);
      return [backgroundColor, borderTopStyle, borderTopWidth].join();
    }"""
    switch = page.get_by_role("switch", name="Extended hours")
    off = switch.evaluate(look)
    switch.check()

    assert switch.evaluate(look) != off
    pressed = page.get_by_role("button", name="7 days", exact=True)
    unpressed = page.get_by_role("button", name="30 days", exact=True)
    assert pressed.evaluate(look) != unpressed.evaluate(look)
    assert "0px" not in dialog(page).evaluate(look)
    page.get_by_role("combobox").fill("A")
    expect(page.get_by_role("option")).to_be_visible()
    active = page.get_by_role("option").evaluate(look)
    page.get_by_role("option").evaluate("(option) => option.setAttribute('aria-selected', 'false')")
    unselected = page.get_by_role("option").evaluate(look)
    assert unselected != active
    assert page.locator("mark").first.evaluate(look) != unselected


def test_shortcuts_work_and_are_listed(page: Page) -> None:
    given(page, "Tech")

    page.keyboard.press("n")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog(page)).to_be_hidden()
    page.keyboard.press("/")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog(page)).to_be_hidden()
    page.keyboard.press("?")
    overview = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(overview).to_contain_text("New watchlist")

    overview.get_by_role("switch", name="Single-key shortcuts").uncheck()
    page.keyboard.press("Escape")
    expect(overview).to_be_hidden()
    page.keyboard.press("n")
    expect(dialog(page)).to_be_hidden()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(overview).to_be_visible()


def test_dates_follow_the_locale_of_the_user(new_context: NewContext) -> None:
    page = given(new_context(locale="de-DE").new_page(), "Tech")

    expect(page.get_by_role("contentinfo")).to_contain_text(re.compile(r"ends on \d\d\.\d\d\.\d{4}\."))
    changed = card(page, "Tech").get_by_role("time")
    expect(changed).to_have_attribute("title", re.compile(r"\d\d\.\d\d\.\d{4}, \d\d:\d\d"))
