"""Concurrent creates of one user, from several processes and with injected conflicts, fill the limit exactly."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest

from adapters.dynamodb.store import DynamoDBStore
from domain.configurations import Configuration
from domain.deadline import within
from domain.errors import LimitReached
from tests.builders import a_configuration
from verification.environment.fault_proxy import Fault, FaultProxy, Plan, at_random
from verification.environment.ministack import a_dynamodb_store, read_state

pytestmark = pytest.mark.slow

PROCESSES, CREATES_PER_PROCESS, LIMIT = 4, 5, 2


def conflicts(share: float, *, seed: int) -> Plan:
    plan = at_random(share, seed=seed)
    return lambda operation: Fault.CONFLICT if plan(operation) else None


def outcome_of_add(store: DynamoDBStore, configuration: Configuration) -> str:
    try:
        with within(5):
            store.add(configuration, limit=LIMIT)
    except LimitReached:
        return "limit reached"
    return "added"


def share_barrier(barrier: Any) -> None:
    global _barrier  # noqa: PLW0603 the only way to pass an object to the workers of a pool
    _barrier = barrier


_barrier: Any = None


def create_at_once(endpoint: str, table: str, user: str) -> list[str]:
    """In a process of its own: wait for the other processes, then create from several threads."""
    store = a_dynamodb_store(endpoint, table)
    configurations = [a_configuration(user) for _ in range(CREATES_PER_PROCESS)]
    _barrier.wait()
    with ThreadPoolExecutor(CREATES_PER_PROCESS) as threads:
        outcomes = list(threads.map(lambda each: outcome_of_add(store, each), configurations))
    store.close()
    return outcomes


def test_concurrent_creates_with_conflicts_fill_the_limit_exactly(
    proxy: FaultProxy, aws: str, table: str, ann: str
) -> None:
    """Twenty creates from four processes, 30 % of the requests with a conflict: as many succeed as the limit allows."""
    proxy.plan = conflicts(0.3, seed=5)
    spawn = multiprocessing.get_context("spawn")

    with ProcessPoolExecutor(
        PROCESSES, mp_context=spawn, initializer=share_barrier, initargs=(spawn.Barrier(PROCESSES),)
    ) as processes:
        outcomes = processes.map(create_at_once, *zip(*[(proxy.endpoint, table, ann)] * PROCESSES, strict=True))
        counts = Counter(outcome for some in outcomes for outcome in some)

    assert counts == {"added": LIMIT, "limit reached": PROCESSES * CREATES_PER_PROCESS - LIMIT}
    counted, stored = read_state(aws, table, ann)
    assert (counted, len(stored)) == (LIMIT, LIMIT)
    assert proxy.seen()[Fault.CONFLICT] > 0


def test_a_replay_at_the_limit_is_recognised_after_a_conflict(
    store: DynamoDBStore, proxy: FaultProxy, ann: str
) -> None:
    """A conflict on the put, with a failed quota condition beside it, decides nothing: the request is repeated."""
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)
    proxy.script(Fault.CONFLICT_AND_FAILED)

    assert store.add(configuration, limit=1).replayed
