"""Fault injection: each planned fault occurs as often as planned, in the planned methods only."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters.faults import FaultPlan, faulty_store
from adapters.memory import MemoryStore
from domain.deadline import within
from domain.errors import StoreUnavailable, Throttled
from domain.ports import ConfigurationStore
from tests.builders import NOW, a_configuration


@pytest.fixture
def plan() -> FaultPlan:
    return FaultPlan()


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def store(plan: FaultPlan, slept: list[float]) -> ConfigurationStore:
    return faulty_store(MemoryStore(), plan, sleep=slept.append)


@pytest.mark.parametrize(("fault", "error"), [("throttled", Throttled), ("unavailable", StoreUnavailable)])
def test_a_throttled_or_unavailable_operation_is_not_carried_out(
    store: ConfigurationStore, plan: FaultPlan, fault: str, error: type[Throttled | StoreUnavailable]
) -> None:
    plan.replace(**{fault: 2}, retry_after=3)

    for _ in range(2):
        with pytest.raises(error) as refusal:
            store.add(a_configuration("ann"), limit=1)
        assert refusal.value.retry_after == timedelta(seconds=3)

    assert store.list("ann") == ()


def test_an_operation_whose_response_is_lost_is_carried_out(store: ConfigurationStore, plan: FaultPlan) -> None:
    configuration = a_configuration("ann")
    plan.replace(lost_answers=1)

    with pytest.raises(StoreUnavailable):
        store.add(configuration, limit=1)

    assert store.add(configuration, limit=1).replayed


def test_a_call_has_at_most_one_failure(store: ConfigurationStore, plan: FaultPlan) -> None:
    plan.replace(throttled=1, unavailable=1, lost_answers=1, slow=1)

    for error in (Throttled, StoreUnavailable, StoreUnavailable):
        with pytest.raises(error):
            store.list("ann")

    assert store.list("ann") == ()
    assert not any(plan.remaining()[kind] for kind in ("throttled", "unavailable", "lost_answers", "slow"))


def test_only_the_planned_methods_fail(store: ConfigurationStore, plan: FaultPlan) -> None:
    plan.replace(throttled=1, methods=("remove",))

    assert store.list("ann") == ()
    with pytest.raises(Throttled):
        store.remove("ann", "one", now=NOW)


def test_a_slow_call_ends_at_its_deadline(store: ConfigurationStore, plan: FaultPlan, slept: list[float]) -> None:
    plan.replace(slow=1, delay=9)

    with within(2), pytest.raises(StoreUnavailable):
        store.list("ann")

    assert 0 < slept[0] <= 2
