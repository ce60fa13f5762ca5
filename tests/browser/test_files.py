"""Watchlists as files: download, import, and deleting everything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.service import NewContext, Server
from tests.browser.steps import card, cards, delete, edit, given, save, visit

pytestmark = pytest.mark.slow

CREATE = "POST /api/v2/configurations"
HEAD = "name,tickers,timeframe_days,include_extended_hours\n"


def download(page: Page, kind: str) -> str:
    page.get_by_role("button", name="Download my watchlists").click()
    with page.expect_download() as download:
        page.get_by_role("button", name=kind).click()
    return Path(download.value.path()).read_text(encoding="utf-8")


def choose_file(page: Page, content: bytes | str) -> None:
    page.get_by_role("button", name="Import", exact=True).click()
    body = content if isinstance(content, bytes) else content.encode()
    page.get_by_label("File").set_input_files({"name": "lists.csv", "mimeType": "text/csv", "buffer": body})


def row(page: Page, name: str) -> str:
    return page.get_by_role("dialog").get_by_role("listitem").filter(has_text=name).inner_text()


@pytest.mark.parametrize("kind", ["JSON", "CSV"])
def test_a_download_is_imported_completely_in_another_browser_and_once(
    page: Page, new_context: NewContext, server: Server, kind: str
) -> None:
    names = ("=1+1", '\uff1dQuotes "and", commas; ünïcode')
    given(page, *names, tickers=["BRK.B", "AAPL"])
    content = download(page, kind)
    if kind == "JSON":
        assert json.loads(content)["version"] == 1
    else:
        assert "\n'=1+1,BRK.B AAPL,7,false\n" in content
        assert "\n\"'\uff1dQuotes" in content
    other = visit(new_context().new_page())

    choose_file(other, content)
    other.get_by_role("button", name="Import 2 watchlists").click()

    for name in names:
        expect(card(other, name)).to_contain_text("Berkshire")
    created = server.count(CREATE)
    choose_file(other, content)
    expect(other.get_by_text("You have this watchlist already.")).to_have_count(2)
    assert server.count(CREATE) == created


def test_each_row_of_a_spreadsheet_has_its_own_errors_and_only_what_fits_is_selected(page: Page) -> None:
    given(page, "One")
    rows = ["Good;AAPL MSFT;30;WAHR", "Bad;ZZZZ FB;400;maybe", "Next;AAPL;7;", ";;;"]

    choose_file(page, "\ufeff" + "\r\n".join(["name;tickers;timeframe_days;include_extended_hours", *rows]))

    expect(page.get_by_text("You can have 1 more.")).to_be_visible()
    bad = row(page, "Bad")
    assert all(part in bad for part in ("Enter 1 to 365 days.", "ZZZZ", "FB", "“maybe”"))
    expect(page.get_by_role("checkbox", name="Bad")).to_be_disabled()
    expect(page.get_by_role("checkbox", name="Next")).to_be_disabled()
    page.get_by_role("button", name="Import 1 watchlist").click()
    expect(card(page, "Good")).to_contain_text("30 days")
    expect(card(page, "Good")).to_contain_text("Extended hours")


UNREADABLE: list[tuple[bytes | str, str]] = [
    (HEAD + "A,AAPL,7,false\n" * 10_000, "10,000 watchlists"),
    ("name;tickers\nBücher;AAPL".encode("latin-1"), "not UTF-8"),
    ("name,tickers\nA,AAPL".encode("utf-16"), "not UTF-8"),
    (b"PK\x03\x04 workbook", "workbook"),
    ("", "empty"),
    ("first,second\n1,2", "must name the columns"),
    ('name,tickers\n"A,AAPL\n', "quotation mark"),
    ('{"format": "config-api.watchlists", "version": 2, "watchlists": []}', "version 2"),
    ('{"format": "config-api.watch', "not valid JSON"),
]


def test_a_file_that_cannot_be_read_is_explained_and_another_can_be_chosen(page: Page, server: Server) -> None:
    visit(page)

    for content, message in UNREADABLE:
        choose_file(page, content)

        expect(page.get_by_role("dialog")).to_contain_text(message)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
    choose_file(page, HEAD + "A,AAPL,7,false\n")
    expect(page.get_by_role("button", name="Import 1 watchlist")).to_be_enabled()
    assert server.count(CREATE) == 0


def test_an_interrupted_import_is_repeated_without_creating_anything_twice(page: Page, server: Server) -> None:
    content = HEAD + "A,AAPL,7,false\nA,AAPL,7,false\n"
    visit(page)
    choose_file(page, content)
    server.plan(lost_answers=1, methods=["add"], retry_after=30)
    page.get_by_role("button", name="Import 2 watchlists").click()
    expect(page.locator(".countdown")).to_be_visible()
    page.reload()
    expect(cards(page)).to_have_count(1)

    delete(page, "A")
    choose_file(page, content)
    page.get_by_role("button", name="Import 2 watchlists").click()

    expect(page.get_by_text("It was imported before, and deleted since.")).to_be_visible()
    expect(cards(page)).to_have_count(1)
    page.get_by_role("checkbox", name="A").first.check()
    page.get_by_role("button", name="Import 1 watchlist").click()
    expect(cards(page)).to_have_count(2)


def test_a_row_whose_watchlist_was_changed_since_is_not_reported_as_imported(page: Page) -> None:
    content = HEAD + "A,AAPL,7,false\n"
    visit(page)
    choose_file(page, content)
    page.get_by_role("button", name="Import 1 watchlist").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    edit(page, "A")
    page.get_by_label("Name", exact=True).fill("B")
    save(page)

    choose_file(page, content)
    page.get_by_role("button", name="Import 1 watchlist").click()
    expect(page.get_by_text("It was imported before, and changed since.")).to_be_visible()
    page.get_by_role("checkbox", name="A").check()
    page.get_by_role("button", name="Import 1 watchlist").click()

    expect(card(page, "A")).to_be_visible()
    expect(card(page, "B")).to_be_visible()


def test_deleting_everything_needs_a_confirmation_and_continues_after_an_interruption(
    page: Page, server: Server
) -> None:
    given(page, "One", "Two")
    other = visit(page.context.new_page())
    page.get_by_role("button", name="Delete everything").click()
    confirm = page.get_by_role("dialog").get_by_role("button", name="Delete everything")
    expect(confirm).to_have_attribute("aria-disabled", "true")
    page.get_by_label("to confirm").fill("delete")
    server.plan(unavailable=1, methods=["erase"], retry_after=30)
    confirm.click()
    expect(page.locator(".countdown")).to_be_visible()

    page.reload()
    expect(page.locator("#notices")).to_contain_text("was not completed")
    page.get_by_role("button", name="Continue").click()
    confirm.click()

    expect(page.get_by_role("heading", name="Start your first watchlist")).to_be_visible()
    expect(other.get_by_role("heading", name="Start your first watchlist")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Start your first watchlist")).to_be_visible()
    expect(page.locator("#notices")).to_be_empty()
