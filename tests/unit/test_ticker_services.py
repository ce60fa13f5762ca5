"""Validation, look-up and search of tickers, on a list that never changes."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from domain.errors import (
    DelistedTicker,
    FieldProblem,
    NotFound,
    TickersUnavailable,
    UnknownTicker,
    ValidationFailed,
)
from domain.ticker_services import TickerService
from domain.tickers import Listing, Ticker, TickerStatus, TickerValidation
from tests.builders import APPLE, BERKSHIRE, AFixedList

FACEBOOK = Ticker("FB", "Facebook, Inc.", "NASDAQ")


@pytest.fixture
def tickers() -> TickerService:
    return TickerService(AFixedList(), rng=random.Random(0))


@pytest.fixture
def not_authoritative() -> TickerService:
    """Validates against a list that confirms symbols and denies none."""
    return TickerService(AFixedList(authoritative=False), rng=random.Random(0))


def test_each_symbol_gets_a_result_in_the_same_order(tickers: TickerService) -> None:
    assert tickers.validate(["brk/b", "ZZZZ", "fb", " ?? "]) == [
        TickerValidation("BRK.B", TickerStatus.VALID, "BRK.B is traded.", BERKSHIRE),
        TickerValidation("ZZZZ", TickerStatus.UNKNOWN, "ZZZZ is not a symbol that we know."),
        TickerValidation(
            "FB", TickerStatus.DELISTED, "FB is no longer traded; its successor is META.", FACEBOOK, "META"
        ),
        TickerValidation("??", TickerStatus.UNKNOWN, "A symbol looks like AAPL or BRK.B."),
    ]


def test_symbols_are_resolved_to_tickers_in_the_same_order(tickers: TickerService) -> None:
    assert tickers.resolve(["BRK.B", "AAPL"]) == (BERKSHIRE, APPLE)


def test_unknown_symbols_are_refused_together(tickers: TickerService) -> None:
    with pytest.raises(UnknownTicker) as refusal:
        tickers.resolve(["ZZZZ", "AAPL", "YYYY"])

    assert refusal.value.problems == (
        FieldProblem("tickers.0", "unknown_ticker", "ZZZZ is not a symbol that we know."),
        FieldProblem("tickers.2", "unknown_ticker", "YYYY is not a symbol that we know."),
    )


def test_a_delisted_symbol_is_refused_with_its_successor(tickers: TickerService) -> None:
    with pytest.raises(DelistedTicker) as refusal:
        tickers.resolve(["AAPL", "FB"])

    assert refusal.value.successor == "META"
    assert refusal.value.problems == (
        FieldProblem("tickers.1", "delisted_ticker", "FB is no longer traded; its successor is META.", "META"),
    )


def test_unknown_and_delisted_symbols_together_are_a_failed_validation(tickers: TickerService) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        tickers.resolve(["FB", "ZZZZ"])

    assert type(refusal.value) is ValidationFailed
    assert [problem.code for problem in refusal.value.problems] == ["delisted_ticker", "unknown_ticker"]


def test_a_list_that_is_not_authoritative_confirms_a_symbol(not_authoritative: TickerService) -> None:
    assert not_authoritative.resolve(["AAPL"]) == (APPLE,)
    assert not_authoritative.lookup("aapl") == Listing(APPLE)


@pytest.mark.parametrize("symbol", ["ZZZZ", "FB"], ids=["unknown", "delisted"])
def test_a_list_that_is_not_authoritative_denies_no_symbol(not_authoritative: TickerService, symbol: str) -> None:
    for act in (lambda: not_authoritative.resolve(["AAPL", symbol]), lambda: not_authoritative.lookup(symbol)):
        with pytest.raises(TickersUnavailable, match=f"{symbol} cannot be validated now"):
            act()


def test_an_invalid_symbol_is_unknown_in_every_list(not_authoritative: TickerService) -> None:
    assert not_authoritative.validate(["??"])[0].status is TickerStatus.UNKNOWN


def test_the_time_to_retry_after_is_random(not_authoritative: TickerService) -> None:
    waits = []
    for _ in range(100):
        with pytest.raises(TickersUnavailable) as refusal:
            not_authoritative.validate(["ZZZZ"])
        waits.append(refusal.value.retry_after)

    assert timedelta(seconds=15) <= min(waits) < timedelta(seconds=20)
    assert timedelta(seconds=40) < max(waits) <= timedelta(seconds=45)


@pytest.mark.parametrize("text", ["ZZZZ", "??"])
def test_an_unknown_symbol_is_not_found(tickers: TickerService, text: str) -> None:
    with pytest.raises(NotFound, match="symbol"):
        tickers.lookup(text)


def test_a_search_uses_the_current_list(tickers: TickerService) -> None:
    assert tickers.search("a", 10) == [APPLE]
    assert tickers.search("", 10) == []
    assert len(tickers.search("N", 0)) == 0
