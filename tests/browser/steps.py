"""The actions of a user on the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, Route, expect

AXE = Path(__file__).parent / "vendor" / "axe-core-4.14.1.min.js"
VIOLATIONS = """async () => {
  const found = [];
  for (const theme of ["light", "dark"]) {
    document.documentElement.dataset.theme = theme;
    await Promise.allSettled(document.getAnimations().map(({ finished }) => finished));
    for (const { id, nodes } of (await axe.run({ resultTypes: ["violations"] })).violations)
      for (const { target, failureSummary } of nodes) found.push(`${theme}, ${id}: ${target} ${failureSummary}`);
  }
  return found;
}"""
"""What axe-core finds on the page, in both themes."""


def visit(page: Page) -> Page:
    """Open the page and wait until it shows the watchlists, or that there are none."""
    page.goto("./")
    return ready(page)


def ready(page: Page) -> Page:
    page.locator("#configurations:not([aria-busy])").wait_for()
    return page


def given(page: Page, *names: str, tickers: Sequence[str] = ("AAPL",)) -> Page:
    """Open the page of a new user who has these watchlists, the last one newest."""
    visit(page)
    page.evaluate(STORE, [names, tickers])
    page.reload()
    return ready(page)


STORE = """async ([names, tickers]) => {
    const { ConfigApi } = await import(new URL("static/config-api.js", location.href).href);
    const { token } = JSON.parse(localStorage.getItem("config-api.session"));
    const api = new ConfigApi({ baseUrl: document.documentElement.dataset.api, getToken: () => token });
    for (const name of names) await api.create({ name, tickers, timeframe_days: 7, include_extended_hours: false });
}"""


def delete_all(page: Page) -> None:
    """Delete the user's watchlists, as another window does."""
    page.evaluate(DELETE_ALL)


DELETE_ALL = """async () => {
    const { ConfigApi } = await import(new URL("static/config-api.js", location.href).href);
    const { token } = JSON.parse(localStorage.getItem("config-api.session"));
    const api = new ConfigApi({ baseUrl: document.documentElement.dataset.api, getToken: () => token });
    for (const { config_id } of (await api.list()).configurations) await api.remove(config_id);
}"""


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("article", name=name, exact=True)


def cards(page: Page) -> Locator:
    return page.get_by_role("article")


def dialog(page: Page) -> Locator:
    return page.locator("#editor")


def choose(page: Page, *symbols: str) -> None:
    """Type each symbol and take the first match."""
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
    """Cut the connection of the browser."""
    page.context.set_offline(True)
    yield
    page.context.set_offline(False)


def freeze(page: Page) -> None:
    """Stop the clock of the page, which must have been installed before the page was opened.

    From then on timers run only through `after`, however busy the machine is.
    """
    page.clock.pause_at(page.evaluate("Date.now() + 60_000") / 1000)


def after(page: Page, seconds: float, method: str = "POST", path: str = "/configurations") -> int:
    """Advance the clock and return the status of the next response to this method and path."""
    with page.expect_response(
        lambda answer: answer.request.method == method and answer.url.split("/api/v2")[-1].startswith(path)
    ) as response:
        page.clock.run_for(int(seconds * 1000))
    return response.value.status


class Held:
    """Requests that the browser sends and that reach the service only when they are released.

    A request that is never released is logged as an error by asyncio, during a later test.
    """

    def __init__(self, page: Page, method: str, path: str) -> None:
        self._method = method
        self._released = False
        self._routes: list[Route] = []
        page.route(f"**{path}", self._handle)

    def release(self) -> None:
        """Let the held requests and all later ones through."""
        self._released = True
        for route in self._routes:
            route.fallback()

    def answer(self, body: dict[str, Any]) -> None:
        """Answer the held requests with this body, and let all later ones through."""
        self._released = True
        for route in self._routes:
            route.fulfill(json=body)

    def _handle(self, route: Route) -> None:
        if self._released or route.request.method != self._method:
            route.fallback()
        else:
            self._routes.append(route)


def sign_in_at_the_issuer(page: Page, user: str = "ann") -> None:
    """Fill the form of the issuer, which leads back to the page."""
    page.get_by_label("User").fill(user)
    page.get_by_role("button", name="Continue").click()
    ready(page)


def sign_in(page: Page, user: str = "ann") -> None:
    page.get_by_role("button", name="Sign in", exact=True).click()
    sign_in_at_the_issuer(page, user)
    user_is(page, user.title())


def user_is(page: Page, name: str) -> None:
    expect(page.locator("#user")).to_have_text(name)
