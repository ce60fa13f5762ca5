"""Histories recorded over HTTP, with faults, retries, late duplicates and restarts, are linearizable."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.faults.history import LIMIT, record, serving, settled_share
from tests.proof.linearizability import Outcome
from tests.simulation.invariants import held
from tests.simulation.state import Frozen, Item
from tests.support.fault_proxy import FaultProxy, at_random
from tests.support.ministack import dynamodb_client

pytestmark = pytest.mark.slow


def dynamodb_settings(endpoint: str, table: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "CONFIG_API_STORE": "dynamodb",
        "CONFIG_API_TABLE": table,
        "CONFIG_API_SECRET_KEYS": "a secret of the tests that is long enough",
    }


def miscounts(aws: str, table: str) -> list[str]:
    """Each user whose count is not the number of stored configurations, or above the limit."""
    pages = dynamodb_client(aws).get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    by_user: dict[str, dict[tuple[str, str], Item]] = {}
    for item in (item for page in pages for item in page["Items"]):
        key = item["PK"]["S"], item["SK"]["S"]
        by_user.setdefault(key[0], {})[key] = Item.of(item)
    counts = {user: held(Frozen(items)) for user, items in by_user.items()}
    return [
        f"{user}: {count} counted, {len(stored)} stored"
        for user, (count, stored) in counts.items()
        if count != len(stored) or count > LIMIT
    ]


@pytest.fixture
def seed() -> int:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 shown when the test fails
    return seed


def test_histories_on_dynamodb_with_thirty_percent_faults_are_linearizable(
    proxy: FaultProxy, aws: str, table: str, tmp_path: Path, seed: int
) -> None:
    proxy.plan = at_random(0.3, seed=seed)

    with serving(dynamodb_settings(proxy.endpoint, table), tmp_path / "log") as service:
        histories = record(service, seed=seed, users=6, requests_each=12, restarts=1)

    assert [found for history in histories if (found := history.violation())] == []
    assert miscounts(aws, table) == []
    assert settled_share(histories) > 0.9  # 0.999 is for the soak: a sample that is large enough, and no other load


def test_histories_on_sqlite_with_restarts_are_linearizable(tmp_path: Path, seed: int) -> None:
    settings = {"CONFIG_API_STORE": "sqlite", "CONFIG_API_SQLITE_PATH": str(tmp_path / "history.sqlite3")}

    with serving(settings, tmp_path / "log") as service:
        histories = record(service, seed=seed, users=6, requests_each=12, restarts=2)

    assert [found for history in histories if (found := history.violation())] == []
    outcomes = {event.outcome for history in histories for event in history.events}
    assert {Outcome.ADDED, Outcome.REPLAYED, Outcome.REUSED, Outcome.FULL, Outcome.GONE} <= outcomes
