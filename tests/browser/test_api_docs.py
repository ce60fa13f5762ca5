"""`/docs`: commands that work when pasted, requests with the session of the browser, and search."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.browser.service import NewContext
from tests.browser.steps import AXE, VIOLATIONS, given, sign_in, visit
from verification.environment.issuer import Issuer

pytestmark = pytest.mark.slow


@pytest.fixture
def docs(new_context: NewContext) -> Page:
    """The documentation, in a browser whose session has the watchlist `Tech`."""
    page = new_context(permissions=["clipboard-read", "clipboard-write"]).new_page()
    given(page, "Tech")
    page.goto("/docs")
    return page


def copied(docs: Page, name: str) -> str:
    docs.get_by_role("button", name=name).click()
    expect(docs.get_by_text("Copied")).to_be_visible()
    text: str = docs.evaluate("navigator.clipboard.readText()")
    return text


def test_requests_use_the_session_of_the_browser_and_fill_in_ids(docs: Page) -> None:
    forms = [docs.get_by_role("form", name=name) for name in ("List your configurations", "Change a configuration")]
    forms[0].get_by_role("button", name="Try it").click()
    expect(forms[0].get_by_role("status")).to_have_text("200 OK")
    expect(forms[0]).to_contain_text('"name": "Tech"')

    forms[1].get_by_label("JSON body", exact=True).fill('{"tickers": ["FB"]}')
    forms[1].get_by_role("button", name="Try it").click()

    expect(forms[1].get_by_role("status")).to_contain_text("400")
    expect(forms[1].get_by_role("status")).to_contain_text("What to do: correct the fields that errors lists")


def test_copied_commands_do_what_the_form_says(docs: Page) -> None:
    docs.get_by_role("form", name="Create a configuration").get_by_label("JSON body", exact=True).fill(
        '{"name": "Moody\'s", "tickers": ["AAPL"]}'
    )
    docs.get_by_role("form", name="Search tickers").get_by_label("q", exact=True).fill("A")

    script = "\n".join(copied(docs, name) for name in ("this browser", "curl command: Create", "command: Search"))
    output = subprocess.check_output(["bash", "-ec", script], text=True, timeout=60)

    assert '"name":"Moody\'s"' in output
    assert output.rstrip().endswith('{"results":[{"symbol":"AAPL","name":"Apple Inc.","exchange":"NASDAQ"}]}')
    docs.goto("/")
    expect(docs.get_by_role("article")).to_have_count(2)


def test_search_shows_the_sections_with_every_word(docs: Page) -> None:
    search = docs.get_by_role("searchbox")
    search.fill("NEVER limit_reached")

    expect(docs.get_by_role("navigation", name="Contents").get_by_role("link")).to_have_count(1)
    expect(docs.locator("#listConfigurations")).to_be_hidden()
    docs.get_by_role("link", name="limit_reached").click()
    expect(docs.locator("#limit_reached")).to_be_in_viewport()
    expect(search).to_have_value("")


def test_the_request_of_a_member_has_their_token_which_only_the_dashboard_renews(page: Page, issuer: Issuer) -> None:
    sign_in(visit(page))
    page.goto("/docs")
    form = page.get_by_role("form", name="Show the current user")

    form.get_by_role("button", name="Try it").click()

    expect(form).to_contain_text('"auth_type": "member"')
    questions: list[str] = []

    def refuse(dialog: Dialog) -> None:
        questions.append(dialog.message)
        dialog.dismiss()

    page.once("dialog", refuse)
    page.get_by_role("form", name="Delete everything").get_by_role("button", name="Try it").click()
    assert questions == ["This deletes everything of the account of Ann. Continue?"]
    issuer.server.end_sessions()
    page.clock.set_system_time(datetime.now(UTC) + timedelta(hours=2))
    form.get_by_role("button", name="Try it").click()
    expect(form.get_by_role("status")).to_have_text("Your sign-in has expired. Open the dashboard to renew it.")
    page.get_by_role("button", name="Copy this browser").click()
    expect(page.locator("#toasts")).to_contain_text("Your sign-in has expired.")


@pytest.mark.parametrize("width", [390, 1280])
def test_the_documentation_is_accessible_and_fits_the_page(new_context: NewContext, width: int) -> None:
    context = new_context(viewport={"width": width, "height": 844})
    context.add_init_script(path=AXE)
    page = context.new_page()
    page.goto("/docs")
    page.get_by_role("form", name="Start an anonymous session").get_by_role("button", name="Try it").click()
    expect(page.get_by_role("form", name="Start an anonymous session").get_by_role("status")).to_contain_text("201")

    assert page.evaluate(VIOLATIONS) == []
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    page.get_by_role("searchbox").fill("ticker")
    link = page.get_by_role("navigation", name="Contents").get_by_role("link", name="Search tickers")
    link.click()
    expect(page.locator("#searchTickers h2")).to_be_in_viewport()
    expect(link).to_be_visible(visible=width > 820)
