"""How often one caller may ask, counted in the memory of this process.

On `limits`, the engine of Flask-Limiter and its notation, but without Flask-Limiter itself, whose hooks
take a fifth of a request even where no limit applies.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import timedelta
from threading import Lock
from typing import Any

from limits import parse_many
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter, RateLimiter

from domain.errors import RateLimited

MAX_KEYS = 10_000
"""Callers that are remembered at once. Beyond that, those whose window is over are forgotten, or else all:
who can make so many identities is not held by counting them one by one."""


class RateLimit:
    """Counts what one key (a user, an address) asks.

    `notation` is Flask-Limiter's: `30/second;900/minute`; "" lets everything pass.
    """

    def __init__(self, limiter: RateLimiter, notation: str, *, kind: str, rng: random.Random) -> None:
        self._limiter = limiter
        self._limits = parse_many(notation) if notation else []
        self._kind = kind
        self._random = rng

    def check(self, key: str) -> None:
        """Count one more. Raises RateLimited, with the time until the window ends and up to a second more."""
        for limit in self._limits:
            if not self._limiter.hit(limit, self._kind, key):
                window = self._limiter.get_window_stats(limit, self._kind, key)
                left = max(0.0, window.reset_time - time.time())
                raise RateLimited(
                    f"At most {limit.amount} requests in {limit.get_expiry()} s.",
                    retry_after=timedelta(seconds=left + self._random.random()),
                )


def in_memory() -> RateLimiter:
    """Counts in fixed windows, in memory."""
    return FixedWindowRateLimiter(QuietMemoryStorage())


class QuietMemoryStorage(Storage):
    """Fixed windows in a dict, for `limits`: its own memory storage starts a thread for every few requests.

    A thread costs a request ten times what counting does, and one on Lambda is frozen between requests.
    """

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
                    self._forget(now)
            self._windows[key] = (count + amount, ends)
        return count + amount

    def _forget(self, now: float) -> None:
        self._windows = {key: window for key, window in self._windows.items() if window[1] > now}
        if len(self._windows) >= MAX_KEYS:
            self._windows = {}

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
