"""The page is light, quick, and cached for good."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.service import NewContext, Server
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


def test_it_is_usable_within_a_second(new_context: NewContext) -> None:
    first_visits = [visit(new_context().new_page()) for _ in range(3)]

    usable = [page.evaluate("performance.getEntriesByName('usable')[0].startTime") for page in first_visits]

    assert min(usable) < 1000  # the others may have had to share the machine


def test_a_second_visit_loads_the_page_and_nothing_else(page: Page, server: Server) -> None:
    visit(page)
    server.requests.clear()

    page.goto("/api/v2/health")
    visit(page)

    assert [each for each in server.requests if "/static/" in each] == []
