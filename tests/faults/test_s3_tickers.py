"""The ticker list in an emulated S3, behind a proxy that injects faults: fetches and publications."""

from __future__ import annotations

import gzip
import logging
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from adapters.aws.retry import S3
from adapters.tickers.s3 import S3TickerList
from domain.errors import PublishedMeanwhile, TickerListRefused, TickersUnavailable
from domain.ticker_list import MAX_BYTES
from entrypoints.application import close
from entrypoints.bootstrap import create_app
from entrypoints.settings import Settings, StoreKind
from tests.faults.conftest import KEY, SHORT, a_list, fetch, refreshed
from verification.environment.fault_proxy import Fault, FaultProxy, always, no_fault

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.slow

PACKED = gzip.compress(a_list("1", [f"S{number}" for number in range(100)]))


def test_a_list_is_downloaded_only_if_it_changed(tickers: S3TickerList, put: Callable[..., None]) -> None:
    put(a_list("1"))
    first = fetch(tickers)
    assert tickers.fetch(first.etag) is None

    put(a_list("2"))
    second = tickers.fetch(first.etag)

    assert second is not None
    assert second.body() == a_list("2")


@pytest.mark.parametrize(
    ("damaged", "reason"),
    [
        (lambda: PACKED[:-30], "not a complete gzip"),
        (lambda: PACKED[:-8], "not a complete gzip"),
        (lambda: b"?" + PACKED[1:], "not a complete gzip"),
        (lambda: gzip.compress(b" " * (MAX_BYTES + 1)), "larger than"),
    ],
    ids=["truncated", "without its trailer", "another first byte", "too large"],
)
def test_a_file_that_cannot_be_unpacked_is_refused(
    tickers: S3TickerList, put: Callable[..., None], damaged: Callable[[], bytes], reason: str
) -> None:
    put(damaged(), ContentEncoding="gzip")

    with pytest.raises(TickerListRefused, match=reason):
        fetch(tickers).body()


def test_the_download_of_a_too_large_object_is_abandoned(tickers: S3TickerList, put: Callable[..., None]) -> None:
    put(b" " * (MAX_BYTES + 2**20))

    assert MAX_BYTES < len(fetch(tickers).stored) < MAX_BYTES + 2**19


@pytest.mark.parametrize("fault", [*SHORT, Fault.HANGS])
def test_a_transient_fault_is_retried(
    tickers: S3TickerList, proxy: FaultProxy, put: Callable[..., None], waits: list[float], fault: Fault
) -> None:
    put(a_list("1"))
    proxy.script(fault)

    assert fetch(tickers).body() == a_list("1")
    assert waits


@pytest.mark.usefixtures("tickers")
def test_a_slow_response_is_abandoned_and_retried(proxy: FaultProxy, put: Callable[..., None], bucket: str) -> None:
    put(a_list("1"))
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

    assert "SlowResponse" in str(failure.value.__cause__)
    assert len(proxy.calls) > 1


def test_a_missing_object_or_bucket_is_logged_with_a_remedy(
    bucket: str, tickers: S3TickerList, caplog: pytest.LogCaptureFixture
) -> None:
    for missing in (tickers, S3TickerList(f"no-{bucket}", KEY, rng=random.Random(7))):
        with pytest.raises(TickersUnavailable):
            missing.fetch()

    no_key, no_bucket = (vars(record)["remedy"] for record in caplog.records if record.levelno == logging.ERROR)
    assert "CONFIG_API_TICKER_KEY" in no_key
    assert "CONFIG_API_TICKER_BUCKET" in no_bucket


def test_requests_are_served_while_the_bucket_is_unavailable(
    tickers: S3TickerList, proxy: FaultProxy, bucket: str
) -> None:
    tickers.publish(a_list("1", ["AAPL", "NEWCO"]), replacing=None)
    settings = Settings(store=StoreKind.MEMORY, ticker_bucket=bucket, ticker_ttl=timedelta(seconds=1))
    now = [datetime.now(UTC)]
    app = create_app(settings, clock=lambda: now[0], on_lambda=True)
    client = app.test_client()

    def answers() -> list[str | int]:
        """The source of the list, and the status of a create with a symbol that it has and with another one."""
        found = [client.get("/api/v2/health/ready").get_json()["tickers"]["source"]]
        for symbol in ("NEWCO", "ZZZZ"):
            token = client.post("/api/v2/auth/anonymous").get_json()["token"]
            body, headers = {"name": "Tech", "tickers": [symbol]}, {"Authorization": f"Bearer {token}"}
            found.append(client.post("/api/v2/configurations", json=body, headers=headers).status_code)
        return found

    fresh = answers()
    proxy.plan = always(Fault.RESET)
    now[0] += timedelta(seconds=2)
    stale = answers()
    proxy.plan = no_fault
    now[0] += timedelta(seconds=31)
    back = answers()

    close(app)
    assert (fresh, stale, back) == (["s3", 201, 400], ["stale", 201, 503], ["s3", 201, 400])


def test_a_published_list_can_be_fetched(tickers: S3TickerList, s3: S3Client, bucket: str) -> None:
    tickers.publish(a_list("1"), replacing=None)

    stored = s3.head_object(Bucket=bucket, Key=KEY)
    fetched = fetch(tickers)
    assert (stored["ContentType"], stored["ContentEncoding"]) == ("application/json", "gzip")
    assert (fetched.body(), fetched.losses_intended) == (a_list("1"), False)


def test_a_forced_loss_is_marked_in_the_metadata(tickers: S3TickerList) -> None:
    tickers.publish(a_list("1"), replacing=None, losses_intended=True)

    assert fetch(tickers).losses_intended


def test_the_second_of_two_publishers_is_refused(tickers: S3TickerList) -> None:
    tickers.publish(a_list("1"), replacing=None)
    base = fetch(tickers)
    with pytest.raises(PublishedMeanwhile):
        tickers.publish(a_list("as the first"), replacing=None)

    tickers.publish(a_list("ours"), replacing=base.etag)
    with pytest.raises(PublishedMeanwhile):
        tickers.publish(a_list("theirs"), replacing=base.etag)

    assert refreshed(tickers).current().freshness.version == "ours"


def test_a_list_that_was_deleted_meanwhile_is_not_replaced(tickers: S3TickerList, s3: S3Client, bucket: str) -> None:
    tickers.publish(a_list("1"), replacing=None)
    base = fetch(tickers)
    s3.delete_object(Bucket=bucket, Key=KEY)

    with pytest.raises(PublishedMeanwhile):
        tickers.publish(a_list("2"), replacing=base.etag)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("fault", [*SHORT, Fault.CONFLICT])
def test_a_retried_publication_recognises_its_own_success(
    tickers: S3TickerList, proxy: FaultProxy, fault: Fault, *, first: bool
) -> None:
    base = None
    if not first:
        tickers.publish(a_list("1"), replacing=None)
        base = fetch(tickers).etag
    proxy.script(fault, fault)

    tickers.publish(a_list("2"), replacing=base)

    assert refreshed(tickers).current().freshness.version == "2"
