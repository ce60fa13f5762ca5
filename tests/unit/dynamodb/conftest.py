"""A DynamoDB table on moto, in process, for tests in one thread: moto is not atomic."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest
from moto import mock_aws

from adapters.dynamodb.store import DynamoDBStore
from adapters.dynamodb.table import DynamoDBTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.service_resource import Table

NAME = "config-api"


@dataclass(frozen=True)
class MotoTable:
    """The table as boto3 sees it, and our adapters for it."""

    raw: Table
    client: DynamoDBClient
    store: DynamoDBStore
    admin: DynamoDBTable

    def put(self, item: dict[str, Any]) -> None:
        """Write an item in boto3's high-level form."""
        self.raw.put_item(Item=item)

    def put_raw(self, item: dict[str, Any]) -> None:
        """Write an item in botocore's form, with the types of its attributes."""
        self.client.put_item(TableName=NAME, Item=item)

    def item(self, config_id: str, user: str = "ann") -> dict[str, Any]:
        return self.raw.get_item(Key={"PK": f"USER#{user}", "SK": f"CONFIG#{config_id}"})["Item"]

    def quota(self, user: str = "ann") -> dict[str, Any]:
        return self.raw.get_item(Key={"PK": f"USER#{user}", "SK": "QUOTA"})["Item"]


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[MotoTable]:
    with mock_aws():
        admin = DynamoDBTable(NAME, clock=lambda: datetime.now(UTC), sleep=lambda _: None)
        list(admin.provision())
        with closing(
            DynamoDBStore(
                NAME, clock=time.monotonic, sleep=lambda _: None, rng=random.Random(1), new_id=lambda: str(uuid4())
            )
        ) as store:
            yield MotoTable(boto3.resource("dynamodb").Table(NAME), boto3.client("dynamodb"), store, admin)


@pytest.fixture
def table(dynamodb: MotoTable) -> Iterator[MotoTable]:
    """An empty table."""
    yield dynamodb
    while keys := dynamodb.raw.scan(ProjectionExpression="PK, SK")["Items"]:
        with dynamodb.raw.batch_writer() as batch:
            for key in keys:
                batch.delete_item(key)
