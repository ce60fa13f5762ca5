"""Rate limits per caller, counted in the memory of this process.

The notation is Flask-Limiter's. The library itself is not used: its hooks, keys and storage, which starts a thread
every few requests, take a fifth of a request even without a limit, and importing it takes a twentieth of a cold start.
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
"""Callers with a counter. If there are more, expired counters are removed, or all counters if none has expired:
limits per caller do not stop an attacker with so many identities."""


class RateLimited(TryLater):
    """The caller sends too many requests."""


_DAY = 24 * 3600
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": _DAY, "month": 30 * _DAY, "year": 360 * _DAY}
_LIMIT = re.compile(
    rf"\s*([0-9]{{1,9}})\s*(?:/|per)\s*(?:([1-9][0-9]{{0,8}})\s*)?({'|'.join(_SECONDS)})s?\s*",
    re.IGNORECASE | re.ASCII,
)


def read_limits(notation: str) -> list[tuple[int, int]]:
    """The number of requests and the seconds of each limit in the notation. Raises ValueError.

    https://flask-limiter.readthedocs.io/en/stable/#rate-limit-string-notation: `10 per 2 minutes; 100/hour`.
    """
    limits = []
    for text in re.split("[,;|]", notation):
        found = _LIMIT.fullmatch(text)
        if found is None:
            raise ValueError(text)
        maximum, periods, period = found.groups(default="1")
        limits.append((int(maximum), int(periods) * _SECONDS[period.lower()]))
    return limits


class RateLimit:
    """Limits the requests of each key (a user, an address) in fixed windows.

    `notation` is Flask-Limiter's, such as `30/second;900/minute`; "" sets no limit.
    """

    def __init__(self, notation: str, *, rng: random.Random, clock: Callable[[], float] = time.time) -> None:
        limits = read_limits(notation) if notation else []
        self._windows = [(maximum, Windows(seconds, clock=clock)) for maximum, seconds in limits]
        self._random = rng

    def check(self, key: str) -> None:
        """Count one request. Raises RateLimited with the time until the window ends, plus jitter of up to a second."""
        for maximum, windows in self._windows:
            count, left = windows.count(key)
            if count > maximum:
                raise RateLimited(
                    f"At most {maximum} requests in {windows.seconds} s.",
                    retry_after=timedelta(seconds=left + self._random.random()),
                )


class Windows:
    """A counter for each key, over a window of `seconds` that starts with its first request."""

    def __init__(self, seconds: int, *, clock: Callable[[], float]) -> None:
        self.seconds = seconds
        self._clock = clock
        self._lock = Lock()
        self._windows: dict[str, tuple[int, float]] = {}

    def __len__(self) -> int:
        """The number of keys with a counter."""
        return len(self._windows)

    def count(self, key: str) -> tuple[int, float]:
        """Count a request of the key: the count in its window, and the seconds until the window ends."""
        now = self._clock()
        with self._lock:
            count, ends = self._windows.get(key, (0, 0.0))
            # The window has ended, or the clock was set back.
            if ends <= now or ends > now + self.seconds:
                count, ends = 0, now + self.seconds
                if len(self._windows) >= MAX_KEYS:
                    self._remove_expired(now)
            self._windows[key] = (count + 1, ends)
        return count + 1, ends - now

    def _remove_expired(self, now: float) -> None:
        self._windows = {key: window for key, window in self._windows.items() if window[1] > now}
        if len(self._windows) >= MAX_KEYS:
            self._windows = {}
