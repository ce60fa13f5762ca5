"""Times: their text form, and random spans between two of them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta


def iso_utc(moment: datetime, *, timespec: str = "auto") -> str:
    """An aware time as ISO 8601 in UTC that ends in `Z` (RFC 3339 §5.6). `timespec` is that of `datetime.isoformat`."""
    return moment.astimezone(UTC).isoformat(timespec=timespec).removesuffix("+00:00") + "Z"


def random_between(low: timedelta, high: timedelta, rng: random.Random) -> timedelta:
    """A span from `low` to `high`, evenly distributed."""
    return low + (high - low) * rng.random()
