"""axe-core reports no violation in any state and theme; the layout fits every width."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from domain.ticker_list import TickerSource
from tests.browser.service import NewContext, Server, freshness
from tests.browser.steps import (
    Held,
    card,
    choose,
    countdown,
    create,
    delete,
    edit,
    given,
    offline,
    ready,
    save,
    type_in,
    visit,
)

pytestmark = pytest.mark.slow

AXE = Path(__file__).parent / "vendor" / "axe-core-4.14.1.min.js"
RUN = """async () => (await axe.run({resultTypes: ["violations"]})).violations.map(
    ({id, nodes}) => `${id}: ${nodes.map(({target, failureSummary}) => `${target} ${failureSummary}`).join("; ")}`)"""


@pytest.fixture(params=["light", "dark"])
def page(new_context: NewContext, request: pytest.FixtureRequest) -> Page:
    """A page with axe-core loaded. Motion is reduced, so that no state is checked during a transition."""
    context = new_context(color_scheme=request.param, reduced_motion="reduce")
    context.add_init_script(path=AXE)
    return context.new_page()


@pytest.fixture
def audit(page: Page) -> Callable[[str], None]:
    def run(state: str) -> None:
        assert page.evaluate(RUN) == [], state

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
    page.get_by_role("combobox").fill("no such company")
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


@pytest.mark.parametrize("width", [320, 390, 1920])
def test_nothing_overflows_at_any_width(new_context: NewContext, width: int) -> None:
    page = new_context(viewport={"width": width, "height": 800}).new_page()
    given(page, "W" * 50, tickers=["AAPL", "BRK.B", "MSFT", "NVDA", "TSLA"])
    wide = "document.documentElement.scrollWidth > innerWidth"
    assert not page.evaluate(wide)

    edit(page, "W" * 50)

    assert not page.evaluate(wide)
    save_button = page.locator("#save").bounding_box()
    assert save_button is not None
    assert save_button["x"] + save_button["width"] <= width


def test_reduced_motion_disables_animations(new_context: NewContext) -> None:
    page = visit(new_context(reduced_motion="reduce").new_page())
    page.get_by_role("button", name="New watchlist").click()

    durations = page.evaluate(
        "document.getAnimations().map(({effect}) => effect.getComputedTiming().activeDuration).filter((ms) => ms > 10)"
    )

    assert durations == []
