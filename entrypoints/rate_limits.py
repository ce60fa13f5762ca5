"""How often one caller may ask, counted in the memory of this process.

In the notation of Flask-Limiter, read by its engine, and without either at work: their hooks, keys and
storage (which starts a thread for every few requests) take a fifth of a request even where no limit applies.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import timedelta
from threading import Lock

from limits import parse_many

from domain.errors import RateLimited

MAX_KEYS = 10_000
"""Callers that are remembered at once. Beyond that, those whose window is over are forgotten, or else all:
who can make so many identities is not held by counting them one by one."""


class RateLimit:
    """Counts what one key (a user, an address) asks, in fixed windows.

    `notation` is Flask-Limiter's: `30/second;900/minute`; "" lets everything pass.
    """

    def __init__(self, notation: str, *, rng: random.Random, clock: Callable[[], float] = time.time) -> None:
        limits = parse_many(notation) if notation else []
        self._windows = [(limit.amount, Windows(limit.get_expiry(), clock=clock)) for limit in limits]
        self._random = rng

    def check(self, key: str) -> None:
        """Count one more. Raises RateLimited, with the time until the window ends and up to a second more."""
        for most, windows in self._windows:
            count, left = windows.count(key)
            if count > most:
                raise RateLimited(
                    f"At most {most} requests in {windows.seconds} s.",
                    retry_after=timedelta(seconds=left + self._random.random()),
                )


class Windows:
    """A window of `seconds` for each key, from the first time it is counted."""

    def __init__(self, seconds: int, *, clock: Callable[[], float]) -> None:
        self.seconds = seconds
        self._clock = clock
        self._lock = Lock()
        self._windows: dict[str, tuple[int, float]] = {}

    def __len__(self) -> int:
        """Keys that are remembered."""
        return len(self._windows)

    def count(self, key: str) -> tuple[int, float]:
        """How often `key` was counted in its window, this time included, and the seconds until that ends."""
        now = self._clock()
        with self._lock:
            count, ends = self._windows.get(key, (0, 0.0))
            if ends <= now or ends > now + self.seconds:  # over, or the clock was set back
                count, ends = 0, now + self.seconds
                if len(self._windows) >= MAX_KEYS:
                    self._forget(now)
            self._windows[key] = (count + 1, ends)
        return count + 1, ends - now

    def _forget(self, now: float) -> None:
        self._windows = {key: window for key, window in self._windows.items() if window[1] > now}
        if len(self._windows) >= MAX_KEYS:
            self._windows = {}
