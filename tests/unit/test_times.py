"""Times as text, and random spans."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta, timezone

import pytest

from domain.times import iso_utc, random_between

NOON_IN_UTC = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("moment", [NOON_IN_UTC, NOON_IN_UTC.astimezone(timezone(timedelta(hours=5, minutes=30)))])
def test_times_are_written_in_utc_with_a_z(moment: datetime) -> None:
    assert iso_utc(moment) == "2026-11-25T12:00:00Z"
    assert iso_utc(moment, timespec="microseconds") == "2026-11-25T12:00:00.000000Z"


def test_random_spans_are_evenly_distributed_between_their_bounds() -> None:
    low, high = timedelta(seconds=1), timedelta(seconds=3)
    rng = random.Random(7)

    spans = [random_between(low, high, rng) for _ in range(1000)]

    assert low <= min(spans) < low + timedelta(milliseconds=20)
    assert high - timedelta(milliseconds=20) < max(spans) <= high
