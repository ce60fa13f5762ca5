"""The purge at the start of the service."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from adapters.sqlite.store import SQLiteStore
from domain.errors import NotFound
from domain.events import Event
from tests.builders import NOW, a_configuration


def test_a_purge_deletes_expired_configurations_only(store: SQLiteStore) -> None:
    expired, current, kept = (
        a_configuration(expires_at=expires_at) for expires_at in (NOW - timedelta(microseconds=1), NOW, None)
    )
    for configuration in (expired, current, kept):
        store.add(configuration, limit=3)

    assert store.purge(NOW) == 1

    with pytest.raises(NotFound):
        store.get("ann", expired.config_id)
    assert set(store.list("ann")) == {current, kept}
    assert store.purge(NOW) == 0


@pytest.mark.parametrize("days_in_use", [2, 3])
def test_a_purge_deletes_most_rows_only_if_recent_writes_confirm_the_clock(
    store: SQLiteStore, caplog: pytest.LogCaptureFixture, days_in_use: int
) -> None:
    much_later = NOW + timedelta(days=365)
    expiring = [a_configuration(expires_at=NOW + timedelta(days=37)) for _ in range(4)]
    recent = [a_configuration(updated_at=much_later - timedelta(days=day)) for day in range(days_in_use)]
    for configuration in (*expiring, *recent):
        store.add(configuration, limit=10)
    caplog.set_level(logging.INFO)

    purged = store.purge(much_later)

    assert len(store.list("ann")) == len(expiring) - purged + len(recent)
    (record,) = caplog.records
    expected = {2: (0, Event.PURGE_REFUSED), 3: (4, Event.PURGED)}[days_in_use]
    assert (purged, vars(record)["event"]) == expected
    assert vars(record)["rows"] == 4
