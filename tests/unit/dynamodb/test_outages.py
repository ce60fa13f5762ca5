"""DynamoDB is down, does not respond or denies access: requests fail fast, and recover without a restart."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from adapters.dynamodb.models import READ_TIMEOUT
from adapters.dynamodb.store import DynamoDBStore
from domain.deadline import within
from domain.errors import StoreUnavailable
from tests.builders import NOW, a_configuration
from tests.support.simulated_endpoint import SimulatedEndpoint, internal_error
from tests.support.virtual_time import VirtualTime
from verification.simulation.requests import Response

DEADLINE = 5.0
URL = "http://127.0.0.1"

OPERATIONS: list[Callable[[DynamoDBStore], object]] = [
    lambda store: store.add(a_configuration(), limit=2),
    lambda store: store.list("ann"),
    lambda store: store.get("ann", "a"),
    lambda store: store.update("ann", "a", lambda current: replace(current, name="New")),
    lambda store: store.remove("ann", "a", now=NOW),
]


@pytest.fixture
def clock() -> VirtualTime:
    return VirtualTime()


@pytest.fixture
def endpoint() -> SimulatedEndpoint:
    return SimulatedEndpoint()


@pytest.fixture
def store(endpoint: SimulatedEndpoint, clock: VirtualTime) -> Iterator[DynamoDBStore]:
    with endpoint.store(clock) as store:
        yield store


def unreachable() -> Response:
    raise EndpointConnectionError(endpoint_url=URL)


def seconds_until_refused(
    operation: Callable[[DynamoDBStore], object], store: DynamoDBStore, clock: VirtualTime
) -> float:
    start = clock.now
    with within(DEADLINE, clock=clock), pytest.raises(StoreUnavailable):
        operation(store)
    return clock.now - start


@pytest.mark.parametrize("fail", [internal_error, unreachable])
def test_requests_to_a_failing_store_soon_make_one_attempt_and_recover(
    store: DynamoDBStore, endpoint: SimulatedEndpoint, clock: VirtualTime, fail: Callable[[], Response]
) -> None:
    endpoint.healthy, endpoint.fail = 0, fail
    for _ in range(6):
        assert seconds_until_refused(OPERATIONS[1], store, clock) < DEADLINE
    endpoint.requests.clear()

    spent = [seconds_until_refused(operation, store, clock) for operation in OPERATIONS]

    assert spent == [0] * len(OPERATIONS)
    assert len(endpoint.requests) == len(OPERATIONS)
    endpoint.healthy = float("inf")
    assert store.list("ann") == ()


def test_requests_to_a_store_that_does_not_respond_are_soon_refused_and_recover(
    store: DynamoDBStore, endpoint: SimulatedEndpoint, clock: VirtualTime
) -> None:
    def time_out() -> Response:
        clock.now += READ_TIMEOUT
        raise ReadTimeoutError(endpoint_url=URL)

    endpoint.healthy, endpoint.fail = 0, time_out
    for _ in range(2):
        assert seconds_until_refused(OPERATIONS[1], store, clock) < DEADLINE
    endpoint.requests.clear()

    spent = [seconds_until_refused(operation, store, clock) for operation in OPERATIONS]

    assert spent == [0] * len(OPERATIONS)
    assert endpoint.requests == []
    endpoint.healthy = float("inf")
    clock.now += 1.0
    assert store.list("ann") == ()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_missing_table_is_not_retried_and_logged_with_a_remedy(
    store: DynamoDBStore,
    endpoint: SimulatedEndpoint,
    caplog: pytest.LogCaptureFixture,
    operation: Callable[[DynamoDBStore], object],
) -> None:
    endpoint.healthy = 0
    endpoint.fail = lambda: Response('{"message": "simulated does not exist"}', "ResourceNotFoundException")

    with pytest.raises(StoreUnavailable) as refusal:
        operation(store)

    assert len(endpoint.requests) == 1
    assert "simulated" not in str(refusal.value)
    (error,) = [record.__dict__ for record in caplog.records if record.levelno == logging.ERROR]
    assert error["event"] == "permanent fault"
    assert "CONFIG_API_TABLE" in error["remedy"]


def test_a_health_check_makes_one_attempt_even_without_retry_quota(
    store: DynamoDBStore, endpoint: SimulatedEndpoint, clock: VirtualTime
) -> None:
    endpoint.healthy = 0
    for _ in range(6):
        seconds_until_refused(OPERATIONS[1], store, clock)
    endpoint.requests.clear()

    with pytest.raises(StoreUnavailable):
        store.check()
    endpoint.healthy = float("inf")
    store.check()

    assert endpoint.requests == ["GetItem", "GetItem"]
