"""On a server, a thread refreshes the list."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from queue import Queue
from threading import Event, Thread

import pytest

from adapters.tickers.index import TickerIndex
from adapters.tickers.refresh import SHORTEST_WAIT, RefreshedTickers, bundled_tickers
from tests.support.ticker_sources import DOWN, S3, TTL, FakeClock, FakeSource, a_document, on_lambda, state


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


def refresh_threads() -> list[Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "ticker-list"]


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> list[TickerIndex]:
    """The indexes that were prepared for searching."""
    prepared: list[TickerIndex] = []
    monkeypatch.setattr(TickerIndex, "prepare", lambda index: prepared.append(index))  # noqa: PLW0108 - a bound method gets no index
    return prepared


def test_on_a_server_the_thread_refreshes_the_list_and_requests_do_not(
    clock: FakeClock, start_server: StartServer
) -> None:
    source = FakeSource(a_document("1"))
    server = start_server(source)
    seconds = server.next_wait()

    source.file = a_document("2")
    clock.advance(timedelta(days=1))
    assert state(server.tickers) == (S3, "1", True)
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


def test_on_a_server_the_refresh_after_a_failure_is_soon(start_server: StartServer) -> None:
    server = start_server(FakeSource(DOWN))

    assert 15 <= server.next_wait() <= 30


def test_a_forked_process_starts_a_thread_of_its_own(clock: FakeClock, start_server: StartServer) -> None:
    server = start_server(FakeSource(a_document("1")))
    server.next_wait()
    parent, server.tickers._refresh_thread = server.tickers._refresh_thread, Thread()  # as in the child: not running
    assert parent is not None

    clock.advance(timedelta(days=1))
    server.tickers.current()

    assert server.next_wait() == SHORTEST_WAIT


def test_close_stops_the_thread_and_closes_the_source(start_server: StartServer) -> None:
    before, source = refresh_threads(), FakeSource(a_document("1"))
    server = start_server(source)
    assert len(refresh_threads()) == len(before) + 1

    server.close()

    assert source.closed
    assert source.asked == [None]
    assert refresh_threads() == before


def test_close_interrupts_the_wait_for_the_next_refresh(clock: FakeClock) -> None:
    tickers = RefreshedTickers(FakeSource(a_document("1")), ttl=TTL, clock=clock, rng=random.Random(7), background=True)
    before = refresh_threads()
    tickers.start()

    tickers.close()

    assert refresh_threads() == before
