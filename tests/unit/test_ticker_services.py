"""Validation, look-up and search of tickers, on a list that never changes. tests/api has the codes of refusals."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from domain.errors import DelistedTicker, TickersUnavailable, UnknownTicker, ValidationFailed
from domain.ticker_services import TickerService
from domain.tickers import Listing, TickerStatus
from tests.builders import APPLE, BERKSHIRE, AFixedList
from tests.support.sentences import is_sentence


@pytest.fixture
def tickers() -> TickerService:
    return TickerService(AFixedList(), rng=random.Random(0))


@pytest.fixture
def not_authoritative() -> TickerService:
    """Validates against a list that confirms symbols and denies none."""
    return TickerService(AFixedList(authoritative=False), rng=random.Random(0))


def test_symbols_are_resolved_to_tickers_in_the_same_order(tickers: TickerService) -> None:
    assert tickers.resolve(["BRK.B", "AAPL"]) == (BERKSHIRE, APPLE)


@pytest.mark.parametrize(
    ("symbols", "refusal", "problems"),
    [
        (["ZZZZ", "AAPL", "YYYY"], UnknownTicker, {"tickers.0": "unknown_ticker", "tickers.2": "unknown_ticker"}),
        (["AAPL", "FB"], DelistedTicker, {"tickers.1": "delisted_ticker"}),
        (["FB", "ZZZZ"], ValidationFailed, {"tickers.0": "delisted_ticker", "tickers.1": "unknown_ticker"}),
    ],
    ids=["unknown", "delisted", "both"],
)
def test_all_wrong_symbols_are_refused_together(
    tickers: TickerService, symbols: list[str], refusal: type[ValidationFailed], problems: dict[str, str]
) -> None:
    with pytest.raises(refusal) as refused:
        tickers.resolve(symbols)

    assert type(refused.value) is refusal
    assert {problem.field: problem.code for problem in refused.value.problems} == problems
    assert all(is_sentence(problem.detail) for problem in refused.value.problems)


def test_a_list_that_is_not_authoritative_confirms_a_symbol(not_authoritative: TickerService) -> None:
    assert not_authoritative.resolve(["AAPL"]) == (APPLE,)
    assert not_authoritative.lookup("aapl") == Listing(APPLE)


def test_an_invalid_symbol_is_unknown_in_every_list(not_authoritative: TickerService) -> None:
    (result,) = not_authoritative.validate([" ?? "])

    assert (result.symbol, result.status) == ("??", TickerStatus.UNKNOWN)
    assert is_sentence(result.message)


def test_the_time_to_retry_after_is_random(not_authoritative: TickerService) -> None:
    waits = []
    for _ in range(100):
        with pytest.raises(TickersUnavailable, match="ZZZZ") as refusal:
            not_authoritative.validate(["ZZZZ"])
        waits.append(refusal.value.retry_after)

    assert timedelta(seconds=15) <= min(waits) < timedelta(seconds=20)
    assert timedelta(seconds=40) < max(waits) <= timedelta(seconds=45)


def test_a_search_has_a_limit(tickers: TickerService) -> None:
    assert tickers.search("a", 10) == [APPLE]
    assert tickers.search("a", 0) == []
