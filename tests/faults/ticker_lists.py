"""Ticker lists in a bucket, for tests of their storage, the commands and the job."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

from click.testing import Result
from flask import Flask

from adapters.tickers.json_format import encode
from adapters.tickers.refresh import RefreshedTickers
from adapters.tickers.s3 import FetchedObject, S3TickerList
from domain.ports import TickerListSnapshot
from domain.tickers import Listing, Ticker
from entrypoints.application import KEY as APPLICATION
from entrypoints.application import close
from entrypoints.bootstrap import create_app
from tests.builders import NOW
from tests.unit.test_ticker_files import nasdaq_listed
from verification.environment.fault_proxy import Fault

KEY = "ticker-cache/us-symbols.json"
SHORT = [Fault.THROTTLED, Fault.INTERNAL_ERROR, Fault.UNAVAILABLE, Fault.RESET, Fault.RESPONSE_LOST]


def a_list(version: str, symbols: Iterable[str] = ("AAPL", "MSFT")) -> bytes:
    listings = {symbol: Listing(Ticker(symbol, f"{symbol} Inc.", "NASDAQ")) for symbol in symbols}
    return encode(version, NOW, listings)


def fetch(tickers: S3TickerList) -> FetchedObject:
    """The object that the bucket must have."""
    fetched = tickers.fetch()
    assert fetched is not None
    return fetched


def refreshed(tickers: S3TickerList, *, clock: Callable[[], datetime] = lambda: NOW) -> RefreshedTickers:
    started = RefreshedTickers(tickers, ttl=timedelta(seconds=300), clock=clock, rng=random.Random(7), background=False)
    started.start()
    return started


Run = Callable[..., Result]
SYMBOLS = [f"S{number:02}" for number in range(30)]


def a_nasdaq_file(*symbols: str) -> bytes:
    return nasdaq_listed(*(f"{symbol}|{symbol} [Inc.] - Common Stock|Q|N|N|100|N|N" for symbol in symbols))


def publish(run: Run, *symbols: str) -> None:
    Path("before.txt").write_bytes(a_nasdaq_file(*symbols))
    assert run("build", "before.txt", "-o", "before.json").exit_code == 0
    assert run("publish", "before.json").exit_code == 0


def list_in_use(app: Flask) -> TickerListSnapshot:
    """The list that a new process loads from the bucket."""
    other = create_app(app.extensions[APPLICATION].settings, on_lambda=True)
    snapshot: TickerListSnapshot = other.extensions[APPLICATION].ticker_list.current()
    close(other)
    return snapshot
