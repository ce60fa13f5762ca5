"""Publications of the ticker list in an emulated S3, behind a proxy that injects faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.tickers.s3 import S3TickerList
from domain.errors import PublishedMeanwhile
from tests.faults.ticker_lists import KEY, SHORT, a_list, fetch, refreshed
from verification.environment.fault_proxy import Fault, FaultProxy

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.slow


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
