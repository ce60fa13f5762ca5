"""A store that is gone, hangs or denies us: fail fast, say so, and come back by ourselves."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from statistics import quantiles

import pytest

from adapters.dynamodb.store import DynamoDBStore
from domain.deadline import within
from domain.errors import StoreUnavailable
from tests.builders import a_configuration
from tests.support.fault_proxy import FaultProxy, Trouble, always, no_trouble
from tests.support.ministack import a_dynamodb_store, free_port

pytestmark = pytest.mark.slow

HANDFUL = 6
AT_ONCE = 0.1
DEADLINE = 5.0


def a_refusal_in(ask: Callable[[], object]) -> float:
    """Seconds until the request was refused."""
    began = time.perf_counter()
    with within(DEADLINE), pytest.raises(StoreUnavailable):
        ask()
    return time.perf_counter() - began


def median(seconds: list[float]) -> float:
    """What a request takes on a machine that others use too."""
    return quantiles(seconds, n=2)[0]


@pytest.fixture
def store(proxy: FaultProxy, table: str) -> DynamoDBStore:
    """A store behind the proxy that waits as in production."""
    return a_dynamodb_store(proxy.endpoint, table)


def each_operation(store: DynamoDBStore) -> list[Callable[[], object]]:
    configuration = a_configuration()
    return [
        lambda: store.add(configuration, limit=2),
        lambda: store.list("ann"),
        lambda: store.get("ann", "a"),
        lambda: store.update("ann", "a", lambda current: replace(current, name="New")),
        lambda: store.remove("ann", "a"),
    ]


def test_with_the_store_down_requests_soon_fail_at_once_and_work_again_when_it_is_back(
    store: DynamoDBStore, proxy: FaultProxy
) -> None:
    proxy.plan = always(Trouble.INTERNAL_ERROR)
    spent = [a_refusal_in(lambda: store.list("ann")) for _ in range(HANDFUL)]

    refused = [a_refusal_in(ask) for ask in each_operation(store) * 3]

    assert max(spent) < DEADLINE
    assert median(refused) < AT_ONCE
    proxy.plan = no_trouble
    assert store.list("ann") == ()


def test_with_nobody_there_requests_soon_fail_at_once(table: str) -> None:
    store = a_dynamodb_store(f"http://127.0.0.1:{free_port()}", table)
    for _ in range(HANDFUL):
        a_refusal_in(lambda: store.list("ann"))

    assert median([a_refusal_in(ask) for ask in each_operation(store) * 3]) < AT_ONCE


def test_with_the_store_hanging_requests_soon_fail_at_once_and_work_again_when_it_is_back(
    store: DynamoDBStore, proxy: FaultProxy
) -> None:
    proxy.plan = always(Trouble.HANGS)
    spent = [a_refusal_in(lambda: store.list("ann")) for _ in range(2)]

    refused = [a_refusal_in(ask) for ask in each_operation(store) * 10]

    assert max(spent) < DEADLINE
    assert median(refused) < AT_ONCE
    assert sum(seconds > AT_ONCE for seconds in refused) <= 1
    proxy.plan = no_trouble
    comes_back_within(2.0, store)


def comes_back_within(seconds: float, store: DynamoDBStore) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            store.list("ann")
        except StoreUnavailable:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"not back after {seconds} s")


def test_a_missing_table_is_not_retried_and_the_operator_learns_the_way_out(
    proxy: FaultProxy, caplog: pytest.LogCaptureFixture
) -> None:
    store = a_dynamodb_store(proxy.endpoint, "no-such-table")

    for ask in each_operation(store):
        proxy.script()
        with pytest.raises(StoreUnavailable) as refusal:
            ask()
        assert len(proxy.calls) == 1
        assert "no-such-table" not in str(refusal.value)

    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.message for record in errors] == ["permanent fault"] * 5
    assert "CONFIG_API_TABLE" in errors[0].__dict__["remedy"]


def test_a_health_check_asks_once_and_really_asks(proxy: FaultProxy, table: str) -> None:
    store = a_dynamodb_store(proxy.endpoint, table, sleep=lambda _: None)
    proxy.plan = always(Trouble.RESET)
    for _ in range(HANDFUL):
        a_refusal_in(lambda: store.list("ann"))
    proxy.script(Trouble.RESET, None)

    with pytest.raises(StoreUnavailable):
        store.check()
    store.check()

    assert proxy.operations == ["GetItem", "GetItem"]
