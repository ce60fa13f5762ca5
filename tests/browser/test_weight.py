"""The page is light, quick, and cached for good."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.service import Server
from tests.browser.steps import visit

pytestmark = pytest.mark.slow

BUDGET = 60 * 1024
"""Bytes over the wire of everything that a first visit loads, answers of the API left out."""


def test_everything_together_weighs_little(page: Page) -> None:
    loaded: dict[str, int] = {}
    page.on(
        "requestfinished",
        lambda request: (
            loaded.update({request.url: request.sizes()["responseBodySize"]}) if "/api/" not in request.url else None
        ),
    )

    visit(page)
    page.wait_for_load_state("networkidle")

    assert len(loaded) > 10
    assert sum(loaded.values()) <= BUDGET, loaded


def test_it_is_usable_within_a_second(page: Page) -> None:
    visit(page)
    page.reload()

    page.wait_for_function("performance.getEntriesByName('usable').length")

    assert page.evaluate("performance.getEntriesByName('usable')[0].startTime") < 1000


def test_a_second_visit_loads_the_page_and_nothing_else(page: Page, server: Server) -> None:
    visit(page)
    server.requests.clear()

    page.goto("/docs")
    visit(page)

    assert [each for each in server.requests if "/static/" in each] == []
