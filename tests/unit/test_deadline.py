"""The time of one request, and who shares it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest

from domain.deadline import remaining, within


class AMonotonicClock:
    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def test_without_a_deadline_there_is_all_the_time_in_the_world() -> None:
    assert remaining() == float("inf")
    assert remaining(default=5.0) == 5.0


def test_time_runs_out_and_goes_on_running() -> None:
    clock = AMonotonicClock()

    with within(5, clock=clock):
        assert remaining(clock=clock, default=99) == 5
        clock.now += 2
        assert remaining(clock=clock) == 3
        clock.now += 4
        assert remaining(clock=clock) == -1


def test_a_deadline_ends_with_the_work_it_was_for() -> None:
    with within(5):
        pass

    assert remaining(default=99) == 99


def test_a_deadline_ends_with_work_that_failed_too() -> None:
    with pytest.raises(ValueError, match="failed"), within(5):
        raise ValueError("failed")

    assert remaining(default=99) == 99


def test_work_inside_work_gets_no_more_than_is_left() -> None:
    clock = AMonotonicClock()

    with within(5, clock=clock):
        with within(9, clock=clock):
            assert remaining(clock=clock) == 5
        with within(2, clock=clock):
            assert remaining(clock=clock) == 2
            clock.now += 1
        assert remaining(clock=clock) == 4


def test_the_clock_is_one_that_nobody_sets() -> None:
    before = time.monotonic()
    with within(5):
        left = remaining()
    elapsed = time.monotonic() - before

    assert 5 - elapsed <= left <= 5


def test_another_thread_has_its_own_time_unless_it_is_given_ours() -> None:
    with within(5), ThreadPoolExecutor(1) as threads:
        assert threads.submit(remaining, default=99).result() == 99
        assert threads.submit(copy_context().run, remaining).result() <= 5
