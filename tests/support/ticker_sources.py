"""A source of ticker lists, a clock that a test sets, and the list that uses them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.tickers.json_format import encode
from adapters.tickers.refresh import RefreshedTickers, bundled_tickers
from domain.deadline import remaining
from domain.errors import TickerListRefused, TickersUnavailable
from domain.ticker_list import PublishedTickerList, TickerListCandidate, TickerSource
from domain.tickers import Listing, Ticker
from tests.builders import NOW

TTL = timedelta(seconds=300)
DOWN = TickersUnavailable("out of reach", retry_after=timedelta(seconds=5))
S3, STALE, BUNDLED = TickerSource.S3, TickerSource.STALE, TickerSource.BUNDLED
SYMBOLS = [f"S{number}" for number in range(20)]


@dataclass(frozen=True)
class Document:
    """A published list as a source returns it."""

    etag: str
    content: bytes | TickerListRefused
    losses_intended: bool = False

    def body(self) -> bytes:
        if isinstance(self.content, TickerListRefused):
            raise self.content
        return self.content


def a_document(version: str, symbols: Iterable[str] = SYMBOLS, *, losses_intended: bool = False) -> Document:
    listings = {symbol: Listing(Ticker(symbol, f"{symbol} Inc.", "NYSE")) for symbol in symbols}
    return Document(f'"{version}"', encode(version, NOW, listings), losses_intended)


INVALID = Document('"html"', b"<html>")


@dataclass
class FakeSource:
    """A source whose answers a test sets."""

    file: Document | Exception
    asked: list[str | None] = field(default_factory=list)
    seconds_left: list[float] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None
    closed: bool = False

    def fetch(self, etag: str | None) -> Document | None:
        self.asked.append(etag)
        self.seconds_left.append(remaining())
        self.meanwhile()
        if isinstance(self.file, Exception):
            raise self.file
        return None if self.file.etag == etag else self.file

    def close(self) -> None:
        self.closed = True


@dataclass
class FakeClock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, time: timedelta) -> None:
        self.now += time


@dataclass
class ARepository:
    """A repository in memory; counts how often the list is downloaded."""

    current: PublishedTickerList | None = None
    downloads: int = 0
    replaced: list[tuple[TickerListCandidate, bool]] = field(default_factory=list)

    def published(self) -> PublishedTickerList | None:
        self.downloads += 1
        return self.current

    def replace(self, candidate: TickerListCandidate, *, losses_intended: bool) -> None:
        self.replaced.append((candidate, losses_intended))
        self.current = PublishedTickerList(candidate.version, candidate.listings)


class OnLambda:
    """The list in a process in which no code runs between requests. The source gives `first` at the start."""

    def __init__(self, first: Document | Exception, *, seed: int = 7) -> None:
        self.source = FakeSource(first)
        self.clock = FakeClock()
        self.tickers = RefreshedTickers(
            self.source, ttl=TTL, clock=self.clock, rng=random.Random(seed), background=False
        )
        self.tickers.start()

    def refresh(self, *answers: Document | Exception) -> None:
        """The source gives one of these answers after each TTL."""
        for answer in answers:
            self.source.file = answer
            self.clock.advance(TTL * 1.11)
            self.tickers.current()

    @property
    def state(self) -> State:
        return state(self.tickers)


State = tuple[TickerSource, str, bool]
"""The source and the version of the list in use, and whether it is authoritative."""


def state(tickers: RefreshedTickers) -> State:
    snapshot = tickers.current()
    return snapshot.freshness.source, snapshot.freshness.version, snapshot.authoritative


BUNDLED_STATE = (BUNDLED, bundled_tickers().current().freshness.version, False)
