"""The list in use: fresh, stale or bundled; when it is refreshed; what is refused; what is logged."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from adapters.tickers.refresh import AT_START, IN_REQUEST, RETRY_AFTER, RefreshedTickers, bundled_tickers
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
    FakeClock,
    FakeSource,
    a_document,
    on_lambda,
    state,
)

THROTTLED = TickersUnavailable("out of reach", retry_after=timedelta(seconds=5))
THROTTLED.__cause__ = RuntimeError("throttled: SlowDown")


@pytest.fixture
def source() -> FakeSource:
    return FakeSource(a_document("1"))


@pytest.fixture
def tickers(source: FakeSource, clock: FakeClock) -> RefreshedTickers:
    """The list that was loaded from the source at the start."""
    return on_lambda(source, clock)


def test_without_a_bucket_the_bundled_list_is_authoritative() -> None:
    snapshot = bundled_tickers().current()

    assert (snapshot.authoritative, snapshot.freshness.source) == (True, BUNDLED)
    assert snapshot.freshness.count > 10_000


def test_the_published_list_is_loaded_at_start(tickers: RefreshedTickers, source: FakeSource) -> None:
    snapshot = tickers.current()

    assert state(tickers) == (S3, "1", True)
    assert (snapshot.freshness.count, snapshot.freshness.as_of) == (len(SYMBOLS), NOW)
    assert snapshot.find("S7") == Listing(Ticker("S7", "S7 Inc.", "NYSE"))
    assert source.asked == [None]


def test_an_unchanged_list_is_confirmed(tickers: RefreshedTickers, source: FakeSource, clock: FakeClock) -> None:
    first = tickers.current()

    clock.advance(TTL * 1.11)
    second = tickers.current()

    assert source.asked == [None, '"1"']
    assert second.index is first.index
    assert second.freshness.as_of == clock.now


def test_the_ttl_has_jitter(clock: FakeClock) -> None:
    sources = [FakeSource(a_document("1")) for _ in range(20)]
    lists = [on_lambda(source, clock, seed=seed) for seed, source in enumerate(sources)]

    clock.advance(TTL)
    for tickers in lists:
        tickers.current()

    assert 4 <= sum(len(source.asked) == 2 for source in sources) <= 16


def ask_again(tickers: RefreshedTickers, source: FakeSource, clock: FakeClock, *answers: Document | Exception) -> None:
    """The source answers so to one refresh after the other."""
    for answer in answers:
        source.file = answer
        clock.advance(TTL * 1.11)
        tickers.current()


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
    tickers: RefreshedTickers,
    source: FakeSource,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
    answer: Document | Exception,
    reason: str,
) -> None:
    ask_again(tickers, source, clock, answer)

    assert state(tickers) == (STALE, "1", False)
    assert tickers.current().find("S7") is not None
    assert tickers.current().freshness.as_of == NOW
    assert reason in vars(caplog.records[-1])["reason"]


def test_after_a_failure_the_next_refresh_is_soon_but_not_in_each_request(clock: FakeClock) -> None:
    source = FakeSource(DOWN)
    tickers = on_lambda(source, clock)

    for _ in range(10):
        tickers.current()
    clock.advance(RETRY_AFTER[0] * 0.99)
    tickers.current()
    assert len(source.asked) == 1

    clock.advance(RETRY_AFTER[1])
    tickers.current()
    assert len(source.asked) == 2


@pytest.mark.parametrize(("first", "etag"), [(DOWN, None), (a_document("1"), '"1"')], ids=["down at start", "loaded"])
def test_the_list_is_fresh_again_when_the_source_answers(
    clock: FakeClock, first: Document | Exception, etag: str | None
) -> None:
    source = FakeSource(first)
    tickers = on_lambda(source, clock)
    ask_again(tickers, source, clock, DOWN)

    source.file = a_document("1")
    clock.advance(RETRY_AFTER[1])

    assert state(tickers) == (S3, "1", True)
    assert tickers.current().freshness.as_of == clock.now
    assert source.asked[-1] == etag


def test_a_failure_is_logged_once_and_so_is_the_recovery(
    clock: FakeClock, source: FakeSource, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="adapters.tickers.refresh")

    ask_again(on_lambda(source, clock), source, clock, DOWN, DOWN, DOWN, a_document("1"), a_document("1"))

    loaded, failure, recovery = map(vars, caplog.records)
    assert (loaded["levelname"], loaded["source"]) == (recovery["levelname"], recovery["source"]) == ("INFO", S3)
    assert (failure["levelname"], failure["source"], failure["age_seconds"]) == ("WARNING", STALE, 333)


def test_an_unexpected_error_is_logged_with_its_traceback(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    tickers = on_lambda(FakeSource(ZeroDivisionError("oops")), clock)

    assert state(tickers) == BUNDLED_STATE
    assert caplog.records[0].exc_info is not None


def test_the_list_is_refreshed_when_the_clock_is_set_back(
    tickers: RefreshedTickers, source: FakeSource, clock: FakeClock
) -> None:
    clock.advance(timedelta(days=-1))
    tickers.current()

    assert source.asked == [None, '"1"']


def test_a_refresh_has_a_deadline_at_the_start_and_a_shorter_one_in_a_request(
    tickers: RefreshedTickers, source: FakeSource, clock: FakeClock
) -> None:
    ask_again(tickers, source, clock, source.file)

    at_start, in_request = source.seconds_left
    assert in_request <= IN_REQUEST < at_start <= AT_START


def test_a_request_during_a_refresh_uses_the_last_list(
    tickers: RefreshedTickers, source: FakeSource, clock: FakeClock
) -> None:
    seen = []
    source.meanwhile = lambda: seen.append(state(tickers))

    ask_again(tickers, source, clock, a_document("2"))

    assert seen == [(S3, "1", True)]
    assert len(source.asked) == 2


def test_a_refused_list_is_downloaded_and_logged_once(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    source = FakeSource(INVALID)
    tickers = on_lambda(source, clock)

    ask_again(tickers, source, clock, INVALID, INVALID, INVALID)

    assert state(tickers) == BUNDLED_STATE
    assert source.asked == [None, '"html"', '"html"', '"html"']
    assert len(caplog.records) == 1


def test_a_refused_list_is_still_refused_after_an_outage(
    tickers: RefreshedTickers, source: FakeSource, clock: FakeClock
) -> None:
    ask_again(tickers, source, clock, INVALID, DOWN, INVALID)

    assert state(tickers) == (STALE, "1", False)


def test_a_loss_of_symbols_that_the_publisher_forced_is_accepted(
    tickers: RefreshedTickers, source: FakeSource, clock: FakeClock
) -> None:
    ask_again(tickers, source, clock, a_document("2", ["ONLY"], losses_intended=True))

    assert state(tickers) == (S3, "2", True)


def test_a_small_list_is_not_compared_with_the_bundled_one(clock: FakeClock) -> None:
    assert state(on_lambda(FakeSource(a_document("1", ["ONLY"])), clock)) == (S3, "1", True)
