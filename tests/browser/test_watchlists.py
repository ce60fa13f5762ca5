"""Create, change and delete watchlists, by mouse and by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.service import NewContext, Server
from tests.browser.steps import (
    Held,
    after,
    card,
    cards,
    choose,
    create,
    delete,
    dialog,
    edit,
    freeze,
    given,
    save,
    type_in,
    visit,
)

pytestmark = pytest.mark.slow


def test_a_watchlist_is_created_changed_and_deleted_by_mouse(page: Page) -> None:
    page.clock.install()
    visit(page)
    create(page, "Tech", "AAPL", "MSFT")
    expect(card(page, "Tech")).to_contain_text("Apple Inc.")
    expect(card(page, "Tech")).to_contain_text("NASDAQ")
    expect(page.get_by_role("meter")).to_have_attribute("aria-valuetext", "1 of 2 used")

    edit(page, "Tech")
    page.get_by_label("Name", exact=True).fill("Big tech")
    page.get_by_role("button", name="90 days").click()
    page.get_by_text("Extended hours").click()
    page.get_by_role("button", name="Remove MSFT").click()
    save(page)
    expect(card(page, "Big tech")).to_contain_text("90 days")
    expect(card(page, "Big tech")).to_contain_text("Extended hours")
    expect(card(page, "Big tech")).not_to_contain_text("MSFT")

    freeze(page)
    delete(page, "Big tech")
    assert after(page, 11, "DELETE") == 204
    page.reload()
    expect(page.get_by_role("heading", name="Start your first watchlist")).to_be_visible()


def test_a_watchlist_is_created_changed_and_deleted_by_keyboard_alone(page: Page) -> None:
    visit(page)
    press = page.keyboard.press
    page.get_by_role("button", name="New watchlist").focus()

    press("Enter")
    page.keyboard.type("Tech")
    press("Tab")
    combobox = page.get_by_role("combobox")
    page.keyboard.type("a")
    expect(combobox).to_have_attribute("aria-expanded", "true")
    expect(combobox).to_have_attribute("aria-activedescendant", "ticker-option-0")
    press("Enter")
    page.keyboard.type("ms")
    expect(page.get_by_role("option", name="MSFT")).to_be_visible()
    press("Escape")
    expect(combobox).to_have_attribute("aria-expanded", "false")
    press("ArrowDown")
    expect(page.get_by_role("option", name="MSFT")).to_be_visible()
    press("Enter")
    expect(page.get_by_role("button", name="Remove MSFT")).to_be_visible()
    press("Backspace")
    expect(page.get_by_role("button", name="Remove MSFT")).to_be_hidden()
    press("Enter")  # the field is empty: this saves
    expect(card(page, "Tech").get_by_role("listitem")).to_have_count(1)

    expect(page.get_by_role("button", name="Edit Tech")).to_be_focused()
    press("Enter")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    press("End")
    page.keyboard.type("nology")
    press("Enter")
    expect(card(page, "Technology")).to_be_visible()

    press("Tab")
    expect(page.get_by_role("button", name="Delete Technology")).to_be_focused()
    press("Enter")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    press("Enter")
    expect(card(page, "Technology")).to_be_visible()
    expect(page.get_by_role("button", name="Edit Technology")).to_be_focused()


def test_arrow_keys_move_through_the_suggestions_and_wrap(page: Page) -> None:
    visit(page)
    page.get_by_role("button", name="New watchlist").click()
    combobox = page.get_by_role("combobox")
    page.route(
        "**/tickers/search?*",
        lambda route: route.fulfill(
            json={"results": [{"symbol": s, "name": f"{s} Inc", "exchange": "NYSE"} for s in ("AA", "AB", "AC")]}
        ),
    )

    combobox.press_sequentially("a")
    expect(page.get_by_role("option")).to_have_count(3)

    for key, active in (("ArrowDown", 1), ("ArrowDown", 2), ("ArrowDown", 0), ("ArrowUp", 2)):
        page.keyboard.press(key)
        expect(combobox).to_have_attribute("aria-activedescendant", f"ticker-option-{active}")
        expect(page.get_by_role("option", selected=True)).to_have_id(f"ticker-option-{active}")


def test_at_the_limit_the_create_button_is_disabled_and_says_why(page: Page) -> None:
    given(page, "One", "Two")

    button = page.get_by_role("button", name="New watchlist")
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(button).to_have_accessible_description(
        "You have 2 watchlists, which is the maximum. Delete one to create another."
    )
    button.focus()
    page.keyboard.press("Enter")
    expect(dialog(page)).to_be_hidden()


def test_a_limit_reached_in_another_tab_is_explained_and_keeps_the_input(page: Page) -> None:
    given(page, "One")
    type_in(page, "Three")
    other = visit(page.context.new_page())
    create(other, "Two")

    save(page)

    expect(page.get_by_text("You have the maximum number of watchlists")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Three")
    expect(page.get_by_role("meter", include_hidden=True)).to_have_attribute("aria-valuetext", "2 of 2 used")


def test_a_double_click_on_save_creates_one_watchlist(page: Page, server: Server) -> None:
    visit(page)
    type_in(page, "Tech")
    held = Held(page, "POST", "/configurations")

    page.locator("#save").dblclick()
    held.release()

    expect(card(page, "Tech")).to_be_visible()
    assert server.count("POST /api/v2/configurations") == 1


def test_a_draft_survives_a_reload(page: Page) -> None:
    visit(page)
    type_in(page, "Half an idea", "AAPL")
    page.get_by_role("combobox").fill("MS")
    page.get_by_label("Time frame", exact=True).fill("33")

    page.reload()

    expect(dialog(page)).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Half an idea")
    expect(page.get_by_role("button", name="Remove AAPL")).to_be_visible()
    expect(page.get_by_role("combobox")).to_have_value("MS")
    expect(page.get_by_label("Time frame", exact=True)).to_have_value("33")


def test_each_field_error_describes_its_field(page: Page) -> None:
    visit(page)
    page.get_by_role("button", name="New watchlist").click()
    page.get_by_label("Time frame", exact=True).fill("0")

    save(page)
    name = page.get_by_label("Name", exact=True)
    expect(name).to_be_focused()
    expect(name).to_have_accessible_description("Enter a name.")
    expect(page.get_by_role("combobox")).to_have_accessible_description(
        "Add at least one ticker. Up to five. Type or paste symbols or company names."
    )
    expect(page.get_by_label("Time frame", exact=True)).to_have_accessible_description(
        "days How many days of prices to look at, up to today. Enter 1 to 365 days."
    )

    name.fill("x" * 51)
    page.get_by_label("Time frame", exact=True).fill("7")
    choose(page, "KO")
    for unknown in ("ZZZZ", "FB"):
        page.get_by_role("combobox").fill(unknown)
        page.keyboard.press("Enter")
    save(page)
    expect(name).to_have_accessible_description("A name has at most 50 characters.")
    expect(page.locator("#ticker-error")).to_contain_text("“ZZZZ” is not a known ticker.")
    page.get_by_role("button", name="Use META").click()
    expect(page.get_by_role("button", name="Remove META")).to_be_visible()
    expect(page.get_by_role("button", name="Remove FB")).to_be_hidden()


def test_a_duplicate_ticker_and_a_sixth_ticker_are_refused(page: Page) -> None:
    visit(page)
    type_in(page, "Tech", "AAPL", "MSFT", "NVDA", "TSLA", "KO")
    box = page.get_by_role("combobox")

    box.fill("aapl")
    page.keyboard.press(",")
    expect(page.locator("#ticker-error")).to_have_text("AAPL is already in the list.")
    box.fill("BRK/B")
    page.keyboard.press(",")

    expect(page.locator("#ticker-error")).to_contain_text("at most 5 tickers")
    expect(page.get_by_role("list", name="Chosen tickers").get_by_role("listitem")).to_have_count(5)


def test_leaving_the_page_sends_a_pending_delete(page: Page, server: Server) -> None:
    given(page, "Tech")
    delete(page, "Tech")

    page.goto("/api/v2/health")
    server.wait_for("DELETE")

    visit(page)
    expect(page.get_by_role("heading", name="Start your first watchlist")).to_be_visible()


def test_a_new_watchlist_can_replace_a_deleted_one_immediately(page: Page, server: Server) -> None:
    given(page, "One", "Two")

    delete(page, "One")
    create(page, "Three")

    expect(cards(page)).to_have_count(2)
    deleted = next(i for i, each in enumerate(server.requests) if each.startswith("DELETE"))
    assert "POST /api/v2/configurations" in server.requests[deleted:]


def test_the_theme_follows_the_system_until_the_user_chooses_one(new_context: NewContext) -> None:
    page = visit(new_context(color_scheme="dark").new_page())
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(13, 14, 17)"

    page.get_by_role("button", name="Dark theme", pressed=True).click()
    assert page.evaluate(ground) == "rgb(247, 247, 249)"
    page.reload()

    assert page.evaluate(ground) == "rgb(247, 247, 249)"


def test_the_length_of_a_name_is_counted_in_code_points_as_the_service_does(page: Page) -> None:
    visit(page)
    type_in(page, "ब्रह्म" * 8)
    expect(page.locator("#name-count")).to_have_text("48 of 50")
    save(page)
    expect(card(page, "ब्रह्म" * 8)).to_be_visible()

    page.get_by_role("button", name="New watchlist").click()
    page.get_by_label("Name", exact=True).fill("e\u0301" * 50)
    expect(page.locator("#name-count")).to_have_text("50 of 50")
    page.get_by_label("Name", exact=True).fill("ब्रह्म" * 25)
    expect(page.locator("#name-count")).to_have_text("150 of 50")
