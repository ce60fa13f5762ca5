"""The ticker list in an emulated S3, behind a proxy that injects faults: fetches."""

from __future__ import annotations

import gzip
import json
import logging
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from adapters.aws.retry import S3
from adapters.tickers.s3 import S3TickerList
from domain.errors import TickerListRefused, TickersUnavailable
from domain.ticker_list import MAX_BYTES
from entrypoints.application import close
from entrypoints.bootstrap import create_app
from entrypoints.settings import Settings, StoreKind
from verification.environment.fault_proxy import Fault, FaultProxy, always, no_fault

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
from tests.faults.ticker_lists import KEY, SHORT, a_list

pytestmark = pytest.mark.slow


@pytest.fixture
def put(s3: S3Client, bucket: str) -> Callable[..., None]:
    """Store an object as another program does."""

    def put(body: bytes, **fields: Any) -> None:
        s3.put_object(Bucket=bucket, Key=KEY, Body=body, **fields)

    return put


def test_a_list_is_fetched_with_one_conditional_request(
    tickers: S3TickerList, proxy: FaultProxy, put: Callable[..., None]
) -> None:
    put(a_list("1"))

    first = tickers.fetch()

    assert first is not None
    assert first.body() == a_list("1")
    assert tickers.fetch(first.etag) is None
    put(a_list("2"))
    second = tickers.fetch(first.etag)
    assert second is not None
    assert second.body() == a_list("2")
    assert proxy.operations == ["GetObject"] * 3


def test_a_list_that_is_too_large_uncompressed_is_refused(tickers: S3TickerList, put: Callable[..., None]) -> None:
    member = gzip.compress(b" " * 2**20, compresslevel=9)
    put(member[:-8], ContentEncoding="gzip")  # without its trailer
    small = tickers.fetch()
    bomb = gzip.compress(b" " * (MAX_BYTES + 1), compresslevel=9)
    put(bomb, ContentEncoding="gzip")
    large = tickers.fetch()

    assert small is not None
    assert large is not None
    with pytest.raises(TickerListRefused, match="not a complete gzip"):
        small.body()
    with pytest.raises(TickerListRefused, match="larger than"):
        large.body()


@pytest.mark.parametrize("damage", [lambda packed: packed[:-30], lambda packed: b"?" + packed[1:]])
def test_damaged_gzip_is_refused(
    tickers: S3TickerList, put: Callable[..., None], damage: Callable[[bytes], bytes]
) -> None:
    put(damage(gzip.compress(a_list("1", [f"S{number}" for number in range(100)]))), ContentEncoding="gzip")

    fetched = tickers.fetch()

    assert fetched is not None
    with pytest.raises(TickerListRefused, match="not a complete gzip"):
        fetched.body()


def test_the_download_of_a_too_large_object_is_abandoned(tickers: S3TickerList, put: Callable[..., None]) -> None:
    put(b" " * (MAX_BYTES + 2**20))

    fetched = tickers.fetch()

    assert fetched is not None
    assert MAX_BYTES < len(fetched.stored) < MAX_BYTES + 2**19


@pytest.mark.parametrize("fault", [*SHORT, Fault.HANGS])
def test_a_transient_fault_is_retried(
    tickers: S3TickerList, proxy: FaultProxy, put: Callable[..., None], waits: list[float], fault: Fault
) -> None:
    put(a_list("1"))
    proxy.script(fault)

    fetched = tickers.fetch()

    assert fetched is not None
    assert fetched.body() == a_list("1")
    assert len(proxy.calls) == len(waits) + 1 == 2


def test_a_slow_response_is_abandoned_and_retried(tickers: S3TickerList, proxy: FaultProxy, bucket: str) -> None:
    tickers.publish(a_list("1"), replacing=None)
    proxy.script()
    # The time passes between a request and the headers of its response.
    slow = S3TickerList(
        bucket,
        KEY,
        rng=random.Random(7),
        clock=lambda: len(proxy.calls) * (S3.attempt_timeout + 1),
        sleep=lambda _: None,
    )

    with pytest.raises(TickersUnavailable) as failure:
        slow.fetch()

    assert str(failure.value.__cause__) == "timeout: SlowResponse"
    assert len(proxy.calls) == 3


def test_a_missing_object_or_bucket_is_not_retried_and_is_logged_with_a_remedy(
    proxy: FaultProxy, bucket: str, tickers: S3TickerList, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(TickersUnavailable):
        tickers.fetch()
    with pytest.raises(TickersUnavailable):
        S3TickerList(f"no-{bucket}", KEY, rng=random.Random(7)).fetch()

    assert len(proxy.calls) == 2
    errors = [record.__dict__ for record in caplog.records if record.levelno == logging.ERROR]
    assert [record["error"] for record in errors] == ["NoSuchKey", "NoSuchBucket"]
    assert "CONFIG_API_TICKER_KEY" in errors[0]["remedy"]
    assert "CONFIG_API_TICKER_BUCKET" in errors[1]["remedy"]


def test_requests_are_served_while_the_bucket_is_unavailable(
    tickers: S3TickerList, proxy: FaultProxy, bucket: str
) -> None:
    tickers.publish(a_list("1", ["AAPL", "NEWCO"]), replacing=None)
    settings = Settings(store=StoreKind.MEMORY, ticker_bucket=bucket, ticker_ttl=timedelta(seconds=1))
    now = [datetime.now(UTC)]
    app = create_app(settings, clock=lambda: now[0], on_lambda=True)
    client = app.test_client()

    def create(symbol: str) -> tuple[int, str | None]:
        session = client.post("/api/v2/auth/anonymous").get_json()
        answer = client.post(
            "/api/v2/configurations",
            json={"name": "Tech", "tickers": [symbol]},
            headers={"Authorization": f"Bearer {session['token']}"},
        )
        return answer.status_code, answer.get_json().get("code")

    fresh = [create("NEWCO"), create("ZZZZ"), ready(client)]
    proxy.plan = always(Fault.RESET)
    now[0] += timedelta(seconds=2)
    stale = [create("NEWCO"), create("ZZZZ"), ready(client)]
    proxy.plan = no_fault
    now[0] += timedelta(seconds=31)
    back = [create("NEWCO"), create("ZZZZ"), ready(client)]

    close(app)
    assert fresh == [(201, None), (400, "unknown_ticker"), ("s3", "1", 2, 0)]
    assert stale == [(201, None), (503, "tickers_unavailable"), ("stale", "1", 2, 2)]
    assert back == [(201, None), (400, "unknown_ticker"), ("s3", "1", 2, 0)]


def ready(client: Any) -> tuple[str, str, int, int]:
    tickers = json.loads(client.get("/api/v2/health/ready").get_data())["tickers"]
    return tickers["source"], tickers["version"], tickers["count"], tickers["age_seconds"]
