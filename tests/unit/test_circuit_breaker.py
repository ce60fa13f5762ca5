from __future__ import annotations

import pytest

from adapters.aws.circuit_breaker import CircuitBreaker
from tests.support.virtual_time import VirtualTime

THRESHOLD, WINDOW, PROBE_INTERVAL, PROBE_TIMEOUT = 5, 2.0, 1.0, 1.5


@pytest.fixture
def breaker(time: VirtualTime) -> CircuitBreaker:
    return CircuitBreaker(
        threshold=THRESHOLD, window=WINDOW, probe_interval=PROBE_INTERVAL, probe_timeout=PROBE_TIMEOUT, clock=time
    )


def open_it(breaker: CircuitBreaker, time: VirtualTime) -> None:
    for _ in range(THRESHOLD):
        breaker.record_timeout()
        time.now += WINDOW
    time.now -= WINDOW


def test_any_number_of_timeouts_within_the_window_leaves_it_closed(breaker: CircuitBreaker, time: VirtualTime) -> None:
    for _ in range(50):
        breaker.record_timeout()

    assert breaker.is_closed
    time.now += WINDOW
    breaker.record_timeout()
    assert not breaker.is_closed


def test_the_window_starts_at_the_first_timeout(breaker: CircuitBreaker, time: VirtualTime) -> None:
    breaker.record_timeout()
    time.now += WINDOW
    for _ in range(THRESHOLD - 1):
        assert breaker.is_closed
        breaker.record_timeout()

    assert not breaker.is_closed


def test_a_response_between_timeouts_starts_the_count_again(breaker: CircuitBreaker, time: VirtualTime) -> None:
    for _ in range(50):
        for _ in range(THRESHOLD - 1):
            breaker.record_timeout()
            time.now += WINDOW
        breaker.record_response()

    assert breaker.is_closed


def test_half_open_allows_one_probe_after_each_interval(breaker: CircuitBreaker, time: VirtualTime) -> None:
    open_it(breaker, time)

    for _ in range(2):
        time.now += PROBE_INTERVAL / 2
        assert not breaker.allows_request()
        time.now += PROBE_INTERVAL / 2
        assert breaker.allows_request()
        assert not breaker.allows_request()
        breaker.record_timeout()


def test_a_probe_without_a_result_is_given_up_after_its_timeout(breaker: CircuitBreaker, time: VirtualTime) -> None:
    open_it(breaker, time)
    time.now += PROBE_INTERVAL
    assert breaker.allows_request()

    allowed = []
    for _ in range(4):
        time.now += (PROBE_TIMEOUT + PROBE_INTERVAL) / 4
        allowed.append(breaker.allows_request())

    assert allowed == [False, False, False, True]


def test_a_response_closes_it(breaker: CircuitBreaker, time: VirtualTime) -> None:
    open_it(breaker, time)

    breaker.record_response()

    assert breaker.is_closed
    assert all(breaker.allows_request() for _ in range(20))
