"""The list in use: fresh, stale, bundled; when it is asked for again; what is logged."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Queue
from threading import Event, Thread

import pytest

from adapters.tickers.bundled import bundled
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
class AFile:
    """A published list, as a source gives it."""

    etag: str
    content: bytes | TickerListRefused
    losses_intended: bool = False

    def body(self) -> bytes:
        if isinstance(self.content, TickerListRefused):
            raise self.content
        return self.content


def a_list(version: str, symbols: Iterable[str] = SYMBOLS, *, losses_intended: bool = False) -> AFile:
    listings = {symbol: Listing(Ticker(symbol, f"{symbol} Inc.", "NYSE")) for symbol in symbols}
    return AFile(f'"{version}"', encode(version, NOW, listings), losses_intended)


NOT_JSON = AFile('"html"', b"<html>")


@dataclass
class APlace:
    """Where a list is published, or not to be had, or not in time."""

    file: AFile | Exception
    asked: list[str | None] = field(default_factory=list)
    seconds_left: list[float] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None
    closed: bool = False

    def fetch(self, etag: str | None) -> AFile | None:
        self.asked.append(etag)
        self.seconds_left.append(remaining())
        self.meanwhile()
        if isinstance(self.file, Exception):
            raise self.file
        return None if self.file.etag == etag else self.file

    def close(self) -> None:
        self.closed = True


@dataclass
class AClock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def passes(self, time: timedelta) -> None:
        self.now += time


@pytest.fixture
def clock() -> AClock:
    return AClock()


def a_lambdas(place: APlace, clock: AClock, *, seed: int = 7) -> RefreshedTickers:
    """The list of a process in which nothing runs between requests."""
    tickers = RefreshedTickers(place, ttl=TTL, clock=clock, rng=random.Random(seed), background=False)
    tickers.start()
    return tickers


def state(tickers: RefreshedTickers) -> tuple[TickerSource, str, bool]:
    edition = tickers.current()
    return edition.freshness.source, edition.freshness.version, edition.authoritative


BUNDLED_STATE = (BUNDLED, bundled_tickers().current().freshness.version, False)


def logged(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, str]]:
    return [(record.levelname, record.message, record.__dict__["source"]) for record in caplog.records]


@pytest.fixture(autouse=True)
def _all_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="adapters.tickers.refresh")


def test_without_a_bucket_the_bundled_list_is_the_authority() -> None:
    edition = bundled_tickers().current()

    assert (edition.authoritative, edition.freshness.source) == (True, BUNDLED)
    assert edition.freshness.count > 10_000
    assert edition.find("AAPL") is not None
    assert [ticker.symbol for ticker in edition.search("apple", 1)] == ["AAPL"]


def test_the_bundled_list_can_be_prepared_for_searching_at_start() -> None:
    bundled.cache_clear()

    assert "_words" not in vars(bundled_tickers().current().index)
    assert "_words" in vars(bundled_tickers(prepared=True).current().index)


def test_the_published_list_is_loaded_at_start(clock: AClock) -> None:
    place = APlace(a_list("1"))

    edition = a_lambdas(place, clock).current()

    assert (edition.freshness.source, edition.freshness.version, edition.freshness.count) == (S3, "1", len(SYMBOLS))
    assert (edition.freshness.as_of, edition.authoritative) == (NOW, True)
    assert edition.find("S7") == Listing(Ticker("S7", "S7 Inc.", "NYSE"))
    assert place.asked == [None]


def test_it_is_not_asked_for_again_before_its_time(clock: AClock) -> None:
    place = APlace(a_list("1"))
    tickers = a_lambdas(place, clock)

    clock.passes(TTL * 0.89)
    tickers.current()

    assert place.asked == [None]


def test_one_that_did_not_change_is_confirmed(clock: AClock) -> None:
    place = APlace(a_list("1"))
    tickers = a_lambdas(place, clock)
    first = tickers.current()

    clock.passes(TTL * 1.11)
    second = tickers.current()

    assert place.asked == [None, '"1"']
    assert second.index is first.index
    assert second.freshness.as_of == clock.now


def test_one_that_changed_takes_its_place(clock: AClock) -> None:
    place = APlace(a_list("1"))
    tickers = a_lambdas(place, clock)

    place.file = a_list("2", [*SYMBOLS, "NEW"])
    clock.passes(TTL * 1.11)

    assert tickers.current().find("NEW") is not None
    assert state(tickers) == (S3, "2", True)


def test_processes_that_started_together_ask_at_different_times(clock: AClock) -> None:
    places = [APlace(a_list("1")) for _ in range(20)]
    lists = [a_lambdas(place, clock, seed=seed) for seed, place in enumerate(places)]

    clock.passes(TTL)
    for tickers in lists:
        tickers.current()

    assert 4 <= sum(len(place.asked) == 2 for place in places) <= 16


def test_while_its_source_is_down_the_last_good_list_confirms_and_denies_none(clock: AClock) -> None:
    place = APlace(a_list("1"))
    tickers = a_lambdas(place, clock)

    place.file = DOWN
    clock.passes(TTL * 1.11)

    assert state(tickers) == (STALE, "1", False)
    assert tickers.current().find("S7") is not None
    assert tickers.current().freshness.as_of == NOW


def test_when_its_source_was_never_reached_the_bundled_list_confirms_and_denies_none(clock: AClock) -> None:
    assert state(a_lambdas(APlace(DOWN), clock)) == BUNDLED_STATE


def test_a_source_that_is_down_is_asked_again_soon_but_not_by_each_request(clock: AClock) -> None:
    place = APlace(DOWN)
    tickers = a_lambdas(place, clock)

    for _ in range(10):
        tickers.current()
    clock.passes(RETRY_AFTER[0] * 0.99)
    tickers.current()
    assert len(place.asked) == 1

    clock.passes(RETRY_AFTER[1])
    tickers.current()
    assert len(place.asked) == 2


@pytest.mark.parametrize("etag", [None, '"1"'])
def test_when_the_source_is_back_so_is_the_list(clock: AClock, etag: str | None) -> None:
    place = APlace(a_list("1") if etag else DOWN)
    tickers = a_lambdas(place, clock)
    place.file = DOWN
    clock.passes(TTL * 1.11)
    tickers.current()

    place.file = a_list("1")
    clock.passes(RETRY_AFTER[1])

    assert state(tickers) == (S3, "1", True)
    assert tickers.current().freshness.as_of == clock.now
    assert place.asked[-1] == etag


def test_a_step_down_is_one_warning_and_a_recovery_one_line(clock: AClock, caplog: pytest.LogCaptureFixture) -> None:
    place = APlace(a_list("1"))
    tickers = a_lambdas(place, clock)
    for file in (DOWN, DOWN, DOWN, a_list("1"), a_list("1")):
        place.file = file
        clock.passes(TTL * 1.11)
        tickers.current()

    assert logged(caplog) == [
        ("INFO", "ticker list loaded", S3),
        ("WARNING", "ticker list is not fresh", STALE),
        ("INFO", "ticker list is fresh again", S3),
    ]
    warning = caplog.records[1].__dict__
    assert (warning["age_seconds"], warning["version"], warning["reason"]) == (333, "1", "out of reach")


def test_a_cold_start_without_its_source_is_a_warning_too(clock: AClock, caplog: pytest.LogCaptureFixture) -> None:
    a_lambdas(APlace(DOWN), clock)

    assert logged(caplog) == [("WARNING", "ticker list is not fresh", BUNDLED)]


def test_the_cause_of_the_failure_is_logged(clock: AClock, caplog: pytest.LogCaptureFixture) -> None:
    failure = TickersUnavailable("out of reach", retry_after=timedelta(seconds=5))
    failure.__cause__ = RuntimeError("throttled: SlowDown")

    a_lambdas(APlace(failure), clock)

    assert caplog.records[0].__dict__["reason"] == "throttled: SlowDown"


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (NOT_JSON, "refused: it is not JSON (JSONDecodeError)"),
        (AFile('"bomb"', TickerListRefused("it is too large")), "refused: it is too large"),
        (a_list("2", ["NOT A SYMBOL"]), "refused: 1 of its symbols are invalid, such as 'NOT A SYMBOL'"),
        (a_list("2", SYMBOLS[3:]), "refused: it lacks 3 of 20 symbols, such as S0"),
    ],
)
def test_a_list_not_to_go_by_is_refused_and_the_last_good_one_stays(
    clock: AClock, caplog: pytest.LogCaptureFixture, file: AFile, reason: str
) -> None:
    place = APlace(a_list("1"))
    tickers = a_lambdas(place, clock)

    place.file = file
    clock.passes(TTL * 1.11)

    assert state(tickers) == (STALE, "1", False)
    assert caplog.records[-1].levelname == "WARNING"
    assert caplog.records[-1].__dict__["reason"] == reason


def test_a_refused_list_is_neither_downloaded_nor_reported_twice(
    clock: AClock, caplog: pytest.LogCaptureFixture
) -> None:
    place = APlace(NOT_JSON)
    tickers = a_lambdas(place, clock)

    for _ in range(3):
        clock.passes(TTL * 1.11)
        assert state(tickers) == BUNDLED_STATE

    assert place.asked == [None, '"html"', '"html"', '"html"']
    assert len(logged(caplog)) == 1


def test_each_refused_list_is_reported(clock: AClock, caplog: pytest.LogCaptureFixture) -> None:
    place = APlace(NOT_JSON)
    tickers = a_lambdas(place, clock)

    place.file = AFile('"other"', b"[]")
    clock.passes(TTL * 1.11)
    tickers.current()

    assert [record.__dict__["reason"] for record in caplog.records] == [
        "refused: it is not JSON (JSONDecodeError)",
        "refused: it is not a JSON object",
    ]


def test_after_a_refused_list_a_good_one_is_taken_also_the_last_one_again(clock: AClock) -> None:
    place = APlace(a_list("1"))
    tickers = a_lambdas(place, clock)
    for file in (NOT_JSON, a_list("1")):
        place.file = file
        clock.passes(TTL * 1.11)
        tickers.current()

    assert state(tickers) == (S3, "1", True)


def test_a_refused_list_that_is_still_there_after_an_outage_is_still_refused(clock: AClock) -> None:
    place = APlace(a_list("1"))
    tickers = a_lambdas(place, clock)
    for file in (NOT_JSON, DOWN, NOT_JSON):
        place.file = file
        clock.passes(TTL * 1.11)
        tickers.current()

    assert state(tickers) == (STALE, "1", False)


def test_losses_that_its_publisher_intended_are_accepted(clock: AClock) -> None:
    place = APlace(a_list("1"))
    tickers = a_lambdas(place, clock)

    place.file = a_list("2", ["ONLY"], losses_intended=True)
    clock.passes(TTL * 1.11)

    assert state(tickers) == (S3, "2", True)


def test_a_small_list_is_not_compared_with_the_bundled_one(clock: AClock) -> None:
    assert state(a_lambdas(APlace(a_list("1", ["ONLY"])), clock)) == (S3, "1", True)


def test_a_bug_is_logged_with_its_trace_and_stops_no_request(clock: AClock, caplog: pytest.LogCaptureFixture) -> None:
    tickers = a_lambdas(APlace(ZeroDivisionError("oops")), clock)

    assert state(tickers) == BUNDLED_STATE
    assert caplog.records[0].exc_info is not None


def test_a_clock_that_went_back_makes_it_ask(clock: AClock) -> None:
    place = APlace(a_list("1"))
    tickers = a_lambdas(place, clock)

    clock.passes(timedelta(days=-1))
    tickers.current()

    assert place.asked == [None, '"1"']


def test_a_refresh_has_a_deadline_of_its_own_at_start_and_in_a_request(clock: AClock) -> None:
    place = APlace(a_list("1"))
    tickers = a_lambdas(place, clock)

    clock.passes(TTL * 1.11)
    tickers.current()

    assert place.seconds_left == [pytest.approx(AT_START, abs=0.5), pytest.approx(IN_REQUEST, abs=0.5)]


def test_who_finds_a_refresh_under_way_goes_on_with_the_list_at_hand(clock: AClock) -> None:
    place = APlace(a_list("1"))
    tickers = a_lambdas(place, clock)
    seen: list[tuple[TickerSource, str, bool]] = []
    place.meanwhile = lambda: seen.append(state(tickers))

    place.file = a_list("2")
    clock.passes(TTL * 1.11)
    tickers.current()

    assert seen == [(S3, "1", True)]
    assert len(place.asked) == 2


class AServer:
    """The list of a process with a background thread, whose sleep ends when the test says so."""

    def __init__(self, place: APlace, clock: AClock) -> None:
        self.waits: Queue[float] = Queue()
        self._wakes: Queue[None] = Queue()
        self.tickers = RefreshedTickers(
            place, ttl=TTL, clock=clock, rng=random.Random(7), background=True, wait=self._wait
        )
        self.tickers.start()

    def _wait(self, _closing: Event, seconds: float) -> None:
        self.waits.put(seconds)
        self._wakes.get()

    def wait(self) -> float:
        """Until the thread sleeps: for how long it will."""
        return self.waits.get(timeout=10)

    def wake(self) -> None:
        self._wakes.put(None)

    def close(self) -> None:
        self.wake()
        self.tickers.close()


def test_on_a_server_the_list_is_refreshed_though_nobody_asks(clock: AClock) -> None:
    place = APlace(a_list("1"))
    server = AServer(place, clock)
    slept = server.wait()

    place.file = a_list("2")
    clock.passes(timedelta(seconds=slept))
    server.wake()
    server.wait()

    assert 270 <= slept <= 330
    assert state(server.tickers) == (S3, "2", True)


def test_on_a_server_no_request_waits_for_searching_to_be_prepared(clock: AClock) -> None:
    server, function = AServer(APlace(a_list("1")), clock).tickers, a_lambdas(APlace(a_list("1")), clock)

    assert "_words" in vars(server.current().index)
    assert "_words" not in vars(function.current().index)


def test_on_a_server_no_request_asks_the_source(clock: AClock) -> None:
    place = APlace(a_list("1"))
    server = AServer(place, clock)

    clock.passes(timedelta(days=1))

    assert state(server.tickers) == (S3, "1", True)
    assert place.asked == [None]


def test_on_a_server_a_source_that_is_down_is_asked_again_soon(clock: AClock) -> None:
    server = AServer(APlace(DOWN), clock)

    assert 15 <= server.wait() <= 30


def test_on_a_server_one_thread_keeps_the_list_and_a_dead_one_is_replaced(clock: AClock) -> None:
    server = AServer(APlace(a_list("1")), clock)
    server.wait()
    server.tickers.current()
    assert server.waits.empty()

    server.tickers._refresh_thread = Thread()  # as after a fork: there is one, and it does not run
    clock.passes(timedelta(days=1))
    server.tickers.current()

    assert server.wait() == SHORTEST_WAIT
