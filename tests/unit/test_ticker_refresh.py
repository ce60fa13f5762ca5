"""The list in use: fresh, stale or bundled; when it is refreshed; what is refused; what is logged."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from adapters.tickers.refresh import AT_START, IN_REQUEST, RETRY_AFTER, bundled_tickers
from domain.errors import TickerListRefused, TickersUnavailable
from domain.tickers import Listing, Ticker
from tests.builders import NOW
from tests.support.ticker_sources import (
    BUNDLED,
    BUNDLED_STATE,
    DOWN,
    INVALID,
    S3,
    STALE,
    SYMBOLS,
    TTL,
    Document,
    OnLambda,
    State,
    a_document,
)

THROTTLED = TickersUnavailable("out of reach", retry_after=timedelta(seconds=5))
THROTTLED.__cause__ = RuntimeError("throttled: SlowDown")


@pytest.fixture
def process() -> OnLambda:
    """A process that has loaded the list."""
    return OnLambda(a_document("1"))


def test_without_a_bucket_the_bundled_list_is_authoritative() -> None:
    snapshot = bundled_tickers().current()

    assert (snapshot.authoritative, snapshot.freshness.source) == (True, BUNDLED)
    assert snapshot.freshness.count > 10_000


def test_the_published_list_is_loaded_at_start(process: OnLambda) -> None:
    snapshot = process.tickers.current()

    assert process.state == (S3, "1", True)
    assert (snapshot.freshness.count, snapshot.freshness.as_of) == (len(SYMBOLS), NOW)
    assert snapshot.find("S7") == Listing(Ticker("S7", "S7 Inc.", "NYSE"))
    assert snapshot.search("S7 Inc.", 1) == [Ticker("S7", "S7 Inc.", "NYSE")]
    assert process.source.asked == [None]


def test_an_unchanged_list_is_confirmed(process: OnLambda) -> None:
    before = process.tickers.current()

    process.refresh(a_document("1"))

    after = process.tickers.current()
    assert process.source.asked == [None, '"1"']
    assert after.index is before.index
    assert after.freshness.as_of == process.clock.now


def test_the_ttl_has_jitter() -> None:
    processes = [OnLambda(a_document("1"), seed=seed) for seed in range(20)]

    for process in processes:
        process.clock.advance(TTL)
        process.tickers.current()

    assert 4 <= sum(len(process.source.asked) == 2 for process in processes) <= 16


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (DOWN, "out of reach"),
        (THROTTLED, "throttled: SlowDown"),
        (INVALID, "not JSON"),
        (Document('"bomb"', TickerListRefused("it is too large")), "too large"),
        (a_document("2", ["NOT A SYMBOL"]), "NOT A SYMBOL"),
        (a_document("2", SYMBOLS[3:]), "lacks 3 of 20 symbols"),
    ],
    ids=["down", "throttled", "no JSON", "too large", "no symbol", "losses"],
)
def test_after_an_unusable_answer_the_last_list_is_stale_and_the_reason_is_logged(
    process: OnLambda, caplog: pytest.LogCaptureFixture, answer: Document | Exception, reason: str
) -> None:
    process.refresh(answer)

    assert process.state == (STALE, "1", False)
    assert process.tickers.current().find("S7") is not None
    assert process.tickers.current().freshness.as_of == NOW
    assert reason in vars(caplog.records[-1])["reason"]


def test_after_a_failure_the_next_refresh_is_soon_but_not_in_each_request() -> None:
    process = OnLambda(DOWN)

    for _ in range(10):
        process.tickers.current()
    process.clock.advance(RETRY_AFTER[0] * 0.99)
    process.tickers.current()
    assert len(process.source.asked) == 1

    process.clock.advance(RETRY_AFTER[1])
    process.tickers.current()
    assert len(process.source.asked) == 2


@pytest.mark.parametrize(("first", "etag"), [(DOWN, None), (a_document("1"), '"1"')], ids=["down at start", "loaded"])
def test_the_list_is_fresh_again_when_the_source_answers(first: Document | Exception, etag: str | None) -> None:
    process = OnLambda(first)
    process.refresh(DOWN)

    process.source.file = a_document("1")
    process.clock.advance(RETRY_AFTER[1])

    assert process.state == (S3, "1", True)
    assert process.tickers.current().freshness.as_of == process.clock.now
    assert process.source.asked[-1] == etag


def test_a_failure_is_logged_once_and_so_is_the_recovery(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="adapters.tickers.refresh")

    OnLambda(a_document("1")).refresh(DOWN, DOWN, DOWN, a_document("1"), a_document("1"))

    loaded, failure, recovery = map(vars, caplog.records)
    assert (loaded["levelname"], loaded["source"]) == (recovery["levelname"], recovery["source"]) == ("INFO", S3)
    assert (failure["levelname"], failure["source"], failure["age_seconds"]) == ("WARNING", STALE, 333)


def test_an_unexpected_error_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    assert OnLambda(ZeroDivisionError("oops")).state == BUNDLED_STATE
    assert caplog.records[0].exc_info is not None


def test_the_list_is_refreshed_when_the_clock_is_set_back(process: OnLambda) -> None:
    process.clock.advance(timedelta(days=-1))
    process.tickers.current()

    assert process.source.asked == [None, '"1"']


def test_a_refresh_has_a_deadline_at_the_start_and_a_shorter_one_in_a_request(process: OnLambda) -> None:
    process.refresh(a_document("1"))

    at_start, in_request = process.source.seconds_left
    assert in_request <= IN_REQUEST < at_start <= AT_START


def test_a_request_during_a_refresh_uses_the_last_list(process: OnLambda) -> None:
    seen: list[State] = []
    process.source.meanwhile = lambda: seen.append(process.state)

    process.refresh(a_document("2"))

    assert seen == [(S3, "1", True)]
    assert len(process.source.asked) == 2


def test_close_closes_the_source(process: OnLambda) -> None:
    process.tickers.close()

    assert process.source.closed


def test_a_refused_list_is_downloaded_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    process = OnLambda(INVALID)

    process.refresh(INVALID, INVALID, INVALID)

    assert process.state == BUNDLED_STATE
    assert process.source.asked == [None, '"html"', '"html"', '"html"']
    assert len(caplog.records) == 1


def test_a_refused_list_is_still_refused_after_an_outage(process: OnLambda) -> None:
    process.refresh(INVALID, DOWN, INVALID)

    assert process.state == (STALE, "1", False)


def test_a_loss_of_symbols_that_the_publisher_forced_is_accepted(process: OnLambda) -> None:
    process.refresh(a_document("2", ["ONLY"], losses_intended=True))

    assert process.state == (S3, "2", True)


def test_a_small_list_is_not_compared_with_the_bundled_one() -> None:
    assert OnLambda(a_document("1", ["ONLY"])).state == (S3, "1", True)
