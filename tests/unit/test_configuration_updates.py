"""The rules for the updates of a configuration, and the use case."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.configurations import ConfigurationUpdate, WatchedTicker, apply_update
from domain.errors import UnknownTicker
from domain.limits import User
from domain.tickers import Ticker
from tests.builders import APPLE, BERKSHIRE, NOW, a_configuration, a_draft
from tests.support.services import AService

LATER = NOW + timedelta(hours=1)
BEFORE = a_configuration("ann", APPLE, BERKSHIRE, timeframe_days=30, include_extended_hours=True, expires_at=NOW)


@pytest.mark.parametrize(
    "fields", [{}, {"name": "After"}, {"timeframe_days": 1}, {"include_extended_hours": False}], ids=str
)
def test_an_update_changes_only_the_fields_that_are_set_and_time_and_revision(fields: dict[str, Any]) -> None:
    after = apply_update(BEFORE, ConfigurationUpdate.of(**fields), None, revision="2", now=LATER)

    assert after == replace(BEFORE, updated_at=LATER, revision="2", **fields)


def test_a_kept_ticker_keeps_its_added_at_and_gets_its_current_name() -> None:
    renamed, new = Ticker("AAPL", "Apple Computer", "NYSE"), Ticker("KO", "Coca-Cola Co", "NYSE")
    update = ConfigurationUpdate.of(tickers=["KO", "AAPL"])

    after = apply_update(BEFORE, update, [new, renamed], revision="2", now=LATER)

    assert after.tickers == (WatchedTicker(new, LATER), WatchedTicker(renamed, NOW))


def test_updated_at_never_decreases() -> None:
    after = apply_update(BEFORE, ConfigurationUpdate(), None, revision="2", now=NOW - timedelta(days=1))

    assert after.updated_at == BEFORE.updated_at


def test_a_replace_sets_every_field() -> None:
    draft = a_draft("After", ("KO",), timeframe_days=1, include_extended_hours=True)

    assert draft.as_update() == ConfigurationUpdate("After", ("KO",), 1, include_extended_hours=True)


def test_an_update_is_normalised_like_an_input() -> None:
    update = ConfigurationUpdate.of(name=" Tech ", tickers=["brk-b"])

    assert (update.name, update.symbols) == ("Tech", ("BRK.B",))


def test_an_update_without_tickers_does_not_validate_them(service: AService, ann: User) -> None:
    before = service.create(ann, a_draft()).configuration
    del service.tickers.listings["AAPL"]

    assert service.update(ann, before.config_id, ConfigurationUpdate.of(name="After")).tickers == before.tickers
    with pytest.raises(UnknownTicker):
        service.update(ann, before.config_id, ConfigurationUpdate.of(tickers=["AAPL"]))
