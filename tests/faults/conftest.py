from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from adapters.dynamodb.store import DynamoDBStore
from tests.support.fault_proxy import FaultProxy, fault_proxy
from tests.support.ministack import a_dynamodb_store, a_table, ministack


@pytest.fixture(scope="session")
def aws() -> Iterator[str]:
    with ministack() as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def table(aws: str) -> str:
    return a_table(aws)


@pytest.fixture
def proxy(aws: str) -> Iterator[FaultProxy]:
    with fault_proxy(aws) as proxy:
        yield proxy


@pytest.fixture
def store(proxy: FaultProxy, table: str) -> DynamoDBStore:
    """A store behind the proxy, without delays between its attempts."""
    return a_dynamodb_store(proxy.endpoint, table, sleep=lambda _: None)


@pytest.fixture
def other_store(aws: str, table: str) -> DynamoDBStore:
    """A store without faults, as another process has it."""
    return a_dynamodb_store(aws, table)


@pytest.fixture
def ann() -> str:
    return f"ann-{uuid4()}"
