"""The rules for the updates of a configuration."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.configurations import ConfigurationUpdate, WatchedTicker, apply_update
from domain.tickers import Ticker
from tests.builders import APPLE, BERKSHIRE, NOW, a_configuration, a_draft

# --- changes ----------------------------------------------------------------------------------------------------------


LATER = NOW + timedelta(hours=1)
BEFORE = a_configuration("ann", APPLE, BERKSHIRE, timeframe_days=30, include_extended_hours=True, expires_at=NOW)


def test_an_empty_update_changes_only_time_and_revision() -> None:
    after = apply_update(BEFORE, ConfigurationUpdate.of(), None, revision="2", now=LATER)

    assert after == a_configuration(
        **_fields_of(BEFORE) | {"updated_at": LATER, "revision": "2", "tickers": BEFORE.tickers}
    )


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        (ConfigurationUpdate.of(name="After"), "name", "After"),
        (ConfigurationUpdate.of(timeframe_days=1), "timeframe_days", 1),
        (ConfigurationUpdate.of(include_extended_hours=False), "include_extended_hours", False),
    ],
)
def test_an_update_changes_only_the_fields_that_are_set(
    changes: ConfigurationUpdate, field: str, value: object
) -> None:
    after = apply_update(BEFORE, changes, None, revision="2", now=LATER)

    assert _fields_of(after) == _fields_of(BEFORE) | {field: value, "updated_at": LATER, "revision": "2"}


def test_a_kept_ticker_keeps_its_added_at_and_gets_its_current_name() -> None:
    renamed, new = Ticker("AAPL", "Apple Computer", "NYSE"), Ticker("KO", "Coca-Cola Co", "NYSE")

    after = apply_update(
        BEFORE, ConfigurationUpdate.of(tickers=["KO", "AAPL"]), [new, renamed], revision="2", now=LATER
    )

    assert after.tickers == (WatchedTicker(new, LATER), WatchedTicker(renamed, NOW))


def test_updated_at_never_decreases() -> None:
    after = apply_update(BEFORE, ConfigurationUpdate(), None, revision="2", now=NOW - timedelta(days=1))

    assert after.updated_at == BEFORE.updated_at


def test_a_replace_sets_every_field() -> None:
    draft = a_draft("After", ("KO",), timeframe_days=1, include_extended_hours=True)

    assert draft.as_update() == ConfigurationUpdate("After", ("KO",), 1, include_extended_hours=True)


def test_an_update_is_normalised_like_an_input() -> None:
    assert ConfigurationUpdate.of(name=" Tech ", tickers=["brk-b"]) == ConfigurationUpdate(
        "Tech", ("BRK.B",), None, None
    )
    assert ConfigurationUpdate.of() == ConfigurationUpdate(None, None, None, None)
    assert ConfigurationUpdate.of(timeframe_days=1, include_extended_hours=False) == ConfigurationUpdate(
        timeframe_days=1, include_extended_hours=False
    )


def _fields_of(configuration: object) -> dict[str, Any]:
    return {name: getattr(configuration, name) for name in configuration.__slots__}  # type: ignore[attr-defined]  # all have slots
