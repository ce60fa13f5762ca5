from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters.dynamodb.store import DynamoDBStore
from tests.support.moto_dynamodb import MotoTable, moto_table


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[MotoTable]:
    with moto_table() as table:
        yield table


@pytest.fixture
def table(dynamodb: MotoTable) -> Iterator[MotoTable]:
    """An empty table."""
    yield dynamodb
    dynamodb.clear()


@pytest.fixture
def store(table: MotoTable) -> DynamoDBStore:
    return table.store
