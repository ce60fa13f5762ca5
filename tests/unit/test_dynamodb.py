"""Items as an earlier service wrote them, as we write them, and broken ones: one thread, on moto."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest
from moto import mock_aws

from adapters.dynamodb.store import FEW_REVISIONS, DynamoDBStore
from domain.configurations import WatchedTicker
from domain.errors import LimitReached, NotFound, RevisionMismatch, StoreUnavailable
from domain.ports import AddResult
from tests.builders import APPLE, BERKSHIRE, NOW, a_configuration

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

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


@pytest.fixture(scope="module")
def engine() -> Iterator[tuple[Table, DynamoDBStore]]:
    with mock_aws():
        table = boto3.resource("dynamodb").create_table(
            TableName="config-api",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": "PK", "AttributeType": "S"},
                {"AttributeName": "SK", "AttributeType": "S"},
            ],
            KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
        )
        yield (
            table,
            DynamoDBStore(
                table.name,
                clock=time.monotonic,
                sleep=lambda _: None,
                rng=random.Random(1),
                new_id=lambda: str(uuid4()),
            ),
        )


@pytest.fixture
def table(engine: tuple[Table, DynamoDBStore]) -> Iterator[Table]:
    table, _ = engine
    yield table
    while left := table.scan(ProjectionExpression="PK, SK")["Items"]:  # a page at a time
        with table.batch_writer() as batch:
            for key in left:
                batch.delete_item(key)


@pytest.fixture
def store(engine: tuple[Table, DynamoDBStore], table: Table) -> DynamoDBStore:
    assert table is engine[0], "the table is emptied after each test that uses the store"
    return engine[1]


def item(table: Table, config_id: str, user: str = "ann") -> dict[str, Any]:
    return table.get_item(Key={"PK": f"USER#{user}", "SK": f"CONFIG#{config_id}"})["Item"]


def quota(table: Table, user: str = "ann") -> dict[str, Any]:
    return table.get_item(Key={"PK": f"USER#{user}", "SK": "QUOTA"})["Item"]


# --- what we write ----------------------------------------------------------------------------------------------------


def test_an_item_is_laid_out_as_earlier_services_did_and_with_what_is_ours(table: Table, store: DynamoDBStore) -> None:
    expires = NOW + timedelta(days=37)
    configuration = a_configuration(expires_at=expires)

    store.add(configuration, limit=1)

    assert item(table, configuration.config_id) == {
        "PK": "USER#ann",
        "SK": f"CONFIG#{configuration.config_id}",
        "config_id": configuration.config_id,
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
        "revision": configuration.revision,
        "request_fingerprint": configuration.request_fingerprint,
        "expires_at": int(expires.timestamp()),
    }
    assert quota(table) == {
        "PK": "USER#ann",
        "SK": "QUOTA",
        "config_count": 1,
        "version": 1,
        "expires_at": int(expires.timestamp()),
    }


def test_a_member_s_items_stay(table: Table, store: DynamoDBStore) -> None:
    configuration = a_configuration(expires_at=None)

    store.add(configuration, limit=1)

    assert "expires_at" not in item(table, configuration.config_id)
    assert "expires_at" not in quota(table)


def test_each_write_keeps_an_anonymous_user_s_data_longer(table: Table, store: DynamoDBStore) -> None:
    later = NOW + timedelta(days=1)
    first, second = a_configuration(expires_at=NOW), a_configuration(expires_at=later)
    store.add(first, limit=2)

    store.add(second, limit=2)
    store.update("ann", first.config_id, lambda current: replace(current, expires_at=later, revision="new"))

    assert quota(table)["expires_at"] == item(table, first.config_id)["expires_at"] == later.timestamp()


def test_a_count_goes_down_with_a_delete_and_its_version_up(table: Table, store: DynamoDBStore) -> None:
    configuration = a_configuration()
    store.add(configuration, limit=1)

    store.remove("ann", configuration.config_id)

    assert (quota(table)["config_count"], quota(table)["version"]) == (0, 2)


# --- what an earlier service wrote ------------------------------------------------------------------------------------


def test_an_older_item_is_read(table: Table, store: DynamoDBStore) -> None:
    table.put_item(Item=LEGACY)

    found = store.get("ann", "old")

    assert store.list("ann") == (found,)
    assert (found.name, found.timeframe_days, found.include_extended_hours) == ("From before", 30, True)
    assert found.tickers == (
        WatchedTicker(APPLE, datetime(2024, 3, 1, 8, tzinfo=UTC)),
        WatchedTicker(BERKSHIRE, datetime(2024, 3, 1, 9, tzinfo=UTC)),
    )
    assert found.created_at == datetime(2024, 3, 1, 8, 0, 0, 123456, tzinfo=UTC)
    assert (found.request_fingerprint, found.expires_at) == (None, None)


def test_an_older_item_has_a_revision_that_changes_when_it_does(table: Table, store: DynamoDBStore) -> None:
    table.put_item(Item=LEGACY)
    first, again = store.get("ann", "old").revision, store.get("ann", "old").revision

    table.put_item(Item=LEGACY | {"updated_at": "2024-03-03T08:00:00"})

    assert first == again
    assert store.get("ann", "old").revision != first


def test_an_update_keeps_what_it_doesn_t_know(table: Table, store: DynamoDBStore) -> None:
    tickers = [ticker | {"note": "kept"} for ticker in LEGACY["tickers"]]
    table.put_item(Item=LEGACY | {"tickers": tickers})

    store.update("ann", "old", lambda current: replace(current, name="New", revision="r1", updated_at=NOW))

    assert item(table, "old") == LEGACY | {
        "tickers": tickers,
        "name": "New",
        "revision": "r1",
        "updated_at": "2026-11-23T12:00:00Z",
        "created_at": "2024-03-01T08:00:00.123456",
    }


def test_an_older_item_is_not_updated_over_what_the_earlier_service_made_of_it_meanwhile(
    table: Table, store: DynamoDBStore
) -> None:
    table.put_item(Item=LEGACY)
    seen: list[str] = []

    def change(current: Any) -> Any:
        if not seen:
            table.put_item(Item=LEGACY | {"name": "Meanwhile", "updated_at": "2024-03-03T08:00:00"})
        seen.append(current.name)
        return replace(current, timeframe_days=1, revision="r1")

    updated = store.update("ann", "old", change)

    assert seen == ["From before", "Meanwhile"]
    assert (updated.name, updated.timeframe_days) == ("Meanwhile", 1)


@pytest.mark.parametrize("revisions", [None, "its own"])
def test_an_older_item_that_was_never_counted_is_deleted_all_the_same(
    table: Table, store: DynamoDBStore, caplog: pytest.LogCaptureFixture, revisions: str | None
) -> None:
    table.put_item(Item=LEGACY)
    expected = None if revisions is None else frozenset({store.get("ann", "old").revision})

    store.remove("ann", "old", revisions=expected)

    assert store.list("ann") == ()
    assert quota(table).get("config_count", 0) == 0
    assert "quotas reconcile" in caplog.records[-1].__dict__["remedy"]


def test_an_older_item_is_deleted_at_its_own_revision_only(table: Table, store: DynamoDBStore) -> None:
    table.put_item(Item=LEGACY)

    with pytest.raises(RevisionMismatch):
        store.remove("ann", "old", revisions=frozenset({"0-2024-01-01T00:00:00", "another"}))

    assert len(store.list("ann")) == 1


@pytest.mark.parametrize("deleted", [{"status": "inactive"}, {"is_active": False}], ids=str)
def test_what_an_earlier_service_deleted_does_not_exist(
    table: Table, store: DynamoDBStore, deleted: dict[str, Any]
) -> None:
    table.put_item(Item=LEGACY | deleted)

    assert store.list("ann") == ()
    with pytest.raises(NotFound):
        store.get("ann", "old")
    with pytest.raises(NotFound):
        store.update("ann", "old", lambda current: replace(current, name="New"))
    with pytest.raises(NotFound):
        store.remove("ann", "old")
    with pytest.raises(NotFound):
        store.remove("ann", "old", revisions=frozenset({"0-2024-03-02T08:00:00.123456"}))


@pytest.mark.parametrize("odd", [{"is_active": "false"}, {"is_active": 7}, {"status": None}], ids=str)
def test_what_is_not_marked_as_deleted_in_the_one_way_is_there_for_all(
    table: Table, store: DynamoDBStore, odd: dict[str, Any]
) -> None:
    table.put_item(Item=LEGACY | odd)

    assert [configuration.config_id for configuration in store.list("ann")] == ["old"]
    assert store.update("ann", "old", lambda current: replace(current, name="New")).name == "New"
    store.remove("ann", "old")
    assert store.list("ann") == ()


def test_the_place_of_a_deleted_item_is_free(table: Table, store: DynamoDBStore) -> None:
    table.put_item(Item=LEGACY | {"status": "inactive"})
    configuration = a_configuration(config_id="old")

    assert store.add(configuration, limit=1) == AddResult(configuration, replayed=False)
    assert store.get("ann", "old") == configuration


# --- what nobody can read ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"tickers": "AAPL"},
        {"tickers": ["AAPL"]},
        {"created_at": "yesterday"},
        {"timeframe_days": "a week"},
        {"name": 7},
        {"name": None},
        {"expires_at": 10**20},
        {"expires_at": 1_800_000_000_000},
    ],
    ids=str,
)
def test_an_unreadable_item_is_the_store_s_trouble_and_hides_no_other(
    table: Table, store: DynamoDBStore, caplog: pytest.LogCaptureFixture, wrong: dict[str, Any]
) -> None:
    table.put_item(Item=LEGACY | wrong)
    good = a_configuration()
    store.add(good, limit=2)

    assert store.list("ann") == (good,)
    with pytest.raises(StoreUnavailable):
        store.get("ann", "old")
    with pytest.raises(StoreUnavailable):
        store.update("ann", "old", lambda current: current)

    errors = [record.__dict__ for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 3
    assert all(error["remedy"] == "Repair or delete the item whose SK is CONFIG#old." for error in errors)
    assert not any("USER#" in str(error.get("cause")) for error in errors)


def test_the_log_names_the_attribute_that_cannot_be_read(
    table: Table, store: DynamoDBStore, caplog: pytest.LogCaptureFixture
) -> None:
    table.put_item(Item=LEGACY | {"name": 7})

    store.list("ann")

    assert caplog.records[-1].__dict__["cause"] == "name is missing, or of another type than S"


def test_a_number_that_says_nothing_counts_as_missing(table: Table, store: DynamoDBStore) -> None:
    table.put_item(Item=LEGACY | {"timeframe_days": 0, "expires_at": 0})

    found = store.get("ann", "old")

    assert (found.timeframe_days, found.expires_at) == (7, None)


def test_an_unreadable_item_can_be_deleted(table: Table, store: DynamoDBStore) -> None:
    table.put_item(Item=LEGACY | {"tickers": "AAPL"})

    store.remove("ann", "old")

    with pytest.raises(NotFound):
        store.get("ann", "old")


def test_a_missing_attribute_that_has_a_default_is_forgiven(table: Table, store: DynamoDBStore) -> None:
    table.put_item(Item={k: v for k, v in LEGACY.items() if k not in {"timeframe_days", "include_extended_hours"}})

    found = store.get("ann", "old")

    assert (found.timeframe_days, found.include_extended_hours) == (7, False)


# --- corners ----------------------------------------------------------------------------------------------------------


def test_more_revisions_than_a_condition_can_hold_are_compared_too(store: DynamoDBStore) -> None:
    configuration = a_configuration()
    store.add(configuration, limit=1)
    others = {f"revision {number}" for number in range(FEW_REVISIONS * 5)}

    with pytest.raises(RevisionMismatch):
        store.remove("ann", configuration.config_id, revisions=frozenset(others))
    store.remove("ann", configuration.config_id, revisions=frozenset(others | {configuration.revision}))

    assert store.list("ann") == ()


def test_an_id_that_is_too_long_for_a_key_is_not_found(store: DynamoDBStore) -> None:
    with pytest.raises(NotFound):
        store.get("ann", "x" * 2000)
    with pytest.raises(NotFound):
        store.remove("ann", "x" * 2000)


def test_a_list_of_several_pages_is_whole(table: Table, store: DynamoDBStore) -> None:
    with table.batch_writer() as batch:
        for number in range(12):
            key = {"SK": f"CONFIG#{number}", "config_id": str(number)}
            batch.put_item(LEGACY | key | {"padding": "x" * 300_000})

    assert len(store.list("ann")) == 12


def test_a_refusal_at_the_limit_changes_nothing(table: Table, store: DynamoDBStore) -> None:
    store.add(a_configuration(), limit=1)
    before = quota(table)

    with pytest.raises(LimitReached):
        store.add(a_configuration(), limit=1)

    assert quota(table) == before


def test_calls_say_which_service_makes_them(store: DynamoDBStore) -> None:
    agents = []
    events = store._table.connection.client.meta.events
    events.register("before-send.dynamodb", lambda request, **_: agents.append(request.headers["User-Agent"]))

    store.list("ann")

    assert [agent.split()[0] for agent in agents] == [b"config-api"]
    assert b"Botocore/" in agents[0]
