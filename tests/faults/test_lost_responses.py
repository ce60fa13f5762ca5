"""A retry recognises the success of an earlier attempt whose response was lost.

In each test the first attempt has one fault, before or after it took effect, and a later attempt succeeds.
"""

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
def test_an_update_is_applied_once_after_any_fault(
    store: DynamoDBStore, proxy: FaultProxy, ann: str, fault: Fault
) -> None:
    configuration = a_configuration(ann, timeframe_days=1)
    store.add(configuration, limit=1)
    proxy.script(None, fault)

    def one_day_more(current: Configuration) -> Configuration:
        return replace(current, timeframe_days=current.timeframe_days + 1, revision="one more")

    updated = store.update(ann, configuration.config_id, one_day_more)

    assert updated.timeframe_days == 2
    assert store.list(ann) == (updated,)


@each_fault
def test_a_delete_succeeds_and_is_counted_once_after_any_fault(
    store: DynamoDBStore, proxy: FaultProxy, aws: str, table: str, ann: str, fault: Fault
) -> None:
    gone, kept = a_configuration(ann), a_configuration(ann)
    for configuration in (gone, kept):
        store.add(configuration, limit=2)
    proxy.script(fault)

    store.remove(ann, gone.config_id, revisions=frozenset({gone.revision}), now=NOW)

    assert read_state(aws, table, ann) == (1, (kept,))


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
