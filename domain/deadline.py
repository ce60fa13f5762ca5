"""The deadline of a request, which everything that the request calls observes.

A deadline is a time on a monotonic clock, in seconds, so a change of the wall clock does not affect it. It is kept in
a context variable: each request has its own, and code outside of a request (a command, a job) has none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Monotonic = Callable[[], float]

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def within(seconds: float, *, clock: Monotonic = time.monotonic) -> Iterator[None]:
    """Set a deadline `seconds` from now for the enclosed code. An outer deadline that ends earlier stays in effect."""
    deadline = clock() + seconds
    outer = _deadline.get()
    token = _deadline.set(deadline if outer is None else min(deadline, outer))
    try:
        yield
    finally:
        _deadline.reset(token)


def remaining(*, clock: Monotonic = time.monotonic, default: float = float("inf")) -> float:
    """Seconds until the deadline, negative after it; `default` where there is none."""
    deadline = _deadline.get()
    return default if deadline is None else deadline - clock()
