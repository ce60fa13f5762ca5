"""The page is small, cached by the browser, and moves nothing while it loads."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from entrypoints import dashboard
from tests.browser.service import NewContext, Server
from tests.browser.steps import given, visit

pytestmark = pytest.mark.slow

BUDGET = 40 * 1024
"""Bytes over the wire of everything that an anonymous visitor loads first, API responses excluded."""
FAULT_PANEL = ("fault-panel.js", "on-demand-styles.js", "on-demand.css")
"""Loaded only with CONFIG_API_FAULTS."""


@pytest.mark.usefixtures("issuer")
def test_a_first_visit_stays_within_the_size_budget(page: Page) -> None:
    loaded: list[Request] = []
    # Playwright does not accept a builtin as a listener.
    page.on("requestfinished", lambda request: loaded.append(request))  # noqa: PLW0108

    visit(page)
    page.wait_for_load_state("networkidle")
    files = [each for each in loaded if "/api/" not in each.url and not each.url.endswith(FAULT_PANEL)]
    # The page is there twice: it is renewed in the background, which transfers no body.
    sizes = [(each.url, each.sizes()["responseBodySize"]) for each in files]

    assert len(sizes) > 10
    assert not any("oauth" in url for url, _ in sizes)
    assert sum(size for _, size in sizes) <= BUDGET, sizes


def test_a_second_visit_loads_no_static_file(page: Page, server: Server) -> None:
    visit(page)
    expect(page.get_by_text("Faults", exact=True)).to_be_visible()  # its module is loaded last
    server.requests.clear()

    page.goto("/api/v2/health")
    visit(page)

    assert [each for each in server.requests if "/static/" in each] == []


def test_a_stored_page_whose_files_are_gone_after_an_update_is_replaced(
    browser: Browser, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = iter(["old"])
    current = dashboard.version()
    monkeypatch.setattr(dashboard, "version", lambda: next(versions, current))
    with browser.new_page(base_url=f"{server.url}/") as page:
        answers: list[str] = []
        page.on("response", lambda answer: answers.append(f"{answer.status} {answer.url.rpartition('static/')[2]}"))

        visit(page)

        assert {"404 old/dashboard.js", f"200 {current}/dashboard.js"} <= set(answers)
        assert [each for each in answers if each.startswith("200 old")] == ["200 old/theme.js"]
        monkeypatch.setattr(dashboard, "version", lambda: "new")
        page.get_by_role("button", name="Import", exact=True).click()
        expect(page.get_by_text("This page has been updated")).to_be_visible()
        page.get_by_role("button", name="Reload").click()
        page.get_by_role("button", name="Import", exact=True).click()
        expect(page.get_by_role("dialog")).to_be_visible()


SHIFTS = """globalThis.shifted = [];
    new PerformanceObserver((list) => shifted.push(...list.getEntries().flatMap(({ sources }) => sources)
      .map(({ node }) => node?.id || node?.className || node?.nodeName)))
    .observe({ type: "layout-shift", buffered: true })"""


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_moves_while_the_page_loads(new_context: NewContext, width: int) -> None:
    context = new_context(viewport={"width": width, "height": 844})
    context.add_init_script(SHIFTS)
    page = visit(context.new_page())
    expect(page.get_by_text("Faults", exact=True)).to_be_visible()
    assert set(page.evaluate("shifted")) <= {"NAV"}, "a first visit; only the fault panel is added"
    given(page, "Tech", "Other")

    page.goto("/api/v2/health")
    visit(page)

    expect(page.get_by_text("Faults", exact=True)).to_be_visible()
    assert set(page.evaluate("shifted")) <= {"NAV"}, "a return visit"
