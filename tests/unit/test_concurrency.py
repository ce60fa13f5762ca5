"""The limit on concurrent operations of the store."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TypeVar

import pytest

from adapters.memory import MemoryStore
from domain.deadline import within
from domain.errors import StoreUnavailable
from domain.interception import InterceptedStore
from entrypoints.concurrency import bounded_store

T = TypeVar("T")


def test_an_operation_beyond_the_limit_waits_until_its_deadline() -> None:
    started, finish = Event(), Event()

    def block(operation: str, call: Callable[[], T]) -> T:  # noqa: ARG001 - the signature of Intercept
        started.set()
        finish.wait()
        return call()

    store = bounded_store(InterceptedStore(MemoryStore(), block), limit=1, rng=random.Random(1))
    with ThreadPoolExecutor(1) as executor:
        first = executor.submit(store.list, "ann")
        started.wait()
        with within(0), pytest.raises(StoreUnavailable) as refused:
            store.list("ann")
        finish.set()

    assert first.result() == ()
    assert 1 <= refused.value.retry_after.total_seconds() <= 5
    assert store.list("ann") == ()
