"""Engines that do not return the item of a failed condition: one consistent read replaces it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from adapters.dynamodb.store import DynamoDBStore
from domain.configurations import Configuration
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


def test_a_read_distinguishes_a_replay_at_the_limit_from_a_new_create(
    store: DynamoDBStore, proxy: FaultProxy, ann: str
) -> None:
    """The stored item decides between replay and reuse of the key."""
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)
    proxy.script()

    assert store.add(configuration, limit=1) == AddResult(configuration, replayed=True)
    assert proxy.operations == ["TransactWriteItems", "GetItem"]
    with pytest.raises(IdempotencyKeyReused):
        store.add(replace(configuration, request_fingerprint="another"), limit=1)


def test_a_create_is_repeated_if_its_key_is_freed_before_the_read(
    store: DynamoDBStore, proxy: FaultProxy, aws: str, table: str, ann: str, other_store: DynamoDBStore
) -> None:
    """A delete between the failed condition and the read frees the key, so the create is sent again."""
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)

    def delete_before_the_read(operation: str) -> None:
        if operation == "GetItem":
            other_store.remove(ann, configuration.config_id, now=NOW)

    proxy.plan = delete_before_the_read

    assert store.add(configuration, limit=1) == AddResult(configuration, replayed=False)
    assert read_state(aws, table, ann) == (1, (configuration,))


def change_after(concurrent_request: Callable[[], object]) -> Callable[[Configuration], Configuration]:
    """Returns a change that calls `concurrent_request` once, between the read and the first write of its update."""
    pending = iter([concurrent_request])

    def change(current: Configuration) -> Configuration:
        for run in pending:
            run()
        return replace(current, timeframe_days=9, revision="ours")

    return change


def test_an_update_after_a_concurrent_update_is_applied_to_the_current_item(
    store: DynamoDBStore, proxy: FaultProxy, ann: str, other_store: DynamoDBStore
) -> None:
    """The change is applied to the item that the read returns."""
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)
    proxy.script()

    updated = store.update(
        ann,
        configuration.config_id,
        change_after(lambda: other_store.update(ann, configuration.config_id, rename_to("Theirs"))),
    )

    assert (updated.name, updated.timeframe_days) == ("Theirs", 9)
    assert proxy.operations == ["GetItem", "TransactWriteItems", "GetItem", "TransactWriteItems"]


def test_an_update_after_a_concurrent_delete_is_not_found(
    store: DynamoDBStore, ann: str, other_store: DynamoDBStore
) -> None:
    """The read finds no item."""
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)

    with pytest.raises(NotFound):
        store.update(
            ann,
            configuration.config_id,
            change_after(lambda: other_store.remove(ann, configuration.config_id, now=NOW)),
        )
