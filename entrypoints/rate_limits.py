"""How often one caller may ask, counted in the memory of this process."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import timedelta
from threading import Lock
from typing import Any

from flask_limiter import Limiter
from limits import parse_many
from limits.storage import Storage

from domain.errors import RateLimited

MAX_KEYS = 10_000
"""Callers that are remembered at once; beyond that, those whose window is over are forgotten."""


class RateLimit:
    """Counts what one key (a user, an address) asks.

    `notation` is Flask-Limiter's: `30/second;900/minute`; "" lets everything pass.
    """

    def __init__(self, limiter: Limiter, notation: str, *, kind: str, rng: random.Random) -> None:
        self._limiter = limiter
        self._limits = parse_many(notation) if notation else []
        self._kind = kind
        self._random = rng

    def check(self, key: str) -> None:
        """Count one more. Raises RateLimited, with the time until the window ends and up to a second more."""
        strategy = self._limiter.limiter
        for limit in self._limits:
            if not strategy.hit(limit, self._kind, key):
                window = strategy.get_window_stats(limit, self._kind, key)
                left = max(0.0, window.reset_time - time.time())
                raise RateLimited(
                    f"At most {limit.amount} requests in {limit.get_expiry()} s.",
                    retry_after=timedelta(seconds=left + self._random.random()),
                )


class QuietMemoryStorage(Storage):
    """Fixed windows in a dict, for `limits`: its own memory storage starts a thread for every few requests.

    A thread costs a request ten times what counting does, and one on Lambda is frozen between requests.
    """

    STORAGE_SCHEME = ["quiet-memory"]  # noqa: RUF012 - how limits finds it

    def __init__(self, uri: str | None = None, *, clock: Callable[[], float] = time.time, **options: Any) -> None:
        super().__init__(uri, **options)
        self._clock = clock
        self._lock = Lock()
        self._windows: dict[str, tuple[int, float]] = {}

    @property
    def base_exceptions(self) -> type[Exception]:
        """What may go wrong here: nothing."""
        return ZeroDivisionError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count `amount` more in the window of `key`, which is `expiry` seconds long."""
        now = self._clock()
        with self._lock:
            count, ends = self._windows.get(key, (0, 0.0))
            if ends <= now or ends > now + expiry:  # over, or the clock was set back
                count, ends = 0, now + expiry
                if len(self._windows) >= MAX_KEYS:
                    self._windows = {name: window for name, window in self._windows.items() if window[1] > now}
            self._windows[key] = (count + amount, ends)
        return count + amount

    def get(self, key: str) -> int:
        """What was counted in the window of `key`."""
        count, ends = self._windows.get(key, (0, 0.0))
        return count if ends > self._clock() else 0

    def get_expiry(self, key: str) -> float:
        """When the window of `key` ends, in seconds since the epoch."""
        return self._windows.get(key, (0, self._clock()))[1]

    def check(self) -> bool:
        """It is there."""
        return True

    def reset(self) -> int:
        """Forget everybody."""
        count, self._windows = len(self._windows), {}
        return count

    def clear(self, key: str) -> None:
        """Forget one."""
        self._windows.pop(key, None)
