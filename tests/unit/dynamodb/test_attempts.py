"""The number of requests to DynamoDB: one or two if all is well, as many attempts as the policy allows if one fails.

While DynamoDB is down, does not respond or denies access, requests fail fast, and recover without a restart.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from adapters.aws.errors import ErrorKind
from adapters.aws.retry import DYNAMODB
from adapters.dynamodb.items import to_item
from adapters.dynamodb.models import READ_TIMEOUT
from adapters.dynamodb.store import DynamoDBStore
from domain.deadline import within
from domain.errors import Contended, LimitReached, StoreUnavailable
from tests.builders import NOW, a_configuration
from tests.support.simulated_endpoint import SimulatedEndpoint, internal_error
from tests.support.virtual_time import VirtualTime
from verification.simulation.requests import Response

URL = "http://127.0.0.1"
DEADLINE = 5.0
ATTEMPTS = DYNAMODB.backoffs[ErrorKind.TRANSIENT].max_attempts
STORED, UNCOUNTED = a_configuration(config_id="stored"), a_configuration(config_id="uncounted")

Operation = Callable[[DynamoDBStore], object]
OPERATIONS: dict[str, tuple[Operation, list[str]]] = {
    "add": (lambda store: store.add(a_configuration(), limit=9), ["TransactWriteItems"]),
    "get": (lambda store: store.get("ann", "stored"), ["GetItem"]),
    "list": (lambda store: store.list("ann"), ["Query"]),
    "update": (
        lambda store: store.update("ann", "stored", lambda each: replace(each, revision="new")),
        ["GetItem", "TransactWriteItems"],
    ),
    "replay": (lambda store: store.add(STORED, limit=1), ["TransactWriteItems"]),
    "remove": (lambda store: store.remove("ann", "stored", now=NOW), ["TransactWriteItems"]),
    "remove uncounted": (
        lambda store: store.remove("bob", "uncounted", now=NOW),
        ["TransactWriteItems", "GetItem", "TransactWriteItems"],
    ),
}
"""Each operation of the store, and its requests."""


@pytest.fixture
def endpoint() -> Iterator[SimulatedEndpoint]:
    with closing(SimulatedEndpoint()) as endpoint:
        endpoint.store.add(STORED, limit=9)
        endpoint.put(to_item(replace(UNCOUNTED, user_id="bob")).serialize())
        endpoint.requests.clear()
        yield endpoint


@pytest.mark.parametrize(
    ("operation", "healthy"),
    [(name, healthy) for name, (_, requests) in OPERATIONS.items() for healthy in range(len(requests))],
)
def test_a_failing_request_is_sent_as_often_as_the_policy_allows(
    endpoint: SimulatedEndpoint, operation: str, healthy: int
) -> None:
    operate, requests = OPERATIONS[operation]
    endpoint.healthy = healthy

    with pytest.raises(StoreUnavailable):
        operate(endpoint.store)

    assert endpoint.requests[: healthy + 1] == requests[: healthy + 1]
    assert len(endpoint.requests) == healthy + ATTEMPTS


def test_a_create_at_the_limit_sends_one_request(endpoint: SimulatedEndpoint) -> None:
    with pytest.raises(LimitReached):
        endpoint.store.add(a_configuration(), limit=1)

    assert endpoint.requests == ["TransactWriteItems"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_healthy_operation_sends_its_requests_once(endpoint: SimulatedEndpoint, operation: str) -> None:
    operate, requests = OPERATIONS[operation]

    operate(endpoint.store)

    assert endpoint.requests == requests


def test_an_update_that_loses_every_race_is_written_as_often_as_the_policy_allows(endpoint: SimulatedEndpoint) -> None:
    def overwrite(operation: str) -> None:
        if operation == "TransactWriteItems":
            concurrent = replace(STORED, revision=f"concurrent {len(endpoint.requests)}")
            endpoint.put(to_item(concurrent).serialize())

    endpoint.before = overwrite

    with pytest.raises(Contended):
        endpoint.store.update("ann", "stored", lambda each: replace(each, revision="new"))

    assert endpoint.requests == ["GetItem"] + ["TransactWriteItems"] * ATTEMPTS


def test_a_delete_of_an_uncounted_item_that_is_counted_meanwhile_is_contended(endpoint: SimulatedEndpoint) -> None:
    def count(_: str) -> None:
        if len(endpoint.requests) > 1:
            endpoint.put({"PK": {"S": "USER#bob"}, "SK": {"S": "QUOTA"}, "config_count": {"N": "1"}})

    endpoint.before = count

    with pytest.raises(Contended):
        endpoint.store.remove("bob", "uncounted", now=NOW)

    assert endpoint.requests == ["TransactWriteItems", "GetItem"] + ["TransactWriteItems"] * ATTEMPTS
    endpoint.before = lambda _: None
    endpoint.store.remove("bob", "uncounted", now=NOW)
    assert endpoint.store.list("bob") == ()


def refuse_connections(_: VirtualTime) -> Response:
    raise EndpointConnectionError(endpoint_url=URL)


def time_out(time: VirtualTime) -> Response:
    time.now += READ_TIMEOUT
    raise ReadTimeoutError(endpoint_url=URL)


def refused_at_once(operate: Operation, endpoint: SimulatedEndpoint) -> bool:
    start = endpoint.time.now
    with within(DEADLINE, clock=endpoint.time), pytest.raises(StoreUnavailable):
        operate(endpoint.store)
    assert endpoint.time.now - start < DEADLINE
    return endpoint.time.now == start


@pytest.mark.parametrize(
    ("fail", "attempts"),
    [(lambda _: internal_error(), 1), (refuse_connections, 1), (time_out, 0)],
    ids=["errors", "unreachable", "no response"],
)
def test_requests_while_the_store_is_down_soon_end_at_once_and_recover(
    endpoint: SimulatedEndpoint,
    fail: Callable[[VirtualTime], Response],
    attempts: int,
) -> None:
    """A failing store gets one request for each operation, one that does not respond gets none."""
    endpoint.healthy, endpoint.fail = 0, lambda: fail(endpoint.time)
    operations = [operate for operate, _ in OPERATIONS.values()]
    while not refused_at_once(operations[0], endpoint):
        assert len(endpoint.requests) < 9 * ATTEMPTS
    endpoint.requests.clear()

    assert all(refused_at_once(operate, endpoint) for operate in operations)

    assert len(endpoint.requests) == attempts * len(operations)
    endpoint.healthy = float("inf")
    endpoint.time.now += 1.0
    assert endpoint.store.list("ann") == (STORED,)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_missing_table_is_not_retried_and_logged_with_a_remedy(
    endpoint: SimulatedEndpoint, caplog: pytest.LogCaptureFixture, operation: str
) -> None:
    endpoint.healthy = 0
    endpoint.fail = lambda: Response('{"message": "simulated does not exist"}', "ResourceNotFoundException")

    with pytest.raises(StoreUnavailable) as refusal:
        OPERATIONS[operation][0](endpoint.store)

    assert len(endpoint.requests) == 1
    assert "simulated" not in str(refusal.value)
    (error,) = [vars(record) for record in caplog.records if record.levelno == logging.ERROR]
    assert error["event"] == "permanent fault"
    assert "CONFIG_API_TABLE" in error["remedy"]


def test_a_health_check_makes_one_attempt_even_without_retry_quota(endpoint: SimulatedEndpoint) -> None:
    endpoint.healthy = 0
    while not refused_at_once(OPERATIONS["list"][0], endpoint):
        pass
    endpoint.requests.clear()

    with pytest.raises(StoreUnavailable):
        endpoint.store.check()
    endpoint.healthy = float("inf")
    endpoint.store.check()

    assert endpoint.requests == ["GetItem", "GetItem"]
