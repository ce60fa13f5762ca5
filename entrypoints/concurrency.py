"""A limit on the operations that reach the store at the same time."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from threading import BoundedSemaphore
from typing import TypeVar

from domain.deadline import remaining
from domain.errors import StoreUnavailable
from domain.interception import InterceptedStore
from domain.ports import ConfigurationStore
from domain.times import random_between

T = TypeVar("T")

DEFAULT_WAIT = 5.0
"""Seconds that an operation waits without a deadline."""

RETRY_AFTER = timedelta(seconds=1), timedelta(seconds=5)
"""The bounds of the time after which a caller is asked to come back."""


def bounded_store(store: ConfigurationStore, *, limit: int, rng: random.Random) -> ConfigurationStore:
    """`store` with at most `limit` operations at once. The others wait until the deadline of their request.

    gunicorn's gevent worker runs as many requests at once as it has connections. Raises StoreUnavailable.
    """
    slots = BoundedSemaphore(limit)

    def wait_for_slot(operation: str, call: Callable[[], T]) -> T:  # noqa: ARG001 - the signature of Intercept
        if not slots.acquire(timeout=max(0.0, remaining(default=DEFAULT_WAIT))):
            raise StoreUnavailable("The store is too slow.", retry_after=random_between(*RETRY_AFTER, rng))
        try:
            return call()
        finally:
            slots.release()

    return InterceptedStore(store, wait_for_slot)
