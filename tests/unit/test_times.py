"""Times as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from domain.times import iso_utc


def test_times_are_written_in_utc_with_a_z() -> None:
    in_india = datetime(2026, 11, 25, 17, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))

    assert iso_utc(in_india) == iso_utc(in_india.astimezone(UTC)) == "2026-11-25T12:00:00Z"
    assert iso_utc(in_india, timespec="microseconds") == "2026-11-25T12:00:00.000000Z"
