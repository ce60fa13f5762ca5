"""Tokens are renewed before they end, once for all tabs; a failure keeps the user who they were."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta

import pytest
from playwright.sync_api import Page, Response, expect

from entrypoints import dashboard
from tests.browser.service import Server
from tests.browser.steps import card, cards, create, given, sign_in, user_is, visit
from verification.environment.authorization_server import AUTHORIZE, COOKIE, TOKEN
from verification.environment.issuer import Issuer

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("issuer")]

MEMBER = "config-api.member"
STALE_READS = """(key) => {
  const getItem = Storage.prototype.getItem;
  const old = localStorage.getItem(key);
  Storage.prototype.getItem = function (name) { return name === key ? old : getItem.call(this, name); };
  addEventListener("storage", (event) => event.isTrusted && event.stopImmediatePropagation(), true);
  const listen = window.addEventListener;
  window.waiting = new Promise((resolve) => {
    window.addEventListener = (type, ...rest) => { if (type === "storage") resolve(true); listen(type, ...rest); };
  });
  window.arrive = () => {
    Storage.prototype.getItem = getItem;
    dispatchEvent(new StorageEvent("storage", { key }));
  };
}"""
"""Makes a tab read what was stored before, until `arrive` is called."""


def test_tabs_renew_an_expired_token_once_and_the_refresh_token_rotates(
    page: Page, server: Server, issuer: Issuer
) -> None:
    visit(page)
    sign_in(page)
    create(page, "Tech")
    tabs = [page, *(visit(page.context.new_page()) for _ in range(2))]

    for hours in (2, 4):
        server.ahead = timedelta(hours=hours)
        with ExitStack() as answers:
            for tab in tabs:
                answers.enter_context(tab.expect_response(_is_a_list))
            for tab in tabs:
                tab.evaluate("dispatchEvent(new Event('focus'))")

    assert issuer.server.requests.count("refresh_token") == 2


def test_a_tab_that_reads_an_old_token_from_storage_does_not_use_the_refresh_token_again(
    page: Page, server: Server, issuer: Issuer
) -> None:
    visit(page)
    sign_in(page)
    other = visit(page.context.new_page())
    other.evaluate(STALE_READS, MEMBER)
    server.ahead = timedelta(hours=2)
    with page.expect_response(_is_a_list):
        page.evaluate("dispatchEvent(new Event('focus'))")

    other.evaluate("dispatchEvent(new Event('focus'))")
    other.evaluate("waiting")
    with other.expect_response(_is_a_list):
        other.evaluate("arrive()")

    assert issuer.server.requests.count("refresh_token") == 1


def _is_a_list(response: Response) -> bool:
    return response.url.endswith("/configurations") and response.status in {200, 304}


@pytest.mark.parametrize("rotates", [False, True])
def test_without_a_usable_refresh_token_a_redirect_renews_the_sign_in_while_the_issuer_knows_the_user(
    page: Page, server: Server, issuer: Issuer, *, rotates: bool
) -> None:
    issuer.server.rotates = rotates
    visit(page)
    sign_in(page)
    create(page, "Tech")

    with page.expect_response(_is_a_list):
        come_back(page, server, issuer)
    expect(card(page, "Tech")).to_be_visible()
    user_is(page, "Ann")

    page.context.clear_cookies()
    come_back(page, server, issuer)
    expect(page.locator("#notices")).to_contain_text("Sign in again to see the watchlists of your account.")
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    expect(cards(page)).to_have_count(0)
    sign_in(page)
    expect(card(page, "Tech")).to_be_visible()


def come_back(page: Page, server: Server, issuer: Issuer) -> None:
    """Open the page two hours later, when only a redirect can renew the token."""
    # The open page would renew it too, and cancel a reload.
    page.goto("about:blank")
    issuer.server.end_sessions()
    server.ahead += timedelta(hours=2)
    page.goto("./", wait_until="commit")


def test_a_silent_renewal_does_not_switch_to_another_user(page: Page, server: Server, issuer: Issuer) -> None:
    visit(page)
    sign_in(page)
    page.context.add_cookies([{"name": COOKIE, "value": "bob", "url": issuer.url}])

    with page.expect_request(lambda request: "id_token_hint=ey" in request.url):
        come_back(page, server, issuer)

    expect(page.locator("#notices")).to_contain_text("Your sign-in has ended")
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()


def test_a_renewal_that_fails_at_the_issuer_keeps_the_member(page: Page, server: Server, issuer: Issuer) -> None:
    visit(page)
    sign_in(page)
    create(page, "Tech")
    issuer.server.faults[AUTHORIZE] = "error"

    come_back(page, server, issuer)

    expect(page.locator("#notices")).to_contain_text("The issuer said no. Reload the page to try again.")
    user_is(page, "Ann")
    issuer.server.faults.clear()
    page.reload()
    expect(page.get_by_role("button", name="Edit Tech")).to_be_enabled()


def test_a_renewal_does_not_replace_a_member_who_signed_in_meanwhile(
    page: Page, server: Server, issuer: Issuer
) -> None:
    other = visit(page.context.new_page())
    sign_in(other, "bob")
    bob = other.evaluate(f"localStorage.getItem('{MEMBER}')")
    other.get_by_role("button", name="Sign out").click()
    sign_in(visit(page))
    server.ahead = timedelta(hours=2)
    issuer.server.faults[TOKEN] = "slow"
    with page.expect_request(lambda request: "grant_type=refresh_token" in (request.post_data or "")):
        page.evaluate("dispatchEvent(new Event('focus'))")

    other.evaluate(f"bob => localStorage.setItem('{MEMBER}', bob)", bob)
    user_is(page, "Bob")  # a write reaches the other tabs a moment later
    with page.expect_response(f"**{TOKEN}"):
        issuer.server.resume.set()

    other.reload()
    user_is(other, "Bob")
    user_is(page, "Bob")


def test_a_page_without_sign_in_keeps_the_member_and_asks_to_reload_it(
    page: Page, server: Server, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit(page)
    sign_in(page)
    create(page, "Tech")
    monkeypatch.setattr(dashboard, "readable_sign_in", lambda: (None, False))

    come_back(page, server, issuer)

    expect(page.get_by_text("Reload the page to try again.")).to_be_visible()
    user_is(page, "Ann")
    monkeypatch.undo()
    page.reload()
    expect(page.get_by_role("button", name="Edit Tech")).to_be_enabled()


@pytest.mark.parametrize("is_member", [False, True])
def test_a_page_that_stays_open_renews_the_anonymous_session(page: Page, server: Server, *, is_member: bool) -> None:
    given(page, "One")
    if is_member:
        sign_in(page)
        page.get_by_role("button", name="Not now").click()
    server.ahead = timedelta(days=11)
    page.clock.set_system_time(server.now())

    page.evaluate("dispatchEvent(new Event('focus'))")

    server.wait_for("POST /api/v2/auth/renew")
