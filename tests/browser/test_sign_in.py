"""Members sign in at the issuer; whatever happens there, the page says so and no input is lost."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.service import NewContext, Server
from tests.browser.steps import (
    Held,
    card,
    cards,
    countdown,
    create,
    delete,
    dialog,
    given,
    ready,
    save,
    sign_in,
    sign_in_at_the_issuer,
    type_in,
    visit,
)
from verification.environment.authorization_server import AUTHORIZE, TOKEN, Fault
from verification.environment.issuer import Issuer

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("issuer")]


def sign_in_button(page: Page) -> None:
    page.get_by_role("button", name="Sign in", exact=True).click()


@pytest.mark.parametrize("mount", ["", "/dev"])
def test_a_draft_at_the_limit_survives_signing_in_and_is_saved_in_the_account(page: Page, server: Server) -> None:
    given(page, "One")
    type_in(page, "Three")
    given(page.context.new_page(), "Two")

    save(page)
    page.locator("#editor").get_by_role("button", name="Sign in for 5 watchlists").click()
    sign_in_at_the_issuer(page)
    page.get_by_role("button", name="Not now").click()
    save(page)

    expect(card(page, "Three")).to_be_visible()
    expect(cards(page)).to_have_count(1)
    expect(page.get_by_role("meter")).to_have_attribute("aria-valuetext", "1 of 5 used")
    assert page.url == f"{server.url}/"
    page.get_by_role("button", name="Sign out").click()
    expect(card(page, "One")).to_be_visible()
    sign_in_button(page)
    expect(page.get_by_role("heading", name="Sign in at the issuer")).to_be_visible()


@pytest.mark.parametrize(
    ("path", "fault", "message"),
    [
        (AUTHORIZE, "denies", "The sign-in was cancelled or denied."),
        (AUTHORIZE, "error", "The sign-in service reported server_error: The issuer said no."),
        (TOKEN, "error", "The sign-in service reported server_error: The issuer said no."),
        (TOKEN, "down", "The sign-in service can.t be reached. Try again later"),
    ],
)
def test_a_failure_at_the_issuer_is_explained_and_loses_no_input(
    page: Page, issuer: Issuer, path: str, fault: Fault, message: str
) -> None:
    given(page, "One")
    type_in(page, "Mine")
    page.keyboard.press("Escape")
    sign_in_button(page)
    expect(page.get_by_label("User")).to_be_visible()
    issuer.server.faults[path] = fault

    sign_in_at_the_issuer(page)

    expect(page.locator("#notices")).to_contain_text(re.compile(message))
    expect(cards(page)).to_have_count(1)
    page.get_by_role("button", name="New watchlist").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Mine")


def test_an_issuer_that_is_down_leaves_the_page_as_it_is(page: Page, issuer: Issuer) -> None:
    given(page, "One", "Two")
    issuer.server.faults[TOKEN] = "down"

    sign_in_button(page)

    expect(page.locator("#notices")).to_contain_text(re.compile("The sign-in service can.t be reached"))
    expect(cards(page)).to_have_count(2)


@pytest.mark.parametrize("mount", ["", "/dev"])
def test_an_unknown_state_is_ignored(page: Page, server: Server, issuer: Issuer) -> None:
    page.goto(f"./?code=stolen&state=unknown&iss={issuer.url}")

    expect(ready(page).locator("#notices")).to_contain_text("this tab did not ask for it")
    assert page.url == f"{server.url}/"
    assert issuer.server.requests == []


def test_tabs_sign_in_at_the_same_time_and_follow_each_other(page: Page, issuer: Issuer) -> None:
    other = visit(page.context.new_page())
    visit(page)
    sign_in_button(page)
    sign_in_button(other)
    sign_in_at_the_issuer(other)
    sign_in_at_the_issuer(page)
    create(page, "Tech")

    expect(card(other, "Tech")).to_be_visible()
    other.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    expect(cards(page)).to_have_count(0)
    assert issuer.server.requests.count("authorization_code") == 2


def test_the_back_button_leads_from_the_issuer_to_the_page(page: Page) -> None:
    given(page, "One")
    sign_in_button(page)
    expect(page.get_by_label("User")).to_be_visible()

    page.go_back()

    expect(card(page, "One")).to_be_visible()
    sign_in(page)


def test_a_member_has_the_same_watchlists_on_another_device(page: Page, new_context: NewContext) -> None:
    visit(page)
    sign_in(page)
    create(page, "Tech")

    other = visit(new_context().new_page())
    sign_in(other)

    expect(card(other, "Tech")).to_be_visible()


def test_a_draft_and_a_create_of_unknown_result_belong_to_the_member_who_sent_it(page: Page, server: Server) -> None:
    visit(page)
    sign_in(page)
    type_in(page, "Secret")
    server.plan(lost_answers=1, methods=["add"], retry_after=30)
    save(page)
    expect(countdown(page)).to_be_visible()
    other = visit(page.context.new_page())

    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("button", name="Sign in", exact=True)).to_be_enabled()
    expect(page.get_by_role("dialog")).to_have_count(0)
    for tab in (page, other):
        expect(tab.get_by_role("button", name="Sign in", exact=True)).to_be_enabled()
        ready(tab).reload()
        ready(tab).get_by_role("button", name="New watchlist").click()
        expect(tab.get_by_label("Name", exact=True)).to_have_value("")
        tab.keyboard.press("Escape")
    sign_in(page, "bob")
    expect(page.get_by_role("heading", name="Start your first watchlist")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    sign_in(page)
    page.get_by_role("button", name="New watchlist").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Secret")
    save(page)

    expect(dialog(page)).to_be_hidden()
    expect(cards(page)).to_have_count(1)


def test_signing_out_forgets_first_and_sends_pending_deletes(page: Page) -> None:
    visit(page)
    sign_in(page)
    create(page, "One")
    create(page, "Two")
    page.reload()
    delete(ready(page), "One")
    module = Held(page, "GET", "/account-actions.js")

    with page.expect_response(lambda answer: answer.request.method == "DELETE") as deleted:
        page.get_by_role("button", name="Sign out").click()

    assert deleted.value.status == 204
    expect(cards(page)).to_have_count(0)
    expect(page.locator("#user")).to_be_hidden()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    assert page.evaluate("['member', 'list'].map((name) => localStorage.getItem(`config-api.${name}`))") == [None, None]
    module.release()
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_enabled()


def test_a_pending_delete_of_a_member_is_sent_when_the_page_is_left(page: Page, server: Server) -> None:
    visit(page)
    sign_in(page)
    create(page, "Tech")
    delete(page, "Tech")

    page.close()

    server.wait_for("DELETE")
