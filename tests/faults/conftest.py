from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest
from click.testing import Result
from flask import Flask

from adapters.dynamodb.store import DynamoDBStore
from adapters.tickers.s3 import S3TickerList
from entrypoints.application import close
from entrypoints.bootstrap import create_app
from entrypoints.settings import Settings, StoreKind
from tests.faults.ticker_lists import KEY, Run
from verification.environment.fault_proxy import FaultProxy, fault_proxy
from verification.environment.ministack import a_dynamodb_store, a_table, ministack

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


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


@pytest.fixture(scope="module")
def s3(aws: str) -> S3Client:
    return boto3.client("s3", endpoint_url=aws, region_name="us-east-1")


@pytest.fixture
def bucket(s3: S3Client) -> str:
    name = f"tickers-{uuid4()}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def tickers(proxy: FaultProxy, bucket: str, waits: list[float], monkeypatch: pytest.MonkeyPatch) -> S3TickerList:
    """The object behind the proxy; delays between attempts are recorded, not waited for."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.endpoint)
    return S3TickerList(bucket, KEY, sleep=waits.append, rng=random.Random(7))


@pytest.fixture
def app(proxy: FaultProxy, bucket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.endpoint)
    settings = Settings(store=StoreKind.MEMORY, ticker_bucket=bucket, ticker_ttl=timedelta(hours=1))
    app = create_app(settings, on_lambda=True)
    yield app
    close(app)


@pytest.fixture
def run(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `tickers …` in a directory of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")

    def run(*arguments: str) -> Result:
        return app.test_cli_runner().invoke(args=["tickers", *arguments])

    return run


@pytest.fixture
def put(s3: S3Client, bucket: str) -> Callable[..., None]:
    """Put an object into the bucket as another program does."""

    def put(body: bytes, **fields: Any) -> None:
        s3.put_object(Bucket=bucket, Key=KEY, Body=body, **fields)

    return put
