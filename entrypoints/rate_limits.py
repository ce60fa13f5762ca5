"""How often one caller may ask, counted in the memory of this process.

In the notation of Flask-Limiter, and without it: its hooks, keys and storage (which starts a thread for every
few requests) take a fifth of a request even where no limit applies, and to import its engine a twentieth of a start.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from datetime import timedelta
from threading import Lock

from domain.errors import TryLater

MAX_KEYS = 10_000
"""Callers that are remembered at once. Beyond that, those whose window is over are forgotten, or else all:
who can make so many identities is not held by counting them one by one."""


class RateLimited(TryLater):
    """The caller sends too many requests."""


_DAY = 24 * 3600
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": _DAY, "month": 30 * _DAY, "year": 360 * _DAY}
_LIMIT = re.compile(
    rf"\s*([0-9]{{1,9}})\s*(?:/|per)\s*(?:([1-9][0-9]{{0,8}})\s*)?({'|'.join(_SECONDS)})s?\s*",
    re.IGNORECASE | re.ASCII,
)


def read_limits(notation: str) -> list[tuple[int, int]]:
    """How many requests in how many seconds, for each limit of the notation. Raises ValueError.

    https://flask-limiter.readthedocs.io/en/stable/#rate-limit-string-notation: `10 per 2 minutes; 100/hour`.
    """
    limits = []
    for text in re.split("[,;|]", notation):
        found = _LIMIT.fullmatch(text)
        if found is None:
            raise ValueError(text)
        most, periods, period = found.groups(default="1")
        limits.append((int(most), int(periods) * _SECONDS[period.lower()]))
    return limits


class RateLimit:
    """Counts what one key (a user, an address) asks, in fixed windows.

    `notation` is Flask-Limiter's: `30/second;900/minute`; "" lets everything pass.
    """

    def __init__(self, notation: str, *, rng: random.Random, clock: Callable[[], float] = time.time) -> None:
        limits = read_limits(notation) if notation else []
        self._windows = [(most, Windows(seconds, clock=clock)) for most, seconds in limits]
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
