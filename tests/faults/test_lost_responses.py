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
from verification.environment.ministack import a_dynamodb_store, dynamodb_client

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


def test_an_update_with_a_lost_response_succeeds_after_another_update(
    store: DynamoDBStore, proxy: FaultProxy, aws: str, table: str, ann: str
) -> None:
    """The client request token shows that the first attempt took effect."""
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)
    other_store = a_dynamodb_store(aws, table)

    def overwrite(_: float) -> None:
        other_store.update(
            ann, configuration.config_id, lambda current: replace(current, name="Theirs", revision="theirs")
        )

    slow = a_dynamodb_store(proxy.endpoint, table, sleep=overwrite)
    proxy.script(None, Fault.RESPONSE_LOST)

    ours = slow.update(ann, configuration.config_id, lambda current: replace(current, name="Ours", revision="ours"))

    assert ours.name == "Ours"
    assert [(each.name, each.revision) for each in store.list(ann)] == [("Theirs", "theirs")]


def test_a_create_with_a_lost_response_succeeds_after_a_delete(
    store: DynamoDBStore, proxy: FaultProxy, aws: str, table: str, ann: str
) -> None:
    """The retry has the token of the first attempt, so it does not create the configuration again."""
    configuration = a_configuration(ann)
    other_store = a_dynamodb_store(aws, table)
    slow = a_dynamodb_store(
        proxy.endpoint, table, sleep=lambda _: other_store.remove(ann, configuration.config_id, now=NOW)
    )
    proxy.script(Fault.RESPONSE_LOST)

    slow.add(configuration, limit=1)

    assert store.list(ann) == ()
    assert count(aws, table, ann) == 0


def test_a_create_after_a_crash_is_replayed(
    store: DynamoDBStore, proxy: FaultProxy, aws: str, table: str, ann: str
) -> None:
    """A process ends after its request took effect. The same idempotency key gives the stored configuration."""
    first = a_configuration(ann)
    crashing = a_dynamodb_store(proxy.endpoint, table, sleep=_crash)
    proxy.script(Fault.RESPONSE_LOST)
    with pytest.raises(SystemExit):
        crashing.add(first, limit=1)

    again = store.add(replace(first, revision="of the second request"), limit=1)

    assert again == AddResult(first, replayed=True)
    assert count(aws, table, ann) == 1


def _crash(_: float) -> None:
    raise SystemExit


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.UNAVAILABLE, Fault.HANGS])
def test_the_limit_is_contended_while_an_earlier_attempt_may_still_be_carried_out(
    store: DynamoDBStore, proxy: FaultProxy, other_store: DynamoDBStore, ann: str, fault: Fault
) -> None:
    """A delayed first attempt could store the configuration after a delete."""
    stored, refused = a_configuration(ann), a_configuration(ann)
    other_store.add(stored, limit=1)
    proxy.script(fault)

    with pytest.raises(Contended):
        store.add(refused, limit=1)

    with pytest.raises(LimitReached):
        store.add(refused, limit=1)


def test_the_limit_is_final_after_a_throttled_attempt(
    store: DynamoDBStore, proxy: FaultProxy, other_store: DynamoDBStore, ann: str
) -> None:
    """A throttled request was not carried out and will not be."""
    other_store.add(a_configuration(ann), limit=1)
    proxy.script(Fault.THROTTLED)

    with pytest.raises(LimitReached):
        store.add(a_configuration(ann), limit=1)
