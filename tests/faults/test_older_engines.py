"""Engines that say that a condition failed, and not on which item: one consistent read settles it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.dynamodb.store import DynamoDBStore
from domain.errors import IdempotencyKeyReused, NotFound
from domain.ports import AddResult
from tests.builders import a_configuration
from tests.faults.rivals import after_a_rival, rename
from tests.support.fault_proxy import FaultProxy
from tests.support.ministack import a_shelf

pytestmark = pytest.mark.slow


@pytest.fixture
def proxy(proxy: FaultProxy) -> FaultProxy:
    proxy.leaves_items_out = True
    return proxy


def test_a_replay_at_the_limit_is_told_from_a_full_shelf(store: DynamoDBStore, proxy: FaultProxy, ann: str) -> None:
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)
    proxy.script()

    assert store.add(configuration, limit=1) == AddResult(configuration, replayed=True)
    assert proxy.operations == ["TransactWriteItems", "GetItem"]
    with pytest.raises(IdempotencyKeyReused):
        store.add(replace(configuration, request_fingerprint="another"), limit=1)


def test_a_key_that_was_freed_before_the_read_is_used(
    store: DynamoDBStore, proxy: FaultProxy, aws: str, table: str, ann: str, rival: DynamoDBStore
) -> None:
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)

    def delete_before_the_read(operation: str) -> None:
        if operation == "GetItem":
            rival.remove(ann, configuration.config_id)

    proxy.plan = delete_before_the_read

    assert store.add(configuration, limit=1) == AddResult(configuration, replayed=False)
    assert a_shelf(aws, table, ann) == (1, (configuration,))


def test_a_lost_race_is_settled_by_a_read(
    store: DynamoDBStore, proxy: FaultProxy, ann: str, rival: DynamoDBStore
) -> None:
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)
    proxy.script()

    updated = store.update(ann, configuration.config_id, after_a_rival(lambda: rename(rival, configuration)))

    assert (updated.name, updated.timeframe_days) == ("Theirs", 9)
    assert proxy.operations == ["GetItem", "TransactWriteItems", "GetItem", "TransactWriteItems"]


def test_a_race_lost_to_a_delete_finds_nothing(store: DynamoDBStore, ann: str, rival: DynamoDBStore) -> None:
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)

    with pytest.raises(NotFound):
        store.update(ann, configuration.config_id, after_a_rival(lambda: rival.remove(ann, configuration.config_id)))
