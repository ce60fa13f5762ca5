"""Many at once, from several processes, with conflicts in between: never above the limit, and exactly up to it."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from adapters.dynamodb.store import DynamoDBStore
from domain.configurations import Configuration
from domain.deadline import within
from domain.errors import LimitReached
from tests.builders import a_configuration
from tests.support.fault_proxy import FaultProxy, Plan, Trouble, at_random
from tests.support.ministack import a_dynamodb_store, a_shelf

pytestmark = pytest.mark.slow

PROCESSES = 4


def conflicts(share: float, *, seed: int) -> Plan:
    plan = at_random(share, seed=seed)
    return lambda operation: Trouble.CONFLICT if plan(operation) else None


def outcome_of_add(store: DynamoDBStore, configuration: Configuration, limit: int) -> str:
    try:
        with within(5):
            return "replayed" if store.add(configuration, limit=limit).replayed else "added"
    except LimitReached:
        return "full"


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        PROCESSES, mp_context=spawn, initializer=_meet, initargs=(spawn.Barrier(PROCESSES),)
    ) as all_:
        yield all_


def _meet(barrier: Any) -> None:
    global _together  # noqa: PLW0603 a pool's process has no other place for what it is born with
    _together = barrier


_together: Any = None


def _creates(endpoint: str, table: str, user: str, number: int, limit: int) -> list[str]:
    store = a_dynamodb_store(endpoint, table)
    configurations = [a_configuration(user) for _ in range(number)]
    _together.wait()
    with ThreadPoolExecutor(number) as crowd:
        return list(crowd.map(lambda each: outcome_of_add(store, each, limit), configurations))


@pytest.mark.parametrize(("each", "limit"), [(1, 2), (5, 2), (5, 5)])
def test_a_crowd_from_several_processes_fills_the_shelf_exactly(
    processes: ProcessPoolExecutor, proxy: FaultProxy, aws: str, table: str, ann: str, each: int, limit: int
) -> None:
    proxy.plan = conflicts(0.3, seed=each)

    answers = processes.map(_creates, *zip(*[(proxy.endpoint, table, ann, each, limit)] * PROCESSES, strict=True))

    assert Counter(answer for some in answers for answer in some) == {
        "added": limit,
        "full": PROCESSES * each - limit,
    }
    counted, stored = a_shelf(aws, table, ann)
    assert (counted, len(stored)) == (limit, limit)
    assert proxy.seen()[Trouble.CONFLICT] > 0


def test_one_key_from_ten_clients_at_once_gives_one_configuration(
    store: DynamoDBStore, proxy: FaultProxy, aws: str, table: str, ann: str
) -> None:
    proxy.plan = conflicts(0.3, seed=10)
    together = Barrier(10)
    config_id = a_configuration().config_id

    def create(_: int) -> str:
        configuration = a_configuration(ann, config_id=config_id, request_fingerprint="the same")
        together.wait()
        return outcome_of_add(store, configuration, limit=1)

    with ThreadPoolExecutor(10) as crowd:
        answers = Counter(crowd.map(create, range(10)))

    assert answers == {"added": 1, "replayed": 9}
    counted, stored = a_shelf(aws, table, ann)
    assert (counted, [each.config_id for each in stored]) == (1, [config_id])


def test_a_conflict_at_the_limit_hides_no_replay(store: DynamoDBStore, proxy: FaultProxy, ann: str) -> None:
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)
    proxy.script(Trouble.CONFLICT_AND_FAILED)

    assert store.add(configuration, limit=1).replayed
