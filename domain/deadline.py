"""The time one request may spend, shared by everything that it calls.

A deadline is a point on a monotonic clock, in seconds, so that a jump of the wall clock
neither ends nor extends a request. It travels in a context variable: each thread and each
request has its own, and code outside a request (a command, a job) has none.
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
    """Give the enclosed work `seconds`; an enclosing deadline that ends sooner stays in force."""
    mine = clock() + seconds
    outer = _deadline.get()
    token = _deadline.set(mine if outer is None else min(mine, outer))
    try:
        yield
    finally:
        _deadline.reset(token)


def remaining(*, clock: Monotonic = time.monotonic, default: float = float("inf")) -> float:
    """Seconds left, negative when over; `default` where no deadline is set."""
    deadline = _deadline.get()
    return default if deadline is None else deadline - clock()
