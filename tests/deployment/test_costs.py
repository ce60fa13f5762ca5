"""The table of units in docs/deployment.md is measured, and the tables of docs/scale.md follow from it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from benchmarks.scale import rendered
from domain.adoption import Adoption
from domain.tickers import Ticker
from tests.builders import NOW, a_configuration
from tests.deployment.recorder import recording
from tests.deployment.stage import ROOT
from verification.environment.ministack import a_dynamodb_store, a_table

FIVE = tuple(Ticker(f"SYM{n}", "A company with a name of usual length Inc.", "NASDAQ") for n in range(5))
READS = {"GetItem", "Query"}


def test_the_tables_of_the_page_follow_from_its_assumptions() -> None:
    page = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")

    assert rendered(page) == page, "run `python -m benchmarks.scale`"


@pytest.mark.slow
@pytest.mark.xdist_group("deployment")
def test_the_documented_calls_and_capacity_units_are_measured(aws: str) -> None:
    with recording() as calls:
        store = a_dynamodb_store(aws, a_table(aws))
    one, two = (a_configuration("ann", *FIVE, name="x" * 50, expires_at=NOW) for _ in range(2))

    def units_of(request: Callable[[], object]) -> tuple[int, float, float]:
        calls.made.clear()
        request()
        reads = sum(call.units for call in calls.made if call.operation in READS)
        return len(calls.made), sum(call.units for call in calls.made) - reads, reads

    store.add(one, limit=2)
    measured = {
        "create": units_of(lambda: store.add(two, limit=2)),
        "get": units_of(lambda: store.get("ann", one.config_id)),
        "list": units_of(lambda: store.list("ann")),
        "renew": units_of(lambda: store.extend("ann", expires_at=NOW + timedelta(days=30))),
        "update": units_of(
            lambda: store.update("ann", one.config_id, lambda found: replace(found, name="y", revision="2"))
        ),
        "delete": units_of(lambda: store.remove("ann", two.config_id, now=NOW)),
        "adopt": units_of(lambda: store.adopt(Adoption("ann", "bob"), limit=5, now=NOW)),
        "erase": units_of(lambda: store.erase("bob", now=NOW)),
    }

    assert measured == documented()


def documented() -> dict[str, tuple[int, float, float]]:
    text = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) \| (\d+) \| (\d+) \| (\d+) \|$", text, re.MULTILINE)
    return {request: (int(calls), float(writes), float(reads)) for request, calls, writes, reads in rows}
