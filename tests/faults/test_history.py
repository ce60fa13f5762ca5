"""Histories recorded over HTTP, with faults, retries, late duplicates and restarts, are linearizable."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from verification.environment.fault_proxy import FaultProxy, at_random
from verification.environment.service import dynamodb_settings, serving
from verification.history import miscounts, record
from verification.proof.linearizability import Outcome

pytestmark = pytest.mark.slow


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


def test_histories_on_sqlite_with_restarts_are_linearizable(tmp_path: Path, seed: int) -> None:
    settings = {"CONFIG_API_STORE": "sqlite", "CONFIG_API_SQLITE_PATH": str(tmp_path / "history.sqlite3")}

    with serving(settings, tmp_path / "log") as service:
        histories = record(service, seed=seed, users=6, requests_each=12, restarts=2)

    assert [found for history in histories if (found := history.violation())] == []
    # With 216 requests, some create succeeds: the history is not empty.
    assert Outcome.ADDED in {event.outcome for history in histories for event in history.events}
