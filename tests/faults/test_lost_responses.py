"""A retry recognises the success of an earlier attempt whose response was lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.dynamodb.store import DynamoDBStore
from domain.adoption import Adoption
from domain.configurations import Configuration
from domain.errors import Contended, LimitReached, NotFound
from domain.ports import AddResult
from tests.builders import NOW, a_configuration, a_keyed_configuration
from verification.environment.fault_proxy import Fault, FaultProxy
from verification.environment.ministack import dynamodb_client

pytestmark = pytest.mark.slow

each_fault = pytest.mark.parametrize("fault", Fault)


def count(aws: str, table: str, user: str) -> int:
    key = {"PK": {"S": f"USER#{user}"}, "SK": {"S": "QUOTA"}}
    item = dynamodb_client(aws).get_item(TableName=table, Key=key, ConsistentRead=True).get("Item", {})
    return int(item.get("config_count", {"N": "0"})["N"])


@each_fault
def test_a_create_is_stored_and_counted_once_after_any_fault(
    store: DynamoDBStore, proxy: FaultProxy, aws: str, table: str, ann: str, fault: Fault
) -> None:
    """One fault in the first attempt, before or after it took effect: the second attempt succeeds."""
    configuration = a_configuration(ann)
    proxy.script(fault)

    added = store.add(configuration, limit=1)

    assert added == AddResult(configuration, replayed=False)
    assert proxy.operations == ["TransactWriteItems"] * 2
    assert store.list(ann) == (configuration,)
    assert count(aws, table, ann) == 1


@each_fault
def test_an_adoption_moves_everything_once_after_any_fault(
    store: DynamoDBStore, proxy: FaultProxy, aws: str, table: str, ann: str, fault: Fault
) -> None:
    member = f"member-of-{ann}"
    configurations = a_configuration(ann), a_keyed_configuration(ann, at=NOW - timedelta(days=1))
    for configuration in configurations:
        store.add(configuration, limit=2)
    proxy.script(None, fault)

    adopted = store.adopt(Adoption(ann, member), limit=2, now=NOW)

    assert proxy.operations.count("TransactWriteItems") == 2
    assert adopted == store.list(member) == tuple(replace(each, user_id=member) for each in configurations)
    assert store.list(ann) == ()
    assert (count(aws, table, ann), count(aws, table, member)) == (0, 2)


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
def test_an_update_is_applied_once_after_any_fault(
    store: DynamoDBStore, proxy: FaultProxy, ann: str, fault: Fault
) -> None:
    """The change is applied once, whether or not the first write took effect."""
    configuration = a_configuration(ann, timeframe_days=1)
    store.add(configuration, limit=1)
    proxy.script(None, fault)

    def one_day_more(current: Configuration) -> Configuration:
        return replace(current, timeframe_days=current.timeframe_days + 1, revision="one more")

    updated = store.update(ann, configuration.config_id, one_day_more)

    assert updated.timeframe_days == 2
    assert proxy.operations == ["GetItem"] + ["TransactWriteItems"] * 2
    assert store.list(ann) == (updated,)


@each_fault
def test_a_delete_succeeds_and_is_counted_once_after_any_fault(
    store: DynamoDBStore, proxy: FaultProxy, aws: str, table: str, ann: str, fault: Fault
) -> None:
    """The count goes down by one, whether or not the first attempt took effect."""
    gone, kept = a_configuration(ann), a_configuration(ann)
    for configuration in (gone, kept):
        store.add(configuration, limit=2)
    proxy.script(fault)

    store.remove(ann, gone.config_id, revisions=frozenset({gone.revision}), now=NOW)

    assert proxy.operations == ["TransactWriteItems"] * 2
    assert store.list(ann) == (kept,)
    assert count(aws, table, ann) == 1


@each_fault
def test_reads_are_retried_after_any_fault(store: DynamoDBStore, proxy: FaultProxy, ann: str, fault: Fault) -> None:
    """A get and a list succeed in their second attempt."""
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)
    proxy.script(fault, None, fault, None)

    assert store.get(ann, configuration.config_id) == configuration
    assert store.list(ann) == (configuration,)

    assert proxy.operations == ["GetItem", "GetItem", "Query", "Query"]


def test_a_repeated_delete_of_nothing_is_not_found(store: DynamoDBStore, proxy: FaultProxy, ann: str) -> None:
    """Without an item, the first attempt had no effect that a retry could confirm."""
    proxy.script(Fault.RESPONSE_LOST, Fault.RESET)

    with pytest.raises(NotFound):
        store.remove(ann, "none", now=NOW)

    assert len(proxy.calls) == 3


def test_a_replay_at_the_limit_is_recognised_after_a_conflict(
    store: DynamoDBStore, proxy: FaultProxy, ann: str
) -> None:
    """A conflict on the put, with a failed quota condition beside it, decides nothing: the request is repeated."""
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)
    proxy.script(Fault.CONFLICT_AND_FAILED)

    assert store.add(configuration, limit=1).replayed
