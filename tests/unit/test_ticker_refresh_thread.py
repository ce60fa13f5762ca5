"""On a server, a thread refreshes the list."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from queue import Queue
from threading import Event, Thread

import pytest

from adapters.tickers.index import TickerIndex
from adapters.tickers.refresh import SHORTEST_WAIT, RefreshedTickers, bundled_tickers
from tests.support.ticker_sources import DOWN, S3, TTL, Document, FakeClock, FakeSource, OnLambda, a_document, state

LIST = a_document("1")


class Server:
    """The list in a process with a refresh thread, which waits until the test wakes it."""

    def __init__(self, first: Document | Exception = LIST) -> None:
        self.source, self.clock = FakeSource(first), FakeClock()
        self.waits: Queue[float] = Queue()
        self._wakes: Queue[None] = Queue()
        self._closing: list[Event] = []
        self.tickers = RefreshedTickers(
            self.source, ttl=TTL, clock=self.clock, rng=random.Random(7), background=True, wait=self._wait
        )
        self.tickers.start()

    def _wait(self, closing: Event, seconds: float) -> None:
        self._closing.append(closing)
        self.waits.put(seconds)
        self._wakes.get()

    def next_wait(self) -> float:
        """Block until the thread waits, and return for how many seconds it does."""
        return self.waits.get(timeout=10)

    def wake(self) -> None:
        self._wakes.put(None)

    def close(self) -> None:
        for event in self._closing:
            event.set()
            self.wake()
        self.wake()
        self.tickers.close()


@pytest.fixture
def server() -> Iterator[Server]:
    with closing(Server()) as server:
        yield server


def refresh_threads() -> list[Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "ticker-list"]


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> list[TickerIndex]:
    """The indexes that were prepared for searching."""
    prepared: list[TickerIndex] = []
    monkeypatch.setattr(TickerIndex, "prepare", lambda index: prepared.append(index))  # noqa: PLW0108 - a bound method gets no index
    return prepared


def test_on_a_server_the_thread_refreshes_the_list_and_requests_do_not(server: Server) -> None:
    seconds = server.next_wait()

    server.source.file = a_document("2")
    server.clock.advance(timedelta(days=1))
    assert state(server.tickers) == (S3, "1", True)
    server.wake()
    server.next_wait()

    assert 270 <= seconds <= 330
    assert state(server.tickers) == (S3, "2", True)


def test_on_a_server_the_index_is_prepared_before_a_request_uses_it(prepared: list[TickerIndex]) -> None:
    OnLambda(LIST).tickers.current()
    assert prepared == []

    with closing(Server()) as server:
        assert prepared == [server.tickers.current().index]


@pytest.mark.parametrize("wanted", [True, False])
def test_the_bundled_list_can_be_prepared_at_the_start(prepared: list[TickerIndex], *, wanted: bool) -> None:
    snapshot = bundled_tickers(prepared=wanted).current()

    assert prepared == [snapshot.index] * wanted


def test_on_a_server_the_refresh_after_a_failure_is_soon() -> None:
    with closing(Server(DOWN)) as server:
        assert 15 <= server.next_wait() <= 30


def test_a_forked_process_starts_a_thread_of_its_own(server: Server) -> None:
    server.next_wait()
    parent, server.tickers._refresh_thread = server.tickers._refresh_thread, Thread()  # as in the child: not running
    assert parent is not None

    server.clock.advance(timedelta(days=1))
    server.tickers.current()

    assert server.next_wait() == SHORTEST_WAIT


def test_close_stops_the_thread_and_closes_the_source() -> None:
    before = refresh_threads()
    server = Server()
    assert len(refresh_threads()) == len(before) + 1

    server.close()

    assert server.source.closed
    assert server.source.asked == [None]
    assert refresh_threads() == before


def test_close_interrupts_the_wait_for_the_next_refresh() -> None:
    before = refresh_threads()
    tickers = RefreshedTickers(FakeSource(LIST), ttl=TTL, clock=FakeClock(), rng=random.Random(7), background=True)
    tickers.start()

    tickers.close()

    assert refresh_threads() == before
