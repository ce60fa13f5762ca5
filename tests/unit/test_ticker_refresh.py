"""The list in use: fresh, stale or bundled; when it is refreshed; what is logged; how it is closed."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Queue
from threading import Event, Thread

import pytest

from adapters.tickers.index import TickerIndex
from adapters.tickers.json_format import encode
from adapters.tickers.refresh import (
    AT_START,
    IN_REQUEST,
    RETRY_AFTER,
    SHORTEST_WAIT,
    RefreshedTickers,
    bundled_tickers,
)
from domain.deadline import remaining
from domain.errors import TickerListRefused, TickersUnavailable
from domain.ticker_list import TickerSource
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


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def on_lambda(source: FakeSource, clock: FakeClock, *, seed: int = 7) -> RefreshedTickers:
    """The list in a process in which no code runs between requests."""
    tickers = RefreshedTickers(source, ttl=TTL, clock=clock, rng=random.Random(seed), background=False)
    tickers.start()
    return tickers


def state(tickers: RefreshedTickers) -> tuple[TickerSource, str, bool]:
    snapshot = tickers.current()
    return snapshot.freshness.source, snapshot.freshness.version, snapshot.authoritative


BUNDLED_STATE = (BUNDLED, bundled_tickers().current().freshness.version, False)


def logged(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, str]]:
    return [(record.levelname, record.message, record.__dict__["source"]) for record in caplog.records]


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


def test_the_list_is_not_refreshed_before_the_ttl(clock: FakeClock) -> None:
    source = FakeSource(a_document("1"))
    tickers = on_lambda(source, clock)

    clock.advance(TTL * 0.89)
    tickers.current()

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


def test_a_changed_list_is_loaded(clock: FakeClock) -> None:
    source = FakeSource(a_document("1"))
    tickers = on_lambda(source, clock)

    source.file = a_document("2", [*SYMBOLS, "NEW"])
    clock.advance(TTL * 1.11)

    assert tickers.current().find("NEW") is not None
    assert state(tickers) == (S3, "2", True)


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


def test_until_the_source_answers_the_bundled_list_is_not_authoritative(clock: FakeClock) -> None:
    assert state(on_lambda(FakeSource(DOWN), clock)) == BUNDLED_STATE


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


def test_a_failure_at_the_start_is_logged(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    on_lambda(FakeSource(DOWN), clock)

    assert logged(caplog) == [("WARNING", "ticker list is not fresh", BUNDLED)]


def test_the_cause_of_the_failure_is_logged(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    failure = TickersUnavailable("out of reach", retry_after=timedelta(seconds=5))
    failure.__cause__ = RuntimeError("throttled: SlowDown")

    on_lambda(FakeSource(failure), clock)

    assert caplog.records[0].__dict__["reason"] == "throttled: SlowDown"


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


def test_each_refused_list_is_logged(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    source = FakeSource(INVALID)
    tickers = on_lambda(source, clock)

    source.file = Document('"other"', b"[]")
    clock.advance(TTL * 1.11)
    tickers.current()

    assert [record.__dict__["reason"] for record in caplog.records] == [
        "refused: it is not JSON (JSONDecodeError)",
        "refused: it is not a JSON object",
    ]


def test_after_a_refused_list_a_valid_one_is_loaded(clock: FakeClock) -> None:
    source = FakeSource(a_document("1"))
    tickers = on_lambda(source, clock)
    for file in (INVALID, a_document("1")):
        source.file = file
        clock.advance(TTL * 1.11)
        tickers.current()

    assert state(tickers) == (S3, "1", True)


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


class Server:
    """The list in a process with a refresh thread, which waits until the test wakes it."""

    def __init__(self, source: FakeSource, clock: FakeClock) -> None:
        self.waits: Queue[float] = Queue()
        self._wakes: Queue[None] = Queue()
        self.tickers = RefreshedTickers(
            source, ttl=TTL, clock=clock, rng=random.Random(7), background=True, wait=self._wait
        )
        self.tickers.start()

    def _wait(self, _closing: Event, seconds: float) -> None:
        self.waits.put(seconds)
        self._wakes.get()

    def next_wait(self) -> float:
        """Block until the thread waits, and return for how many seconds it does."""
        return self.waits.get(timeout=10)

    def wake(self) -> None:
        self._wakes.put(None)

    def close(self) -> None:
        self.wake()
        self.tickers.close()


StartServer = Callable[[FakeSource], Server]


@pytest.fixture
def start_server(clock: FakeClock) -> Iterator[StartServer]:
    with ExitStack() as stack:

        def start(source: FakeSource) -> Server:
            server = Server(source, clock)
            stack.callback(server.close)
            return server

        yield start


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> list[TickerIndex]:
    """The indexes that were prepared for searching."""
    prepared: list[TickerIndex] = []
    monkeypatch.setattr(TickerIndex, "prepare", lambda index: prepared.append(index))  # noqa: PLW0108 - a bound method gets no index
    return prepared


def test_on_a_server_the_list_is_refreshed_without_requests(clock: FakeClock, start_server: StartServer) -> None:
    source = FakeSource(a_document("1"))
    server = start_server(source)
    seconds = server.next_wait()

    source.file = a_document("2")
    clock.advance(timedelta(seconds=seconds))
    server.wake()
    server.next_wait()

    assert 270 <= seconds <= 330
    assert state(server.tickers) == (S3, "2", True)


def test_on_a_server_the_index_is_prepared_before_a_request_uses_it(
    clock: FakeClock, start_server: StartServer, prepared: list[TickerIndex]
) -> None:
    on_lambda(FakeSource(a_document("1")), clock).current()
    assert prepared == []

    server = start_server(FakeSource(a_document("1")))

    assert prepared == [server.tickers.current().index]


@pytest.mark.parametrize("wanted", [True, False])
def test_the_bundled_list_can_be_prepared_at_the_start(prepared: list[TickerIndex], *, wanted: bool) -> None:
    snapshot = bundled_tickers(prepared=wanted).current()

    assert prepared == [snapshot.index] * wanted


def test_on_a_server_a_request_does_not_refresh_the_list(clock: FakeClock, start_server: StartServer) -> None:
    source = FakeSource(a_document("1"))
    server = start_server(source)

    clock.advance(timedelta(days=1))

    assert state(server.tickers) == (S3, "1", True)
    assert source.asked == [None]


def test_on_a_server_the_refresh_after_a_failure_is_soon(start_server: StartServer) -> None:
    server = start_server(FakeSource(DOWN))

    assert 15 <= server.next_wait() <= 30


def test_on_a_server_one_thread_refreshes_the_list(start_server: StartServer) -> None:
    server = start_server(FakeSource(a_document("1")))
    server.next_wait()

    server.tickers.current()

    assert server.waits.empty()


def test_a_forked_process_starts_a_thread_of_its_own(clock: FakeClock, start_server: StartServer) -> None:
    server = start_server(FakeSource(a_document("1")))
    server.next_wait()
    parent, server.tickers._refresh_thread = server.tickers._refresh_thread, Thread()  # as in the child: not running
    assert parent is not None

    clock.advance(timedelta(days=1))
    server.tickers.current()

    assert server.next_wait() == SHORTEST_WAIT


def test_close_stops_the_thread_and_closes_the_source(start_server: StartServer) -> None:
    source = FakeSource(a_document("1"))
    server = start_server(source)
    thread = server.tickers._refresh_thread
    assert thread is not None

    server.close()

    assert source.closed
    assert source.asked == [None]
    assert not thread.is_alive()


def test_a_closed_list_can_be_used_and_starts_no_thread(start_server: StartServer) -> None:
    server = start_server(FakeSource(a_document("1")))
    server.close()
    thread = server.tickers._refresh_thread

    assert state(server.tickers) == (S3, "1", True)
    assert server.tickers._refresh_thread is thread


def test_close_interrupts_the_wait_for_the_next_refresh(clock: FakeClock) -> None:
    tickers = RefreshedTickers(FakeSource(a_document("1")), ttl=TTL, clock=clock, rng=random.Random(7), background=True)
    tickers.start()
    thread = tickers._refresh_thread
    assert thread is not None

    tickers.close()

    assert not thread.is_alive()
