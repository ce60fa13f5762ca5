"""The page is light, quick, and cached for good."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.service import NewContext, Server
from tests.browser.steps import visit

pytestmark = pytest.mark.slow

BUDGET = 60 * 1024
"""Bytes over the wire of everything that a first visit loads, answers of the API left out."""


def test_everything_together_weighs_little(page: Page) -> None:
    loaded: list[Request] = []
    page.on("requestfinished", lambda request: loaded.append(request))  # noqa: PLW0108 - Playwright takes no builtin

    visit(page)
    page.wait_for_load_state("networkidle")
    weights = {each.url: each.sizes()["responseBodySize"] for each in list(loaded) if "/api/" not in each.url}

    assert len(weights) > 10
    assert sum(weights.values()) <= BUDGET, weights


def test_it_is_usable_within_a_second(new_context: NewContext) -> None:
    """The quickest of a few first visits counts: the others may have had to share the machine."""
    usable = (
        visit(new_context().new_page()).evaluate("performance.getEntriesByName('usable')[0].startTime")
        for _ in range(10)
    )

    assert any(milliseconds < 1000 for milliseconds in usable)


def test_a_second_visit_loads_the_page_and_nothing_else(page: Page, server: Server) -> None:
    visit(page)
    expect(page.get_by_text("Faults", exact=True)).to_be_visible()  # what its module makes, which comes last of all
    server.requests.clear()

    page.goto("/api/v2/health")
    visit(page)

    assert [each for each in server.requests if "/static/" in each] == []
