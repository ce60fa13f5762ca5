"""The layout fits every width and zoom, and fingers."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.service import NewContext, Server
from tests.browser.steps import countdown, create, delete, edit, given, save, sign_in, visit

pytestmark = pytest.mark.slow


WIDTHS = (320, 390, 1920)
OVERFLOWS = "document.documentElement.scrollWidth > innerWidth"


@pytest.mark.usefixtures("issuer")
def test_nothing_overflows_at_any_width(page: Page) -> None:
    visit(page)
    sign_in(page, "a member with a long name")
    create(page, "W" * 50, "AAPL", "BRK.B", "MSFT")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert not page.evaluate(OVERFLOWS), width

    edit(page, "W" * 50)

    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert not page.evaluate(OVERFLOWS), width
        save_button = page.locator("#save").bounding_box()
        assert save_button is not None
        assert save_button["x"] + save_button["width"] <= width


@pytest.mark.parametrize(("width", "height"), [(640, 360), (320, 256), (320, 180), (390, 844), (1280, 800)])
def test_suggestions_and_the_focused_field_are_visible_at_any_zoom(
    new_context: NewContext, width: int, height: int
) -> None:
    """640 x 360 is a screen at 200 %, 320 x 256 and 320 x 180 at 400 %."""
    page = new_context(viewport={"width": width, "height": height}).new_page()
    page.route(
        "**/tickers/search?*",
        lambda route: route.fulfill(
            json={"results": [{"symbol": f"A{i}", "name": f"Company {i}", "exchange": "NYSE"} for i in range(8)]}
        ),
    )
    visit(page)
    page.get_by_role("button", name="New watchlist").click()
    page.get_by_label("Name", exact=True).fill("Tech")
    page.keyboard.press("Tab")
    page.keyboard.type("A")
    expect(page.get_by_role("option")).to_have_count(8)

    assert page.evaluate(HIT_AT_CENTRE, "#ticker") == "ticker"
    assert page.evaluate(CUT_OPTIONS) == []
    page.keyboard.type(",AAPL,MSFT,BRK.B,")
    expect(page.locator(".chip")).to_have_count(4)
    assert page.evaluate(HIT_AT_CENTRE, "#ticker") == "ticker"


HIT_AT_CENTRE = """(selector) => {
    const { x, y, width, height } = document.querySelector(selector).getBoundingClientRect();
    return document.elementFromPoint(x + width / 2, y + height / 2)?.id;
}"""
CUT_OPTIONS = """() => {
    const list = document.getElementById("ticker-list");
    const frame = list.getBoundingClientRect();
    const isCut = (option) => {
      const { top, bottom } = option.getBoundingClientRect();
      const isShown = bottom > frame.top + 1 && top < frame.bottom - 1;
      return isShown && (top < frame.top || bottom > frame.bottom + 1 || top < 0 || bottom > innerHeight);
    };
    return [...list.children].filter(isCut).map(({ id }) => id);
}"""


SMALL_TARGETS = """async () => (await Promise.all(document.getAnimations().map(({ finished }) => finished))) &&
    [...document.querySelectorAll("a, button, input, summary, [role=option], label.switch")]
    .filter((element) => element.checkVisibility() && !element.matches(".skip, .switch input"))
    .filter((element) => !document.querySelector("dialog:modal") || element.closest("dialog, [popover]"))
    .map((element) => [element, element.getBoundingClientRect()])
    .filter(([element, { width, height }]) => width < 44 || height < 44)
    .map(([element, { width, height }]) => `${element.outerHTML.slice(0, 80)} ${width}x${height}`)"""


def test_targets_on_a_phone_are_at_least_44_pixels(new_context: NewContext, server: Server) -> None:
    page = new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True).new_page()
    visit(page)
    assert page.evaluate(SMALL_TARGETS) == [], "no watchlists"
    given(page, "Tech", "Other")
    assert page.evaluate(SMALL_TARGETS) == [], "watchlists"
    delete(page, "Other")
    assert page.evaluate(SMALL_TARGETS) == [], "a toast with an action"
    edit(page, "Tech")
    page.get_by_role("combobox").fill("FB")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Use META")).to_be_visible()
    page.get_by_role("combobox").fill("M")
    expect(page.get_by_role("option")).to_be_visible()
    assert page.evaluate(SMALL_TARGETS) == [], "the dialog"
    page.get_by_role("combobox").fill("")
    page.get_by_label("Name", exact=True).fill("Mine")
    page.get_by_role("button", name="Remove FB").click()
    server.plan(unavailable=1, methods=["update"], retry_after=30)
    save(page)
    expect(countdown(page)).to_be_visible()
    assert page.evaluate(SMALL_TARGETS) == [], "a countdown"
