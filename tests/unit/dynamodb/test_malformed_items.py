"""Items that other programs have written: each attribute missing, NULL, and of each wrong type."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from adapters.dynamodb.items import to_item
from adapters.dynamodb.models import RawItem
from adapters.dynamodb.store import DynamoDBStore
from domain.errors import NotFound, StoreUnavailable
from tests.builders import NOW, a_configuration, rename_to
from tests.support.simulated_endpoint import SimulatedEndpoint
from verification.simulation.state import State

VALUES: dict[str, Any] = {
    "missing": None,
    "NULL": {"NULL": True},
    "S": {"S": "text"},
    "N": {"N": "7"},
    "BOOL": {"BOOL": True},
    "L": {"L": [{"NULL": True}]},
    "M": {"M": {"name": {"S": "text"}}},
    "SS": {"SS": ["text"]},
    "NS": {"NS": ["7"]},
    "B": {"B": "dGV4dA=="},
}
WRONG_FOR_A_NUMBER = sorted(VALUES.keys() - {"missing", "N"})
READABLE: dict[str, set[str]] = {
    # Written for other programs, not read.
    "config_id": set(VALUES),
    "user_id": set(VALUES),
    "entity_type": set(VALUES),
    "status": set(VALUES),
    "is_active": set(VALUES),
    "name": {"S"},
    # None of the values is a list of tickers or a time.
    "tickers": set(),
    "created_at": set(),
    "updated_at": set(),
    "revision": {"missing", "NULL", "S"},
    "request_fingerprint": {"missing", "NULL", "S"},
    "timeframe_days": {"missing", "NULL", "N"},
    "expires_at": {"missing", "NULL", "N"},
    "include_extended_hours": {"missing", "NULL", "BOOL"},
}
"""The kinds of values with which an item is readable, by attribute."""
READABLE_IN_TICKER = {"symbol": {"S"}, "name": {"S"}, "exchange": {"S"}, "added_at": {"missing", "NULL"}}
WITHOUT_A_MEANING: dict[str, dict[str, Any]] = {
    "no time": {"created_at": {"S": "yesterday"}},
    "a time that does not exist": {"expires_at": {"N": "1" + "0" * 20}},
    "a ticker that is a text": {"tickers": {"L": [VALUES["S"]]}},
}


def with_attribute(item: dict[str, Any], name: str, kind: str) -> dict[str, Any]:
    rest = {key: value for key, value in item.items() if key != name}
    return rest if kind == "missing" else rest | {name: VALUES[kind]}


def malformed_items() -> dict[str, tuple[dict[str, Any], bool]]:
    """By id: an item, and whether it is readable."""
    items = {}
    for name, readable in READABLE.items():
        for kind in VALUES:
            config_id = f"{name} {kind}"
            item = to_item(a_configuration(config_id=config_id, expires_at=NOW)).serialize() | {"atr": {"N": "14"}}
            items[config_id] = with_attribute(item, name, kind), kind in readable
    for name, readable in READABLE_IN_TICKER.items():
        for kind in VALUES:
            config_id = f"tickers {name} {kind}"
            item = to_item(a_configuration(config_id=config_id)).serialize()
            ticker = with_attribute(item["tickers"]["L"][0]["M"], name, kind)
            items[config_id] = item | {"tickers": {"L": [{"M": ticker}]}}, kind in readable
    for config_id, attributes in WITHOUT_A_MEANING.items():
        items[config_id] = to_item(a_configuration(config_id=config_id)).serialize() | attributes, False
    return items


ITEMS = malformed_items()
READABLE_IDS = {config_id for config_id, (_, is_readable) in ITEMS.items() if is_readable}
UNREADABLE_IDS = ITEMS.keys() - READABLE_IDS


@pytest.fixture(scope="module")
def endpoint() -> Iterator[SimulatedEndpoint]:
    with closing(SimulatedEndpoint()) as endpoint:
        yield endpoint


@pytest.fixture
def table(endpoint: SimulatedEndpoint) -> SimulatedEndpoint:
    """An empty table."""
    endpoint.table.state = State()
    endpoint.requests.clear()
    return endpoint


@pytest.fixture
def full_table(table: SimulatedEndpoint) -> SimulatedEndpoint:
    """All malformed items, of one user."""
    for item, _ in ITEMS.values():
        table.put(item)
    return table


def stored_item(table: SimulatedEndpoint, sort_key: str) -> RawItem:
    return table.table.state.items["USER#ann", sort_key].attributes


def test_a_list_has_all_readable_items_and_reports_the_others(
    full_table: SimulatedEndpoint, caplog: pytest.LogCaptureFixture
) -> None:
    listed = full_table.store.list("ann")

    assert {each.config_id for each in listed} == READABLE_IDS
    errors = [vars(record) for record in caplog.records if record.levelno == logging.ERROR]
    assert {error["remedy"].partition("CONFIG#")[2].removesuffix(".") for error in errors} == UNREADABLE_IDS
    assert {error["event"] for error in errors} == {"unreadable item left out"}
    assert not any("USER#" in error["cause"] for error in errors)
    assert "symbol" in next(error["cause"] for error in errors if "tickers symbol N" in error["remedy"])


def test_a_readable_item_is_read_and_updated_and_keeps_its_other_attributes(full_table: SimulatedEndpoint) -> None:
    for config_id in READABLE_IDS:
        before = stored_item(full_table, f"CONFIG#{config_id}")

        assert full_table.store.get("ann", config_id).user_id == "ann"
        assert full_table.store.update("ann", config_id, rename_to("New")).name == "New"

        after = stored_item(full_table, f"CONFIG#{config_id}")
        changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        assert changed == {"name", "revision"}


def test_an_unreadable_item_can_be_neither_read_nor_updated(full_table: SimulatedEndpoint) -> None:
    for config_id in UNREADABLE_IDS:
        with pytest.raises(StoreUnavailable):
            full_table.store.get("ann", config_id)
        with pytest.raises(StoreUnavailable):
            full_table.store.update("ann", config_id, rename_to("New"))


def test_every_malformed_item_can_be_deleted(full_table: SimulatedEndpoint) -> None:
    for config_id in ITEMS:
        full_table.store.remove("ann", config_id, now=NOW)

        with pytest.raises(NotFound):
            full_table.store.get("ann", config_id)
    assert set(full_table.table.state.items) == {("USER#ann", "QUOTA")}


def test_malformed_items_do_not_affect_a_create(full_table: SimulatedEndpoint) -> None:
    configuration = a_configuration()

    assert not full_table.store.add(configuration, limit=1).replayed
    assert full_table.store.get("ann", configuration.config_id) == configuration


def test_a_create_with_the_key_of_a_malformed_item_does_not_overwrite_it(full_table: SimulatedEndpoint) -> None:
    before = stored_item(full_table, "CONFIG#name NULL")

    with pytest.raises(StoreUnavailable):
        full_table.store.add(a_configuration(config_id="name NULL"), limit=1)

    assert stored_item(full_table, "CONFIG#name NULL") == before


def test_an_item_with_a_null_revision_is_compared_by_its_last_update(table: SimulatedEndpoint) -> None:
    item, _ = ITEMS["revision NULL"]
    table.put(item)
    revision = table.store.get("ann", "revision NULL").revision

    table.store.remove("ann", "revision NULL", revisions=frozenset({revision}), now=NOW)

    assert table.store.list("ann") == ()


def put_quota(table: SimulatedEndpoint, name: str, kind: str) -> None:
    """One stored configuration, counted, and its quota item with a malformed attribute."""
    table.put(to_item(a_configuration(config_id="a")).serialize())
    quota = {"PK": {"S": "USER#ann"}, "SK": {"S": "QUOTA"}, "config_count": {"N": "1"}, "version": {"N": "5"}}
    table.put(with_attribute(quota, name, kind))


WRITES: dict[str, tuple[Callable[[DynamoDBStore], object], str]] = {
    "create": (lambda store: store.add(a_configuration(), limit=2), "2"),
    "delete": (lambda store: store.remove("ann", "a", now=NOW), "0"),
}
"""A write, and the count after it."""


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("name", ["config_count", "version"])
@pytest.mark.parametrize("kind", WRONG_FOR_A_NUMBER)
def test_a_write_repairs_a_malformed_quota_and_logs_it(
    table: SimulatedEndpoint, caplog: pytest.LogCaptureFixture, write: str, name: str, kind: str
) -> None:
    put_quota(table, name, kind)
    operate, count = WRITES[write]

    operate(table.store)

    assert stored_item(table, "QUOTA")["config_count"] == {"N": count}
    errors = [vars(record)["event"] for record in caplog.records if record.levelno == logging.ERROR]
    assert errors == ["malformed quota item repaired"]


@pytest.mark.parametrize("kind", WRONG_FOR_A_NUMBER)
def test_a_create_overwrites_a_malformed_expiry_of_the_quota(table: SimulatedEndpoint, kind: str) -> None:
    put_quota(table, "expires_at", kind)

    table.store.add(a_configuration(expires_at=NOW), limit=2)

    assert stored_item(table, "QUOTA")["expires_at"] == {"N": str(int(NOW.timestamp()))}


def test_another_request_may_repair_a_malformed_quota_first(table: SimulatedEndpoint) -> None:
    put_quota(table, "config_count", "S")

    def repair_after_the_query(_: str) -> None:
        if "Query" in table.requests[:-1]:
            table.before = lambda _: None
            table.store.add(a_configuration(), limit=3)

    table.before = repair_after_the_query

    table.store.add(a_configuration(), limit=3)

    assert stored_item(table, "QUOTA")["config_count"] == {"N": "3"}
