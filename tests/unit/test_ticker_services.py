"""What tests/api/test_tickers.py and tests/api/test_bad_input.py do not show of the validation of tickers."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from domain.errors import TickersUnavailable
from domain.ticker_services import TickerService
from domain.tickers import TickerStatus
from tests.builders import AFixedList
from tests.support.sentences import is_sentence


@pytest.fixture
def tickers() -> TickerService:
    """Validates against a list that confirms symbols and denies none."""
    return TickerService(AFixedList(authoritative=False), rng=random.Random(0))


def test_an_invalid_symbol_is_unknown_in_every_list(tickers: TickerService) -> None:
    (result,) = tickers.validate([" ?? "])

    assert (result.symbol, result.status) == ("??", TickerStatus.UNKNOWN)
    assert is_sentence(result.message)


def test_the_time_to_retry_after_is_random(tickers: TickerService) -> None:
    waits = []
    for _ in range(100):
        with pytest.raises(TickersUnavailable, match="ZZZZ") as refusal:
            tickers.validate(["ZZZZ"])
        waits.append(refusal.value.retry_after)

    assert timedelta(seconds=15) <= min(waits) < timedelta(seconds=20)
    assert timedelta(seconds=40) < max(waits) <= timedelta(seconds=45)
