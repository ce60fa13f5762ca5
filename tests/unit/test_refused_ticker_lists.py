"""Published lists that are refused, and what is logged then."""

from __future__ import annotations

import pytest

from domain.errors import TickerListRefused
from tests.support.ticker_sources import (
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
    logged,
    on_lambda,
    state,
)


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (INVALID, "refused: it is not JSON (JSONDecodeError)"),
        (Document('"bomb"', TickerListRefused("it is too large")), "refused: it is too large"),
        (a_document("2", ["NOT A SYMBOL"]), "refused: 1 of its symbols are invalid, such as 'NOT A SYMBOL'"),
        (a_document("2", SYMBOLS[3:]), "refused: it lacks 3 of 20 symbols, such as S0"),
    ],
)
def test_an_invalid_list_is_refused_and_the_last_one_is_stale(
    clock: FakeClock, caplog: pytest.LogCaptureFixture, file: Document, reason: str
) -> None:
    source = FakeSource(a_document("1"))
    tickers = on_lambda(source, clock)

    source.file = file
    clock.advance(TTL * 1.11)

    assert state(tickers) == (STALE, "1", False)
    assert caplog.records[-1].levelname == "WARNING"
    assert caplog.records[-1].__dict__["reason"] == reason


def test_a_refused_list_is_downloaded_and_logged_once(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    source = FakeSource(INVALID)
    tickers = on_lambda(source, clock)

    for _ in range(3):
        clock.advance(TTL * 1.11)
        assert state(tickers) == BUNDLED_STATE

    assert source.asked == [None, '"html"', '"html"', '"html"']
    assert len(logged(caplog)) == 1


def test_a_refused_list_is_still_refused_after_an_outage(clock: FakeClock) -> None:
    source = FakeSource(a_document("1"))
    tickers = on_lambda(source, clock)
    for file in (INVALID, DOWN, INVALID):
        source.file = file
        clock.advance(TTL * 1.11)
        tickers.current()

    assert state(tickers) == (STALE, "1", False)


def test_a_loss_of_symbols_that_the_publisher_forced_is_accepted(clock: FakeClock) -> None:
    source = FakeSource(a_document("1"))
    tickers = on_lambda(source, clock)

    source.file = a_document("2", ["ONLY"], losses_intended=True)
    clock.advance(TTL * 1.11)

    assert state(tickers) == (S3, "2", True)


def test_a_small_list_is_not_compared_with_the_bundled_one(clock: FakeClock) -> None:
    assert state(on_lambda(FakeSource(a_document("1", ["ONLY"])), clock)) == (S3, "1", True)
