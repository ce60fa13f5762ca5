"""Ticker entry: what is added depends on the text only, at any latency; each ticker is checked when it is added."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.service import NewContext
from tests.browser.steps import Held, card, save, visit

pytestmark = pytest.mark.slow

SIMULATION = Path(__file__).parent / "ticker_simulation.js"
COMPANIES = {
    "AAPL": "Apple Inc.",
    "BAC": "Bank of America Corp",
    "KO": "Coca-Cola Co",
    "TSLA": "Tesla, Inc.",
}


@pytest.fixture
def field(page: Page) -> Locator:
    """The ticker field of a new watchlist; the search also finds company names."""
    page.route("**/tickers/search?*", _search)
    visit(page)
    page.get_by_role("button", name="New watchlist").click()
    page.get_by_label("Name", exact=True).fill("Tech")
    return page.get_by_role("combobox")


def _search(route: Route) -> None:
    query = route.request.url.partition("q=")[2].partition("&")[0].replace("+", " ").lower()
    results: list[dict[str, Any]] = [
        {"symbol": symbol, "name": name, "exchange": "NYSE"}
        for symbol, name in COMPANIES.items()
        if name.lower().startswith(query) or symbol.lower().startswith(query)
    ]
    route.fulfill(json={"results": results})


def paste(field: Locator, text: str) -> None:
    field.evaluate(
        """(input, text) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text", text);
          input.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
        }""",
        text,
    )


def expect_tickers(page: Page, symbols: Sequence[str]) -> None:
    """Expect these chips, all of them checked."""
    expect(page.locator(".chip .symbol")).to_have_text(symbols)
    expect(page.locator(".chip.is-checking")).to_have_count(0)


def test_1000_entries_with_answers_delayed_by_up_to_2_seconds_add_what_was_typed(new_context: NewContext) -> None:
    """Simulates typing and answers with virtual timers and a seeded random generator."""
    page = new_context().new_page()
    page.add_init_script(path=SIMULATION)
    visit(page)
    page.get_by_role("button", name="New watchlist").click()

    outcome = page.evaluate("simulation.run(1000)")

    assert outcome["wrong"] == []
    assert outcome["entries"] == 1000


def test_enter_ignores_suggestions_for_an_older_text(page: Page, field: Locator) -> None:
    field.press_sequentially("KO")
    expect(page.get_by_role("option")).to_contain_text("Coca-Cola")
    held = Held(page, "GET", "/tickers/search?q=TSLA*")

    field.fill("TSLA")
    page.keyboard.press("Enter")
    held.release()

    expect_tickers(page, ["TSLA"])


PASTED = [
    ("Bank of America", ["BAC"]),
    ("AAPL AAPL MSFT", ["AAPL", "MSFT"]),
    ("aapl msft", ["AAPL", "MSFT"]),
    ("$AAPL", ["AAPL"]),
    ("$AAPL $KO", ["AAPL", "KO"]),
    ('"AAPL"; “MSFT”', ["AAPL", "MSFT"]),
    ("NASDAQ:AAPL", ["AAPL"]),
    ("NASDAQ: AAPL, NYSE:KO", ["AAPL", "KO"]),
    ("Apple Inc. (NASDAQ: AAPL)", ["AAPL"]),
    ("Tesla, Inc.", ["TSLA"]),
    ("AAPL, SE, AG", ["AAPL", "SE", "AG"]),
    ("1. AAPL\n2. MSFT\n\n- KO", ["AAPL", "MSFT", "KO"]),
    ("AAPL\tMSFT\r\nBank of America", ["AAPL", "MSFT", "BAC"]),
    ("\uff21\uff21\uff30\uff2c\u200b, brk\u2013b", ["AAPL", "BRK.B"]),
]


def test_pasted_text_is_interpreted_as_intended(page: Page, field: Locator) -> None:
    for text, symbols in PASTED:
        paste(field, text)

        expect_tickers(page, symbols)
        expect(field).to_have_value("")
        for _ in symbols:
            field.press("Backspace")
        expect_tickers(page, [])


def test_tab_adds_the_text(page: Page, field: Locator) -> None:
    field.fill("msft")
    page.keyboard.press("Tab")

    expect_tickers(page, ["MSFT"])
    expect(page.get_by_label("Time frame", exact=True)).to_be_focused()


def test_an_unknown_ticker_is_marked_when_it_is_added_and_the_others_are_not(page: Page, field: Locator) -> None:
    paste(field, "AAPL, ZZZZ, MSFT")

    expect(page.locator(".chip.is-wrong")).to_have_text(["ZZZZ"])
    expect(field).to_have_accessible_description(
        "“ZZZZ” is not a known ticker. Up to five. Type or paste symbols or company names."
    )


def test_a_misspelt_ticker_is_not_replaced_without_asking(page: Page, field: Locator) -> None:
    page.route("**/tickers/search?*", lambda route: route.fulfill(json={"results": [APPLE]}))
    field.fill("AAPK")
    page.keyboard.press("Enter")

    expect(page.locator(".chip.is-wrong")).to_have_text(["AAPK"])
    page.get_by_role("button", name="Use AAPL").click()

    expect_tickers(page, ["AAPL"])


APPLE = {"symbol": "AAPL", "name": "Apple Inc.", "exchange": "NASDAQ"}


def test_tickers_beyond_the_maximum_return_to_the_field(page: Page, field: Locator) -> None:
    paste(field, "AAPL, MSFT, NVDA, TSLA, KO, BRK.B, BAC")

    expect_tickers(page, ["AAPL", "MSFT", "NVDA", "TSLA", "KO"])
    expect(field).to_have_value("BRK.B, BAC")


def test_a_company_name_is_looked_up_before_the_watchlist_is_saved(page: Page, field: Locator) -> None:
    held = Held(page, "GET", "/tickers/search?*")
    field.fill("bank of america")
    page.keyboard.press("Enter")
    expect(page.locator(".chip.is-checking")).to_be_visible()
    page.get_by_role("button", name="Remove bank of america").click()
    field.fill("coca-cola")

    save(page)
    held.release()

    expect(card(page, "Tech")).to_contain_text("Coca-Cola Co")


def test_a_ticker_that_cannot_be_checked_now_can_be_saved(page: Page, field: Locator) -> None:
    page.route("**/tickers/*", lambda route: route.abort())
    field.fill("msft")
    page.keyboard.press("Enter")
    expect(page.locator(".chip.is-unchecked")).to_be_visible()

    save(page)

    expect(card(page, "Tech")).to_contain_text("Microsoft Corp")


MARKED = [
    ("ap", "[Ap]ple Inc."),
    ("jp morgan", "[JPMorgan] Chase & Co."),
    ("cocacola", "[Coca-Cola] Company"),
    ("johnson and johnson", "[Johnson & Johnson]"),
    ("at&t", "[AT&T] Inc."),
    ("moodys", "[Moody's] Corp"),
    ("nestle", "[Nestlé] SA"),
    ("strasse", "[Straße] AG"),
    ("brk-b", "[BRK.B]"),
    ("america bank", "[Bank] of [America] Corp"),
    ("pple", "A[pple] Hospitality"),
    ("microsft", "[Microsoft] Corp"),
    ("toyoat", "[Toyota] Motor"),
    ("google", "Alphabet Inc."),
]


def test_matches_are_highlighted_as_the_search_compares_them(page: Page) -> None:
    visit(page)

    for query, marked in MARKED:
        parts = page.evaluate(
            """async ([text, query]) => (await import("/static/highlight.js")).highlighted(text, query)
              .map((part) => part.outerHTML ? `[${part.textContent}]` : part).join("")""",
            [re.sub(r"[\[\]]", "", marked), query],
        )
        assert parts == marked
    page.get_by_role("button", name="New watchlist").click()
    page.get_by_role("combobox").fill("AA")
    expect(page.get_by_role("option").locator("mark")).to_have_text("AA")
