"""The number of requests to DynamoDB: one or two if all is well, and as many attempts as the policy allows if not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from adapters.aws.errors import ErrorKind
from adapters.aws.retry import DYNAMODB
from adapters.dynamodb.items import to_item
from adapters.dynamodb.store import DynamoDBStore
from domain.errors import Contended, LimitReached, StoreUnavailable
from tests.builders import NOW, a_configuration
from tests.support.simulated_endpoint import SimulatedEndpoint

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
def endpoint() -> SimulatedEndpoint:
    return SimulatedEndpoint()


@pytest.fixture
def store(endpoint: SimulatedEndpoint) -> Iterator[DynamoDBStore]:
    with endpoint.store() as store:
        store.add(STORED, limit=9)
        endpoint.put(to_item(replace(UNCOUNTED, user_id="bob")).serialize())
        endpoint.requests.clear()
        yield store


@pytest.mark.parametrize(
    ("operation", "healthy"),
    [(name, healthy) for name, (_, requests) in OPERATIONS.items() for healthy in range(len(requests))],
)
def test_a_failing_request_is_sent_as_often_as_the_policy_allows(
    store: DynamoDBStore, endpoint: SimulatedEndpoint, operation: str, healthy: int
) -> None:
    operate, requests = OPERATIONS[operation]
    endpoint.healthy = healthy

    with pytest.raises(StoreUnavailable):
        operate(store)

    assert endpoint.requests[: healthy + 1] == requests[: healthy + 1]
    assert len(endpoint.requests) == healthy + ATTEMPTS


def test_a_create_at_the_limit_sends_one_request(store: DynamoDBStore, endpoint: SimulatedEndpoint) -> None:
    with pytest.raises(LimitReached):
        store.add(a_configuration(), limit=1)

    assert endpoint.requests == ["TransactWriteItems"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_healthy_operation_sends_its_requests_once(
    store: DynamoDBStore, endpoint: SimulatedEndpoint, operation: str
) -> None:
    operate, requests = OPERATIONS[operation]

    operate(store)

    assert endpoint.requests == requests


def test_an_update_that_loses_every_race_is_written_as_often_as_the_policy_allows(
    store: DynamoDBStore, endpoint: SimulatedEndpoint
) -> None:
    def overwrite(operation: str) -> None:
        if operation == "TransactWriteItems":
            concurrent = replace(STORED, revision=f"concurrent {len(endpoint.requests)}")
            endpoint.put(to_item(concurrent).serialize())

    endpoint.before = overwrite

    with pytest.raises(Contended):
        store.update("ann", "stored", lambda each: replace(each, revision="new"))

    assert endpoint.requests == ["GetItem"] + ["TransactWriteItems"] * ATTEMPTS


def test_a_delete_of_an_uncounted_item_that_is_counted_meanwhile_is_contended(
    store: DynamoDBStore, endpoint: SimulatedEndpoint
) -> None:
    def count(_: str) -> None:
        if len(endpoint.requests) > 1:
            endpoint.put({"PK": {"S": "USER#bob"}, "SK": {"S": "QUOTA"}, "config_count": {"N": "1"}})

    endpoint.before = count

    with pytest.raises(Contended):
        store.remove("bob", "uncounted", now=NOW)

    assert endpoint.requests == ["TransactWriteItems", "GetItem"] + ["TransactWriteItems"] * ATTEMPTS
    endpoint.before = lambda _: None
    store.remove("bob", "uncounted", now=NOW)
    assert store.list("bob") == ()
