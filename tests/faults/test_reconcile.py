"""A count is set right while its user goes on creating and deleting, at every point in between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any, Self
from uuid import uuid4

import pytest

from adapters.dynamodb.store import DynamoDBStore
from adapters.dynamodb.table import DynamoDBTable
from domain.operations import Quota
from tests.builders import a_configuration
from tests.support.ministack import a_dynamodb_store, a_shelf, dynamodb_client, with_endpoint

pytestmark = pytest.mark.slow

LIMIT = 9
TWO_LOOKS = 10
"""Calls, where each item is a page of its own: three configurations, the quota, and that there is no more."""


@pytest.fixture(scope="module")
def keeper(aws: str, table: str) -> DynamoDBTable:
    with with_endpoint(aws):
        return DynamoDBTable(table, clock=lambda: datetime.now(UTC), sleep=lambda _: None)


@pytest.fixture(scope="module")
def store(aws: str, table: str) -> DynamoDBStore:
    return a_dynamodb_store(aws, table)


def a_user_who_drifts(aws: str, table: str, store: DynamoDBStore) -> str:
    """Two configurations, one counted."""
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


class Interruption:
    """Runs `rival` once, before the call that has the number `seam`."""

    def __init__(self, keeper: DynamoDBTable, seam: int, rival: Callable[[], None]) -> None:
        self._events = keeper._client.meta.events
        self._numbers = count()
        self._seam = seam
        self._rival = rival
        self.happened = False

    def __enter__(self) -> Self:
        self._events.register("before-call", self._step, unique_id="interruption")
        return self

    def __exit__(self, *_: object) -> None:
        self._events.unregister("before-call", unique_id="interruption")

    def _step(self, **_: object) -> None:
        if next(self._numbers) == self._seam:
            self.happened = True
            self._rival()


def create(store: DynamoDBStore, user: str) -> None:
    store.add(a_configuration(user), limit=LIMIT)


def delete(store: DynamoDBStore, user: str) -> None:
    store.remove(user, "a")


def create_and_delete(store: DynamoDBStore, user: str) -> None:
    """The count is the same before and after, and what is stored is not."""
    store.add(a_configuration(user), limit=LIMIT)
    store.remove(user, "a")


def delete_and_create_again(store: DynamoDBStore, user: str) -> None:
    store.remove(user, "a")
    store.add(a_configuration(user, config_id="a"), limit=LIMIT)


@pytest.mark.parametrize("rival", [create, delete, create_and_delete, delete_and_create_again])
def test_no_rival_makes_a_repair_miscount(
    keeper: DynamoDBTable, store: DynamoDBStore, aws: str, table: str, rival: Callable[[DynamoDBStore, str], None]
) -> None:
    for seam in count():
        user = a_user_who_drifts(aws, table, store)
        with Interruption(keeper, seam, lambda user=user: rival(store, user)) as interruption:  # type: ignore[misc]  # bound now
            after = keeper.repair(user)

        counted, stored = a_shelf(aws, table, user)
        assert counted == len(stored), f"at seam {seam}"
        assert not after.drifts
        if not interruption.happened:
            break
    assert seam >= 3


def test_a_look_that_takes_several_calls_is_not_fooled_by_what_comes_and_goes_in_between(
    keeper: DynamoDBTable, store: DynamoDBStore, aws: str, table: str
) -> None:
    user = a_user_who_drifts(aws, table, store)
    events = keeper._client.meta.events
    written = []

    def page_by_page(params: dict[str, Any], **_: object) -> None:
        params["Limit"] = 1

    def come_and_go(model: Any, params: dict[str, Any], **_: object) -> None:
        """The third is there whenever its page is read, and not counted whenever the count is."""
        if model.name == "UpdateItem":
            written.append(a_shelf(aws, table, user))
        elif len(written) == 0 and next(calls) < TWO_LOOKS:
            if "CONFIG#b" in (start := str(params["body"])):
                store.add(a_configuration(user, config_id="c"), limit=LIMIT)
            elif "CONFIG#c" in start:
                store.remove(user, "c")

    calls = count()
    events.register("before-parameter-build.dynamodb.Query", page_by_page, unique_id="pages")
    events.register("before-call", come_and_go, unique_id="comes and goes")
    try:
        after = keeper.repair(user)
    finally:
        events.unregister("before-parameter-build.dynamodb.Query", unique_id="pages")
        events.unregister("before-call", unique_id="comes and goes")

    assert after == Quota(user, counted=2, stored=2)
    assert len(written) == 1


def test_a_user_who_never_rests_is_left_as_they_are(
    keeper: DynamoDBTable, store: DynamoDBStore, aws: str, table: str
) -> None:
    user = a_user_who_drifts(aws, table, store)

    def before_every_write(model: object, **_: object) -> None:
        if getattr(model, "name", "") == "UpdateItem":
            delete_and_create_again(store, user)

    events = keeper._client.meta.events
    events.register("before-call", before_every_write, unique_id="restless")
    try:
        after = keeper.repair(user)
    finally:
        events.unregister("before-call", unique_id="restless")

    assert after == Quota(user, counted=1, stored=2)


def test_a_walk_shows_whoever_drifts(keeper: DynamoDBTable, store: DynamoDBStore, aws: str, table: str) -> None:
    drifting = a_user_who_drifts(aws, table, store)
    create(store, fine := f"bob-{uuid4()}")

    quotas = {quota.user_id: quota for quota in keeper.quotas()}

    assert quotas[drifting] == Quota(drifting, counted=1, stored=2)
    assert quotas[fine] == Quota(fine, counted=1, stored=1)


def test_what_only_seems_to_drift_is_looked_at_again(
    keeper: DynamoDBTable, store: DynamoDBStore, aws: str, table: str
) -> None:
    user = a_user_who_drifts(aws, table, store)

    with Interruption(keeper, 1, lambda: delete_all_and_count_none(aws, table, user)) as interruption:
        quotas = {quota.user_id: quota for quota in keeper.quotas() if quota.drifts}

    assert interruption.happened
    assert user not in quotas


def delete_all_and_count_none(aws: str, table: str, user: str) -> None:
    client = dynamodb_client(aws)
    for key in ("CONFIG#a", "CONFIG#b", "QUOTA"):
        client.delete_item(TableName=table, Key={"PK": {"S": f"USER#{user}"}, "SK": {"S": key}})
