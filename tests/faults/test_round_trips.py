"""What a warm process asks of DynamoDB for each operation: promise 6."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from adapters.dynamodb.store import DynamoDBStore
from domain.errors import LimitReached
from tests.builders import a_configuration
from tests.faults.rivals import after_a_rival, rename
from tests.support.fault_proxy import FaultProxy

pytestmark = pytest.mark.slow


def test_one_call_for_each_operation_and_two_for_an_update(store: DynamoDBStore, proxy: FaultProxy, ann: str) -> None:
    configuration = a_configuration(ann)
    operations: dict[str, Callable[[], object]] = {
        "add": lambda: store.add(configuration, limit=1),
        "replay": lambda: store.add(configuration, limit=1),
        "refused": lambda: store.add(a_configuration(ann), limit=1),
        "get": lambda: store.get(ann, configuration.config_id),
        "list": lambda: store.list(ann),
        "update": lambda: store.update(ann, configuration.config_id, lambda each: replace(each, revision="new")),
        "remove": lambda: store.remove(ann, configuration.config_id, revisions=frozenset({"new"})),
    }
    calls = {}

    for name, operate in operations.items():
        proxy.script()
        with suppress(LimitReached):
            operate()
        calls[name] = proxy.operations

    assert calls == {
        "add": ["TransactWriteItems"],
        "replay": ["TransactWriteItems"],
        "refused": ["TransactWriteItems"],
        "get": ["GetItem"],
        "list": ["Query"],
        "update": ["GetItem", "TransactWriteItems"],
        "remove": ["TransactWriteItems"],
    }


def test_a_lost_race_costs_no_second_read(
    store: DynamoDBStore, proxy: FaultProxy, ann: str, rival: DynamoDBStore
) -> None:
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)
    proxy.script()

    updated = store.update(ann, configuration.config_id, after_a_rival(lambda: rename(rival, configuration)))

    assert (updated.name, updated.timeframe_days) == ("Theirs", 9)
    assert proxy.operations == ["GetItem", "TransactWriteItems", "TransactWriteItems"]
