"""What people do on the page, in their words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from playwright.sync_api import Locator, Page, expect


def visit(page: Page) -> Page:
    """Open the page, and wait until it shows the watchlists, or that there are none."""
    page.goto("/")
    return ready(page)


def ready(page: Page) -> Page:
    expect(page.locator("#shelf:not([aria-busy])")).to_be_visible()
    return page


def given(page: Page, *names: str, tickers: Sequence[str] = ("AAPL",)) -> Page:
    """The page of somebody who has these watchlists, the last one newest."""
    visit(page)
    page.evaluate(STORE, [names, tickers])
    page.reload()
    return ready(page)


STORE = """async ([names, tickers]) => {
    const { ConfigApi } = await import("/static/config-api.js");
    const { token } = JSON.parse(localStorage.getItem("config-api.session"));
    const api = new ConfigApi({ getToken: () => token });
    for (const name of names) await api.create({ name, tickers, timeframe_days: 7, include_extended_hours: false });
}"""


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("article", name=name, exact=True)


def cards(page: Page) -> Locator:
    return page.get_by_role("article")


def dialog(page: Page) -> Locator:
    return page.locator("#editor")


def choose(page: Page, *symbols: str) -> None:
    """Look each one up, and take the first match."""
    for symbol in symbols:
        page.get_by_role("combobox").fill(symbol)
        expect(page.get_by_role("option").first).to_contain_text(symbol)
        page.keyboard.press("Enter")


def type_in(page: Page, name: str = "Tech", *symbols: str) -> None:
    """Fill the dialog for a new watchlist."""
    page.get_by_role("button", name="New watchlist").click()
    page.get_by_label("Name", exact=True).fill(name)
    choose(page, *(symbols or ("AAPL",)))


def save(page: Page) -> None:
    page.locator("#save").click()


def create(page: Page, name: str = "Tech", *symbols: str) -> None:
    type_in(page, name, *symbols)
    save(page)
    expect(card(page, name)).to_be_visible()
    expect(dialog(page)).to_be_hidden()


def edit(page: Page, name: str) -> None:
    page.get_by_role("button", name=f"Edit {name}").click()
    expect(dialog(page)).to_be_visible()


def delete(page: Page, name: str) -> None:
    page.get_by_role("button", name=f"Delete {name}").click()
    expect(card(page, name)).to_be_hidden()


def countdown(page: Page) -> Locator:
    return page.locator(".countdown")


@contextmanager
def offline(page: Page) -> Iterator[None]:
    """Without a connection, as the browser sees it."""
    page.context.set_offline(True)
    yield
    page.context.set_offline(False)
