"""Faults of requests to DynamoDB, and engines that do not return the item of a failed condition.

A retry recognises the success of an earlier attempt whose response was lost. verification/simulation explores lost
responses of every write.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.dynamodb.store import DynamoDBStore
from domain.adoption import Adoption
from domain.errors import Contended, IdempotencyKeyReused, LimitReached, NotFound
from domain.ports import AddResult
from tests.builders import NOW, a_configuration, a_keyed_configuration, rename_to
from verification.environment.fault_proxy import Fault, FaultProxy
from verification.environment.ministack import read_state
from verification.history import miscounts

pytestmark = pytest.mark.slow

each_fault = pytest.mark.parametrize("fault", Fault)


@each_fault
def test_a_create_is_stored_and_counted_once_after_any_fault(
    store: DynamoDBStore, proxy: FaultProxy, aws: str, table: str, ann: str, fault: Fault
) -> None:
    configuration = a_configuration(ann)
    proxy.script(fault)

    assert store.add(configuration, limit=1) == AddResult(configuration, replayed=False)

    assert read_state(aws, table, ann) == (1, (configuration,))


@each_fault
def test_an_adoption_moves_everything_once_after_any_fault(
    store: DynamoDBStore, proxy: FaultProxy, aws: str, table: str, ann: str, fault: Fault
) -> None:
    member = f"member-of-{ann}"
    newer, older = a_configuration(ann), a_keyed_configuration(ann, at=NOW - timedelta(days=1))
    for configuration in (newer, older):
        store.add(configuration, limit=2)
    proxy.script(None, fault)

    adopted = store.adopt(Adoption(ann, member), limit=2, now=NOW)

    assert adopted == store.list(member) == (replace(newer, user_id=member), replace(older, user_id=member))
    assert store.list(ann) == ()
    assert ann not in str(miscounts(aws, table))


def test_an_adoption_is_not_refused_while_an_earlier_attempt_may_still_be_carried_out(
    store: DynamoDBStore, other_store: DynamoDBStore, proxy: FaultProxy, ann: str
) -> None:
    member = f"member-of-{ann}"
    store.add(a_configuration(ann), limit=2)
    other_store.add(a_configuration(member), limit=1)
    proxy.script(None, Fault.HANGS)

    with pytest.raises(Contended):
        store.adopt(Adoption(ann, member), limit=1, now=NOW)

    with pytest.raises(LimitReached):
        store.adopt(Adoption(ann, member), limit=1, now=NOW)


@each_fault
def test_reads_are_retried_after_any_fault(store: DynamoDBStore, proxy: FaultProxy, ann: str, fault: Fault) -> None:
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)

    proxy.script(fault)
    assert store.get(ann, configuration.config_id) == configuration
    proxy.script(fault)
    assert store.list(ann) == (configuration,)


def test_a_repeated_delete_of_nothing_is_not_found(store: DynamoDBStore, proxy: FaultProxy, ann: str) -> None:
    """Without an item, the first attempt had no effect that a retry could confirm."""
    proxy.script(Fault.RESPONSE_LOST, Fault.RESET)

    with pytest.raises(NotFound):
        store.remove(ann, "none", now=NOW)


def once_before(operation: str, concurrent_request: Callable[[], object]) -> Callable[[str], None]:
    """A plan without faults that calls `concurrent_request` before the first request of this operation."""
    pending = [concurrent_request]

    def plan(next_operation: str) -> None:
        if next_operation == operation and pending:
            pending.pop()()

    return plan


@pytest.fixture
def older_engine(proxy: FaultProxy) -> FaultProxy:
    """The proxy in front of an engine that does not return the item: one consistent read replaces it."""
    proxy.leaves_items_out = True
    return proxy


@pytest.mark.usefixtures("older_engine")
def test_a_read_distinguishes_a_replay_at_the_limit_from_a_reuse_of_the_key(store: DynamoDBStore, ann: str) -> None:
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)

    assert store.add(configuration, limit=1) == AddResult(configuration, replayed=True)
    with pytest.raises(IdempotencyKeyReused):
        store.add(replace(configuration, request_fingerprint="another"), limit=1)


def test_a_create_is_repeated_if_its_key_is_freed_before_the_read(
    store: DynamoDBStore, older_engine: FaultProxy, aws: str, table: str, ann: str, other_store: DynamoDBStore
) -> None:
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)
    older_engine.plan = once_before("GetItem", lambda: other_store.remove(ann, configuration.config_id, now=NOW))

    assert store.add(configuration, limit=1) == AddResult(configuration, replayed=False)
    assert read_state(aws, table, ann) == (1, (configuration,))


def test_an_update_after_a_concurrent_update_is_applied_to_the_current_item(
    store: DynamoDBStore, older_engine: FaultProxy, ann: str, other_store: DynamoDBStore
) -> None:
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)
    rename = rename_to("Theirs")
    older_engine.plan = once_before(
        "TransactWriteItems", lambda: other_store.update(ann, configuration.config_id, rename)
    )

    updated = store.update(
        ann, configuration.config_id, lambda current: replace(current, timeframe_days=9, revision="ours")
    )

    assert (updated.name, updated.timeframe_days) == ("Theirs", 9)


def test_an_update_after_a_concurrent_delete_is_not_found(
    store: DynamoDBStore, older_engine: FaultProxy, ann: str, other_store: DynamoDBStore
) -> None:
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)
    older_engine.plan = once_before(
        "TransactWriteItems", lambda: other_store.remove(ann, configuration.config_id, now=NOW)
    )

    with pytest.raises(NotFound):
        store.update(ann, configuration.config_id, rename_to("Ours"))
