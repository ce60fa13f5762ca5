"""Operators see and repair malformed items."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.dynamodb.items import to_item
from domain.operations import Quota
from tests.builders import a_configuration
from tests.unit.dynamodb.conftest import MotoTable

NULL, TEXT, MISSING = {"NULL": True}, {"S": "text"}, None


def put_configuration(table: MotoTable, config_id: str, **attributes: dict[str, Any] | None) -> None:
    item = to_item(a_configuration(config_id=config_id)).serialize() | attributes
    table.put_raw({name: value for name, value in item.items() if value is not None})


@pytest.mark.parametrize("name", ["config_count", "version"])
@pytest.mark.parametrize("value", [NULL, TEXT], ids=str)
def test_a_malformed_quota_is_reported_and_repaired(table: MotoTable, name: str, value: dict[str, Any]) -> None:
    put_configuration(table, "a")
    quota = {"PK": {"S": "USER#ann"}, "SK": {"S": "QUOTA"}, "config_count": {"N": "1"}, "version": {"N": "5"}}
    table.put_raw(quota | {name: value})

    (found,) = table.admin.quotas()
    repaired = table.admin.repair("ann")

    assert found == Quota("ann", counted=None, stored=1)
    assert found.drifts
    assert repaired == Quota("ann", counted=1, stored=1)
    assert list(table.admin.quotas()) == [repaired]


def test_malformed_configurations_are_counted_and_unreadable_ones_are_named(table: MotoTable) -> None:
    put_configuration(table, "a", name=NULL)
    put_configuration(table, "b", expires_at=TEXT)
    put_configuration(table, "c", updated_at=MISSING)
    put_configuration(table, "d", expires_at=NULL, is_active=NULL, revision=MISSING)

    (found,) = table.admin.quotas()
    repaired = table.admin.repair("ann")

    assert found == Quota("ann", counted=0, stored=4, unreadable=("CONFIG#a", "CONFIG#b", "CONFIG#c"))
    assert (repaired.counted, repaired.stored) == (4, 4)
    assert table.quota() == {"PK": "USER#ann", "SK": "QUOTA", "config_count": 4, "version": 1}


def test_what_expired_after_the_end_of_a_session_is_no_drift(table: MotoTable) -> None:
    past, future = {"N": "1000000000"}, {"N": "9000000000"}
    put_configuration(table, "a", expires_at=future)
    quota = {"PK": {"S": "USER#ann"}, "SK": {"S": "QUOTA"}, "config_count": {"N": "2"}, "expires_at": future}

    table.put_raw(quota | {"complete_until": past})
    (abandoned,) = table.admin.quotas()
    table.put_raw(quota | {"complete_until": future})
    (drifting,) = table.admin.quotas()

    assert (abandoned, drifting) == (Quota("ann", 1, 1), Quota("ann", 2, 1))
