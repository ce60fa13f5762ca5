"""What a list reads after many creates and deletes with idempotency keys, computed from the sizes of the items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import pytest

from tests.builders import NOW, a_configuration, a_keyed_configuration
from verification.environment.ministack import a_dynamodb_store, a_table, dynamodb_client, ministack

READ_UNIT = 4096
"""Bytes that one strongly consistent read unit reads. A query rounds up the sum of its items."""


def size(item: Mapping[str, Any]) -> int:
    """The bytes of an item ("DynamoDB item sizes and formats" in the developer guide)."""
    return sum(len(name.encode()) + _size_of_value(value) for name, value in item.items())


def _size_of_value(attribute: Mapping[str, Any]) -> int:
    ((kind, value),) = attribute.items()
    if kind == "L":
        return 3 + sum(1 + _size_of_value(each) for each in value)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _size_of_value(each) for name, each in value.items())
    if kind == "N":
        return ceil(len(value) / 2) + 1
    return 1 if kind in {"BOOL", "NULL"} else len(value.encode())


@pytest.mark.slow
def test_a_list_costs_at_most_15_read_units_after_200_deletes_and_1_after_their_expiry() -> None:
    with ministack() as endpoint:
        table, client = a_table(endpoint), dynamodb_client(endpoint)
        store = a_dynamodb_store(endpoint, table)
        store.add(a_configuration("ann"), limit=2)
        deleted = [a_keyed_configuration("ann", name="x" * 50) for _ in range(200)]
        for configuration in deleted:
            store.add(configuration, limit=2)
            store.remove("ann", configuration.config_id, now=NOW)

        def items() -> Sequence[Mapping[str, Any]]:
            condition = "PK = :user AND begins_with(SK, :configuration)"
            values = {":user": {"S": "USER#ann"}, ":configuration": {"S": "CONFIG#"}}
            return client.query(TableName=table, KeyConditionExpression=condition, ExpressionAttributeValues=values)[
                "Items"
            ]

        stored = items()
        read_units = ceil(sum(map(size, stored)) / READ_UNIT)
        for configuration in deleted:
            key = {"PK": {"S": "USER#ann"}, "SK": {"S": f"CONFIG#{configuration.config_id}"}}
            client.delete_item(TableName=table, Key=key)
        store.close()
        left = items()

    assert len(stored) == 201
    assert 1 < read_units <= 15
    assert ceil(sum(map(size, left)) / READ_UNIT) == 1
