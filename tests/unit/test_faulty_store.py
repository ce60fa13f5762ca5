"""Fault injection: each planned fault occurs as often as planned, in the planned methods only. Interception."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import pytest

from adapters.faults import FaultPlan, faulty_store
from adapters.memory import MemoryStore
from domain.adoption import Adoption
from domain.deadline import within
from domain.errors import StoreUnavailable, Throttled
from domain.interception import InterceptedStore
from domain.ports import ConfigurationStore
from tests.builders import NOW, a_configuration, a_keyed_configuration, rename_to

T = TypeVar("T")


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


KEYED, OTHER = a_keyed_configuration("ann", expires_at=NOW), a_configuration("ann", expires_at=NOW)
ID, REVISION, FINGERPRINT = KEYED.config_id, KEYED.revision, KEYED.request_fingerprint

PROGRAM: list[tuple[str, Callable[[ConfigurationStore], object]]] = [
    ("check", lambda store: store.check()),
    ("add", lambda store: store.add(KEYED, limit=1)),
    ("find_replay", lambda store: store.find_replay("ann", ID, FINGERPRINT, now=NOW)),
    ("extend", lambda store: store.extend("ann", expires_at=NOW + timedelta(days=1))),
    ("get", lambda store: store.get("ann", ID)),
    ("remove", lambda store: store.remove("ann", ID, now=NOW, revisions=frozenset({REVISION}))),
    ("find_replay", lambda store: store.find_replay("ann", ID, FINGERPRINT, now=NOW + timedelta(hours=24))),
    ("add", lambda store: store.add(OTHER, limit=1)),
    ("update", lambda store: store.update("ann", OTHER.config_id, rename_to("New"))),
    ("adopt", lambda store: store.adopt(Adoption("ann", "bob"), limit=1, now=NOW)),
    ("list", lambda store: store.list("bob")),
    ("erase", lambda store: store.erase("bob", now=NOW)),
    ("list", lambda store: store.list("bob")),
]


def test_every_operation_is_passed_through() -> None:
    names = []

    def intercept(operation: str, call: Callable[[], T]) -> T:
        names.append(operation)
        return call()

    store, intercepted = MemoryStore(), InterceptedStore(MemoryStore(), intercept)

    for name, operate in PROGRAM:
        assert operate(intercepted) == operate(store)
        assert names[-1] == name
