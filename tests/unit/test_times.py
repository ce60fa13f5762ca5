"""Times as text."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest

from domain.times import iso_utc


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The time zone of the machine is another one."""
    with monkeypatch.context() as context:
        context.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("zone")
def test_times_are_written_in_utc_with_a_z() -> None:
    in_india = datetime(2026, 11, 25, 17, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))

    assert iso_utc(in_india) == iso_utc(in_india.astimezone(UTC)) == "2026-11-25T12:00:00Z"
    assert iso_utc(in_india, timespec="microseconds") == "2026-11-25T12:00:00.000000Z"
