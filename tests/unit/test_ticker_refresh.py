"""The list in use: fresh, stale or bundled; when it is refreshed; what is logged."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from adapters.tickers.refresh import AT_START, IN_REQUEST, RETRY_AFTER, bundled_tickers
from domain.errors import TickersUnavailable
from domain.ticker_list import TickerSource
from domain.tickers import Listing, Ticker
from tests.builders import NOW
from tests.support.ticker_sources import (
    BUNDLED,
    BUNDLED_STATE,
    DOWN,
    S3,
    STALE,
    SYMBOLS,
    TTL,
    FakeClock,
    FakeSource,
    a_document,
    logged,
    on_lambda,
    state,
)


@pytest.fixture(autouse=True)
def _log_at_info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="adapters.tickers.refresh")


def test_without_a_bucket_the_bundled_list_is_authoritative() -> None:
    snapshot = bundled_tickers().current()

    assert (snapshot.authoritative, snapshot.freshness.source) == (True, BUNDLED)
    assert snapshot.freshness.count > 10_000
    assert snapshot.find("AAPL") is not None
    assert [ticker.symbol for ticker in snapshot.search("apple", 1)] == ["AAPL"]


def test_the_published_list_is_loaded_at_start(clock: FakeClock) -> None:
    source = FakeSource(a_document("1"))

    snapshot = on_lambda(source, clock).current()

    assert (snapshot.freshness.source, snapshot.freshness.version, snapshot.freshness.count) == (S3, "1", len(SYMBOLS))
    assert (snapshot.freshness.as_of, snapshot.authoritative) == (NOW, True)
    assert snapshot.find("S7") == Listing(Ticker("S7", "S7 Inc.", "NYSE"))
    assert source.asked == [None]


def test_an_unchanged_list_is_confirmed(clock: FakeClock) -> None:
    source = FakeSource(a_document("1"))
    tickers = on_lambda(source, clock)
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


def test_while_the_source_fails_the_last_list_is_stale_and_not_authoritative(clock: FakeClock) -> None:
    source = FakeSource(a_document("1"))
    tickers = on_lambda(source, clock)

    source.file = DOWN
    clock.advance(TTL * 1.11)

    assert state(tickers) == (STALE, "1", False)
    assert tickers.current().find("S7") is not None
    assert tickers.current().freshness.as_of == NOW


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


@pytest.mark.parametrize("etag", [None, '"1"'])
def test_the_list_is_fresh_again_when_the_source_answers(clock: FakeClock, etag: str | None) -> None:
    source = FakeSource(a_document("1") if etag else DOWN)
    tickers = on_lambda(source, clock)
    source.file = DOWN
    clock.advance(TTL * 1.11)
    tickers.current()

    source.file = a_document("1")
    clock.advance(RETRY_AFTER[1])

    assert state(tickers) == (S3, "1", True)
    assert tickers.current().freshness.as_of == clock.now
    assert source.asked[-1] == etag


def test_a_failure_is_logged_once_and_so_is_the_recovery(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    source = FakeSource(a_document("1"))
    tickers = on_lambda(source, clock)
    for file in (DOWN, DOWN, DOWN, a_document("1"), a_document("1")):
        source.file = file
        clock.advance(TTL * 1.11)
        tickers.current()

    assert logged(caplog) == [
        ("INFO", "ticker list loaded", S3),
        ("WARNING", "ticker list is not fresh", STALE),
        ("INFO", "ticker list is fresh again", S3),
    ]
    warning = caplog.records[1].__dict__
    assert (warning["age_seconds"], warning["version"], warning["reason"]) == (333, "1", "out of reach")


def test_the_cause_of_the_failure_is_logged(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    failure = TickersUnavailable("out of reach", retry_after=timedelta(seconds=5))
    failure.__cause__ = RuntimeError("throttled: SlowDown")

    on_lambda(FakeSource(failure), clock)

    assert caplog.records[0].__dict__["reason"] == "throttled: SlowDown"


def test_an_unexpected_error_is_logged_with_its_traceback(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    tickers = on_lambda(FakeSource(ZeroDivisionError("oops")), clock)

    assert state(tickers) == BUNDLED_STATE
    assert caplog.records[0].exc_info is not None


def test_the_list_is_refreshed_when_the_clock_is_set_back(clock: FakeClock) -> None:
    source = FakeSource(a_document("1"))
    tickers = on_lambda(source, clock)

    clock.advance(timedelta(days=-1))
    tickers.current()

    assert source.asked == [None, '"1"']


def test_a_refresh_has_a_deadline_at_the_start_and_in_a_request(clock: FakeClock) -> None:
    source = FakeSource(a_document("1"))
    tickers = on_lambda(source, clock)

    clock.advance(TTL * 1.11)
    tickers.current()

    assert source.seconds_left == [pytest.approx(AT_START, abs=0.5), pytest.approx(IN_REQUEST, abs=0.5)]


def test_a_request_during_a_refresh_uses_the_last_list(clock: FakeClock) -> None:
    source = FakeSource(a_document("1"))
    tickers = on_lambda(source, clock)
    seen: list[tuple[TickerSource, str, bool]] = []
    source.meanwhile = lambda: seen.append(state(tickers))

    source.file = a_document("2")
    clock.advance(TTL * 1.11)
    tickers.current()

    assert seen == [(S3, "1", True)]
    assert len(source.asked) == 2
