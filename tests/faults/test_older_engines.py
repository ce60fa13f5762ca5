"""Engines that do not return the item of a failed condition: one consistent read replaces it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from adapters.dynamodb.store import DynamoDBStore
from domain.errors import IdempotencyKeyReused, NotFound
from domain.ports import AddResult
from tests.builders import NOW, a_configuration, rename_to
from verification.environment.fault_proxy import FaultProxy
from verification.environment.ministack import read_state

pytestmark = pytest.mark.slow


@pytest.fixture
def proxy(proxy: FaultProxy) -> FaultProxy:
    proxy.leaves_items_out = True
    return proxy


def once_before(operation: str, concurrent_request: Callable[[], object]) -> Callable[[str], None]:
    """A plan without faults that calls `concurrent_request` before the first request of this operation."""
    pending = [concurrent_request]

    def plan(next_operation: str) -> None:
        if next_operation == operation and pending:
            pending.pop()()

    return plan


def test_a_read_distinguishes_a_replay_at_the_limit_from_a_reuse_of_the_key(store: DynamoDBStore, ann: str) -> None:
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)

    assert store.add(configuration, limit=1) == AddResult(configuration, replayed=True)
    with pytest.raises(IdempotencyKeyReused):
        store.add(replace(configuration, request_fingerprint="another"), limit=1)


def test_a_create_is_repeated_if_its_key_is_freed_before_the_read(
    store: DynamoDBStore, proxy: FaultProxy, aws: str, table: str, ann: str, other_store: DynamoDBStore
) -> None:
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)
    proxy.plan = once_before("GetItem", lambda: other_store.remove(ann, configuration.config_id, now=NOW))

    assert store.add(configuration, limit=1) == AddResult(configuration, replayed=False)
    assert read_state(aws, table, ann) == (1, (configuration,))


def test_an_update_after_a_concurrent_update_is_applied_to_the_current_item(
    store: DynamoDBStore, proxy: FaultProxy, ann: str, other_store: DynamoDBStore
) -> None:
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)
    rename = rename_to("Theirs")
    proxy.plan = once_before("TransactWriteItems", lambda: other_store.update(ann, configuration.config_id, rename))

    updated = store.update(
        ann, configuration.config_id, lambda current: replace(current, timeframe_days=9, revision="ours")
    )

    assert (updated.name, updated.timeframe_days) == ("Theirs", 9)


def test_an_update_after_a_concurrent_delete_is_not_found(
    store: DynamoDBStore, proxy: FaultProxy, ann: str, other_store: DynamoDBStore
) -> None:
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)
    proxy.plan = once_before("TransactWriteItems", lambda: other_store.remove(ann, configuration.config_id, now=NOW))

    with pytest.raises(NotFound):
        store.update(ann, configuration.config_id, rename_to("Ours"))
