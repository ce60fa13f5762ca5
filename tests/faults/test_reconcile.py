"""A count is repaired correctly while its user creates and deletes, at every interleaving of their requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import count
from typing import Any
from uuid import uuid4

import pytest

from adapters.dynamodb.store import DynamoDBStore
from adapters.dynamodb.table import DynamoDBTable
from domain.operations import Quota
from tests.builders import NOW, a_configuration
from tests.contract.backends import Interruption
from verification.environment.ministack import a_dynamodb_store, dynamodb_client, read_state, with_endpoint

pytestmark = pytest.mark.slow

LIMIT = 9
TWO_SNAPSHOTS = 10
"""Requests, if each item is a page: three configurations, the quota, and an empty page, twice."""


@pytest.fixture(scope="module")
def admin(aws: str, table: str) -> DynamoDBTable:
    with with_endpoint(aws):
        return DynamoDBTable(table, clock=lambda: datetime.now(UTC), sleep=lambda _: None)


@pytest.fixture(scope="module")
def store(aws: str, table: str) -> DynamoDBStore:
    return a_dynamodb_store(aws, table)


def a_user_with_drift(aws: str, table: str, store: DynamoDBStore) -> str:
    """A user with two configurations, of which one is counted."""
    user = f"ann-{uuid4()}"
    for config_id in ("a", "b"):
        store.add(a_configuration(user, config_id=config_id), limit=LIMIT)
    dynamodb_client(aws).update_item(
        TableName=table,
        Key={"PK": {"S": f"USER#{user}"}, "SK": {"S": "QUOTA"}},
        UpdateExpression="SET config_count = :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )
    return user


@contextmanager
def on_event(admin: DynamoDBTable, event: str, act: Callable[..., None]) -> Iterator[None]:
    """Call `act` at each event of this name in botocore (`before-call`: before each request)."""
    events = admin._client.table.connection.client.meta.events
    events.register(event, act)
    try:
        yield
    finally:
        events.unregister(event, act)


def create(store: DynamoDBStore, user: str) -> None:
    store.add(a_configuration(user), limit=LIMIT)


def delete(store: DynamoDBStore, user: str) -> None:
    store.remove(user, "a", now=NOW)


def create_and_delete(store: DynamoDBStore, user: str) -> None:
    """The count is the same as before, the stored configurations are not."""
    create(store, user)
    delete(store, user)


def delete_and_create_again(store: DynamoDBStore, user: str) -> None:
    delete(store, user)
    store.add(a_configuration(user, config_id="a"), limit=LIMIT)


@pytest.mark.parametrize("concurrent_request", [create, delete, create_and_delete, delete_and_create_again])
def test_a_repair_counts_correctly_with_a_concurrent_request_at_any_point(
    admin: DynamoDBTable,
    store: DynamoDBStore,
    aws: str,
    table: str,
    concurrent_request: Callable[[DynamoDBStore, str], None],
) -> None:
    for index in count():
        user = a_user_with_drift(aws, table, store)
        interruption = Interruption(index, partial(concurrent_request, store, user))
        with on_event(admin, "before-call", interruption.step):
            after = admin.repair(user)

        counted, stored = read_state(aws, table, user)
        assert counted == len(stored), f"before request {index}"
        assert not after.drifts
        if not interruption.happened:
            break
    assert index >= 3


def test_a_snapshot_of_several_pages_is_repeated_until_it_is_stable(
    admin: DynamoDBTable, store: DynamoDBStore, aws: str, table: str
) -> None:
    user = a_user_with_drift(aws, table, store)
    written = []

    def page_by_page(params: dict[str, Any], **_: object) -> None:
        params["Limit"] = 1

    def create_or_delete(model: Any, params: dict[str, Any], **_: object) -> None:
        """The third is stored while its page is read, and not counted while the count is read."""
        if model.name == "UpdateItem":
            written.append(read_state(aws, table, user))
        elif len(written) == 0 and next(calls) < TWO_SNAPSHOTS:
            if "CONFIG#b" in (start := str(params["body"])):
                store.add(a_configuration(user, config_id="c"), limit=LIMIT)
            elif "CONFIG#c" in start:
                store.remove(user, "c", now=NOW)

    calls = count()
    with (
        on_event(admin, "before-parameter-build.dynamodb.Query", page_by_page),
        on_event(admin, "before-call", create_or_delete),
    ):
        after = admin.repair(user)

    assert after == Quota(user, counted=2, stored=2)
    assert len(written) == 1


def test_a_repair_ends_without_a_write_if_every_attempt_is_interrupted(
    admin: DynamoDBTable, store: DynamoDBStore, aws: str, table: str
) -> None:
    user = a_user_with_drift(aws, table, store)

    def before_every_write(model: object, **_: object) -> None:
        if getattr(model, "name", "") == "UpdateItem":
            delete_and_create_again(store, user)

    with on_event(admin, "before-call", before_every_write):
        after = admin.repair(user)

    assert after == Quota(user, counted=1, stored=2)


def test_a_difference_in_the_scan_is_read_again(
    admin: DynamoDBTable, store: DynamoDBStore, aws: str, table: str
) -> None:
    user = a_user_with_drift(aws, table, store)

    def delete_all_items() -> None:
        for key in ("CONFIG#a", "CONFIG#b", "QUOTA"):
            dynamodb_client(aws).delete_item(TableName=table, Key={"PK": {"S": f"USER#{user}"}, "SK": {"S": key}})

    interruption = Interruption(1, delete_all_items)
    with on_event(admin, "before-call", interruption.step):
        drifting = [quota.user_id for quota in admin.quotas() if quota.drifts]

    assert interruption.happened
    assert user not in drifting
