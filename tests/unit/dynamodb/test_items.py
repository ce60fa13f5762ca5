"""The items that the store writes, and those of older services."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.dynamodb.store import MAX_REVISIONS_IN_CONDITION
from domain.adoption import Adoption
from domain.configurations import WatchedTicker
from domain.errors import NotFound, RevisionMismatch
from domain.ports import AddResult
from tests.builders import APPLE, BERKSHIRE, NOW, a_configuration, rename_to
from tests.unit.dynamodb.conftest import MotoTable

LEGACY: dict[str, Any] = {
    "PK": "USER#ann",
    "SK": "CONFIG#old",
    "config_id": "old",
    "user_id": "ann",
    "name": "From before",
    "tickers": [
        {"symbol": "AAPL", "name": "Apple Inc.", "exchange": "NASDAQ", "added_at": "2024-03-01T08:00:00+00:00"},
        {"symbol": "BRK.B", "name": "Berkshire Hathaway Inc", "exchange": "NYSE", "added_at": "2024-03-01T09:00:00Z"},
    ],
    "timeframe_days": 30,
    "include_extended_hours": True,
    "created_at": "2024-03-01T08:00:00.123456",
    "updated_at": "2024-03-02T08:00:00.123456",
    "entity_type": "CONFIGURATION",
    "status": "active",
    "is_active": True,
    "atr_period": 14,
}


def test_a_create_writes_the_documented_items(table: MotoTable) -> None:
    expiry = int(NOW.timestamp())
    configuration = a_configuration(config_id="a", revision="r1", request_fingerprint="f1", expires_at=NOW)

    table.store.add(configuration, limit=1)

    assert table.item("a") == {
        "PK": "USER#ann",
        "SK": "CONFIG#a",
        "config_id": "a",
        "user_id": "ann",
        "name": "Tech",
        "tickers": [{"symbol": "AAPL", "name": "Apple Inc.", "exchange": "NASDAQ", "added_at": "2026-11-23T12:00:00Z"}],
        "timeframe_days": 7,
        "include_extended_hours": False,
        "created_at": "2026-11-23T12:00:00Z",
        "updated_at": "2026-11-23T12:00:00Z",
        "entity_type": "CONFIGURATION",
        "status": "active",
        "is_active": True,
        "revision": "r1",
        "request_fingerprint": "f1",
        "expires_at": expiry,
    }
    quota = {"config_count": 1, "version": 1, "expires_at": expiry, "complete_until": expiry}
    assert table.quota() == {"PK": "USER#ann", "SK": "QUOTA"} | quota


def test_items_of_a_member_do_not_expire(table: MotoTable) -> None:
    table.store.add(a_configuration(config_id="a", expires_at=None), limit=1)

    assert "expires_at" not in table.item("a").keys() | table.quota().keys()


def test_the_quota_item_expires_with_the_last_and_is_complete_until_the_first_configuration_expires(
    table: MotoTable,
) -> None:
    later = NOW + timedelta(days=1)
    table.store.add(a_configuration(expires_at=NOW), limit=2)

    table.store.add(a_configuration(expires_at=later), limit=2)

    assert (table.quota()["expires_at"], table.quota()["complete_until"]) == (later.timestamp(), NOW.timestamp())


def test_a_delete_decrements_the_count_and_increments_the_version(table: MotoTable) -> None:
    table.store.add(a_configuration(config_id="a"), limit=1)

    table.store.remove("ann", "a", now=NOW)

    assert (table.quota()["config_count"], table.quota()["version"]) == (0, 2)


def test_an_adoption_keeps_attributes_that_the_service_does_not_know(table: MotoTable) -> None:
    table.put(LEGACY | {"expires_at": 1, "atr_period": 14})
    before = table.item("old")

    table.store.adopt(Adoption("ann", "bob"), limit=1, now=NOW)

    after = table.item("old", user="bob")
    changed = {"PK": "USER#bob", "user_id": "bob"}
    assert after == {name: value for name, value in (before | changed).items() if name != "expires_at"}


def test_an_item_of_an_older_service_is_read(table: MotoTable) -> None:
    table.put(LEGACY)

    found = table.store.get("ann", "old")

    assert table.store.list("ann") == (found,)
    assert (found.name, found.timeframe_days, found.include_extended_hours) == ("From before", 30, True)
    assert found.tickers == (
        WatchedTicker(APPLE, datetime(2024, 3, 1, 8, tzinfo=UTC)),
        WatchedTicker(BERKSHIRE, datetime(2024, 3, 1, 9, tzinfo=UTC)),
    )
    assert found.created_at == datetime(2024, 3, 1, 8, 0, 0, 123456, tzinfo=UTC)
    assert (found.request_fingerprint, found.expires_at) == (None, None)


def test_the_revision_of_an_older_item_changes_with_its_last_update(table: MotoTable) -> None:
    table.put(LEGACY)
    outdated = table.store.get("ann", "old").revision
    table.put(LEGACY | {"updated_at": "2024-03-03T08:00:00"})

    with pytest.raises(RevisionMismatch):
        table.store.remove("ann", "old", revisions=frozenset({outdated, "another"}), now=NOW)
    table.store.remove("ann", "old", revisions=frozenset({table.store.get("ann", "old").revision}), now=NOW)

    assert table.store.list("ann") == ()


def test_an_update_keeps_unknown_attributes(table: MotoTable) -> None:
    tickers = [ticker | {"note": "kept"} for ticker in LEGACY["tickers"]]
    table.put(LEGACY | {"tickers": tickers})

    table.store.update("ann", "old", lambda current: replace(current, name="New", revision="r1", updated_at=NOW))

    changed = {"name": "New", "revision": "r1", "updated_at": "2026-11-23T12:00:00Z"}
    assert table.item("old") == LEGACY | {"tickers": tickers} | changed


def test_an_update_of_an_older_item_does_not_overwrite_a_concurrent_update(table: MotoTable) -> None:
    table.put(LEGACY)
    seen: list[str] = []

    def change(current: Any) -> Any:
        if not seen:
            table.put(LEGACY | {"name": "Meanwhile", "updated_at": "2024-03-03T08:00:00"})
        seen.append(current.name)
        return replace(current, timeframe_days=1, revision="r1")

    updated = table.store.update("ann", "old", change)

    assert seen == ["From before", "Meanwhile"]
    assert (updated.name, updated.timeframe_days) == ("Meanwhile", 1)


def test_an_uncounted_item_is_deleted_with_a_warning(table: MotoTable, caplog: pytest.LogCaptureFixture) -> None:
    table.put(LEGACY)

    table.store.remove("ann", "old", now=NOW)

    assert table.store.list("ann") == ()
    assert table.quota().get("config_count", 0) == 0
    assert "quotas reconcile" in vars(caplog.records[-1])["remedy"]


@pytest.mark.parametrize("deleted", [{"status": "inactive"}, {"is_active": False}], ids=str)
def test_an_item_that_an_older_service_deleted_is_not_found(table: MotoTable, deleted: dict[str, Any]) -> None:
    table.put(LEGACY | deleted)

    assert table.store.list("ann") == ()
    for act in (
        lambda: table.store.get("ann", "old"),
        lambda: table.store.update("ann", "old", rename_to("New")),
        lambda: table.store.remove("ann", "old", now=NOW),
        lambda: table.store.remove("ann", "old", revisions=frozenset({"0-2024-03-02T08:00:00.123456"}), now=NOW),
    ):
        with pytest.raises(NotFound):
            act()


def test_the_key_of_a_deleted_item_is_free(table: MotoTable) -> None:
    table.put(LEGACY | {"status": "inactive"})
    configuration = a_configuration(config_id="old")

    assert table.store.add(configuration, limit=1) == AddResult(configuration, replayed=False)
    assert table.store.get("ann", "old") == configuration


@pytest.mark.parametrize("absent", [{}, {"timeframe_days": 0, "expires_at": 0}], ids=["missing", "zero"])
def test_absent_attributes_have_defaults(table: MotoTable, absent: dict[str, Any]) -> None:
    table.put({k: v for k, v in LEGACY.items() if k not in {"timeframe_days", "include_extended_hours"}} | absent)

    found = table.store.get("ann", "old")

    assert (found.timeframe_days, found.include_extended_hours, found.expires_at) == (7, False, None)


def test_more_revisions_than_a_condition_can_have_are_compared(table: MotoTable) -> None:
    table.store.add(a_configuration(config_id="a", revision="r1"), limit=1)
    others = {f"revision {number}" for number in range(MAX_REVISIONS_IN_CONDITION * 5)}

    with pytest.raises(RevisionMismatch):
        table.store.remove("ann", "a", revisions=frozenset(others), now=NOW)
    table.store.remove("ann", "a", revisions=frozenset(others | {"r1"}), now=NOW)

    assert table.store.list("ann") == ()


def test_a_list_of_several_pages_is_complete(table: MotoTable) -> None:
    with table.raw.batch_writer() as batch:
        for number in range(12):
            key = {"SK": f"CONFIG#{number}", "config_id": str(number)}
            batch.put_item(LEGACY | key | {"padding": "x" * 300_000})

    assert len(table.store.list("ann")) == 12
