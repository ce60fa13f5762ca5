"""An emulated AWS behind a proxy that injects faults, and ticker lists in a bucket."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest
from click.testing import Result
from flask import Flask

from adapters.dynamodb.store import DynamoDBStore
from adapters.tickers.json_format import encode
from adapters.tickers.refresh import RefreshedTickers
from adapters.tickers.s3 import FetchedObject, S3TickerList
from domain.ports import TickerListSnapshot
from domain.tickers import Listing, Ticker
from entrypoints.application import KEY as APPLICATION
from entrypoints.application import close
from entrypoints.bootstrap import create_app
from entrypoints.settings import Settings, StoreKind
from tests.builders import NOW
from tests.unit.test_ticker_files import nasdaq_listed
from verification.environment.fault_proxy import Fault, FaultProxy, fault_proxy
from verification.environment.ministack import a_dynamodb_store, a_table, ministack

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


KEY = "ticker-cache/us-symbols.json"
SHORT = [Fault.THROTTLED, Fault.INTERNAL_ERROR, Fault.UNAVAILABLE, Fault.RESET, Fault.RESPONSE_LOST]
SYMBOLS = [f"S{number:02}" for number in range(30)]

Run = Callable[..., Result]


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


def a_list(version: str, symbols: Iterable[str] = ("AAPL", "MSFT")) -> bytes:
    listings = {symbol: Listing(Ticker(symbol, f"{symbol} Inc.", "NASDAQ")) for symbol in symbols}
    return encode(version, NOW, listings)


def fetch(tickers: S3TickerList) -> FetchedObject:
    """The object that the bucket must have."""
    fetched = tickers.fetch()
    assert fetched is not None
    return fetched


def refreshed(tickers: S3TickerList, *, clock: Callable[[], datetime] = lambda: NOW) -> RefreshedTickers:
    started = RefreshedTickers(tickers, ttl=timedelta(seconds=300), clock=clock, rng=random.Random(7), background=False)
    started.start()
    return started


def a_nasdaq_file(*symbols: str) -> bytes:
    return nasdaq_listed(*(f"{symbol}|{symbol} [Inc.] - Common Stock|Q|N|N|100|N|N" for symbol in symbols))


def publish(run: Run, *symbols: str) -> None:
    Path("before.txt").write_bytes(a_nasdaq_file(*symbols))
    assert run("build", "before.txt", "-o", "before.json").exit_code == 0
    assert run("publish", "before.json").exit_code == 0


def list_in_use(app: Flask) -> TickerListSnapshot:
    """The list that a new process loads from the bucket."""
    other = create_app(app.extensions[APPLICATION].settings, on_lambda=True)
    snapshot: TickerListSnapshot = other.extensions[APPLICATION].ticker_list.current()
    close(other)
    return snapshot
