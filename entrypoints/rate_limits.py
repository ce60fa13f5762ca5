"""How often one caller may ask, counted in the memory of this process."""

from __future__ import annotations

import random
import time
from datetime import timedelta

from flask_limiter import Limiter
from limits import parse_many

from domain.errors import RateLimited


class RateLimit:
    """Counts what one key (a user, an address) asks, in the memory of this process.

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
